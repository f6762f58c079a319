//! How good is it? Measures over labelled data, each computed as the field computes it.

pub mod answers;
pub mod retrieval;
mod spearman;
pub mod sts;

pub use spearman::spearman;
