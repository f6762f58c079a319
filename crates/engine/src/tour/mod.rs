//! From one-hot codes to meaning, an example a step: what `qiao tour` shows. Every step is computed by what computes it for
//! everyone else.

mod codes;
mod meanings;
mod phrases;
mod plane;
mod rows;
mod search;

pub use codes::{Code, Codes, Growth, codes};
pub use meanings::{Meanings, meanings};
pub use phrases::{Phrases, phrases};
pub use plane::plane;
pub use rows::{LookedUp, Rows, look_up};
pub use search::{Passage, Prompted, Searched, ask, search};

/// The examples of one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lesson {
    /// Genres of books: categories to be turned into numbers.
    pub genres: [&'static str; 3],
    /// Words to look up in the model's table.
    pub words: [&'static str; 3],
    /// A word of two meanings.
    pub word: &'static str,
    /// It has one meaning in the first sentence, and the other in the second and third.
    pub sentences: [&'static str; 3],
    /// The first is compared with the others.
    pub phrases: [&'static str; 4],
    /// What to look for in the example document, in other words than its own.
    pub query: &'static str,
    /// What to ask it, in other words than its own.
    pub question: &'static str,
}

impl Lesson {
    /// For `examples/bridge-en.pdf`.
    pub const ENGLISH: Self = Self {
        genres: ["fiction", "non-fiction", "biography"],
        words: ["sun", "moon", "money"],
        word: "bank",
        sentences: [
            "He sat on the bank of the river.",
            "The bank raised its interest rates.",
            "The bank lent her the money.",
        ],
        phrases: ["a happy person", "a very happy person", "a happy dog", "a sunny day"],
        query: "Is it wise to give a computer permission to stay silent?",
        question: "Could a thief read my private papers from their vectors?",
    };

    /// For `examples/bridge-zh.pdf`.
    pub const CHINESE: Self = Self {
        genres: ["小说", "非小说", "传记"],
        words: ["太", "月", "钱"],
        word: "苹果",
        sentences: ["我早上吃了一个苹果。", "苹果发布了新手机。", "苹果公布了季度业绩。"],
        phrases: ["一个快乐的人", "一个非常快乐的人", "一只快乐的狗", "一个晴天"],
        query: "私人信件变成数字以后，还会泄密吗？",
        question: "有没有办法揪出机器编造的内容？",
    };
}
