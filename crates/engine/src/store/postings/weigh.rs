//! BM25 in whole steps, so that sums are the same in any order.

use super::bits::BLOCK;
use super::block::Unpacked;
use super::list::Pair;

/// Steps of a score that make one.
const STEPS: f32 = 65_536.0;

/// The constants of BM25 (Robertson & Zaragoza 2009, "The probabilistic relevance framework: BM25 and beyond"). What a term gives
/// a chunk is `ln(1 + (N - n + 0.5) / (n + 0.5)) · count · (k1 + 1) / (count + k1 · (1 - b + b · length / average))`, where `n` of
/// `N` chunks have it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bm25 {
    /// How soon further occurrences stop counting.
    pub(crate) k1: f32,
    /// How much the length of a chunk counts, from 0 to 1.
    pub(crate) b: f32,
}

/// All chunks, as far as scores depend on them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Collection {
    /// How many there are.
    pub(super) chunks: u64,
    /// Sum of their lengths.
    pub(super) total_length: u64,
}

/// What one term gives a chunk: `factor / (1 + (flat + by_length · length) / count)`. Also as it is rounded it never falls with
/// the count and never grows with the length, so pairs bound it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weigher {
    factor: f32,
    flat: f32,
    by_length: f32,
}

impl Weigher {
    /// For a term of this weight that so many chunks have.
    pub(super) fn new(constants: Bm25, all: Collection, weight: f32, having: u64) -> Self {
        let average = (all.total_length as f64 / all.chunks.max(1) as f64).max(1.0) as f32;
        // foreign bytes may say that more have the term than there are
        let having = having.min(all.chunks) as f64;
        let rarity = ln((all.chunks as f64 + 1.0) / (having + 0.5)) as f32;
        let Bm25 { k1, b } = constants;
        // constants out of their ranges, and a weight that is no number, must not break the bounds
        let k1 = k1.max(0.0);
        let b = b.clamp(0.0, 1.0);
        let factor = (weight * rarity * (k1 + 1.0) * STEPS).max(0.0);
        Self { factor, flat: k1 * (1.0 - b), by_length: k1 * b / average }
    }

    /// Whether it gives nothing to any chunk.
    pub(super) fn is_nothing(&self) -> bool {
        self.factor == 0.0
    }

    fn part(&self, count: f32, length: f32) -> u32 {
        let saturation = (self.flat + self.by_length * length) / count;
        (self.factor / (1.0 + saturation) + 0.5) as u32
    }

    /// At least a step, so that a term that all chunks have still tells them from those that share nothing.
    fn least(&self) -> u32 {
        u32::from(!self.is_nothing())
    }

    /// What a chunk of such a length gets, in steps.
    pub(super) fn steps(&self, count: u32, length: u32) -> u32 {
        self.part(count as f32, length as f32).max(self.least())
    }

    /// The most that a chunk gets for which a pair stands, in steps.
    pub(super) fn most(&self, (count, length): Pair) -> u32 {
        match count {
            0 => 0,
            u8::MAX => self.part(f32::INFINITY, 0.0).max(self.least()),
            count => self.steps(count.into(), length.into()),
        }
    }

    /// What each chunk of a block gets, in steps; what lies behind the block's end means nothing.
    pub(super) fn block(&self, block: &Unpacked, lengths: &[[u8; 4]], into: &mut [u32; BLOCK]) {
        for (into, place) in into.iter_mut().zip(block.places()) {
            *into = length(lengths, *place);
        }
        let least = self.least();
        for (into, count) in into.iter_mut().zip(block.counts()) {
            *into = self.part(*count as f32, *into as f32).max(least);
        }
    }
}

/// The length of the chunk at a place.
pub(super) fn length(lengths: &[[u8; 4]], place: u32) -> u32 {
    lengths.get(place as usize).map_or(0, |length| u32::from_le_bytes(*length))
}

/// The score of so many steps.
pub(super) fn score(steps: u32) -> f32 {
    steps as f32 / STEPS
}

/// So many steps, or more, have at least this score.
pub(super) fn steps(score: f32) -> u32 {
    (score * STEPS) as u32
}

/// The natural logarithm of a number from 2⁻¹⁰²² on, by arithmetic that is the same on all machines, as that of their libraries is
/// not: `ln(m · 2ᵉ) = e · ln 2 + 2 · artanh((m - 1) / (m + 1))`, with `m` from √½ to √2.
fn ln(number: f64) -> f64 {
    let bits = number.to_bits();
    let (mut exponent, mut m) = ((bits >> 52) as i32 - 1023, f64::from_bits(bits & (u64::MAX >> 12) | 1023 << 52));
    if m > std::f64::consts::SQRT_2 {
        (exponent, m) = (exponent + 1, m / 2.0);
    }
    let z = (m - 1.0) / (m + 1.0);
    let series = (0..12).rev().fold(0.0, |sum, i| sum * z * z + 1.0 / f64::from(2 * i + 1));
    f64::from(exponent) * std::f64::consts::LN_2 + 2.0 * z * series
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn weigher(k1: f32, b: f32, weight: f32) -> Weigher {
        Weigher::new(Bm25 { k1, b }, Collection { chunks: 1000, total_length: 90_000 }, weight, 7)
    }

    proptest! {
        #[test]
        fn a_higher_count_and_a_shorter_chunk_never_get_less(
            (k1, b, weight) in (0f32..4.0, 0f32..=1.0, 0f32..3.0),
            (count, more, length, longer) in (1u32..300, 0u32..3, 0u32..70_000, 0u32..3),
        ) {
            let weigher = weigher(k1, b, weight);
            let own = weigher.steps(count, length + longer);
            prop_assert!(weigher.steps(count + more, length) >= own);
            let rounded = (u8::try_from(count).unwrap_or(255), u16::try_from(length).unwrap_or(u16::MAX));
            prop_assert!(weigher.most(rounded) >= own);
        }

        #[test]
        fn logarithms_are_those_of_the_library(number in prop_oneof![0.3f64..4.0, 1.0f64..1e12]) {
            prop_assert!((ln(number) - number.ln()).abs() <= 1e-14 * number.ln().abs().max(1.0));
        }
    }

    #[test]
    fn steps_are_those_of_the_paper() {
        let steps = weigher(1.2, 0.75, 2.0).steps(3, 45);
        let rarity = (1.0 + (1000.0 - 7.0 + 0.5) / (7.0 + 0.5f64)).ln();
        let expected = 2.0 * rarity * 3.0 * 2.2 / (3.0 + 1.2 * (0.25 + 0.75 * 45.0 / 90.0));
        assert!((f64::from(score(steps)) - expected).abs() < 2e-5, "{steps} {expected}");
    }

    #[test]
    fn odd_weights_give_nothing_or_all() {
        assert!([-1.0, 0.0, f32::NAN].iter().all(|weight| weigher(1.2, 0.75, *weight).steps(3, 9) == 0));
        assert_eq!(weigher(1.2, 0.75, f32::INFINITY).steps(3, 9), u32::MAX);
        assert!(weigher(f32::NAN, f32::NAN, 1.0).most((2, 3)) < u32::MAX);
    }

    #[test]
    fn what_all_chunks_have_still_counts() {
        let all = Collection { chunks: 100_000_000, total_length: 1 };
        assert_eq!(Weigher::new(Bm25 { k1: 1.2, b: 0.75 }, all, 1.0, 100_000_000).steps(1, 9), 1);
    }
}
