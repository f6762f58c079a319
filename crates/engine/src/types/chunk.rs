use std::fmt;

use serde::{Deserialize, Serialize};

use super::{DocumentId, Span};

/// A chunk's number in its knowledge base; never used again after removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChunkId(pub i64);

impl fmt::Display for ChunkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What the chunker cuts: a piece of one document's text, not yet in any knowledge base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// The bytes of the document's text.
    pub span: Span,
    /// Headings above it, topmost first.
    pub heading_path: Vec<String>,
    /// Tokens of the text by the model's own tokenizer, special and prompt tokens not counted.
    pub tokens: usize,
}

/// A piece that a knowledge base holds; its text is `document.text[span]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Its number.
    pub id: ChunkId,
    /// Its document.
    pub document: DocumentId,
    /// What was cut.
    #[serde(flatten)]
    pub piece: Piece,
}
