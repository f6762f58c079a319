//! The same token ids and numbers as Python's sentence-transformers, on the real models.
//!
//! The golden texts in `golden/` are this project's own references; where shared test data is there (`../shared` beside the
//! repository, or QIAO_SHARED), its larger sets are held against too.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its own references has failed")]

use std::path::{Path, PathBuf};

use qiao_model::fetch::{Fallback, FetchConfig, resolve_cached};
use qiao_model::{EncodeError, Golden, Long, Precision, Provenance, Role, SentenceEncoder};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    prefix: String,
    max_seq_length: usize,
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    text: String,
    ids: Vec<u32>,
    vector: Vec<f32>,
}

const MODELS: [&str; 2] = ["all-MiniLM-L6-v2", "multilingual-e5-small-q4"];

fn model(name: &str) -> SentenceEncoder {
    model_in(name, Precision::F32)
}

fn model_in(name: &str, precision: Precision) -> SentenceEncoder {
    let config = FetchConfig::from_env().unwrap();
    let found = resolve_cached(name, Fallback::Never, &config);
    let found = found.unwrap_or_else(|e| panic!("{e}; `cargo xtask test` pulls what tests need"));
    SentenceEncoder::load(&found.path, Provenance::of(&found, &config), precision).unwrap()
}

fn compare(model: &SentenceEncoder, file: &Path) {
    let reference: Reference = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(model.id().max_tokens, Some(reference.max_seq_length));
    let role = if reference.prefix == model.id().prompts.query { Role::Query } else { Role::Passage };
    assert_eq!(model.id().prompts.of(role), reference.prefix);
    let texts: Vec<&str> = reference.items.iter().map(|item| item.text.as_str()).collect();
    let vectors = model.encode(role, &texts, Long::Truncate).unwrap();
    assert!(!vectors.is_empty());
    for (item, got) in reference.items.iter().zip(&vectors) {
        assert_eq!(model.token_ids(role, &item.text).unwrap(), item.ids, "ids of {:?}", item.text);
        let difference = item.vector.iter().zip(&got.vector).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(difference < 1e-5, "{difference} off at {:?}", item.text);
    }
}

#[test]
fn golden_texts_come_out_as_in_python() {
    for name in MODELS {
        let model = model(name);
        let golden = Golden::stored(&model.id().weights_sha256).unwrap().unwrap();
        let comparison = golden.compare(&model).unwrap();
        assert!(comparison.holds(), "{name}: {comparison:?}");
    }
}

#[test]
fn bytes_stay_near_python() {
    for name in MODELS {
        let model = model_in(name, Precision::Int8);
        let golden = Golden::stored(&model.id().weights_sha256).unwrap().unwrap();
        let comparison = golden.compare(&model).unwrap();
        println!("{name}: {comparison:?}");
        assert!(comparison.other_ids == 0 && comparison.least_cosine > 0.995, "{name}: {comparison:?}");
        assert!(!comparison.holds(), "bytes are not taken for single precision");
    }
}

#[test]
fn the_shared_references() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let shared = std::env::var_os("QIAO_SHARED").map_or_else(|| root.join("shared"), PathBuf::from);
    for name in MODELS {
        let file = shared.join(format!("data/parity/{name}.json"));
        match file.exists() {
            true => compare(&model(name), &file),
            false => eprintln!("skipped: no shared data for {name}"),
        }
    }
}

#[test]
fn a_text_has_the_same_bits_alone_and_in_any_batch() {
    let model = model(MODELS[0]);
    let texts =
        ["a", "桥 is a bridge", "", "one two three four five six seven eight nine ten", "The bank of the river."];
    let together = model.encode(Role::Passage, &texts, Long::Truncate).unwrap();
    for (text, expected) in texts.iter().zip(&together) {
        assert_eq!(&model.encode(Role::Passage, &[text], Long::Truncate).unwrap()[0], expected);
    }
    let turned: Vec<&str> = texts.iter().rev().copied().collect();
    let mut backwards = model.encode(Role::Passage, &turned, Long::Truncate).unwrap();
    backwards.reverse();
    assert_eq!(backwards, together);
}

#[test]
fn a_text_has_the_same_bits_at_any_number_of_threads() {
    let model = model(MODELS[0]);
    let long = "A bridge joins two banks of one river. ".repeat(40);
    let texts: Vec<String> = (1..60).map(|i| long.chars().take(i * 23).collect()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let at = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| model.encode(Role::Passage, &texts, Long::Window)).unwrap()
    };
    let one = at(1);
    assert_eq!(at(2), one);
    assert_eq!(at(5), one);
}

#[test]
fn receipts_say_what_became_of_the_tokens() {
    let model = model(MODELS[0]);
    let long = "word ".repeat(300);
    let limit = model.max_tokens(Role::Passage).unwrap();
    let one = |long_text: Long| model.encode(Role::Passage, &[&long], long_text);
    let cut = one(Long::Truncate).unwrap().remove(0).receipt;
    assert_eq!((cut.tokens, cut.dropped, cut.unknown), (300, 300 - limit, 0));
    let windows = one(Long::Window).unwrap().remove(0);
    assert_eq!((windows.receipt.tokens, windows.receipt.dropped), (300, 0));
    let norm: f32 = windows.vector.iter().map(|v| v * v).sum();
    assert!((norm - 1.0).abs() < 1e-5);
    assert!(matches!(one(Long::Error), Err(EncodeError::TooLong { tokens: 300, .. })));
    let unknown = model.encode(Role::Passage, &["\u{1f9ff}"], Long::Truncate).unwrap().remove(0).receipt;
    assert_eq!(unknown.unknown, 1);
}
