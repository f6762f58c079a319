//! BERT's layer, which others have under names of their own.

use super::layers::{Activation, Attention, FeedForward, Gate, Heads, Linear, Norm, Scope};
use super::transformer::{Layer, Norms};
use super::{activation, heads};
use crate::config::Config;
use crate::directory::DirectoryError;
use crate::weights::Weights;

/// Names of a layer's tensors, behind the layer's own.
pub(super) struct Names {
    pub(super) query_key_value: [&'static str; 3],
    pub(super) output: &'static str,
    pub(super) attention_norm: &'static str,
    pub(super) up: &'static str,
    pub(super) down: &'static str,
    pub(super) norm: &'static str,
}

/// What config.json says of all layers.
pub(super) struct Settings {
    pub(super) width: usize,
    pub(super) inner: usize,
    pub(super) heads: usize,
    pub(super) epsilon: f64,
    pub(super) activation: Activation,
}

impl Settings {
    /// Under BERT's own names.
    pub(super) fn of(config: &Config) -> Result<Self, DirectoryError> {
        let width = config.size(&["hidden_size"])?;
        Ok(Self {
            width,
            inner: config.size(&["intermediate_size"])?,
            heads: heads(config, &["num_attention_heads"], width)?,
            epsilon: config.number_or(&["layer_norm_eps"], 1e-12)?,
            activation: activation(config, &["hidden_act"], "gelu")?,
        })
    }
}

/// The layer called `own`.
pub(super) fn load(weights: &Weights, own: &str, names: &Names, settings: &Settings) -> Result<Layer, DirectoryError> {
    let &Settings { width, inner, heads, epsilon, activation } = settings;
    let name = |part: &str| format!("{own}.{part}");
    let linear = |part: &str, outputs, inputs| Linear::load(weights, &[(&name(part), outputs)], inputs, true);
    let norm = |part: &str| Norm::layer(weights, &name(part), width, epsilon, true);
    let [query, key, value] = names.query_key_value.map(name);
    let (up, down) = (linear(names.up, inner, width)?, linear(names.down, width, inner)?);
    Ok(Layer {
        attention: Attention {
            query_key_value: Linear::load(weights, &[(&query, width), (&key, width), (&value, width)], width, true)?,
            output: linear(names.output, width, width)?,
            heads: Heads::even(heads, width),
            head_norms: None,
        },
        feed_forward: FeedForward::new(up, Gate::None, activation, down),
        norms: Norms::After { attention: norm(names.attention_norm)?, feed_forward: norm(names.norm)? },
        scope: Scope::All,
        rope: None,
    })
}
