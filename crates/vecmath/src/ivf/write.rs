use std::io::{BufWriter, Write};
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;

use super::code;
use super::error::{IvfError, Part};
use super::index::Index;
use super::layout::{Header, i64_at, u32_at};
use super::train::{Codebook, Scorer, check};
use crate::Simd;

/// Vectors that are encoded at once.
const BATCH: usize = 4096;

/// Takes vectors and writes an index of them: all of a new one, or what comes to an old one.
///
/// At a million vectors of 384 dimensions it holds about 115 MB. The bytes do not depend on the number of threads.
#[derive(Debug)]
pub struct Writer<'a> {
    codebook: Codebook,
    threads: NonZeroUsize,
    old: Option<Old<'a>>,
    keys: Vec<i64>,
    lists: Vec<u32>,
    // BATCH codes each
    codes: Vec<Vec<u8>>,
    waiting: Vec<f32>,
}

#[derive(Debug)]
struct Old<'a> {
    index: &'a Index<'a>,
    // by ordinal
    dropped: Vec<bool>,
}

impl Writer<'static> {
    /// Of a new index, with at most so many threads.
    pub fn new(codebook: Codebook, threads: NonZeroUsize) -> Self {
        Self::with(codebook, threads, None)
    }
}

impl<'a> Writer<'a> {
    /// Of what is left of an index without the keys in `drop`, sorted ranges, and of what comes to it. A key that comes
    /// takes the place of the same key.
    pub fn onto(index: &'a Index<'a>, drop: &[RangeInclusive<i64>], threads: NonZeroUsize) -> Self {
        let mut dropped = vec![false; index.len()];
        for ordinals in index.ordinals_in(drop) {
            dropped.get_mut(ordinals).unwrap_or_default().fill(true);
        }
        Self::with(Codebook::of(index), threads, Some(Old { index, dropped }))
    }

    fn with(codebook: Codebook, threads: NonZeroUsize, old: Option<Old<'a>>) -> Self {
        let (keys, lists, codes, waiting) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { codebook, threads, old, keys, lists, codes, waiting }
    }

    /// Takes a vector; keys ascend.
    ///
    /// # Errors
    /// When the key does not ascend, or the vector has another dimension or a number that is not finite.
    pub fn push(&mut self, key: i64, vector: &[f32]) -> Result<(), IvfError> {
        check(self.codebook.dimension, key, vector)?;
        if self.keys.last().is_some_and(|last| *last >= key) {
            return Err(IvfError::Order { key });
        }
        self.keys.push(key);
        self.waiting.extend_from_slice(vector);
        if self.waiting.len() >= BATCH * self.codebook.dimension {
            self.encode();
        }
        Ok(())
    }

    /// Encodes the vectors that wait.
    fn encode(&mut self) {
        let (codebook, dimension) = (&self.codebook, self.codebook.dimension);
        let rows = self.waiting.len() / dimension;
        let (mut lists, mut codes) = (vec![0; rows], vec![0; rows * self.code_bytes()]);
        let (part, code_bytes) = (rows.div_ceil(self.threads.get()).max(1), self.code_bytes());
        std::thread::scope(|scope| {
            let vectors = self.waiting.chunks_mut(part * dimension);
            for ((vectors, lists), codes) in
                vectors.zip(lists.chunks_mut(part)).zip(codes.chunks_mut(part * code_bytes))
            {
                scope.spawn(move || encode(codebook, vectors, lists, codes));
            }
        });
        self.lists.append(&mut lists);
        self.codes.push(codes);
        self.waiting.clear();
    }

    fn code_bytes(&self) -> usize {
        self.header(0).code_bytes()
    }

    fn header(&self, vectors: usize) -> Header {
        let new = self.keys.len() as u64;
        let (trained, added) = match &self.old {
            None => (new, 0),
            Some(old) => (old.index.header.trained, old.index.header.added.saturating_add(new)),
        };
        let Codebook { dimension, seed, .. } = self.codebook;
        Header { dimension, lists: self.codebook.lists(), vectors, trained, added, seed }
    }

    /// Writes the index.
    ///
    /// # Errors
    /// When it cannot be written, would hold too many vectors, or the old one's keys and vectors do not belong together.
    pub fn finish(mut self, out: &mut dyn Write) -> Result<(), IvfError> {
        if !self.waiting.is_empty() {
            self.encode();
        }
        let entries = self.merged()?;
        let (starts, positions, ordinals) = places(self.codebook.lists(), &entries);
        let mut out = Padded { out: BufWriter::with_capacity(1 << 16, out), written: 0 };
        out.put(&self.header(entries.len()).bytes())?;
        out.section([self.codebook.section.as_slice()])?;
        out.section([self.codebook.measures.as_slice()])?;
        out.section(starts.iter().map(|n| n.to_le_bytes()))?;
        out.section(entries.iter().map(|entry| entry.key.to_le_bytes()))?;
        out.section(positions.iter().map(|n| n.to_le_bytes()))?;
        out.section(ordinals.iter().map(|n| n.to_le_bytes()))?;
        out.section(ordinals.iter().filter_map(|ordinal| self.code(entries[*ordinal as usize].code)))?;
        Ok(out.out.flush()?)
    }

    /// What the new index holds, by ascending key.
    fn merged(&self) -> Result<Vec<Entry>, IvfError> {
        let mut entries = Vec::with_capacity(self.keys.len() + self.old.as_ref().map_or(0, |old| old.index.len()));
        let mut new = self.keys.iter().zip(&self.lists).enumerate().peekable();
        let came =
            |(i, (key, list)): (usize, (&i64, &u32))| Entry { key: *key, list: *list, code: Code::New(i as u32) };
        for kept in self.old.iter().flat_map(Old::entries) {
            let kept = kept?;
            while let Some(one) = new.next_if(|(_, (key, _))| **key < kept.key) {
                entries.push(came(one));
            }
            if new.peek().is_none_or(|(_, (key, _))| **key != kept.key) {
                entries.push(kept);
            }
        }
        entries.extend(new.map(came));
        match u32::try_from(entries.len().max(self.keys.len())) {
            Ok(_) if entries.is_sorted_by(|a, b| a.key < b.key) => Ok(entries),
            Ok(_) => Err(IvfError::Damaged(Part::Keys)),
            Err(_) => Err(IvfError::TooMany),
        }
    }

    fn code(&self, code: Code) -> Option<&[u8]> {
        let len = self.code_bytes();
        match code {
            Code::New(i) => self.codes.get(i as usize / BATCH)?.get(i as usize % BATCH * len..)?.get(..len),
            Code::Old(position) => self.old.as_ref()?.index.codes.get(position as usize * len..)?.get(..len),
        }
    }
}

impl Old<'_> {
    /// What is left, by ascending key.
    fn entries(&self) -> impl Iterator<Item = Result<Entry, IvfError>> {
        let index = self.index;
        let kept = (0..index.len()).filter(|ordinal| !self.dropped[*ordinal]);
        kept.map(move |ordinal| {
            let (key, position) = (i64_at(index.keys, ordinal), u32_at(index.positions, ordinal));
            let position = position.filter(|position| (*position as usize) < index.len());
            let (Some(key), Some(position)) = (key, position) else { return Err(IvfError::Damaged(Part::Keys)) };
            let list = index.starts.partition_point(|start| *start <= position) - 1;
            Ok(Entry { key, list: list as u32, code: Code::Old(position) })
        })
    }
}

/// One vector of the new index.
struct Entry {
    key: i64,
    list: u32,
    code: Code,
}

/// Where its code comes from.
#[derive(Clone, Copy)]
enum Code {
    /// By position in the old index.
    Old(u32),
    /// By the order in which vectors came.
    New(u32),
}

fn encode(codebook: &Codebook, vectors: &mut [f32], lists: &mut [u32], codes: &mut [u8]) {
    let simd = Simd::detect();
    for vector in vectors.chunks_exact_mut(codebook.dimension) {
        codebook.rotation.turn(simd, vector);
    }
    Scorer::default().nearest(codebook, vectors, lists);
    let code_bytes = codes.len() / lists.len().max(1);
    let each = vectors.chunks_exact(codebook.dimension).zip(lists).zip(codes.chunks_exact_mut(code_bytes.max(1)));
    for ((vector, list), into) in each {
        code::encode(simd, vector, codebook.centre(*list), into);
    }
}

/// Where each list starts, the position of each entry, and the entry at each position.
fn places(lists: usize, entries: &[Entry]) -> (Vec<u32>, Vec<u32>, Vec<u32>) {
    let mut starts = vec![0u32; lists + 1];
    for entry in entries {
        starts[entry.list as usize + 1] += 1;
    }
    (1..=lists).for_each(|list| starts[list] += starts[list - 1]);
    let mut next = starts.clone();
    let mut ordinals = vec![0; entries.len()];
    let mut positions = Vec::with_capacity(entries.len());
    for (ordinal, entry) in (0..).zip(entries) {
        let position = &mut next[entry.list as usize];
        ordinals[*position as usize] = ordinal;
        positions.push(*position);
        *position += 1;
    }
    (starts, positions, ordinals)
}

/// Writes sections, each from a multiple of eight bytes on.
struct Padded<W: Write> {
    out: W,
    written: usize,
}

impl<W: Write> Padded<W> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), IvfError> {
        self.written += bytes.len();
        Ok(self.out.write_all(bytes)?)
    }

    fn section<B: AsRef<[u8]>>(&mut self, parts: impl IntoIterator<Item = B>) -> Result<(), IvfError> {
        let gap = self.written.next_multiple_of(8) - self.written;
        self.put(&[0; 8][..gap])?;
        parts.into_iter().try_for_each(|part| self.put(part.as_ref()))
    }
}
