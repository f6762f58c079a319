use std::fmt;
use std::io;

/// Why an index was not written, opened or searched.
#[derive(Debug)]
#[non_exhaustive]
pub enum IvfError {
    /// A vector of another length than the index's, or an index of no or too many dimensions.
    Dimension {
        /// That of the index; [`MAX_DIMENSION`](super::MAX_DIMENSION) where an index cannot have so many.
        expected: usize,
        /// That of the vector, or the one that was wanted.
        got: usize,
    },
    /// A number of a vector is infinite or not a number.
    NotFinite {
        /// The vector's key.
        key: i64,
    },
    /// A key is not above the one before it.
    Order {
        /// The key.
        key: i64,
    },
    /// More vectors than an index holds: 2³² − 1.
    TooMany,
    /// The bytes begin as no index does.
    Foreign,
    /// An index of a version that is not known.
    Version(u32),
    /// Bytes that no index has: cut short, or changed.
    Damaged(Part),
    /// The index could not be written.
    Write(io::Error),
}

/// The part of an index where its bytes are wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The numbers at the front, against which the length of the whole is checked.
    Header,
    /// Where each list starts.
    Lists,
    /// Which key belongs to which vector.
    Keys,
}

impl fmt::Display for IvfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dimension { expected, got } => write!(f, "a vector of {got} numbers in an index of {expected}"),
            Self::NotFinite { key } => write!(f, "the vector of key {key} holds what is not a finite number"),
            Self::Order { key } => write!(f, "key {key} does not come after the one before it"),
            Self::TooMany => write!(f, "more vectors than an index holds"),
            Self::Foreign => write!(f, "not a vector index"),
            Self::Version(version) => write!(f, "a vector index of version {version}, which is not known"),
            Self::Damaged(part) => write!(f, "a damaged vector index: {part}"),
            Self::Write(_) => write!(f, "cannot write the vector index"),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "its header does not agree with its length",
            Self::Lists => "its lists do not follow one another",
            Self::Keys => "its keys and vectors do not belong together",
        })
    }
}

impl std::error::Error for IvfError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Write(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for IvfError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}
