//! MPNet (Song et al. 2020): learned positions, and a bias for the distance of two tokens that all layers share.

use super::layers::{
    Attention, Embeddings, FeedForward, Gate, Heads, Linear, Norm, Numbering, Positions, RelativeBias, Scope,
};
use super::transformer::{Layer, Norms, Transformer};
use super::{activation, heads};
use crate::config::Config;
use crate::directory::DirectoryError;
use crate::weights::Weights;

/// Fixed in transformers' implementation, whatever config.json says.
const PADDING: u32 = 1;
/// Likewise; config.json says how many rows the table has.
const BUCKETS: usize = 32;

pub(super) fn load(config: &Config, weights: &Weights) -> Result<Transformer, DirectoryError> {
    let width = config.size(&["hidden_size"])?;
    let epsilon = config.number_or(&["layer_norm_eps"], 1e-12)?;
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
        kind: Vec::new(),
        positions: Some(positions),
        norm: Some(Norm::layer(weights, &name("LayerNorm"), width, epsilon, true)?),
    };
    let layers =
        (0..config.size(&["num_hidden_layers"])?).map(|i| layer(config, weights, root, i)).collect::<Result<_, _>>()?;
    Ok(Transformer { embeddings, layers, ropes: Vec::new(), relative: Some(relative), last_norm: None })
}

fn layer(config: &Config, weights: &Weights, root: &str, i: usize) -> Result<Layer, DirectoryError> {
    let width = config.size(&["hidden_size"])?;
    let inner = config.size(&["intermediate_size"])?;
    let epsilon = config.number_or(&["layer_norm_eps"], 1e-12)?;
    let heads = Heads::even(heads(config, &["num_attention_heads"], width)?, width);
    let name = |rest: &str| format!("{root}encoder.layer.{i}.{rest}");
    let linear = |part: &str, outputs, inputs| Linear::load(weights, &[(&name(part), outputs)], inputs, true);
    let [query, key, value] = ["q", "k", "v"].map(|part| name(&format!("attention.attn.{part}")));
    let query_key_value = Linear::load(weights, &[(&query, width), (&key, width), (&value, width)], width, true)?;
    let output = linear("attention.attn.o", width, width)?;
    let (up, down) = (linear("intermediate.dense", inner, width)?, linear("output.dense", width, inner)?);
    Ok(Layer {
        attention: Attention { query_key_value, output, heads, head_norms: None },
        feed_forward: FeedForward::new(up, Gate::None, activation(config, &["hidden_act"], "gelu")?, down),
        norms: Norms::After {
            attention: Norm::layer(weights, &name("attention.LayerNorm"), width, epsilon, true)?,
            feed_forward: Norm::layer(weights, &name("output.LayerNorm"), width, epsilon, true)?,
        },
        scope: Scope::All,
        rope: None,
    })
}
