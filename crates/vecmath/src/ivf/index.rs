use std::ops::{Range, RangeInclusive};

use super::error::{IvfError, Part};
use super::kernels::Table;
use super::layout::{FACTORS, Header, factors, i64_at, u32_at};
use super::rotation::Rotation;

/// An index, read where its bytes lie.
///
/// What is wrong in bytes that [`open`](Self::open) does not look at leads to other candidates, and so to exact scores of
/// other keys, to no panic and no wrong score.
#[derive(Debug)]
pub struct Index<'a> {
    pub(super) header: Header,
    pub(super) rotation: Rotation,
    pub(super) starts: Vec<u32>,
    pub(super) centres: &'a [u8],
    pub(super) measures: &'a [u8],
    pub(super) keys: &'a [u8],
    pub(super) positions: &'a [u8],
    pub(super) ordinals: &'a [u8],
    pub(super) codes: &'a [u8],
}

impl<'a> Index<'a> {
    /// Takes the bytes of an index for what they are. Costs time by the number of lists, not of vectors.
    ///
    /// # Errors
    /// When they are none, of an unknown version, cut short, or their lists do not follow one another.
    pub fn open(bytes: &'a [u8]) -> Result<Self, IvfError> {
        let header = Header::read(bytes)?;
        let sections = header.sections().filter(|sections| sections.codes.end == bytes.len());
        let sections = sections.ok_or(IvfError::Damaged(Part::Header))?;
        let starts: Vec<u32> = (0..=header.lists).filter_map(|i| u32_at(&bytes[sections.starts.clone()], i)).collect();
        let follow = starts.is_sorted() && starts.first() == Some(&0);
        if !follow || starts.last().map(|last| *last as usize) != Some(header.vectors) {
            return Err(IvfError::Damaged(Part::Lists));
        }
        Ok(Self {
            rotation: Rotation::new(header.dimension, header.seed),
            header,
            starts,
            centres: &bytes[sections.centres],
            measures: &bytes[sections.measures],
            keys: &bytes[sections.keys],
            positions: &bytes[sections.positions],
            ordinals: &bytes[sections.ordinals],
            codes: &bytes[sections.codes],
        })
    }

    /// Numbers of a vector.
    pub fn dimension(&self) -> usize {
        self.header.dimension
    }

    /// How many vectors it holds.
    pub fn len(&self) -> usize {
        self.header.vectors
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.header.vectors == 0
    }

    /// How many lists they lie in.
    pub fn lists(&self) -> usize {
        self.header.lists
    }

    /// How many vectors there were when the lists were made, and how many came after, removed ones among both.
    pub fn trained_and_added(&self) -> (u64, u64) {
        (self.header.trained, self.header.added)
    }

    /// Whether it has doubled since its lists were made: time to make it anew from a [`Sample`](super::Sample).
    pub fn drifted(&self) -> bool {
        self.header.added > self.header.trained
    }

    /// The keys, ascending.
    pub fn keys(&self) -> impl Iterator<Item = i64> + use<'a> {
        self.keys.as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes))
    }

    /// The first of the ascending keys from `from` on that is not below `key`, by its ordinal: one step away where keys
    /// have no gaps, and near ones are found sooner than far ones.
    fn first_at_least(&self, key: i64, from: usize) -> usize {
        let below = |i: usize| i64_at(self.keys, i).is_some_and(|own| own < key);
        let Some(own) = i64_at(self.keys, from).filter(|own| *own < key) else { return from };
        // so many keys lie between at most
        let most = usize::try_from(own.abs_diff(key)).unwrap_or(usize::MAX).min(self.len() - from);
        if below(from + most - 1) {
            return from + most;
        }
        let (mut low, mut step) = (from + 1, 1);
        while below(low + step - 1) {
            low += step;
            step *= 2;
        }
        let mut high = (low + step - 1).min(self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if below(middle) { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// The ordinals of the keys in each range, of ranges that ascend.
    pub(super) fn ordinals_in<'r>(
        &'r self,
        ranges: &'r [RangeInclusive<i64>],
    ) -> impl Iterator<Item = Range<usize>> + 'r {
        let mut from = 0;
        ranges.iter().map(move |range| {
            // ranges that do not ascend are looked for from the start
            let ascends = from == 0 || i64_at(self.keys, from - 1).is_some_and(|before| before < *range.start());
            let start = self.first_at_least(*range.start(), if ascends { from } else { 0 });
            let end = match range.end().checked_add(1) {
                Some(after) if !range.is_empty() => self.first_at_least(after, start),
                None if !range.is_empty() => self.len(),
                _ => start,
            };
            from = end;
            start..end.max(start)
        })
    }

    /// The key of the vector at a position.
    pub(super) fn key_at(&self, position: u32) -> Option<i64> {
        i64_at(self.keys, u32_at(self.ordinals, position as usize)? as usize)
    }

    /// Centres as rows of bytes.
    pub(super) fn centre_bytes(&self) -> Table<'a> {
        Table { data: self.centres, stride: self.header.padded() }
    }

    /// What a step of each centre is worth, and its length squared.
    pub(super) fn measures(&self) -> impl Iterator<Item = [f32; 2]> + use<'a> {
        self.measures.as_chunks::<FACTORS>().0.iter().map(|two| factors(two))
    }

    /// Codes as rows of bits behind their factors.
    pub(super) fn code_bits(&self) -> Table<'a> {
        Table { data: self.codes.get(FACTORS..).unwrap_or_default(), stride: self.header.code_bytes() }
    }
}
