//! Cross-encoders on small models of random weights that `golden/make_small_rerankers.py` makes with Python's own libraries,
//! which also give the ids, types and scores to be met; and directories that cannot serve, which are refused by name.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its own models has failed")]

use std::error::Error;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use qiao_model::{CrossEncoder, EncodeError, Precision, Provenance, SentenceEncoder};
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

/// All that the script makes: one that is missing here or there is noticed.
const MODELS: [&str; 3] = ["bert", "bert-modules", "xlm-roberta"];

/// The largest difference between a score here and Python's.
const TOLERANCE: f32 = 1e-5;

#[derive(Deserialize)]
struct Golden {
    max_seq_length: usize,
    items: Vec<Pair>,
}

#[derive(Deserialize)]
struct Pair {
    query: String,
    passage: String,
    ids: Vec<u32>,
    types: Vec<u32>,
    score: f32,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rerankers")
}

fn load(name: &str) -> CrossEncoder {
    CrossEncoder::load(&folder().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn golden(name: &str) -> Golden {
    serde_json::from_slice(&std::fs::read(folder().join(format!("{name}.json"))).unwrap()).unwrap()
}

/// A copy of one of the models, to be changed.
struct Copy(TempDir);

fn copy(name: &str) -> Copy {
    let to = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder().join(name)).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.path().join(path.file_name().unwrap())).unwrap();
    }
    Copy(to)
}

impl Copy {
    fn change(self, file: &str, change: impl FnOnce(&mut Value)) -> Self {
        let path = self.0.path().join(file);
        let mut value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        change(&mut value);
        std::fs::write(path, serde_json::to_vec(&value).unwrap()).unwrap();
        self
    }

    fn set(self, file: &str, name: &str, to: Value) -> Self {
        self.change(file, |value| value[name] = to)
    }

    fn load(&self) -> Result<CrossEncoder, EncodeError> {
        CrossEncoder::load(self.0.path())
    }

    fn score(&self) -> f32 {
        self.load().unwrap().score("where is the bridge?", &["over the river 桥"]).unwrap()[0]
    }

    /// Fails unless loading is refused with a message that has all of `words`.
    #[track_caller]
    fn refused(&self, words: &[&str]) {
        let error = self.load().err().unwrap_or_else(|| panic!("it was loaded; wanted {words:?}"));
        let causes = std::iter::successors(Some(&error as &(dyn Error + 'static)), |&e| e.source());
        let message = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
        words.iter().for_each(|word| assert!(message.contains(word), "not said: {word}\n{message}"));
    }
}

#[test]
fn ids_types_and_scores_are_those_of_python() {
    for name in MODELS {
        let (model, golden) = (load(name), golden(name));
        assert_eq!(model.id().max_tokens, golden.max_seq_length, "{name}");
        let mut largest = 0f32;
        for Pair { query, passage, ids, types, score } in &golden.items {
            let tokens = model.tokens(query, passage).unwrap();
            let second: Vec<u32> = (0..tokens.ids.len()).map(|i| u32::from(i >= tokens.of_first)).collect();
            assert_eq!((&tokens.ids, &second), (ids, types), "{name}: {query:?}, {passage:?}");
            largest = largest.max((model.score(query, &[passage]).unwrap()[0] - score).abs());
        }
        println!("{name}: largest difference {largest:e} over {} pairs", golden.items.len());
        assert!(largest <= TOLERANCE, "{name}: {largest}");
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
fn a_passage_has_the_same_bits_in_any_company_at_any_number_of_threads() {
    let words = "The bridge of stone, 桥梁, joins two banks of one river; nobody knows who built it first. ";
    let passages: Vec<String> = (0..60).map(|i| words.chars().cycle().skip(i).take(i * i % 170).collect()).collect();
    let passages: Vec<&str> = passages.iter().map(String::as_str).collect();
    for name in MODELS {
        let model = load(name);
        let bits = |passages: &[&str]| -> Vec<u32> {
            model.score("who built the bridge?", passages).unwrap().into_iter().map(f32::to_bits).collect()
        };
        let alone: Vec<u32> = passages.iter().flat_map(|passage| bits(&[passage])).collect();
        for threads in [1, 2, 3, 8] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert!(pool.install(|| bits(&passages)) == alone, "{name} at {threads} threads");
            assert!(
                pool.install(|| bits(&passages[7..8])) == alone[7..8],
                "{name}, one passage over {threads} threads"
            );
        }
        let turned: Vec<&str> = passages.iter().rev().copied().collect();
        assert!(bits(&turned).into_iter().rev().eq(alone), "{name} in another order");
        assert!(bits(&[]).is_empty());
    }
}

#[test]
fn what_is_not_one_score_of_a_pair_is_named() {
    let labels = json!({"0": "contradiction", "1": "entailment", "2": "neutral"});
    copy("bert").set("config.json", "id2label", labels).refused(&["config.json", "3 labels"]);
    copy("bert").set("config.json", "id2label", Value::Null).refused(&["config.json", "2 labels"]);
    copy("bert").set("config.json", "model_type", json!("distilbert")).refused(&["config.json"]);
    copy("bert").set("config.json", "model_type", json!("t5")).refused(&["config.json", "t5"]);
    copy("bert").set("config.json", "architectures", json!(["BertForCausalLM"])).refused(&["BertForCausalLM"]);
    copy("bert").set("tokenizer_config.json", "chat_template", json!("{{ x }}")).refused(&["chat template"]);
    let swish = json!({"activation_fn": "torch.nn.modules.activation.Hardswish"});
    copy("bert").set("config.json", "sentence_transformers", swish).refused(&["config.json", "Hardswish"]);
    let pair = json!([{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}]);
    copy("bert")
        .change("tokenizer.json", |t| t["post_processor"]["pair"] = pair)
        .refused(&["tokenizer.json", "a token between them"]);
    copy("bert").set("tokenizer_config.json", "model_max_length", json!(3)).refused(&["3 tokens"]);
    let modules = || copy("bert-modules");
    let dense =
        json!({"idx": 1, "name": "1", "path": "1_Dense", "type": "sentence_transformers.base.modules.dense.Dense"});
    modules()
        .change("modules.json", |m| m.as_array_mut().unwrap().push(dense))
        .refused(&["modules.json", "[Transformer, Dense]"]);
    modules().change("modules.json", |m| *m = json!([])).refused(&["modules.json", "[]"]);
    modules()
        .set("sentence_bert_config.json", "transformer_task", json!("text-generation"))
        .refused(&["sentence_bert_config.json", "text-generation"]);
    modules()
        .set("config_sentence_transformers.json", "default_prompt_name", json!("absent"))
        .refused(&["config_sentence_transformers.json", "absent"]);
}

#[test]
fn a_model_without_a_head_is_told_by_the_tensor_that_is_missing() {
    let models = folder().with_file_name("models");
    for (name, tensor) in [("bert", "classifier.weight"), ("roberta", "classifier.dense.weight")] {
        let error = CrossEncoder::load(&models.join(name)).unwrap_err().to_string();
        assert!(error.contains(tensor) && error.contains("model.safetensors"), "{error}");
    }
    let error = CrossEncoder::load(&models.join("modernbert")).unwrap_err().to_string();
    assert!(error.contains("modernbert"), "{error}");
    let saved = SentenceEncoder::load(&folder().join("bert-modules"), Provenance::default(), Precision::F32);
    assert!(saved.unwrap_err().to_string().contains("CrossEncoder"));
}

#[test]
fn the_class_of_the_tokenizer_decides_on_types() {
    let typed = |kind: u32| {
        move |json: &mut Value| {
            let texts = json["post_processor"]["pair"].as_array_mut().unwrap();
            let second = texts.iter().rposition(|piece| piece.get("Sequence").is_some()).unwrap();
            for piece in &mut texts[second..] {
                piece.as_object_mut().unwrap().values_mut().for_each(|part| part["type_id"] = json!(kind));
            }
        }
    };
    let score = |name: &str| copy(name).score();
    assert_eq!(copy("bert").change("tokenizer.json", typed(0)).score(), score("bert"));
    assert_eq!(copy("xlm-roberta").change("tokenizer.json", typed(1)).score(), score("xlm-roberta"));
    // a class that leaves the post-processor as it is
    let other = || copy("bert").set("tokenizer_config.json", "tokenizer_class", json!("TokenizersBackend"));
    assert_eq!(other().change("tokenizer.json", typed(1)).score(), score("bert"));
    assert_ne!(other().change("tokenizer.json", typed(0)).score(), score("bert"));
    other().change("tokenizer.json", typed(2)).refused(&["tokenizer.json", "types"]);
}

#[test]
fn the_activation_bends_the_score_and_is_the_whole_difference() {
    let with = |name: &str| {
        let activation = json!({"activation_fn": format!("torch.nn.modules.{name}")});
        copy("bert").set("config.json", "sentence_transformers", activation).score()
    };
    let score = f64::from(with("linear.Identity"));
    assert_eq!(with("activation.Sigmoid"), (1.0 / (1.0 + (-score).exp())) as f32);
    assert!((f64::from(with("activation.Tanh")) - score.tanh()).abs() < 1e-6);
    // what is nobody's known class is passed over
    let unknown = copy("bert").set("config.json", "sentence_transformers", json!({"activation_fn": "mine.Bend"}));
    assert_eq!(unknown.score(), with("activation.Sigmoid"));
}

#[test]
fn whatever_decides_the_scores_makes_another_identity() {
    let key = |copy: Copy| copy.load().unwrap().id().key();
    let own = load("bert").id().clone();
    assert_eq!(own.label(), folder().join("bert").to_string_lossy());
    assert_eq!(key(copy("bert")), own.key());
    let noted = copy("bert").set("config.json", "transformers_version", json!("4.0.0"));
    assert_eq!(key(noted), own.key());
    let changes = [
        copy("bert").set("config.json", "layer_norm_eps", json!(0.02)),
        copy("bert").set("config.json", "sentence_transformers", json!({})),
        copy("bert").set("tokenizer_config.json", "do_lower_case", json!(false)),
        copy("bert").set("tokenizer_config.json", "model_max_length", json!(30)),
        copy("bert").change("tokenizer.json", |t| t["added_tokens"][0]["lstrip"] = json!(true)),
    ];
    let mut keys: Vec<String> =
        changes.into_iter().map(key).chain([own.key(), load("xlm-roberta").id().key()]).collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 7);
}

#[test]
fn weights_cut_short_or_broken_are_errors() {
    let cut = copy("bert");
    let file = cut.0.path().join("model.safetensors");
    let whole = std::fs::read(&file).unwrap();
    for length in [0, 7, 100, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&file, &whole[..length]).unwrap();
        cut.refused(&["model.safetensors"]);
    }
    let mut broken = whole.clone();
    // exponents of all ones: no number is finite
    let tail = broken.len() - 4096;
    broken[tail..].fill(0xff);
    std::fs::write(&file, &broken).unwrap();
    let score = cut.load().unwrap().score("bridge", &["river"]);
    assert!(matches!(score, Err(EncodeError::NotFinite)), "{score:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_two_texts_have_a_score_and_fit(query in "\\PC{0,60}", passage in "(?s).{0,60}", model in 0..MODELS.len()) {
        let model = load(MODELS[model]);
        let tokens = model.tokens(&query, &passage).unwrap();
        prop_assert!(tokens.of_first <= tokens.ids.len() && tokens.ids.len() <= model.id().max_tokens);
        let scores = model.score(&query, &[&passage, &passage]).unwrap();
        prop_assert!(scores[0].is_finite() && scores[0].to_bits() == scores[1].to_bits());
    }
}
