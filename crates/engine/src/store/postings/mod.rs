//! Segments of an inverted index: for each term the chunks that have it, with how often, read in place from mapped bytes.
//!
//! ```text
//! keys       i64 × chunks            numbers of the chunks, ascending; a chunk's place here is what postings hold
//! lengths    u32 × chunks            length of each chunk, in words or so
//! postings   of one term after the other
//! dictionary terms in blocks of 16
//! index      u32 × blocks            where each block of the dictionary begins in it
//! footer     u64 × 8                 chunks, sum of lengths, beginnings of the five parts, "qiaowrd1"
//!
//! postings of a term, at most 128:   one block
//! postings of a term, more:          for each block 20 bytes (last place u32, end of the block behind these entries u32,
//!                                    four competitive pairs of count u8 and length u16), then the blocks
//! a block of 128:                    bits of a distance u8, of a count u8, distances, counts, each packed
//! a block of fewer:                  distance, count - 1, as varints
//! a block of the dictionary:         beginning of its first postings u64, then for each term as varints: bytes shared with
//!                                    the term before, bytes that follow, these, chunks that have it, bytes of postings
//! ```
//!
//! All numbers are little-endian. A competitive pair says that a chunk of the block has a count so high in so short a text;
//! whatever the constants of BM25, no chunk of the block scores more than the best of its pairs (as in Lucene's impacts; Ding &
//! Suel 2011, "Faster top-k document retrieval using block-max indexes").

mod block;
mod build;
mod merge;
mod search;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;

use block::{BLOCK, Unpacked, read_varint};
pub(crate) use build::Builder;
pub(crate) use merge::merge;
pub(crate) use search::{Bm25, Search, Selection, Term};

/// Terms of a block of the dictionary.
const DICTIONARY_BLOCK: usize = 16;
/// Bytes for each block of a long list.
const ENTRY: usize = 20;
/// Competitive pairs of a block.
const PAIRS: usize = 4;
/// How a segment ends.
const MAGIC: u64 = u64::from_le_bytes(*b"qiaowrd1");
/// Bytes of the footer.
const FOOTER: usize = 64;

/// Keys, from first to last.
pub(crate) type Keys = RangeInclusive<i64>;

/// A segment's bytes are none, or not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no segment of a lexical index, or not a whole one")]
pub(crate) struct NoSegment;

/// A segment over its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment<'a> {
    keys: &'a [[u8; 8]],
    lengths: &'a [[u8; 4]],
    postings: &'a [u8],
    dictionary: &'a [u8],
    index: &'a [[u8; 4]],
    total_length: u64,
}

impl<'a> Segment<'a> {
    /// Reads the footer; the rest is read as it is needed, and wrong bytes there are as if they were not.
    ///
    /// # Errors
    /// When the parts do not fit the bytes.
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, NoSegment> {
        let (body, footer) = bytes.split_last_chunk::<FOOTER>().ok_or(NoSegment)?;
        let (numbers, _) = footer.as_chunks::<8>();
        let number = |at: usize| numbers.get(at).map_or(0, |n| u64::from_le_bytes(*n));
        if number(7) != MAGIC {
            return Err(NoSegment);
        }
        let place = |at| usize::try_from(number(at)).map_err(|_| NoSegment);
        let part = |from: usize, to: usize| body.get(place(from)?..place(to)?).ok_or(NoSegment);
        let index = body.get(place(6)?..).ok_or(NoSegment)?;
        let chunks = place(0)?;
        let (keys, _) = body.get(..place(2)?).ok_or(NoSegment)?.as_chunks::<8>();
        let (lengths, _) = part(2, 3)?.as_chunks::<4>();
        if keys.len() != chunks || lengths.len() != chunks || u32::try_from(chunks).is_err() {
            return Err(NoSegment);
        }
        let (postings, dictionary) = (part(4, 5)?, part(5, 6)?);
        Ok(Self { keys, lengths, postings, dictionary, index: index.as_chunks::<4>().0, total_length: number(1) })
    }

    /// Chunks in it.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The keys from the first to the last, or `None` where it has none.
    pub(crate) fn ends(&self) -> Option<Keys> {
        (self.len() > 0).then(|| self.key(0)..=self.key(self.len() - 1))
    }

    fn key(&self, place: usize) -> i64 {
        self.keys.get(place).map_or(i64::MAX, |key| i64::from_le_bytes(*key))
    }

    fn length(&self, place: u32) -> u32 {
        self.lengths.get(place as usize).map_or(0, |length| u32::from_le_bytes(*length))
    }

    /// The place of the first key that is at least `key`.
    fn place_of(&self, key: i64) -> usize {
        self.keys.partition_point(|own| i64::from_le_bytes(*own) < key)
    }

    /// The postings of a term.
    fn find(&self, term: &[u8]) -> Option<List<'a>> {
        let after = self.index.partition_point(|at| self.first_term(*at).is_some_and(|first| first <= term));
        let mut entries = self.entries(after.checked_sub(1)?)?;
        loop {
            let list = entries.next()?;
            match entries.term.as_slice().cmp(term) {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal => return Some(list),
                std::cmp::Ordering::Greater => return None,
            }
        }
    }

    /// The first term of a block, which is there whole.
    fn first_term(&self, at: [u8; 4]) -> Option<&'a [u8]> {
        let mut rest = self.dictionary.get(u32::from_le_bytes(at) as usize + 8..)?;
        read_varint(&mut rest)?;
        let length = read_varint(&mut rest)?;
        rest.get(..length as usize)
    }

    /// The terms of a block of the dictionary.
    fn entries(&self, block: usize) -> Option<Entries<'a>> {
        let start = u32::from_le_bytes(*self.index.get(block)?) as usize;
        let (postings, rest) = self.dictionary.get(start..)?.split_first_chunk::<8>()?;
        let at = usize::try_from(u64::from_le_bytes(*postings)).ok()?;
        let postings = self.postings.get(at..)?;
        Some(Entries { postings, rest, term: Vec::new(), left: DICTIONARY_BLOCK })
    }
}

/// Terms of a block of the dictionary, one after the other.
struct Entries<'a> {
    postings: &'a [u8],
    rest: &'a [u8],
    term: Vec<u8>,
    left: usize,
}

impl<'a> Entries<'a> {
    /// The postings of the next term, which `term` then is.
    fn next(&mut self) -> Option<List<'a>> {
        self.left = self.left.checked_sub(1).filter(|_| !self.rest.is_empty())?;
        let mut number = || read_varint(&mut self.rest).map(|n| n as usize);
        let (shared, length) = (number()?, number()?);
        let (suffix, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        self.term.truncate(shared);
        self.term.extend_from_slice(suffix);
        let chunks = read_varint(&mut self.rest)?;
        let bytes = read_varint(&mut self.rest)? as usize;
        // the last list of all is followed by padding
        let list = List::new(chunks, self.postings.get(..bytes)?, self.postings)?;
        self.postings = self.postings.get(bytes..)?;
        Some(list)
    }
}

/// The postings of one term.
#[derive(Debug, Clone, Copy)]
struct List<'a> {
    chunks: u32,
    /// Of a long list, what its blocks are.
    entries: &'a [[u8; ENTRY]],
    /// The blocks, and what comes behind them.
    blocks: &'a [u8],
}

impl<'a> List<'a> {
    fn new(chunks: u32, own: &'a [u8], and_more: &'a [u8]) -> Option<Self> {
        let count = (chunks as usize).div_ceil(BLOCK);
        if count <= 1 {
            return Some(Self { chunks, entries: &[], blocks: and_more });
        }
        let (entries, _) = own.get(..count * ENTRY)?.as_chunks::<ENTRY>();
        Some(Self { chunks, entries, blocks: and_more.get(count * ENTRY..)? })
    }

    fn blocks(&self) -> usize {
        (self.chunks as usize).div_ceil(BLOCK)
    }

    /// The last place of a block.
    fn last(&self, block: usize) -> u32 {
        self.entries.get(block).map_or(u32::MAX, |entry| u32::from_le_bytes([entry[0], entry[1], entry[2], entry[3]]))
    }

    /// Unpacks a block; one whose bytes are wrong is empty.
    fn read(&self, block: usize, into: &mut Unpacked) {
        let end = |entry: &[u8; ENTRY]| u32::from_le_bytes([entry[4], entry[5], entry[6], entry[7]]) as usize;
        let before = block.checked_sub(1).and_then(|before| self.entries.get(before));
        let start = before.map_or(0, end);
        let len = (self.chunks as usize - block * BLOCK).min(BLOCK);
        let bytes = self.blocks.get(start..).unwrap_or_default();
        into.read(bytes, len, before.map(|_| self.last(block - 1)));
    }

    /// The competitive pairs of a block: a count, and the least length with which it stands. A short list has none: nothing
    /// is known of it.
    fn pairs(&self, block: usize) -> Option<[(u8, u16); PAIRS]> {
        let entry = self.entries.get(block)?;
        let pair = |at: usize| (entry[8 + at * 3], u16::from_le_bytes([entry[9 + at * 3], entry[10 + at * 3]]));
        Some([pair(0), pair(1), pair(2), pair(3)])
    }
}
