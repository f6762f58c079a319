//! BERT (Devlin et al. 2018): learned positions, normalised after each part.

use super::layer_of_bert::{self, Names, Settings};
use super::layers::{Embeddings, Norm, Numbering, Positions};
use super::transformer::Transformer;
use crate::config::Config;
use crate::directory::DirectoryError;
use crate::weights::Weights;

const NAMES: Names = Names {
    query_key_value: ["attention.self.query", "attention.self.key", "attention.self.value"],
    output: "attention.output.dense",
    attention_norm: "attention.output.LayerNorm",
    up: "intermediate.dense",
    down: "output.dense",
    norm: "output.LayerNorm",
};

pub(super) fn load(config: &Config, weights: &Weights) -> Result<Transformer, DirectoryError> {
    numbered(config, weights, &["", "bert."], Numbering::FromZero)
}

/// BERT with its tensors under one of `prefixes` and its positions numbered so.
pub(super) fn numbered(
    config: &Config,
    weights: &Weights,
    prefixes: &[&'static str],
    numbering: Numbering,
) -> Result<Transformer, DirectoryError> {
    let kind = config.word_or(&["position_embedding_type"], "absolute")?;
    if kind != "absolute" {
        return Err(config.unsupported(format!("{kind} position embeddings")));
    }
    let settings = Settings::of(config)?;
    let Settings { width, epsilon, .. } = settings;
    let root = weights.prefix_of("embeddings.word_embeddings.weight", prefixes);
    let name = |rest: &str| format!("{root}embeddings.{rest}");
    let places = config.size_or(&["max_position_embeddings"], 512)?;
    let mut kinds = weights.tensor(&name("token_type_embeddings.weight"), &[types(config)?, width])?;
    // of more than two texts at once there are none
    kinds.truncate(2 * width);
    let embeddings = Embeddings {
        words: weights.table(&name("word_embeddings.weight"), config.size(&["vocab_size"])?, width)?,
        kinds,
        positions: Some(Positions {
            table: weights.table(&name("position_embeddings.weight"), places, width)?,
            numbering,
        }),
        norm: Some(Norm::layer(weights, &name("LayerNorm"), width, epsilon, true)?),
    };
    let layer = |i| layer_of_bert::load(weights, &format!("{root}encoder.layer.{i}"), &NAMES, &settings);
    let layers = (0..config.size(&["num_hidden_layers"])?).map(layer).collect::<Result<_, _>>()?;
    Ok(Transformer { embeddings, layers, ropes: Vec::new(), relative: None, last_norm: None })
}

fn types(config: &Config) -> Result<usize, DirectoryError> {
    config.size_or(&["type_vocab_size"], 2)
}
