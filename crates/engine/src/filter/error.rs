/// Why a filter cannot be used, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("in the filter, at character {character}: {problem}")]
pub struct FilterError {
    position: usize,
    character: usize,
    problem: FilterProblem,
}

/// What is wrong at the place a [`FilterError`] names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterProblem {
    /// Something else stands there than may.
    #[error("expected {expected}, found {found}; write for example: {example}")]
    Unexpected {
        /// What may stand there, in words.
        expected: String,
        /// What does, in backticks, or "the end".
        found: String,
        /// A filter of the right form.
        example: String,
    },
    /// Nested deeper than [`MAX_NESTING`](super::MAX_NESTING).
    #[error("more than {} parentheses and `not` within one another; write it flatter", super::MAX_NESTING)]
    TooDeep,
    /// Longer than [`MAX_BYTES`](super::MAX_BYTES), as it stands or in its canonical form.
    #[error("written out in full it is longer than {} bytes; shorten it", super::MAX_BYTES)]
    TooLong,
}

impl FilterError {
    /// At byte `position` of `input`, which must be a char boundary of it.
    pub(super) fn new(input: &str, position: usize, problem: FilterProblem) -> Self {
        Self { position, character: input[..position].chars().count() + 1, problem }
    }

    /// The byte of the filter where it went wrong, from 0, on a char boundary; the filter's length where it ended too
    /// soon.
    pub fn position(&self) -> usize {
        self.position
    }

    /// The same place as the message names it: characters, from 1.
    pub fn character(&self) -> usize {
        self.character
    }

    /// What is wrong there.
    pub fn problem(&self) -> &FilterProblem {
        &self.problem
    }
}
