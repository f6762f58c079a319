//! One type a stage: what a document is, where it stands, how it is cut, embedded, found and quoted.

mod answer;
mod chunk;
mod document;
mod embedding;
mod hit;
mod locator;
mod span;

pub use answer::{Answer, Citation, Refusal, Usage};
pub use chunk::{Chunk, ChunkId, Piece};
pub use document::{Content, ContentError, ContentHash, Document, DocumentId, Media, Section, Unread};
pub use embedding::{Embedding, EmbeddingError};
pub use hit::{Hit, Why};
pub use locator::{Anchor, Locator, PageBoxes, Place, Rect};
pub use span::Span;
