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
    #[error(
        "its {pages} page(s) hold no text, only images or drawings; qiao does not read scans yet: run OCR over it first"
    )]
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

/// What went wrong in the knowledge base.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite's own word.
    #[error("the knowledge base {path} could not be {doing}")]
    Database {
        /// The file.
        path: std::path::PathBuf,
        /// "read", "written", "opened".
        doing: &'static str,
        /// Why.
        source: DatabaseError,
    },
    /// Another process is writing.
    #[error(
        "another process has been writing to {path} for {seconds} s; wait for it to finish, then run the command again"
    )]
    Busy {
        /// The file.
        path: std::path::PathBuf,
        /// How long this one waited.
        seconds: u64,
    },
    /// A file beside SQLite's own doings.
    #[error("{path} could not be {doing}")]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// "read", "written".
        doing: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// A file that is not what was exported.
    #[error("{path} is damaged, and nothing of it was taken: {what}; export it again, or take another copy")]
    Damaged {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// No room on the disk, or for a file of this size.
    #[error(
        "{path} could not be written: the disk is full, takes no file so large, or fails; nothing that was in it is lost: \
         make room, then run the command again"
    )]
    Full {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: DatabaseError,
    },
    /// What was to be published builds on what another process took away meanwhile.
    #[error("another process changed the same documents in {path} meanwhile; run the command again")]
    Overtaken {
        /// The file.
        path: std::path::PathBuf,
    },
    /// The log of a file that is gone, where a new one is to be.
    #[error(
        "{path} is left of a knowledge base that is gone, and would be mixed into this one; move it away, then run the command again"
    )]
    Leftover {
        /// The log.
        path: std::path::PathBuf,
    },
    /// A file of something else.
    #[error("{path} is not a qiao knowledge base; choose another file with --kb")]
    Foreign {
        /// The file.
        path: std::path::PathBuf,
    },
    /// Written by a later qiao.
    #[error("{path} has format {found}, and this qiao knows formats up to {known}; use a newer qiao")]
    Newer {
        /// The file.
        path: std::path::PathBuf,
        /// Its format.
        found: i64,
        /// The latest format known here.
        known: i64,
    },
    /// A file of an earlier format that could not be brought up to this one.
    #[error(
        "{path} is of an earlier format and could not be brought up to this qiao's; it is as it was, and {copy} is a copy of it"
    )]
    Migration {
        /// The file.
        path: std::path::PathBuf,
        /// The copy.
        copy: std::path::PathBuf,
        /// Why.
        source: Box<StoreError>,
    },
    /// The copy made before bringing a file up to this format stays behind.
    #[error(
        "the knowledge base is of the new format now, but the copy {copy} made before could not be removed; remove it"
    )]
    Copy {
        /// The copy.
        copy: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The folder for a new knowledge base cannot be made.
    #[error("the folder {path} for the knowledge base could not be made")]
    Folder {
        /// The folder.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Vectors of another model.
    #[error(
        "the knowledge base holds vectors of {stored}, not of {given}; leave out --model and --compute to go on with {stored}, or give another --kb"
    )]
    OtherEncoder {
        /// The model it was made with, and what it computed in.
        stored: String,
        /// The model given, likewise.
        given: String,
    },
    /// What is stored breaks the file's own rules.
    #[error(
        "the knowledge base holds {what} that does not fit; restore it from a backup, or remove and add the document again"
    )]
    Corrupt {
        /// What was found.
        what: &'static str,
    },
}

/// SQLite's error, kept behind qiao's own type.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DatabaseError(pub(crate) rusqlite::Error);

pub use crate::chat::ChatError;
pub use qiao_model::EncodeError;

/// What kind of failure it is: decides the exit code and the HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Asked for in a way that cannot be.
    Usage,
    /// A file that cannot be read.
    BadInput,
    /// A document that is not there.
    NotFound,
    /// No model, or one that does not serve.
    Model,
    /// The knowledge base.
    Store,
    /// A fault of qiao.
    Bug,
}

/// The one table of exit codes, HTTP statuses and what they mean.
const KINDS: [(Kind, u8, u16, &str); 6] = [
    (Kind::NotFound, 1, 404, "nothing found, or refused where that is the answer"),
    (Kind::Usage, 2, 400, "used wrongly"),
    (Kind::BadInput, 3, 422, "bad input"),
    (Kind::Model, 4, 503, "no model or service"),
    (Kind::Store, 5, 500, "the knowledge base failed"),
    (Kind::Bug, 70, 500, "a fault of qiao"),
];

impl Kind {
    /// The process's exit code.
    pub fn exit_code(self) -> u8 {
        self.row().1
    }

    /// The HTTP status.
    pub fn http_status(self) -> u16 {
        self.row().2
    }

    /// All exit codes but 0, with their meaning.
    pub fn exit_codes() -> impl Iterator<Item = (u8, &'static str)> {
        KINDS.into_iter().map(|row| (row.1, row.3))
    }

    fn row(self) -> (Kind, u8, u16, &'static str) {
        KINDS.into_iter().find(|row| row.0 == self).unwrap_or(KINDS[5])
    }
}

/// What any call of the engine may end in: what was being done, and what went wrong.
#[derive(Debug, thiserror::Error)]
#[error("{doing}")]
pub struct Error {
    kind: Kind,
    doing: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl Error {
    /// An error of `kind` while `doing`: "cannot read /a/b.pdf".
    pub fn new(
        kind: Kind,
        doing: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { kind, doing: doing.into(), source: source.into() }
    }

    /// The same failure, told by what was being done where it was noticed.
    #[must_use]
    pub fn while_doing(self, doing: impl Into<String>) -> Self {
        Self { doing: doing.into(), ..self }
    }

    /// What was being done and why it failed, on one line; a cause that its effect has quoted already is not said again.
    pub fn reason(&self) -> String {
        let first: &(dyn std::error::Error + 'static) = self;
        chain(std::iter::successors(Some(first), |e| e.source()))
    }

    /// Whether doing the same again may well succeed, since another process was quicker this time.
    pub(crate) fn is_overtaken(&self) -> bool {
        matches!(self.source.downcast_ref(), Some(StoreError::Overtaken { .. }))
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

/// An error and its causes on one line, none said twice.
pub fn chain<'a>(causes: impl Iterator<Item = &'a (dyn std::error::Error + 'static)>) -> String {
    causes.fold(String::new(), |said, cause| {
        let cause = cause.to_string();
        match said.is_empty() {
            true => cause,
            false if said.contains(&cause) => said,
            false => format!("{said}: {cause}"),
        }
    })
}

impl From<StoreError> for Error {
    fn from(source: StoreError) -> Self {
        let kind = match source {
            StoreError::OtherEncoder { .. } => Kind::Usage,
            _ => Kind::Store,
        };
        Self::new(kind, "the knowledge base failed", source)
    }
}

impl From<EncodeError> for Error {
    fn from(source: EncodeError) -> Self {
        let kind = match source {
            EncodeError::TooLong { .. } | EncodeError::NoVector => Kind::BadInput,
            EncodeError::Dimension { .. } | EncodeError::NoLayer { .. } => Kind::Usage,
            _ => Kind::Model,
        };
        Self::new(kind, "cannot encode", source)
    }
}
