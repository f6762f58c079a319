//! Blocks of 256 weights: groups of 16 or 32 with scales of their own, which are whole numbers to one scale of the block.

use super::{Block, half};

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

impl Block for Q2K {
    const BYTES: usize = 84;
    const WEIGHTS: usize = WEIGHTS;

    #[inline(always)]
    fn unpack(block: &[u8], out: &mut [f32]) {
        let (scales, rest) = block.split_at(16);
        let (d, m) = (half(&rest[64..]), half(&rest[66..]));
        for (group, out) in out.chunks_exact_mut(16).enumerate() {
            let (s, t) = (d * f32::from(scales[group] & 15), m * f32::from(scales[group] >> 4));
            // a half of the weights shares 32 bytes, two bits of each after the other
            let bytes = &rest[group / 8 * 32 + group % 2 * 16..][..16];
            let shift = group % 8 / 2 * 2;
            bytes.iter().zip(out).for_each(|(q, w)| *w = s * f32::from(q >> shift & 3) - t);
        }
    }
}

impl Block for Q3K {
    const BYTES: usize = 110;
    const WEIGHTS: usize = WEIGHTS;

    #[inline(always)]
    fn unpack(block: &[u8], out: &mut [f32]) {
        let (third, rest) = block.split_at(32);
        let (low, rest) = rest.split_at(64);
        let d = half(&rest[12..]);
        for (group, out) in out.chunks_exact_mut(16).enumerate() {
            let four = if group < 8 { rest[group] & 15 } else { rest[group - 8] >> 4 };
            let two = rest[8 + group % 4] >> (group / 4 * 2) & 3;
            let scale = d * (i32::from(four | two << 4) - 32) as f32;
            let (at, shift) = (group % 2 * 16, group % 8 / 2 * 2);
            let (bytes, bits) = (&low[group / 8 * 32 + at..][..16], &third[at..][..16]);
            for ((q, bit), w) in bytes.iter().zip(bits).zip(out) {
                let number = i32::from(q >> shift & 3) + i32::from(bit >> (group / 2) & 1) * 4 - 4;
                *w = scale * number as f32;
            }
        }
    }
}

impl Block for Q4K {
    const BYTES: usize = 144;
    const WEIGHTS: usize = WEIGHTS;

    #[inline(always)]
    fn unpack(block: &[u8], out: &mut [f32]) {
        let (d, m, scales) = (half(block), half(&block[2..]), &block[4..16]);
        for ((j, bytes), out) in block[16..].chunks_exact(32).enumerate().zip(out.chunks_exact_mut(64)) {
            let ((s, t), (s2, t2)) = (six_bits(scales, 2 * j), six_bits(scales, 2 * j + 1));
            let (s, t, s2, t2) = (d * s, m * t, d * s2, m * t2);
            let (low, high) = out.split_at_mut(32);
            for ((q, low), high) in bytes.iter().zip(low).zip(high) {
                *low = s * f32::from(q & 15) - t;
                *high = s2 * f32::from(q >> 4) - t2;
            }
        }
    }
}

impl Block for Q5K {
    const BYTES: usize = 176;
    const WEIGHTS: usize = WEIGHTS;

    #[inline(always)]
    fn unpack(block: &[u8], out: &mut [f32]) {
        let (d, m, scales) = (half(block), half(&block[2..]), &block[4..16]);
        let (fifth, bytes) = block[16..].split_at(32);
        for ((j, bytes), out) in bytes.chunks_exact(32).enumerate().zip(out.chunks_exact_mut(64)) {
            let ((s, t), (s2, t2)) = (six_bits(scales, 2 * j), six_bits(scales, 2 * j + 1));
            let (s, t, s2, t2) = (d * s, m * t, d * s2, m * t2);
            let (low, high) = out.split_at_mut(32);
            for (((q, bits), low), high) in bytes.iter().zip(fifth).zip(low).zip(high) {
                *low = s * f32::from(q & 15 | (bits >> (2 * j) & 1) << 4) - t;
                *high = s2 * f32::from(q >> 4 | (bits >> (2 * j + 1) & 1) << 4) - t2;
            }
        }
    }
}

impl Block for Q6K {
    const BYTES: usize = 210;
    const WEIGHTS: usize = WEIGHTS;

    #[inline(always)]
    fn unpack(block: &[u8], out: &mut [f32]) {
        let (low, rest) = block.split_at(128);
        let (high, rest) = rest.split_at(64);
        let d = half(&rest[16..]);
        for (group, out) in out.chunks_exact_mut(16).enumerate() {
            let scale = d * f32::from(rest[group].cast_signed());
            // of each half of the weights: four rows of 32, whose upper two bits share bytes
            let (part, row, at) = (group / 8, group % 8 / 2, group % 2 * 16);
            let fours = &low[part * 64 + row % 2 * 32 + at..][..16];
            let twos = &high[part * 32 + at..][..16];
            for ((four, two), w) in fours.iter().zip(twos).zip(out) {
                let number = four >> (row / 2 * 4) & 15 | (two >> (row * 2) & 3) << 4;
                *w = scale * (i32::from(number) - 32) as f32;
            }
        }
    }
}
