//! Hits into an answer that can be checked.

mod extract;
mod relevance;

pub use extract::{Asked, extract};
