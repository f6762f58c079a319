//! Weights that are numbers by themselves. They are taken 32 at a time, as the smallest blocks are.

use super::Block;
use super::sets::{LANES, Set};

/// Single precision.
pub(super) struct F32;
/// Half precision.
pub(super) struct F16;
/// The upper half of single precision.
pub(super) struct Bf16;

impl Block for F32 {
    const BYTES: usize = 4 * LANES;
    const WEIGHTS: usize = LANES;

    #[inline(always)]
    fn weights<S: Set>(set: S, block: &[u8], _: usize) -> S::Lanes {
        let (numbers, _) = block[..Self::BYTES].as_chunks::<4>();
        set.read(&std::array::from_fn(|i| f32::from_le_bytes(numbers[i])))
    }
}

impl Block for F16 {
    const BYTES: usize = 2 * LANES;
    const WEIGHTS: usize = LANES;

    #[inline(always)]
    fn weights<S: Set>(set: S, block: &[u8], _: usize) -> S::Lanes {
        set.halves(&block.as_chunks().0[0])
    }
}

impl Block for Bf16 {
    const BYTES: usize = 2 * LANES;
    const WEIGHTS: usize = LANES;

    #[inline(always)]
    fn weights<S: Set>(set: S, block: &[u8], _: usize) -> S::Lanes {
        set.uppers(&block.as_chunks().0[0])
    }
}
