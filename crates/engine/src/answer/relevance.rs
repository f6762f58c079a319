use qiao_model::registry::{self, Relevance};

/// What is known of how the best passage bears on the question.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Features {
    /// Cosine of the question and the best chunk.
    pub chunk: f32,
    /// Cosine of the question and the best sentence.
    pub sentence: f32,
    /// The share of the question's terms that stand in one of the best chunks, at best.
    pub coverage: f32,
}

/// The probability, 0 to 1, that the passages bear on the question: a logistic function of the features, fitted for each
/// model on questions asked of their own article and of others (`bench/refusal`).
pub fn relevance(model: &str, features: Features) -> f32 {
    let Relevance { bias, chunk, sentence, coverage } = registry::relevance(model);
    let sum = bias + chunk * features.chunk + sentence * features.sentence + coverage * features.coverage;
    1.0 / (1.0 + (-sum).exp())
}
