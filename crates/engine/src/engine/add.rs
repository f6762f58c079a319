//! Files into documents.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use qiao_model::{EncoderId, Receipt, registry};

use super::{Engine, lost};
use crate::error::{Error, Kind};
use crate::seams::{Batch, NewContent, NewDocument, Relabel};
use crate::source::{self, Skipped, Source};
use crate::types::{Content, ContentHash, DocumentId, Labels, LedgerEntry, Outcome, Unread};

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
    /// All of it is about to appear in the knowledge base.
    Publishing {
        /// The file.
        path: &'a Path,
    },
    /// Chunks that were published are being indexed.
    Indexing {
        /// Chunks that are.
        done: usize,
        /// Chunks that are to be.
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
        unread: Vec<Unread>,
        /// What became of the tokens of all chunks.
        receipt: Receipt,
        /// Said where the model does not know what it was given.
        foreign: Option<Foreign>,
    },
    /// It stands in the knowledge base now, and shares text and vectors with another of the same bytes.
    Linked {
        /// Its number.
        id: DocumentId,
        /// Whether an older version was replaced.
        replaced: bool,
        /// Number of chunks.
        chunks: usize,
        /// The other's origin.
        same_as: String,
    },
    /// It stood there already, byte for byte; what is said of it may have been added to.
    Unchanged {
        /// Its number.
        id: DocumentId,
    },
    /// It could not be read; an older version, if any, is still there.
    Failed(Error),
}

/// Chunks that are published before they are indexed, while more come.
const INDEX_EVERY: usize = 4096;

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
    /// Whether nothing of older versions is left in the file and its log: see [`Removed`](super::Removed).
    pub scrubbed: bool,
    /// Why what makes searches fast could not be brought up to date, if it could not; they are right all the same.
    pub not_indexed: Option<Error>,
}

impl AddReport {
    /// The documents that stand in the knowledge base, new or unchanged.
    pub fn documents(&self) -> Vec<DocumentId> {
        let id = |outcome: &FileOutcome| match outcome {
            FileOutcome::Published { id, .. } | FileOutcome::Linked { id, .. } | FileOutcome::Unchanged { id } => {
                Some(*id)
            }
            FileOutcome::Failed(_) => None,
        };
        self.files.iter().filter_map(|(_, outcome)| id(outcome)).collect()
    }

    /// The first failure, if any.
    pub fn first_failure(self) -> Option<Error> {
        self.files.into_iter().find_map(|(_, outcome)| match outcome {
            FileOutcome::Failed(error) => Some(error),
            FileOutcome::Published { .. } | FileOutcome::Linked { .. } | FileOutcome::Unchanged { .. } => None,
        })
    }
}

impl Engine {
    /// Adds files and folders, and says `labels` of all that stand in the knowledge base then. What has not changed is left
    /// alone; what fails is reported and the others go on.
    ///
    /// # Errors
    /// When a path itself cannot be opened (before anything is added), no encoder is to be had, or the store fails.
    pub fn add(
        &mut self,
        paths: &[PathBuf],
        labels: &Labels,
        on_event: &mut dyn FnMut(&AddEvent<'_>),
    ) -> Result<AddReport, Error> {
        let mut report = AddReport::default();
        let mut sources: Vec<Source> = Vec::new();
        let mut seen = HashSet::new();
        for path in paths {
            let found = source::find(path).map_err(|e| Error::new(Kind::BadInput, "cannot add this", e))?;
            sources.extend(found.sources.into_iter().filter(|source| seen.insert(source.path.clone())));
            report.skipped.extend(found.skipped);
        }
        report.skipped.iter().for_each(|skipped| on_event(&AddEvent::Skipped(skipped)));
        let total = sources.len();
        for (i, source) in sources.into_iter().enumerate() {
            on_event(&AddEvent::Reading { path: &source.path, remaining: total - i - 1 });
            let mut done = self.add_file(&source, labels, on_event);
            if done.as_ref().is_err_and(Error::is_overtaken) {
                done = self.add_file(&source, labels, on_event);
            }
            let outcome = match done {
                Err(error) if error.kind() == Kind::BadInput => self.failed(&source, error)?,
                other => other?,
            };
            on_event(&AddEvent::Finished { path: &source.path, outcome: &outcome });
            report.files.push((source.path, outcome));
            self.index_added(INDEX_EVERY, &mut report.not_indexed, on_event);
        }
        report.scrubbed = self.scrub("all files are done")?;
        self.index_added(1, &mut report.not_indexed, on_event);
        Ok(report)
    }

    fn index_added(&self, least: usize, failed: &mut Option<Error>, on_event: &mut dyn FnMut(&AddEvent<'_>)) {
        let done = self.store.index(least, &mut |done, total| on_event(&AddEvent::Indexing { done, total }));
        *failed = done.err().map(Error::from);
    }

    fn add_file(
        &mut self,
        source: &Source,
        labels: &Labels,
        on_event: &mut dyn FnMut(&AddEvent<'_>),
    ) -> Result<FileOutcome, Error> {
        let bytes = source::read(source).map_err(|e| Error::new(Kind::BadInput, "cannot read this file", e))?;
        let (origin, content_hash) = (source.origin(), ContentHash::of(&bytes));
        let snapshot = self.store.snapshot()?;
        let known = snapshot.find(&origin)?;
        let twin = snapshot.twin(&content_hash, source.media)?;
        drop(snapshot);
        if let Some((id, _)) = known.as_ref().filter(|(_, hash)| *hash == content_hash) {
            if !labels.is_empty() {
                let label = vec![Relabel { id: *id, labels: labels.clone(), added_at: None }];
                self.store.commit(&Batch { label, ..Batch::default() })?;
            }
            return Ok(FileOutcome::Unchanged { id: *id });
        }
        let new = |content| NewDocument { origin, content_hash, content, labels: labels.clone(), added_at: None };
        let replaced = known.is_some();
        if let Some(twin) = twin {
            let id = self.publish(new(NewContent::Shared(source.media)), replaced, String::new(), on_event)?;
            return Ok(FileOutcome::Linked { id, replaced, chunks: twin.chunks as usize, same_as: twin.origin });
        }
        let content = self.parse(source, &bytes)?;
        drop(bytes);
        self.add_content(source, content, (new, replaced), on_event)
    }

    fn add_content(
        &mut self,
        source: &Source,
        content: Content,
        (new, replaced): (impl FnOnce(NewContent) -> NewDocument, bool),
        on_event: &mut dyn FnMut(&AddEvent<'_>),
    ) -> Result<FileOutcome, Error> {
        let mut progress = |done, total| on_event(&AddEvent::Embedding { path: &source.path, done, total });
        let (pieces, receipt) = self.embed(&source.origin(), &content, &mut progress)?;
        let (chunks, foreign) = (pieces.len(), Foreign::of(receipt, &self.encoder()?.id()));
        let unread = content.unread.clone();
        let document = new(NewContent::Read(Box::new(content), pieces));
        let id = self.publish(document, replaced, describe(&unread), on_event)?;
        Ok(FileOutcome::Published { id, replaced, chunks, unread, receipt, foreign })
    }

    fn publish(
        &mut self,
        document: NewDocument,
        replaced: bool,
        detail: String,
        on_event: &mut dyn FnMut(&AddEvent<'_>),
    ) -> Result<DocumentId, Error> {
        on_event(&AddEvent::Publishing { path: Path::new(&document.origin) });
        let outcome = if replaced { Outcome::Replaced } else { Outcome::Added };
        let entry = LedgerEntry { origin: document.origin.clone(), outcome, detail };
        let batch = Batch { publish: vec![document], ledger: vec![entry], ..Batch::default() };
        self.store.commit(&batch)?.first().copied().ok_or_else(lost)
    }

    fn failed(&mut self, source: &Source, error: Error) -> Result<FileOutcome, Error> {
        let detail = error.reason();
        let entry = LedgerEntry { origin: source.origin(), outcome: Outcome::Failed, detail };
        self.store.commit(&Batch { ledger: vec![entry], ..Batch::default() })?;
        Ok(FileOutcome::Failed(error))
    }
}

fn describe(unread: &[Unread]) -> String {
    unread.iter().map(|u| format!("page {}: {}", u.page, u.reason)).collect::<Vec<_>>().join("; ")
}
