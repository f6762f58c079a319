use qiao_model::{Long, Role};

use super::plane::plane;
use crate::error::Error;
use crate::seams::Encoder;
use crate::types::Embedding;

/// A phrase beside others.
#[derive(Debug, Clone, PartialEq)]
pub struct Phrases {
    /// The cosine of the first to each other one, as `qiao similarity` gives it.
    pub cosines: Vec<f32>,
    /// Where all lie, seen so that they differ most, `[phrases][2]`.
    pub places: Vec<[f32; 2]>,
}

/// Compares the first phrase, as a query, with the others, as passages.
///
/// # Errors
/// When one cannot be encoded.
pub fn phrases(encoder: &dyn Encoder, phrases: &[&str]) -> Result<Phrases, Error> {
    let first = encoder.embed(Role::Query, &phrases[..phrases.len().min(1)], Long::Window)?;
    let all = encoder.embed(Role::Passage, phrases, Long::Window)?;
    let cosine = |other: &Embedding| first.first().and_then(|(first, _)| first.cosine(other)).unwrap_or_default();
    let cosines = all.iter().skip(1).map(|(other, _)| cosine(other)).collect();
    let vectors: Vec<&[f32]> = all.iter().map(|(embedding, _)| embedding.vector()).collect();
    Ok(Phrases { cosines, places: plane(&vectors) })
}
