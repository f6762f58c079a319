//! Errors: one enum at each seam, one [`Error`] at the engine's door.

use serde::{Deserialize, Serialize};

/// Why a file gave no text. Travels between the worker process and its parent as JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParseError {
    /// Opening it needs a password.
    #[error("it is encrypted and needs a password; save a copy without one and add that")]
    Encrypted,
    /// Not a file of its kind, or too broken to read.
    #[error("it is damaged or not a {media} file: {reason}")]
    Damaged {
        /// The kind it was taken for.
        media: String,
        /// What was found wrong.
        reason: String,
    },
    /// No bytes, or no character other than white space.
    #[error("it is empty")]
    Empty,
    /// Pages without a single letter: scans.
    #[error("its {pages} page(s) hold no text, only images or drawings; qiao does not read scans yet: run OCR over it first")]
    OnlyImages {
        /// Number of pages.
        pages: u32,
    },
    /// Text that is not UTF-8.
    #[error("it is not UTF-8 text (byte {at}); convert it, for example with iconv")]
    NotUtf8 {
        /// First offending byte.
        at: usize,
    },
    /// Stopped at the limit of time.
    #[error("reading it took longer than {seconds} s; raise --parse-seconds to give it more")]
    Timeout {
        /// The limit.
        seconds: u64,
    },
    /// Stopped at the limit of memory.
    #[error("reading it took more than {mebibytes} MiB of memory; raise --parse-mebibytes to give it more")]
    Memory {
        /// The limit.
        mebibytes: u64,
    },
    /// Stopped at the limit of output.
    #[error("it holds more than {mebibytes} MiB of text; split it")]
    TooMuchText {
        /// The limit.
        mebibytes: u64,
    },
    /// The worker died.
    #[error("the parser failed on it ({how}); nothing of it was kept; please report the file")]
    Crashed {
        /// How the worker ended.
        how: String,
    },
    /// The worker could not be started or spoken to.
    #[error("the parser's worker process could not be run: {reason}")]
    Worker {
        /// What the system said.
        reason: String,
    },
    /// No parser for it.
    #[error("no parser reads {media} files")]
    Unsupported {
        /// The kind.
        media: String,
    },
}
