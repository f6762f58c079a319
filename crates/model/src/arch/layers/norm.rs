use qiao_vecmath::{Simd, add_layer_norm, layer_norm, rms_norm};

use crate::weights::{WeightError, Weights};

/// Brings rows to one scale.
#[derive(Debug)]
pub(crate) enum Norm {
    /// Layer normalisation.
    Layer { gain: Vec<f32>, bias: Vec<f32>, epsilon: f32 },
    /// Root-mean-square normalisation.
    Rms { gain: Vec<f32>, epsilon: f32 },
}

impl Norm {
    /// Layer normalisation with the gain, and where there is one the bias, called `name`.
    pub(crate) fn layer(
        weights: &Weights,
        name: &str,
        width: usize,
        epsilon: f64,
        biased: bool,
    ) -> Result<Self, WeightError> {
        // checkpoints that came from TensorFlow have gamma and beta
        let old = weights.has(&format!("{name}.gamma"));
        let (gain, bias) = if old { ("gamma", "beta") } else { ("weight", "bias") };
        let bias = match biased {
            true => weights.tensor(&format!("{name}.{bias}"), &[width])?,
            false => vec![0.0; width],
        };
        let gain = weights.tensor(&format!("{name}.{gain}"), &[width])?;
        Ok(Self::Layer { gain, bias, epsilon: epsilon as f32 })
    }

    /// Root-mean-square normalisation with the gain called `name`.
    pub(crate) fn rms(weights: &Weights, name: &str, width: usize, epsilon: f64) -> Result<Self, WeightError> {
        Ok(Self::Rms { gain: weights.tensor(&format!("{name}.weight"), &[width])?, epsilon: epsilon as f32 })
    }

    /// Normalises each row of `x`.
    pub(crate) fn apply(&self, simd: Simd, x: &mut [f32]) {
        match self {
            Self::Layer { gain, bias, epsilon } => layer_norm(simd, x, gain, bias, *epsilon),
            Self::Rms { gain, epsilon } => rms_norm(simd, x, gain, *epsilon),
        }
    }

    /// `x += added`, then normalises each row.
    pub(crate) fn add_apply(&self, simd: Simd, x: &mut [f32], added: &[f32]) {
        match self {
            Self::Layer { gain, bias, epsilon } => add_layer_norm(simd, x, added, (gain, bias), *epsilon),
            Self::Rms { gain, epsilon } => {
                add(x, added);
                rms_norm(simd, x, gain, *epsilon);
            }
        }
    }
}

/// `x += added`.
pub(super) fn add(x: &mut [f32], added: &[f32]) {
    x.iter_mut().zip(added).for_each(|(x, a)| *x += a);
}
