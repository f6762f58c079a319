//! Chunks into a segment.

use std::collections::HashMap;
use std::io::{self, Write};

use super::block::Posting;
use super::list;
use super::name::Name;
use super::page::{LONGEST, NewPage};
use super::{BEGINNING, END, HEADER, VERSION};

/// Bytes that a term takes in memory besides its own: in the table, as a box, and once they are sorted.
const PER_TERM: usize = 80;

/// Collects chunks, in memory, to be written as one segment.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    keys: Vec<i64>,
    lengths: Vec<u32>,
    numbers: HashMap<Name, u32>,
    term_bytes: usize,
    // the terms of all chunks by their numbers, with their counts, one chunk after the other, and where each chunk's end
    pub(super) terms: Vec<(u32, u32)>,
    ends: Vec<usize>,
}

impl Builder {
    /// Adds a chunk of some length, in terms, with its terms, in any order, and how often each occurs. A term that is given twice
    /// occurs as often as both say; one that occurs 0 times or has more than 65,535 bytes is left out. Returns false, and adds
    /// nothing, where the key is not above all before it, or there are as many chunks as a segment holds (2³² - 1).
    pub(crate) fn add<'t>(&mut self, key: i64, length: u32, terms: impl IntoIterator<Item = (&'t [u8], u32)>) -> bool {
        if self.keys.last().is_some_and(|last| *last >= key) || self.keys.len() >= u32::MAX as usize {
            return false;
        }
        for (term, count) in terms.into_iter().filter(|(term, count)| *count > 0 && term.len() <= LONGEST) {
            let number = self.number(term);
            self.terms.push((number, count));
        }
        self.keys.push(key);
        self.lengths.push(length);
        self.ends.push(self.terms.len());
        true
    }

    fn number(&mut self, term: &[u8]) -> u32 {
        let next = self.numbers.len() as u32;
        let number = *self.numbers.entry(term.into()).or_insert(next);
        // short ones take no memory of their own, but that counts them on the safe side
        self.term_bytes += if number == next { term.len() } else { 0 };
        number
    }

    /// Chunks so far.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Bytes of memory that it takes, about, when it is finished now; it never takes more before.
    pub(crate) fn bytes(&self) -> usize {
        20 * self.keys.len() + 16 * self.terms.capacity() + self.term_bytes + PER_TERM * self.numbers.capacity()
    }

    /// Writes the segment.
    ///
    /// # Errors
    /// When `out` fails, or the postings of one term take more than 4 GiB.
    pub(crate) fn finish(self, out: &mut dyn Write) -> io::Result<()> {
        let (mut postings, mut ends) = self.by_term();
        let mut terms: Vec<(Name, u32)> = self.numbers.into_iter().collect();
        terms.sort_unstable_by(|a, b| a.0.bytes().cmp(b.0.bytes()));
        let mut writer = Writer::new(out, self.keys.iter().copied(), &self.lengths)?;
        ends.insert(0, 0);
        for (term, number) in terms {
            let own = ends.get(number as usize).zip(ends.get(number as usize + 1));
            let own = own.and_then(|(start, end)| postings.get_mut(*start..*end)).unwrap_or_default();
            writer.term(term.bytes(), joined(own))?;
        }
        writer.finish()
    }

    /// The postings sorted by the numbers of their terms, and where those of each term end.
    fn by_term(&self) -> (Vec<Posting>, Vec<usize>) {
        let mut ends = vec![0usize; self.numbers.len()];
        self.terms.iter().for_each(|(number, _)| ends[*number as usize] += 1);
        let mut before = 0;
        for end in &mut ends {
            // for now where it begins: each posting moves it on
            (*end, before) = (before, before + *end);
        }
        let mut postings = vec![(0, 0); self.terms.len()];
        let mut start = 0;
        for (place, end) in (0u32..).zip(&self.ends) {
            for (number, count) in self.terms.get(start..*end).unwrap_or_default() {
                let at = &mut ends[*number as usize];
                postings[*at] = (place, *count);
                *at += 1;
            }
            start = *end;
        }
        (postings, ends)
    }
}

/// Postings, ascending, those of one place made one.
fn joined(postings: &mut [Posting]) -> &[Posting] {
    let mut len = 0usize;
    for at in 0..postings.len() {
        let (place, count) = postings[at];
        match len.checked_sub(1).map(|last| &mut postings[last]) {
            Some(last) if last.0 == place => last.1 = last.1.saturating_add(count),
            _ => {
                postings[len] = (place, count);
                len += 1;
            }
        }
    }
    &postings[..len]
}

/// Writes a segment, term by term.
pub(super) struct Writer<'a> {
    out: &'a mut dyn Write,
    lengths: &'a [u32],
    /// Bytes of pages so far.
    written: u64,
    page: NewPage,
    index: Vec<[u8; 16]>,
    room: Vec<u8>,
}

impl<'a> Writer<'a> {
    /// Begins a segment of chunks with these keys, ascending, and these lengths.
    pub(super) fn new(out: &'a mut dyn Write, keys: impl Iterator<Item = i64>, lengths: &'a [u32]) -> io::Result<Self> {
        out.write_all(&BEGINNING)?;
        out.write_all(&VERSION.to_le_bytes())?;
        write_all(out, keys.map(i64::to_le_bytes))?;
        write_all(out, lengths.iter().map(|length| length.to_le_bytes()))?;
        Ok(Self { out, lengths, written: 0, page: NewPage::default(), index: Vec::new(), room: Vec::new() })
    }

    /// Adds a term, which comes after those before it, with its postings, ascending; one that no chunk has is left out.
    pub(super) fn term(&mut self, term: &[u8], postings: &[Posting]) -> io::Result<()> {
        if postings.is_empty() {
            return Ok(());
        }
        self.room.clear();
        list::write(postings, self.lengths, &mut self.room)?;
        self.page.add(term, postings.len(), self.room.len());
        self.put()?;
        if self.page.is_full() { self.end_page() } else { Ok(()) }
    }

    fn end_page(&mut self) -> io::Result<()> {
        self.room.clear();
        self.index.push(self.page.finish(self.written, &mut self.room));
        self.put()
    }

    fn put(&mut self) -> io::Result<()> {
        self.written += self.room.len() as u64;
        self.out.write_all(&self.room)
    }

    /// Writes the last page, the index and the footer.
    pub(super) fn finish(mut self) -> io::Result<()> {
        if !self.page.is_empty() {
            self.end_page()?;
        }
        write_all(self.out, self.index.iter().copied())?;
        let chunks = self.lengths.len() as u64;
        let total: u64 = self.lengths.iter().map(|length| u64::from(*length)).sum();
        let index = HEADER as u64 + 12 * chunks + self.written;
        write_all(self.out, [chunks, total, self.index.len() as u64, index].map(u64::to_le_bytes))?;
        self.out.write_all(&END)
    }
}

/// Writes many small things in few calls.
fn write_all<const N: usize>(out: &mut dyn Write, parts: impl IntoIterator<Item = [u8; N]>) -> io::Result<()> {
    let mut room = Vec::with_capacity(1 << 16);
    for part in parts {
        room.extend(part);
        if room.len() > (1 << 16) - N {
            out.write_all(&room)?;
            room.clear();
        }
    }
    out.write_all(&room)
}
