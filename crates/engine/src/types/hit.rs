use serde::{Deserialize, Serialize};

use super::{Chunk, Locator};

/// A chunk that was found. Greater scores are better; ties stand by ascending chunk id.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The chunk.
    pub chunk: Chunk,
    /// Its document's origin.
    pub origin: String,
    /// Origins of other documents of the same bytes, which hold it as well.
    pub also: Vec<String>,
    /// The chunk's text, as it was indexed.
    pub text: String,
    /// Where it stands in the original.
    pub locator: Locator,
    /// Cosine to the query.
    pub score: f32,
    /// How the score came about.
    pub why: Why,
}

impl Hit {
    /// The document's name: the last part of its origin.
    pub fn document(&self) -> &str {
        super::name_of(&self.origin)
    }
}

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Best first.
    pub hits: Vec<Hit>,
    /// Chunks compared with the question.
    pub compared: usize,
}

/// The parts of a score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Why {
    /// Cosine of the chunk's vector and the query's.
    pub dense: f32,
}
