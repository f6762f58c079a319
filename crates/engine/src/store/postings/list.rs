//! The postings of one term.

use std::io;

use super::bits::BLOCK;
use super::block::{self, Posting, Unpacked};

/// Bytes that are said of each block of a long list.
const ENTRY: usize = 20;
/// Pairs of a block.
const PAIRS: usize = 4;

/// A count of a term and the length of a chunk, rounded to where scores are higher: a count of 255 stands for all that are
/// greater, a length of 65,535 for all that are longer. A count of 0 is no pair.
pub(super) type Pair = (u8, u16);
/// No posting is better.
pub(super) const BEST: Pair = (u8::MAX, 0);

/// What is said of a block: its last place and its end, u32 each, then its pairs.
#[derive(Debug, Clone, Copy)]
struct Entry([u8; ENTRY]);

impl Entry {
    fn last(self) -> u32 {
        let [a, b, c, d, ..] = self.0;
        u32::from_le_bytes([a, b, c, d])
    }

    fn end(self) -> usize {
        let [_, _, _, _, a, b, c, d, ..] = self.0;
        u32::from_le_bytes([a, b, c, d]) as usize
    }

    fn pairs(self) -> [Pair; PAIRS] {
        let [_, _, _, _, _, _, _, _, pairs @ ..] = self.0;
        let mut read = [(0, u16::MAX); PAIRS];
        for (pair, &[count, a, b]) in read.iter_mut().zip(pairs.as_chunks::<3>().0) {
            *pair = (count, u16::from_le_bytes([a, b]));
        }
        read
    }
}

/// Chunks that have a term, in blocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct List<'a> {
    chunks: u32,
    /// What is said of each block; nothing where there is only one.
    entries: &'a [[u8; ENTRY]],
    blocks: &'a [u8],
}

impl<'a> List<'a> {
    /// The postings of so many chunks; `None` where the bytes are too few.
    pub(super) fn read(chunks: u32, bytes: &'a [u8]) -> Option<Self> {
        let blocks = (chunks as usize).div_ceil(BLOCK);
        let entries = if blocks > 1 { blocks.checked_mul(ENTRY)? } else { 0 };
        let (entries, blocks) = bytes.split_at_checked(entries)?;
        Some(Self { chunks, entries: entries.as_chunks::<ENTRY>().0, blocks })
    }

    /// Chunks that have the term.
    pub(super) fn chunks(&self) -> u32 {
        self.chunks
    }

    /// Whether all of it is one block, of which nothing is known before it is read.
    pub(super) fn is_short(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn blocks(&self) -> usize {
        (self.chunks as usize).div_ceil(BLOCK)
    }

    /// The last place of a block of a long list.
    pub(super) fn last(&self, block: usize) -> Option<u32> {
        self.entries.get(block).map(|entry| Entry(*entry).last())
    }

    /// The pairs of a block of a long list.
    pub(super) fn pairs(&self, block: usize) -> Option<[Pair; PAIRS]> {
        self.entries.get(block).map(|entry| Entry(*entry).pairs())
    }

    /// The first block, from the block `from` on, that reaches to `place`. In a short list, this is its only one.
    pub(super) fn block_of(&self, place: u32, from: usize) -> Option<usize> {
        if self.is_short() {
            return (from < self.blocks()).then_some(from);
        }
        let ahead = self.entries.get(from..)?;
        let before = |entry: &[u8; ENTRY]| Entry(*entry).last() < place;
        // mostly it is near
        let near = ahead.iter().take(4).position(|entry| !before(entry));
        let at = near.unwrap_or_else(|| ahead.partition_point(before));
        (at < ahead.len()).then_some(from + at)
    }

    /// Unpacks a block; one whose bytes are wrong is empty.
    pub(super) fn unpack(&self, block: usize, into: &mut Unpacked) {
        let before = block.checked_sub(1).and_then(|before| self.entries.get(before)).map(|entry| Entry(*entry));
        let bytes = self.blocks.get(before.map_or(0, Entry::end)..).unwrap_or_default();
        let len = (self.chunks as usize).saturating_sub(block.saturating_mul(BLOCK)).min(BLOCK);
        into.read(bytes, len, before.map_or(0, |entry| entry.last().wrapping_add(1)));
    }
}

/// Appends the postings of a term, ascending, of chunks of these lengths.
///
/// # Errors
/// When they take more than 4 GiB.
pub(super) fn write(postings: &[Posting], lengths: &[u32], out: &mut Vec<u8>) -> io::Result<()> {
    if postings.len() <= BLOCK {
        block::write(postings, 0, out);
        return Ok(());
    }
    let entries = out.len();
    let blocks = entries + ENTRY * postings.len().div_ceil(BLOCK);
    out.resize(blocks, 0);
    let mut least = 0;
    for (number, postings) in postings.chunks(BLOCK).enumerate() {
        block::write(postings, least, out);
        let last = postings.last().map_or(0, |(place, _)| *place);
        least = last.wrapping_add(1);
        let end = u32::try_from(out.len() - blocks).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let pairs = competitive(postings, lengths);
        let pairs = pairs
            .iter()
            .flat_map(|(count, length)| [count.to_le_bytes()[0], length.to_le_bytes()[0], length.to_le_bytes()[1]]);
        let entry = last.to_le_bytes().into_iter().chain(end.to_le_bytes()).chain(pairs);
        out.iter_mut().skip(entries + number * ENTRY).zip(entry).for_each(|(to, from)| *to = from);
    }
    Ok(())
}

/// Pairs of which the best scores at least as high as any posting of a block, whatever the constants: a higher count and a
/// shorter chunk never score less. Where there are more such pairs than are kept, neighbours become one that is as good as both.
fn competitive(postings: &[Posting], lengths: &[u32]) -> [Pair; PAIRS] {
    let mut shortest = [u16::MAX; 256];
    let mut highest = 0;
    for (place, count) in postings {
        let length = lengths.get(*place as usize).map_or(0, |length| u16::try_from(*length).unwrap_or(u16::MAX));
        let count = u8::try_from(*count).unwrap_or(u8::MAX);
        highest = highest.max(count);
        shortest[usize::from(count)] = shortest[usize::from(count)].min(length);
    }
    let mut front: Vec<Pair> = Vec::new();
    for (count, length) in (0..=highest).rev().zip(shortest.iter().take(usize::from(highest) + 1).rev()) {
        if front.last().is_none_or(|(_, best)| length < best) {
            front.push((count, *length));
        }
    }
    let mut pairs = [(0, u16::MAX); PAIRS];
    let together = front.len().div_ceil(PAIRS).max(1);
    for (pair, group) in pairs.iter_mut().zip(front.chunks(together)) {
        *pair = (group.first().map_or(0, |first| first.0), group.last().map_or(0, |last| last.1));
    }
    pairs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_list_is_what_was_written(steps in prop::collection::vec((1u32..400, 1u32..9), 1..700)) {
            let mut at = 0;
            let postings: Vec<Posting> = steps.iter().map(|(step, count)| { at += step; (at, *count) }).collect();
            let mut bytes = Vec::new();
            write(&postings, &[], &mut bytes).unwrap();
            let list = List::read(postings.len() as u32, &bytes).unwrap();
            let (mut read, mut unpacked) = (Vec::new(), Unpacked::empty());
            for block in 0..list.blocks() {
                list.unpack(block, &mut unpacked);
                prop_assert!(list.is_short() || list.last(block) == unpacked.places().last().copied());
                read.extend(unpacked.places().iter().copied().zip(unpacked.counts().iter().copied()));
            }
            prop_assert_eq!(&read, &postings);
            for place in [0, at / 2, at] {
                let first = postings.partition_point(|(own, _)| *own < place) / BLOCK;
                prop_assert_eq!(list.block_of(place, 0), Some(if list.is_short() { 0 } else { first }));
            }
            prop_assert!(list.is_short() || list.block_of(at + 1, 0).is_none());
        }

        #[test]
        fn some_pair_is_as_good_as_each_posting(
            chunks in prop::collection::vec((prop_oneof![1u32..9, 200u32..400], prop_oneof![0u32..300, 65_000u32..80_000]), 1..=BLOCK),
        ) {
            let postings: Vec<Posting> = chunks.iter().enumerate().map(|(at, (count, _))| (at as u32, *count)).collect();
            let lengths: Vec<u32> = chunks.iter().map(|(_, length)| *length).collect();
            let pairs = competitive(&postings, &lengths);
            for (count, length) in chunks {
                let covers = |pair: &Pair| u32::from(pair.0) >= count.min(255) && u32::from(pair.1) <= length;
                prop_assert!(pairs.iter().any(covers), "{pairs:?} {count} {length}");
            }
        }
    }
}
