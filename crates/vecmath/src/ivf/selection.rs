use std::ops::{Range, RangeInclusive};

use super::index::Index;

/// Which keys may be found. Ranges are sorted and disjoint: others are taken as well, but slower.
#[derive(Debug, Clone, Copy, Default)]
pub struct Selection<'a> {
    /// The only ones; `None` for all.
    pub only: Option<&'a [RangeInclusive<i64>]>,
    /// Those that are gone.
    pub gone: &'a [RangeInclusive<i64>],
}

/// The positions of an index that may be found.
#[derive(Debug)]
pub(super) enum Allowed {
    /// Each.
    All(usize),
    /// Those whose bit is set.
    Some { bits: Vec<u64>, count: usize },
}

impl Allowed {
    /// Looks the selected keys up.
    pub(super) fn of(index: &Index<'_>, selection: &Selection<'_>) -> Self {
        if selection.only.is_none() && selection.gone.is_empty() {
            return Self::All(index.len());
        }
        let words = index.len().div_ceil(64);
        let mut bits = match selection.only {
            None => full(index.len()),
            Some(ranges) => {
                let mut bits = vec![0; words];
                each_position(index, ranges, |word, bit| bits[word] |= bit);
                bits
            }
        };
        each_position(index, selection.gone, |word, bit| bits[word] &= !bit);
        let count = bits.iter().map(|word| word.count_ones() as usize).sum();
        Self::Some { bits, count }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::All(count) | Self::Some { count, .. } => *count,
        }
    }

    /// Those in `range`, in place of what `out` held.
    pub(super) fn within(&self, range: Range<u32>, out: &mut Vec<u32>) {
        out.clear();
        match self {
            Self::All(_) => out.extend(range),
            Self::Some { bits, .. } => set_bits(bits, range, out),
        }
    }
}

/// As many set bits as there are vectors.
fn full(vectors: usize) -> Vec<u64> {
    let mut bits = vec![u64::MAX; vectors.div_ceil(64)];
    if let Some(last) = bits.last_mut().filter(|_| !vectors.is_multiple_of(64)) {
        *last = (1 << (vectors % 64)) - 1;
    }
    bits
}

/// Calls `each` with the word and the bit of each position whose key is in `ranges`.
fn each_position(index: &Index<'_>, ranges: &[RangeInclusive<i64>], mut each: impl FnMut(usize, u64)) {
    let positions = index.positions.as_chunks::<4>().0;
    for ordinals in index.ordinals_in(ranges) {
        for bytes in positions.get(ordinals).unwrap_or_default() {
            let position = u32::from_le_bytes(*bytes) as usize;
            if position < index.len() {
                each(position / 64, 1 << (position % 64));
            }
        }
    }
}

fn set_bits(bits: &[u64], range: Range<u32>, out: &mut Vec<u32>) {
    if range.is_empty() {
        return;
    }
    let (first, last) = (range.start / 64, (range.end - 1) / 64);
    for word in first..=last {
        let mut left = bits.get(word as usize).copied().unwrap_or(0);
        if word == first {
            left &= u64::MAX << (range.start % 64);
        }
        if word == last {
            left &= u64::MAX >> (63 - (range.end - 1) % 64);
        }
        while left != 0 {
            out.push(word * 64 + left.trailing_zeros());
            left &= left - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bits_of_a_range_are_those_that_are_set(set in prop::collection::vec(any::<bool>(), 1..300), a: prop::sample::Index, b: prop::sample::Index) {
            let (a, b) = (a.index(set.len() + 1) as u32, b.index(set.len() + 1) as u32);
            let mut bits = vec![0u64; set.len().div_ceil(64)];
            set.iter().enumerate().filter(|(_, set)| **set).for_each(|(i, _)| bits[i / 64] |= 1 << (i % 64));
            let mut out = Vec::new();
            set_bits(&bits, a.min(b)..a.max(b), &mut out);
            let want: Vec<u32> = (a.min(b)..a.max(b)).filter(|i| set[*i as usize]).collect();
            prop_assert_eq!(out, want);
        }
    }

    #[test]
    fn a_full_set_has_no_bit_beyond_its_last() {
        for n in [0, 1, 63, 64, 65, 128] {
            assert_eq!(full(n).iter().map(|word| word.count_ones() as usize).sum::<usize>(), n);
        }
    }
}
