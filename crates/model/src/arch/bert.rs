//! BERT (Devlin et al. 2018): learned positions, normalised after each part.

use super::layers::{Attention, Embeddings, FeedForward, Gate, Heads, Linear, Norm, Numbering, Positions, Scope};
use super::transformer::{Layer, Norms, Transformer};
use super::{activation, heads};
use crate::config::Config;
use crate::directory::DirectoryError;
use crate::weights::Weights;

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
    let width = config.size(&["hidden_size"])?;
    let epsilon = config.number_or(&["layer_norm_eps"], 1e-12)?;
    let root = weights.prefix_of("embeddings.word_embeddings.weight", prefixes);
    let name = |rest: &str| format!("{root}embeddings.{rest}");
    let places = config.size_or(&["max_position_embeddings"], 512)?;
    let mut kinds = weights.tensor(&name("token_type_embeddings.weight"), &[types(config)?, width])?;
    // every token of a single text is of the first type
    kinds.truncate(width);
    let embeddings = Embeddings {
        words: weights.table(&name("word_embeddings.weight"), config.size(&["vocab_size"])?, width)?,
        kind: kinds,
        positions: Some(Positions {
            table: weights.table(&name("position_embeddings.weight"), places, width)?,
            numbering,
        }),
        norm: Some(Norm::layer(weights, &name("LayerNorm"), width, epsilon, true)?),
    };
    let layers =
        (0..config.size(&["num_hidden_layers"])?).map(|i| layer(config, weights, root, i)).collect::<Result<_, _>>()?;
    Ok(Transformer { embeddings, layers, ropes: Vec::new(), relative: None, last_norm: None })
}

fn types(config: &Config) -> Result<usize, DirectoryError> {
    config.size_or(&["type_vocab_size"], 2)
}

fn layer(config: &Config, weights: &Weights, root: &str, i: usize) -> Result<Layer, DirectoryError> {
    let width = config.size(&["hidden_size"])?;
    let inner = config.size(&["intermediate_size"])?;
    let epsilon = config.number_or(&["layer_norm_eps"], 1e-12)?;
    let heads = Heads::even(heads(config, &["num_attention_heads"], width)?, width);
    let name = |rest: &str| format!("{root}encoder.layer.{i}.{rest}");
    let linear = |part: &str, outputs, inputs| Linear::load(weights, &[(&name(part), outputs)], inputs, true);
    let [query, key, value] = ["query", "key", "value"].map(|part| name(&format!("attention.self.{part}")));
    let query_key_value = Linear::load(weights, &[(&query, width), (&key, width), (&value, width)], width, true)?;
    let output = linear("attention.output.dense", width, width)?;
    let (up, down) = (linear("intermediate.dense", inner, width)?, linear("output.dense", width, inner)?);
    Ok(Layer {
        attention: Attention { query_key_value, output, heads, head_norms: None },
        feed_forward: FeedForward::new(up, Gate::None, activation(config, &["hidden_act"], "gelu")?, down),
        norms: Norms::After {
            attention: Norm::layer(weights, &name("attention.output.LayerNorm"), width, epsilon, true)?,
            feed_forward: Norm::layer(weights, &name("output.LayerNorm"), width, epsilon, true)?,
        },
        scope: Scope::All,
        rope: None,
    })
}
