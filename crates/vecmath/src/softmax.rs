use crate::cpu::dispatch;
use crate::exp::exp;

dispatch! {
    /// Softmax of `scale · row` for each row of `width` floats, in place.
    pub fn softmax_rows(simd, x: &mut [f32], width: usize, scale: f32) = rows
}

/// Partial results kept side by side, so that the compiler may use vectors without changing the order of a sum.
const LANES: usize = 16;

#[inline(always)]
pub(crate) fn rows(x: &mut [f32], width: usize, scale: f32) {
    for row in x.chunks_exact_mut(width) {
        let top = greatest(row) * scale;
        let mut sums = [0.0f32; LANES];
        let (parts, rest) = row.as_chunks_mut::<LANES>();
        for part in parts {
            for (v, sum) in part.iter_mut().zip(&mut sums) {
                *v = exp(*v * scale - top);
                *sum += *v;
            }
        }
        for (v, sum) in rest.iter_mut().zip(&mut sums) {
            *v = exp(*v * scale - top);
            *sum += *v;
        }
        let inverse = 1.0 / sums.iter().sum::<f32>();
        for v in row.iter_mut() {
            *v *= inverse;
        }
    }
}

#[inline(always)]
fn greatest(row: &[f32]) -> f32 {
    let mut tops = [f32::NEG_INFINITY; LANES];
    let (parts, rest) = row.as_chunks::<LANES>();
    let greater = |top: &mut f32, v: &f32| *top = if *v > *top { *v } else { *top };
    parts.iter().for_each(|part| tops.iter_mut().zip(part).for_each(|(top, v)| greater(top, v)));
    tops.iter_mut().zip(rest).for_each(|(top, v)| greater(top, v));
    tops.iter().fold(f32::NEG_INFINITY, |a, b| a.max(*b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Simd, reference};

    #[test]
    fn rows_agree_with_the_reference() {
        let x: Vec<f32> = (0..60).map(|i| ((i * 7919) % 113) as f32 / 10.0 - 5.0).collect();
        let mut plain = x.clone();
        softmax_rows(Simd::portable(), &mut plain, 20, 0.25);
        for (got, x) in plain.chunks(20).zip(x.chunks(20)) {
            let scaled: Vec<f32> = x.iter().map(|v| v * 0.25).collect();
            for (got, want) in got.iter().zip(reference::softmax(&scaled)) {
                assert!((f64::from(*got) - want).abs() < 1e-6);
            }
        }
        for simd in Simd::all() {
            let mut y = x.clone();
            softmax_rows(simd, &mut y, 20, 0.25);
            assert_eq!(y, plain, "{simd:?}");
        }
    }
}
