use qiao_model::Message;
use serde::{Deserialize, Serialize};

use super::{Document, Hit, Locator, Span};

/// A sentence of a document, quoted word for word.
///
/// Made only by [`Citation::of`], from the document itself: a quote that does not stand there cannot exist.
#[derive(Debug, Clone, PartialEq)]
pub struct Citation {
    document: String,
    origin: String,
    span: Span,
    quote: String,
    locator: Locator,
    heading_path: Vec<String>,
}

impl Citation {
    /// Quotes `span` of `document`; `None` where that is not a span of its text, or an empty one.
    pub fn of(document: &Document, span: Span, heading_path: Vec<String>) -> Option<Self> {
        let quote = span.of(&document.content.text).filter(|quote| !quote.is_empty())?;
        Some(Self {
            document: document.name().to_owned(),
            origin: document.origin.clone(),
            span,
            quote: quote.to_owned(),
            locator: document.locate(span),
            heading_path,
        })
    }

    /// The document's name.
    pub fn document(&self) -> &str {
        &self.document
    }

    /// The document's origin: its absolute path.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The bytes of the document's text.
    pub fn span(&self) -> Span {
        self.span
    }

    /// `document.text[span]`, byte for byte.
    pub fn quote(&self) -> &str {
        &self.quote
    }

    /// Where the quote stands in the original.
    pub fn locator(&self) -> &Locator {
        &self.locator
    }

    /// Headings above it, topmost first.
    pub fn heading_path(&self) -> &[String] {
        &self.heading_path
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Nothing was searched: no document, or none with text.
    NothingToSearch,
    /// The best passages do not bear on the question.
    NothingRelevant,
    /// The language model found no answer in the passages that it was given.
    NotInPassages,
    /// The language model said nothing that the passages bear out.
    NothingSupported,
}

/// How far the best passages bear on the question: what decides between an answer and a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// Probability that they do, 0 to 1.
    pub relevance: f32,
    /// Below this the question is refused.
    pub threshold: f32,
    /// What it was computed from.
    #[serde(flatten)]
    pub features: Features,
}

/// What is known of how the best passages bear on the question.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Features {
    /// Cosine of the question and the best chunk.
    pub chunk: f32,
    /// Cosine of the question and the best sentence.
    pub sentence: f32,
    /// What the question's words give one of the best chunks at best, as a share of what they could give (BM25).
    pub words: f32,
    /// How far the cosine of the best chunk stands above the mean of the best four; `None` where there is one alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apart: Option<f32>,
    /// In which scripts question and passage are written.
    pub scripts: Scripts,
}

/// The scripts of a question and of the best passage; the cosines of a multilingual model stand higher in some.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scripts {
    /// Both put spaces between words.
    Spaced,
    /// Both are Chinese or Japanese.
    Cjk,
    /// A Chinese or Japanese question, a passage with spaces: they can share few words.
    CjkToSpaced,
    /// The other way round.
    SpacedToCjk,
}

/// What answering cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Chunks compared with the question.
    pub chunks_searched: usize,
    /// Sentences weighed for quotation.
    pub sentences_weighed: usize,
    /// Tokens encoded for the question and those sentences.
    pub tokens_encoded: usize,
    /// What the language model took, where one was asked.
    #[serde(flatten)]
    pub chat: Option<ChatUsage>,
}

/// What asking a language model took, and what was done to its reply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatUsage {
    /// Passages that it was given.
    pub passages: usize,
    /// Of these, cut to fit.
    pub passages_cut: usize,
    /// Passages that did not fit.
    pub passages_left_out: usize,
    /// Tokens of the prompt: as the model's server counted them, else as they were counted here.
    pub prompt_tokens: usize,
    /// Tokens of the reply, likewise.
    pub reply_tokens: usize,
    /// Whether the reply was longer than was allowed, and so ends in its midst.
    pub reply_cut: bool,
    /// Numbers of passages in the reply that no passage has; they were removed.
    pub citations_invented: usize,
    /// Images in the reply, and addresses that stand in no passage; they were removed.
    pub links_removed: usize,
    /// Sentences that no passage bears out.
    pub unsupported: usize,
}

/// A sentence of an answer, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Sentence {
    /// What it says.
    pub text: String,
    /// What bears it out: places in [`Answer::citations`], from 0.
    pub citations: Vec<usize>,
    /// Why it is not to be relied on; none where it is borne out.
    pub faults: Vec<Fault>,
}

impl Sentence {
    /// Whether the documents bear it out.
    pub fn is_supported(&self) -> bool {
        self.faults.is_empty()
    }
}

/// Why a sentence of a language model is not to be relied on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// It quotes what no passage says.
    Quotation {
        /// The quotation.
        text: String,
    },
    /// It has a number that the passages do not have.
    Number {
        /// As it is written.
        text: String,
    },
    /// A date.
    Date {
        /// As it is written.
        text: String,
    },
    /// A proper name.
    Name {
        /// As it is written.
        text: String,
    },
    /// It denies what the passages say, or says what they deny.
    Negation {
        /// What the passages say.
        text: String,
    },
    /// No passage says anything like it.
    Unrelated,
    /// Only an instruction to the machine, inside a document, says it.
    Instruction,
}

impl Answer {
    /// No answer, and nothing found.
    pub fn refused(refusal: Refusal) -> Self {
        Self { refusal: Some(refusal), ..Self::default() }
    }
}

/// An answer, or the refusal to give one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// The answer in words; empty when refused.
    pub text: String,
    /// The same, sentence by sentence.
    pub sentences: Vec<Sentence>,
    /// What it rests on: best first where it consists of quotations, else in the order in which it is cited.
    pub citations: Vec<Citation>,
    /// The chunks that were found, best first.
    pub hits: Vec<Hit>,
    /// Set when there is no answer.
    pub refusal: Option<Refusal>,
    /// How far the hits bear on the question; `None` where there were none.
    pub judgement: Option<Judgement>,
    /// What it cost.
    pub usage: Usage,
    /// What the language model was sent, where one was asked.
    pub prompt: Vec<Message>,
}
