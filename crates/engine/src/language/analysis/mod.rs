//! Text into terms, for a search by words: one way for every language, so that a text and a question may mix them.
//!
//! | of a text | as terms |
//! | --- | --- |
//! | a word of a script with spaces | lower case, English stem (Porter2) where it is of the letters a to z |
//! | a word with accents | as it is, and stemmed without them: `café`, `cafe` |
//! | words joined without a space: `v2.5.1`, `GB/T`, `e-mail`, `snake_case`, addresses | each word, and what they make together: `v2.5.1`, `gb/t`, `email`, `snakecase` |
//! | `CamelCase`, `BERT4Rec` | the word, and its parts |
//! | `C++`, `C#`, `.NET` | the word, and the name with its signs |
//! | Han and Kana; Hangul, Thai, Lao, Khmer, Burmese | each character, and each pair of neighbours |
//! | signs: arrows, emoji, currencies | each |
//!
//! Before all, texts are brought to one spelling: NFKC, so widths and ligatures do not matter, and traditional Chinese
//! characters simplified.
//!
//! # Why no dictionary of Chinese words?
//! It does not find more. A word is found by its pairs whether or not a dictionary has it, and pairs with the characters
//! themselves rank at least as well as words do. nDCG@10 of BM25 with [`K1`] and [`B`], words by jieba's dictionary of
//! 349,046, grammatical characters left out of every query:
//!
//! | terms | XQuAD zh | CMRC 2018 trial |
//! | --- | --- | --- |
//! | words | 0.965 | 0.986 |
//! | words, and characters at 0.4 | 0.971 | 0.970 |
//! | words and pairs | 0.968 | 0.978 |
//! | words and pairs, and characters at 0.4 | 0.970 | 0.983 |
//! | characters | 0.957 | 0.987 |
//! | pairs | 0.969 | 0.984 |
//! | **pairs, and characters at 0.4** | **0.972** | **0.989** |
//!
//! Nor has a text to be indexed again when a dictionary learns a word.
//!
//! # Why English stems in every language?
//! A question is too short to tell its language by, and other languages gain as well: nDCG@10 of XQuAD rises from 0.964 to
//! 0.969 in English, from 0.920 to 0.931 in German, from 0.954 to 0.958 in Spanish.
//!
//! Everything here takes time linear in the text, and accepts any text.

mod class;
mod counted;
mod fold;
mod phrase;
mod query;
mod simplified;
mod spell;
mod stem;
mod tokens;

pub use counted::{Counted, counted};
pub use phrase::Phrase;
pub use query::{MOST_TERMS, QueryTerm, Words};
pub use simplified::simplified;
pub use spell::LONGEST_TERM;

/// How soon a term's further occurrences in a text stop to count, in BM25: the `k1` that [`Words`] was measured with.
pub const K1: f32 = 0.9;

/// How much a text's length counts, in BM25: the `b` that [`Words`] was measured with.
pub const B: f32 = 0.6;

#[cfg(test)]
mod tests;
