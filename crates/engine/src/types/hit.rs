use serde::{Deserialize, Serialize};

use super::{Chunk, ChunkId, Locator};

/// A chunk that was found, or several that follow one another. Greater scores are better; ties stand by ascending chunk id.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The best of its chunks; where there are several, its span is that of all.
    pub chunk: Chunk,
    /// All of them, in the order of the text.
    pub chunks: Vec<ChunkId>,
    /// Its document's origin.
    pub origin: String,
    /// Origins of other documents of the same bytes, which hold it as well.
    pub also: Vec<String>,
    /// The text, as it was indexed.
    pub text: String,
    /// Where it stands in the original.
    pub locator: Locator,
    /// What it is ranked by: the reranker's score where there is one, else the fused one, else that of the one list.
    pub score: f32,
    /// How the score of the best chunk came about.
    pub why: Why,
}

impl Hit {
    /// The document's name: the last part of its origin.
    pub fn document(&self) -> &str {
        super::name_of(&self.origin)
    }

    /// What words give it (BM25), or 0 where they were not asked.
    pub fn by_words(&self) -> f32 {
        self.why.lexical.map_or(0.0, |lexical| lexical.score)
    }

    /// Cosine to the query, or 0 where meaning was not asked.
    pub fn cosine(&self) -> f32 {
        self.why.dense.map_or(0.0, |dense| dense.score)
    }
}

/// What a search found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// Best first.
    pub hits: Vec<Hit>,
    /// Chunks that could be found: those of the documents that were searched.
    pub searched: usize,
    /// What a chunk would score by words that had each term of the query without end (BM25); 0 where words were not asked.
    pub most_by_words: f32,
}

/// The parts of a score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Why {
    /// By meaning: cosine of the chunk's vector and the query's, from -1 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dense: Option<Standing>,
    /// By words: BM25, 0 where no word is shared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lexical: Option<Standing>,
    /// What fusion made of both, where both were asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fused: Option<f32>,
    /// The reranker's score, where it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reranked: Option<f32>,
}

/// Where a chunk stands in one list.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// From 1; `None` where it is too far down to have been listed.
    pub rank: Option<usize>,
    /// Its score there.
    pub score: f32,
    /// What this list adds to the fused score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<f32>,
}
