//! SQLite and the double, driven by the same operations and compared.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use qiao_model::{Long, Role};

use super::{MemoryStore, SqliteStore};
use crate::embed::HashingEncoder;
use crate::error::StoreError;
use crate::seams::{Batch, Encoder, Filter, NewDocument, Staged, Store};
use crate::types::{
    Anchor, Content, ContentHash, DocumentId, Embedding, LedgerEntry, Media, Outcome, Piece, Place, Rect, Section,
    Span, Unread,
};

static ENCODER: HashingEncoder =
    HashingEncoder { encoded: std::sync::atomic::AtomicUsize::new(0), name: "hash", dies_after: None };

fn embedding(text: &str) -> Embedding {
    ENCODER.embed(Role::Passage, &[text], Long::Truncate).unwrap().remove(0).0
}

/// A document of one chunk a line.
fn document(name: &str, text: &str) -> (NewDocument, Vec<Staged>) {
    let (mut pieces, mut anchors, mut start) = (Vec::new(), Vec::new(), 0);
    for (i, line) in text.split('\n').enumerate() {
        let span = Span::new(start, start + line.len());
        let rect = Rect { x0: 1.0, y0: i as f32, x1: 2.5, y1: i as f32 + 1.0 };
        anchors.push(Anchor { span, place: Place::Box { page: 1 + i as u32, rect } });
        let piece = Piece { span, heading_path: vec![format!("§ {i}")], tokens: line.len() };
        pieces.push((piece, ContentHash::of(line.as_bytes())));
        start = span.end + 1;
    }
    let content = Content {
        media: Media::Pdf,
        title: Some(format!("title of {name}")),
        language: None,
        pages: Some(3),
        text: text.to_owned(),
        sections: vec![Section { level: 2, heading: Span::new(0, 1) }],
        furniture: vec![Span::new(1, 2)],
        anchors,
        unread: vec![Unread { page: 9, reason: "no text".into() }],
    };
    let staged = text.split('\n').map(|line| Staged {
        text_hash: ContentHash::of(line.as_bytes()),
        embedding: embedding(line),
        receipt: qiao_model::Receipt { tokens: 1, dropped: 0, unknown: 0 },
    });
    let staged = staged.collect();
    (
        NewDocument { origin: format!("/d/{name}"), content_hash: ContentHash::of(text.as_bytes()), content, pieces },
        staged,
    )
}

fn publish(store: &mut dyn Store, name: &str, text: &str) -> DocumentId {
    let (new, staged) = document(name, text);
    store.stage(&staged).unwrap();
    store.commit(&Batch { publish: vec![new], ..Batch::default() }).unwrap()[0]
}

#[derive(Debug, Clone)]
enum Operation {
    Publish { name: u8, lines: Vec<u8> },
    Remove { name: u8 },
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let publish =
        (0u8..4, prop::collection::vec(0u8..6, 1..5)).prop_map(|(name, lines)| Operation::Publish { name, lines });
    let remove = (0u8..4).prop_map(|name| Operation::Remove { name });
    prop::collection::vec(prop_oneof![3 => publish, 1 => remove], 1..10)
}

fn apply(store: &mut dyn Store, operation: &Operation) {
    match operation {
        Operation::Publish { name, lines } => {
            let lines: Vec<String> = lines.iter().map(|l| format!("line number{l} 桥{l}")).collect();
            publish(store, &name.to_string(), &lines.join("\n"));
        }
        Operation::Remove { name } => {
            let found = store.snapshot().unwrap().find(&format!("/d/{name}")).unwrap();
            let remove = found.map(|(id, _)| id).into_iter().collect();
            store.commit(&Batch { remove, ..Batch::default() }).unwrap();
        }
    }
}

/// Origins with their whole documents, and what a search finds, numbers of rows left out.
fn seen(store: &dyn Store) -> (Vec<serde_json::Value>, Vec<(String, u32, String)>) {
    let snapshot = store.snapshot().unwrap();
    let mut documents: Vec<serde_json::Value> = Vec::new();
    for summary in snapshot.documents(&Filter::All).unwrap() {
        let mut whole = serde_json::to_value(snapshot.document(summary.id).unwrap().unwrap()).unwrap();
        whole["id"] = 0.into();
        documents.push(whole);
    }
    let nearest = snapshot.nearest(&embedding("number3 桥3 line"), 100, &Filter::All).unwrap();
    assert_eq!(nearest.compared, nearest.scored.len());
    let ids: Vec<_> = nearest.scored.iter().map(|s| s.key).collect();
    let chunks = snapshot.chunks(&ids).unwrap();
    let hits =
        chunks.into_iter().zip(&nearest.scored).map(|(c, s)| (c.text, s.score.to_bits(), format!("{:?}", c.locator)));
    documents.sort_by_key(|d| d["origin"].to_string());
    (documents, hits.collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn sqlite_does_what_plain_collections_do(operations in operations()) {
        let (mut sqlite, mut memory) = (SqliteStore::in_memory().unwrap(), MemoryStore::default());
        for operation in &operations {
            apply(&mut sqlite, operation);
            apply(&mut memory, operation);
            prop_assert_eq!(seen(&sqlite), seen(&memory));
        }
        let all: Vec<ContentHash> = (0..6).map(|l| ContentHash::of(format!("line number{l} 桥{l}").as_bytes())).collect();
        prop_assert_eq!(sqlite.staged(&ENCODER.id(), &all).unwrap(), memory.staged(&ENCODER.id(), &all).unwrap());
    }
}

#[test]
fn a_search_within_documents_finds_only_theirs() {
    let mut store = SqliteStore::in_memory().unwrap();
    let first = publish(&mut store, "a", "same words\nother");
    let second = publish(&mut store, "b", "same words");
    let snapshot = store.snapshot().unwrap();
    let found = snapshot.nearest(&embedding("same words"), 9, &Filter::Documents([second].into())).unwrap();
    let chunks = snapshot.chunks(&found.scored.iter().map(|s| s.key).collect::<Vec<_>>()).unwrap();
    assert_eq!(chunks.iter().map(|c| c.chunk.document).collect::<Vec<_>>(), [second]);
    assert_eq!(snapshot.documents(&Filter::Documents(BTreeSet::from([first]))).unwrap().len(), 1);
}

#[test]
fn a_chunk_without_its_vector_fails_the_whole_batch() {
    let mut store = SqliteStore::in_memory().unwrap();
    publish(&mut store, "a", "old text");
    let (new, _) = document("a", "new text\nold text");
    let entry = LedgerEntry { origin: "/d/a".into(), outcome: Outcome::Replaced, detail: String::new() };
    let batch = Batch { publish: vec![new], ledger: vec![entry], ..Batch::default() };
    assert!(matches!(store.commit(&batch), Err(StoreError::Database { doing: "written", .. })));
    assert_eq!(store.snapshot().unwrap().documents(&Filter::All).unwrap()[0].text_bytes, 8);
}

#[test]
fn the_first_encoder_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/kb.qiao");
    publish(&mut SqliteStore::open(&path).unwrap(), "a", "text");
    let mut again = SqliteStore::open_existing(&path).unwrap().unwrap();
    assert_eq!(again.encoder().unwrap().unwrap().model, "hash");
    let mut other = (*ENCODER.id()).clone();
    other.weights_sha256 = "another".into();
    let vector = embedding("x").vector().to_vec();
    let staged = Staged {
        text_hash: ContentHash::of(b"x"),
        embedding: Embedding::new(Arc::new(other.clone()), vector).unwrap(),
        receipt: qiao_model::Receipt { tokens: 1, dropped: 0, unknown: 0 },
    };
    assert!(matches!(again.stage(std::slice::from_ref(&staged)), Err(StoreError::OtherEncoder { .. })));
    let snapshot = again.snapshot().unwrap();
    assert!(matches!(snapshot.nearest(&staged.embedding, 1, &Filter::All), Err(StoreError::OtherEncoder { .. })));
}

#[test]
fn other_files_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.qiao");
    std::fs::write(&text, "this is no database, whatever its name says, and it is long enough to be read").unwrap();
    assert!(matches!(SqliteStore::open(&text), Err(StoreError::Foreign { .. })));
    assert!(std::fs::read_to_string(&text).unwrap().starts_with("this is no"));
    let foreign = folder.path().join("foreign.db");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    assert!(matches!(SqliteStore::open(&foreign), Err(StoreError::Foreign { .. })));
    let newer = folder.path().join("newer.qiao");
    SqliteStore::open(&newer).unwrap().connection.pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(SqliteStore::open(&newer), Err(StoreError::Newer { found: 99, known: 1, .. })));
    assert!(SqliteStore::open_existing(&folder.path().join("none.qiao")).unwrap().is_none());
}
