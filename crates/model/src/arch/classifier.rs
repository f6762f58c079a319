//! The head of a cross-encoder, which makes one score of the first token's vector.

use qiao_vecmath::{Finish, Simd};

use super::find;
use super::layers::{Activation, Kit, Linear};
use crate::config::Config;
use crate::directory::DirectoryError;
use crate::weights::Weights;

/// Names of a head's layers; between them, a hyperbolic tangent.
#[derive(Debug)]
pub(super) struct Head {
    dense: &'static str,
    out: &'static str,
}

impl Head {
    /// BERT's own pooler and a layer behind it (`BertForSequenceClassification`).
    pub(super) const OF_BERT: Self = Self { dense: "bert.pooler.dense", out: "classifier" };
    /// Of RoBERTa and its kin (`XLMRobertaForSequenceClassification`).
    pub(super) const OF_ROBERTA: Self = Self { dense: "classifier.dense", out: "classifier.out_proj" };
}

/// Two layers: as many numbers as a token's vector has, then one.
#[derive(Debug)]
pub(crate) struct Classifier {
    dense: Linear,
    out: Linear,
}

impl Classifier {
    /// Of a transformer of `width` that `config` describes.
    ///
    /// # Errors
    /// When its architecture has no head that is known, or the weights have none of one label.
    pub(crate) fn load(config: &Config, weights: &Weights, width: usize) -> Result<Self, DirectoryError> {
        let architecture = find(config)?;
        let none = || config.unsupported(format!("scores of pairs by the architecture {}", architecture.kind));
        let head = architecture.head.ok_or_else(none)?;
        let dense = Linear::load(weights, &[(head.dense, width)], width, true)?;
        Ok(Self { dense, out: Linear::load(weights, &[(head.out, 1)], width, true)? })
    }

    /// The score of a sequence whose first token has the vector `first`, before any activation.
    pub(crate) fn score(&self, simd: Simd, first: &[f32]) -> f32 {
        let mut kit = Kit::new(simd, 1);
        let (mut pooled, mut score) = (Vec::new(), [0.0]);
        self.dense.apply(&mut kit, first, &mut pooled);
        Activation::Tanh.apply(simd, &mut pooled);
        self.out.apply_to(&mut kit, Finish::Plain, &pooled, &mut score);
        score[0]
    }
}
