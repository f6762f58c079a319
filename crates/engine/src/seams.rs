//! The seams of the house: object-safe, synchronous, batch first. Each has a real implementation and one small double.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use qiao_model::{ChatRequest, EncodeError, Encoded, EncoderId, Long, Receipt, Reply, Role, Scored};

use crate::error::{ChatError, ParseError, StoreError};
use crate::language::Words;
use crate::types::{
    Chunk, ChunkId, Content, ContentHash, Document, DocumentId, DocumentSummary, Embedding, EmbeddingError, Finding,
    Labels, LedgerEntry, Locator, Media, Piece, Span, Unread,
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

/// Judges passages by reading the question and each of them together.
pub trait Reranker: Send + Sync {
    /// One score a passage, in order; greater is better.
    ///
    /// # Errors
    /// When a text cannot be tokenised or encoded.
    fn score(&self, query: &str, passages: &[&str]) -> Result<Vec<f32>, EncodeError>;
}

/// A language model that writes replies.
pub trait ChatModel: Send + Sync {
    /// What it is called, for people.
    fn name(&self) -> &str;

    /// Tokens of prompt and reply together; `None` where nobody knows.
    fn window(&self) -> Option<usize>;

    /// Tokens of `text`, or rather more where only its server could count them.
    ///
    /// # Errors
    /// When the tokenizer fails.
    fn count_tokens(&self, text: &str) -> Result<usize, ChatError>;

    /// Replies to a conversation. `on_text` is given each part of the reply as it comes, all together its text, and may end it.
    ///
    /// # Errors
    /// When the model cannot be reached, refuses, or fails.
    fn complete(
        &self,
        request: &ChatRequest,
        on_text: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Reply, ChatError>;
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

/// A document to be published.
#[derive(Debug, Clone)]
pub struct NewDocument {
    /// Where it came from.
    pub origin: String,
    /// Hash of the original bytes.
    pub content_hash: ContentHash,
    /// What it holds.
    pub content: NewContent,
    /// What is said of it, besides what was said of the document that it replaces.
    pub labels: Labels,
    /// When it was added, in seconds since 1970 (UTC), if not now.
    pub added_at: Option<i64>,
}

/// What a document to be published holds.
#[derive(Debug, Clone)]
pub enum NewContent {
    /// What was read, and what was cut of it, each piece with the hash of its text, whose vector is staged already.
    Read(Box<Content>, Vec<(Piece, ContentHash)>),
    /// What another document of the same bytes holds already, read as this.
    Shared(Media),
}

/// Changes that happen all or not at all.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Documents to publish; one of the same origin is replaced.
    pub publish: Vec<NewDocument>,
    /// What is to be said of documents.
    pub label: Vec<Relabel>,
    /// Documents to remove.
    pub remove: Vec<DocumentId>,
    /// Origins of which nothing is to remain that no document holds: vectors on their way in, lines of the ledger.
    pub forget: Vec<String>,
    /// Lines for the ledger.
    pub ledger: Vec<LedgerEntry>,
}

/// What is to be said of a document, besides what is said of it.
#[derive(Debug, Clone, Default)]
pub struct Relabel {
    /// Its number.
    pub id: DocumentId,
    /// More of it.
    pub labels: Labels,
    /// When it was added, if that is to be said otherwise.
    pub added_at: Option<i64>,
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

impl Filter {
    /// Whether it lets `document` through.
    pub fn passes(&self, document: DocumentId) -> bool {
        match self {
            Self::All => true,
            Self::Documents(ids) => ids.contains(&document),
        }
    }
}

/// A chunk with what a person needs to see of it.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundChunk {
    /// The chunk.
    pub chunk: Chunk,
    /// Its document's origin.
    pub origin: String,
    /// Origins of the other documents that hold it.
    pub also: Vec<String>,
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

    /// Of these texts, those whose vectors are there already, each with what became of its tokens; they are kept for the
    /// document that is to come from `origin`.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    fn keep(
        &mut self,
        origin: &str,
        encoder: &EncoderId,
        texts: &[ContentHash],
    ) -> Result<BTreeMap<ContentHash, Receipt>, StoreError>;

    /// Keeps vectors for the document that is to come from `origin`, in one transaction. The first call fixes the encoder for
    /// ever.
    ///
    /// # Errors
    /// When the encoder is another than the store's, or the store cannot be written.
    fn stage(&mut self, origin: &str, vectors: &[Staged]) -> Result<(), StoreError>;

    /// Publishes, labels and removes, in one transaction; returns the published documents' numbers, in order. What went may
    /// leave traces until the store is [scrubbed](Store::scrub).
    ///
    /// # Errors
    /// When a piece's vector is not staged, shared content or a document to be removed is not there, or the store cannot be
    /// written; then nothing was changed.
    fn commit(&mut self, batch: &Batch) -> Result<Vec<DocumentId>, StoreError>;

    /// Sees to it that nothing of what went is left in any byte, if anything went; false where that has to wait for a process
    /// that reads.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn scrub(&mut self) -> Result<bool, StoreError>;

    /// The reading half, as things stand now.
    ///
    /// # Errors
    /// When it cannot be read.
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError>;

    /// Brings what is built beside the store for speed up to it, where it lacks `least` chunks or more; false where another
    /// process is at that. Searches are right without it, and slower. `done` is told how many of how many chunks are through.
    ///
    /// # Errors
    /// When the store cannot be read, or what stands beside it cannot be written.
    fn index(&self, least: usize, done: &mut dyn FnMut(usize, usize)) -> Result<bool, StoreError>;

    /// Does what can be done about findings without reading or embedding: indexes, rows that nothing uses, free pages. Texts
    /// that are to be embedded again lose their chunks until they are [put back](Store::put_back).
    ///
    /// # Errors
    /// When the store cannot be written.
    fn mend(&mut self, findings: &[Finding]) -> Result<(), StoreError>;

    /// Puts what was read of these bytes, and cut of it, in the place of what is there; every piece's vector is staged.
    ///
    /// # Errors
    /// When nothing of these bytes is there, or the store cannot be written; then nothing was changed.
    fn put_back(
        &mut self,
        bytes: &ContentHash,
        content: &Content,
        pieces: &[(Piece, ContentHash)],
    ) -> Result<(), StoreError>;
}

/// The knowledge base at one moment.
pub trait Snapshot {
    /// The best `k` chunks by cosine, best first, ties by ascending chunk id. Of many chunks an index may miss a few; the
    /// scores are exact, and there are `k` where there are as many.
    ///
    /// # Errors
    /// When the embedding is of another encoder, or the store cannot be read.
    fn nearest(&self, query: &Embedding, k: usize, filter: &Filter) -> Result<Vec<Scored<ChunkId>>, StoreError>;

    /// The best `k` chunks by BM25 (Robertson & Zaragoza 2009) among those that share a term with `words` and hold all its
    /// phrases, best first, ties by ascending chunk id.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn lexical(&self, words: &Words, k: usize, filter: &Filter) -> Result<Lexical, StoreError>;

    /// What [`Snapshot::lexical`] gives these chunks, phrases aside; 0 where no term is shared.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn weights(&self, words: &Words, ids: &[ChunkId]) -> Result<Vec<f32>, StoreError>;

    /// The vectors of these chunks.
    ///
    /// # Errors
    /// When one is not there, or the store cannot be read.
    fn embeddings(&self, ids: &[ChunkId]) -> Result<Vec<Embedding>, StoreError>;

    /// How many chunks the filter lets through.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn count(&self, filter: &Filter) -> Result<usize, StoreError>;

    /// The chunks that hold some of a part of a document, in their order.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn chunks_at(&self, id: DocumentId, part: Span) -> Result<Vec<ChunkId>, StoreError>;

    /// The first `most` places where documents hold `text`, white space, case and width aside. All texts are read.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn occurrences(&self, text: &str, most: usize) -> Result<Vec<(DocumentId, Span)>, StoreError>;

    /// Files that could not be read when they were last tried.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn failures(&self) -> Result<Vec<LedgerEntry>, StoreError>;

    /// Documents, by their origins, of which pages gave no text.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn unread(&self) -> Result<Vec<(String, Vec<Unread>)>, StoreError>;

    /// A part of a document's text, and where it stands in the original.
    ///
    /// # Errors
    /// When there is no such document or part, or the store cannot be read.
    fn passage(&self, id: DocumentId, part: Span) -> Result<(String, Locator), StoreError>;

    /// These chunks with text and place, in the order asked for, each of the first document that the filter lets through.
    ///
    /// # Errors
    /// When one is not there, or the store cannot be read.
    fn chunks(&self, ids: &[ChunkId], filter: &Filter) -> Result<Vec<FoundChunk>, StoreError>;

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

    /// The first document of these bytes, read as `media`, or `None`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn twin(&self, bytes: &ContentHash, media: Media) -> Result<Option<DocumentSummary>, StoreError>;

    /// The documents of these bytes, read as `media`, by ascending number.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn holders(&self, bytes: &ContentHash, media: Media) -> Result<Vec<DocumentSummary>, StoreError>;

    /// Whether there is no document.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn is_empty(&self) -> Result<bool, StoreError>;

    /// A document's pieces in their order, each with its vector; none where there is no such document.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn pieces(&self, id: DocumentId) -> Result<Vec<(Piece, Staged)>, StoreError>;

    /// Whether there is a line of the ledger on a file, or a vector on its way in.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn remembers(&self, origin: &str) -> Result<bool, StoreError>;

    /// What a person says of a document; nothing where there is no such document.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn labels(&self, id: DocumentId) -> Result<Labels, StoreError>;

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

/// What a search by words found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lexical {
    /// Best first.
    pub best: Vec<Scored<ChunkId>>,
    /// What a chunk would score that had each term of the query without end.
    pub most: f32,
}
