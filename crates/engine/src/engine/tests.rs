use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::Ordering;

use super::*;
use crate::embed::HashingEncoder;
use crate::parse::AllParsers;
use crate::seams::Store;
use crate::store::{MemoryStore, SqliteStore, Wait};
use crate::types::{Labels, Locator};

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
        let id = engine.add(std::slice::from_ref(&path), &Labels::default(), &mut |_| {}).unwrap().documents()[0];
        let mut said = String::new();
        let listen = &mut |part: &str| {
            said.push_str(part);
            ControlFlow::Continue(())
        };
        let answer = engine.ask_aloud("What was the toll for a horse?", &Request::default(), listen).unwrap();
        assert_eq!(said, answer.text);
        let citation = &answer.citations[0];
        assert_eq!(citation.quote(), "The toll for a horse was two coins.");
        assert_eq!(citation.heading_path(), ["Bridges", "Tolls"]);
        assert_eq!(citation.locator(), &Locator::Lines { line: 7, last_line: 7 });
        let whole = engine.document(id).unwrap().unwrap();
        assert_eq!(citation.span().of(&whole.content.text), Some(citation.quote()));

        let before = encoder.encoded.load(Ordering::Relaxed);
        let again = engine.add(std::slice::from_ref(&path), &Labels::default(), &mut |_| {}).unwrap();
        assert!(matches!(again.files[0].1, FileOutcome::Unchanged { .. }));
        assert_eq!(encoder.encoded.load(Ordering::Relaxed), before);

        write(folder.path(), "notes.md", &NOTES.replace("two coins", "three coins"));
        let replaced = engine.add(&[path], &Labels::default(), &mut |_| {}).unwrap();
        assert!(matches!(replaced.files[0].1, FileOutcome::Published { replaced: true, chunks: 2, .. }));
        // the chunk that stayed the same was not encoded again
        assert_eq!(encoder.encoded.load(Ordering::Relaxed), before + 1);
        assert_eq!(engine.documents().unwrap().len(), 1);

        engine.remove(&replaced.documents(), &[]).unwrap();
        let nothing = engine.ask("What was the toll for a horse?", &Request::default()).unwrap();
        assert_eq!(nothing.refusal, Some(Refusal::NothingToSearch));
    }
}

#[test]
fn what_the_document_does_not_treat_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "notes.md", NOTES);
    let mut engine = engine(Box::new(MemoryStore::default()), &Arc::new(HashingEncoder::default()));
    engine.add(&[path], &Labels::default(), &mut |_| {}).unwrap();
    let answer = engine.ask("Who won the football championship?", &Request::default()).unwrap();
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
    let report = engine
        .add(&[folder.path().to_path_buf()], &Labels::default(), &mut |e| log.borrow_mut().push(format!("{e:?}")))
        .unwrap();
    assert_eq!((report.files.len(), report.skipped.len(), report.documents().len()), (2, 1, 1));
    assert!(matches!(report.files[0].1, FileOutcome::Failed(_)));
    assert!(seen.borrow()[0].contains("c.jpg"));
    let missing = engine.add(&[folder.path().join("none.pdf")], &Labels::default(), &mut |_| {}).unwrap_err();
    assert_eq!(missing.kind(), Kind::BadInput);
    assert_eq!(engine.documents().unwrap().len(), 1);
}

#[test]
fn an_interrupted_add_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let sections: String = (0..50).map(|i| format!("# Part {i}\n\nWords of part number{i}.\n\n")).collect();
    let (kb, path) = (folder.path().join("kb.qiao"), write(folder.path(), "long.md", &sections));
    let add = |encoder: &Arc<HashingEncoder>| {
        let mut engine = engine(Box::new(SqliteStore::open(&kb, Wait::default()).unwrap()), encoder);
        let added = engine.add(std::slice::from_ref(&path), &Labels::default(), &mut |_| {});
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
    let open = || Box::new(SqliteStore::open(&kb, Wait::default()).unwrap());
    engine(open(), &made("first")).add(&[path], &Labels::default(), &mut |_| {}).unwrap();
    let refused = engine(open(), &made("second")).ask("x", &Request::default()).unwrap_err();
    assert_eq!(refused.kind(), Kind::Usage);
    assert!(engine(open(), &made("first")).ask("x", &Request::default()).is_ok());
}

#[test]
fn a_file_whose_vectors_another_process_took_away_is_done_again() {
    let folder = tempfile::tempdir().unwrap();
    let (kb, path) = (folder.path().join("kb.qiao"), write(folder.path(), "notes.md", NOTES));
    let origin = std::fs::canonicalize(&path).unwrap().to_string_lossy().into_owned();
    let encoder = Arc::new(HashingEncoder::default());
    let open = || SqliteStore::open(&kb, Wait::default()).unwrap();
    for (times, ends_well) in [(1, true), (2, false)] {
        let mut left = times;
        let mut on_event = |event: &AddEvent<'_>| {
            if matches!(event, AddEvent::Publishing { .. }) && left > 0 {
                left -= 1;
                open().commit(&Batch { forget: vec![origin.clone()], ..Batch::default() }).unwrap();
            }
        };
        let added =
            engine(Box::new(open()), &encoder).add(std::slice::from_ref(&path), &Labels::default(), &mut on_event);
        match ends_well {
            true => assert!(matches!(added.unwrap().files[0].1, FileOutcome::Published { chunks: 2, .. })),
            false => assert!(added.unwrap_err().reason().contains("run the command again")),
        }
        let documents = engine(Box::new(open()), &encoder).documents().unwrap();
        let ids: Vec<_> = documents.iter().map(|document| document.id).collect();
        engine(Box::new(open()), &encoder).remove(&ids, &[]).unwrap();
    }
}

/// Longer texts are better.
struct ByLength;

impl crate::seams::Reranker for ByLength {
    fn score(&self, _: &str, passages: &[&str]) -> Result<Vec<f32>, qiao_model::EncodeError> {
        Ok(passages.iter().map(|passage| passage.len() as f32).collect())
    }
}

#[test]
fn a_reranker_has_the_last_word_on_the_best() {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = (0..60)
        .map(|n| write(folder.path(), &format!("{n}.txt"), &format!("the toll number {n} {}", "x".repeat(n))))
        .collect();
    let mut engine =
        engine(Box::new(SqliteStore::in_memory().unwrap()), &Arc::default()).with_reranker(Box::new(ByLength));
    engine.add(&paths, &Labels::default(), &mut |_| {}).unwrap();
    let search = |hits| engine.search("toll", &Request { hits, ..Request::default() }).unwrap().hits;
    let few = search(3);
    assert!(few.windows(2).all(|two| two[0].score > two[1].score), "{few:?}");
    assert_eq!((few[0].score, few[0].why.reranked), (few[0].text.len() as f32, Some(few[0].text.len() as f32)));
    assert!(few[0].why.fused.is_some());
    // when more are wanted than were judged at first, more are judged
    let all = search(60);
    assert_eq!((all.len(), all[0].document()), (60, "59.txt"));
}
