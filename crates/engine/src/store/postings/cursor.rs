//! A way through the postings of one term.

use std::ops::Range;

use super::bits::BLOCK;
use super::block::Unpacked;
use super::weigh::Weigher;
use super::{List, Segment};

/// Postings that are looked at one by one before the rest is halved again and again.
const NEAR: usize = 8;

/// A chunk that may be among the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Its place in its segment.
    pub(super) place: u32,
    /// What the terms that were looked up so far give it, in steps.
    pub(super) sum: u32,
}

/// Goes through the postings of a term in a segment, forwards only: from each call to the next, places ascend.
pub(super) struct Cursor<'a> {
    list: List<'a>,
    lengths: &'a [[u8; 4]],
    weigher: Weigher,
    /// The block that is unpacked, or the first, where none is.
    block: usize,
    at: usize,
    unpacked: Box<Unpacked>,
    /// What the postings of the block give, once that is asked.
    weights: Box<[u32; BLOCK]>,
    weighed: bool,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(list: List<'a>, segment: &Segment<'a>, weigher: Weigher) -> Self {
        let (unpacked, weights) = (Box::new(Unpacked::empty()), Box::new([0; BLOCK]));
        Self { list, lengths: segment.lengths, weigher, block: 0, at: 0, unpacked, weights, weighed: false }
    }

    /// Chunks that have the term.
    pub(super) fn chunks(&self) -> u32 {
        self.list.chunks()
    }

    /// The most that a chunk of the span gets: 0 where none has the term.
    pub(super) fn bound(&mut self, span: &Range<u32>) -> u32 {
        let mut most = 0;
        if self.list.is_short() {
            self.each(span, |_, weight| most = most.max(weight));
            return most;
        }
        let first = self.list.block_of(span.start, self.block).unwrap_or(usize::MAX);
        for block in first..self.list.blocks().max(first) {
            let pairs = self.list.pairs(block).unwrap_or_default();
            most = pairs.iter().fold(most, |most, pair| most.max(self.weigher.most(*pair)));
            if self.list.last(block).is_none_or(|last| last.saturating_add(1) >= span.end) {
                break;
            }
        }
        most
    }

    /// Shows the postings of the span: the place, and what it gets.
    pub(super) fn each(&mut self, span: &Range<u32>, mut see: impl FnMut(u32, u32)) {
        let mut from = span.start;
        while self.unpack_to(from) {
            self.weigh();
            let places = self.unpacked.places();
            let start = places.partition_point(|place| *place < from);
            let end = places.partition_point(|place| *place < span.end);
            let own = places.iter().zip(self.weights.iter());
            own.take(end).skip(start).for_each(|(place, weight)| see(*place, *weight));
            match places.last() {
                Some(last) if last.saturating_add(1) < span.end => from = last + 1,
                _ => return,
            }
        }
    }

    /// Adds what the term gives to candidates in ascending order.
    pub(super) fn add_to(&mut self, candidates: &mut [Candidate]) {
        for candidate in candidates {
            candidate.sum = candidate.sum.saturating_add(self.steps_at(candidate.place).unwrap_or(0));
        }
    }

    /// Adds what the term gives to candidates in ascending order, and leaves out those that do not have it.
    pub(super) fn keep_having(&mut self, candidates: &mut Vec<Candidate>) {
        candidates.retain_mut(|candidate| {
            let own = self.steps_at(candidate.place);
            candidate.sum = candidate.sum.saturating_add(own.unwrap_or(0));
            own.is_some()
        });
    }

    fn steps_at(&mut self, place: u32) -> Option<u32> {
        if !self.unpack_to(place) {
            return None;
        }
        let ahead = self.unpacked.places().get(self.at..)?;
        // mostly it is near
        let near = ahead.iter().take(NEAR).position(|own| *own >= place);
        self.at += near.unwrap_or_else(|| ahead.partition_point(|own| *own < place));
        let found = self.unpacked.places().get(self.at) == Some(&place);
        found.then(|| self.weigher.steps(self.unpacked.counts()[self.at], super::weigh::length(self.lengths, place)))
    }

    /// Unpacks the block that reaches to `place`; false where there is none.
    fn unpack_to(&mut self, place: u32) -> bool {
        let reaches = |unpacked: &Unpacked| unpacked.places().last().is_some_and(|last| *last >= place);
        if reaches(&self.unpacked) {
            return true;
        }
        let from = self.block + usize::from(!self.unpacked.places().is_empty());
        let Some(block) = self.list.block_of(place, from) else { return false };
        self.list.unpack(block, &mut self.unpacked);
        (self.block, self.at, self.weighed) = (block, 0, false);
        reaches(&self.unpacked)
    }

    fn weigh(&mut self) {
        if !self.weighed {
            self.weigher.block(&self.unpacked, self.lengths, &mut self.weights);
            self.weighed = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::weigh::{Bm25, Collection};
    use super::super::{Builder, Segment};
    use super::*;

    proptest! {
        #[test]
        fn all_ways_through_a_list_agree_and_keep_to_the_bound(
            chunks in prop::collection::vec((prop_oneof![4 => Just(0u32), 3 => 1u32..4, 1 => 1u32..300], 1u32..500), 1..3000),
            ends in prop::collection::btree_set(0u32..3000, 2..12),
            asked in prop::collection::btree_set(0u32..3000, 0..40),
        ) {
            let mut builder = Builder::default();
            for (key, (count, length)) in (0..).zip(&chunks) {
                builder.add(key, *length, [(&b"t"[..], *count)]);
            }
            let mut bytes = Vec::new();
            builder.finish(&mut bytes).unwrap();
            let segment = Segment::open(&bytes).unwrap();
            let Some(list) = segment.find(b"t") else { return Ok(()) };
            let all = Collection { chunks: 9000, total_length: 900_000 };
            let weigher = Weigher::new(Bm25 { k1: 1.2, b: 0.75 }, all, 1.0, 70);
            let plain = |place: u32| {
                let (count, length) = chunks.get(place as usize)?;
                (*count > 0).then(|| weigher.steps(*count, *length))
            };

            let mut cursor = Cursor::new(list, &segment, weigher);
            let ends: Vec<u32> = ends.into_iter().collect();
            for span in ends.windows(2).map(|ends| ends[0]..ends[1]) {
                let own: Vec<(u32, u32)> = span.clone().filter_map(|place| Some((place, plain(place)?))).collect();
                let bound = cursor.bound(&span);
                prop_assert!(own.iter().all(|(_, weight)| *weight <= bound), "{span:?} {bound}");
                prop_assert!(!list.is_short() || own.iter().map(|(_, weight)| *weight).max().unwrap_or(0) == bound);
                let mut seen = Vec::new();
                cursor.each(&span, |place, weight| seen.push((place, weight)));
                prop_assert_eq!(seen, own);
            }

            let mut candidates: Vec<Candidate> = asked.iter().map(|place| Candidate { place: *place, sum: 7 }).collect();
            Cursor::new(list, &segment, weigher).add_to(&mut candidates);
            let added = candidates.iter().all(|own| own.sum == 7 + plain(own.place).unwrap_or(0));
            prop_assert!(added, "{candidates:?}");
            Cursor::new(list, &segment, weigher).keep_having(&mut candidates);
            let kept: Vec<Candidate> = asked
                .iter()
                .filter_map(|place| Some(Candidate { place: *place, sum: 7 + 2 * plain(*place)? }))
                .collect();
            prop_assert_eq!(candidates, kept);
        }
    }
}
