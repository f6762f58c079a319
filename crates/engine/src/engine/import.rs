//! Documents of another knowledge base into this one.

use qiao_model::EncoderId;

use super::Engine;
use crate::error::{Error, Kind, StoreError};
use crate::seams::{Batch, Filter, NewContent, NewDocument, Relabel, Snapshot, Store};
use crate::types::{Document, DocumentSummary, Labels, LedgerEntry, Outcome};

/// What happens while importing.
#[derive(Debug)]
pub enum ImportEvent<'a> {
    /// A document is being taken.
    Taking {
        /// Where it came from.
        origin: &'a str,
        /// Documents still to come after it.
        remaining: usize,
    },
    /// Its chunks are being embedded again, with this knowledge base's model.
    Embedding {
        /// Where it came from.
        origin: &'a str,
        /// Chunks that have their vectors.
        done: usize,
        /// All its chunks.
        total: usize,
    },
    /// All of it is about to appear in the knowledge base.
    Publishing {
        /// Where it came from.
        origin: &'a str,
    },
}

/// How importing went, in documents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct ImportReport {
    /// Read from the other, text and vectors.
    pub added: usize,
    /// Of bytes that a document here has as well, whose text and vectors they share now.
    pub linked: usize,
    /// Put in the place of an older version.
    pub replaced: usize,
    /// There already, or there in a newer version; what is said of them may have been added to.
    pub kept: usize,
    /// Chunks that were embedded again.
    pub embedded: usize,
    /// Whether nothing of older versions is left in the file and its log: see [`Removed`](super::Removed).
    #[serde(skip)]
    pub scrubbed: bool,
}

/// Vectors of another model than this knowledge base's.
#[derive(Debug, thiserror::Error)]
#[error(
    "it holds vectors of {theirs}, this knowledge base of {ours}: {documents} document(s) in {chunks} chunks would have to \
     be embedded again, and no file would be read again; --embed-again does so"
)]
struct OtherSpace {
    theirs: String,
    ours: String,
    documents: usize,
    chunks: u64,
}

/// What is to become of a document of the other knowledge base.
enum Plan {
    /// It is here, or its newer version is: only what is said of it may be new.
    Keep(Option<Relabel>),
    /// It comes, in the place of an older version or of none.
    Take(Labels, bool),
}

impl Engine {
    /// Takes the documents of `other`. Of two versions of one origin, the one added later stays, and of two added in the same
    /// second the one whose bytes have the greater hash, so that it does not matter which knowledge base is merged into which.
    /// Nothing is read again; nothing is embedded again where both hold vectors of the same encoder.
    ///
    /// # Errors
    /// When the encoders differ and `embed_again` is not set; when no encoder is to be had; when a store fails. Documents
    /// taken before that are whole, and the next import goes on behind them.
    pub fn import(
        &mut self,
        other: &dyn Store,
        embed_again: bool,
        on_event: &mut dyn FnMut(&ImportEvent<'_>),
    ) -> Result<ImportReport, Error> {
        let theirs = other.encoder()?;
        let source = other.snapshot()?;
        let documents = source.documents(&Filter::All)?;
        let same = match (&theirs, self.store.encoder()?) {
            (Some(theirs), Some(ours)) => theirs.same_space(&ours),
            _ => true,
        };
        if !same && !embed_again {
            self.refuse(source.as_ref(), &documents, theirs.as_ref())?;
        }
        let mut report = ImportReport::default();
        let total = documents.len();
        for (i, theirs) in documents.into_iter().enumerate() {
            on_event(&ImportEvent::Taking { origin: &theirs.origin, remaining: total - i - 1 });
            let plan = plan(self.store.snapshot()?.as_ref(), source.as_ref(), &theirs)?;
            match plan {
                Plan::Keep(relabel) => {
                    report.kept += 1;
                    if let Some(relabel) = relabel {
                        self.store.commit(&Batch { label: vec![relabel], ..Batch::default() })?;
                    }
                }
                Plan::Take(labels, replaced) => {
                    let content = self.content(source.as_ref(), &theirs, same, (&mut report, on_event))?;
                    report.replaced += usize::from(replaced);
                    let (origin, content_hash) = (theirs.origin, theirs.content_hash);
                    on_event(&ImportEvent::Publishing { origin: &origin });
                    let outcome = if replaced { Outcome::Replaced } else { Outcome::Imported };
                    let entry = LedgerEntry { origin: origin.clone(), outcome, detail: String::new() };
                    let added_at = Some(theirs.added_at);
                    let document = NewDocument { origin, content_hash, content, labels, added_at };
                    self.store.commit(&Batch { publish: vec![document], ledger: vec![entry], ..Batch::default() })?;
                }
            }
        }
        report.scrubbed = self.scrub("all documents are taken")?;
        self.catch_up(1);
        Ok(report)
    }

    /// Says what would have to be embedded again, if anything would.
    fn refuse(
        &self,
        source: &dyn Snapshot,
        documents: &[DocumentSummary],
        theirs: Option<&EncoderId>,
    ) -> Result<(), Error> {
        let own = self.store.snapshot()?;
        let (mut again, mut chunks) = (0, 0);
        for document in documents {
            let comes = matches!(plan(own.as_ref(), source, document)?, Plan::Take(..));
            if comes && own.twin(&document.content_hash, document.media)?.is_none() {
                again += 1;
                chunks += document.chunks;
            }
        }
        if again == 0 {
            return Ok(());
        }
        let label = |id: Option<&EncoderId>| id.map(EncoderId::label).unwrap_or_default();
        let ours = self.store.encoder()?;
        let (theirs, ours) = (label(theirs), label(ours.as_ref()));
        Err(Error::new(Kind::Usage, "cannot import this", OtherSpace { theirs, ours, documents: again, chunks }))
    }

    /// What a document holds, its vectors staged.
    fn content(
        &mut self,
        source: &dyn Snapshot,
        theirs: &DocumentSummary,
        same: bool,
        (report, on_event): (&mut ImportReport, &mut dyn FnMut(&ImportEvent<'_>)),
    ) -> Result<NewContent, Error> {
        if self.store.snapshot()?.twin(&theirs.content_hash, theirs.media)?.is_some() {
            report.linked += 1;
            return Ok(NewContent::Shared(theirs.media));
        }
        report.added += 1;
        let gone = || Error::from(StoreError::Corrupt { what: "a document" });
        let Document { content, origin, .. } = source.document(theirs.id)?.ok_or_else(gone)?;
        if same {
            let (pieces, staged): (Vec<_>, Vec<_>) = source
                .pieces(theirs.id)?
                .into_iter()
                .map(|(piece, staged)| ((piece, staged.text_hash.clone()), staged))
                .unzip();
            self.store.stage(&origin, &staged)?;
            return Ok(NewContent::Read(Box::new(content), pieces));
        }
        let mut progress = |done, total| on_event(&ImportEvent::Embedding { origin: &origin, done, total });
        let (pieces, _) = self.embed(&origin, &content, &mut progress)?;
        report.embedded += pieces.len();
        Ok(NewContent::Read(Box::new(content), pieces))
    }
}

fn plan(own: &dyn Snapshot, source: &dyn Snapshot, theirs: &DocumentSummary) -> Result<Plan, Error> {
    let said = source.labels(theirs.id)?;
    let Some((id, _)) = own.find(&theirs.origin)? else { return Ok(Plan::Take(said, false)) };
    let Some(ours) = own.documents(&Filter::Documents([id].into()))?.into_iter().next() else {
        return Ok(Plan::Take(said, false));
    };
    let said_here = own.labels(id)?;
    let age = |d: &DocumentSummary| (d.added_at, d.content_hash.clone(), d.media);
    let newer = (age(theirs), &said.metadata, &said.tags) > (age(&ours), &said_here.metadata, &said_here.tags);
    let (mut all, over) = if newer { (said_here.clone(), &said) } else { (said, &said_here) };
    all.extend(over);
    if (&ours.content_hash, ours.media) != (&theirs.content_hash, theirs.media) && newer {
        return Ok(Plan::Take(all, true));
    }
    let added_at = (newer && theirs.added_at > ours.added_at).then_some(theirs.added_at);
    let changed = all != said_here || added_at.is_some();
    Ok(Plan::Keep(changed.then_some(Relabel { id, labels: all, added_at })))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use std::sync::atomic::Ordering;

    use proptest::prelude::*;

    use super::*;
    use crate::embed::HashingEncoder;
    use crate::engine::Settings;
    use crate::parse::AllParsers;
    use crate::retrieve::Request;
    use crate::seams::{Encoder, Limits, Parser};
    use crate::store::SqliteStore;
    use crate::types::{ContentHash, Media, Metadata};

    fn engine(encoder: &Arc<HashingEncoder>) -> Engine {
        let (store, encoder): (_, Arc<dyn Encoder>) = (SqliteStore::in_memory().unwrap(), encoder.clone());
        Engine::new(Box::new(store), Box::new(AllParsers), Box::new(move |_| Ok(encoder.clone())), Settings::default())
    }

    /// A document of some origin, text, label and moment.
    type Told = (u8, u8, u8, i64);

    fn publish(engine: &mut Engine, (origin, text, label, added_at): Told) {
        let (origin, text) = (format!("/d/{origin}.txt"), format!("Text number{text}.\n\nThe same in all of them."));
        let content_hash = ContentHash::of(text.as_bytes());
        let known = !engine.store.snapshot().unwrap().holders(&content_hash, Media::Text).unwrap().is_empty();
        let content = match known {
            true => NewContent::Shared(Media::Text),
            false => {
                let content = AllParsers.parse(Media::Text, text.as_bytes(), &Limits::default()).unwrap();
                let (pieces, _) = engine.embed(&origin, &content, &mut |_, _| {}).unwrap();
                NewContent::Read(Box::new(content), pieces)
            }
        };
        let labels = Labels {
            tags: BTreeSet::from([format!("tag{label}")]),
            metadata: Metadata::from([("key".into(), vec![label.to_string()])]),
        };
        let document = NewDocument { origin, content_hash, content, labels, added_at: Some(added_at) };
        engine.store.commit(&Batch { publish: vec![document], ..Batch::default() }).unwrap();
    }

    fn filled(encoder: &Arc<HashingEncoder>, told: &[Told]) -> Engine {
        let mut engine = engine(encoder);
        told.iter().for_each(|one| publish(&mut engine, *one));
        engine
    }

    /// All that may not depend on which was merged into which.
    fn documents(engine: &Engine) -> Vec<serde_json::Value> {
        let mut all: Vec<_> = engine.documents().unwrap().iter().map(|d| serde_json::to_value(d).unwrap()).collect();
        all.iter_mut().for_each(|document| document["id"] = 0.into());
        all.sort_by_key(|document| document["origin"].to_string());
        all
    }

    fn told() -> impl Strategy<Value = Vec<Told>> {
        prop::collection::vec((0u8..5, 0u8..4, 0u8..3, 0i64..3), 0..8)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn it_does_not_matter_which_is_merged_into_which(ours in told(), theirs in told()) {
            let encoder = Arc::new(HashingEncoder::default());
            let (mut a, mut b) = (filled(&encoder, &ours), filled(&encoder, &theirs));
            let (kept_a, kept_b) = (filled(&encoder, &ours), filled(&encoder, &theirs));
            let before = encoder.encoded.load(Ordering::Relaxed);
            a.import(kept_b.store.as_ref(), false, &mut |_| {}).unwrap();
            b.import(kept_a.store.as_ref(), false, &mut |_| {}).unwrap();
            prop_assert_eq!(documents(&a), documents(&b));
            prop_assert_eq!(encoder.encoded.load(Ordering::Relaxed), before);
            // once more changes nothing
            let again = a.import(kept_b.store.as_ref(), false, &mut |_| {}).unwrap();
            prop_assert_eq!((again.added, again.linked, again.replaced), (0, 0, 0));
            prop_assert_eq!(documents(&a), documents(&b));
        }
    }

    #[test]
    fn vectors_of_another_model_are_refused_with_what_they_would_cost_or_made_again() {
        let (one, other) =
            (Arc::new(HashingEncoder::default()), Arc::new(HashingEncoder { name: "other", ..Default::default() }));
        let mut ours = filled(&one, &[(0, 0, 0, 1)]);
        let theirs = filled(&other, &[(1, 1, 0, 1), (2, 0, 0, 1), (0, 0, 0, 1)]);
        let refused = ours.import(theirs.store.as_ref(), false, &mut |_| {}).unwrap_err();
        assert_eq!(refused.kind(), Kind::Usage);
        // the text of the third is here already, under another name
        assert!(refused.reason().contains("1 document(s) in 1 chunks"), "{}", refused.reason());
        assert_eq!(ours.documents().unwrap().len(), 1);
        let done = ours.import(theirs.store.as_ref(), true, &mut |_| {}).unwrap();
        assert_eq!(done, ImportReport { added: 1, linked: 1, replaced: 0, kept: 1, embedded: 1, scrubbed: true });
        assert_eq!(ours.documents().unwrap().len(), 3);
    }

    #[test]
    fn a_store_without_documents_takes_the_model_of_the_other() {
        let encoder = Arc::new(HashingEncoder::default());
        let (mut empty, theirs) = (engine(&encoder), filled(&encoder, &[(1, 1, 0, 1)]));
        empty.import(theirs.store.as_ref(), false, &mut |_| {}).unwrap();
        assert_eq!(empty.search("number1", &Request { hits: 1, ..Request::default() }).unwrap().hits.len(), 1);
    }
}
