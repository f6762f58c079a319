//! Qwen3 (Yang et al. 2025), as Qwen3-Embedding uses it: a decoder, so each token sees those before it; grouped queries,
//! normalised queries and keys, rotary positions, gated feed-forward.

use super::layers::{Attention, Embeddings, FeedForward, Gate, Heads, Linear, Norm, Rope, Scope};
use super::transformer::{Layer, Norms, Transformer};
use super::{activation, even_depth, theta};
use crate::config::Config;
use crate::directory::DirectoryError;
use crate::weights::Weights;

pub(super) fn load(config: &Config, weights: &Weights) -> Result<Transformer, DirectoryError> {
    let layers = config.size(&["num_hidden_layers"])?;
    // only layers from `max_window_layers` on would have the window
    if config.flag_or(&["use_sliding_window"], false)? && config.count_or(&["max_window_layers"], 28)? < layers {
        return Err(config.unsupported("a sliding window"));
    }
    let width = config.size(&["hidden_size"])?;
    let heads = heads(config)?;
    let root = weights.prefix_of("embed_tokens.weight", &["", "model."]);
    let embeddings = Embeddings {
        words: weights.table(&format!("{root}embed_tokens.weight"), config.size(&["vocab_size"])?, width)?,
        kinds: Vec::new(),
        positions: None,
        norm: None,
    };
    let last_norm = Some(Norm::rms(weights, &format!("{root}norm"), width, epsilon(config)?)?);
    let layers: Vec<Layer> = (0..layers).map(|i| layer(config, weights, root, i)).collect::<Result<_, _>>()?;
    // only now have tensors shown that heads are as deep as config.json says
    let ropes = vec![Rope::new(theta(config, &["rope_theta"], 10_000.0)?, heads.depth)];
    Ok(Transformer { embeddings, layers, ropes, relative: None, last_norm })
}

fn epsilon(config: &Config) -> Result<f64, DirectoryError> {
    config.number_or(&["rms_norm_eps"], 1e-6)
}

fn heads(config: &Config) -> Result<Heads, DirectoryError> {
    let queries = config.size(&["num_attention_heads"])?;
    let keys = config.size_or(&["num_key_value_heads"], queries)?;
    let depth = even_depth(config, config.size_or(&["head_dim"], 128)?)?;
    match queries.is_multiple_of(keys) {
        true => Ok(Heads { queries, keys, depth }),
        false => Err(config.unsupported(format!("{queries} heads that share {keys}"))),
    }
}

fn layer(config: &Config, weights: &Weights, root: &str, i: usize) -> Result<Layer, DirectoryError> {
    let width = config.size(&["hidden_size"])?;
    let inner = config.size(&["intermediate_size"])?;
    let heads = heads(config)?;
    let biased = config.flag_or(&["attention_bias"], false)?;
    let epsilon = epsilon(config)?;
    let name = |rest: &str| format!("{root}layers.{i}.{rest}");
    let norm = |part: &str, width| Norm::rms(weights, &name(part), width, epsilon);
    let [query, key, value, output] = ["q", "k", "v", "o"].map(|part| name(&format!("self_attn.{part}_proj")));
    let [gate, up, down] = ["gate", "up", "down"].map(|part| name(&format!("mlp.{part}_proj")));
    let (asking, asked) = (heads.queries * heads.depth, heads.keys * heads.depth);
    let parts = [(query.as_str(), asking), (key.as_str(), asked), (value.as_str(), asked)];
    let up = Linear::load(weights, &[(&gate, inner), (&up, inner)], width, false)?;
    let down = Linear::load(weights, &[(&down, width)], inner, false)?;
    Ok(Layer {
        attention: Attention {
            query_key_value: Linear::load(weights, &parts, width, biased)?,
            output: Linear::load(weights, &[(&output, width)], asking, biased)?,
            heads,
            head_norms: Some((norm("self_attn.q_norm", heads.depth)?, norm("self_attn.k_norm", heads.depth)?)),
        },
        feed_forward: FeedForward::new(up, Gate::First, activation(config, &["hidden_act"], "silu")?, down),
        norms: Norms::Before {
            attention: Some(norm("input_layernorm", width)?),
            feed_forward: norm("post_attention_layernorm", width)?,
        },
        // some embedding models of this architecture were trained to see both ways
        scope: if config.flag_or(&["is_causal"], true)? { Scope::Before } else { Scope::All },
        rope: Some(0),
    })
}
