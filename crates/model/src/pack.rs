//! Sequences side by side without padding, in packs of about one token budget.

use std::ops::Range;

/// Tokens in a pack at most, unless one sequence alone has more: enough rows to keep the products busy, few enough that
/// the activations stay in the second-level cache.
const BUDGET: usize = 256;

/// What a model sees at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sequence<'a> {
    /// Token ids.
    pub(crate) ids: &'a [u32],
    /// How many at the start are of the first type; the others are of the second, which not every model has.
    pub(crate) of_first: usize,
}

impl<'a> From<&'a [u32]> for Sequence<'a> {
    /// Of one text.
    fn from(ids: &'a [u32]) -> Self {
        Self { ids, of_first: ids.len() }
    }
}

/// Token ids of several sequences, one after another.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Pack {
    /// Which of the caller's sequences, in the order in which they stand in `ids`.
    pub(crate) members: Vec<usize>,
    /// All ids.
    pub(crate) ids: Vec<u32>,
    /// Where each member's ids lie.
    pub(crate) ranges: Vec<Range<usize>>,
    /// How many of each member's ids are of the first type.
    pub(crate) of_first: Vec<usize>,
}

impl Pack {
    fn push(&mut self, member: usize, sequence: Sequence<'_>) {
        let start = self.ids.len();
        self.members.push(member);
        self.ids.extend_from_slice(sequence.ids);
        self.ranges.push(start..self.ids.len());
        self.of_first.push(sequence.of_first);
    }
}

/// Packs sequences longest first, so that the last packs to be taken up are the short ones.
pub(crate) fn packs(sequences: &[Sequence<'_>]) -> Vec<Pack> {
    let mut order: Vec<usize> = (0..sequences.len()).collect();
    order.sort_by_key(|i| std::cmp::Reverse(sequences[*i].ids.len()));
    let mut packs: Vec<Pack> = Vec::new();
    for i in order {
        let sequence = sequences[i];
        match packs.last_mut() {
            Some(pack) if pack.ids.len() + sequence.ids.len() <= BUDGET => pack.push(i, sequence),
            _ => {
                let mut pack = Pack::default();
                pack.push(i, sequence);
                packs.push(pack);
            }
        }
    }
    packs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_sequence_stands_in_one_pack(lengths in prop::collection::vec(1usize..600, 0..40)) {
            let sequences: Vec<Vec<u32>> = lengths.iter().enumerate().map(|(i, n)| vec![i as u32; *n]).collect();
            let halves = sequences.iter().map(|ids| Sequence { ids, of_first: ids.len() / 2 });
            let packs = packs(&halves.collect::<Vec<_>>());
            let mut seen = Vec::new();
            for pack in &packs {
                prop_assert!(pack.ids.len() <= BUDGET || pack.members.len() == 1);
                for ((member, range), of_first) in pack.members.iter().zip(&pack.ranges).zip(&pack.of_first) {
                    prop_assert_eq!(&pack.ids[range.clone()], &sequences[*member][..]);
                    prop_assert_eq!(*of_first, range.len() / 2);
                    seen.push(*member);
                }
            }
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..lengths.len()).collect::<Vec<_>>());
        }
    }
}
