//! What can go wrong on the way to a model, in words that say what to do next.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::cache::Fault;
use super::packed_e5::UnpackError;
use super::pip::PipError;

/// Why a model cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Neither a row nor a directory.
    #[error("no model is called `{name}`, and no directory is there either; known models: {known}")]
    UnknownModel {
        /// What was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A path that leads to no directory.
    #[error("there is no model directory at {}; give the path of a sentence-transformers directory, or of a .gguf file", path.display())]
    NoDirectory {
        /// What was asked for.
        path: PathBuf,
    },
    /// The network was not to be used, and it is not here.
    #[error("the model {name} is not on this machine; run `qiao model pull {name}` where there is a network")]
    NotHere {
        /// The model.
        name: String,
    },
    /// The copy in the cache is not whole.
    #[error("the copy of {name} in {} is damaged: {fault}; `qiao model pull {name}` fetches it again", path.display())]
    Damaged {
        /// The model.
        name: String,
        /// Its directory.
        path: PathBuf,
        /// What is wrong with it.
        fault: Fault,
    },
    /// Every source was tried.
    #[error("the model {name} could not be fetched:{}\n{advice}", listed(attempts))]
    Exhausted {
        /// The model.
        name: String,
        /// What was tried, in order.
        attempts: Vec<Attempt>,
        /// What the user can do.
        advice: String,
    },
    /// A directory without a manifest was to be checked.
    #[error("{} holds no qiao.json that can be read, so there are no hashes to check it against", path.display())]
    NoManifest {
        /// The directory.
        path: PathBuf,
    },
    /// The system names no home folder.
    #[error("no folder for models: the system names no home folder; set QIAO_CACHE to one")]
    NoHome,
    /// The cache cannot be read or written.
    #[error(transparent)]
    Cache(#[from] FileError),
}

/// One source that gave nothing.
#[derive(Debug)]
pub struct Attempt {
    /// The source in words.
    pub source: String,
    /// Why it was passed over.
    pub why: SourceError,
}

fn listed(attempts: &[Attempt]) -> String {
    attempts.iter().map(|attempt| format!("\n  {}: {}", attempt.source, attempt.why)).collect()
}

/// An operation on one of our own files that failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} {}: {source}", path.display())]
pub struct FileError {
    /// The operation, as a verb.
    pub doing: &'static str,
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl FileError {
    /// For `map_err`: names what was being done to `path`.
    pub(super) fn at(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self { doing, path: path.to_owned(), source }
    }
}

/// Why one source gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A setting forbids asking it.
    #[error("not asked, since {variable} is set")]
    Offline {
        /// The setting.
        variable: &'static str,
    },
    /// No answer in time.
    #[error("{address} did not answer within {} s", within.as_secs_f32())]
    Silent {
        /// Who was asked.
        address: String,
        /// The time it had.
        within: Duration,
    },
    /// The conversation failed.
    #[error("{address} cannot be asked: {source}")]
    Http {
        /// Who was asked.
        address: String,
        /// What went wrong.
        source: Box<ureq::Error>,
    },
    /// An answer other than the file.
    #[error("{url} answered with status {status}{}", status_hint(*status))]
    Status {
        /// What was asked for.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// A redirect that is not followed.
    #[error("{url} redirects to `{location}`, which is not followed")]
    Redirect {
        /// Who redirected.
        url: String,
        /// Where to.
        location: String,
    },
    /// Certificates that cannot be used.
    #[error("the certificates in {} cannot be used: {source}", path.display())]
    Certificates {
        /// Their file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<ureq::Error>,
    },
    /// The body stopped growing.
    #[error("{file} stopped at {got} bytes and nothing came for {} s; what came is kept and goes on next time", after.as_secs_f32())]
    Stalled {
        /// The file.
        file: String,
        /// Bytes that came.
        got: u64,
        /// How long nothing came.
        after: Duration,
    },
    /// The connection ended before the file did.
    #[error("{file} ended after {got} of {expected} bytes; what came is kept and goes on next time")]
    Truncated {
        /// The file.
        file: String,
        /// Bytes that came.
        got: u64,
        /// Bytes that were announced.
        expected: u64,
    },
    /// A file that the server answers differently each time.
    #[error("{file} changes on the server while it is fetched")]
    Unsteady {
        /// The file.
        file: String,
    },
    /// Other bytes than expected.
    #[error("{file} is not the file it should be: its hash should be {expected}, and is {got}; it was not kept")]
    Mismatch {
        /// The file.
        file: String,
        /// The hash in the table, or the server's.
        expected: String,
        /// The hash of what came.
        got: String,
    },
    /// A page of a proxy, perhaps.
    #[error("{file} is not JSON; it was not kept")]
    NotJson {
        /// The file.
        file: String,
    },
    /// pip gave nothing.
    #[error(transparent)]
    Pip(#[from] PipError),
    /// The packed file does not read.
    #[error(transparent)]
    Unpack(UnpackError),
    /// Our own files cannot be written: no other source would help.
    #[error(transparent)]
    File(#[from] FileError),
}

impl From<UnpackError> for SourceError {
    fn from(error: UnpackError) -> Self {
        match error {
            UnpackError::Write(error) => Self::File(error),
            error => Self::Unpack(error),
        }
    }
}

fn status_hint(status: u16) -> &'static str {
    match status {
        401 | 403 => " (it wants an access token: set HF_TOKEN)",
        404 => " (there is no such file)",
        429 => " (too many requests: try again later)",
        _ => "",
    }
}
