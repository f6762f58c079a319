//! Every architecture, pooling and module, on small models of random weights that `golden/make_small_models.py` makes with
//! Python's own libraries, which also give the ids and vectors to be met.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its own models has failed")]

use std::path::{Path, PathBuf};

use qiao_model::{Golden, Long, Provenance, Role, SentenceEncoder};

/// All that the script makes: one that is missing here or there is noticed.
const MODELS: [&str; 23] = [
    "bert",
    "bert-bare",
    "bert-folder",
    "bert-head",
    "camembert",
    "distilbert",
    "gte",
    "gte-native",
    "gte-original",
    "model2vec",
    "model2vec-bare",
    "model2vec-quantised",
    "modernbert",
    "modernbert-old",
    "mpnet",
    "nomic-bert",
    "nomic-bert-native",
    "nomic-bert-original",
    "qwen3",
    "qwen3-bidirectional",
    "roberta",
    "static",
    "xlm-roberta",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models")
}

fn load(name: &str) -> SentenceEncoder {
    SentenceEncoder::load(&folder().join(name), Provenance::default()).unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[test]
fn ids_and_vectors_are_those_of_python() {
    let mut wrong = Vec::new();
    for name in MODELS {
        let json = std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
        let comparison = Golden::from_json(&json).unwrap().compare(&load(name)).unwrap();
        println!("{name}: {comparison:?}");
        if !comparison.holds() {
            wrong.push((name, comparison));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_model_is_forgotten() {
    let made = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let mut made: Vec<String> = made.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    made.sort();
    assert_eq!(made, MODELS);
}

#[test]
fn a_text_has_the_same_bits_in_any_company_at_any_number_of_threads() {
    let words = "The bridge of stone, 桥梁, joins two banks of one river; nobody knows who built it first. ";
    let texts: Vec<String> = (0..24).map(|i| words.repeat(3).chars().skip(i).take(1 + i * i % 200).collect()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).chain(["", "a"]).collect();
    for name in MODELS {
        let model = load(name);
        let alone: Vec<_> =
            texts.iter().map(|text| model.encode(Role::Passage, &[text], Long::Window).unwrap().remove(0)).collect();
        for threads in [1, 2, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let together = pool.install(|| model.encode(Role::Passage, &texts, Long::Window)).unwrap();
            assert!(together == alone, "{name} at {threads} threads");
        }
        let turned: Vec<&str> = texts.iter().rev().copied().collect();
        let mut backwards = model.encode(Role::Passage, &turned, Long::Window).unwrap();
        backwards.reverse();
        assert!(backwards == alone, "{name} in another order");
    }
}
