use qiao_model::{CrossEncoder, EncodeError};

use crate::seams::Reranker;

impl Reranker for CrossEncoder {
    fn score(&self, query: &str, passages: &[&str]) -> Result<Vec<f32>, EncodeError> {
        CrossEncoder::score(self, query, passages)
    }
}
