//! Postings in blocks: numbers of chunks as distances, in as many bits as the widest needs; counts likewise.

/// Postings of a whole block.
pub(super) const BLOCK: usize = 128;
/// Bytes that may be read past a packed number.
const PADDING: usize = 8;

/// One block, unpacked.
#[derive(Clone)]
pub(super) struct Unpacked {
    pub(super) places: [u32; BLOCK],
    pub(super) counts: [u32; BLOCK],
    pub(super) len: usize,
}

impl Unpacked {
    pub(super) fn empty() -> Self {
        Self { places: [0; BLOCK], counts: [0; BLOCK], len: 0 }
    }

    /// Unpacks a block whose places come after `before`; false where its bytes are no block.
    pub(super) fn read(&mut self, bytes: &[u8], len: usize, before: Option<u32>) -> bool {
        self.len = 0;
        let mut place = before.map_or(0, |before| before.wrapping_add(1));
        let whole = match len {
            BLOCK => self.unpack(bytes),
            fewer => self.read_varints(bytes, fewer),
        };
        if whole.is_none() {
            return false;
        }
        for at in &mut self.places[..len] {
            *at = at.wrapping_add(place);
            place = at.wrapping_add(1);
        }
        self.len = len;
        true
    }

    fn unpack(&mut self, bytes: &[u8]) -> Option<()> {
        let (&[places, counts], packed) = bytes.split_first_chunk::<2>()?;
        let middle = usize::from(places) * BLOCK / 8;
        unpack(packed, places, &mut self.places)?;
        unpack(packed.get(middle..)?, counts, &mut self.counts)?;
        self.counts.iter_mut().for_each(|count| *count = count.wrapping_add(1));
        Some(())
    }

    fn read_varints(&mut self, mut bytes: &[u8], len: usize) -> Option<()> {
        let (places, counts) = (self.places.get_mut(..len)?, self.counts.get_mut(..len)?);
        for (place, count) in places.iter_mut().zip(counts) {
            *place = read_varint(&mut bytes)?;
            *count = read_varint(&mut bytes)?.wrapping_add(1);
        }
        Some(())
    }
}

/// Appends a block of at most [`BLOCK`] postings, ascending, whose places come after `before`.
pub(super) fn write(postings: &[(u32, u32)], before: Option<u32>, out: &mut Vec<u8>) {
    let mut next = before.map_or(0, |before| before + 1);
    let mut apart = |place: u32| {
        let distance = place - next;
        next = place + 1;
        distance
    };
    if postings.len() < BLOCK {
        for (place, count) in postings {
            write_varint(apart(*place), out);
            write_varint(count - 1, out);
        }
        return;
    }
    let places: Vec<u32> = postings.iter().map(|(place, _)| apart(*place)).collect();
    let counts: Vec<u32> = postings.iter().map(|(_, count)| count - 1).collect();
    let widths = [&places, &counts].map(|numbers| 32 - numbers.iter().fold(0, |all, n| all | n).leading_zeros());
    out.extend(widths.map(|width| width as u8));
    pack(&places, widths[0], out);
    pack(&counts, widths[1], out);
}

/// Bytes to put behind the last block, which unpacking reads past a number.
pub(super) fn padding() -> [u8; PADDING] {
    [0; PADDING]
}

fn pack(numbers: &[u32], width: u32, out: &mut Vec<u8>) {
    let (mut bits, mut held) = (0u64, 0u32);
    for number in numbers {
        bits |= u64::from(*number) << held;
        held += width;
        while held >= 8 {
            out.push(bits as u8);
            bits >>= 8;
            held -= 8;
        }
    }
}

/// Unpacks [`BLOCK`] numbers of `width` bits.
fn unpack(bytes: &[u8], width: u8, into: &mut [u32; BLOCK]) -> Option<()> {
    let width = usize::from(width);
    if width > 32 {
        return None;
    }
    let bytes = bytes.get(..width * BLOCK / 8 + PADDING)?;
    let mask = (1u64 << width) - 1;
    for (i, number) in into.iter_mut().enumerate() {
        let bit = i * width;
        let word = bytes.get(bit / 8..).and_then(|rest| rest.first_chunk::<8>())?;
        *number = ((u64::from_le_bytes(*word) >> (bit % 8)) & mask) as u32;
    }
    Some(())
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
pub(super) fn write_varint(mut number: u32, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Takes a number off the front of `bytes`.
pub(super) fn read_varint(bytes: &mut &[u8]) -> Option<u32> {
    let mut number = 0u32;
    for shift in [0, 7, 14, 21, 28] {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u32::from(first & 0x7f).checked_shl(shift)?;
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

    proptest! {
        #[test]
        fn a_block_is_what_was_written(
            steps in prop::collection::vec((1u32..1_000_000, 1u32..70_000), 1..=BLOCK),
            full in any::<bool>(),
        ) {
            let steps = if full { (0..BLOCK).map(|i| steps[i % steps.len()]).collect() } else { steps };
            let mut at = 0;
            let postings: Vec<(u32, u32)> = steps.iter().map(|(step, count)| { at += step; (at, *count) }).collect();
            let mut bytes = Vec::new();
            write(&postings, Some(0), &mut bytes);
            bytes.extend(padding());
            let mut block = Unpacked::empty();
            prop_assert!(block.read(&bytes, postings.len(), Some(0)));
            let read: Vec<_> = block.places.iter().copied().zip(block.counts).take(block.len).collect();
            prop_assert_eq!(read, postings);
        }

        #[test]
        fn foreign_bytes_are_no_block_or_some_block(bytes in prop::collection::vec(any::<u8>(), 0..300), len in 0..=BLOCK) {
            let mut block = Unpacked::empty();
            prop_assert!(block.read(&bytes, len, None) == (block.len == len && (len > 0 || block.len == 0)) || len == 0 || block.len == 0);
        }
    }
}
