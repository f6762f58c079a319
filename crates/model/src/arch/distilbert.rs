//! DistilBERT (Sanh et al. 2019): BERT without token types, under names of its own.

use super::layer_of_bert::{Names, Settings};
use super::layers::{Embeddings, Norm, Numbering, Positions};
use super::transformer::Transformer;
use super::{activation, heads, layer_of_bert};
use crate::config::Config;
use crate::directory::DirectoryError;
use crate::weights::Weights;

/// Fixed in transformers' implementation.
const EPSILON: f64 = 1e-12;

const NAMES: Names = Names {
    query_key_value: ["attention.q_lin", "attention.k_lin", "attention.v_lin"],
    output: "attention.out_lin",
    attention_norm: "sa_layer_norm",
    up: "ffn.lin1",
    down: "ffn.lin2",
    norm: "output_layer_norm",
};

pub(super) fn load(config: &Config, weights: &Weights) -> Result<Transformer, DirectoryError> {
    let width = config.size(&["dim", "hidden_size"])?;
    let root = weights.prefix_of("embeddings.word_embeddings.weight", &["", "distilbert."]);
    let name = |rest: &str| format!("{root}embeddings.{rest}");
    let places = config.size_or(&["max_position_embeddings"], 512)?;
    let embeddings = Embeddings {
        words: weights.table(&name("word_embeddings.weight"), config.size(&["vocab_size"])?, width)?,
        kinds: Vec::new(),
        positions: Some(Positions {
            table: weights.table(&name("position_embeddings.weight"), places, width)?,
            numbering: Numbering::FromZero,
        }),
        norm: Some(Norm::layer(weights, &name("LayerNorm"), width, EPSILON, true)?),
    };
    let settings = Settings {
        width,
        inner: config.size(&["hidden_dim"])?,
        heads: heads(config, &["n_heads", "num_attention_heads"], width)?,
        epsilon: EPSILON,
        activation: activation(config, &["activation"], "gelu")?,
    };
    let layer = |i| layer_of_bert::load(weights, &format!("{root}transformer.layer.{i}"), &NAMES, &settings);
    let layers = (0..config.size(&["n_layers", "num_hidden_layers"])?).map(layer).collect::<Result<_, _>>()?;
    Ok(Transformer { embeddings, layers, ropes: Vec::new(), relative: None, last_norm: None })
}
