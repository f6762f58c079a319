//! Products of a query of signed bytes with rows of bits and with rows of bytes, in whole numbers: the same on any
//! instruction set.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

use crate::Simd;
use crate::cpu::Kind;

/// Numbers that one word of bits stands for; rows of bytes are padded to whole words as well.
pub(super) const WORD: usize = 64;

/// A query's bytes, zero-padded to whole words, and what the instruction set needs besides.
#[derive(Debug)]
pub(super) struct Bytes {
    simd: Simd,
    values: Vec<i8>,
    // for each eight values, the sum of each of their 256 subsets; only where there are no vector instructions
    subsets: Vec<i16>,
}

/// Rows in a longer buffer: row `i` is the first bytes of `data[i * stride..][..stride]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'a> {
    pub(super) data: &'a [u8],
    pub(super) stride: usize,
}

impl<'a> Table<'a> {
    /// How many rows of at least `len` bytes there are.
    fn rows(&self, len: usize) -> usize {
        match self.data.len().checked_sub(len) {
            Some(room) if self.stride >= len.max(1) => room / self.stride + 1,
            _ => 0,
        }
    }

    /// The first `len` bytes of row `i`, which is there.
    #[inline(always)]
    fn row(&self, i: usize, len: usize) -> &'a [u8] {
        &self.data[i * self.stride..][..len]
    }
}

impl Bytes {
    /// Of `values`, whose number is a multiple of [`WORD`]; the others are left out.
    pub(super) fn new(simd: Simd, mut values: Vec<i8>) -> Self {
        values.truncate(values.len() / WORD * WORD);
        let subsets = if simd.kind() == Kind::Portable { portable::subsets(&values) } else { Vec::new() };
        Self { simd, values, subsets }
    }

    /// For each of `rows`, the sum of the values whose bit is set, bit `i % 8` of byte `i / 8` for value `i`. Zeros where
    /// one of the rows is not there.
    pub(super) fn bit_sums(&self, table: Table<'_>, rows: &[u32], out: &mut Vec<i32>) {
        out.clear();
        out.resize(rows.len(), 0);
        let last = rows.iter().fold(0, |last, row| last.max(*row as usize));
        if last >= table.rows(self.values.len() / 8) {
            return;
        }
        match self.simd.kind() {
            Kind::Portable => portable::bit_sums(&self.subsets, table, rows, out),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2Fma => avx2::bit_sums(self.simd, &self.values, table, rows, out),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => avx512::bit_sums(self.simd, &self.values, table, rows, out),
        }
    }

    /// The dot product of the values with each of the first `rows` rows of signed bytes, as far as they are there.
    pub(super) fn dots(&self, table: Table<'_>, rows: usize) -> Vec<i32> {
        let mut out = vec![0; rows.min(table.rows(self.values.len()))];
        match self.simd.kind() {
            Kind::Portable => portable::dots(&self.values, table, &mut out),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2Fma => avx2::dots(self.simd, &self.values, table, &mut out),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => avx512::dots(self.simd, &self.values, table, &mut out),
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ivf::Scramble;

    proptest! {
        #[test]
        fn all_instruction_sets_give_the_plain_sums(words in 1usize..20, rows in 0usize..9, extra in 0usize..3, seed: u64) {
            let mut scramble = Scramble(seed);
            let values: Vec<i8> = (0..words * WORD).map(|_| (scramble.next() >> 56) as i8).map(|v| v.max(-127)).collect();
            let stride = words * WORD + 8 * extra;
            let data: Vec<u8> = (0..rows * stride).map(|_| (scramble.next() >> 56) as u8).collect();
            let table = Table { data: &data, stride };
            let asked: Vec<u32> = (0..rows as u32).rev().collect();
            let bit = |row: &[u8], i: usize| i32::from(row[i / 8] >> (i % 8) & 1);
            let sum = |row: &[u8]| (0..values.len()).map(|i| bit(row, i) * i32::from(values[i])).sum::<i32>();
            let product = |row: &[u8]| row.iter().zip(&values).map(|(r, v)| i32::from(*r as i8) * i32::from(*v)).sum::<i32>();
            let sums: Vec<i32> = asked.iter().map(|i| sum(&data[*i as usize * stride..])).collect();
            let dots: Vec<i32> = data.chunks(stride).map(product).collect();
            for simd in Simd::all() {
                let query = Bytes::new(simd, values.clone());
                let mut out = vec![1; 3];
                query.bit_sums(table, &asked, &mut out);
                prop_assert_eq!(&out, &sums, "{:?}", simd);
                prop_assert_eq!(&query.dots(table, rows + 1), &dots, "{:?}", simd);
                query.bit_sums(table, &[0, 1, 2, rows as u32 * 9], &mut out);
                prop_assert_eq!(&out, &[0; 4], "{:?}: one is not there", simd);
            }
        }
    }

    #[test]
    fn the_greatest_sums_do_not_overflow() {
        let len = crate::ivf::MAX_DIMENSION;
        for (value, byte) in [(127i8, 127u8), (-127, 129)] {
            let bytes = vec![byte; len];
            let ones = vec![255; len / 8];
            for simd in Simd::all() {
                let query = Bytes::new(simd, vec![value; len]);
                assert_eq!(query.dots(Table { data: &bytes, stride: len }, 1), [127 * 127 * len as i32]);
                let mut out = Vec::new();
                query.bit_sums(Table { data: &ones, stride: len / 8 }, &[0], &mut out);
                assert_eq!(out, [i32::from(value) * len as i32]);
            }
        }
    }
}
