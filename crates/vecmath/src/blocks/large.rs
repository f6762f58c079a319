//! Blocks of 256 weights: groups of 16 or 32 with scales of their own, which are whole numbers to one scale of the block.

use super::sets::{Numbers, Set};
use super::{Block, EACH, half, words};

const WEIGHTS: usize = 256;

/// Two bits, groups of 16: `d · s · q - m · t`.
pub(super) struct Q2K;
/// Three bits, groups of 16: `d · s · (q - 4)`.
pub(super) struct Q3K;
/// Four bits, groups of 32: `d · s · q - m · t`.
pub(super) struct Q4K;
/// Five bits, groups of 32: `d · s · q - m · t`.
pub(super) struct Q5K;
/// Six bits, groups of 16: `d · s · (q - 32)`.
pub(super) struct Q6K;

/// Scale and least value of group `j` of eight: six bits each, those of the last four in the upper bits of the first.
#[inline(always)]
fn six_bits(scales: &[u8], j: usize) -> (f32, f32) {
    let (s, t) = match j < 4 {
        true => (scales[j] & 63, scales[j + 4] & 63),
        false => (scales[j + 4] & 15 | scales[j - 4] >> 6 << 4, scales[j + 4] >> 4 | scales[j] >> 6 << 4),
    };
    (f32::from(s), f32::from(t))
}

/// Those bits of 32 bytes that `mask` keeps after a shift. Whole words are shifted: what comes from the next byte is masked.
#[inline(always)]
fn bits(bytes: &[u8], shift: usize, mask: u64) -> Numbers {
    words(&bytes[..32]).map(|word: u64| word >> shift & (mask * EACH))
}

/// `high` above the lowest `low_bits` bits, byte by byte.
#[inline(always)]
fn joined(low: Numbers, high: Numbers, low_bits: u32) -> Numbers {
    std::array::from_fn(|i| low[i] | high[i] << low_bits)
}

impl Block for Q2K {
    const BYTES: usize = 84;
    const WEIGHTS: usize = WEIGHTS;

    #[inline(always)]
    fn weights<S: Set>(set: S, block: &[u8], group: usize) -> S::Lanes {
        let (scales, rest) = block.split_at(16);
        let (d, m) = (half(set, &rest[64..]), half(set, &rest[66..]));
        // a half of the weights shares 32 bytes, two bits of each after the other
        let numbers = set.whole(bits(&rest[group / 4 * 32..], group % 4 * 2, 3), 0);
        let two = [scales[2 * group], scales[2 * group + 1]];
        set.raised(set.scaled(numbers, two.map(|s| d * f32::from(s & 15))), two.map(|s| -(m * f32::from(s >> 4))))
    }
}

impl Block for Q3K {
    const BYTES: usize = 110;
    const WEIGHTS: usize = WEIGHTS;

    #[inline(always)]
    fn weights<S: Set>(set: S, block: &[u8], group: usize) -> S::Lanes {
        let (third, rest) = block.split_at(32);
        let (low, rest) = rest.split_at(64);
        let d = half(set, &rest[12..]);
        let scale = |half: usize| {
            let four = if half < 8 { rest[half] & 15 } else { rest[half - 8] >> 4 };
            let two = rest[8 + half % 4] >> (half / 4 * 2) & 3;
            d * f32::from((four | two << 4).cast_signed() - 32)
        };
        let numbers = joined(bits(&low[group / 4 * 32..], group % 4 * 2, 3), bits(third, group, 1), 2);
        set.scaled(set.whole(numbers, 4), [scale(2 * group), scale(2 * group + 1)])
    }
}

impl Block for Q4K {
    const BYTES: usize = 144;
    const WEIGHTS: usize = WEIGHTS;

    #[inline(always)]
    fn weights<S: Set>(set: S, block: &[u8], group: usize) -> S::Lanes {
        let (d, m, (s, t)) = (half(set, block), half(set, &block[2..]), six_bits(&block[4..16], group));
        let numbers = bits(&block[16 + group / 2 * 32..], group % 2 * 4, 15);
        set.raised(set.scaled(set.whole(numbers, 0), [d * s; 2]), [-(m * t); 2])
    }
}

impl Block for Q5K {
    const BYTES: usize = 176;
    const WEIGHTS: usize = WEIGHTS;

    #[inline(always)]
    fn weights<S: Set>(set: S, block: &[u8], group: usize) -> S::Lanes {
        let (d, m, (s, t)) = (half(set, block), half(set, &block[2..]), six_bits(&block[4..16], group));
        let (fifth, fours) = block[16..].split_at(32);
        let fours = bits(&fours[group / 2 * 32..], group % 2 * 4, 15);
        let numbers = joined(fours, bits(fifth, group, 1), 4);
        set.raised(set.scaled(set.whole(numbers, 0), [d * s; 2]), [-(m * t); 2])
    }
}

impl Block for Q6K {
    const BYTES: usize = 210;
    const WEIGHTS: usize = WEIGHTS;

    #[inline(always)]
    fn weights<S: Set>(set: S, block: &[u8], group: usize) -> S::Lanes {
        let (low, rest) = block.split_at(128);
        let (high, rest) = rest.split_at(64);
        let d = half(set, &rest[16..]);
        let scale = |half: usize| d * f32::from(rest[half].cast_signed());
        // of each half of the weights: four rows of 32, whose upper two bits share bytes
        let (part, row) = (group / 4, group % 4);
        let fours = bits(&low[part * 64 + row % 2 * 32..], row / 2 * 4, 15);
        let numbers = joined(fours, bits(&high[part * 32..], row * 2, 3), 4);
        set.scaled(set.whole(numbers, 32), [scale(2 * group), scale(2 * group + 1)])
    }
}
