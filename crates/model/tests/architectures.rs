//! Every architecture, pooling and module, on small models of random weights that `golden/make_small_models.py` makes with
//! Python's own libraries, which also give the ids and vectors to be met.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its own models has failed")]

use std::path::{Path, PathBuf};

use qiao_model::{Golden, Long, Precision, Provenance, Role, SentenceEncoder};

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

fn load(name: &str, precision: Precision) -> SentenceEncoder {
    let loaded = SentenceEncoder::load(&folder().join(name), Provenance::default(), precision);
    loaded.unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[test]
fn ids_and_vectors_are_those_of_python() {
    let mut wrong = Vec::new();
    for name in MODELS {
        let json = std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
        let comparison = Golden::from_json(&json).unwrap().compare(&load(name, Precision::F32)).unwrap();
        println!("{name}: {comparison:?}");
        if !comparison.holds() {
            wrong.push((name, comparison));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn bytes_come_near_single_precision_in_every_architecture() {
    let texts = ["The bridge of stone joins two banks.", "桥梁", "a", "Nobody knows who built it first, or why."];
    for name in MODELS {
        let (exact, bytes) = (load(name, Precision::F32), load(name, Precision::Int8));
        let vectors = |model: &SentenceEncoder| model.encode(Role::Passage, &texts, Long::Truncate).unwrap();
        let static_table = exact.layers() == 0;
        assert_eq!(bytes.id().passage_precision, if static_table { Precision::F32 } else { Precision::Int8 });
        assert_eq!(exact.id().same_space(bytes.id()), static_table, "{name}");
        for (exact, bytes) in vectors(&exact).iter().zip(&vectors(&bytes)) {
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
            let (a, b) = (&exact.vector, &bytes.vector);
            let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
            assert!(cosine > 0.998, "{name}: {cosine}");
            assert_eq!(a == b, static_table, "{name}");
        }
    }
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
    let each = MODELS.iter().flat_map(|name| [(name, Precision::F32), (name, Precision::Int8)]);
    for (name, precision) in each {
        let model = load(name, precision);
        let alone: Vec<_> =
            texts.iter().map(|text| model.encode(Role::Passage, &[text], Long::Window).unwrap().remove(0)).collect();
        for threads in [1, 2, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let together = pool.install(|| model.encode(Role::Passage, &texts, Long::Window)).unwrap();
            assert!(together == alone, "{name} in {precision} at {threads} threads");
        }
        // of one short text, the threads share each product
        for threads in [1, 2, 3, 5, 8] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            for (text, alone) in texts.iter().zip(&alone).step_by(5) {
                let shared = pool.install(|| model.encode(Role::Passage, &[text], Long::Window)).unwrap();
                assert!(shared[0] == *alone, "{name} in {precision}, one text over {threads} threads");
            }
        }
        let turned: Vec<&str> = texts.iter().rev().copied().collect();
        let mut backwards = model.encode(Role::Passage, &turned, Long::Window).unwrap();
        backwards.reverse();
        assert!(backwards == alone, "{name} in {precision} in another order");
    }
}
