//! The seams of the house: object-safe, synchronous, batch first. Each has a real implementation and one small double.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use qiao_model::{EncodeError, Encoded, EncoderId, Long, Receipt, Role, Scored};

use crate::error::{ParseError, StoreError};
use crate::types::{
    Chunk, ChunkId, Content, ContentHash, Document, DocumentId, DocumentSummary, Embedding, EmbeddingError,
    LedgerEntry, Locator, Media, Piece, Span,
};

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

/// Turns texts into vectors.
pub trait Encoder: Send + Sync {
    /// All that decides its numbers.
    fn id(&self) -> Arc<EncoderId>;

    /// Tokens of a text of `role` at most, its prompt and the special tokens already taken off.
    ///
    /// # Errors
    /// When the tokenizer fails on the prompt.
    fn max_tokens(&self, role: Role) -> Result<usize, EncodeError>;

    /// Tokens of `text`, special and prompt tokens not counted.
    ///
    /// # Errors
    /// When the tokenizer fails.
    fn count_tokens(&self, text: &str) -> Result<usize, EncodeError>;

    /// One vector a text, in order, each with its receipt; the same bits alone or in any batch.
    ///
    /// # Errors
    /// When a text cannot be tokenised, or is too long and `long` says so.
    fn encode(&self, role: Role, texts: &[&str], long: Long) -> Result<Vec<Encoded>, EncodeError>;

    /// As [`Encoder::encode`], brought to unit length.
    ///
    /// # Errors
    /// As there, and when a vector has no length.
    fn embed(&self, role: Role, texts: &[&str], long: Long) -> Result<Vec<(Embedding, Receipt)>, EncodeError> {
        let id = self.id();
        let unit = |e: Encoded| Embedding::new(id.clone(), e.vector).map(|unit| (unit, e.receipt));
        let embedded: Result<_, EmbeddingError> = self.encode(role, texts, long)?.into_iter().map(unit).collect();
        embedded.map_err(|e| match e {
            EmbeddingError::NoLength => EncodeError::NoVector,
            EmbeddingError::Dimension { .. } | EmbeddingError::NotFinite => EncodeError::NotFinite,
        })
    }
}

/// A text's embedding, waiting in the knowledge base under the hash of the text.
#[derive(Debug, Clone)]
pub struct Staged {
    /// Hash of the text.
    pub text_hash: ContentHash,
    /// Its vector.
    pub embedding: Embedding,
    /// What became of its tokens.
    pub receipt: Receipt,
}

/// A document to be published; every piece's vector is staged already.
#[derive(Debug, Clone)]
pub struct NewDocument {
    /// Where it came from.
    pub origin: String,
    /// Hash of the original bytes.
    pub content_hash: ContentHash,
    /// What was read.
    pub content: Content,
    /// What was cut, each with the hash of its text.
    pub pieces: Vec<(Piece, ContentHash)>,
}

/// Changes that happen all or not at all.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Documents to publish; one of the same origin is replaced.
    pub publish: Vec<NewDocument>,
    /// Documents to remove.
    pub remove: Vec<DocumentId>,
    /// Lines for the ledger.
    pub ledger: Vec<LedgerEntry>,
}

/// Which documents a search looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Filter {
    /// All.
    #[default]
    All,
    /// These.
    Documents(BTreeSet<DocumentId>),
}

/// A chunk with what a person needs to see of it.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundChunk {
    /// The chunk.
    pub chunk: Chunk,
    /// Its document's origin.
    pub origin: String,
    /// Its text, as it was indexed.
    pub text: String,
    /// Where it stands in the original.
    pub locator: Locator,
}

/// The knowledge base, the writing half.
pub trait Store: Send {
    /// The encoder whose vectors it holds, or `None` while it is new.
    ///
    /// # Errors
    /// When it cannot be read.
    fn encoder(&self) -> Result<Option<EncoderId>, StoreError>;

    /// Of these texts, those whose vectors are there already, each with what became of its tokens.
    ///
    /// # Errors
    /// When it cannot be read.
    fn staged(&self, encoder: &EncoderId, texts: &[ContentHash]) -> Result<BTreeMap<ContentHash, Receipt>, StoreError>;

    /// Keeps vectors for documents still to come, in one transaction. The first call fixes the encoder for ever.
    ///
    /// # Errors
    /// When the encoder is another than the store's, or the store cannot be written.
    fn stage(&mut self, vectors: &[Staged]) -> Result<(), StoreError>;

    /// Publishes and removes, in one transaction; returns the published documents' numbers, in order.
    ///
    /// # Errors
    /// When a piece's vector is not staged, or the store cannot be written; then nothing was changed.
    fn commit(&mut self, batch: &Batch) -> Result<Vec<DocumentId>, StoreError>;

    /// The reading half, as things stand now.
    ///
    /// # Errors
    /// When it cannot be read.
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError>;
}

/// The knowledge base at one moment.
pub trait Snapshot {
    /// The best `k` chunks by cosine, best first, ties by ascending chunk id; and how many were compared.
    ///
    /// # Errors
    /// When the embedding is of another encoder, or the store cannot be read.
    fn nearest(&self, query: &Embedding, k: usize, filter: &Filter) -> Result<Nearest, StoreError>;

    /// These chunks with text and place, in the order asked for.
    ///
    /// # Errors
    /// When one is not there, or the store cannot be read.
    fn chunks(&self, ids: &[ChunkId]) -> Result<Vec<FoundChunk>, StoreError>;

    /// All documents the filter lets through, by ascending number.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn documents(&self, filter: &Filter) -> Result<Vec<DocumentSummary>, StoreError>;

    /// The document of this origin, with the hash of its original bytes, or `None`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn find(&self, origin: &str) -> Result<Option<(DocumentId, ContentHash)>, StoreError>;

    /// One document whole, or `None`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn document(&self, id: DocumentId) -> Result<Option<Document>, StoreError>;

    /// A document's headings that lie in `span`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn headings(&self, id: DocumentId, span: Span) -> Result<Vec<Span>, StoreError>;
}

/// What an exact search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Nearest {
    /// Best first.
    pub scored: Vec<Scored<ChunkId>>,
    /// Chunks compared.
    pub compared: usize,
}
