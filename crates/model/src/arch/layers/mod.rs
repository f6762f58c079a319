//! Layers that the architectures share. Rows of every matrix are tokens.

mod activation;
mod attention;
mod embeddings;
mod feed_forward;
mod linear;
mod norm;
mod relative;
mod rope;

pub(crate) use activation::Activation;
pub(crate) use attention::{Attention, Heads, Scope, Where};
pub(crate) use embeddings::{Embeddings, Numbering, Positions};
pub(crate) use feed_forward::{FeedForward, Gate};
pub(crate) use linear::{Kit, Linear};
pub(crate) use norm::Norm;
pub(crate) use relative::RelativeBias;
pub(crate) use rope::{Angles, Rope};

use attention::Desk;

/// What one forward pass computes with, and its buffers, kept from layer to layer.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) kit: Kit,
    /// `[tokens, width]`: what a layer reads, where it is not the stream itself
    pub(crate) normed: Vec<f32>,
    /// `[tokens, width]`: what a layer adds to the stream
    pub(crate) added: Vec<f32>,
    /// `[tokens, (heads + 2 * key heads) * depth]`
    query_key_value: Vec<f32>,
    /// `[tokens, heads * depth]`
    context: Vec<f32>,
    /// `[tokens, inner]`, or twice as wide where there is a gate
    inner: Vec<f32>,
    /// `[tokens, inner]`
    gated: Vec<f32>,
    /// One for each thread
    desks: Vec<Desk>,
    /// `[heads, rows, length]`: how much each token looks at each other, where somebody asks for it
    pub(crate) watched: Option<Vec<f32>>,
}

impl Room {
    pub(crate) fn new(kit: Kit) -> Self {
        Self {
            kit,
            normed: Vec::new(),
            added: Vec::new(),
            query_key_value: Vec::new(),
            context: Vec::new(),
            inner: Vec::new(),
            gated: Vec::new(),
            desks: Vec::new(),
            watched: None,
        }
    }
}
