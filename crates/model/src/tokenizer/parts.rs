//! The parts of a tokenizer.json, put together.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use tokenizers::{
    AddedToken, DecoderWrapper, Error, NormalizerWrapper, PostProcessorWrapper, PreTokenizerWrapper, TokenizerBuilder,
    TokenizerImpl,
};

use super::pieces::{Described, Pieces};
use super::stored;
use super::vocabulary::Vocabulary;
use crate::identity::hex;

/// A tokenizer without truncation and padding of its own.
pub(super) type Inner =
    TokenizerImpl<Vocabulary, NormalizerWrapper, PreTokenizerWrapper, PostProcessorWrapper, DecoderWrapper>;

/// The one version of the format.
const VERSION: &str = "1.0";

/// All but the vocabulary, and but the decoder, which turns ids into text.
#[derive(Deserialize)]
struct Parts {
    version: Option<String>,
    truncation: Option<Truncation>,
    #[serde(default)]
    added_tokens: Vec<AddedToken>,
    normalizer: Option<NormalizerWrapper>,
    pre_tokenizer: Option<PreTokenizerWrapper>,
    post_processor: Option<PostProcessorWrapper>,
}

/// Where it would cut by itself.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Truncation {
    /// Tokens
    pub(super) max_length: usize,
    #[serde(default)]
    pub(super) direction: Direction,
}

/// Which end of a text that is too long is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub(super) enum Direction {
    Left,
    #[default]
    Right,
}

#[derive(Deserialize)]
struct Kind {
    r#type: Option<String>,
}

/// Where the parsed form of a tokenizer is kept, and the SHA-256 of the tokenizer.json that it is of.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) folder: PathBuf,
    pub(crate) sha256: String,
}

impl Stored {
    fn path(&self) -> PathBuf {
        self.folder.join(&self.sha256)
    }
}

/// The tokenizer of `path`, and where it would cut by itself. A vocabulary of pieces is read from what an earlier start has
/// left, else left for the next.
pub(super) fn load(path: &Path, stored: Option<&Stored>) -> Result<(Inner, Option<Truncation>), Error> {
    if let Some((parts, pieces)) = stored.and_then(|stored| stored::read(&stored.path())) {
        return together(&parts, Vocabulary::Pieces(Box::new(pieces)));
    }
    let json = std::fs::read(path)?;
    if stored.is_some_and(|stored| stored.sha256 != hex(&Sha256::digest(&json))) {
        return Err("it is not the file that was verified when the model was fetched; pull the model again".into());
    }
    let mut all: BTreeMap<String, &RawValue> = serde_json::from_slice(&json)?;
    let model = all.remove("model").ok_or("it has no model")?.get();
    let parts = serde_json::to_string(&all)?;
    let kind: Kind = serde_json::from_str(model)?;
    let described = match kind.r#type.as_deref() {
        Some("Unigram") => Some(serde_json::from_str::<Described>(model)?),
        _ => None,
    };
    if let Some(length) = described.as_ref().and_then(Described::beyond_measure) {
        return Err(format!("it has a piece of {length} bytes").into());
    }
    match described.as_ref().and_then(Described::tables).and_then(Pieces::new) {
        Some(pieces) => {
            if let Some(stored) = stored {
                // the next start takes longer; nothing is lost
                let _ = stored::write(&stored.path(), &parts, &pieces);
            }
            together(&parts, Vocabulary::Pieces(Box::new(pieces)))
        }
        None => {
            let unknown = described.and_then(|described| described.unknown());
            together(&parts, Vocabulary::other(serde_json::from_str(model)?, unknown))
        }
    }
}

fn together(parts: &str, vocabulary: Vocabulary) -> Result<(Inner, Option<Truncation>), Error> {
    let parts: Parts = serde_json::from_str(parts)?;
    if let Some(version) = parts.version.filter(|version| version != VERSION) {
        return Err(format!("it is of version {version}, and {VERSION} is read").into());
    }
    let builder = TokenizerBuilder::new()
        .with_model(vocabulary)
        .with_normalizer(parts.normalizer)
        .with_pre_tokenizer(parts.pre_tokenizer)
        .with_post_processor(parts.post_processor)
        .with_decoder(None::<DecoderWrapper>);
    let mut inner = builder.build()?;
    inner.add_tokens(parts.added_tokens)?;
    Ok((inner, parts.truncation))
}
