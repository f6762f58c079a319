use std::sync::Arc;

use qiao_model::EncoderId;

/// A vector of unit length, with the encoder that made it.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding {
    encoder: Arc<EncoderId>,
    vector: Vec<f32>,
}

/// Numbers that are no embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmbeddingError {
    /// Another number of floats than the encoder makes.
    #[error("a vector of {found} numbers, where the model makes {expected}")]
    Dimension {
        /// How many came.
        found: usize,
        /// How many the encoder makes.
        expected: usize,
    },
    /// NaN or infinite.
    #[error("a vector that is not finite")]
    NotFinite,
    /// All zero.
    #[error("a vector that has no length")]
    NoLength,
}

impl Embedding {
    /// Takes `vector` of the encoder's dimension and brings it to unit length. A vector that has it already keeps its bits.
    ///
    /// # Errors
    /// When the dimension is another, a number is not finite, or all are zero.
    pub fn new(encoder: Arc<EncoderId>, mut vector: Vec<f32>) -> Result<Self, EmbeddingError> {
        if vector.len() != encoder.dimension {
            return Err(EmbeddingError::Dimension { found: vector.len(), expected: encoder.dimension });
        }
        let norm = vector.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt();
        if !norm.is_finite() {
            return Err(EmbeddingError::NotFinite);
        }
        if norm == 0.0 {
            return Err(EmbeddingError::NoLength);
        }
        if (norm - 1.0).abs() > 1e-6 {
            vector.iter_mut().for_each(|v| *v = (f64::from(*v) / norm) as f32);
        }
        Ok(Self { encoder, vector })
    }

    /// Who made it.
    pub fn encoder(&self) -> &EncoderId {
        &self.encoder
    }

    /// The numbers.
    pub fn vector(&self) -> &[f32] {
        &self.vector
    }

    /// Cosine of the angle to `other`, or `None` where the two come from different encoders.
    pub fn cosine(&self, other: &Self) -> Option<f32> {
        let comparable = Arc::ptr_eq(&self.encoder, &other.encoder) || self.encoder.same_space(&other.encoder);
        comparable.then(|| qiao_model::dot(&self.vector, &other.vector))
    }
}
