//! ModernBERT (Warner et al. 2024): rotary positions, layers that see far and layers that see near, gated feed-forward,
//! normalised before each part.

use super::layers::{Attention, Embeddings, FeedForward, Gate, Heads, Linear, Norm, Rope, Scope};
use super::transformer::{Layer, Norms, Transformer};
use super::{activation, even_depth, heads, unscaled};
use crate::config::Config;
use crate::directory::DirectoryError;
use crate::weights::Weights;

/// Places of the two ropes in the model's list.
const FAR: usize = 0;
const NEAR: usize = 1;

pub(super) fn load(config: &Config, weights: &Weights) -> Result<Transformer, DirectoryError> {
    let width = config.size(&["hidden_size"])?;
    let depth = even_depth(config, width / heads(config, &["num_attention_heads"], width)?)?;
    let root = weights.prefix_of("embeddings.tok_embeddings.weight", &["", "model."]);
    let norm = |name: &str| norm(config, weights, &format!("{root}{name}"), width);
    let table = format!("{root}embeddings.tok_embeddings.weight");
    let embeddings = Embeddings {
        words: weights.table(&table, config.size(&["vocab_size"])?, width)?,
        kinds: Vec::new(),
        positions: None,
        norm: Some(norm("embeddings.norm")?),
    };
    let ropes = vec![
        Rope::new(theta(config, "full_attention", "global_rope_theta", 160_000.0)?, depth),
        Rope::new(theta(config, "sliding_attention", "local_rope_theta", 10_000.0)?, depth),
    ];
    let layers =
        (0..config.size(&["num_hidden_layers"])?).map(|i| layer(config, weights, root, i)).collect::<Result<_, _>>()?;
    Ok(Transformer { embeddings, layers, ropes, relative: None, last_norm: Some(norm("final_norm")?) })
}

fn norm(config: &Config, weights: &Weights, name: &str, width: usize) -> Result<Norm, DirectoryError> {
    let epsilon = config.number_or(&["norm_eps"], 1e-5)?;
    Ok(Norm::layer(weights, name, width, epsilon, config.flag_or(&["norm_bias"], false)?)?)
}

/// The base of a kind of layer: in `rope_parameters` by kind since transformers 5, before that under `old`.
fn theta(config: &Config, kind: &str, old: &str, default: f64) -> Result<f64, DirectoryError> {
    if let Some(scaling) = config.section(&["rope_scaling"]) {
        unscaled(config, &scaling)?;
    }
    let written = config.positive_or(&[old], default)?;
    let Some(parameters) = config.section(&["rope_parameters"]).and_then(|all| all.section(&[kind])) else {
        return Ok(written);
    };
    unscaled(config, &parameters)?;
    parameters.positive_or(&["rope_theta"], written)
}

fn layer(config: &Config, weights: &Weights, root: &str, i: usize) -> Result<Layer, DirectoryError> {
    let width = config.size(&["hidden_size"])?;
    let inner = config.size(&["intermediate_size"])?;
    let heads = Heads::even(heads(config, &["num_attention_heads"], width)?, width);
    let name = |rest: &str| format!("{root}layers.{i}.{rest}");
    let linear = |part: &str, outputs, inputs, biased| Linear::load(weights, &[(&name(part), outputs)], inputs, biased);
    let attention_biased = config.flag_or(&["attention_bias"], false)?;
    let biased = config.flag_or(&["mlp_bias"], false)?;
    let (up, down) = (linear("mlp.Wi", 2 * inner, width, biased)?, linear("mlp.Wo", width, inner, biased)?);
    let far = sees_far(config, i)?;
    let near = config.size_or(&["local_attention"], 128)? / 2;
    Ok(Layer {
        attention: Attention {
            query_key_value: linear("attn.Wqkv", 3 * width, width, attention_biased)?,
            output: linear("attn.Wo", width, width, attention_biased)?,
            heads,
            head_norms: None,
        },
        feed_forward: FeedForward::new(up, Gate::First, activation(config, &["hidden_activation"], "gelu")?, down),
        norms: Norms::Before {
            // the embeddings come normalised already
            attention: if i == 0 { None } else { Some(norm(config, weights, &name("attn_norm"), width)?) },
            feed_forward: norm(config, weights, &name("mlp_norm"), width)?,
        },
        scope: if far { Scope::All } else { Scope::Near(near) },
        rope: Some(if far { FAR } else { NEAR }),
    })
}

fn sees_far(config: &Config, i: usize) -> Result<bool, DirectoryError> {
    let every = config.size_or(&["global_attn_every_n_layers"], 3)?;
    let Some(kinds) = config.words("layer_types") else { return Ok(i.is_multiple_of(every)) };
    match kinds.get(i) {
        Some(&"full_attention") => Ok(true),
        Some(&"sliding_attention") => Ok(false),
        Some(other) => Err(config.unsupported(format!("layers of the type {other}"))),
        None => Err(config.unsupported(format!("no type for layer {i}"))),
    }
}
