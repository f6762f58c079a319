//! Blocks of 32 weights with one scale, and in the `_1` kinds a least value. Of four bits, the low halves of the bytes are the
//! first sixteen weights, the high ones the others.

use super::sets::{LANES, Numbers, Set};
use super::{Block, EACH, half, words};

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

/// The four-bit numbers of sixteen bytes.
#[inline(always)]
fn nibbles(bytes: &[u8]) -> Numbers {
    let [a, b] = words(bytes);
    [a, b, a >> 4, b >> 4].map(|word| word & (15 * EACH))
}

/// The five-bit numbers whose fifth bits are the word before the sixteen bytes of the others.
#[inline(always)]
fn fives(bytes: &[u8]) -> Numbers {
    let fours = nibbles(&bytes[4..]);
    std::array::from_fn(|i| fours[i] | spread(bytes[i]) << 4)
}

/// Eight bits, one a byte.
#[inline(always)]
fn spread(bits: u8) -> u64 {
    // each byte keeps the bit of its place, wherever in the byte; what is not zero then carries into the upper bit
    let kept = (u64::from(bits) * EACH) & 0x8040_2010_0804_0201;
    (kept + 0x7f * EACH) >> 7 & EACH
}

impl Block for Q4_0 {
    const BYTES: usize = 18;
    const WEIGHTS: usize = LANES;

    #[inline(always)]
    fn weights<S: Set>(set: S, block: &[u8], _: usize) -> S::Lanes {
        set.scaled(set.whole(nibbles(&block[2..18]), 8), [half(set, block); 2])
    }
}

impl Block for Q4_1 {
    const BYTES: usize = 20;
    const WEIGHTS: usize = LANES;

    #[inline(always)]
    fn weights<S: Set>(set: S, block: &[u8], _: usize) -> S::Lanes {
        let scaled = set.scaled(set.whole(nibbles(&block[4..20]), 0), [half(set, block); 2]);
        set.raised(scaled, [half(set, &block[2..]); 2])
    }
}

impl Block for Q5_0 {
    const BYTES: usize = 22;
    const WEIGHTS: usize = LANES;

    #[inline(always)]
    fn weights<S: Set>(set: S, block: &[u8], _: usize) -> S::Lanes {
        set.scaled(set.whole(fives(&block[2..22]), 16), [half(set, block); 2])
    }
}

impl Block for Q5_1 {
    const BYTES: usize = 24;
    const WEIGHTS: usize = LANES;

    #[inline(always)]
    fn weights<S: Set>(set: S, block: &[u8], _: usize) -> S::Lanes {
        let scaled = set.scaled(set.whole(fives(&block[4..24]), 0), [half(set, block); 2]);
        set.raised(scaled, [half(set, &block[2..]); 2])
    }
}

impl Block for Q8_0 {
    const BYTES: usize = 34;
    const WEIGHTS: usize = LANES;

    #[inline(always)]
    fn weights<S: Set>(set: S, block: &[u8], _: usize) -> S::Lanes {
        set.scaled(set.signed(&block[2..].as_chunks().0[0]), [half(set, block); 2])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_spread_over_bytes() {
        for bits in 0..=u8::MAX {
            let want = std::array::from_fn(|i| bits >> i & 1);
            assert_eq!(spread(bits).to_le_bytes(), want);
        }
    }
}
