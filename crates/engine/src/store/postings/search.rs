//! The best chunks for some terms.
//!
//! Chunks are gone through in windows. In each, terms whose best postings together cannot lift a chunk into the results are only
//! looked up for chunks that other terms brought up (MaxScore: Turtle & Flood 1995; over blocks: Chakrabarti et al. 2011).
//! Scores are sums of whole numbers, which are equal in any order, so what is left out changes nothing.

use qiao_model::{Scored, TopK};

use super::block::{BLOCK, Unpacked};
use super::merge::contains;
use super::{Keys, List, Segment};

/// Chunks of a window.
const WINDOW: u32 = 4096;
/// Steps of a score that make one.
const STEPS: f32 = 65_536.0;

/// The constants of BM25 (Robertson & Zaragoza 2009).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bm25 {
    /// How soon further occurrences stop counting.
    pub(crate) k1: f32,
    /// How much the length of a text counts, from 0 to 1.
    pub(crate) b: f32,
}

/// A term that is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Term<'t> {
    /// As it was indexed.
    pub(crate) bytes: &'t [u8],
    /// What its part of the score is multiplied by.
    pub(crate) weight: f32,
    /// Whether a chunk without it is not wanted.
    pub(crate) required: bool,
}

/// What decides on candidates besides their score.
pub(crate) struct Selection<'s, E> {
    /// Only these keys, sorted and disjoint; all where there is none.
    pub(crate) allowed: Option<&'s [Keys]>,
    /// None of these, sorted and disjoint.
    pub(crate) gone: &'s [Keys],
    /// Asked of a key that would be among the best.
    pub(crate) accept: &'s mut dyn FnMut(i64) -> Result<bool, E>,
}

/// Terms looked up in segments whose keys ascend from one to the next.
pub(crate) struct Search<'a> {
    segments: Vec<(Segment<'a>, Vec<Found<'a>>)>,
    weigher: Weigher,
    required: u32,
    most: f32,
}

/// A term's postings in one segment.
#[derive(Clone, Copy)]
struct Found<'a> {
    list: Option<List<'a>>,
    factor: f32,
    required: bool,
}

/// The part of a score that depends on the chunk: `factor / (1 + (a + b·length) / count)`, which only grows with the count and
/// only falls with the length, also as it is rounded.
#[derive(Debug, Clone, Copy)]
struct Weigher {
    flat: f32,
    by_length: f32,
}

impl Weigher {
    fn weigh(self, factor: f32, count: u32, length: u32) -> u32 {
        let saturation = (self.flat + self.by_length * length as f32) / count as f32;
        (factor / (1.0 + saturation) * STEPS + 0.5) as u32
    }

    fn most(self, factor: f32, (count, length): (u8, u16)) -> u32 {
        match count {
            0 => 0,
            u8::MAX => (factor * STEPS + 0.5) as u32,
            count => self.weigh(factor, count.into(), length.into()),
        }
    }
}

fn score(steps: u32) -> f32 {
    steps as f32 / STEPS
}

impl<'a> Search<'a> {
    /// Looks the terms up. How rare they are, and how long texts are on average, is counted over all segments together.
    pub(crate) fn new(segments: &[Segment<'a>], terms: &[Term<'_>], constants: Bm25) -> Self {
        let chunks: usize = segments.iter().map(Segment::len).sum();
        let total: u64 = segments.iter().map(|segment| segment.total_length).sum();
        let average = (total as f32 / chunks.max(1) as f32).max(1.0);
        let Bm25 { k1, b } = constants;
        let weigher = Weigher { flat: k1 * (1.0 - b), by_length: k1 * b / average };
        let mut looked_up: Vec<Vec<Found<'a>>> = vec![Vec::with_capacity(terms.len()); segments.len()];
        let mut most = 0.0;
        for term in terms {
            let lists: Vec<Option<List<'a>>> = segments.iter().map(|segment| segment.find(term.bytes)).collect();
            let having: u64 = lists.iter().flatten().map(|list| u64::from(list.chunks)).sum();
            let having = (having as f32).min(chunks as f32);
            let rarity = (1.0 + (chunks as f32 - having + 0.5) / (having + 0.5)).ln();
            let factor = (term.weight * rarity * (k1 + 1.0)).max(0.0);
            most += factor;
            for (found, list) in looked_up.iter_mut().zip(lists) {
                found.push(Found { list, factor, required: term.required });
            }
        }
        let required = terms.iter().filter(|term| term.required).count() as u32;
        Self { segments: segments.iter().copied().zip(looked_up).collect(), weigher, required, most }
    }

    /// What a chunk would score that had each term without end.
    pub(crate) fn most(&self) -> f32 {
        self.most
    }

    /// The best `k` that share a term and have all that are required, best first, ties by ascending key.
    ///
    /// # Errors
    /// What the selection gives.
    pub(crate) fn top<E>(&self, k: usize, mut selection: Selection<'_, E>) -> Result<Vec<Scored<i64>>, E> {
        let mut best = TopK::new(k);
        for (segment, found) in &self.segments {
            if k > 0 && found.iter().all(|found| !found.required || found.list.is_some()) {
                let cursors = found.iter().filter_map(|found| Cursor::new(*found, *segment, self.weigher)).collect();
                Pass { segment: *segment, required: self.required, cursors, acc: Window::new() }
                    .run(&mut best, &mut selection)?;
            }
        }
        Ok(best.into_sorted())
    }

    /// The scores of some keys, whatever is required; 0 for those that share no term, or are not there.
    pub(crate) fn scores(&self, keys: &[i64]) -> Vec<f32> {
        let mut order: Vec<usize> = (0..keys.len()).collect();
        order.sort_unstable_by_key(|at| keys[*at]);
        let mut scores = vec![0; keys.len()];
        for (segment, found) in &self.segments {
            for mut cursor in found.iter().filter_map(|found| Cursor::new(*found, *segment, self.weigher)) {
                for at in &order {
                    let place = segment.place_of(keys[*at]);
                    if place < segment.len() && segment.key(place) == keys[*at] {
                        scores[*at] = cursor.weight_at(place as u32).saturating_add(scores[*at]);
                    }
                }
            }
        }
        scores.into_iter().map(score).collect()
    }
}

/// A way through a term's postings, forwards only.
struct Cursor<'a> {
    list: List<'a>,
    segment: Segment<'a>,
    weigher: Weigher,
    factor: f32,
    required: bool,
    block: usize,
    unpacked: Box<Unpacked>,
    at: usize,
    /// Of a short list, its best posting.
    best: Option<u32>,
    /// The best of the window.
    bound: u32,
}

impl<'a> Cursor<'a> {
    fn new(found: Found<'a>, segment: Segment<'a>, weigher: Weigher) -> Option<Self> {
        let Found { list, factor, required } = found;
        let list = list?;
        let mut unpacked = Box::new(Unpacked::empty());
        list.read(0, &mut unpacked);
        let mut cursor =
            Self { list, segment, weigher, factor, required, block: 0, unpacked, at: 0, best: None, bound: 0 };
        if list.entries.is_empty() {
            cursor.best = Some((0..cursor.unpacked.len).map(|at| cursor.weight(at)).max().unwrap_or(0));
        }
        Some(cursor)
    }

    fn weight(&self, at: usize) -> u32 {
        let length = self.segment.length(self.unpacked.places[at]);
        self.weigher.weigh(self.factor, self.unpacked.counts[at], length)
    }

    /// Sets the bound for the places from `start` up to `end`.
    fn look_at(&mut self, start: u32, end: u32) {
        if let Some(best) = self.best {
            self.bound = best;
            return;
        }
        let mut block = self.block_of(start);
        self.bound = 0;
        while let Some(pairs) = self.list.pairs(block) {
            let most = pairs.iter().map(|pair| self.weigher.most(self.factor, *pair)).max();
            self.bound = self.bound.max(most.unwrap_or(0));
            if self.list.last(block) >= end - 1 {
                break;
            }
            block += 1;
        }
    }

    /// The first block, from this one on, that may hold `place`.
    fn block_of(&self, place: u32) -> usize {
        let ahead = self.list.entries.get(self.block..).unwrap_or_default();
        let before = |entry: &[u8; super::ENTRY]| u32::from_le_bytes([entry[0], entry[1], entry[2], entry[3]]) < place;
        // mostly it is near
        match ahead.iter().take(8).position(|entry| !before(entry)) {
            Some(near) => self.block + near,
            None => self.block + ahead.partition_point(before),
        }
    }

    /// Goes to the first posting at or after `place`; false where there is none.
    fn seek(&mut self, place: u32) -> bool {
        if self.unpacked.len == 0 || self.unpacked.places[self.unpacked.len - 1] < place {
            let block = self.block_of(place).max(self.block + usize::from(!self.list.entries.is_empty()));
            if block >= self.list.blocks() || self.list.entries.is_empty() {
                self.at = self.unpacked.len;
                return false;
            }
            self.block = block;
            self.list.read(block, &mut self.unpacked);
            self.at = 0;
        }
        let left = self.unpacked.places[..self.unpacked.len].get(self.at..).unwrap_or_default();
        self.at += left.partition_point(|own| *own < place);
        self.at < self.unpacked.len
    }

    /// What the term gives the chunk at `place`.
    fn weight_at(&mut self, place: u32) -> u32 {
        match self.seek(place) && self.unpacked.places[self.at] == place {
            true => self.weight(self.at),
            false => 0,
        }
    }

    /// Adds what the term gives the chunks from `start` up to `end`.
    fn add_to(&mut self, window: &mut Window, start: u32, end: u32) {
        let mut more = self.seek(start);
        while more {
            while self.at < self.unpacked.len && self.unpacked.places[self.at] < end {
                let weight = self.weight(self.at);
                let Some(at) = self.unpacked.places[self.at].checked_sub(start).map(|at| at as usize) else { return };
                if let (Some(sum), Some(had)) = (window.sums.get_mut(at), window.required.get_mut(at)) {
                    *sum = sum.saturating_add(weight);
                    *had += u32::from(self.required);
                }
                self.at += 1;
            }
            let whole = self.at >= self.unpacked.len && self.unpacked.len == BLOCK;
            let next = self.unpacked.places[self.unpacked.len.max(1) - 1].saturating_add(1);
            more = whole && next < end && self.seek(next);
        }
    }
}

/// Sums of the chunks of a window.
struct Window {
    sums: Vec<u32>,
    required: Vec<u32>,
}

impl Window {
    fn new() -> Self {
        Self { sums: vec![0; WINDOW as usize], required: vec![0; WINDOW as usize] }
    }

    fn clear(&mut self) {
        self.sums.fill(0);
        self.required.fill(0);
    }
}

/// One segment gone through.
struct Pass<'a> {
    segment: Segment<'a>,
    required: u32,
    cursors: Vec<Cursor<'a>>,
    acc: Window,
}

impl Pass<'_> {
    fn run<E>(mut self, best: &mut TopK<i64>, selection: &mut Selection<'_, E>) -> Result<(), E> {
        let count = self.segment.len() as u32;
        for start in (0..count).step_by(WINDOW as usize) {
            let end = count.min(start + WINDOW);
            if touches(selection.allowed, self.segment.key(start as usize)..=self.segment.key(end as usize - 1)) {
                self.window(start, end, best, selection)?;
            }
        }
        Ok(())
    }

    fn window<E>(
        &mut self,
        start: u32,
        end: u32,
        best: &mut TopK<i64>,
        selection: &mut Selection<'_, E>,
    ) -> Result<(), E> {
        for cursor in &mut self.cursors {
            cursor.look_at(start, end);
        }
        // those that must be there come first, then the strongest
        self.cursors.sort_by_key(|cursor| (!cursor.required, std::cmp::Reverse(cursor.bound)));
        let worst = best.worst();
        let hopeless = |steps: u32| worst.is_some_and(|worst| score(steps) <= worst);
        let mut rest: Vec<u32> = vec![0; self.cursors.len() + 1];
        for at in (0..self.cursors.len()).rev() {
            rest[at] = rest[at + 1].saturating_add(self.cursors[at].bound);
        }
        if hopeless(rest[0]) {
            return Ok(());
        }
        let needed = self.cursors.iter().take_while(|cursor| cursor.required).count();
        let essential = (0..self.cursors.len()).position(|at| hopeless(rest[at])).unwrap_or(self.cursors.len());
        let essential = essential.max(needed);
        self.acc.clear();
        for cursor in &mut self.cursors[..essential] {
            cursor.add_to(&mut self.acc, start, end);
        }
        self.collect(start, &rest[essential..], best, selection)
    }

    /// Takes the chunks of a window whose sums, with the rest that the other terms may give, are good enough.
    fn collect<E>(
        &mut self,
        start: u32,
        rest: &[u32],
        best: &mut TopK<i64>,
        selection: &mut Selection<'_, E>,
    ) -> Result<(), E> {
        let others = self.cursors.len() + 1 - rest.len();
        for at in 0..self.acc.sums.len() {
            let mut sum = self.acc.sums[at];
            if sum == 0 || self.acc.required[at] < self.required || !best.admits(score(sum.saturating_add(rest[0]))) {
                continue;
            }
            let place = start + at as u32;
            let key = self.segment.key(place as usize);
            if contains(selection.gone, key) || selection.allowed.is_some_and(|allowed| !contains(allowed, key)) {
                continue;
            }
            for (cursor, rest) in self.cursors[others..].iter_mut().zip(rest) {
                if !best.admits(score(sum.saturating_add(*rest))) {
                    break;
                }
                sum = sum.saturating_add(cursor.weight_at(place));
            }
            if best.admits(score(sum)) && (selection.accept)(key)? {
                best.push(key, score(sum));
            }
        }
        Ok(())
    }
}

/// Whether some of the keys from the first to the last are allowed.
fn touches(allowed: Option<&[Keys]>, keys: Keys) -> bool {
    let Some(allowed) = allowed else { return true };
    let at = allowed.partition_point(|range| range.end() < keys.start());
    allowed.get(at).is_some_and(|range| range.start() <= keys.end())
}
