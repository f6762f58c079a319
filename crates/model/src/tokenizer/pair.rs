//! Two texts as one sequence.

use std::ops::Range;

use tokenizers::{Encoding, Error};

use super::parts::Inner;
use super::{PROBES, TokenizerSettings};

/// The tokens of a pair of texts as a model sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairTokens {
    /// Token ids, special ones included.
    pub ids: Vec<u32>,
    /// How many at the start are of the first type (`token_type_ids` 0 in transformers); the others are of the second.
    pub of_first: usize,
}

/// What stands around and between two texts, and how they are cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PairFrame {
    before: Vec<u32>,
    between: Vec<u32>,
    after: Vec<u32>,
    /// Whether the second text and what follows it are of the second type
    typed: bool,
    /// Whether of a long text the left is lost
    cuts_left: bool,
}

impl PairFrame {
    /// Tries the post-processor on two texts.
    pub(super) fn of(inner: &Inner, settings: TokenizerSettings, cuts_left: bool) -> Result<Self, Error> {
        for probe in PROBES {
            if !inner.encode_fast(probe, false)?.is_empty() {
                return Self::around(&inner.encode_fast((probe, probe), true)?, settings, cuts_left);
            }
        }
        Err("it gives no token for any of the texts that it was tried on".into())
    }

    fn around(pair: &Encoding, settings: TokenizerSettings, cuts_left: bool) -> Result<Self, Error> {
        let places = pair.get_sequence_ids();
        let range = |text: usize| -> Option<Range<usize>> {
            let here = |place: &Option<usize>| *place == Some(text);
            Some(places.iter().position(here)?..places.iter().rposition(here)? + 1)
        };
        let in_order = |(first, second): &(Range<usize>, Range<usize>)| first.end < second.start;
        let Some((first, second)) = range(0).zip(range(1)).filter(in_order) else {
            return Err("it does not put two texts one behind the other with a token between them".into());
        };
        let (ids, types) = (pair.get_ids(), pair.get_type_ids());
        let (one, other) = types.split_at(second.start);
        let written = other.iter().all(|kind| *kind == 1);
        if one.iter().any(|kind| *kind != 0) || !(written || other.iter().all(|kind| *kind == 0)) {
            return Err("it gives types to the tokens of two texts in an order that no model of pairs has".into());
        }
        Ok(Self {
            before: ids[..first.start].to_vec(),
            between: ids[first.end..second.start].to_vec(),
            after: ids[second.end..].to_vec(),
            typed: settings.types_pairs(written),
            cuts_left,
        })
    }

    /// The same, for a model whose tokens are all of one type.
    pub(crate) fn untyped(self) -> Self {
        Self { typed: false, ..self }
    }

    /// Special tokens in every pair.
    pub(crate) fn special(&self) -> usize {
        self.before.len() + self.between.len() + self.after.len()
    }

    /// The tokens of two texts in at most `limit`, which is more than [`PairFrame::special`]; the longer is cut first.
    pub(crate) fn wrap(&self, first: &[u32], second: &[u32], limit: usize) -> PairTokens {
        let room = limit.saturating_sub(self.special());
        let (first_kept, second_kept) = longest_first(first.len(), second.len(), room);
        let (first, second) = (self.cut(first, first_kept), self.cut(second, second_kept));
        let ids = [&self.before, first, &self.between, second, &self.after].concat();
        let of_first = if self.typed { ids.len() - second.len() - self.after.len() } else { ids.len() };
        PairTokens { ids, of_first }
    }

    fn cut<'a>(&self, ids: &'a [u32], kept: usize) -> &'a [u32] {
        if self.cuts_left { &ids[ids.len() - kept..] } else { &ids[..kept] }
    }
}

/// How many tokens of two texts are kept in `room`: where both are longer than half of it, half of each, the odd one for the
/// second; else the shorter whole. This is what the tokenizers crate calls `longest_first`.
fn longest_first(first: usize, second: usize, room: usize) -> (usize, usize) {
    if first.saturating_add(second) <= room {
        return (first, second);
    }
    let short = first.min(second).min(room / 2);
    if first > second { (room - short, short) } else { (short, room - short) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokenizers::utils::truncation::truncate_encodings;
    use tokenizers::{Token, TruncationParams};

    use super::*;

    fn encoding(tokens: usize) -> Encoding {
        let token = |id: u32| Token::new(id, id.to_string(), (0, 0));
        Encoding::from_tokens((0..tokens as u32).map(token).collect(), 0)
    }

    proptest! {
        #[test]
        fn as_many_tokens_are_kept_as_the_tokenizers_crate_keeps(first in 0usize..40, second in 0usize..40, room in 1usize..50) {
            let params = TruncationParams { max_length: room, ..TruncationParams::default() };
            let (one, other) = truncate_encodings(encoding(first), Some(encoding(second)), &params).unwrap();
            let expected = (one.len(), other.map_or(0, |other| other.len()));
            prop_assert_eq!(longest_first(first, second, room), expected);
        }
    }

    #[test]
    fn the_frame_stands_around_what_is_kept() {
        let frame = PairFrame { before: vec![1], between: vec![2, 2], after: vec![3], typed: true, cuts_left: false };
        let wrapped = |frame: &PairFrame| frame.wrap(&[10, 11, 12], &[20, 21], 7);
        assert_eq!(wrapped(&frame), PairTokens { ids: vec![1, 10, 11, 2, 2, 20, 3], of_first: 5 });
        let left = PairFrame { cuts_left: true, ..frame.untyped() };
        assert_eq!(wrapped(&left), PairTokens { ids: vec![1, 11, 12, 2, 2, 21, 3], of_first: 7 });
    }
}
