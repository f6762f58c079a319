//! Whether a sentence of an answer says what its sources say.

mod index;
mod polarity;
mod quote;
mod slots;
mod spelling;
mod support;

pub use index::Sources;
pub use polarity::Disagreement;
pub use quote::{find_quote, quotations};

use crate::types::Span;

/// Why a claim is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Why {
    /// No source has it.
    Absent,
    /// A source has it, but where it says the same as the sentence, another one stands.
    Replaced,
}

/// A claim of a sentence that no source supports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Where it stands in the sentence.
    pub span: Span,
    /// What stands there.
    pub what: String,
    /// Why it is marked.
    pub why: Why,
}

/// What of a sentence its sources do not support.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// Numbers that no source has.
    pub numbers: Vec<Missing>,
    /// Dates that no source has, as exactly or more so.
    pub dates: Vec<Missing>,
    /// Names that no source has.
    pub names: Vec<Missing>,
    /// A clause that a source says with the other polarity.
    pub negation: Option<Disagreement>,
    /// The share of the sentence's words, and pairs of Han characters, that the sources have: 0 to 1; 1 of an empty one.
    pub covered: f32,
}

impl Report {
    /// Whether nothing is marked.
    pub fn is_clean(&self) -> bool {
        self.numbers.is_empty() && self.dates.is_empty() && self.names.is_empty() && self.negation.is_none()
    }
}

/// Checks one sentence against the passages that it cites. Of several sentences over the same passages, [`Sources`]
/// reads these once. `fold` reads a traditional Han character as the simplified one, and leaves all others.
pub fn supported(sentence: &str, sources: &[&str], fold: &dyn Fn(char) -> char) -> Report {
    Sources::new(sources, fold).check(sentence)
}

#[cfg(test)]
mod tests;
