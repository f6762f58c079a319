//! Numbers of a whole block in as few bits as the widest needs.
//!
//! Number `i` lies in lane `i % 4`; each lane is a stream of 32-bit words, filled from the lowest bit, and the words of the four
//! lanes alternate. So four neighbours are shifted and masked alike, which compilers turn into vector instructions (Lemire &
//! Boytsov 2015, "Decoding billions of integers per second through vectorization").

/// Numbers in a block.
pub(super) const BLOCK: usize = 128;
/// Streams that are filled side by side.
const LANES: usize = 4;
/// Numbers in a lane.
const STEPS: usize = BLOCK / LANES;
/// Bytes of a word of all lanes: a packed block has as many as a number has bits.
pub(super) const WORD: usize = 4 * LANES;

/// Appends the lowest `width` bits, at most 32, of each number.
pub(super) fn pack(numbers: &[u32; BLOCK], width: u32, out: &mut Vec<u8>) {
    let mask = ((1u64 << width) - 1) as u32;
    // one more, since a number may end where there is no word left
    let mut words = [[0u32; LANES]; STEPS + 1];
    let mut bit = 0;
    for four in numbers.as_chunks::<LANES>().0 {
        for (lane, number) in four.iter().enumerate() {
            let placed = u64::from(number & mask) << (bit % 32);
            words[bit / 32][lane] |= placed as u32;
            words[bit / 32 + 1][lane] |= (placed >> 32) as u32;
        }
        bit += width as usize;
    }
    let used = words.iter().take(width as usize).flatten();
    out.extend(used.flat_map(|word| word.to_le_bytes()));
}

/// Reads what [`pack`] wrote. Returns the bytes behind it; `None` where there are too few, or no width is so great.
pub(super) fn unpack<'b>(bytes: &'b [u8], width: u8, into: &mut [u32; BLOCK]) -> Option<&'b [u8]> {
    let (packed, rest) = bytes.split_at_checked(usize::from(width) * WORD)?;
    let words = packed.as_chunks::<WORD>().0;
    macro_rules! by_width {
        ($($width:literal)*) => {
            match width {
                0 => into.fill(0),
                $($width => unpack_width::<$width>(words.first_chunk()?, into),)*
                _ => return None,
            }
        };
    }
    by_width!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32);
    Some(rest)
}

fn unpack_width<const WIDTH: usize>(packed: &[[u8; WORD]; WIDTH], into: &mut [u32; BLOCK]) {
    let words = packed.map(lanes);
    let mask = u32::MAX >> (32 - WIDTH);
    for (step, four) in into.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
        let (word, shift) = (step * WIDTH / 32, step * WIDTH % 32);
        *four = words[word].map(|low| low >> shift);
        if shift + WIDTH > 32 {
            let high = words[word + 1].map(|high| high << (32 - shift));
            four.iter_mut().zip(high).for_each(|(number, high)| *number |= high);
        }
        four.iter_mut().for_each(|number| *number &= mask);
    }
}

fn lanes(bytes: [u8; WORD]) -> [u32; LANES] {
    let mut lanes = [0; LANES];
    lanes.iter_mut().zip(bytes.as_chunks::<4>().0).for_each(|(lane, bytes)| *lane = u32::from_le_bytes(*bytes));
    lanes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_come_back_in_every_width(numbers in prop::collection::vec(any::<u32>(), BLOCK), width in 0u8..=32) {
            let mask = ((1u64 << width) - 1) as u32;
            let numbers: [u32; BLOCK] = numbers.try_into().unwrap();
            let mut bytes = Vec::new();
            pack(&numbers, width.into(), &mut bytes);
            prop_assert_eq!(bytes.len(), usize::from(width) * WORD);
            bytes.push(7);
            let mut read = [9; BLOCK];
            prop_assert_eq!(unpack(&bytes, width, &mut read), Some(&[7u8][..]));
            prop_assert_eq!(read, numbers.map(|number| number & mask));
            bytes.truncate((usize::from(width) * WORD).saturating_sub(1));
            prop_assert_eq!(unpack(&bytes, width, &mut read).is_some(), width == 0);
        }
    }

    #[test]
    fn no_width_is_above_32() {
        assert_eq!(unpack(&[0; 4096], 33, &mut [0; BLOCK]), None);
        assert_eq!(unpack(&[0; 4096], 255, &mut [0; BLOCK]), None);
    }
}
