//! The stages composed: `add`, `search`, `ask`.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use qiao_model::{EncoderId, Long, Receipt, Role, registry};

use crate::answer::{Asked, extract};
use crate::chunk::{ChunkSize, chunk};
use crate::embed;
use crate::error::{Error, Kind};
use crate::retrieve;
use crate::seams::{Batch, Encoder, Filter, Limits, NewDocument, Parser, Store};
use crate::source::{self, Skipped, Source};
use crate::types::{
    Answer, Content, ContentHash, Document, DocumentId, DocumentSummary, Embedding, Found, Hit, LedgerEntry, Outcome,
    Piece, Refusal,
};

/// Gives the encoder when it is first needed; it is told which one the knowledge base was made with, if any.
pub type EncoderSource = Box<dyn Fn(Option<&EncoderId>) -> Result<Arc<dyn Encoder>, Error>>;

/// How the engine works.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settings {
    /// What reading one file may cost.
    pub limits: Limits,
}

/// What happens while adding.
#[derive(Debug)]
pub enum AddEvent<'a> {
    /// Something will not be read.
    Skipped(&'a Skipped),
    /// A file is being read; so many stand behind it.
    Reading {
        /// The file.
        path: &'a Path,
        /// Files still to come after it.
        remaining: usize,
    },
    /// Its chunks are being encoded.
    Embedding {
        /// The file.
        path: &'a Path,
        /// Chunks that have their vectors.
        done: usize,
        /// All its chunks.
        total: usize,
    },
    /// It is done.
    Finished {
        /// The file.
        path: &'a Path,
        /// How it went.
        outcome: &'a FileOutcome,
    },
}

/// How adding one file went.
#[derive(Debug)]
pub enum FileOutcome {
    /// It stands in the knowledge base now.
    Published {
        /// Its number.
        id: DocumentId,
        /// Whether an older version was replaced.
        replaced: bool,
        /// Number of chunks.
        chunks: usize,
        /// What gave no text.
        unread: Vec<crate::types::Unread>,
        /// What became of the tokens of all chunks.
        receipt: Receipt,
        /// Said where the model does not know what it was given.
        foreign: Option<Foreign>,
    },
    /// It stood there already, byte for byte.
    Unchanged {
        /// Its number.
        id: DocumentId,
    },
    /// It could not be read; an older version, if any, is still there.
    Failed(Error),
}

/// Of a document's tokens, the share that may be unknown to the model before a person is told.
const MOST_UNKNOWN: f32 = 0.1;

/// A document much of which the model does not know, so that it will hardly be found.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Foreign {
    /// The share of its tokens that the vocabulary lacks, from 0 to 1.
    pub share: f32,
    /// The model.
    pub model: String,
    /// A model that would know more, if the registry has one.
    pub serves: Option<&'static str>,
}

impl Foreign {
    fn of(receipt: Receipt, encoder: &EncoderId) -> Option<Self> {
        let serves = || registry::broader_than(&encoder.weights_sha256).map(|row| row.name);
        let share = receipt.unknown_share();
        (share > MOST_UNKNOWN).then(|| Self { share, model: encoder.model.clone(), serves: serves() })
    }
}

/// How adding went.
#[derive(Debug, Default)]
pub struct AddReport {
    /// Files in the order in which they were taken.
    pub files: Vec<(PathBuf, FileOutcome)>,
    /// What was passed over.
    pub skipped: Vec<Skipped>,
}

impl AddReport {
    /// The documents that stand in the knowledge base, new or unchanged.
    pub fn documents(&self) -> Vec<DocumentId> {
        let id = |outcome: &FileOutcome| match outcome {
            FileOutcome::Published { id, .. } | FileOutcome::Unchanged { id } => Some(*id),
            FileOutcome::Failed(_) => None,
        };
        self.files.iter().filter_map(|(_, outcome)| id(outcome)).collect()
    }

    /// The first failure, if any.
    pub fn first_failure(self) -> Option<Error> {
        self.files.into_iter().find_map(|(_, outcome)| match outcome {
            FileOutcome::Failed(error) => Some(error),
            FileOutcome::Published { .. } | FileOutcome::Unchanged { .. } => None,
        })
    }
}

/// A knowledge base with all that is needed to fill it and to ask it.
pub struct Engine {
    store: Box<dyn Store>,
    parser: Box<dyn Parser>,
    source: EncoderSource,
    encoder: OnceCell<Arc<dyn Encoder>>,
    settings: Settings,
}

impl Engine {
    /// Puts the parts together; the encoder is asked for when it is first needed.
    pub fn new(store: Box<dyn Store>, parser: Box<dyn Parser>, source: EncoderSource, settings: Settings) -> Self {
        Self { store, parser, source, encoder: OnceCell::new(), settings }
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

    /// Adds files and folders. What has not changed is left alone; what fails is reported and the others go on.
    ///
    /// # Errors
    /// When a path itself cannot be opened (before anything is added), no encoder is to be had, or the store fails.
    pub fn add(&mut self, paths: &[PathBuf], on_event: &mut dyn FnMut(&AddEvent<'_>)) -> Result<AddReport, Error> {
        let mut report = AddReport::default();
        let mut sources: Vec<Source> = Vec::new();
        for path in paths {
            let found = source::find(path).map_err(|e| Error::new(Kind::BadInput, "cannot add this", e))?;
            sources.extend(found.sources.into_iter().filter(|s| !sources.contains(s)).collect::<Vec<_>>());
            report.skipped.extend(found.skipped);
        }
        report.skipped.iter().for_each(|skipped| on_event(&AddEvent::Skipped(skipped)));
        let total = sources.len();
        for (i, source) in sources.into_iter().enumerate() {
            on_event(&AddEvent::Reading { path: &source.path, remaining: total - i - 1 });
            let outcome = match self.add_file(&source, on_event) {
                Err(error) if error.kind() == Kind::BadInput => self.failed(&source, error)?,
                other => other?,
            };
            on_event(&AddEvent::Finished { path: &source.path, outcome: &outcome });
            report.files.push((source.path, outcome));
        }
        Ok(report)
    }

    fn add_file(&mut self, source: &Source, on_event: &mut dyn FnMut(&AddEvent<'_>)) -> Result<FileOutcome, Error> {
        let bytes = source::read(source).map_err(|e| Error::new(Kind::BadInput, "cannot read this file", e))?;
        let (origin, content_hash) = (source.origin(), ContentHash::of(&bytes));
        let known = self.store.snapshot()?.find(&origin)?;
        if let Some((id, _)) = known.as_ref().filter(|(_, hash)| *hash == content_hash) {
            return Ok(FileOutcome::Unchanged { id: *id });
        }
        let content = self.parse(source, &bytes)?;
        drop(bytes);
        let pieces = self.cut(&content)?;
        let encoder = self.encoder()?;
        let texts: Vec<(ContentHash, &str)> =
            pieces.iter().map(|(p, hash)| (hash.clone(), &content.text[p.span.range()])).collect();
        let total = texts.len();
        let mut progress = |done| on_event(&AddEvent::Embedding { path: &source.path, done, total });
        let receipt = embed::stage(self.store.as_mut(), encoder.as_ref(), &texts, &mut progress)?;
        let foreign = Foreign::of(receipt, &encoder.id());
        let unread = content.unread.clone();
        let outcome = if known.is_some() { Outcome::Replaced } else { Outcome::Added };
        let entry = LedgerEntry { origin: origin.clone(), outcome, detail: describe(&unread) };
        let document = NewDocument { origin, content_hash, content, pieces };
        let batch = Batch { publish: vec![document], ledger: vec![entry], ..Batch::default() };
        let ids = self.store.commit(&batch)?;
        let id = ids.first().copied().ok_or_else(lost)?;
        Ok(FileOutcome::Published { id, replaced: known.is_some(), chunks: total, unread, receipt, foreign })
    }

    fn failed(&mut self, source: &Source, error: Error) -> Result<FileOutcome, Error> {
        let detail = error.reason();
        let entry = LedgerEntry { origin: source.origin(), outcome: Outcome::Failed, detail };
        self.store.commit(&Batch { ledger: vec![entry], ..Batch::default() })?;
        Ok(FileOutcome::Failed(error))
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

    /// The best `k` chunks for `query` among the documents that `filter` lets through, best first.
    ///
    /// # Errors
    /// When no encoder is to be had, or the store fails.
    pub fn search(&self, query: &str, k: usize, filter: &Filter) -> Result<Vec<Hit>, Error> {
        if self.store.encoder()?.is_none() {
            return Ok(Vec::new());
        }
        let embedding = self.embed_query(query)?;
        let snapshot = self.store.snapshot()?;
        Ok(retrieve::search(snapshot.as_ref(), &embedding, k, filter)?.hits)
    }

    /// Answers `question` with one to three quotations from the documents that `filter` lets through, or refuses.
    ///
    /// # Errors
    /// When no encoder is to be had, or the store fails.
    pub fn ask(&self, question: &str, k: usize, filter: &Filter) -> Result<Answer, Error> {
        if self.store.encoder()?.is_none() {
            return Ok(Answer::refused(Refusal::NothingToSearch));
        }
        let embedding = self.embed_query(question)?;
        let encoder = self.encoder()?;
        let snapshot = self.store.snapshot()?;
        let found: Found = retrieve::search(snapshot.as_ref(), &embedding, k, filter)?;
        let asked = Asked { text: question, embedding: &embedding };
        extract(&asked, found, encoder.as_ref(), snapshot.as_ref())
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
        Ok(self.store.snapshot()?.documents(&Filter::All)?)
    }

    /// One document whole, or `None`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn document(&self, id: DocumentId) -> Result<Option<Document>, Error> {
        Ok(self.store.snapshot()?.document(id)?)
    }

    /// Removes documents, with all that only they used.
    ///
    /// # Errors
    /// When the store fails; then nothing was removed.
    pub fn remove(&mut self, ids: &[DocumentId]) -> Result<(), Error> {
        self.store.commit(&Batch { remove: ids.to_vec(), ..Batch::default() })?;
        Ok(())
    }
}

fn describe(unread: &[crate::types::Unread]) -> String {
    unread.iter().map(|u| format!("page {}: {}", u.page, u.reason)).collect::<Vec<_>>().join("; ")
}

fn lost() -> Error {
    Error::new(
        Kind::Bug,
        "a result was lost",
        crate::error::StoreError::Corrupt { what: "fewer results than were asked for" },
    )
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::embed::HashingEncoder;
    use crate::parse::AllParsers;
    use crate::store::{MemoryStore, SqliteStore};
    use crate::types::Locator;

    fn engine(store: Box<dyn Store>, encoder: &Arc<HashingEncoder>) -> Engine {
        let encoder: Arc<dyn Encoder> = encoder.clone();
        Engine::new(store, Box::new(AllParsers), Box::new(move |_| Ok(encoder.clone())), Settings::default())
    }

    fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    const NOTES: &str =
        "# Bridges\n\nThe stone bridge of Zhaozhou has one arch.\n\n## Tolls\n\nThe toll for a horse was two coins.\n";

    #[test]
    fn a_file_is_added_asked_replaced_and_removed() {
        for store in [Box::new(SqliteStore::in_memory().unwrap()) as Box<dyn Store>, Box::new(MemoryStore::default())] {
            let folder = tempfile::tempdir().unwrap();
            let path = write(folder.path(), "notes.md", NOTES);
            let encoder = Arc::new(HashingEncoder::default());
            let mut engine = engine(store, &encoder);
            let id = engine.add(std::slice::from_ref(&path), &mut |_| {}).unwrap().documents()[0];
            let answer = engine.ask("What was the toll for a horse?", 8, &Filter::All).unwrap();
            let citation = &answer.citations[0];
            assert_eq!(citation.quote(), "The toll for a horse was two coins.");
            assert_eq!(citation.heading_path(), ["Bridges", "Tolls"]);
            assert_eq!(citation.locator(), &Locator::Lines { line: 7, last_line: 7 });
            let whole = engine.document(id).unwrap().unwrap();
            assert_eq!(citation.span().of(&whole.content.text), Some(citation.quote()));

            let before = encoder.encoded.load(Ordering::Relaxed);
            let again = engine.add(std::slice::from_ref(&path), &mut |_| {}).unwrap();
            assert!(matches!(again.files[0].1, FileOutcome::Unchanged { .. }));
            assert_eq!(encoder.encoded.load(Ordering::Relaxed), before);

            write(folder.path(), "notes.md", &NOTES.replace("two coins", "three coins"));
            let replaced = engine.add(&[path], &mut |_| {}).unwrap();
            assert!(matches!(replaced.files[0].1, FileOutcome::Published { replaced: true, chunks: 2, .. }));
            // the chunk that stayed the same was not encoded again
            assert_eq!(encoder.encoded.load(Ordering::Relaxed), before + 1);
            assert_eq!(engine.documents().unwrap().len(), 1);

            engine.remove(&replaced.documents()).unwrap();
            let nothing = engine.ask("What was the toll for a horse?", 8, &Filter::All).unwrap();
            assert_eq!(nothing.refusal, Some(Refusal::NothingToSearch));
        }
    }

    #[test]
    fn what_the_document_does_not_treat_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), "notes.md", NOTES);
        let mut engine = engine(Box::new(MemoryStore::default()), &Arc::new(HashingEncoder::default()));
        engine.add(&[path], &mut |_| {}).unwrap();
        let answer = engine.ask("Who won the football championship?", 8, &Filter::All).unwrap();
        assert_eq!(answer.refusal, Some(Refusal::NothingRelevant));
        assert!(answer.citations.is_empty() && answer.text.is_empty());
        assert!(!answer.hits.is_empty());
    }

    #[test]
    fn one_bad_file_does_not_stop_the_others_and_a_missing_path_stops_all() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "a.txt", "");
        write(folder.path(), "b.txt", "A sound file.");
        write(folder.path(), "c.jpg", "x");
        let mut engine = engine(Box::new(SqliteStore::in_memory().unwrap()), &Arc::new(HashingEncoder::default()));
        let seen = Rc::new(std::cell::RefCell::new(Vec::new()));
        let log = seen.clone();
        let report =
            engine.add(&[folder.path().to_path_buf()], &mut |e| log.borrow_mut().push(format!("{e:?}"))).unwrap();
        assert_eq!((report.files.len(), report.skipped.len(), report.documents().len()), (2, 1, 1));
        assert!(matches!(report.files[0].1, FileOutcome::Failed(_)));
        assert!(seen.borrow()[0].contains("c.jpg"));
        let missing = engine.add(&[folder.path().join("none.pdf")], &mut |_| {}).unwrap_err();
        assert_eq!(missing.kind(), Kind::BadInput);
        assert_eq!(engine.documents().unwrap().len(), 1);
    }

    #[test]
    fn an_interrupted_add_goes_on_where_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let sections: String = (0..50).map(|i| format!("# Part {i}\n\nWords of part number{i}.\n\n")).collect();
        let (kb, path) = (folder.path().join("kb.qiao"), write(folder.path(), "long.md", &sections));
        let add = |encoder: &Arc<HashingEncoder>| {
            let mut engine = engine(Box::new(SqliteStore::open(&kb).unwrap()), encoder);
            let added = engine.add(std::slice::from_ref(&path), &mut |_| {});
            (added, engine.documents().unwrap().len())
        };
        let (broken, documents) = add(&Arc::new(HashingEncoder { dies_after: Some(32), ..HashingEncoder::default() }));
        assert_eq!((broken.unwrap_err().kind(), documents), (Kind::Model, 0));
        let second = Arc::new(HashingEncoder::default());
        let (whole, documents) = add(&second);
        assert!(matches!(whole.unwrap().files[0].1, FileOutcome::Published { chunks: 50, .. }));
        assert_eq!((second.encoded.load(Ordering::Relaxed), documents), (50 - 32, 1));
    }

    #[test]
    fn a_knowledge_base_keeps_its_model() {
        let folder = tempfile::tempdir().unwrap();
        let (kb, path) = (folder.path().join("kb.qiao"), write(folder.path(), "notes.md", NOTES));
        let made = |name| Arc::new(HashingEncoder { name, ..HashingEncoder::default() });
        let open = || Box::new(SqliteStore::open(&kb).unwrap());
        engine(open(), &made("first")).add(&[path], &mut |_| {}).unwrap();
        let refused = engine(open(), &made("second")).ask("x", 8, &Filter::All).unwrap_err();
        assert_eq!(refused.kind(), Kind::Usage);
        assert!(engine(open(), &made("first")).ask("x", 8, &Filter::All).is_ok());
    }
}
