use qiao_model::registry::{self, Relevance};

use crate::types::{Features, Judgement};

/// Below this probability nothing is taken to bear on the question.
const THRESHOLD: f32 = 0.5;

/// Weighs the features by the model's own coefficients: a logistic function, fitted for each model on questions asked of
/// their own article and of others (`bench/refusal`).
pub(super) fn judge(model: &str, features: Features) -> Judgement {
    let Relevance { bias, chunk, sentence, coverage } = registry::relevance(model);
    let sum = bias + chunk * features.chunk + sentence * features.sentence + coverage * features.coverage;
    Judgement { relevance: 1.0 / (1.0 + (-sum).exp()), threshold: THRESHOLD, features }
}
