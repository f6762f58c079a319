//! The seams of the house: object-safe, synchronous, batch first. Each has a real implementation and one small double.

use qiao_model::{Encoded, EncoderId, Long, Role};

use crate::error::{EncodeError, ParseError, StoreError};
use crate::types::{Chunk, ChunkId, Content, Document, DocumentId, Embedding, Media};

/// What reading one file may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Wall-clock seconds.
    pub seconds: u64,
    /// Bytes of address space.
    pub memory: u64,
    /// Bytes of text that may come out.
    pub text: u64,
}

impl Default for Limits {
    /// 30 seconds, 1 GiB, 256 MiB of text.
    fn default() -> Self {
        Self { seconds: 30, memory: 1 << 30, text: 256 << 20 }
    }
}

/// Turns a file's bytes into text with places.
pub trait Parser: Send + Sync {
    /// Whether it reads this kind of file.
    fn accepts(&self, media: Media) -> bool;

    /// Reads `bytes`, a file of kind `media`.
    ///
    /// # Errors
    /// When there is no text to be had, or reading would cost more than `limits`.
    fn parse(&self, media: Media, bytes: &[u8], limits: &Limits) -> Result<Content, ParseError>;
}
