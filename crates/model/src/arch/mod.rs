//! Architectures: one file each, which names the tensors of its checkpoints and puts them into the layers that all share.
//! `docs/architectures.md` says how to add one.

mod bert;
mod classifier;
mod distilbert;
mod gte;
mod layer_of_bert;
mod layers;
mod modernbert;
mod mpnet;
mod nomic;
mod qwen3;
mod roberta;
mod transformer;
mod word_table;

pub(crate) use classifier::Classifier;
pub(crate) use layers::{Activation, Kit, Linear, Norm};
pub(crate) use word_table::WordTable;

use self::classifier::Head;
pub(crate) use self::transformer::Steps;
use self::transformer::Transformer;
use crate::config::Config;
use crate::directory::DirectoryError;
use crate::pack::Pack;
use crate::weights::Weights;

/// A transformer that can be loaded.
struct Architecture {
    /// The `model_type` of config.json
    kind: &'static str,
    /// Tokens of a text at most where config.json does not say: the default of transformers
    positions: usize,
    load: fn(&Config, &Weights) -> Result<Transformer, DirectoryError>,
    /// The head that scores pairs, where it is known
    head: Option<&'static Head>,
}

const ARCHITECTURES: &[Architecture] = &[
    Architecture { kind: "bert", positions: 512, load: bert::load, head: Some(&Head::OF_BERT) },
    Architecture { kind: "roberta", positions: 512, load: roberta::load, head: Some(&Head::OF_ROBERTA) },
    Architecture { kind: "xlm-roberta", positions: 512, load: roberta::load, head: Some(&Head::OF_ROBERTA) },
    Architecture { kind: "camembert", positions: 512, load: roberta::load, head: Some(&Head::OF_ROBERTA) },
    Architecture { kind: "distilbert", positions: 512, load: distilbert::load, head: None },
    Architecture { kind: "mpnet", positions: 512, load: mpnet::load, head: None },
    Architecture { kind: "modernbert", positions: 8192, load: modernbert::load, head: None },
    Architecture { kind: "nomic_bert", positions: 2048, load: nomic::load, head: None },
    Architecture { kind: "gte", positions: 8192, load: gte::load, head: None },
    Architecture { kind: "new", positions: 8192, load: gte::load, head: None },
    Architecture { kind: "qwen3", positions: 32_768, load: qwen3::load, head: None },
];

fn find(config: &Config) -> Result<&'static Architecture, DirectoryError> {
    let kind = config.word_or(&["model_type"], "")?;
    let known = || ARCHITECTURES.iter().map(|known| known.kind).collect::<Vec<_>>().join(", ");
    match ARCHITECTURES.iter().find(|known| known.kind == kind) {
        Some(found) => Ok(found),
        None if kind.is_empty() => Err(config.unsupported(format!("no model_type; known are {}", known()))),
        None => Err(config.unsupported(format!("the architecture {kind}; known are {}", known()))),
    }
}

/// Tokens of a text at most, as config.json says or transformers assumes.
pub(crate) fn positions(config: &Config) -> Result<usize, DirectoryError> {
    config.size_or(&["max_position_embeddings", "n_positions"], find(config)?.positions)
}

/// What turns token ids into vectors.
#[derive(Debug)]
pub(crate) enum Network {
    Transformer(Box<Transformer>),
    Table(WordTable),
}

impl Network {
    /// The transformer that `config` describes.
    pub(crate) fn transformer(config: &Config, weights: &Weights) -> Result<Self, DirectoryError> {
        Ok(Self::Transformer(Box::new((find(config)?.load)(config, weights)?)))
    }

    /// Floats in a token's vector.
    pub(crate) fn width(&self) -> usize {
        match self {
            Self::Transformer(transformer) => transformer.width(),
            Self::Table(table) => table.width(),
        }
    }

    /// Token ids below this have vectors.
    pub(crate) fn vocabulary(&self) -> usize {
        match self {
            Self::Transformer(transformer) => transformer.embeddings.words.rows(),
            Self::Table(table) => table.vocabulary(),
        }
    }

    /// Whether the tokens of a second text have a type of their own.
    pub(crate) fn knows_pairs(&self) -> bool {
        match self {
            Self::Transformer(transformer) => transformer.embeddings.knows_pairs(),
            Self::Table(_) => false,
        }
    }

    /// The longest sequence it can take, or `None` where there is no bound.
    pub(crate) fn limit(&self) -> Option<usize> {
        match self {
            Self::Transformer(transformer) => transformer.limit(),
            Self::Table(_) => None,
        }
    }

    /// Number of layers; 0 for a table.
    pub(crate) fn layers(&self) -> usize {
        match self {
            Self::Transformer(transformer) => transformer.layers.len(),
            Self::Table(_) => 0,
        }
    }

    /// The rows `[tokens, width]` that the ids stand for, before anything is done to them.
    pub(crate) fn rows(&self, ids: &[u32]) -> Vec<f32> {
        match self {
            Self::Transformer(transformer) => transformer.embeddings.rows(ids),
            Self::Table(table) => table.rows(ids),
        }
    }

    /// What a pack of one sequence passes through; of layer `watched`, counted from 0, with its attention.
    pub(crate) fn trace(&self, pack: &Pack, watched: usize) -> Steps {
        match self {
            Self::Transformer(transformer) => transformer.trace(pack, watched),
            Self::Table(table) => Steps { states: vec![table.forward(pack)], ..Steps::default() },
        }
    }

    /// The vectors `[tokens, width]` of a pack, whose products `threads` threads share (a table has none); every id must be
    /// below [`Network::vocabulary`], every sequence within [`Network::limit`].
    pub(crate) fn forward(&self, pack: &Pack, threads: usize) -> Vec<f32> {
        match self {
            Self::Transformer(transformer) => transformer.forward(pack, threads),
            Self::Table(table) => table.forward(pack),
        }
    }
}

/// Heads over a width that they must divide.
fn heads(config: &Config, names: &[&str], width: usize) -> Result<usize, DirectoryError> {
    let heads = config.size(names)?;
    match width.is_multiple_of(heads) {
        true => Ok(heads),
        false => Err(config.unsupported(format!("{heads} heads over a width of {width}"))),
    }
}

/// The depth of a head that is turned in pairs.
fn even_depth(config: &Config, depth: usize) -> Result<usize, DirectoryError> {
    match depth.is_multiple_of(2) {
        true => Ok(depth),
        false => Err(config.unsupported(format!("rotary positions in heads of {depth} numbers, which do not pair up"))),
    }
}

fn activation(config: &Config, names: &[&str], default: &str) -> Result<Activation, DirectoryError> {
    let name = config.word_or(names, default)?;
    Activation::named(name).ok_or_else(|| config.unsupported(format!("the activation {name}")))
}

/// The base of rotary positions: transformers 5 writes it into `rope_parameters`, older versions under `names`. Scaled
/// positions are refused.
fn theta(config: &Config, names: &[&str], default: f64) -> Result<f64, DirectoryError> {
    let written = config.positive_or(names, default)?;
    let Some(parameters) = config.section(&["rope_scaling"]).or_else(|| config.section(&["rope_parameters"])) else {
        return Ok(written);
    };
    unscaled(config, &parameters)?;
    parameters.positive_or(&["rope_theta"], written)
}

/// Refuses rotary positions that are scaled.
fn unscaled(config: &Config, parameters: &Config) -> Result<(), DirectoryError> {
    match parameters.word_or(&["rope_type", "type"], "default")? {
        "default" => Ok(()),
        other => Err(config.unsupported(format!("rotary positions of the type {other}"))),
    }
}
