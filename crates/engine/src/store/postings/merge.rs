//! Segments into one.

use std::io::{self, Write};

use super::block::{Posting, Unpacked};
use super::build::Writer;
use super::page::Page;
use super::{Keys, List, Segment, contains, weigh};

/// The new place of a chunk that goes.
const GONE: u32 = u32::MAX;

/// Writes one segment of all that some segments hold, but for the chunks in `gone` (sorted, disjoint), of which no byte is left.
/// Memory: eight bytes a chunk, one a term, and the postings of one term at a time.
///
/// # Errors
/// When `out` fails, when the keys do not ascend from one segment to the next, or there are more than a segment holds (2³² - 1).
pub(crate) fn merge(segments: &[Segment<'_>], gone: &[Keys], out: &mut dyn Write) -> io::Result<()> {
    let staying = || segments.iter().flat_map(Segment::keys).filter(|key| !contains(gone, *key));
    if !staying().zip(staying().skip(1)).all(|(key, next)| key < next) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "keys of segments do not ascend"));
    }
    let mut lengths = Vec::new();
    let mut sources = Vec::with_capacity(segments.len());
    for segment in segments {
        sources.push(Source::new(segment, new_places(segment, gone, &mut lengths)?));
    }
    let mut writer = Writer::new(out, staying(), &lengths)?;
    let (mut term, mut postings, mut unpacked) = (Vec::new(), Vec::new(), Unpacked::empty());
    while let Some(least) = sources.iter().filter_map(Source::term).min() {
        term.clear();
        term.extend_from_slice(least);
        postings.clear();
        for source in sources.iter_mut().filter(|source| source.term() == Some(&term)) {
            source.take(&mut unpacked, &mut postings);
        }
        writer.term(&term, &postings)?;
    }
    writer.finish()
}

/// Where each chunk of a segment comes to lie, or [`GONE`]. The lengths of those that stay are appended.
fn new_places(segment: &Segment<'_>, gone: &[Keys], lengths: &mut Vec<u32>) -> io::Result<Vec<u32>> {
    let mut places = Vec::with_capacity(segment.len());
    for (place, key) in (0u32..).zip(segment.keys()) {
        if contains(gone, key) {
            places.push(GONE);
            continue;
        }
        let new = u32::try_from(lengths.len()).ok().filter(|new| *new != GONE).ok_or(io::ErrorKind::FileTooLarge)?;
        places.push(new);
        lengths.push(weigh::length(segment.lengths, place));
    }
    Ok(places)
}

/// A segment whose terms are gone through in their order.
struct Source<'a> {
    segment: &'a Segment<'a>,
    places: Vec<u32>,
    pages: usize,
    page: Option<Page<'a>>,
    list: Option<List<'a>>,
}

impl<'a> Source<'a> {
    fn new(segment: &'a Segment<'a>, places: Vec<u32>) -> Self {
        let mut source = Self { segment, places, pages: 0, page: None, list: None };
        source.advance();
        source
    }

    /// The term at hand.
    fn term(&self) -> Option<&[u8]> {
        self.list.and(self.page.as_ref()).map(Page::term)
    }

    fn advance(&mut self) {
        self.list = self.page.as_mut().and_then(Page::next);
        while let Some(paged) = self.segment.index.get(self.pages).filter(|_| self.list.is_none()) {
            self.pages += 1;
            self.page = Page::open(self.segment.pages, paged);
            self.list = self.page.as_mut().and_then(Page::next);
        }
    }

    /// Appends the postings of the term at hand, and goes on to the next.
    fn take(&mut self, unpacked: &mut Unpacked, postings: &mut Vec<Posting>) {
        for block in 0..self.list.map_or(0, |list| list.blocks()) {
            if let Some(list) = self.list {
                list.unpack(block, unpacked);
            }
            for (place, count) in unpacked.places().iter().zip(unpacked.counts()) {
                let new = self.places.get(*place as usize).copied().unwrap_or(GONE);
                // foreign bytes may repeat themselves
                if new != GONE && *count > 0 && postings.last().is_none_or(|(last, _)| *last < new) {
                    postings.push((new, *count));
                }
            }
        }
        self.advance();
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Builder, HEADER};
    use super::*;

    /// A segment of chunks that have one term so often, and where its postings begin.
    fn segment(chunks: u32, count: u32) -> (Vec<u8>, usize) {
        let mut builder = Builder::default();
        assert!((0..chunks).all(|key| builder.add(key.into(), 1, [(&b"t"[..], count)])));
        let mut bytes = Vec::new();
        builder.finish(&mut bytes).unwrap();
        (bytes, HEADER + 12 * chunks as usize)
    }

    fn merged(bytes: &[u8]) -> Vec<u8> {
        let mut merged = Vec::new();
        merge(&[Segment::open(bytes).unwrap()], &[], &mut merged).unwrap();
        merged
    }

    #[test]
    fn places_that_repeat_themselves_are_taken_once() {
        let (mut bytes, postings) = segment(300, 1);
        assert_eq!(merged(&bytes), bytes);
        // the first block is said to end at place 0, so the second begins again at 1
        bytes[postings..postings + 4].fill(0);
        let merged = merged(&bytes);
        let list = Segment::open(&merged).unwrap().find(b"t").unwrap();
        let (mut unpacked, mut places) = (Unpacked::empty(), Vec::new());
        for block in 0..list.blocks() {
            list.unpack(block, &mut unpacked);
            places.extend_from_slice(unpacked.places());
        }
        assert!(places.len() < 300 && places.is_sorted_by(|place, next| place < next), "{places:?}");
    }

    #[test]
    fn a_term_that_occurs_no_times_is_left_out() {
        let (mut bytes, postings) = segment(1, u32::MAX);
        assert_eq!(merged(&bytes), bytes);
        assert_eq!(bytes[postings..postings + 6], [0, 0xfd, 0xff, 0xff, 0xff, 0x0f]);
        // one more is 2³², that is 0
        bytes[postings + 1] = 0xfe;
        assert!(Segment::open(&merged(&bytes)).unwrap().find(b"t").is_none());
    }
}
