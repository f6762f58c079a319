//! One vector as a code, one query as bytes.

use super::kernels::WORD;
use super::lanes;
use super::layout::FACTORS;
use crate::Simd;
use crate::cpu::dispatch;

/// Steps of a byte on each side of zero.
const STEPS: f32 = 127.0;

/// A vector rounded to signed bytes: `bytes[i] * step` is the number that was rounded. Zero-padded to whole words.
#[derive(Debug, Clone, Default)]
pub(super) struct Rounded {
    pub(super) bytes: Vec<i8>,
    pub(super) step: f32,
}

impl Rounded {
    /// Rounds finite numbers to 255 even steps, the greatest in size being the last.
    pub(super) fn new(vector: &[f32]) -> Self {
        let greatest = vector.iter().fold(0.0f32, |most, v| most.max(v.abs()));
        let (step, inverse) = (greatest / STEPS, STEPS / greatest);
        let inverse = if inverse.is_finite() { inverse } else { 0.0 };
        let mut bytes: Vec<i8> = vector.iter().map(|v| (v * inverse).round_ties_even() as i8).collect();
        bytes.resize(vector.len().next_multiple_of(WORD), 0);
        Self { bytes, step }
    }

    /// The sum of the squares of what the bytes stand for.
    pub(super) fn length_squared(&self) -> f32 {
        let whole: i64 = self.bytes.iter().map(|v| i64::from(*v) * i64::from(*v)).sum();
        whole as f32 * self.step * self.step
    }
}

/// Encodes what a turned vector has beside its list's centre, in the `8 + padded / 8` bytes of `into`.
///
/// With `d` the difference, `s` its signs and `c` the centre, the factors are `f = |d|² / Σ|dᵢ|` and `c·d - f s·c`, so that
/// `q·c + f s·q + (c·d - f s·c)` estimates `q·(c + d)` without bias (theorem 3.2 of the paper, with the lengths multiplied in).
pub(super) fn encode(simd: Simd, vector: &[f32], centre: &[f32], into: &mut [u8]) {
    into.fill(0);
    let (factors, bits) = into.split_at_mut(FACTORS);
    let mut of = [0.0; 2];
    sign(simd, vector, centre, bits, &mut of);
    factors.iter_mut().zip(of.iter().flat_map(|f| f.to_le_bytes())).for_each(|(into, byte)| *into = byte);
}

dispatch! {
    fn sign(simd, vector: &[f32], centre: &[f32], bits: &mut [u8], factors: &mut [f32; 2]) = sign_one
}

#[inline(always)]
fn sign_one(vector: &[f32], centre: &[f32], bits: &mut [u8], factors: &mut [f32; 2]) {
    let centre = &centre[..vector.len()];
    for ((byte, v), c) in bits.iter_mut().zip(vector.chunks(8)).zip(centre.chunks(8)) {
        *byte = v.iter().zip(c).enumerate().fold(0, |byte, (i, (v, c))| byte | (u8::from(v > c) << i));
    }
    let [square, size, along, signed] = lanes::sums(vector.len(), |i| {
        let (d, c) = (vector[i] - centre[i], centre[i]);
        [d * d, d.abs(), c * d, if d > 0.0 { c } else { -c }]
    });
    let factor = if size > 0.0 { square / size } else { 0.0 };
    *factors = [factor, along - factor * signed];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ivf::layout::factors;
    use crate::ivf::rotation::Rotation;
    use crate::ivf::{Scramble, kernels};

    #[test]
    fn estimates_are_unbiased_and_within_the_papers_error() {
        for dimension in [64, 100, 384] {
            let rotation = Rotation::new(dimension, 1);
            let mut scramble = Scramble(dimension as u64);
            let mut draw = || {
                let mut v: Vec<f32> = (0..dimension).map(|_| scramble.unit() - 0.5).collect();
                crate::l2_normalize(&mut v);
                v
            };
            let (mut total, mut square, rounds) = (0.0, 0.0, 400);
            for _ in 0..rounds {
                let (mut q, mut o, mut c) = (draw(), draw(), draw());
                c.iter_mut().for_each(|v| *v *= 0.5);
                [&mut q, &mut o, &mut c].into_iter().for_each(|v| rotation.turn(Simd::detect(), v));
                let mut code = vec![0; FACTORS + dimension.next_multiple_of(WORD) / 8];
                encode(Simd::detect(), &o, &c, &mut code);
                let [factor, shift] = factors(&code);
                let bit = |i: usize| code[FACTORS + i / 8] >> (i % 8) & 1 == 1;
                let signed: f32 = q.iter().enumerate().map(|(i, q)| if bit(i) { *q } else { -q }).sum();
                let estimate = crate::dot(&q, &c) + factor * signed + shift;
                // the error in units of its deviation: |q - c| f √(1 - 2/π)
                let distance = q.iter().zip(&c).map(|(q, c)| (q - c) * (q - c)).sum::<f32>().sqrt();
                let off = f64::from((estimate - crate::dot(&q, &o)) / (distance * factor * 0.603));
                total += off;
                square += off * off;
            }
            let (mean, deviation) = (total / f64::from(rounds), (square / f64::from(rounds)).sqrt());
            assert!(mean.abs() < 0.2 && (0.85..1.15).contains(&deviation), "{dimension}: {mean} {deviation}");
        }
    }

    #[test]
    fn every_instruction_set_encodes_alike() {
        let mut scramble = Scramble(5);
        for dimension in [1usize, 7, 64, 383, 384] {
            let v: Vec<f32> = (0..dimension).map(|_| scramble.unit() - 0.5).collect();
            let c: Vec<f32> = (0..dimension).map(|_| scramble.unit() - 0.5).collect();
            let code = |simd| {
                let mut into = vec![255; FACTORS + dimension.next_multiple_of(kernels::WORD) / 8];
                encode(simd, &v, &c, &mut into);
                into
            };
            for simd in Simd::all() {
                assert_eq!(code(simd), code(Simd::portable()));
            }
        }
    }

    #[test]
    fn a_vector_at_its_centre_has_no_factors() {
        let mut code = [1; 16];
        encode(Simd::detect(), &[0.5, -0.25], &[0.5, -0.25], &mut code);
        assert_eq!(code, [0; 16]);
    }

    #[test]
    fn bytes_are_the_nearest_steps() {
        let rounded = Rounded::new(&[-2.0, 1.0, 2.0, 0.0]);
        assert_eq!((&rounded.bytes[..5], rounded.bytes.len()), (&[-127, 64, 127, 0, 0][..], WORD));
        assert_eq!(Rounded::new(&[0.0, 1e-45]).bytes[..2], [0, 0]);
        assert!((rounded.length_squared() - 9.0).abs() < 0.05);
    }
}
