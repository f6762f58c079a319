//! The stages composed: `add`, `search`, `ask`.

mod add;
mod import;
mod repair;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use qiao_model::{EncoderId, Long, Receipt, Role};

pub use self::add::{AddEvent, AddReport, FileOutcome, Foreign};
pub use self::import::{ImportEvent, ImportReport};
pub use self::repair::{RepairEvent, RepairReport};
use crate::answer::{self, Asked, Ground, Listener, Writer};
use crate::chunk::{ChunkSize, chunk};
use crate::embed;
use crate::error::{Error, Kind};
use crate::filter::Expression;
use crate::retrieve::{self, Mode, Query, Request, Sought, WhyNot};
use crate::seams::{Batch, Encoder, Filter, Limits, Parser, Reranker, Store};
use crate::source::{self, Source};
use crate::types::{
    Answer, ChunkId, Content, ContentHash, Document, DocumentId, DocumentSummary, Embedding, Found, Piece, Refusal,
    Span,
};

/// Chunks that may be in no index before a search first sees to that.
const UNINDEXED: usize = 1000;

/// Gives the encoder when it is first needed; it is told which one the knowledge base was made with, if any.
pub type EncoderSource = Box<dyn Fn(Option<&EncoderId>) -> Result<Arc<dyn Encoder>, Error>>;

/// How the engine works.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settings {
    /// What reading one file may cost.
    pub limits: Limits,
}

/// A knowledge base with all that is needed to fill it and to ask it.
pub struct Engine {
    store: Box<dyn Store>,
    parser: Box<dyn Parser>,
    source: EncoderSource,
    encoder: OnceCell<Arc<dyn Encoder>>,
    reranker: Option<Box<dyn Reranker>>,
    writer: Option<Writer>,
    settings: Settings,
}

/// How removing went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed {
    /// Whether nothing of what went is left in the file and its log. Another process that reads may hold it up; the next
    /// change, or `verify`, does it then.
    pub scrubbed: bool,
}

impl Engine {
    /// Puts the parts together; the encoder is asked for when it is first needed.
    pub fn new(store: Box<dyn Store>, parser: Box<dyn Parser>, source: EncoderSource, settings: Settings) -> Self {
        Self { store, parser, source, encoder: OnceCell::new(), reranker: None, writer: None, settings }
    }

    /// The same, which has the best passages of each search judged again.
    #[must_use]
    pub fn with_reranker(self, reranker: Box<dyn Reranker>) -> Self {
        Self { reranker: Some(reranker), ..self }
    }

    /// The same, which has a language model write the answers.
    #[must_use]
    pub fn with_writer(self, writer: Writer) -> Self {
        Self { writer: Some(writer), ..self }
    }

    /// The encoder, which must be the one the knowledge base was made with.
    ///
    /// # Errors
    /// When there is none to be had, or it is another one.
    pub fn encoder(&self) -> Result<Arc<dyn Encoder>, Error> {
        if let Some(encoder) = self.encoder.get() {
            return Ok(encoder.clone());
        }
        let stored = self.store.encoder()?;
        let encoder = (self.source)(stored.as_ref())?;
        let given = encoder.id();
        match stored {
            Some(stored) if !stored.same_space(&given) => {
                let (stored, given) = (stored.label(), given.label());
                Err(crate::error::StoreError::OtherEncoder { stored, given }.into())
            }
            _ => Ok(self.encoder.get_or_init(|| encoder).clone()),
        }
    }

    /// Reads one file as `add` would, and keeps nothing.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn parse_file(&self, path: &Path) -> Result<Document, Error> {
        let source = &source::file(path).map_err(|e| Error::new(Kind::BadInput, "cannot read this", e))?;
        let bytes = source::read(source).map_err(|e| Error::new(Kind::BadInput, "cannot read this file", e))?;
        let content = self.parse(source, &bytes)?;
        Ok(Document { id: DocumentId(0), origin: source.origin(), content_hash: ContentHash::of(&bytes), content })
    }

    fn parse(&self, source: &Source, bytes: &[u8]) -> Result<Content, Error> {
        let refused = |e| Error::new(Kind::BadInput, format!("cannot read {}", source.path.display()), e);
        self.parser.parse(source.media, bytes, &self.settings.limits).map_err(refused)
    }

    /// Cuts a document as `add` would: each piece with the hash of its text.
    ///
    /// # Errors
    /// When no encoder is to be had, or its tokenizer fails.
    pub fn cut(&self, content: &Content) -> Result<Vec<(Piece, ContentHash)>, Error> {
        let encoder = self.encoder()?;
        let size = ChunkSize::up_to(encoder.max_tokens(Role::Passage)?);
        let pieces = chunk(content, &|text| encoder.count_tokens(text), size)?;
        let hashed = |piece: Piece| {
            let hash = ContentHash::of(content.text[piece.span.range()].as_bytes());
            (piece, hash)
        };
        Ok(pieces.into_iter().map(hashed).collect())
    }

    /// Cuts a document and stages the vectors of its pieces for `origin`. `done` is told how many of how many are there.
    fn embed(
        &mut self,
        origin: &str,
        content: &Content,
        done: &mut dyn FnMut(usize, usize),
    ) -> Result<(Vec<(Piece, ContentHash)>, Receipt), Error> {
        let pieces = self.cut(content)?;
        let encoder = self.encoder()?;
        let texts: Vec<(ContentHash, &str)> =
            pieces.iter().map(|(piece, hash)| (hash.clone(), &content.text[piece.span.range()])).collect();
        let mut progress = |have| done(have, texts.len());
        let receipt = embed::stage(self.store.as_mut(), encoder.as_ref(), origin, &texts, &mut progress)?;
        Ok((pieces, receipt))
    }

    /// The best hits for `query`, best first. No encoder is asked for where only words are.
    ///
    /// # Errors
    /// When no encoder is to be had, or the store or the reranker fails.
    pub fn search(&self, query: &str, request: &Request) -> Result<Found, Error> {
        if self.store.encoder()?.is_none() {
            return Ok(Found::default());
        }
        let meaning = match request.mode {
            Mode::Lexical => None,
            Mode::Hybrid | Mode::Dense => Some(self.embed_query(query)?),
        };
        self.catch_up(UNINDEXED);
        let snapshot = self.store.snapshot()?;
        let query = Query::new(query, meaning.as_ref());
        retrieve::search(snapshot.as_ref(), &query, request, self.reranker.as_deref())
    }

    /// At which step of such a search what was sought was lost.
    ///
    /// # Errors
    /// As [`Engine::search`].
    pub fn why_not(&self, query: &str, request: &Request, sought: &Sought) -> Result<WhyNot, Error> {
        let meaning = match request.mode {
            Mode::Lexical => None,
            Mode::Hybrid | Mode::Dense if self.store.encoder()?.is_none() => None,
            Mode::Hybrid | Mode::Dense => Some(self.embed_query(query)?),
        };
        let snapshot = self.store.snapshot()?;
        let query = Query::new(query, meaning.as_ref());
        retrieve::why_not(snapshot.as_ref(), &query, request, self.reranker.as_deref(), sought)
    }

    /// Answers `question` from what a search for it finds, or refuses: with one to three quotations, or, where there is a
    /// writer, with what that writes, checked.
    ///
    /// # Errors
    /// When no encoder is to be had, the store fails, or the language model gives no reply.
    pub fn ask(&self, question: &str, request: &Request) -> Result<Answer, Error> {
        self.ask_aloud(question, request, &mut |_| ControlFlow::Continue(()))
    }

    /// The same; `on_text` is given each part of the answer's text as soon as the sentences in it are checked, and may end the
    /// writing: the answer is then what was written so far.
    ///
    /// # Errors
    /// When no encoder is to be had, the store fails, or the language model gives no reply.
    pub fn ask_aloud(&self, question: &str, request: &Request, on_text: &mut Listener<'_>) -> Result<Answer, Error> {
        if self.store.encoder()?.is_none() {
            return Ok(Answer::refused(Refusal::NothingToSearch));
        }
        let embedding = self.embed_query(question)?;
        let encoder = self.encoder()?;
        self.catch_up(UNINDEXED);
        let snapshot = self.store.snapshot()?;
        let query = Query::question(question, Some(&embedding));
        // a language model is given what belongs together in one piece
        let request = Request { join: request.join || self.writer.is_some(), ..request.clone() };
        let found = retrieve::search(snapshot.as_ref(), &query, &request, self.reranker.as_deref())?;
        let asked = Asked { text: question, embedding: &embedding };
        let ground = Ground { encoder: encoder.as_ref(), snapshot: snapshot.as_ref() };
        answer::answer(&asked, found, ground, self.writer.as_ref(), on_text)
    }

    /// Indexes what came without being indexed, where it is so much that searches would wait for it each time; they do so
    /// themselves, in silence. `done` is told how many of how many chunks are through.
    ///
    /// # Errors
    /// When the store cannot be read, or what stands beside it cannot be written; searches go on without, and slower.
    pub fn index(&self, done: &mut dyn FnMut(usize, usize)) -> Result<(), Error> {
        Ok(self.store.index(UNINDEXED, done).map(|_| ())?)
    }

    /// Indexes what is in no index, if it is so many chunks.
    fn catch_up(&self, least: usize) {
        // where it cannot be written, each search pays for itself
        let _ = self.store.index(least, &mut |_, _| {});
    }

    fn embed_query(&self, text: &str) -> Result<Embedding, Error> {
        let embedded = self.encoder()?.embed(Role::Query, &[text], Long::Truncate)?;
        embedded.into_iter().next().map(|(embedding, _)| embedding).ok_or_else(lost)
    }

    /// The identity of the encoder whose vectors the knowledge base holds, or `None` while it is new.
    ///
    /// # Errors
    /// When the store fails.
    pub fn encoder_id(&self) -> Result<Option<EncoderId>, Error> {
        Ok(self.store.encoder()?)
    }

    /// All documents, by ascending number.
    ///
    /// # Errors
    /// When the store fails.
    pub fn documents(&self) -> Result<Vec<DocumentSummary>, Error> {
        self.selected(None)
    }

    /// Whether there is no document.
    ///
    /// # Errors
    /// When the store fails.
    pub fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.store.snapshot()?.is_empty()?)
    }

    /// The document of this number, or `None`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn summary(&self, id: DocumentId) -> Result<Option<DocumentSummary>, Error> {
        Ok(self.store.snapshot()?.documents(&Filter::Documents([id].into()))?.into_iter().next())
    }

    /// The document that came from `origin`, or `None`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn find(&self, origin: &str) -> Result<Option<DocumentSummary>, Error> {
        let found = self.store.snapshot()?.find(origin)?;
        found.map_or(Ok(None), |(id, _)| self.summary(id))
    }

    /// One document whole, or `None`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn document(&self, id: DocumentId) -> Result<Option<Document>, Error> {
        Ok(self.store.snapshot()?.document(id)?)
    }

    /// All chunks, ascending: number, text, and the headings above.
    pub(crate) fn chunk_texts(&self) -> Result<Vec<(ChunkId, String, Vec<String>)>, Error> {
        let snapshot = self.store.snapshot()?;
        let mut all = BTreeMap::new();
        for summary in snapshot.documents(&Filter::All)? {
            let ids = snapshot.chunks_at(summary.id, Span::new(0, usize::MAX))?;
            for found in snapshot.chunks(&ids, &Filter::All)? {
                all.insert(found.chunk.id, (found.text, found.chunk.piece.heading_path));
            }
        }
        Ok(all.into_iter().map(|(id, (text, headings))| (id, text, headings)).collect())
    }

    /// Scrubs the store after something was done, which an error then does not undo.
    fn scrub(&mut self, done: &str) -> Result<bool, Error> {
        let failed = |e| {
            Error::from(e).while_doing(format!(
                "{done}, but the bytes of what went could not be overwritten; `qiao verify --repair` does it later"
            ))
        };
        self.store.scrub().map_err(failed)
    }

    /// The documents that an expression selects, by ascending number; all without one.
    ///
    /// # Errors
    /// When the store fails.
    pub fn selected(&self, expression: Option<&Expression>) -> Result<Vec<DocumentSummary>, Error> {
        let mut all = self.store.snapshot()?.documents(&Filter::All)?;
        all.retain(|document| expression.is_none_or(|expression| expression.matches(&document.into())));
        Ok(all)
    }

    /// The same, as what a search is to look at.
    ///
    /// # Errors
    /// When the store fails.
    pub fn filter(&self, expression: Option<&Expression>) -> Result<Filter, Error> {
        match expression {
            None => Ok(Filter::All),
            Some(_) => Ok(Filter::Documents(self.selected(expression)?.iter().map(|document| document.id).collect())),
        }
    }

    /// Whether anything is known of a file that is no document: a line of the ledger, vectors on their way in.
    ///
    /// # Errors
    /// When the store fails.
    pub fn remembers(&self, origin: &str) -> Result<bool, Error> {
        Ok(self.store.snapshot()?.remembers(origin)?)
    }

    /// Removes documents, with all that only they used, and what is known of `origins` that are no document.
    ///
    /// # Errors
    /// When one is not there any more, or the store fails; then nothing was removed.
    pub fn remove(&mut self, ids: &[DocumentId], origins: &[String]) -> Result<Removed, Error> {
        let once: BTreeSet<DocumentId> = ids.iter().copied().collect();
        let batch = Batch { remove: once.into_iter().collect(), forget: origins.to_vec(), ..Batch::default() };
        self.store.commit(&batch)?;
        Ok(Removed { scrubbed: self.scrub("what was named is removed")? })
    }
}

fn lost() -> Error {
    Error::new(
        Kind::Bug,
        "a result was lost",
        crate::error::StoreError::Corrupt { what: "fewer results than were asked for" },
    )
}

#[cfg(test)]
mod tests;
