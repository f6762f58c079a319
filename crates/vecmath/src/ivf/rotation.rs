//! A random rotation: what makes the signs of a residual say equally much in every dimension.

use super::{Scramble, lanes};
use crate::Simd;
use crate::cpu::dispatch;

/// Rounds of flips and transforms. The authors' own library takes four.
const ROUNDS: usize = 4;

/// An orthogonal matrix of random signs, fast Hadamard transforms and one step of Kac's walk a round, for any dimension
/// (Gao and others, "Practical and Asymptotically Optimal Quantization", 2025, in whose library it is named FHT-Kac). Sums
/// and products are rounded apart and in one order: the same bits on any machine.
#[derive(Debug, Clone)]
pub(super) struct Rotation {
    // 1 or -1 for each round and dimension
    signs: Vec<f32>,
    dimension: usize,
}

impl Rotation {
    /// That of a seed. `dimension` is at least 1.
    pub(super) fn new(dimension: usize, seed: u64) -> Self {
        let mut scramble = Scramble(seed);
        let signs = (0..ROUNDS * dimension).map(|_| if scramble.next() >> 63 == 0 { 1.0 } else { -1.0 }).collect();
        Self { signs, dimension }
    }

    /// Turns one vector, in place.
    pub(super) fn turn(&self, simd: Simd, vector: &mut [f32]) {
        turn(simd, vector, &self.signs, self.dimension);
    }
}

dispatch! {
    fn turn(simd, vector: &mut [f32], signs: &[f32], dimension: usize) = turn_one
}

#[inline(always)]
fn turn_one(vector: &mut [f32], signs: &[f32], dimension: usize) {
    let part = (dimension / 2 + 1).next_power_of_two();
    for (round, signs) in signs.chunks_exact(dimension).enumerate() {
        vector.iter_mut().zip(signs).for_each(|(v, sign)| *v *= sign);
        let from = if round % 2 == 0 { 0 } else { dimension - part };
        hadamard(&mut vector[from..][..part]);
        if part < dimension {
            walk(vector);
        }
    }
}

/// The Walsh-Hadamard transform of a power of two of numbers, over its root, so that lengths stay.
#[inline(always)]
fn hadamard(values: &mut [f32]) {
    let mut half = values.len() / 2;
    while half >= lanes::EIGHT {
        for pair in values.chunks_exact_mut(2 * half) {
            let (left, right) = pair.split_at_mut(half);
            left.iter_mut().zip(right).for_each(|(a, b)| (*a, *b) = (*a + *b, *a - *b));
        }
        half /= 2;
    }
    let (eights, rest) = values.as_chunks_mut::<{ lanes::EIGHT }>();
    eights.iter_mut().for_each(|eight| *eight = small(small(small(*eight, 4), 2), 1));
    while half > 0 && !rest.is_empty() {
        for pair in rest.chunks_exact_mut(2 * half) {
            let (left, right) = pair.split_at_mut(half);
            left.iter_mut().zip(right).for_each(|(a, b)| (*a, *b) = (*a + *b, *a - *b));
        }
        half /= 2;
    }
    let scale = 1.0 / (values.len() as f32).sqrt();
    values.iter_mut().for_each(|v| *v *= scale);
}

/// One stage within eight numbers: those `half` apart become their sum and their difference.
#[inline(always)]
fn small(values: [f32; lanes::EIGHT], half: usize) -> [f32; lanes::EIGHT] {
    std::array::from_fn(|i| {
        let other = values[i ^ half];
        if i & half == 0 { values[i] + other } else { other - values[i] }
    })
}

/// Turns each pair of numbers half a vector apart by an eighth of a circle.
#[inline(always)]
fn walk(vector: &mut [f32]) {
    let half = vector.len() / 2;
    let (left, right) = vector.split_at_mut(vector.len() - half);
    for (a, b) in left.iter_mut().zip(right) {
        let (sum, difference) = (*a + *b, *a - *b);
        *a = sum * std::f32::consts::FRAC_1_SQRT_2;
        *b = difference * std::f32::consts::FRAC_1_SQRT_2;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dots(a: &[f32], b: &[f32]) -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    }

    proptest! {
        #[test]
        fn lengths_and_angles_stay(dimension in 1usize..200, seed: u64) {
            let mut scramble = Scramble(seed);
            let mut draw = || (0..dimension).map(|_| scramble.unit() - 0.5).collect::<Vec<f32>>();
            let (a, b) = (draw(), draw());
            let rotation = Rotation::new(dimension, seed);
            let turned = |v: &[f32]| {
                let mut v = v.to_vec();
                rotation.turn(Simd::detect(), &mut v);
                v
            };
            prop_assert!((dots(&a, &b) - dots(&turned(&a), &turned(&b))).abs() < 1e-4);
            prop_assert!((dots(&a, &a) - dots(&turned(&a), &turned(&a))).abs() < 1e-4);
            for simd in Simd::all() {
                let mut other = a.clone();
                rotation.turn(simd, &mut other);
                prop_assert_eq!(&other, &turned(&a));
            }
        }
    }

    #[test]
    fn one_direction_is_spread_over_all_dimensions() {
        for dimension in [96, 100, 384, 512, 768] {
            let rotation = Rotation::new(dimension, 7);
            for axis in [0, dimension / 2, dimension - 1] {
                let mut v = vec![0.0; dimension];
                v[axis] = 1.0;
                rotation.turn(Simd::detect(), &mut v);
                let most = v.iter().fold(0.0f32, |most, v| most.max(v.abs()));
                assert!(most * (dimension as f32).sqrt() < 6.0, "{dimension} {axis} {most}");
            }
        }
    }
}
