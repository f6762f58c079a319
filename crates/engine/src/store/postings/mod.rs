//! Segments of an inverted index: for each term the chunks that have it, with how often, read in place from mapped bytes.
//!
//! ```text
//! header     "qiaowrds", version u64
//! keys       i64 × chunks        numbers of the chunks, ascending; a chunk's place here is what postings hold
//! lengths    u32 × chunks        length of each chunk, in terms
//! pages      16 terms a page, ascending: the postings of each, then the terms
//! index      16 bytes × pages    first 8 bytes of a page's first term, filled up with zeros; where its terms begin, u64,
//!                                counted from the first page
//! footer     u64 × 4, "qiaowrde" chunks, sum of lengths, pages, beginning of the index
//!
//! terms of a page                how many u8, bytes of postings before them; for each: bytes shared with the term before,
//!                                bytes that follow, these, chunks that have it, bytes of its postings
//! postings, at most 128          one block
//! postings, more                 20 bytes × blocks (last place u32, end of the block, counted from the first, u32, four pairs
//!                                of count u8 and length u16), then the blocks
//! a block of 128                 distances, counts - 1, each: bits u8, how many are greater u8, the lowest bits of all,
//!                                for each that is greater: its place in the block u8, its upper bits
//! a block of fewer               for each: twice the distance, and 1 where the count is 1; else the count - 2
//! ```
//!
//! Numbers of a stated width are little-endian, all others are varints: seven bits a byte, lowest first. A distance is how many
//! chunks lie between two of a list. The pairs of a block say that it may have a chunk with such a count and length: whatever the
//! constants of BM25, no chunk of the block scores more than the best of its pairs (Ding & Suel 2011, "Faster top-k document
//! retrieval using block-max indexes"; several pairs a block as in Lucene). The same chunks give the same bytes, whether they
//! were built at once or merged.

mod bits;
mod block;
mod build;
mod cursor;
mod list;
mod merge;
mod name;
mod page;
mod search;
#[cfg(test)]
mod tests;
mod weigh;

use std::ops::RangeInclusive;

pub(crate) use build::Builder;
use list::List;
pub(crate) use merge::merge;
use page::{Page, Paged};
pub(crate) use search::{Search, Selection, Term};
pub(crate) use weigh::Bm25;

/// How a segment begins.
const BEGINNING: [u8; 8] = *b"qiaowrds";
/// How a segment ends.
const END: [u8; 8] = *b"qiaowrde";
/// Of the layout above.
const VERSION: u64 = 1;
/// Bytes before the keys.
const HEADER: usize = 16;
/// Bytes behind the index.
const FOOTER: usize = 40;

/// Keys of chunks, from the first to the last.
pub(crate) type Keys = RangeInclusive<i64>;

/// Why some bytes are no segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PostingsError {
    /// They begin otherwise.
    #[error("this is no segment of a lexical index")]
    Foreign,
    /// Their version is another one.
    #[error("this segment of a lexical index is of format {found}, and {VERSION} is known here")]
    Version {
        /// The version that they state.
        found: u64,
    },
    /// Their parts do not fit together.
    #[error("this segment of a lexical index is not whole")]
    Torn,
}

/// A segment over its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment<'a> {
    keys: &'a [[u8; 8]],
    lengths: &'a [[u8; 4]],
    pages: &'a [u8],
    index: &'a [Paged],
    total_length: u64,
}

impl<'a> Segment<'a> {
    /// Reads the header and the footer. The rest is read as it is needed, and wrong bytes there are as if they were not.
    ///
    /// # Errors
    /// When the bytes are no segment, one of another version, or not whole.
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, PostingsError> {
        let (beginning, rest) = bytes.split_first_chunk::<8>().ok_or(PostingsError::Foreign)?;
        let (version, rest) = rest.split_first_chunk::<8>().ok_or(PostingsError::Foreign)?;
        match (*beginning, u64::from_le_bytes(*version)) {
            (BEGINNING, VERSION) => Self::parts(rest).ok_or(PostingsError::Torn),
            (BEGINNING, found) => Err(PostingsError::Version { found }),
            _ => Err(PostingsError::Foreign),
        }
    }

    /// What lies behind the header.
    fn parts(bytes: &'a [u8]) -> Option<Self> {
        let (body, footer) = bytes.split_last_chunk::<FOOTER>()?;
        let &[chunks, total_length, pages, index, end] = footer.as_chunks::<8>().0 else { return None };
        if end != END {
            return None;
        }
        let [chunks, pages, index] = [chunks, pages, index].map(|n| usize::try_from(u64::from_le_bytes(n)));
        let (chunks, count) = (chunks.ok()?, pages.ok()?);
        u32::try_from(chunks).ok()?;
        let (body, index) = body.split_at_checked(index.ok()?.checked_sub(HEADER)?)?;
        let (keys, body) = body.split_at_checked(chunks.checked_mul(8)?)?;
        let (lengths, pages) = body.split_at_checked(chunks.checked_mul(4)?)?;
        let (index, beyond) = index.as_chunks::<16>();
        (index.len() == count && beyond.is_empty()).then_some(Self {
            keys: keys.as_chunks::<8>().0,
            lengths: lengths.as_chunks::<4>().0,
            pages,
            index,
            total_length: u64::from_le_bytes(total_length),
        })
    }

    /// Chunks in it.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The keys of its chunks, ascending.
    pub(crate) fn keys(&self) -> impl ExactSizeIterator<Item = i64> + use<'a> {
        self.keys.iter().map(|key| i64::from_le_bytes(*key))
    }

    /// The keys from the first to the last, or `None` where it has no chunk.
    pub(crate) fn ends(&self) -> Option<Keys> {
        Some(i64::from_le_bytes(*self.keys.first()?)..=i64::from_le_bytes(*self.keys.last()?))
    }

    /// The key of the chunk at a place.
    fn key(&self, place: u32) -> Option<i64> {
        self.keys.get(place as usize).map(|key| i64::from_le_bytes(*key))
    }

    /// The place of the first key that is at least `key`.
    fn place_of(&self, key: i64) -> u32 {
        self.keys.partition_point(|own| i64::from_le_bytes(*own) < key) as u32
    }

    /// The postings of a term.
    fn find(&self, term: &[u8]) -> Option<List<'a>> {
        let after = self.index.partition_point(|paged| !page::begins_behind(paged, self.pages, term));
        let mut page = Page::open(self.pages, self.index.get(after.checked_sub(1)?)?)?;
        loop {
            let list = page.next()?;
            match page.term().cmp(term) {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal => return Some(list),
                std::cmp::Ordering::Greater => return None,
            }
        }
    }
}

/// Whether a key lies in one of some sorted, disjoint ranges.
fn contains(ranges: &[Keys], key: i64) -> bool {
    let at = ranges.partition_point(|range| *range.end() < key);
    ranges.get(at).is_some_and(|range| range.contains(&key))
}
