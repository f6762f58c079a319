//! Segments into one.

use std::io::{self, Write};

use super::block::{BLOCK, Unpacked};
use super::build::Writer;
use super::{Entries, Keys, List, Segment};

/// Writes one segment of all that some segments hold, but for the chunks in `gone` (sorted, disjoint), of which nothing is left.
/// Their keys must ascend from one segment to the next. Memory: eight bytes a chunk, and the dictionary.
///
/// # Errors
/// When `out` fails.
pub(crate) fn merge(segments: &[Segment<'_>], gone: &[Keys], out: &mut dyn Write) -> io::Result<()> {
    let (mut keys, mut lengths, mut places) = (Vec::new(), Vec::new(), Vec::new());
    for segment in segments {
        let mut own = Vec::with_capacity(segment.len());
        for place in 0..segment.len() {
            let key = segment.key(place);
            let stays = !contains(gone, key);
            own.push(stays.then_some(keys.len() as u32));
            if stays {
                keys.push(key);
                lengths.push(segment.length(place as u32));
            }
        }
        places.push(own);
    }
    let mut writer = Writer::new(out, &keys, &lengths)?;
    let mut terms: Vec<Terms<'_>> = segments.iter().map(|segment| Terms::new(*segment)).collect();
    let (mut list, mut unpacked) = (Vec::new(), Unpacked::empty());
    while let Some(least) = terms.iter().filter_map(Terms::term).min().map(<[u8]>::to_vec) {
        list.clear();
        for (terms, places) in terms.iter_mut().zip(&places) {
            if terms.term() == Some(&least) {
                if let Some(own) = terms.list {
                    append(&own, places, &mut unpacked, &mut list);
                }
                terms.advance();
            }
        }
        writer.term(&least, &list)?;
    }
    writer.finish()
}

/// Whether a key lies in one of some sorted, disjoint ranges.
pub(super) fn contains(ranges: &[Keys], key: i64) -> bool {
    let at = ranges.partition_point(|range| *range.end() < key);
    ranges.get(at).is_some_and(|range| range.contains(&key))
}

fn append(own: &List<'_>, places: &[Option<u32>], unpacked: &mut Unpacked, list: &mut Vec<(u32, u32)>) {
    for block in 0..own.blocks() {
        own.read(block, unpacked);
        for (place, count) in unpacked.places.iter().zip(&unpacked.counts).take(unpacked.len.min(BLOCK)) {
            if let Some(Some(new)) = places.get(*place as usize) {
                // foreign bytes may repeat themselves
                if list.last().is_none_or(|(last, _)| last < new) && *count > 0 {
                    list.push((*new, *count));
                }
            }
        }
    }
}

/// All terms of a segment in their order.
struct Terms<'a> {
    segment: Segment<'a>,
    block: usize,
    entries: Option<Entries<'a>>,
    list: Option<List<'a>>,
}

impl<'a> Terms<'a> {
    fn new(segment: Segment<'a>) -> Self {
        let mut terms = Self { segment, block: 0, entries: segment.entries(0), list: None };
        terms.advance();
        terms
    }

    fn term(&self) -> Option<&[u8]> {
        self.list.and(self.entries.as_ref()).map(|entries| entries.term.as_slice())
    }

    fn advance(&mut self) {
        self.list = self.entries.as_mut().and_then(Entries::next);
        while self.list.is_none() && self.block + 1 < self.segment.index.len() {
            self.block += 1;
            self.entries = self.segment.entries(self.block);
            self.list = self.entries.as_mut().and_then(Entries::next);
        }
    }
}
