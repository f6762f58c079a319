//! Where a source says the same as a sentence but for one place: what stands there instead.

use std::collections::HashMap;
use std::ops::Range;

use super::spelling::plain;
use crate::language::facts::{Kind, Span, Tokens};

/// A source says something else in that place in at most so many words.
const WIDEST: usize = 10;
/// Units of context where one side has to do.
const ONE_SIDED: usize = 6;
/// Places of one context that are looked at: more of them tell nothing.
const MOST_PLACES: usize = 32;

/// A word, a Han character or a number, by a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unit {
    key: u64,
    pub(super) span: Span,
}

/// FNV-1a, 64 bits: the same on every machine.
fn hash(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    text.bytes().fold(0xCBF2_9CE4_8422_2325, step)
}

/// The units of a text; a mark that ends a sentence is one, too.
pub(super) fn units(tokens: &Tokens<'_>, fold: &dyn Fn(char) -> char) -> Vec<Unit> {
    let unit = |at: usize| {
        let text = tokens.str(at);
        let key = match tokens.kind(at)? {
            Kind::Han => hash(fold(tokens.char(at)).encode_utf8(&mut [0; 4])),
            Kind::Word => hash(&plain(text)),
            Kind::Digits => hash(text),
            Kind::Mark => return None,
        };
        Some(Unit { key, span: tokens.all[at].span })
    };
    (0..tokens.all.len()).filter_map(unit).collect()
}

/// What stands in a source in the place of something.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing: no source says the rest.
    Nowhere,
    /// The same.
    Same,
    /// Something else: where, in which source.
    Other(Vec<(usize, Span)>),
}

/// The contexts of some sources.
#[derive(Debug, Default)]
pub(super) struct Slots {
    units: Vec<Vec<Unit>>,
    /// Where two units stand together: the source, and the place of the first.
    pairs: HashMap<(u64, u64), Vec<(usize, usize)>>,
}

impl Slots {
    pub(super) fn add(&mut self, units: Vec<Unit>) {
        let source = self.units.len();
        for (at, pair) in units.windows(2).enumerate() {
            let places = self.pairs.entry((pair[0].key, pair[1].key)).or_default();
            if places.len() < MOST_PLACES {
                places.push((source, at));
            }
        }
        self.units.push(units);
    }

    /// What the sources say in the place of `span` of a sentence: between the two units before it and the two after it;
    /// else, of the same length, after the six before it, or before the six after it.
    pub(super) fn find(&self, sentence: &[Unit], span: Span) -> Found {
        let from = sentence.partition_point(|unit| unit.span.end <= span.start);
        let to = sentence.partition_point(|unit| unit.span.start < span.end);
        if to <= from {
            return Found::Nowhere;
        }
        let (left, right) = (&sentence[..from], &sentence[to..]);
        for gaps in [self.between(left, right), self.after(left, to - from), self.before(right, to - from)] {
            match self.judge(&gaps, &sentence[from..to]) {
                Found::Nowhere => {}
                found => return found,
            }
        }
        Found::Nowhere
    }

    fn judge(&self, gaps: &[(usize, Range<usize>)], said: &[Unit]) -> Found {
        let mut others = Vec::new();
        for (source, gap) in gaps {
            let Some(words) = self.units[*source].get(gap.clone()) else { continue };
            if words.iter().map(|unit| unit.key).eq(said.iter().map(|unit| unit.key)) {
                return Found::Same;
            }
            if let (Some(first), Some(last)) = (words.first(), words.last()) {
                others.push((*source, Span::new(first.span.start, last.span.end)));
            }
        }
        if others.is_empty() { Found::Nowhere } else { Found::Other(others) }
    }

    fn between(&self, left: &[Unit], right: &[Unit]) -> Vec<(usize, Range<usize>)> {
        let ([.., a, b], [c, d, ..]) = (left, right) else { return Vec::new() };
        let gap = |(source, at): &(usize, usize)| Some((*source, self.gap(*source, at + 2, (c.key, d.key))?));
        self.places((a.key, b.key)).iter().filter_map(gap).collect()
    }

    fn after(&self, left: &[Unit], length: usize) -> Vec<(usize, Range<usize>)> {
        let Some(context) = left.len().checked_sub(ONE_SIDED).and_then(|from| left.get(from..)) else {
            return Vec::new();
        };
        self.stand(context).map(|(source, at)| (source, at + ONE_SIDED..at + ONE_SIDED + length)).collect()
    }

    fn before(&self, right: &[Unit], length: usize) -> Vec<(usize, Range<usize>)> {
        let Some(context) = right.get(..ONE_SIDED) else { return Vec::new() };
        self.stand(context).filter(|(_, at)| *at >= length).map(|(source, at)| (source, at - length..at)).collect()
    }

    /// Where some units stand together.
    fn stand(&self, context: &[Unit]) -> impl Iterator<Item = (usize, usize)> {
        let places = context.get(..2).map_or(&[][..], |pair| self.places((pair[0].key, pair[1].key)));
        let whole = |(source, at): &&(usize, usize)| {
            let there = self.units[*source].get(*at..at + context.len());
            there.is_some_and(|there| there.iter().map(|unit| unit.key).eq(context.iter().map(|unit| unit.key)))
        };
        places.iter().filter(whole).copied()
    }

    fn places(&self, pair: (u64, u64)) -> &[(usize, usize)] {
        self.pairs.get(&pair).map_or(&[], Vec::as_slice)
    }

    /// The nearest place from `start` on where `right` follows: what lies between.
    fn gap(&self, source: usize, start: usize, right: (u64, u64)) -> Option<Range<usize>> {
        let units = &self.units[source];
        let follows = |end: &usize| units.get(*end..end + 2).is_some_and(|pair| (pair[0].key, pair[1].key) == right);
        (start + 1..=start + WIDEST).find(follows).map(|end| start..end)
    }
}
