//! GTE (Zhang et al. 2024, mGTE): BERT with rotary positions and gated feed-forward. Checkpoints have their tensors under
//! the names of Alibaba's own code (`model_type` `new`) or under those of transformers 5 (`gte`).

use super::layers::{Attention, Embeddings, FeedForward, Gate, Heads, Linear, Norm, Rope, Scope};
use super::transformer::{Layer, Norms, Transformer};
use super::{activation, even_depth, heads, theta};
use crate::config::Config;
use crate::directory::DirectoryError;
use crate::weights::Weights;

pub(super) fn load(config: &Config, weights: &Weights) -> Result<Transformer, DirectoryError> {
    check(config)?;
    let width = config.size(&["hidden_size"])?;
    let depth = even_depth(config, width / heads(config, &["num_attention_heads"], width)?)?;
    let root = weights.prefix_of("embeddings.word_embeddings.weight", &["", "new.", "gte."]);
    let name = |rest: &str| format!("{root}embeddings.{rest}");
    // gte-base-en-v1.5 has no token types
    let mut kinds = match config.count_or(&["type_vocab_size"], 1)? {
        0 => Vec::new(),
        types => weights.tensor(&name("token_type_embeddings.weight"), &[types, width])?,
    };
    kinds.truncate(width);
    let epsilon = config.number_or(&["layer_norm_eps"], 1e-12)?;
    let embeddings = Embeddings {
        words: weights.table(&name("word_embeddings.weight"), config.size(&["vocab_size"])?, width)?,
        kinds,
        positions: None,
        norm: Some(Norm::layer(weights, &name("LayerNorm"), width, epsilon, true)?),
    };
    let own = weights.has(&format!("{root}encoder.layer.0.attention.qkv_proj.weight"));
    let load = if own { own_layer } else { native_layer };
    let layers =
        (0..config.size(&["num_hidden_layers"])?).map(|i| load(config, weights, root, i)).collect::<Result<_, _>>()?;
    Ok(Transformer { embeddings, layers, ropes: vec![rope(config, depth)?], relative: None, last_norm: None })
}

/// What Alibaba's own code can also do.
fn check(config: &Config) -> Result<(), DirectoryError> {
    if config.flag_or(&["logn_attention_scale"], false)? {
        return Err(config.unsupported("scores that grow with the logarithm of the length"));
    }
    for (name, expected) in [("position_embedding_type", "rope"), ("layer_norm_type", "layer_norm")] {
        let found = config.word_or(&[name], expected)?;
        if found != expected {
            return Err(config.unsupported(format!("{name}: {found}")));
        }
    }
    Ok(())
}

fn rope(config: &Config, depth: usize) -> Result<Rope, DirectoryError> {
    let own = config.word_or(&["model_type"], "gte")? == "new";
    let Some(scaling) = config.section(&["rope_scaling"]).filter(|_| own) else {
        return Ok(Rope::new(theta(config, &["rope_theta"], if own { 10_000.0 } else { 160_000.0 })?, depth));
    };
    let theta = config.positive_or(&["rope_theta"], 10_000.0)?;
    let kind = scaling.word_or(&["type"], "")?;
    let mixed = !scaling.is_null("mixed_b") && scaling.number_or(&["mixed_b"], f64::NAN)?.is_finite();
    match (kind, mixed) {
        ("ntk", false) => Ok(Rope::stretched(theta, depth, scaling.positive_or(&["factor"], 1.0)?)),
        ("ntk", true) => Err(config.unsupported("rotary positions stretched with mixed_b")),
        (other, _) => Err(config.unsupported(format!("rotary positions of the type {other}"))),
    }
}

/// Under the names of Alibaba's code.
fn own_layer(config: &Config, weights: &Weights, root: &str, i: usize) -> Result<Layer, DirectoryError> {
    let (width, inner) = (config.size(&["hidden_size"])?, config.size(&["intermediate_size"])?);
    let name = |rest: &str| format!("{root}encoder.layer.{i}.{rest}");
    let linear = |part: &str, outputs, inputs, biased| Linear::load(weights, &[(&name(part), outputs)], inputs, biased);
    let parts = Parts {
        query_key_value: linear("attention.qkv_proj", 3 * width, width, true)?,
        output: linear("attention.o_proj", width, width, true)?,
        up: linear("mlp.up_gate_proj", 2 * inner, width, false)?,
        gate: Gate::Second,
        down: linear("mlp.down_proj", width, inner, true)?,
        norms: [name("attn_ln"), name("mlp_ln")],
    };
    parts.layer(config, weights, width)
}

/// Under the names of transformers 5.
fn native_layer(config: &Config, weights: &Weights, root: &str, i: usize) -> Result<Layer, DirectoryError> {
    let (width, inner) = (config.size(&["hidden_size"])?, config.size(&["intermediate_size"])?);
    let name = |rest: &str| format!("{root}layers.{i}.{rest}");
    let linear = |part: &str, outputs, inputs, biased| Linear::load(weights, &[(&name(part), outputs)], inputs, biased);
    let [query, key, value] = ["q_proj", "k_proj", "v_proj"].map(|part| name(&format!("self_attn.{part}")));
    let (gate, up) = (name("mlp.gate_proj"), name("mlp.up_proj"));
    let parts = Parts {
        query_key_value: Linear::load(weights, &[(&query, width), (&key, width), (&value, width)], width, true)?,
        output: linear("self_attn.o_proj", width, width, true)?,
        up: Linear::load(weights, &[(&gate, inner), (&up, inner)], width, false)?,
        gate: Gate::First,
        down: linear("mlp.down_proj", width, inner, true)?,
        norms: [name("post_attention_layernorm"), name("post_mlp_layernorm")],
    };
    parts.layer(config, weights, width)
}

struct Parts {
    query_key_value: Linear,
    output: Linear,
    up: Linear,
    gate: Gate,
    down: Linear,
    norms: [String; 2],
}

impl Parts {
    fn layer(self, config: &Config, weights: &Weights, width: usize) -> Result<Layer, DirectoryError> {
        let epsilon = config.number_or(&["layer_norm_eps"], 1e-12)?;
        let norm = |name: &str| Norm::layer(weights, name, width, epsilon, true);
        let heads = Heads::even(heads(config, &["num_attention_heads"], width)?, width);
        let bent = activation(config, &["hidden_act"], "gelu")?;
        let Self { query_key_value, output, up, gate, down, norms: [after_attention, after_feed_forward] } = self;
        Ok(Layer {
            attention: Attention { query_key_value, output, heads, head_norms: None },
            feed_forward: FeedForward::new(up, gate, bent, down),
            norms: Norms::After { attention: norm(&after_attention)?, feed_forward: norm(&after_feed_forward)? },
            scope: Scope::All,
            rope: Some(0),
        })
    }
}
