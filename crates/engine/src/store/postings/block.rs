//! Postings in blocks: places as distances, with how often the term occurs there.

use super::bits::{self, BLOCK, WORD};

/// A chunk's place in its segment, and how often the term occurs in it.
pub(super) type Posting = (u32, u32);

/// One block, unpacked.
#[derive(Debug, Clone)]
pub(super) struct Unpacked {
    places: [u32; BLOCK],
    counts: [u32; BLOCK],
    len: usize,
}

impl Unpacked {
    pub(super) fn empty() -> Self {
        Self { places: [0; BLOCK], counts: [0; BLOCK], len: 0 }
    }

    /// Places, ascending unless the bytes were foreign.
    pub(super) fn places(&self) -> &[u32] {
        self.places.get(..self.len).unwrap_or_default()
    }

    /// How often the term occurs at each place.
    pub(super) fn counts(&self) -> &[u32] {
        self.counts.get(..self.len).unwrap_or_default()
    }

    /// Unpacks `len` postings, of which the first place is at least `least`; none where the bytes are no block.
    pub(super) fn read(&mut self, bytes: &[u8], len: usize, least: u32) {
        let whole = match len {
            BLOCK => self.read_packed(bytes),
            fewer => self.read_varints(bytes, fewer),
        };
        self.len = if whole.is_some() { len } else { 0 };
        let mut next = least;
        for place in &mut self.places[..self.len] {
            *place = place.wrapping_add(next);
            next = place.wrapping_add(1);
        }
    }

    fn read_packed(&mut self, bytes: &[u8]) -> Option<()> {
        let rest = read_numbers(bytes, &mut self.places)?;
        read_numbers(rest, &mut self.counts)?;
        self.counts.iter_mut().for_each(|count| *count = count.wrapping_add(1));
        Some(())
    }

    fn read_varints(&mut self, mut bytes: &[u8], len: usize) -> Option<()> {
        for (place, count) in self.places.get_mut(..len)?.iter_mut().zip(&mut self.counts) {
            let number = read_varint(&mut bytes)?;
            *place = u32::try_from(number >> 1).ok()?;
            *count = if number & 1 == 1 { 1 } else { u32::try_from(read_varint(&mut bytes)?).ok()?.wrapping_add(2) };
        }
        Some(())
    }
}

/// Appends a block of at most [`BLOCK`] postings, ascending, of which the first place is at least `least`.
pub(super) fn write(postings: &[Posting], least: u32, out: &mut Vec<u8>) {
    let mut next = least;
    let apart = postings.iter().map(|(place, count)| {
        let distance = place.wrapping_sub(next);
        next = place.wrapping_add(1);
        (distance, *count)
    });
    if postings.len() < BLOCK {
        return apart.for_each(|posting| write_posting(posting, out));
    }
    let (mut distances, mut counts) = ([0; BLOCK], [0; BLOCK]);
    for ((distance, count), posting) in distances.iter_mut().zip(&mut counts).zip(apart) {
        (*distance, *count) = (posting.0, posting.1.wrapping_sub(1));
    }
    write_numbers(&distances, out);
    write_numbers(&counts, out);
}

/// Mostly the count is 1, which the lowest bit says.
fn write_posting((distance, count): Posting, out: &mut Vec<u8>) {
    write_varint(u64::from(distance) << 1 | u64::from(count == 1), out);
    if count != 1 {
        write_varint(count.wrapping_sub(2).into(), out);
    }
}

/// Appends numbers in a width that some do not fit, whose upper bits follow: the width and how many do not fit, a byte each; the
/// packed numbers; for each that does not fit, where it stands (a byte) and its upper bits (Zukowski et al. 2006, "Super-scalar
/// RAM-CPU cache compression").
fn write_numbers(numbers: &[u32; BLOCK], out: &mut Vec<u8>) {
    let width = best_width(numbers);
    let upper = |number: u32| u64::from(number) >> width;
    out.extend([width as u8, numbers.iter().filter(|number| upper(**number) > 0).count() as u8]);
    bits::pack(numbers, width, out);
    for (at, number) in numbers.iter().enumerate().filter(|(_, number)| upper(**number) > 0) {
        out.push(at as u8);
        write_varint(upper(*number), out);
    }
}

/// The width that takes the fewest bytes, the least of several.
fn best_width(numbers: &[u32; BLOCK]) -> u32 {
    let mut of_bits = [0usize; 33];
    numbers.iter().for_each(|number| of_bits[(32 - number.leading_zeros()) as usize] += 1);
    let bytes = |width: usize| {
        let beyond = of_bits.iter().skip(width + 1).zip(1usize..);
        width * WORD + beyond.map(|(many, bits)| many * (1 + bits.div_ceil(7))).sum::<usize>()
    };
    let widest = of_bits.iter().rposition(|many| *many > 0).unwrap_or(0);
    (0..=widest).min_by_key(|width| bytes(*width)).unwrap_or(0) as u32
}

/// Reads what [`write_numbers`] wrote; returns the bytes behind it.
fn read_numbers<'b>(bytes: &'b [u8], into: &mut [u32; BLOCK]) -> Option<&'b [u8]> {
    let (&[width, beyond], packed) = bytes.split_first_chunk::<2>()?;
    let mut rest = bits::unpack(packed, width, into)?;
    for _ in 0..beyond {
        let at;
        (at, rest) = rest.split_first()?;
        let upper = u32::try_from(read_varint(&mut rest)?).ok()?;
        *into.get_mut(usize::from(*at))? |= upper.checked_shl(width.into())?;
    }
    Some(rest)
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
pub(super) fn write_varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Takes a number off the front of `bytes`.
pub(super) fn read_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Steps from place to place and counts, small ones and great ones among them.
    fn postings() -> impl Strategy<Value = Vec<Posting>> {
        let number = prop_oneof![8 => 1u32..4, 4 => 1u32..300, 1 => 1u32..20_000_000];
        let all = prop::collection::vec((number.clone(), number), 1..=BLOCK);
        (all, any::<bool>()).prop_map(|(steps, whole)| {
            let len = if whole { BLOCK } else { steps.len() };
            let mut at = 6;
            (0..len)
                .map(|i| steps[i % steps.len()])
                .map(|(step, count)| {
                    at += step;
                    (at, count)
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn a_block_is_what_was_written(postings in postings()) {
            let mut bytes = Vec::new();
            write(&postings, 7, &mut bytes);
            let mut block = Unpacked::empty();
            block.read(&bytes, postings.len(), 7);
            let read: Vec<Posting> = block.places().iter().copied().zip(block.counts().iter().copied()).collect();
            prop_assert_eq!(read, postings.clone());
            // a byte less is no block
            block.read(&bytes[..bytes.len() - 1], postings.len(), 7);
            prop_assert!(block.places().is_empty());
        }

        #[test]
        fn foreign_bytes_give_all_postings_or_none(bytes in prop::collection::vec(any::<u8>(), 0..1200), len in 0..=BLOCK + 1) {
            let mut block = Unpacked::empty();
            block.read(&bytes, len, 0);
            prop_assert!([0, len].contains(&block.places().len()));
            prop_assert_eq!(block.counts().len(), block.places().len());
        }

        #[test]
        fn varints_come_back(number in any::<u64>(), bits in 0u32..64) {
            let mut bytes = Vec::new();
            write_varint(number >> bits, &mut bytes);
            let mut rest = &bytes[..];
            prop_assert_eq!(read_varint(&mut rest), Some(number >> bits));
            prop_assert!(rest.is_empty());
        }
    }

    #[test]
    fn one_great_number_does_not_widen_the_others() {
        let mut numbers = [1; BLOCK];
        numbers[77] = u32::MAX;
        let mut bytes = Vec::new();
        write_numbers(&numbers, &mut bytes);
        assert_eq!(bytes.len(), 2 + WORD + 6);
        let mut read = [0; BLOCK];
        assert_eq!(read_numbers(&bytes, &mut read), Some(&[][..]));
        assert_eq!(read, numbers);
    }
}
