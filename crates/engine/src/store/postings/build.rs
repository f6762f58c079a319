//! Chunks into a segment.

use std::collections::HashMap;
use std::io::{self, Write};

use super::block::{self, BLOCK, write_varint};
use super::{DICTIONARY_BLOCK, ENTRY, MAGIC, PAIRS};

/// Collects chunks, in memory, to be written as one segment.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    keys: Vec<i64>,
    lengths: Vec<u32>,
    terms: HashMap<Box<[u8]>, Vec<(u32, u32)>>,
    postings: usize,
}

impl Builder {
    /// Adds a chunk of some length with its terms and how often each occurs. Keys must ascend; a chunk that does not is passed over.
    pub(crate) fn add<'t>(&mut self, key: i64, length: u32, terms: impl IntoIterator<Item = (&'t [u8], u32)>) {
        if self.keys.last().is_some_and(|last| *last >= key) {
            return;
        }
        let place = self.keys.len() as u32;
        for (term, count) in terms.into_iter().filter(|(_, count)| *count > 0) {
            self.postings += 1;
            match self.terms.get_mut(term) {
                Some(list) => list.push((place, count)),
                None => drop(self.terms.insert(term.into(), vec![(place, count)])),
            }
        }
        self.keys.push(key);
        self.lengths.push(length);
    }

    /// Chunks so far.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Postings so far: each takes some ten bytes of memory.
    pub(crate) fn postings(&self) -> usize {
        self.postings
    }

    /// Writes the segment.
    ///
    /// # Errors
    /// When `out` fails.
    pub(crate) fn finish(self, out: &mut dyn Write) -> io::Result<()> {
        let mut terms: Vec<(Box<[u8]>, Vec<(u32, u32)>)> = self.terms.into_iter().collect();
        terms.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let mut writer = Writer::new(out, &self.keys, &self.lengths)?;
        terms.iter().try_for_each(|(term, list)| writer.term(term, list))?;
        writer.finish()
    }
}

/// Writes a segment, term by term.
pub(super) struct Writer<'a> {
    out: &'a mut dyn Write,
    lengths: &'a [u32],
    chunks: usize,
    written: u64,
    starts: [u64; 3],
    dictionary: Vec<u8>,
    index: Vec<u32>,
    last: Vec<u8>,
    terms: usize,
    room: Vec<u8>,
}

impl<'a> Writer<'a> {
    /// Begins a segment of these chunks.
    pub(super) fn new(out: &'a mut dyn Write, keys: &[i64], lengths: &'a [u32]) -> io::Result<Self> {
        for key in keys {
            out.write_all(&key.to_le_bytes())?;
        }
        for length in lengths {
            out.write_all(&length.to_le_bytes())?;
        }
        let (lengths_at, postings_at) = (8 * keys.len() as u64, 12 * keys.len() as u64);
        Ok(Self {
            out,
            lengths,
            chunks: keys.len(),
            written: postings_at,
            starts: [lengths_at, postings_at, 0],
            dictionary: Vec::new(),
            index: Vec::new(),
            last: Vec::new(),
            terms: 0,
            room: Vec::new(),
        })
    }

    /// Adds a term, which comes after those before it, with its postings, ascending.
    pub(super) fn term(&mut self, term: &[u8], list: &[(u32, u32)]) -> io::Result<()> {
        if list.is_empty() {
            return Ok(());
        }
        if self.terms.is_multiple_of(DICTIONARY_BLOCK) {
            let start = u32::try_from(self.dictionary.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
            self.index.push(start);
            self.dictionary.extend((self.written - self.starts[1]).to_le_bytes());
            self.last.clear();
        }
        self.room.clear();
        encode(list, self.lengths, &mut self.room)?;
        let shared = self.last.iter().zip(term).take_while(|(a, b)| a == b).count();
        let bytes = u32::try_from(self.room.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        for number in [shared as u32, (term.len() - shared) as u32] {
            write_varint(number, &mut self.dictionary);
        }
        self.dictionary.extend_from_slice(&term[shared..]);
        for number in [list.len() as u32, bytes] {
            write_varint(number, &mut self.dictionary);
        }
        self.last.clear();
        self.last.extend_from_slice(term);
        self.terms += 1;
        self.written += u64::from(bytes);
        self.out.write_all(&self.room)
    }

    /// Writes the dictionary and the footer.
    pub(super) fn finish(mut self) -> io::Result<()> {
        let padding = block::padding();
        self.out.write_all(&padding)?;
        self.written += padding.len() as u64;
        let dictionary_at = self.written;
        self.out.write_all(&self.dictionary)?;
        for start in &self.index {
            self.out.write_all(&start.to_le_bytes())?;
        }
        let index_at = dictionary_at + self.dictionary.len() as u64;
        let total: u64 = self.lengths.iter().map(|length| u64::from(*length)).sum();
        let [lengths_at, postings_at, _] = self.starts;
        let footer = [self.chunks as u64, total, lengths_at, postings_at, postings_at, dictionary_at, index_at, MAGIC];
        footer.iter().try_for_each(|number| self.out.write_all(&number.to_le_bytes()))
    }
}

fn encode(list: &[(u32, u32)], lengths: &[u32], out: &mut Vec<u8>) -> io::Result<()> {
    if list.len() <= BLOCK {
        block::write(list, None, out);
        return Ok(());
    }
    let (mut blocks, mut before) = (Vec::new(), None);
    for postings in list.chunks(BLOCK) {
        block::write(postings, before, &mut blocks);
        let end = u32::try_from(blocks.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        before = postings.last().map(|(place, _)| *place);
        let mut entry = Vec::with_capacity(ENTRY);
        entry.extend(before.unwrap_or(0).to_le_bytes());
        entry.extend(end.to_le_bytes());
        for (count, length) in competitive(postings, lengths) {
            entry.push(count);
            entry.extend(length.to_le_bytes());
        }
        out.extend(entry);
    }
    out.extend(blocks);
    Ok(())
}

/// Pairs of count and length of which the best is at least as good as the best posting, whatever the formula: a higher count or
/// a shorter text is never worse. What does not fit is rounded to the better side.
fn competitive(postings: &[(u32, u32)], lengths: &[u32]) -> [(u8, u16); PAIRS] {
    let length =
        |place: u32| lengths.get(place as usize).map_or(0, |length| u16::try_from(*length).unwrap_or(u16::MAX));
    let mut all: Vec<(u8, u16)> =
        postings.iter().map(|(place, count)| (u8::try_from(*count).unwrap_or(u8::MAX), length(*place))).collect();
    // the highest counts first, and of each the shortest text
    all.sort_unstable_by_key(|(count, length)| (std::cmp::Reverse(*count), *length));
    let mut shortest = None;
    all.retain(|(_, length)| {
        let better = shortest.is_none_or(|shortest| *length < shortest);
        shortest = if better { Some(*length) } else { shortest };
        better
    });
    let mut pairs = [(0, u16::MAX); PAIRS];
    for (pair, group) in pairs.iter_mut().zip(all.chunks(all.len().div_ceil(PAIRS).max(1))) {
        let (highest, shortest) = (group.first().map_or(0, |g| g.0), group.last().map_or(0, |g| g.1));
        *pair = (highest, shortest);
    }
    pairs
}
