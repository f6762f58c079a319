use crate::cpu::dispatch;
use crate::exp::exp;

dispatch! {
    /// Softmax of `scale · row` for each row of `width` floats, in place.
    pub fn softmax_rows(simd, x: &mut [f32], width: usize, scale: f32) = rows
}

#[inline(always)]
fn rows(x: &mut [f32], width: usize, scale: f32) {
    for row in x.chunks_exact_mut(width) {
        let mut top = [f32::NEG_INFINITY; 8];
        for (i, v) in row.iter().enumerate() {
            top[i % 8] = top[i % 8].max(*v);
        }
        let top = top.iter().fold(f32::NEG_INFINITY, |a, b| a.max(*b)) * scale;
        for v in row.iter_mut() {
            *v = exp(*v * scale - top);
        }
        let mut lanes = [0.0f32; 8];
        for (i, v) in row.iter().enumerate() {
            lanes[i % 8] += v;
        }
        let inverse = 1.0 / lanes.iter().sum::<f32>();
        for v in row.iter_mut() {
            *v *= inverse;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Simd, reference};

    #[test]
    fn rows_agree_with_the_reference() {
        let x: Vec<f32> = (0..60).map(|i| ((i * 7919) % 113) as f32 / 10.0 - 5.0).collect();
        let mut y = x.clone();
        softmax_rows(Simd::detect(), &mut y, 20, 0.25);
        for (got, x) in y.chunks(20).zip(x.chunks(20)) {
            let scaled: Vec<f32> = x.iter().map(|v| v * 0.25).collect();
            for (got, want) in got.iter().zip(reference::softmax(&scaled)) {
                assert!((f64::from(*got) - want).abs() < 1e-6);
            }
        }
    }
}
