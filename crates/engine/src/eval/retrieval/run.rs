//! A data set asked of the real store and the real search.

use std::collections::BTreeMap;
use std::path::Path;

use qiao_model::{Long, Role};

use super::dataset::DataSet;
use crate::error::Error;
use crate::retrieve::{self, Mode, Query};
use crate::seams::{Batch, Encoder, NewContent, NewDocument, Reranker, Staged, Store};
use crate::store::{SqliteStore, Wait};
use crate::types::{ChunkId, Content, ContentHash, Labels, Media, Metadata, Piece, Span};

/// Texts encoded at once.
const BATCH: usize = 256;

/// What has been done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// So many passages of so many have their vectors.
    Passages(usize, usize),
    /// So many questions of so many were asked.
    Questions(usize, usize),
}

/// The passages found for each question, best first, by each way of finding.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Runs {
    /// By the name of the way: `dense`, `lexical`, `hybrid`, `reranked`.
    pub by_way: BTreeMap<&'static str, Vec<Vec<usize>>>,
}

/// Puts the passages of `set` into a new knowledge base in `folder`, each as one chunk cut to what the model takes, and asks
/// its questions.
///
/// # Errors
/// When a text cannot be encoded, or the folder cannot be written.
pub fn run(
    set: &DataSet,
    encoder: &dyn Encoder,
    reranker: Option<&dyn Reranker>,
    folder: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<Runs, Error> {
    let mut store = SqliteStore::open(&folder.join("eval.qiao"), Wait::default())?;
    let chunks = fill(&mut store, set, encoder, progress)?;
    store.index(1, &mut |_, _| {})?;
    let snapshot = store.snapshot()?;
    let mut runs = Runs::default();
    let mut done = 0;
    for questions in set.queries.chunks(BATCH) {
        let texts: Vec<&str> = questions.iter().map(|query| query.text.as_str()).collect();
        for (text, (meaning, _)) in texts.iter().zip(encoder.embed(Role::Query, &texts, Long::Truncate)?) {
            let query = Query::question(text, Some(&meaning));
            let ways = [("dense", Mode::Dense, None), ("lexical", Mode::Lexical, None), ("hybrid", Mode::Hybrid, None)];
            let reranked = reranker.map(|reranker| ("reranked", Mode::Hybrid, Some(reranker)));
            for (name, mode, reranker) in ways.into_iter().chain(reranked) {
                let ranked = retrieve::ranking(snapshot.as_ref(), &query, mode, reranker)?;
                let found = ranked.iter().flat_map(|scored| chunks.get(&scored.key).into_iter().flatten().copied());
                runs.by_way.entry(name).or_default().push(found.collect());
            }
            done += 1;
            progress(Progress::Questions(done, set.queries.len()));
        }
    }
    Ok(runs)
}

/// The passages that each chunk stands for: several where their texts are equal.
type Places = BTreeMap<ChunkId, Vec<usize>>;

fn fill(
    store: &mut SqliteStore,
    set: &DataSet,
    encoder: &dyn Encoder,
    progress: &mut dyn FnMut(Progress),
) -> Result<Places, Error> {
    let mut by_text: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, passage) in set.passages.iter().enumerate().filter(|(_, passage)| !passage.text.trim().is_empty()) {
        by_text.entry(&passage.text).or_default().push(place);
    }
    let mut all: Vec<(&str, Vec<usize>)> = by_text.into_iter().collect();
    all.sort_by_key(|(_, places)| places[0]);
    let mut chunks = Places::new();
    let mut done = 0;
    for batch in all.chunks(BATCH) {
        let texts: Vec<&str> = batch.iter().map(|(text, _)| *text).collect();
        let staged = |(text, (embedding, receipt)): (&&str, _)| Staged {
            text_hash: ContentHash::of(text.as_bytes()),
            embedding,
            receipt,
        };
        let vectors: Vec<Staged> =
            texts.iter().zip(encoder.embed(Role::Passage, &texts, Long::Truncate)?).map(staged).collect();
        store.stage("eval", &vectors)?;
        let documents = texts.iter().zip(&vectors).map(|(text, staged)| document(text, &staged.text_hash));
        let published = store.commit(&Batch { publish: documents.collect(), ..Batch::default() })?;
        let snapshot = store.snapshot()?;
        for (id, (text, places)) in published.into_iter().zip(batch) {
            let own = snapshot.chunks_at(id, Span::new(0, text.len()))?;
            chunks.extend(own.into_iter().map(|chunk| (chunk, places.clone())));
        }
        done += batch.len();
        progress(Progress::Passages(done, all.len()));
    }
    Ok(chunks)
}

/// A passage as a document of one chunk.
fn document(text: &str, hash: &ContentHash) -> NewDocument {
    let content = Content {
        media: Media::Text,
        title: None,
        language: None,
        pages: None,
        text: text.to_owned(),
        sections: Vec::new(),
        furniture: Vec::new(),
        anchors: Vec::new(),
        unread: Vec::new(),
        properties: Metadata::new(),
    };
    let piece = Piece { span: Span::new(0, text.len()), heading_path: Vec::new(), tokens: 0 };
    NewDocument {
        origin: hash.as_str().to_owned(),
        content_hash: hash.clone(),
        content: NewContent::Read(Box::new(content), vec![(piece, hash.clone())]),
        labels: Labels::default(),
        added_at: None,
    }
}
