use crate::cpu::dispatch;
use crate::lanes::folded;
use crate::softmax;

/// Keys and values of earlier tokens: `[tokens, stride]` each, of which one head has `depth` columns from `column` on.
#[derive(Debug, Clone, Copy)]
pub struct Past<'a> {
    /// All heads' keys
    pub keys: &'a [f32],
    /// All heads' values
    pub values: &'a [f32],
    /// Floats from one token to the next
    pub stride: usize,
    /// The head's first column
    pub column: usize,
}

dispatch! {
    /// Attention of one query of one head (Vaswani et al. 2017): writes `softmax(scale · q Kᵀ) V` to the second of
    /// `into`, which is as long as `query`. The first is room for one number a token, and says how many tokens there are.
    ///
    /// # Panics
    /// When there are fewer keys or values than scores.
    pub fn attend(simd, query: &[f32], past: Past<'_>, scale: f32, into: (&mut [f32], &mut [f32])) = attend_body
}

/// Partial sums of a product kept side by side, so that the compiler may use vectors without changing the order of the sum.
const LANES: usize = 16;
/// Values that are added while the sums are in registers.
const AT_ONCE: usize = 4;

#[inline(always)]
fn attend_body(query: &[f32], past: Past<'_>, scale: f32, (scores, out): (&mut [f32], &mut [f32])) {
    let Past { keys, values, stride, column } = past;
    let depth = query.len();
    for (j, score) in scores.iter_mut().enumerate() {
        *score = product(query, &keys[j * stride + column..][..depth]);
    }
    let tokens = scores.len();
    softmax::rows(scores, tokens, scale);
    let value = |j: usize| &values[j * stride + column..][..depth];
    let (fours, rest) = scores.as_chunks::<AT_ONCE>();
    out.fill(0.0);
    for (i, weights) in fours.iter().enumerate() {
        let [a, b, c, d] = [0, 1, 2, 3].map(|j| value(i * AT_ONCE + j));
        for ((((o, a), b), c), d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *o = *o + weights[0] * a + weights[1] * b + weights[2] * c + weights[3] * d;
        }
    }
    for (j, weight) in rest.iter().enumerate() {
        out.iter_mut().zip(value(fours.len() * AT_ONCE + j)).for_each(|(o, v)| *o += weight * v);
    }
}

#[inline(always)]
fn product(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        lanes.iter_mut().zip(a.iter().zip(b)).for_each(|(lane, (a, b))| *lane += a * b);
    }
    lanes.iter_mut().zip(a_rest.iter().zip(b_rest)).for_each(|(lane, (a, b))| *lane += a * b);
    folded(lanes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Simd;

    #[test]
    fn a_query_takes_the_values_of_the_keys_that_it_is_like() {
        let wave = |n: usize, by: f32| (0..n).map(|i| (i as f32 * by).sin()).collect::<Vec<f32>>();
        let (keys, values, query) = (wave(5 * 44, 0.7), wave(5 * 44, 1.3), wave(20, 0.9));
        let past = Past { keys: &keys, values: &values, stride: 44, column: 21 };
        let dot = |j: usize| query.iter().zip(&keys[j * 44 + 21..]).map(|(a, b)| f64::from(a * b)).sum::<f64>();
        let weights: Vec<f64> = (0..5).map(|j| (0.3 * dot(j)).exp()).collect();
        let sum: f64 = weights.iter().sum();
        let mut first = [0.0; 20];
        attend(Simd::portable(), &query, past, 0.3, (&mut [0.0; 5], &mut first));
        for simd in Simd::all() {
            let (mut scores, mut out) = ([0.0; 5], [0.0; 20]);
            attend(simd, &query, past, 0.3, (&mut scores, &mut out));
            assert_eq!(out, first, "{simd:?}");
            for (i, got) in out.iter().enumerate() {
                let want: f64 = (0..5).map(|j| weights[j] / sum * f64::from(values[j * 44 + 21 + i])).sum();
                assert!((f64::from(*got) - want).abs() < 1e-5, "{simd:?}");
            }
        }
    }
}
