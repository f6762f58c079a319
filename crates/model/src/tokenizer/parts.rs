//! The parts of a tokenizer.json, put together.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;
use tokenizers::{
    AddedToken, DecoderWrapper, Error, NormalizerWrapper, PostProcessorWrapper, PreTokenizerWrapper, TokenizerBuilder,
    TokenizerImpl,
};

use super::pieces::{Described, Pieces};
use super::stored;
use super::vocabulary::Vocabulary;

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

/// The tokenizer of `path`, and where it would cut by itself. A vocabulary of pieces is read from `stored`
/// where an earlier start has left it there, else left there for the next.
pub(super) fn load(path: &Path, stored: Option<&Path>) -> Result<(Inner, Option<Truncation>), Error> {
    if let Some((parts, pieces)) = stored.and_then(stored::read) {
        return together(&parts, Vocabulary::Pieces(Box::new(pieces)));
    }
    let json = std::fs::read(path)?;
    let mut all: BTreeMap<String, &RawValue> = serde_json::from_slice(&json)?;
    let model = all.remove("model").ok_or("it has no model")?.get();
    let parts = serde_json::to_string(&all)?;
    let kind: Kind = serde_json::from_str(model)?;
    let described = match kind.r#type.as_deref() {
        Some("Unigram") => Some(serde_json::from_str::<Described>(model)?),
        _ => None,
    };
    match described.and_then(|described| described.tables()).and_then(Pieces::new) {
        Some(pieces) => {
            if let Some(stored) = stored {
                // the next start takes longer; nothing is lost
                let _ = stored::write(stored, &parts, &pieces);
            }
            together(&parts, Vocabulary::Pieces(Box::new(pieces)))
        }
        None => together(&parts, Vocabulary::Other(Box::new(serde_json::from_str(model)?))),
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
