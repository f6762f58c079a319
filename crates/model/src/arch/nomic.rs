//! Nomic BERT (Nussbaum et al. 2024): BERT with rotary positions and gated feed-forward, no biases. Checkpoints have their
//! tensors under the names of Nomic's own code or under those of transformers 5.

use super::layers::{Attention, Embeddings, FeedForward, Gate, Heads, Linear, Norm, Rope, Scope};
use super::transformer::{Layer, Norms, Transformer};
use super::{activation, even_depth, heads, theta};
use crate::config::Config;
use crate::directory::DirectoryError;
use crate::weights::Weights;

const WIDTH: &[&str] = &["hidden_size", "n_embd"];
const HEADS: &[&str] = &["num_attention_heads", "n_head"];
const INNER: &[&str] = &["intermediate_size", "n_inner"];
const LAYERS: &[&str] = &["num_hidden_layers", "n_layer"];
const EPSILON: &[&str] = &["layer_norm_eps", "layer_norm_epsilon"];

pub(super) fn load(config: &Config, weights: &Weights) -> Result<Transformer, DirectoryError> {
    check(config)?;
    let width = config.size(WIDTH)?;
    let depth = even_depth(config, width / heads(config, HEADS, width)?)?;
    let epsilon = config.number_or(EPSILON, 1e-12)?;
    let root = weights.prefix_of("embeddings.word_embeddings.weight", &["", "nomic_bert.", "bert."]);
    let own = weights.has(&format!("{root}emb_ln.weight"));
    let name = |rest: &str| format!("{root}embeddings.{rest}");
    let types = config.count_or(&["type_vocab_size"], 2)?;
    let mut kinds = match types {
        0 => Vec::new(),
        types => weights.tensor(&name("token_type_embeddings.weight"), &[types, width])?,
    };
    kinds.truncate(width);
    let norm = if own { format!("{root}emb_ln") } else { name("LayerNorm") };
    let embeddings = Embeddings {
        words: weights.table(&name("word_embeddings.weight"), config.size(&["vocab_size"])?, width)?,
        kinds,
        positions: None,
        norm: Some(Norm::layer(weights, &norm, width, epsilon, true)?),
    };
    let ropes = vec![Rope::new(theta(config, &["rotary_emb_base"], 1000.0)?, depth)];
    let names = if own { &OWN } else { &NATIVE };
    let layers =
        (0..config.size(LAYERS)?).map(|i| layer(config, weights, (root, names), i)).collect::<Result<_, _>>()?;
    Ok(Transformer { embeddings, layers, ropes, relative: None, last_norm: None })
}

/// What Nomic's own code can also do, and no embedding model of theirs with this architecture does.
fn check(config: &Config) -> Result<(), DirectoryError> {
    let settings = [
        ("prenorm", false),
        ("qkv_proj_bias", false),
        ("mlp_fc1_bias", false),
        ("mlp_fc2_bias", false),
        ("rotary_emb_interleaved", false),
        ("use_rms_norm", false),
        ("causal", false),
        ("parallel_block", false),
    ];
    for (name, expected) in settings {
        if config.flag_or(&[name], expected)? != expected {
            return Err(config.unsupported(format!("{name}: {}", !expected)));
        }
    }
    if config.number_or(&["rotary_scaling_factor"], 0.0)? != 0.0 {
        return Err(config.unsupported("rotary positions that stretch with the text (rotary_scaling_factor)"));
    }
    let turned = config.number_or(&["rotary_emb_fraction"], 1.0)?;
    if turned != 1.0 {
        return Err(config.unsupported(format!("rotary positions on a share of {turned} of each head")));
    }
    Ok(())
}

/// Names of a layer's tensors.
struct Names {
    layer: &'static str,
    query_key_value: &'static [&'static str],
    output: &'static str,
    attention_norm: &'static str,
    gate: &'static str,
    up: &'static str,
    down: &'static str,
    norm: &'static str,
}

const OWN: Names = Names {
    layer: "encoder.layers",
    query_key_value: &["attn.Wqkv"],
    output: "attn.out_proj",
    attention_norm: "norm1",
    gate: "mlp.fc12",
    up: "mlp.fc11",
    down: "mlp.fc2",
    norm: "norm2",
};

const NATIVE: Names = Names {
    layer: "layers",
    query_key_value: &["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
    output: "self_attn.o_proj",
    attention_norm: "post_attention_layernorm",
    gate: "mlp.gate_proj",
    up: "mlp.up_proj",
    down: "mlp.down_proj",
    norm: "post_mlp_layernorm",
};

fn layer(config: &Config, weights: &Weights, at: (&str, &Names), i: usize) -> Result<Layer, DirectoryError> {
    let (root, names) = at;
    let width = config.size(WIDTH)?;
    let inner = config.size(INNER)?;
    let epsilon = config.number_or(EPSILON, 1e-12)?;
    let heads = Heads::even(heads(config, HEADS, width)?, width);
    let name = |rest: &str| format!("{root}{}.{i}.{rest}", names.layer);
    let linear = |part: &str, outputs, inputs| Linear::load(weights, &[(&name(part), outputs)], inputs, false);
    let parts: Vec<String> = names.query_key_value.iter().map(|part| name(part)).collect();
    let each = 3 * width / parts.len();
    let parts: Vec<(&str, usize)> = parts.iter().map(|part| (part.as_str(), each)).collect();
    let (gate, up) = (name(names.gate), name(names.up));
    let up = Linear::load(weights, &[(&gate, inner), (&up, inner)], width, false)?;
    // Nomic's code names the whole, transformers the gate alone
    let bent = match config.word_or(&["activation_function"], "swiglu")? {
        "swiglu" => activation(config, &["hidden_act"], "silu")?,
        "geglu" => activation(config, &["hidden_act"], "gelu")?,
        other => return Err(config.unsupported(format!("the activation {other}"))),
    };
    let norm = |part: &str| Norm::layer(weights, &name(part), width, epsilon, true);
    Ok(Layer {
        attention: Attention {
            query_key_value: Linear::load(weights, &parts, width, false)?,
            output: linear(names.output, width, width)?,
            heads,
            head_norms: None,
        },
        feed_forward: FeedForward::new(up, Gate::First, bent, linear(names.down, width, inner)?),
        norms: Norms::After { attention: norm(names.attention_norm)?, feed_forward: norm(names.norm)? },
        scope: Scope::All,
        rope: Some(0),
    })
}
