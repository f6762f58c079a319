//! For `bench/retrieval/million.py`: times searches of a knowledge base, the encoder aside.
//!
//! usage: search_speed KB QUERIES.txt      QUERIES.txt has a question a line, for the search by words
//!
//! Vectors to look for are those of chunks here and there, moved a little. Prints a line of JSON: milliseconds of the first
//! search of each kind (files opened, nothing mapped), and the median and 95th percentile of the others.
#![allow(clippy::print_stdout, reason = "a program for people at a terminal")]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use qiao::language::Words;
use qiao::seams::{Filter, Snapshot, Store};
use qiao::store::{SqliteStore, Wait};
use qiao::types::{ChunkId, DocumentId, Embedding};
use serde_json::{Value, json};

type Fault = Box<dyn std::error::Error>;

/// Vectors that are looked for.
const ASKED: usize = 200;
/// Hits of each search.
const K: usize = 10;

fn main() -> Result<(), Fault> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kb, queries] = &arguments[..] else { return Err("usage: search_speed KB QUERIES.txt".into()) };
    let open = || SqliteStore::open_existing(Path::new(kb), Wait::default()).map(|store| store.ok_or("no such file"));
    let queries: Vec<Words> = std::fs::read_to_string(queries)?.lines().map(Words::of).collect();
    let (asked, hundredth, documents) = chosen(&open()??)?;
    let all = Filter::All;
    let one = Filter::Documents(hundredth);
    let dense = |filter| timed(open()??, &asked, &|s, query| s.nearest(query, K, filter).map(|found| found.len()));
    let words =
        |filter| timed(open()??, &queries, &|s, words| s.lexical(words, K, filter).map(|found| found.best.len()));
    let rows = json!({
        "documents": documents,
        "dense": dense(&all)?, "dense, 1% of the documents": dense(&one)?,
        "words": words(&all)?, "words, 1% of the documents": words(&one)?,
    });
    println!("{rows}");
    Ok(())
}

/// Vectors to look for, and every hundredth document.
fn chosen(store: &SqliteStore) -> Result<(Vec<Embedding>, std::collections::BTreeSet<DocumentId>, usize), Fault> {
    let encoder = Arc::new(store.encoder()?.ok_or("an empty knowledge base")?);
    let snapshot = store.snapshot()?;
    let documents = snapshot.documents(&Filter::All)?;
    let mut asked = Vec::new();
    for document in documents.iter().step_by((documents.len() / ASKED).max(1)).take(ASKED) {
        let first: Vec<ChunkId> = snapshot.chunks_at(document.id, qiao::types::Span::new(0, 1))?;
        for embedding in snapshot.embeddings(&first)? {
            let moved = embedding.vector().iter().enumerate().map(|(i, v)| v + 0.02 * (i as f32 * 1.7).sin());
            asked.push(Embedding::new(encoder.clone(), moved.collect())?);
        }
    }
    let hundredth = documents.iter().step_by(100).map(|document| document.id).collect();
    Ok((asked, hundredth, documents.len()))
}

fn timed<Q>(
    store: SqliteStore,
    queries: &[Q],
    search: &dyn Fn(&dyn Snapshot, &Q) -> Result<usize, qiao::error::StoreError>,
) -> Result<Value, Fault> {
    let mut milliseconds = Vec::new();
    let mut found = 0;
    for query in queries {
        let begun = Instant::now();
        let snapshot = store.snapshot()?;
        found += search(snapshot.as_ref(), query)?;
        milliseconds.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    let first = milliseconds.first().copied();
    milliseconds.sort_by(f64::total_cmp);
    let at = |share: f64| milliseconds.get((milliseconds.len() as f64 * share) as usize).copied();
    Ok(json!({"first": first, "p50": at(0.5), "p95": at(0.95), "found": found as f64 / queries.len() as f64}))
}
