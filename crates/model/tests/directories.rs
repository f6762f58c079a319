//! Directories that cannot serve are refused by name: what is missing, what has the wrong shape, what is not computed here.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare its files has failed")]

use std::path::{Path, PathBuf};

use qiao_model::{Adjustment, EncodeError, Long, Note, Precision, Provenance, Role, SentenceEncoder, Watched};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Name, kind of number, shape, bytes.
struct Tensor(String, Dtype, Vec<usize>, Vec<u8>);

/// A copy of one of the small models, to be changed.
struct Copy {
    folder: TempDir,
}

fn copy(name: &str) -> Copy {
    let folder = tempfile::tempdir().unwrap();
    copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models").join(name), folder.path());
    Copy { folder }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            std::fs::copy(&path, target).unwrap();
        }
    }
}

impl Copy {
    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn change(self, file: &str, change: impl FnOnce(&mut Value)) -> Self {
        let path = self.path(file);
        let mut value = std::fs::read(&path).map_or(json!({}), |json| serde_json::from_slice(&json).unwrap());
        change(&mut value);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, serde_json::to_vec(&value).unwrap()).unwrap();
        self
    }

    fn set(self, file: &str, name: &str, to: Value) -> Self {
        self.change(file, |value| value[name] = to)
    }

    fn without(self, file: &str) -> Self {
        std::fs::remove_file(self.path(file)).unwrap();
        self
    }

    /// Writes the tensors anew, as `change` leaves them.
    fn tensors(self, change: impl FnOnce(&mut Vec<Tensor>)) -> Self {
        let path = self.path("model.safetensors");
        let bytes = std::fs::read(&path).unwrap();
        let read = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let own = |(name, view): (&str, TensorView<'_>)| {
            Tensor(name.to_owned(), view.dtype(), view.shape().to_vec(), view.data().to_vec())
        };
        let mut tensors: Vec<Tensor> = read.iter().map(own).collect();
        change(&mut tensors);
        let views = tensors.iter().map(|Tensor(name, dtype, shape, bytes)| {
            (name.as_str(), TensorView::new(*dtype, shape.clone(), bytes).unwrap())
        });
        std::fs::write(&path, safetensors::serialize(views, None).unwrap()).unwrap();
        self
    }

    fn load(&self) -> Result<SentenceEncoder, EncodeError> {
        SentenceEncoder::load(self.folder.path(), Provenance::default(), Precision::F32)
    }

    /// Fails unless loading is refused with a message that has all of `words`.
    #[track_caller]
    fn refused(&self, words: &[&str]) {
        let error = self.load().err().unwrap_or_else(|| panic!("it was loaded; wanted {words:?}"));
        let mut message = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(next) = cause {
            message = format!("{message}: {next}");
            cause = next.source();
        }
        for word in words {
            assert!(message.contains(word), "not said: {word}\n{message}");
        }
    }
}

#[test]
fn unknown_architectures_activations_and_modules_are_named() {
    copy("bert").set("config.json", "model_type", json!("t5")).refused(&["config.json", "t5", "modernbert"]);
    copy("bert")
        .change("config.json", |c| drop(c.as_object_mut().unwrap().remove("model_type")))
        .refused(&["model_type"]);
    copy("bert").set("config.json", "hidden_act", json!("quick_gelu")).refused(&["config.json", "quick_gelu"]);
    copy("bert").set("config.json", "position_embedding_type", json!("relative_key")).refused(&["relative_key"]);
    copy("bert")
        .change("modules.json", |m| m[1]["type"] = json!("sentence_transformers.models.WordWeights"))
        .refused(&["modules.json", "WordWeights"]);
    copy("bert").change("modules.json", |m| m[0]["type"] = json!("mine.Transformer")).refused(&["mine.Transformer"]);
    copy("bert").change("modules.json", |m| m[1]["path"] = json!("../elsewhere")).refused(&["../elsewhere"]);
    copy("bert").change("modules.json", |m| drop(m.as_array_mut().unwrap().pop())).refused(&["pooling"]);
    copy("bert").change("modules.json", |m| *m = json!([])).refused(&["modules.json", "no module"]);
    copy("roberta").set("1_Pooling/config.json", "pooling_mode", json!("middle")).refused(&["1_Pooling", "middle"]);
    copy("bert")
        .set("config_sentence_transformers.json", "model_type", json!("SparseEncoder"))
        .refused(&["SparseEncoder"]);
    copy("gte-original").set("config.json", "rope_scaling", json!({"type": "yarn"})).refused(&["yarn"]);
    copy("qwen3").set("config.json", "rope_scaling", json!({"rope_type": "yarn"})).refused(&["yarn"]);
    copy("nomic-bert-original").set("config.json", "prenorm", json!(true)).refused(&["prenorm"]);
    copy("qwen3")
        .change("config.json", |c| {
            c["use_sliding_window"] = json!(true);
            c["max_window_layers"] = json!(0);
        })
        .refused(&["sliding window"]);
    copy("bert-bare").set("tokenizer_config.json", "chat_template", json!("{{ x }}")).refused(&["chat template"]);
    copy("bert").set("sentence_bert_config.json", "query_length", json!(8)).refused(&["query_length"]);
    let with = |inputs: Value| copy("qwen3").set("sentence_bert_config.json", "modality_config", inputs);
    let forward = json!({"method": "forward", "method_output_name": "last_hidden_state"});
    with(json!({"text": forward, "message": forward})).refused(&["sentence_bert_config.json", "chat template"]);
    with(json!({"text": {"method": "get_text_features"}})).refused(&["get_text_features"]);
}

#[test]
fn a_missing_tensor_and_a_wrong_shape_are_named() {
    let missing = "bert.encoder.layer.1.output.dense.bias";
    copy("bert").tensors(|all| all.retain(|t| t.0 != missing)).refused(&["model.safetensors", missing]);
    copy("bert").set("config.json", "intermediate_size", json!(38)).refused(&["intermediate", "37 x 30", "38 x 30"]);
    copy("bert").set("config.json", "vocab_size", json!(7)).refused(&["word_embeddings", "7 x 30"]);
    copy("bert").set("config.json", "num_attention_heads", json!(7)).refused(&["7 heads", "30"]);
    copy("modernbert").set("config.json", "num_attention_heads", json!(2)).refused(&["9 numbers"]);
    copy("qwen3").set("config.json", "num_key_value_heads", json!(3)).refused(&["heads"]);
    copy("bert-head").set("2_Dense/config.json", "in_features", json!(31)).refused(&["2_Dense", "31", "30"]);
    let whole_numbers = |all: &mut Vec<Tensor>| {
        all.iter_mut().filter(|t| t.0 == missing).for_each(|t| t.1 = Dtype::I32);
    };
    copy("bert").tensors(whole_numbers).refused(&[missing, "I32", "BF16"]);
    copy("model2vec-quantised")
        .tensors(|all| {
            let mapping = all.iter_mut().find(|t| t.0 == "mapping").unwrap();
            mapping.3[..4].copy_from_slice(&1_000_000u32.to_le_bytes());
        })
        .refused(&["mapping", "1000000"]);
}

#[test]
fn files_that_are_missing_or_broken_are_named() {
    copy("bert").without("config.json").refused(&["config.json"]);
    copy("bert").without("tokenizer.json").refused(&["tokenizer.json"]);
    copy("bert").without("model.safetensors").refused(&["model.safetensors"]);
    copy("roberta").without("1_Pooling/config.json").refused(&["1_Pooling"]);
    copy("qwen3").without("model-00002-of-00002.safetensors").refused(&["model-00002-of-00002.safetensors"]);
    copy("qwen3")
        .change("model.safetensors.index.json", |i| i["weight_map"]["x"] = json!("../../model.safetensors"))
        .refused(&["index.json", "../../model.safetensors"]);
    let pickled = copy("bert").without("model.safetensors");
    std::fs::write(pickled.path("pytorch_model.bin"), b"pickle").unwrap();
    pickled.refused(&["pytorch_model.bin", "safe_serialization"]);
    for (file, name) in [("config.json", "bert"), ("modules.json", "bert"), ("tokenizer.json", "bert")] {
        let broken = copy(name);
        std::fs::write(broken.path(file), b"{\"a\": ").unwrap();
        broken.refused(&[file]);
    }
    let short = copy("bert");
    let bytes = std::fs::read(short.path("model.safetensors")).unwrap();
    std::fs::write(short.path("model.safetensors"), &bytes[..bytes.len() - 1]).unwrap();
    short.refused(&["model.safetensors", "whole"]);
}

const ALL: [&str; 10] = [
    "bert",
    "roberta",
    "distilbert",
    "mpnet",
    "modernbert",
    "nomic-bert-original",
    "gte-original",
    "qwen3",
    "xlm-roberta",
    "model2vec-bare",
];

#[test]
fn settings_beyond_all_measure_neither_crash_nor_exhaust() {
    for model in ALL {
        let config: Value = serde_json::from_slice(&std::fs::read(copy(model).path("config.json")).unwrap()).unwrap();
        let numbers = config.as_object().unwrap().iter().filter(|(_, value)| value.is_number() || value.is_null());
        for name in numbers.map(|(name, _)| name) {
            for to in [
                json!(0),
                json!(-1),
                json!(1),
                json!(1u64 << 31),
                json!(u64::MAX),
                json!(-1e300),
                json!("30"),
                json!([]),
            ] {
                // some are not read, some are of no harm: what loads must also encode, or say why not
                if let Ok(encoder) = copy(model).set("config.json", name, to).load() {
                    let encoded = encoder.encode(Role::Query, &["the bank of the river", ""], Long::Truncate);
                    let finite = |all: &[f32]| all.iter().all(|v| v.is_finite());
                    assert!(
                        encoded.is_err() || encoded.unwrap().iter().all(|one| finite(&one.vector)),
                        "{model}: {name}"
                    );
                }
            }
        }
    }
    copy("bert").set("sentence_bert_config.json", "max_seq_length", json!(2)).refused(&["2 tokens"]);
    copy("bert").set("config_sentence_transformers.json", "truncate_dim", json!(0)).refused(&["truncate_dim"]);
    copy("qwen3")
        .set("config.json", "rope_parameters", json!({"rope_theta": -1.0}))
        .refused(&["rope_theta", "above zero"]);
    copy("qwen3").set("config.json", "rope_parameters", json!({"rope_type": null, "type": "yarn"})).refused(&["yarn"]);
}

#[test]
fn broken_weights_are_noticed() {
    for model in ALL.into_iter().filter(|model| *model != "qwen3" && *model != "xlm-roberta") {
        let broken = copy(model).tensors(|all| {
            for tensor in all.iter_mut().filter(|tensor| tensor.1 == Dtype::F32) {
                tensor.3[..4].copy_from_slice(&f32::NAN.to_le_bytes());
            }
        });
        let error = broken.load().unwrap().encode(Role::Query, &["the bank of the river [PAD]"], Long::Truncate);
        // a table's first row is of a token that the text may lack
        assert!(matches!(error, Err(EncodeError::NotFinite)) || model.starts_with("model2vec"), "{model}");
    }
}

#[test]
fn tokenizers_that_break_down_are_errors() {
    let text = ["the bank of the river"];
    // BERT's own tokenizer is made anew, as Python makes it; this one is as tokenizer.json says
    let no_length =
        copy("modernbert").set("tokenizer.json", "pre_tokenizer", json!({"type": "FixedLength", "length": 0}));
    no_length.refused(&["tokenizer.json", "broke down"]);
    let charsmap = json!({"type": "Precompiled", "precompiled_charsmap": "BAAAAP////8="});
    let mapped = copy("modernbert").set("tokenizer.json", "normalizer", charsmap).load();
    assert!(mapped.map_or(true, |e| e.encode(Role::Query, &text, Long::Truncate).is_err()));
    let endless = |t: &mut Value| t["model"]["vocab"][5] = json!(["a".repeat(400_000), -1.0]);
    copy("xlm-roberta").change("tokenizer.json", endless).refused(&["tokenizer.json", "400000 bytes"]);
    let without_a = json!({"type": "Replace", "pattern": {"String": "a"}, "content": ""});
    let odd = copy("modernbert").set("tokenizer.json", "normalizer", without_a).load().unwrap();
    let ids = odd.token_ids(Role::Query, "the").unwrap();
    let own = copy("modernbert").load().unwrap().token_ids(Role::Query, "the").unwrap();
    assert_eq!((ids.first(), ids.last()), (own.first(), own.last()), "special tokens stand around a text all the same");
    let nothing = json!({"type": "Replace", "pattern": {"Regex": "."}, "content": ""});
    copy("modernbert").set("tokenizer.json", "normalizer", nothing).refused(&["tokenizer.json", "no token"]);
    let version = copy("bert").set("tokenizer.json", "version", json!("2.0"));
    version.refused(&["tokenizer.json", "2.0"]);
}

#[test]
fn chance_has_no_part_in_tokens() {
    let own = copy("modernbert").load().unwrap();
    let odd = copy("modernbert").change("tokenizer.json", |t| t["model"]["dropout"] = json!(0.5)).load().unwrap();
    let text = "the bank of the river is the bank of the city";
    for _ in 0..5 {
        assert_eq!(odd.token_ids(Role::Query, text).unwrap(), own.token_ids(Role::Query, text).unwrap());
    }
}

#[test]
fn an_empty_text_is_a_text_to_a_model_without_special_tokens() {
    for pooling in ["lasttoken", "mean", "max", "cls"] {
        let bare = copy("qwen3")
            .set("tokenizer.json", "post_processor", Value::Null)
            .set("1_Pooling/config.json", "pooling_mode", json!(pooling))
            .set("config_sentence_transformers.json", "prompts", json!({}));
        let encoder = bare.load().unwrap();
        let alone = encoder.encode(Role::Query, &["the river"], Long::Window).unwrap();
        let both = encoder.encode(Role::Query, &["", "the river", ""], Long::Window).unwrap();
        assert_eq!(both[1], alone[0], "{pooling}");
        assert!(
            both[0] == both[2] && both[0].receipt.tokens == 0 && both[0].vector.iter().all(|v| *v == 0.0),
            "{pooling}"
        );
        assert!(encoder.encode_tokens(Role::Query, &[""], Long::Window).unwrap()[0].windows[0].ids.is_empty());
    }
}

#[test]
fn windows_do_not_count_what_was_left_out() {
    let few = |normalize: bool| {
        copy("model2vec-bare").set("config.json", "max_length", json!(4)).set(
            "config.json",
            "normalize",
            json!(normalize),
        )
    };
    for normalize in [false, true] {
        let encoder = few(normalize).load().unwrap();
        let unknown = format!("{} river", "\u{1f9ff} ".repeat(12));
        let all = encoder.encode(Role::Query, &["river", &unknown, "\u{1f9ff} \u{1f9ff}"], Long::Window).unwrap();
        assert!(all[0].vector.iter().zip(&all[1].vector).all(|(a, b)| (a - b).abs() < 1e-6), "{all:?}");
        assert_eq!((all[1].receipt.tokens, all[1].receipt.dropped, all[1].receipt.unknown), (13, 12, 12));
        assert!(all[2].vector.iter().all(|v| *v == 0.0));
        let cut = encoder.encode(Role::Query, &[&unknown], Long::Truncate).unwrap().remove(0).receipt;
        assert_eq!((cut.tokens, cut.dropped, cut.unknown), (13, 13, 12), "none counts twice");
    }
}

#[test]
fn a_prompt_that_does_not_count_is_left_out_of_every_window() {
    let with = |prompt: &str| {
        let how = Adjustment { prompt: Some(prompt.to_owned()), ..Adjustment::default() };
        copy("xlm-roberta").set("1_Pooling/config.json", "pooling_mode", json!("mean")).load().unwrap().adjusted(&how)
    };
    // the prompt's last letters and the text's first make one token, so windows share less than the whole prompt
    let encoder = with("the riv").unwrap();
    let text = format!("er{}", " the bank of the city".repeat(12));
    let tokens = encoder.encode_tokens(Role::Query, &[&text], Long::Window).unwrap().remove(0);
    let whole = encoder.encode(Role::Query, &[&text], Long::Window).unwrap().remove(0);
    assert!(tokens.windows.len() > 1);
    let prompt = encoder.count_tokens("the riv").unwrap();
    // less than the prompt, in each window but the first
    let said_again = tokens.windows[1].spans.iter().take_while(|span| span.is_none()).count() - 1;
    assert!(said_again < prompt);
    let mut sum = vec![0.0f64; 26];
    let mut total = 0.0;
    for (i, window) in tokens.windows.iter().enumerate() {
        let skipped = if i == 0 { 1 + prompt } else { 1 + said_again };
        let rows: Vec<&[f32]> = window.vectors.chunks_exact(26).skip(skipped).collect();
        let weight = (window.ids.len() - 2 - said_again) as f64;
        total += weight;
        for row in &rows {
            sum.iter_mut().zip(*row).for_each(|(s, v)| *s += f64::from(*v) * weight / rows.len() as f64);
        }
    }
    let expected = sum.iter().map(|s| s / total);
    assert!(whole.vector.iter().zip(expected).all(|(w, e)| (f64::from(*w) - e).abs() < 1e-5));
}

#[test]
fn tokens_that_the_weights_lack_are_an_error_and_no_crash() {
    let fewer = copy("bert").set("config.json", "vocab_size", json!(20)).tensors(|all| {
        let words = all.iter_mut().find(|t| t.0.ends_with("word_embeddings.weight")).unwrap();
        words.2[0] = 20;
        words.3.truncate(20 * 30 * 4);
    });
    let error = fewer.load().unwrap().encode(Role::Query, &["the bank of the river"], Long::Truncate).unwrap_err();
    assert!(matches!(error, EncodeError::Vocabulary { rows: 20, .. }), "{error}");
}

#[test]
fn without_modules_mean_pooling_is_said_aloud() {
    let encoder = copy("bert-bare").load().unwrap();
    assert!(matches!(encoder.notes(), [Note::NoModules { pooling }] if pooling == "mean"), "{:?}", encoder.notes());
    let dot = copy("bert-head").load().unwrap();
    assert!(matches!(dot.notes(), [Note::Similarity { name }] if name == "dot"), "{:?}", dot.notes());
    assert!(copy("bert").load().unwrap().notes().is_empty());
}

#[test]
fn a_shorter_vector_is_the_beginning_at_unit_length_again() {
    let whole = copy("roberta").load().unwrap();
    let how = Adjustment { dimension: Some(5), ..Adjustment::default() };
    let short = copy("roberta").load().unwrap().adjusted(&how).unwrap();
    assert_eq!((short.id().dimension, short.id().normalized), (5, true));
    assert!(!short.id().same_space(whole.id()));
    let text = ["the bank of the river"];
    let [whole, short] =
        [&whole, &short].map(|e| e.encode(Role::Query, &text, Long::Truncate).unwrap().remove(0).vector);
    let length = whole[..5].iter().map(|v| v * v).sum::<f32>().sqrt();
    assert_eq!(short.len(), 5);
    assert!(short.iter().zip(&whole).all(|(s, w)| (s - w / length).abs() < 1e-6), "{short:?} {whole:?}");
    for asked in [0, 22] {
        let how = Adjustment { dimension: Some(asked), ..Adjustment::default() };
        let error = copy("roberta").load().unwrap().adjusted(&how).unwrap_err();
        assert!(matches!(error, EncodeError::Dimension { most: 21, .. }), "{error}");
    }
}

#[test]
fn a_prompt_given_stands_in_place_of_the_models_own() {
    let text = ["the bank of the river"];
    let vector = |encoder: &SentenceEncoder, role| encoder.encode(role, &text, Long::Truncate).unwrap().remove(0);
    let own = copy("nomic-bert").load().unwrap();
    let prompt = own.id().prompts.query.clone();
    assert_ne!(vector(&own, Role::Query), vector(&own, Role::Passage));
    let how = Adjustment { prompt: Some(prompt), ..Adjustment::default() };
    let given = copy("nomic-bert").load().unwrap().adjusted(&how).unwrap();
    assert_eq!(vector(&given, Role::Passage), vector(&own, Role::Query));
    let endless = Adjustment { prompt: Some("bank ".repeat(100)), ..Adjustment::default() };
    assert!(matches!(copy("nomic-bert").load().unwrap().adjusted(&endless), Err(EncodeError::NoRoom { .. })));
}

#[test]
fn unit_length_on_demand() {
    let text = ["the bank of the river"];
    let how = Adjustment { normalize: true, ..Adjustment::default() };
    let (own, unit) = (copy("bert").load().unwrap(), copy("bert").load().unwrap().adjusted(&how).unwrap());
    let [own, unit] = [own, unit].map(|e| e.encode(Role::Query, &text, Long::Truncate).unwrap().remove(0).vector);
    let length = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>().sqrt();
    assert!((length(&own) - 1.0).abs() > 0.1 && (length(&unit) - 1.0).abs() < 1e-6);
    assert!(own.iter().zip(&unit).all(|(o, u)| (o / length(&own) - u).abs() < 1e-6));
}

#[test]
fn token_vectors_pool_to_the_texts_own_and_lie_where_their_tokens_do() {
    let texts = ["The bank of the river", "", "桥 the"];
    for name in ["bert-bare", "modernbert", "qwen3", "model2vec-bare", "static"] {
        let encoder = copy(name).load().unwrap();
        let tokens = encoder.encode_tokens(Role::Query, &texts, Long::Window).unwrap();
        for (text, tokens) in texts.iter().zip(&tokens) {
            for window in &tokens.windows {
                let ids = window.ids.len();
                assert_eq!((window.tokens.len(), window.spans.len()), (ids, ids), "{name}");
                assert_eq!(window.vectors.len(), ids * window.width, "{name}");
                for (from, to) in window.spans.iter().flatten() {
                    assert!(text.get(*from..*to).is_some(), "{name}: {from}..{to} of {text:?}");
                }
            }
        }
    }
    let encoder = copy("bert-bare").load().unwrap();
    let whole = encoder.encode(Role::Query, &texts[..1], Long::Truncate).unwrap().remove(0).vector;
    let window = &encoder.encode_tokens(Role::Query, &texts[..1], Long::Truncate).unwrap()[0].windows[0];
    let rows = window.vectors.chunks_exact(window.width);
    let count = rows.len() as f32;
    let mean = rows.fold(vec![0.0; window.width], |sum, row| sum.iter().zip(row).map(|(s, v)| s + v).collect());
    assert!(whole.iter().zip(&mean).all(|(w, m)| (w - m / count).abs() < 1e-5));
    let of = |i: usize| window.spans[i].map(|(from, to)| &texts[0][from..to]);
    assert_eq!((of(0), of(1)), (None, Some("The")));
}

#[test]
fn whatever_decides_the_numbers_makes_another_identity() {
    let own = copy("bert-bare").load().unwrap();
    let same = |copy: Copy| copy.load().unwrap().id().same_space(own.id());
    assert!(same(copy("bert-bare")));
    assert!(same(copy("bert-bare").set("config.json", "transformers_version", json!("9.9"))));
    assert!(!same(copy("bert-bare").set("config.json", "layer_norm_eps", json!(0.5))));
    assert!(!same(copy("bert-bare").set("config.json", "hidden_act", json!("gelu"))));
    assert!(!same(copy("bert-bare").set("tokenizer_config.json", "do_lower_case", json!(false))));
    assert!(!same(copy("bert-bare").set("tokenizer_config.json", "model_max_length", json!(9))));
    assert!(!same(copy("bert-bare").change("tokenizer.json", |t| t["version"] = json!("1.0 ".trim()))));
    assert!(!same(copy("bert-bare").without("tokenizer_config.json")));
    let head = |change: fn(&mut Value)| copy("bert-head").change("modules.json", change).load().unwrap();
    let early = |modules: &mut Value| {
        let modules = modules.as_array_mut().unwrap();
        modules
            .insert(2, json!({"idx": 9, "name": "9", "path": "9", "type": "sentence_transformers.models.Normalize"}));
    };
    assert!(!head(early).id().same_space(head(|_| {}).id()));
    let shifted = |all: &mut Vec<Tensor>| all[0].3[0] ^= 1;
    assert!(!same(copy("bert-bare").tensors(shifted)));
}

#[test]
fn a_trace_ends_in_the_texts_vector_and_attention_is_divided() {
    let text = "The bank of the river, 桥梁 🦀";
    for name in ["bert", "modernbert", "qwen3", "mpnet", "gte", "static", "model2vec-bare"] {
        let encoder = copy(name).load().unwrap();
        let expected = encoder.encode(Role::Query, &[text], Long::Truncate).unwrap().remove(0);
        let tokens = encoder.encode_tokens(Role::Query, &[text], Long::Truncate).unwrap().remove(0).windows.remove(0);
        for layer in 1..=encoder.layers() {
            let trace = encoder.trace(Role::Query, text, Watched::Layer(layer)).unwrap();
            assert_eq!((&trace.pooled, trace.receipt), (&expected.vector, expected.receipt), "{name}");
            assert_eq!(trace.steps.last().unwrap().vectors, tokens.vectors, "{name}");
            let attention = trace.attention.unwrap();
            assert_eq!(attention.layer, layer);
            for head in 1..=attention.heads {
                let weights = attention.of(Some(head)).unwrap();
                let rows = weights.chunks_exact(trace.tokens.len());
                assert_eq!(rows.len(), trace.tokens.len(), "{name}");
                assert!(rows.clone().all(|row| (row.iter().sum::<f32>() - 1.0).abs() < 1e-5), "{name}");
                // a decoder's token sees nothing of those behind it
                let ahead = rows.enumerate().map(|(i, row)| row[i + 1..].iter().sum::<f32>()).sum::<f32>();
                assert_eq!(ahead == 0.0, name == "qwen3", "{name}: {ahead}");
            }
            assert_eq!((attention.of(Some(0)), attention.of(Some(attention.heads + 1))), (None, None));
        }
        let trace = encoder.trace(Role::Query, text, Watched::Last).unwrap();
        assert_eq!(trace.attention.is_none(), encoder.layers() == 0);
        let unknown = trace.tokens.iter().filter(|token| token.unknown).count();
        // model2vec leaves out what it does not know
        assert_eq!(unknown, if name == "model2vec-bare" { 0 } else { expected.receipt.unknown }, "{name}");
        assert!(
            trace.of_span(&trace.steps[0], (4, 8)).is_some() && trace.of_span(&trace.steps[0], (900, 901)).is_none()
        );
        let beyond = encoder.trace(Role::Query, text, Watched::Layer(encoder.layers() + 1));
        assert!(matches!(beyond, Err(EncodeError::NoLayer { .. })));
    }
}

#[test]
fn the_nearest_rows_are_those_of_a_plain_search() {
    for name in ["bert", "static"] {
        let encoder = copy(name).load().unwrap();
        let trace = encoder.trace(Role::Query, "the river", Watched::Last).unwrap();
        let token = trace.tokens.iter().find(|token| token.span == Some((4, 9))).unwrap();
        let all = encoder.nearest_rows(token.id, usize::MAX);
        assert!(all.len() < encoder.vocabulary() as usize && all.iter().all(|near| near.id != token.id), "{name}");
        assert!(all.windows(2).all(|pair| pair[0].cosine >= pair[1].cosine), "{name}");
        assert_eq!(encoder.nearest_rows(token.id, 3), all[..3], "{name}");
        // the row of another token, by its own trace
        let the = &trace.tokens.iter().find(|token| token.span == Some((0, 3))).unwrap();
        let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
        let lengths = product(&the.row, &the.row) * product(&token.row, &token.row);
        let near = all.iter().find(|near| near.id == the.id).unwrap();
        assert!((f64::from(near.cosine) - product(&the.row, &token.row) / lengths.sqrt()).abs() < 1e-6, "{name}");
        assert_eq!(near.token, the.token, "{name}");
        assert!(encoder.nearest_rows(encoder.vocabulary(), 3).is_empty());
    }
}
