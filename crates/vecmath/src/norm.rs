use crate::cpu::dispatch;

/// Partial sums kept side by side, so that the compiler may use vectors without changing the order of the sum.
const LANES: usize = 8;

#[inline(always)]
fn sum(values: impl Iterator<Item = f32>) -> f32 {
    let mut lanes = [0.0f32; LANES];
    for (i, v) in values.enumerate() {
        lanes[i % LANES] += v;
    }
    lanes.iter().sum()
}

dispatch! {
    /// Layer normalisation of each row of `x`, in place: `(x - mean) / √(variance + epsilon) · gain + bias` (Ba, Kiros and
    /// Hinton 2016). `gain` and `bias` are as long as a row.
    pub fn layer_norm(simd, x: &mut [f32], gain: &[f32], bias: &[f32], epsilon: f32) = norm_rows
}

dispatch! {
    /// `x += y`, then [`layer_norm`] of each row of `x`, whose gain and bias are `affine`.
    pub fn add_layer_norm(simd, x: &mut [f32], y: &[f32], affine: (&[f32], &[f32]), epsilon: f32) = add_norm_rows
}

dispatch! {
    /// Root-mean-square normalisation of each row of `x`, in place: `x / √(mean(x²) + epsilon) · gain` (Zhang and Sennrich
    /// 2019). `gain` is as long as a row.
    pub fn rms_norm(simd, x: &mut [f32], gain: &[f32], epsilon: f32) = rms_rows
}

#[inline(always)]
fn rms_rows(x: &mut [f32], gain: &[f32], epsilon: f32) {
    assert!(!gain.is_empty() && x.len().is_multiple_of(gain.len()), "shape of x");
    for row in x.chunks_exact_mut(gain.len()) {
        let mean = sum(row.iter().map(|v| v * v)) / row.len() as f32;
        let scale = 1.0 / (mean + epsilon).sqrt();
        for (v, g) in row.iter_mut().zip(gain) {
            *v = *v * scale * g;
        }
    }
}

#[inline(always)]
fn add_norm_rows(x: &mut [f32], y: &[f32], (gain, bias): (&[f32], &[f32]), epsilon: f32) {
    assert_eq!(x.len(), y.len(), "lengths of x and y");
    for (x, y) in x.iter_mut().zip(y) {
        *x += y;
    }
    norm_rows(x, gain, bias, epsilon);
}

#[inline(always)]
fn norm_rows(x: &mut [f32], gain: &[f32], bias: &[f32], epsilon: f32) {
    assert!(!gain.is_empty() && gain.len() == bias.len() && x.len().is_multiple_of(gain.len()), "shape of x");
    for row in x.chunks_exact_mut(gain.len()) {
        let n = row.len() as f32;
        let mean = sum(row.iter().copied()) / n;
        let variance = sum(row.iter().map(|v| (v - mean) * (v - mean))) / n;
        let scale = 1.0 / (variance + epsilon).sqrt();
        for ((v, g), b) in row.iter_mut().zip(gain).zip(bias) {
            *v = (*v - mean) * scale * g + b;
        }
    }
}

/// Divides by the Euclidean norm, in place, as torch's `normalize` does: a norm below 1e-12 counts as 1e-12.
pub fn l2_normalize(values: &mut [f32]) {
    let norm = sum(values.iter().map(|v| v * v)).sqrt().max(1e-12);
    for v in values {
        *v /= norm;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Simd, reference};

    #[test]
    fn layer_norm_agrees_with_the_reference() {
        let row = |shift: f32| (0..37).map(move |i| ((i * i) as f32 * 0.37 + shift).sin());
        let (gain, bias): (Vec<f32>, Vec<f32>) = (row(1.0).collect(), row(2.0).collect());
        let x: Vec<f32> = row(0.0).chain(row(0.5)).collect();
        for simd in [Simd::detect(), Simd::portable()] {
            let mut y = x.clone();
            layer_norm(simd, &mut y, &gain, &bias, 1e-12);
            for (got, x) in y.chunks(37).zip(x.chunks(37)) {
                for (got, want) in got.iter().zip(reference::layer_norm(x, &gain, &bias, 1e-12)) {
                    assert!((f64::from(*got) - want).abs() < 2e-6);
                }
            }
        }
    }

    #[test]
    fn rms_norm_divides_by_the_root_of_the_mean_square() {
        let x: Vec<f32> = (0..74).map(|i| (i as f32 * 0.71).sin() * 3.0).collect();
        let gain: Vec<f32> = (0..37).map(|i| 1.0 + i as f32 / 100.0).collect();
        for simd in [Simd::detect(), Simd::portable()] {
            let mut y = x.clone();
            rms_norm(simd, &mut y, &gain, 1e-6);
            for (got, x) in y.chunks(37).zip(x.chunks(37)) {
                let square = x.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / 37.0;
                for ((got, x), g) in got.iter().zip(x).zip(&gain) {
                    let want = f64::from(*x) / (square + 1e-6).sqrt() * f64::from(*g);
                    assert!((f64::from(*got) - want).abs() < 1e-6);
                }
            }
        }
    }

    #[test]
    fn a_zero_vector_stays_zero() {
        let mut zero = [0.0; 5];
        l2_normalize(&mut zero);
        assert_eq!(zero, [0.0; 5]);
    }
}
