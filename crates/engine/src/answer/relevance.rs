use qiao_model::EncoderId;
use qiao_model::registry::{self, Relevance};

use crate::types::{Features, Judgement, Scripts};

/// Below this probability nothing is taken to bear on the question.
const THRESHOLD: f32 = 0.5;

/// Weighs the features by the model's own coefficients: a logistic function, fitted for each model on questions asked of
/// their own article and of others (`bench/answers`).
pub(super) fn judge(encoder: &EncoderId, features: Features) -> Judgement {
    let weight = registry::relevance(&encoder.weights_sha256);
    let Relevance { spaced, cjk, cjk_to_spaced, spaced_to_cjk, .. } = weight;
    let bias = match features.scripts {
        Scripts::Spaced => spaced,
        Scripts::Cjk => cjk,
        Scripts::CjkToSpaced => cjk_to_spaced,
        Scripts::SpacedToCjk => spaced_to_cjk,
    };
    let sum = bias
        + weight.chunk * features.chunk
        + weight.sentence * features.sentence
        + weight.words * features.words
        + weight.apart * features.apart.unwrap_or(weight.apart_alone);
    Judgement { relevance: 1.0 / (1.0 + (-sum).exp()), threshold: THRESHOLD, features }
}
