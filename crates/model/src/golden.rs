//! Golden texts: whether a model as it lies here gives the numbers that Python's sentence-transformers gives.

use serde::{Deserialize, Serialize};

use crate::encoder::{EncodeError, Long, SentenceEncoder};
use crate::identity::{Prompts, Role};
use crate::registry;

/// The largest difference between a number here and its reference: some thirty times what a product's order of sums makes.
pub const TOLERANCE: f32 = 1e-5;
/// The least cosine of a vector here and its reference.
pub const LEAST_COSINE: f64 = 0.999_999;

/// Texts with the token ids and vectors that Python gives them.
#[derive(Debug, Clone, Deserialize)]
pub struct Golden {
    model: String,
    prompts: Prompts,
    max_seq_length: Option<usize>,
    items: Vec<GoldenText>,
}

#[derive(Debug, Clone, Deserialize)]
struct GoldenText {
    role: Role,
    text: String,
    ids: Vec<u32>,
    vector: Vec<f32>,
}

/// How an encoder compares with golden texts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Comparison {
    /// Texts encoded.
    pub texts: usize,
    /// Of these, those whose token ids are another model's.
    pub other_ids: usize,
    /// The largest difference of two numbers; infinite where two vectors are not of one length.
    pub largest_difference: f32,
    /// The least cosine of two vectors.
    pub least_cosine: f64,
    /// Whether the prompts and the limit of tokens are the same.
    pub same_settings: bool,
}

impl Comparison {
    /// Whether all of it is within bounds.
    pub fn holds(&self) -> bool {
        let numbers = self.largest_difference < TOLERANCE && self.least_cosine > LEAST_COSINE;
        self.texts > 0 && self.other_ids == 0 && numbers && self.same_settings
    }
}

impl Golden {
    /// The golden texts that are stored for the model of these weights, or `None`.
    ///
    /// # Errors
    /// When what is stored is not what `golden/make_references.py` writes: a fault of the build.
    pub fn stored(weights_sha256: &str) -> Result<Option<Self>, serde_json::Error> {
        let row = registry::of_weights(weights_sha256);
        row.and_then(|row| row.encoding()?.golden).map(Self::from_json).transpose()
    }

    /// Golden texts as `golden/make_references.py` writes them.
    ///
    /// # Errors
    /// When `json` is something else.
    pub fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// The name of the model that the numbers are of.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Encodes all texts and compares.
    ///
    /// # Errors
    /// When a text cannot be encoded.
    pub fn compare(&self, encoder: &SentenceEncoder) -> Result<Comparison, EncodeError> {
        let id = encoder.id();
        let mut comparison = Comparison {
            texts: self.items.len(),
            other_ids: 0,
            largest_difference: 0.0,
            least_cosine: 1.0,
            same_settings: self.prompts == id.prompts && self.max_seq_length == id.max_tokens,
        };
        for role in [Role::Query, Role::Passage] {
            let items: Vec<&GoldenText> = self.items.iter().filter(|item| item.role == role).collect();
            let texts: Vec<&str> = items.iter().map(|item| item.text.as_str()).collect();
            for (item, got) in items.iter().zip(encoder.encode(role, &texts, Long::Truncate)?) {
                let same_ids = encoder.token_ids(role, &item.text)? == item.ids;
                comparison.other_ids += usize::from(!same_ids);
                comparison.largest_difference =
                    comparison.largest_difference.max(difference(&item.vector, &got.vector));
                comparison.least_cosine = comparison.least_cosine.min(cosine(&item.vector, &got.vector));
            }
        }
        Ok(comparison)
    }
}

fn difference(a: &[f32], b: &[f32]) -> f32 {
    if a.len() != b.len() {
        return f32::INFINITY;
    }
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    // two vectors of nothing but zeros agree
    if lengths == 0.0 && a == b { 1.0 } else { dot(a, b) / lengths }
}
