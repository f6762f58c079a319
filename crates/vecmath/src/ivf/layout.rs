//! The file, all numbers little-endian, each section at a multiple of eight bytes:
//!
//! | section | bytes | what |
//! | --- | --- | --- |
//! | header | 64 | magic, version, dimension, lists, vectors, trained, added, seed |
//! | centres | lists × dimension, padded to 64 | a signed byte a dimension |
//! | measures | lists × 8 | of each centre, what a step of its bytes is worth, and its length squared |
//! | starts | (lists + 1) × 4 | the position of each list's first vector, then the number of vectors |
//! | keys | vectors × 8 | ascending |
//! | positions | vectors × 4 | of each key's vector among the codes |
//! | ordinals | vectors × 4 | of each code's key among the keys |
//! | codes | vectors × (8 + dimension / 8, padded to 8) | two factors, a bit a dimension |
//!
//! Codes lie list by list, those of a list by ascending key. At 384 dimensions a vector takes 72 bytes.

use std::ops::Range;

use super::error::{IvfError, Part};
use super::kernels::WORD;
use super::{MAX_DIMENSION, MAX_LISTS};

const MAGIC: [u8; 8] = *b"qiao ivf";
const VERSION: u32 = 1;
pub(super) const HEADER: usize = 64;
/// Bytes of the two numbers in front of a code, and of those of a centre.
pub(super) const FACTORS: usize = 8;

/// What the front of the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) dimension: usize,
    pub(super) lists: usize,
    pub(super) vectors: usize,
    /// Vectors that were there when the lists were made.
    pub(super) trained: u64,
    /// Vectors that came after.
    pub(super) added: u64,
    /// Of the rotation.
    pub(super) seed: u64,
}

/// Where each section lies.
#[derive(Debug, Clone)]
pub(super) struct Sections {
    pub(super) centres: Range<usize>,
    pub(super) measures: Range<usize>,
    pub(super) starts: Range<usize>,
    pub(super) keys: Range<usize>,
    pub(super) positions: Range<usize>,
    pub(super) ordinals: Range<usize>,
    pub(super) codes: Range<usize>,
}

impl Header {
    pub(super) fn bytes(&self) -> [u8; HEADER] {
        let mut out = [0; HEADER];
        out[..8].copy_from_slice(&MAGIC);
        let small = [VERSION, self.dimension as u32, self.lists as u32, 0];
        let large = [self.vectors as u64, self.trained, self.added, self.seed];
        let bytes = small.iter().flat_map(|n| n.to_le_bytes()).chain(large.iter().flat_map(|n| n.to_le_bytes()));
        out[8..].iter_mut().zip(bytes).for_each(|(into, byte)| *into = byte);
        out
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, IvfError> {
        if bytes.get(..8) != Some(&MAGIC[..]) {
            return Err(IvfError::Foreign);
        }
        let damaged = IvfError::Damaged(Part::Header);
        let Some((small, large)) = bytes.get(8..HEADER).map(|numbers| numbers.split_at(16)) else {
            return Err(damaged);
        };
        let (small, large) = (small.as_chunks::<4>().0, large.as_chunks::<8>().0);
        let (small, large) = (|i: usize| u32::from_le_bytes(small[i]), |i: usize| u64::from_le_bytes(large[i]));
        if small(0) != VERSION {
            return Err(IvfError::Version(small(0)));
        }
        let (dimension, lists, vectors) = (small(1) as usize, small(2) as usize, large(0));
        let fits = (1..=MAX_DIMENSION).contains(&dimension) && (1..=MAX_LISTS).contains(&lists);
        match u32::try_from(vectors) {
            Ok(vectors) if fits => {
                let vectors = vectors as usize;
                Ok(Self { dimension, lists, vectors, trained: large(1), added: large(2), seed: large(3) })
            }
            _ => Err(damaged),
        }
    }

    /// Numbers of a vector in whole words.
    pub(super) fn padded(&self) -> usize {
        self.dimension.next_multiple_of(WORD)
    }

    /// Bytes of a code.
    pub(super) fn code_bytes(&self) -> usize {
        FACTORS + self.padded() / 8
    }

    /// Where the sections lie, or none where the machine cannot count so far.
    pub(super) fn sections(&self) -> Option<Sections> {
        let mut end = HEADER;
        let mut next = |count: usize, bytes: usize| {
            let start = end;
            let stop = start.checked_add(count.checked_mul(bytes)?)?;
            end = stop.checked_next_multiple_of(8)?;
            Some(start..stop)
        };
        Some(Sections {
            centres: next(self.lists, self.padded())?,
            measures: next(self.lists, FACTORS)?,
            starts: next(self.lists + 1, 4)?,
            keys: next(self.vectors, 8)?,
            positions: next(self.vectors, 4)?,
            ordinals: next(self.vectors, 4)?,
            codes: next(self.vectors, self.code_bytes())?,
        })
    }
}

/// The number at `i` of a section of 32-bit numbers.
#[inline(always)]
pub(super) fn u32_at(section: &[u8], i: usize) -> Option<u32> {
    section.as_chunks::<4>().0.get(i).map(|bytes| u32::from_le_bytes(*bytes))
}

/// The number at `i` of a section of 64-bit numbers.
#[inline(always)]
pub(super) fn i64_at(section: &[u8], i: usize) -> Option<i64> {
    section.as_chunks::<8>().0.get(i).map(|bytes| i64::from_le_bytes(*bytes))
}

/// The two numbers of a centre or in front of a code; zeros where it ends before.
#[inline(always)]
pub(super) fn factors(row: &[u8]) -> [f32; 2] {
    let at = |i: usize| row.as_chunks::<4>().0.get(i).map_or(0.0, |bytes| f32::from_le_bytes(*bytes));
    [at(0), at(1)]
}
