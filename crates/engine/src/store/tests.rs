//! SQLite and the double, driven by the same operations and compared.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use qiao_model::{Long, Role};

use super::{MemoryStore, SqliteStore, Wait};
use crate::embed::HashingEncoder;
use crate::error::StoreError;
use crate::language::Words;
use crate::seams::{Batch, Encoder, Filter, NewContent, NewDocument, Staged, Store};
use crate::types::{
    Anchor, Content, ContentHash, DocumentId, Embedding, Labels, LedgerEntry, Media, Outcome, Piece, Place, Rect,
    Remedy, Section, Span, Unread,
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
        furniture: Vec::new(),
        anchors,
        unread: vec![Unread { page: 9, reason: "no text".into() }],
        properties: [("author".into(), vec!["Li".into(), "桥".into()]), ("tags".into(), vec!["own".into()])].into(),
    };
    let staged = text.split('\n').map(|line| Staged {
        text_hash: ContentHash::of(line.as_bytes()),
        embedding: embedding(line),
        receipt: qiao_model::Receipt { tokens: 1, dropped: 0, unknown: 0 },
    });
    let staged = staged.collect();
    (
        NewDocument {
            origin: format!("/d/{name}"),
            content_hash: ContentHash::of(text.as_bytes()),
            content: NewContent::Read(Box::new(content), pieces),
            labels: Labels::default(),
            added_at: Some(1),
        },
        staged,
    )
}

fn publish(store: &mut dyn Store, name: &str, text: &str) -> DocumentId {
    let (new, staged) = document(name, text);
    store.stage(&new.origin, &staged).unwrap();
    store.commit(&Batch { publish: vec![new], ..Batch::default() }).unwrap()[0]
}

#[derive(Debug, Clone)]
enum Operation {
    Publish { name: u8, lines: Vec<u8> },
    Remove { name: u8 },
    Index,
    Scrub,
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let publish =
        (0u8..4, prop::collection::vec(0u8..6, 1..5)).prop_map(|(name, lines)| Operation::Publish { name, lines });
    let remove = (0u8..4).prop_map(|name| Operation::Remove { name });
    let beside = prop_oneof![Just(Operation::Index), Just(Operation::Scrub)];
    prop::collection::vec(prop_oneof![3 => publish, 1 => remove, 2 => beside], 1..12)
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
        Operation::Index => assert!(store.index(1, &mut |_, _| {}).unwrap()),
        Operation::Scrub => assert!(store.scrub().unwrap()),
    }
}

/// Documents, hits by meaning, hits by words.
type Seen = (Vec<serde_json::Value>, Vec<(String, u32, String)>, Vec<(String, f32)>);

/// Origins with their whole documents, and what a search finds, numbers of rows left out.
fn seen(store: &dyn Store) -> Seen {
    let snapshot = store.snapshot().unwrap();
    let mut documents: Vec<serde_json::Value> = Vec::new();
    for summary in snapshot.documents(&Filter::All).unwrap() {
        let mut whole = serde_json::to_value(snapshot.document(summary.id).unwrap().unwrap()).unwrap();
        whole["id"] = 0.into();
        documents.push(whole);
    }
    let nearest = snapshot.nearest(&embedding("number3 桥3 line"), 100, &Filter::All).unwrap();
    let ids: Vec<_> = nearest.iter().map(|s| s.key).collect();
    let chunks = snapshot.chunks(&ids, &Filter::All).unwrap();
    let hits = chunks.into_iter().zip(&nearest).map(|(c, s)| (c.text, s.score.to_bits(), format!("{:?}", c.locator)));
    let hits = hits.collect();
    documents.sort_by_key(|d| d["origin"].to_string());
    let words = Words::of("number3 \"line\" 桥5");
    let lexical = snapshot.lexical(&words, 100, &Filter::All).unwrap().best;
    let ids: Vec<_> = lexical.iter().map(|s| s.key).collect();
    let again = snapshot.weights(&words, &ids).unwrap();
    assert!(lexical.iter().zip(&again).all(|(s, again)| (s.score - again).abs() < 1e-4), "{lexical:?} {again:?}");
    let texts = snapshot.chunks(&ids, &Filter::All).unwrap().into_iter().map(|chunk| chunk.text);
    (documents, hits, texts.zip(lexical.iter().map(|s| s.score)).collect())
}

/// The same, but for how scores by words are rounded; and where something went that is not scrubbed yet, for these scores.
fn agree(a: &dyn Store, b: &dyn Store, scores: bool) {
    let (a, b) = (seen(a), seen(b));
    assert_eq!((&a.0, &a.1), (&b.0, &b.1));
    let by_text = |mut all: Vec<(String, f32)>| {
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    };
    let (a, b) = (by_text(a.2), by_text(b.2));
    assert_eq!(a.len(), b.len());
    assert!(a.iter().zip(&b).all(|(a, b)| a.0 == b.0 && (!scores || (a.1 - b.1).abs() < 1e-3)), "{a:?} {b:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn sqlite_does_what_plain_collections_do(operations in operations()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kb.qiao");
        let mut sqlite = SqliteStore::open(&path, Wait::default()).unwrap();
        let (mut inside, mut memory) = (SqliteStore::in_memory().unwrap(), MemoryStore::default());
        for operation in &operations {
            for store in [&mut sqlite as &mut dyn Store, &mut inside, &mut memory] {
                apply(store, operation);
            }
            agree(&sqlite, &memory, false);
            agree(&inside, &memory, true);
            sqlite.scrub().unwrap();
            agree(&sqlite, &memory, true);
            // whatever was indexed, and went meanwhile
            let faults = sqlite.faults().into_iter().filter(|fault| fault.remedy != Remedy::Rewrite);
            prop_assert_eq!(faults.collect::<Vec<_>>(), Vec::new());
        }
        let all: Vec<ContentHash> = (0..6).map(|l| ContentHash::of(format!("line number{l} 桥{l}").as_bytes())).collect();
        prop_assert_eq!(sqlite.keep("x", &ENCODER.id(), &all).unwrap(), memory.keep("x", &ENCODER.id(), &all).unwrap());
    }
}

#[test]
fn a_search_within_documents_finds_only_theirs() {
    let mut store = SqliteStore::in_memory().unwrap();
    let first = publish(&mut store, "a", "same words\nother");
    let second = publish(&mut store, "b", "same words");
    let snapshot = store.snapshot().unwrap();
    let found = snapshot.nearest(&embedding("same words"), 9, &Filter::Documents([second].into())).unwrap();
    let ids: Vec<_> = found.iter().map(|s| s.key).collect();
    let chunks = snapshot.chunks(&ids, &Filter::Documents([second].into())).unwrap();
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
    assert!(matches!(store.commit(&batch), Err(StoreError::Overtaken { .. })));
    assert_eq!(store.snapshot().unwrap().documents(&Filter::All).unwrap()[0].text_bytes, 8);
}

#[test]
fn the_first_encoder_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/kb.qiao");
    publish(&mut SqliteStore::open(&path, Wait::default()).unwrap(), "a", "text");
    let mut again = SqliteStore::open_existing(&path, Wait::default()).unwrap().unwrap();
    assert_eq!(again.encoder().unwrap().unwrap().model, "hash");
    let mut other = (*ENCODER.id()).clone();
    other.weights_sha256 = "another".into();
    let vector = embedding("x").vector().to_vec();
    let staged = Staged {
        text_hash: ContentHash::of(b"x"),
        embedding: Embedding::new(Arc::new(other.clone()), vector).unwrap(),
        receipt: qiao_model::Receipt { tokens: 1, dropped: 0, unknown: 0 },
    };
    assert!(matches!(again.stage("x", std::slice::from_ref(&staged)), Err(StoreError::OtherEncoder { .. })));
    let snapshot = again.snapshot().unwrap();
    assert!(matches!(snapshot.nearest(&staged.embedding, 1, &Filter::All), Err(StoreError::OtherEncoder { .. })));
}

#[test]
fn other_files_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.qiao");
    std::fs::write(&text, "this is no database, whatever its name says, and it is long enough to be read").unwrap();
    assert!(matches!(SqliteStore::open(&text, Wait::default()), Err(StoreError::Foreign { .. })));
    assert!(std::fs::read_to_string(&text).unwrap().starts_with("this is no"));
    let foreign = folder.path().join("foreign.db");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    assert!(matches!(SqliteStore::open(&foreign, Wait::default()), Err(StoreError::Foreign { .. })));
    let newer = folder.path().join("newer.qiao");
    SqliteStore::open(&newer, Wait::default()).unwrap().connection.pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(SqliteStore::open(&newer, Wait::default()), Err(StoreError::Newer { found: 99, known: 3, .. })));
    assert!(SqliteStore::open_existing(&folder.path().join("none.qiao"), Wait::default()).unwrap().is_none());
}

/// A word that stands nowhere else, in Latin letters and in Chinese.
fn rare(seed: u64) -> (String, String) {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = |below: u64| {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        (state >> 33) % below
    };
    let latin = (0..30).map(|_| (b'a' + next(26) as u8) as char).collect();
    let han = (0..12).filter_map(|_| char::from_u32(0x4e00 + next(0x5000) as u32)).collect();
    (latin, han)
}

/// The start, middle and tail of a word, in bytes.
fn parts(word: &str) -> Vec<Vec<u8>> {
    let letters: Vec<char> = word.chars().collect();
    let third = letters.len() / 3;
    letters.chunks(third).map(|part| part.iter().collect::<String>().into_bytes()).collect()
}

fn files(folder: &std::path::Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: std::path::PathBuf| match path.is_dir() {
        true => files(&path),
        false => vec![(path.clone(), std::fs::read(path).unwrap())],
    };
    entries.flat_map(read).collect()
}

/// Publishes a document that says its rare words everywhere it can.
fn publish_rare(store: &mut SqliteStore, number: u64, lines: u64, version: u64) -> DocumentId {
    let (latin, han) = rare(number * 100 + version);
    let line =
        |i| format!("{latin} {i} {han} in a line of some length, so that pages fill up {}", "x".repeat(i as usize * 7));
    let text = (0..lines).map(line).collect::<Vec<_>>().join("\n");
    let (mut new, staged) = document(&format!("{number}"), &text);
    if let NewContent::Read(content, pieces) = &mut new.content {
        content.title = Some(format!("{han}{latin}"));
        content.properties.insert("author".into(), vec![latin.clone(), han.clone()]);
        pieces.iter_mut().for_each(|(piece, _)| piece.heading_path = vec![latin.clone(), han.clone()]);
    }
    store.stage(&new.origin, &staged).unwrap();
    // what a person says, and what became of a file, outlives its versions
    let (latin, han) = rare(number * 100 + 50);
    new.labels.tags.extend([latin.clone(), han.clone()]);
    new.labels.metadata.insert(latin.clone(), vec![han.clone()]);
    let ledger = LedgerEntry { origin: new.origin.clone(), outcome: Outcome::Added, detail: format!("{latin} {han}") };
    store.commit(&Batch { publish: vec![new], ledger: vec![ledger], ..Batch::default() }).unwrap()[0]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn nothing_of_what_was_removed_or_replaced_is_left_in_any_byte(
        sizes in prop::collection::vec(1u64..12, 20..80),
        fates in prop::collection::vec(0u8..3, 80),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = SqliteStore::open(&folder.path().join("kb.qiao"), Wait::default()).unwrap();
        let ids: Vec<DocumentId> =
            sizes.iter().enumerate().map(|(n, lines)| publish_rare(&mut store, n as u64, *lines, 0)).collect();
        store.index(1, &mut |_, _| {}).unwrap();
        let mut gone: Vec<(String, String)> = Vec::new();
        for (n, (id, fate)) in ids.iter().zip(&fates).enumerate() {
            match fate {
                0 => continue,
                1 => {
                    store.commit(&Batch { remove: vec![*id], ..Batch::default() }).unwrap();
                    gone.push(rare(n as u64 * 100 + 50));
                }
                _ => drop(publish_rare(&mut store, n as u64, sizes[n] / 2 + 1, 1)),
            }
            gone.push(rare(n as u64 * 100));
        }
        prop_assert!(store.scrub().unwrap());
        let mut store = Some(store);
        for open in [true, false] {
            for (path, bytes) in files(folder.path()) {
                for (latin, han) in &gone {
                    for part in parts(latin).into_iter().chain(parts(han)) {
                        let found = bytes.windows(part.len()).any(|window| window == part);
                        prop_assert!(!found, "{} in {} (open: {open})", String::from_utf8_lossy(&part), path.display());
                    }
                }
            }
            drop(store.take());
        }
        let (findings, pages_seen) =
            SqliteStore::verify(&folder.path().join("kb.qiao"), Wait::default()).unwrap().unwrap();
        // these chunks are lines, between which nothing is lost, and their furniture is not what was read
        prop_assert_eq!((findings, pages_seen), (Vec::new(), true));
    }
}

#[test]
fn what_never_came_is_forgotten_with_its_vectors() {
    let mut store = SqliteStore::in_memory().unwrap();
    publish(&mut store, "a", "shared line");
    let (_, staged) = document("b", "shared line\nonly its own");
    store.stage("/d/b", &staged).unwrap();
    let hashes: Vec<ContentHash> = staged.iter().map(|one| one.text_hash.clone()).collect();
    assert!(store.snapshot().unwrap().remembers("/d/b").unwrap());
    store.commit(&Batch { forget: vec!["/d/b".into()], ..Batch::default() }).unwrap();
    assert!(!store.snapshot().unwrap().remembers("/d/b").unwrap());
    let kept = store.keep("/d/c", &ENCODER.id(), &hashes).unwrap();
    assert_eq!(kept.keys().collect::<Vec<_>>(), [&hashes[0]]);
}

#[test]
fn documents_of_the_same_bytes_share_what_was_read() {
    let mut store = SqliteStore::in_memory().unwrap();
    let first = publish(&mut store, "a", "one line\nanother");
    let (new, _) = document("b", "one line\nanother");
    let shared = |origin: &str| NewDocument {
        origin: origin.into(),
        content: NewContent::Shared(Media::Pdf),
        labels: Labels { tags: BTreeSet::from(["copy".into()]), ..Labels::default() },
        ..new.clone()
    };
    let second = store.commit(&Batch { publish: vec![shared("/d/b")], ..Batch::default() }).unwrap()[0];
    {
        let snapshot = store.snapshot().unwrap();
        let found = snapshot.nearest(&embedding("one line"), 9, &Filter::All).unwrap();
        assert_eq!(found.len(), 2);
        let chunk = &snapshot.chunks(&[found[0].key], &Filter::All).unwrap()[0];
        assert_eq!((chunk.chunk.document, &chunk.also[..]), (first, &["/d/b".to_owned()][..]));
        let documents = snapshot.documents(&Filter::All).unwrap();
        assert_eq!(
            (&documents[0].tags[..], &documents[1].tags[..]),
            (&["own".into()][..], &["copy".into(), "own".into()][..])
        );
    }
    store.commit(&Batch { remove: vec![first], ..Batch::default() }).unwrap();
    let snapshot = store.snapshot().unwrap();
    assert_eq!(snapshot.document(second).unwrap().unwrap().content.text, "one line\nanother");
    assert_eq!(snapshot.pieces(second).unwrap().len(), 2);
    drop(snapshot);
    let missing = NewDocument { content_hash: ContentHash::of(b"never read"), ..shared("/d/c") };
    let refused = store.commit(&Batch { publish: vec![missing], ..Batch::default() });
    assert!(matches!(refused, Err(StoreError::Overtaken { .. })), "{refused:?}");
}

#[test]
fn to_remove_what_is_gone_is_told_and_changes_nothing() {
    let mut store = SqliteStore::in_memory().unwrap();
    let (first, second) = (publish(&mut store, "a", "one"), publish(&mut store, "b", "two"));
    store.commit(&Batch { remove: vec![first], ..Batch::default() }).unwrap();
    let refused = store.commit(&Batch { remove: vec![second, first], ..Batch::default() });
    assert!(matches!(refused, Err(StoreError::Overtaken { .. })), "{refused:?}");
    assert_eq!(store.snapshot().unwrap().documents(&Filter::All).unwrap().len(), 1);
}
