//! The dictionary: terms in pages of a few, each page behind the postings of its terms.

use super::List;
use super::block::{read_varint, write_varint};

/// Terms of a page.
const TERMS: usize = 16;
/// Bytes of a term at most, so that foreign bytes cannot say that many terms share very long beginnings.
pub(super) const LONGEST: usize = u16::MAX as usize;

/// A page in the index: the beginning of its first term, and where its terms begin.
pub(super) type Paged = [u8; 16];

/// The first bytes of a term, filled up with zeros: terms of which these differ are in the order of these.
fn beginning(term: &[u8]) -> [u8; 8] {
    let mut beginning = [0; 8];
    beginning.iter_mut().zip(term).for_each(|(to, from)| *to = *from);
    beginning
}

fn split(paged: &Paged) -> ([u8; 8], u64) {
    let [beginning, at] = [paged.first_chunk(), paged.last_chunk()].map(|half| half.copied().unwrap_or_default());
    (beginning, u64::from_le_bytes(at))
}

/// Whether the first term of a page comes after `term`.
pub(super) fn begins_behind(paged: &Paged, pages: &[u8], term: &[u8]) -> bool {
    split(paged).0.cmp(&beginning(term)).then_with(|| first_term(paged, pages).cmp(&Some(term))).is_gt()
}

fn first_term<'a>(paged: &Paged, pages: &'a [u8]) -> Option<&'a [u8]> {
    let mut terms = pages.get(usize::try_from(split(paged).1).ok()?..)?.get(1..)?;
    // bytes of postings, bytes shared
    read_varint(&mut terms)?;
    read_varint(&mut terms)?;
    let length = usize::try_from(read_varint(&mut terms)?).ok()?;
    terms.get(..length)
}

/// The terms of a page, one after the other.
#[derive(Debug)]
pub(super) struct Page<'a> {
    postings: &'a [u8],
    terms: &'a [u8],
    left: u8,
    term: Vec<u8>,
}

impl<'a> Page<'a> {
    /// `None` where the bytes there are no page.
    pub(super) fn open(pages: &'a [u8], paged: &Paged) -> Option<Self> {
        let (before, terms) = pages.split_at_checked(usize::try_from(split(paged).1).ok()?)?;
        let (left, mut terms) = terms.split_first()?;
        let bytes = usize::try_from(read_varint(&mut terms)?).ok()?;
        let postings = before.get(before.len().checked_sub(bytes)?..)?;
        Some(Self { postings, terms, left: *left, term: Vec::new() })
    }

    /// The postings of the next term, which [`Page::term`] then is.
    pub(super) fn next(&mut self) -> Option<List<'a>> {
        self.left = self.left.checked_sub(1)?;
        let [shared, length] = [self.number()?, self.number()?];
        let (suffix, rest) = self.terms.split_at_checked(length)?;
        self.terms = rest;
        if shared > self.term.len() || shared.checked_add(length)? > LONGEST {
            return None;
        }
        self.term.truncate(shared);
        self.term.extend_from_slice(suffix);
        let (chunks, bytes) = (u32::try_from(self.number()?).ok()?, self.number()?);
        let (own, rest) = self.postings.split_at_checked(bytes)?;
        self.postings = rest;
        List::read(chunks, own)
    }

    fn number(&mut self) -> Option<usize> {
        usize::try_from(read_varint(&mut self.terms)?).ok()
    }

    /// The term whose postings were given last.
    pub(super) fn term(&self) -> &[u8] {
        &self.term
    }
}

/// A page that is being written.
#[derive(Debug, Default)]
pub(super) struct NewPage {
    terms: Vec<u8>,
    last: Vec<u8>,
    count: u8,
    first: [u8; 8],
    postings: u64,
}

impl NewPage {
    /// Adds a term, which comes after those before it, and which so many chunks have, in so many bytes of postings.
    pub(super) fn add(&mut self, term: &[u8], chunks: usize, bytes: usize) {
        if self.count == 0 {
            self.first = beginning(term);
        }
        let shared = self.last.iter().zip(term).take_while(|(a, b)| a == b).count();
        let suffix = term.get(shared..).unwrap_or_default();
        write_varint(shared as u64, &mut self.terms);
        write_varint(suffix.len() as u64, &mut self.terms);
        self.terms.extend_from_slice(suffix);
        write_varint(chunks as u64, &mut self.terms);
        write_varint(bytes as u64, &mut self.terms);
        self.last.clear();
        self.last.extend_from_slice(term);
        self.count += 1;
        self.postings += bytes as u64;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn is_full(&self) -> bool {
        usize::from(self.count) == TERMS
    }

    /// Appends the terms, whose postings were written up to `at`; returns the page for the index. Then the page is empty again.
    pub(super) fn finish(&mut self, at: u64, out: &mut Vec<u8>) -> Paged {
        out.push(self.count);
        write_varint(self.postings, out);
        out.append(&mut self.terms);
        let mut paged = [0; 16];
        paged.iter_mut().zip(self.first.into_iter().chain(at.to_le_bytes())).for_each(|(to, from)| *to = from);
        self.last.clear();
        (self.count, self.postings) = (0, 0);
        paged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paged(term: &[u8]) -> (Paged, Vec<u8>) {
        let (mut page, mut bytes) = (NewPage::default(), Vec::new());
        page.add(term, 1, 0);
        (page.finish(0, &mut bytes), bytes)
    }

    #[test]
    fn terms_that_begin_alike_are_told_apart() {
        let terms: [&[u8]; 7] = [b"", b"\0", b"ab", b"ab\0", b"abcdefgh", b"abcdefghi", b"b"];
        for (i, first) in terms.iter().enumerate() {
            let (page, bytes) = paged(first);
            for (j, term) in terms.iter().enumerate() {
                assert_eq!(begins_behind(&page, &bytes, term), i > j, "{first:?} {term:?}");
            }
        }
    }

    #[test]
    fn a_page_gives_its_terms_back() {
        let (mut page, mut bytes) = (NewPage::default(), vec![2, 2, 2]);
        for (term, postings) in [(&b"cat"[..], 1), (b"cats", 2), (b"dog", 0)] {
            page.add(term, 1, postings);
        }
        let paged = page.finish(3, &mut bytes);
        let mut read = Page::open(&bytes, &paged).unwrap();
        let mut terms = Vec::new();
        while read.next().is_some() {
            terms.push(read.term().to_vec());
        }
        assert_eq!(terms, [&b"cat"[..], b"cats", b"dog"]);
        assert!(page.is_empty());
    }

    #[test]
    fn a_term_shares_no_more_than_there_is_and_is_not_too_long() {
        // one term, no postings; how much it shares, one byte more, which no chunk has, in no bytes
        let page = |shared: u8| [1, 0, shared, 1, b'a', 0, 0];
        let next = |shared| Page::open(&page(shared), &[0; 16]).unwrap().next().is_some();
        assert!(next(0) && !next(1));
        let long = |more| {
            let mut bytes = vec![1, 0, 0];
            write_varint((LONGEST + more) as u64, &mut bytes);
            bytes.resize(bytes.len() + LONGEST + more + 2, 0);
            Page::open(&bytes, &[0; 16]).unwrap().next().is_some()
        };
        assert!(long(0) && !long(1));
    }
}
