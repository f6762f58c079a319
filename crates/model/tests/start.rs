//! The second start: what the first has left in the cache gives the same tokens, and whatever lies there instead does no harm.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare its files has failed")]

use std::path::{Path, PathBuf};

use qiao_model::fetch::{Fallback, FetchConfig, resolve_cached};
use qiao_model::{Precision, Provenance, Role, SentenceEncoder};

const TEXTS: [&str; 6] = [
    "",
    "桥是连接符号与连续的一座桥梁。繁體中文也可以。",
    "Hello, WORLD! naïve Straße ﬁne ½ full　width　ＡＢＣ",
    "🦀🇨🇭 emoji, zero\u{200b}width, soft\u{ad}hyphen, nul\u{0} and e\u{301} combining <unk> <s> <mask>",
    "мост это мост, γέφυρα, 橋は橋です, สะพาน, جسر",
    " \n\t ▁ ▁▁ 1,000,000 ﷺ",
];

fn load(derived: Option<&Path>) -> SentenceEncoder {
    let config = FetchConfig::from_env().unwrap();
    let found = resolve_cached("multilingual-e5-small-q4", Fallback::Never, &config);
    let found = found.unwrap_or_else(|e| panic!("{e}; `cargo xtask test` pulls what tests need"));
    let from = Provenance { derived: derived.map(Path::to_owned), ..Provenance::of(&found, &config) };
    SentenceEncoder::load(&found.path, from, Precision::F32).unwrap()
}

fn ids(encoder: &SentenceEncoder) -> Vec<Vec<u32>> {
    TEXTS.iter().map(|text| encoder.token_ids(Role::Query, text).unwrap()).collect()
}

fn kept(derived: &Path) -> PathBuf {
    let mut files = std::fs::read_dir(derived.join("tokenizers")).unwrap().map(|entry| entry.unwrap().path());
    let only = files.next().unwrap();
    assert!(files.next().is_none(), "one file and nothing beside it");
    only
}

#[test]
fn a_kept_tokenizer_gives_the_same_tokens_and_a_damaged_one_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let derived = folder.path().join("derived");
    let without = ids(&load(None));
    assert_eq!(ids(&load(Some(&derived))), without);
    let file = kept(&derived);
    let whole = std::fs::read(&file).unwrap();
    assert_eq!(ids(&load(Some(&derived))), without, "the second start");
    let mut turned = whole.clone();
    turned[whole.len() / 2] ^= 1;
    for damaged in [turned, whole[..whole.len() / 2].to_vec(), whole[..20].to_vec(), Vec::new()] {
        std::fs::write(&file, damaged).unwrap();
        assert_eq!(ids(&load(Some(&derived))), without);
        assert_eq!(std::fs::read(kept(&derived)).unwrap(), whole);
    }
}

#[test]
fn a_kept_tokenizer_is_believed_only_under_the_hash_of_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let small = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/xlm-roberta");
    let (model, derived) = (folder.path().join("model"), folder.path().join("derived"));
    std::fs::create_dir(&model).unwrap();
    for file in ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"] {
        std::fs::copy(small.join(file), model.join(file)).unwrap();
    }
    let verified = "0".repeat(64);
    let from = Provenance {
        tokenizer_sha256: Some(verified.clone()),
        derived: Some(derived.clone()),
        ..Provenance::default()
    };
    let error = SentenceEncoder::load(&model, from, Precision::F32).unwrap_err();
    let reason = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    assert!(reason.contains("pull the model again"), "{error}: {reason}");
    assert!(!derived.join("tokenizers").join(verified).exists(), "nothing is kept under a hash that is not its own");
}

#[test]
fn whatever_a_cache_file_holds_it_does_no_harm() {
    use sha2::Digest;

    let folder = tempfile::tempdir().unwrap();
    let small = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/xlm-roberta");
    let load = || {
        let from = Provenance { derived: Some(folder.path().to_owned()), ..Provenance::default() };
        SentenceEncoder::load(&small, from, Precision::F32)
    };
    let ids = |encoder: &SentenceEncoder| encoder.token_ids(Role::Query, "the bank 桥梁 of the river \u{0} x");
    let expected = ids(&load().unwrap()).unwrap();
    let file = kept(folder.path());
    let whole = std::fs::read(&file).unwrap();
    for at in 40..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0xff;
        let digest = sha2::Sha256::digest(&changed[40..]);
        changed[8..40].copy_from_slice(&digest);
        std::fs::write(&file, changed).unwrap();
        // other tokens or an error, which a person who can write here could have anyway; never a crash
        let _ = load().map(|encoder| ids(&encoder).map(drop));
    }
    std::fs::remove_file(&file).unwrap();
    assert_eq!(ids(&load().unwrap()).unwrap(), expected);
}

#[test]
fn a_cache_that_cannot_be_written_costs_only_time() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a file where a folder should be");
    std::fs::write(&file, b"x").unwrap();
    assert_eq!(ids(&load(Some(&file))), ids(&load(None)));
}

/// All strings of a JSON file.
fn strings(value: &serde_json::Value, into: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => into.push(text.clone()),
        serde_json::Value::Array(all) => all.iter().for_each(|value| strings(value, into)),
        serde_json::Value::Object(all) => all.values().for_each(|value| strings(value, into)),
        _ => {}
    }
}

#[test]
fn the_tokens_are_those_of_the_tokenizers_crate() {
    let encoder = load(None);
    let mut peer = tokenizers::Tokenizer::from_file(encoder.directory().join("tokenizer.json")).unwrap();
    peer.with_truncation(None).unwrap();
    peer.with_padding(None);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let shared = std::env::var_os("QIAO_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    let retrieval = ["xquad.zh", "xquad.en", "xquad.de", "cmrc2018_trial"];
    let retrieval = retrieval.map(|name| shared.join(format!("data/retrieval/{name}.json")));
    let mut texts: Vec<String> = TEXTS.map(str::to_owned).to_vec();
    for file in std::iter::once(root.join("examples/questions.json")).chain(retrieval) {
        match std::fs::read(&file) {
            Ok(json) => strings(&serde_json::from_slice(&json).unwrap(), &mut texts),
            Err(_) => eprintln!("skipped: no shared data, {}", file.display()),
        }
    }
    assert!(texts.len() > 100);
    for text in &texts {
        let expected = peer.encode_fast(text.as_str(), false).unwrap();
        assert_eq!(encoder.count_tokens(text).unwrap(), expected.len(), "{text:?}");
        let whole = peer.encode_fast(format!("query: {text}"), true).unwrap();
        let ids = encoder.token_ids(Role::Query, text).unwrap();
        match whole.len() <= 512 {
            true => assert_eq!(ids, whole.get_ids(), "{text:?}"),
            // cut, with the last special token kept
            false => assert_eq!(ids[..511], whole.get_ids()[..511], "{text:?}"),
        }
    }
}
