//! Sequences side by side without padding, in packs of about one token budget.

use std::ops::Range;

/// Tokens in a pack at most, unless one sequence alone has more: enough rows to keep the products busy, few enough that
/// the activations stay in the second-level cache.
const BUDGET: usize = 256;

/// Token ids of several sequences, one after another.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Pack {
    /// Which of the caller's sequences, in the order in which they stand in `ids`.
    pub(crate) members: Vec<usize>,
    /// All ids.
    pub(crate) ids: Vec<u32>,
    /// Where each member's ids lie.
    pub(crate) ranges: Vec<Range<usize>>,
}

impl Pack {
    fn push(&mut self, member: usize, ids: &[u32]) {
        let start = self.ids.len();
        self.members.push(member);
        self.ids.extend_from_slice(ids);
        self.ranges.push(start..self.ids.len());
    }
}

/// Packs sequences longest first, so that the last packs to be taken up are the short ones.
pub(crate) fn packs(sequences: &[&[u32]]) -> Vec<Pack> {
    let mut order: Vec<usize> = (0..sequences.len()).collect();
    order.sort_by_key(|i| std::cmp::Reverse(sequences[*i].len()));
    let mut packs: Vec<Pack> = Vec::new();
    for i in order {
        let ids = sequences[i];
        match packs.last_mut() {
            Some(pack) if pack.ids.len() + ids.len() <= BUDGET => pack.push(i, ids),
            _ => {
                let mut pack = Pack::default();
                pack.push(i, ids);
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
            let packs = packs(&sequences.iter().map(Vec::as_slice).collect::<Vec<_>>());
            let mut seen = Vec::new();
            for pack in &packs {
                prop_assert!(pack.ids.len() <= BUDGET || pack.members.len() == 1);
                for (member, range) in pack.members.iter().zip(&pack.ranges) {
                    prop_assert_eq!(&pack.ids[range.clone()], &sequences[*member][..]);
                    seen.push(*member);
                }
            }
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..lengths.len()).collect::<Vec<_>>());
        }
    }
}
