//! What [`OneHot`](super::OneHot) and [`MultiHot`](super::MultiHot) share: a column a category, and what becomes of
//! categories that were not fitted.

use super::vocabulary::Vocabulary;

/// What an encoder makes of a category that it was not fitted with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// It is an error.
    Error,
    /// It gets no column: nothing but zeros.
    Ignore,
    /// It gets one column with all other unknown ones, the last.
    OwnColumn,
}

/// A category that the encoder was not fitted with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot encode “{value}”: it is none of the {known} categories fitted; fit with it, or ignore unknown ones or give them a column"
)]
pub struct UnknownCategory {
    /// The category.
    pub value: String,
    /// How many are known.
    pub known: usize,
}

/// Numbers that are no code of this encoder. Columns are counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum InverseError {
    /// More or fewer numbers than columns.
    #[error("cannot decode {found} numbers: the encoder has {expected} columns")]
    Width {
        /// How many came.
        found: usize,
        /// How many columns there are.
        expected: usize,
    },
    /// Neither 0 nor 1.
    #[error("cannot decode: column {column} holds {value}, and only 0 and 1 stand in a code")]
    Value {
        /// Where.
        column: usize,
        /// What stands there.
        value: f32,
    },
    /// A second 1 in a one-hot code.
    #[error("cannot decode: columns {first} and {second} both hold 1, and a one-hot code has a single 1")]
    Several {
        /// The first of them.
        first: usize,
        /// The next.
        second: usize,
    },
    /// No 1 in a one-hot code, where unknown categories are not ignored.
    #[error("cannot decode: no column holds 1, and only an encoder that ignores unknown categories makes such a code")]
    AllZero,
}

/// A column for each category in order of first appearance, and maybe one more for unknown ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) categories: Vocabulary,
    pub(super) unknown: Unknown,
}

impl Columns {
    pub(super) fn width(&self) -> usize {
        self.categories.len() + usize::from(self.unknown == Unknown::OwnColumn)
    }

    /// The column of `value`; `None` is an unknown one that is ignored.
    pub(super) fn column(&self, value: &str) -> Result<Option<usize>, UnknownCategory> {
        let known = self.categories.len();
        match (self.categories.id(value), self.unknown) {
            (Some(column), _) => Ok(Some(column)),
            (None, Unknown::OwnColumn) => Ok(Some(known)),
            (None, Unknown::Ignore) => Ok(None),
            (None, Unknown::Error) => Err(UnknownCategory { value: value.into(), known }),
        }
    }

    /// The columns of `code` that hold 1, ascending.
    pub(super) fn ones(&self, code: &[f32]) -> Result<Vec<usize>, InverseError> {
        if code.len() != self.width() {
            return Err(InverseError::Width { found: code.len(), expected: self.width() });
        }
        let wrong = |(_, value): &(usize, &f32)| **value != 0.0 && **value != 1.0;
        match code.iter().enumerate().find(wrong) {
            Some((column, value)) => Err(InverseError::Value { column, value: *value }),
            None => Ok((0..code.len()).filter(|column| code[*column] == 1.0).collect()),
        }
    }
}
