//! DistilBERT (Sanh et al. 2019): BERT without token types, under names of its own.

use super::layers::{Attention, Embeddings, FeedForward, Gate, Heads, Linear, Norm, Numbering, Positions, Scope};
use super::transformer::{Layer, Norms, Transformer};
use super::{activation, heads};
use crate::config::Config;
use crate::directory::DirectoryError;
use crate::weights::Weights;

/// Fixed in transformers' implementation.
const EPSILON: f64 = 1e-12;

pub(super) fn load(config: &Config, weights: &Weights) -> Result<Transformer, DirectoryError> {
    let width = config.size(&["dim", "hidden_size"])?;
    let root = weights.prefix_of("embeddings.word_embeddings.weight", &["", "distilbert."]);
    let name = |rest: &str| format!("{root}embeddings.{rest}");
    let places = config.size_or(&["max_position_embeddings"], 512)?;
    let embeddings = Embeddings {
        words: weights.table(&name("word_embeddings.weight"), config.size(&["vocab_size"])?, width)?,
        kind: Vec::new(),
        positions: Some(Positions {
            table: weights.table(&name("position_embeddings.weight"), places, width)?,
            numbering: Numbering::FromZero,
        }),
        norm: Some(Norm::layer(weights, &name("LayerNorm"), width, EPSILON, true)?),
    };
    let count = config.size(&["n_layers", "num_hidden_layers"])?;
    let layers = (0..count).map(|i| layer(config, weights, root, i)).collect::<Result<_, _>>()?;
    Ok(Transformer { embeddings, layers, ropes: Vec::new(), relative: None, last_norm: None })
}

fn layer(config: &Config, weights: &Weights, root: &str, i: usize) -> Result<Layer, DirectoryError> {
    let width = config.size(&["dim", "hidden_size"])?;
    let inner = config.size(&["hidden_dim"])?;
    let heads = Heads::even(heads(config, &["n_heads", "num_attention_heads"], width)?, width);
    let name = |rest: &str| format!("{root}transformer.layer.{i}.{rest}");
    let linear = |part: &str, outputs, inputs| Linear::load(weights, &[(&name(part), outputs)], inputs, true);
    let [query, key, value] = ["q_lin", "k_lin", "v_lin"].map(|part| name(&format!("attention.{part}")));
    let query_key_value = Linear::load(weights, &[(&query, width), (&key, width), (&value, width)], width, true)?;
    let output = linear("attention.out_lin", width, width)?;
    let (up, down) = (linear("ffn.lin1", inner, width)?, linear("ffn.lin2", width, inner)?);
    Ok(Layer {
        attention: Attention { query_key_value, output, heads, head_norms: None },
        feed_forward: FeedForward::new(up, Gate::None, activation(config, &["activation"], "gelu")?, down),
        norms: Norms::After {
            attention: Norm::layer(weights, &name("sa_layer_norm"), width, EPSILON, true)?,
            feed_forward: Norm::layer(weights, &name("output_layer_norm"), width, EPSILON, true)?,
        },
        scope: Scope::All,
        rope: None,
    })
}
