//! Blocks of 32 weights with one scale, and in the `_1` kinds a least value. Of four bits, the low halves of the bytes are the
//! first sixteen weights, the high ones the others.

use super::{Block, half};

const WEIGHTS: usize = 32;

/// Four bits: `d · (q - 8)`.
pub(super) struct Q4_0;
/// Four bits: `d · q + m`.
pub(super) struct Q4_1;
/// Five bits, the fifth ones in a word of their own: `d · (q - 16)`.
pub(super) struct Q5_0;
/// Five bits: `d · q + m`.
pub(super) struct Q5_1;
/// Eight bits: `d · q`.
pub(super) struct Q8_0;

/// Writes what `weight` makes of each of 32 four-bit numbers and its place.
#[inline(always)]
fn nibbles(bytes: &[u8], out: &mut [f32], weight: impl Fn(u8, usize) -> f32) {
    let (low, high) = out.split_at_mut(WEIGHTS / 2);
    for (i, ((byte, low), high)) in bytes.iter().zip(low).zip(high).enumerate() {
        *low = weight(byte & 15, i);
        *high = weight(byte >> 4, i + WEIGHTS / 2);
    }
}

/// The fifth bits, one for each weight.
#[inline(always)]
fn fifth(bytes: &[u8]) -> impl Fn(u8, usize) -> i32 {
    let bits = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    move |four, i| (u32::from(four) | (bits >> i & 1) << 4) as i32
}

impl Block for Q4_0 {
    const BYTES: usize = 18;
    const WEIGHTS: usize = WEIGHTS;

    #[inline(always)]
    fn unpack(block: &[u8], out: &mut [f32]) {
        let d = half(block);
        nibbles(&block[2..18], out, |q, _| (i32::from(q) - 8) as f32 * d);
    }
}

impl Block for Q4_1 {
    const BYTES: usize = 20;
    const WEIGHTS: usize = WEIGHTS;

    #[inline(always)]
    fn unpack(block: &[u8], out: &mut [f32]) {
        let (d, m) = (half(block), half(&block[2..]));
        nibbles(&block[4..20], out, |q, _| f32::from(q) * d + m);
    }
}

impl Block for Q5_0 {
    const BYTES: usize = 22;
    const WEIGHTS: usize = WEIGHTS;

    #[inline(always)]
    fn unpack(block: &[u8], out: &mut [f32]) {
        let (d, five) = (half(block), fifth(&block[2..]));
        nibbles(&block[6..], out, |q, i| (five(q, i) - 16) as f32 * d);
    }
}

impl Block for Q5_1 {
    const BYTES: usize = 24;
    const WEIGHTS: usize = WEIGHTS;

    #[inline(always)]
    fn unpack(block: &[u8], out: &mut [f32]) {
        let (d, m, five) = (half(block), half(&block[2..]), fifth(&block[4..]));
        nibbles(&block[8..], out, |q, i| five(q, i) as f32 * d + m);
    }
}

impl Block for Q8_0 {
    const BYTES: usize = 34;
    const WEIGHTS: usize = WEIGHTS;

    #[inline(always)]
    fn unpack(block: &[u8], out: &mut [f32]) {
        let d = half(block);
        block[2..].iter().zip(out).for_each(|(q, w)| *w = f32::from(q.cast_signed()) * d);
    }
}
