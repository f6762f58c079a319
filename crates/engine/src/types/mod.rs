//! One type a stage: what a document is, where it stands, how it is cut, embedded, found and quoted.

mod answer;
mod chunk;
mod document;
mod embedding;
mod finding;
mod hit;
mod labels;
mod ledger;
mod locator;
mod span;

pub use answer::{Answer, ChatUsage, Citation, Fault, Features, Judgement, Refusal, Scripts, Sentence, Usage};
pub use chunk::{Chunk, ChunkId, Piece};
pub use document::{Content, ContentError, ContentHash, Document, DocumentId, DocumentSummary, Media, Section, Unread};
pub use embedding::{Embedding, EmbeddingError};
pub use finding::{Finding, Remedy};
pub use hit::{Found, Hit, Standing, Why};
pub use labels::{Labels, Metadata};
pub use ledger::{LedgerEntry, Outcome};
pub use locator::{Anchor, Locator, PageBoxes, Place, Rect};
pub use span::Span;

pub(crate) use document::name_of;
