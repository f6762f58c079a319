//! MPNet (Song et al. 2020): learned positions, and a bias for the distance of two tokens that all layers share.

use super::layer_of_bert::{self, Names, Settings};
use super::layers::{Embeddings, Norm, Numbering, Positions, RelativeBias};
use super::transformer::Transformer;
use crate::config::Config;
use crate::directory::DirectoryError;
use crate::weights::Weights;

/// Fixed in transformers' implementation, whatever config.json says.
const PADDING: u32 = 1;
/// Likewise; config.json says how many rows the table has.
const BUCKETS: usize = 32;

const NAMES: Names = Names {
    query_key_value: ["attention.attn.q", "attention.attn.k", "attention.attn.v"],
    output: "attention.attn.o",
    attention_norm: "attention.LayerNorm",
    up: "intermediate.dense",
    down: "output.dense",
    norm: "output.LayerNorm",
};

pub(super) fn load(config: &Config, weights: &Weights) -> Result<Transformer, DirectoryError> {
    let settings = Settings::of(config)?;
    let Settings { width, epsilon, .. } = settings;
    let root = weights.prefix_of("embeddings.word_embeddings.weight", &["", "mpnet."]);
    let name = |rest: &str| format!("{root}embeddings.{rest}");
    let places = config.size_or(&["max_position_embeddings"], 512)?;
    let positions = Positions {
        table: weights.table(&name("position_embeddings.weight"), places, width)?,
        numbering: Numbering::AfterPadding(PADDING),
    };
    let shape = (config.size_or(&["relative_attention_num_buckets"], BUCKETS)?, config.size(&["num_attention_heads"])?);
    if shape.0 < BUCKETS {
        return Err(config.unsupported(format!("{} buckets of distances, fewer than {BUCKETS}", shape.0)));
    }
    let biases = format!("{root}encoder.relative_attention_bias.weight");
    let relative = RelativeBias::load(weights, &biases, (shape, BUCKETS), positions.limit().max(1))?;
    let embeddings = Embeddings {
        words: weights.table(&name("word_embeddings.weight"), config.size(&["vocab_size"])?, width)?,
        kinds: Vec::new(),
        positions: Some(positions),
        norm: Some(Norm::layer(weights, &name("LayerNorm"), width, epsilon, true)?),
    };
    let layer = |i| layer_of_bert::load(weights, &format!("{root}encoder.layer.{i}"), &NAMES, &settings);
    let layers = (0..config.size(&["num_hidden_layers"])?).map(layer).collect::<Result<_, _>>()?;
    Ok(Transformer { embeddings, layers, ropes: Vec::new(), relative: Some(relative), last_norm: None })
}
