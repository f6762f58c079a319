//! Weights that are numbers by themselves. They are taken 32 at a time, as the smallest blocks are.

use super::{Block, half};

/// Weights that are taken at a time.
const AT_ONCE: usize = 32;

/// Single precision.
pub(super) struct F32;
/// Half precision.
pub(super) struct F16;
/// The upper half of single precision.
pub(super) struct Bf16;

impl Block for F32 {
    const BYTES: usize = 4 * AT_ONCE;
    const WEIGHTS: usize = AT_ONCE;

    #[inline(always)]
    fn unpack(block: &[u8], out: &mut [f32]) {
        let (numbers, _) = block.as_chunks::<4>();
        numbers.iter().zip(out).for_each(|(bytes, w)| *w = f32::from_le_bytes(*bytes));
    }
}

impl Block for F16 {
    const BYTES: usize = 2 * AT_ONCE;
    const WEIGHTS: usize = AT_ONCE;

    #[inline(always)]
    fn unpack(block: &[u8], out: &mut [f32]) {
        block.chunks_exact(2).zip(out).for_each(|(bytes, w)| *w = half(bytes));
    }
}

impl Block for Bf16 {
    const BYTES: usize = 2 * AT_ONCE;
    const WEIGHTS: usize = AT_ONCE;

    #[inline(always)]
    fn unpack(block: &[u8], out: &mut [f32]) {
        let (numbers, _) = block.as_chunks::<2>();
        let wide = |bytes: &[u8; 2]| f32::from_bits(u32::from(u16::from_le_bytes(*bytes)) << 16);
        numbers.iter().zip(out).for_each(|(bytes, w)| *w = wide(bytes));
    }
}
