//! What every stage knows of written language: where sentences end, what the words are, which scripts need no spaces.

mod analysis;
pub mod facts;
mod script;
mod sentences;
mod words;

pub use analysis::{B, Counted, K1, LONGEST_TERM, MOST_TERMS, Phrase, QueryTerm, Words, counted, simplified};
pub use script::{detect, is_cjk, is_mostly_cjk};
pub use sentences::{clauses, is_whole, sentences};
pub use words::{coverage, terms};
