//! The best chunks for some terms.
//!
//! Chunks are gone through in windows. In each, terms whose best postings together cannot lift a chunk into the results are only
//! looked up for chunks that other terms brought up (MaxScore: Turtle & Flood 1995, "Query evaluation: strategies and
//! optimizations"; with bounds by blocks: Chakrabarti et al. 2011, "Interval-based pruning for top-k processing over compressed
//! lists"). Sums are whole numbers, equal in any order, so what is left out changes nothing.

use std::ops::Range;

use qiao_model::{Scored, TopK};

use super::cursor::{Candidate, Cursor};
use super::list::BEST;
use super::weigh::{self, Bm25, Collection, Weigher, score};
use super::{Keys, List, Segment, contains};

/// Chunks of a window.
const WINDOW: u32 = 4096;
/// Sums of a window that are looked at together.
const TOGETHER: usize = 32;

/// A term that is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Term<'t> {
    /// As it was indexed.
    pub(crate) bytes: &'t [u8],
    /// What its part of the score is multiplied by. A term of no weight finds nothing, unless it is required.
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
    /// Asked of a key that is among the best of those seen so far, by ascending keys.
    pub(crate) accept: &'s mut dyn FnMut(i64) -> Result<bool, E>,
}

impl<E> Selection<'_, E> {
    fn holds(&self, key: i64) -> bool {
        !contains(self.gone, key) && self.allowed.is_none_or(|allowed| contains(allowed, key))
    }
}

/// Terms looked up in segments.
#[derive(Debug)]
pub(crate) struct Search<'a> {
    segments: Vec<(Segment<'a>, Vec<Found<'a>>)>,
    /// In steps.
    most: u32,
}

/// A term in one segment.
#[derive(Debug, Clone, Copy)]
struct Found<'a> {
    list: Option<List<'a>>,
    weigher: Weigher,
    required: bool,
}

impl<'a> Search<'a> {
    /// Looks the terms up. How rare they are, and how long chunks are on average, is counted over all segments together, so scores
    /// do not depend on how chunks are divided over them. A key must be in one segment only, and no segment's keys may lie among
    /// those of another.
    pub(crate) fn new(segments: &[Segment<'a>], terms: &[Term<'_>], constants: Bm25) -> Self {
        let all = Collection {
            chunks: segments.iter().map(|segment| segment.len() as u64).sum(),
            total_length: segments.iter().fold(0, |sum, segment| sum.saturating_add(segment.total_length)),
        };
        let mut looked_up: Vec<_> = segments.iter().map(|own| (*own, Vec::with_capacity(terms.len()))).collect();
        // of equal scores the least key is found first
        looked_up.sort_by_key(|(segment, _)| segment.ends().map(|ends| *ends.start()));
        let mut most = 0u32;
        for term in terms {
            let lists: Vec<Option<List<'a>>> = looked_up.iter().map(|(segment, _)| segment.find(term.bytes)).collect();
            let having = lists.iter().flatten().map(|list| u64::from(list.chunks())).sum();
            let weigher = Weigher::new(constants, all, term.weight, having);
            most = most.saturating_add(weigher.most(BEST));
            for ((_, found), list) in looked_up.iter_mut().zip(lists) {
                found.push(Found { list, weigher, required: term.required });
            }
        }
        Self { segments: looked_up, most }
    }

    /// What a chunk would score that had each term without end; no chunk scores more.
    pub(crate) fn most(&self) -> f32 {
        score(self.most)
    }

    /// The best `k` that have all terms that are required, and at least one term, best first, ties by ascending key.
    ///
    /// # Errors
    /// What the selection gives.
    pub(crate) fn top<E>(&self, k: usize, mut selection: Selection<'_, E>) -> Result<Vec<Scored<i64>>, E> {
        let mut best = TopK::new(k);
        for (segment, found) in self.segments.iter().filter(|_| k > 0) {
            if let Some(pass) = Pass::new(*segment, found) {
                pass.run(&mut best, &mut selection)?;
            }
        }
        Ok(best.into_sorted())
    }

    /// The scores of some keys, in any order, whatever is required; 0 for those that share no term, or are not there.
    pub(crate) fn scores(&self, keys: &[i64]) -> Vec<f32> {
        let mut order: Vec<usize> = (0..keys.len()).collect();
        order.sort_unstable_by_key(|at| keys[*at]);
        let mut scores = vec![0.0; keys.len()];
        for (segment, found) in &self.segments {
            let place = |at: &usize| {
                let place = segment.place_of(keys[*at]);
                (segment.key(place) == Some(keys[*at])).then_some((*at, Candidate { place, sum: 0 }))
            };
            let (own, mut candidates): (Vec<usize>, Vec<Candidate>) = order.iter().filter_map(place).unzip();
            for found in found.iter().filter(|found| !found.weigher.is_nothing()) {
                if let Some(mut cursor) = found.cursor(segment) {
                    cursor.add_to(&mut candidates);
                }
            }
            own.iter().zip(&candidates).for_each(|(at, candidate)| scores[*at] = score(candidate.sum));
        }
        scores
    }
}

impl<'a> Found<'a> {
    fn cursor(&self, segment: &Segment<'a>) -> Option<Cursor<'a>> {
        self.list.map(|list| Cursor::new(list, segment, self.weigher))
    }
}

/// A term, with the most that it gives in a window.
struct Bounded<'a> {
    bound: u32,
    cursor: Cursor<'a>,
}

/// One segment gone through.
struct Pass<'a> {
    segment: Segment<'a>,
    /// The rarest first.
    required: Vec<Bounded<'a>>,
    /// In a window, those first that give most.
    optional: Vec<Bounded<'a>>,
    /// At each place, the most that the optional terms from there on give together.
    rest: Vec<u64>,
    sums: Vec<u32>,
    candidates: Vec<Candidate>,
}

impl<'a> Pass<'a> {
    /// `None` where no chunk of the segment can be found.
    fn new(segment: Segment<'a>, found: &[Found<'a>]) -> Option<Self> {
        let (mut required, mut optional) = (Vec::new(), Vec::new());
        for found in found {
            match found.cursor(&segment) {
                Some(cursor) if found.required => required.push(Bounded { bound: 0, cursor }),
                None if found.required => return None,
                Some(cursor) if !found.weigher.is_nothing() => optional.push(Bounded { bound: 0, cursor }),
                _ => {}
            }
        }
        required.sort_by_key(|required| required.cursor.chunks());
        let sums = vec![0; WINDOW as usize];
        let any = !required.is_empty() || !optional.is_empty();
        any.then_some(Self { segment, required, optional, rest: Vec::new(), sums, candidates: Vec::new() })
    }

    fn run<E>(mut self, best: &mut TopK<i64>, selection: &mut Selection<'_, E>) -> Result<(), E> {
        let count = self.segment.len() as u32;
        for start in (0..count).step_by(WINDOW as usize) {
            let window = start..count.min(start.saturating_add(WINDOW));
            if let Some(span) = self.allowed(window, selection.allowed) {
                self.window(span, best, selection)?;
            }
        }
        Ok(())
    }

    /// The part of a window from the first to the last place whose key may be allowed.
    fn allowed(&self, window: Range<u32>, allowed: Option<&[Keys]>) -> Option<Range<u32>> {
        let Some(allowed) = allowed else { return Some(window) };
        let (first, last) = (self.segment.key(window.start)?, self.segment.key(window.end.checked_sub(1)?)?);
        let from = allowed.partition_point(|range| *range.end() < first);
        let to = allowed.partition_point(|range| *range.start() <= last);
        let within = allowed.get(from..to)?;
        let start = self.segment.place_of(*within.first()?.start()).max(window.start);
        let behind = within.last()?.end().checked_add(1).map(|key| self.segment.place_of(key));
        let end = behind.unwrap_or(window.end).min(window.end);
        (start < end).then_some(start..end)
    }

    fn window<E>(&mut self, span: Range<u32>, best: &mut TopK<i64>, selection: &mut Selection<'_, E>) -> Result<(), E> {
        let before = floor(best);
        self.candidates.clear();
        self.look_at(&span);
        let added = if self.required.is_empty() { self.gather(&span, before) } else { self.intersect(&span, before) };
        let segment = self.segment;
        self.candidates.retain(|own| segment.key(own.place).is_some_and(|key| selection.holds(key)));
        for (optional, rest) in self.optional.iter_mut().zip(&self.rest).skip(added) {
            self.candidates.retain(|own| reaches(own.sum, *rest, before));
            optional.cursor.add_to(&mut self.candidates);
        }
        for candidate in &self.candidates {
            let key = segment.key(candidate.place).filter(|_| reaches(candidate.sum, 0, floor(best)));
            if let Some(key) = key
                && (selection.accept)(key)?
            {
                best.push(key, score(candidate.sum));
            }
        }
        Ok(())
    }

    /// Bounds the optional terms in a span, and sorts them.
    fn look_at(&mut self, span: &Range<u32>) {
        for optional in &mut self.optional {
            optional.bound = optional.cursor.bound(span);
        }
        self.optional.sort_by_key(|optional| std::cmp::Reverse(optional.bound));
        self.rest.clear();
        self.rest.resize(self.optional.len() + 1, 0);
        let mut sum = 0;
        for (rest, optional) in self.rest.iter_mut().zip(&self.optional).rev() {
            sum += u64::from(optional.bound);
            *rest = sum;
        }
    }

    /// Makes candidates of the chunks that have all required terms; returns how many optional ones are added to them: none.
    fn intersect(&mut self, span: &Range<u32>, floor: Option<u32>) -> usize {
        let mut rest = self.rest.first().copied().unwrap_or(0);
        for required in &mut self.required {
            required.bound = required.cursor.bound(span);
            rest += u64::from(required.bound);
        }
        let mut rarest = self.required.iter_mut();
        if let Some(rarest) = rarest.next().filter(|_| reaches(0, rest, floor)) {
            rarest.cursor.each(span, |place, sum| self.candidates.push(Candidate { place, sum }));
            rest -= u64::from(rarest.bound);
        }
        for another in rarest {
            self.candidates.retain(|own| reaches(own.sum, rest, floor));
            another.cursor.keep_having(&mut self.candidates);
            rest -= u64::from(another.bound);
        }
        0
    }

    /// Makes candidates of the chunks that have one of the terms without which none reaches the floor; returns how many terms
    /// these are, all of which are added.
    fn gather(&mut self, span: &Range<u32>, floor: Option<u32>) -> usize {
        let hopeless = self.rest.iter().position(|rest| !reaches(0, *rest, floor));
        let essential = hopeless.unwrap_or(self.optional.len());
        let rest = self.rest.get(essential).copied().unwrap_or(0);
        let (start, sums) = (span.start, &mut self.sums);
        for optional in self.optional.iter_mut().take(essential) {
            optional.cursor.each(span, |place, weight| {
                if let Some(sum) = sums.get_mut(place.wrapping_sub(start) as usize) {
                    *sum = sum.saturating_add(weight);
                }
            });
        }
        if essential > 0 {
            let least = floor.map_or(1, |floor| (u64::from(floor) + 1).saturating_sub(rest).max(1));
            sweep(&mut self.sums, start, u32::try_from(least).unwrap_or(u32::MAX), &mut self.candidates);
        }
        essential
    }
}

/// The score, in steps, above which the next key has to be, where there are `k` already.
fn floor(best: &TopK<i64>) -> Option<u32> {
    best.worst().map(weigh::steps)
}

/// Whether a sum comes above the floor, with the most that may still come to it.
fn reaches(sum: u32, rest: u64, floor: Option<u32>) -> bool {
    floor.is_none_or(|floor| u64::from(sum) + rest > u64::from(floor))
}

/// Makes candidates of the sums, of which the first is at `start`, that are at least `least`, and leaves zeros behind.
fn sweep(sums: &mut [u32], start: u32, least: u32, candidates: &mut Vec<Candidate>) {
    for (group, from) in sums.chunks_mut(TOGETHER).zip((start..).step_by(TOGETHER)) {
        if group.iter().fold(false, |any, sum| any | (*sum >= least)) {
            let own = group.iter().zip(from..).filter(|(sum, _)| **sum >= least);
            candidates.extend(own.map(|(sum, place)| Candidate { place, sum: *sum }));
        }
        group.fill(0);
    }
}
