//! AVX2: bits are spread to bytes that let a value through or not; rows of bytes are widened as they are read.

use std::arch::x86_64::{
    __m128i, __m256i, _mm_add_epi32, _mm_cvtsi128_si32, _mm_loadu_si128, _mm_shuffle_epi32, _mm256_add_epi32,
    _mm256_and_si256, _mm256_castsi256_si128, _mm256_cmpeq_epi8, _mm256_cvtepi8_epi16, _mm256_extracti128_si256,
    _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_set1_epi8, _mm256_set1_epi16,
    _mm256_set1_epi32, _mm256_set1_epi64x, _mm256_setr_epi64x, _mm256_setzero_si256, _mm256_shuffle_epi8,
};

use super::Table;
use crate::Simd;
use crate::cpu::Kind;

pub(super) fn bit_sums(simd: Simd, values: &[i8], table: Table<'_>, rows: &[u32], out: &mut [i32]) {
    assert_eq!(simd.kind(), Kind::Avx2Fma);
    // SAFETY: a `Simd` of this kind is made only after the CPU was found to have AVX2.
    unsafe { sums_of(values, table, rows, out) }
}

pub(super) fn dots(simd: Simd, values: &[i8], table: Table<'_>, out: &mut [i32]) {
    assert_eq!(simd.kind(), Kind::Avx2Fma);
    // SAFETY: a `Simd` of this kind is made only after the CPU was found to have AVX2.
    unsafe { dots_of(values, table, out) }
}

#[target_feature(enable = "avx2")]
fn sums_of(values: &[i8], table: Table<'_>, rows: &[u32], out: &mut [i32]) {
    for (row, out) in rows.iter().zip(out) {
        *out = bit_sum(values, table.row(*row as usize, values.len() / 8));
    }
}

#[target_feature(enable = "avx2")]
fn bit_sum(values: &[i8], bits: &[u8]) -> i32 {
    // byte j of 32 takes byte j / 8 of four
    let spread = _mm256_setr_epi64x(0, 0x0101_0101_0101_0101, 0x0202_0202_0202_0202, 0x0303_0303_0303_0303);
    let places = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64 as i64);
    let mut sums = _mm256_setzero_si256();
    for (values, four) in values.chunks_exact(32).zip(bits.as_chunks::<4>().0) {
        let bits = _mm256_shuffle_epi8(_mm256_set1_epi32(i32::from_le_bytes(*four)), spread);
        let set = _mm256_cmpeq_epi8(_mm256_and_si256(bits, places), places);
        // SAFETY: `values` holds 32 bytes.
        let values = unsafe { _mm256_loadu_si256(values.as_ptr().cast::<__m256i>()) };
        let pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), _mm256_and_si256(set, values));
        sums = _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
    }
    total(sums)
}

#[target_feature(enable = "avx2")]
fn dots_of(values: &[i8], table: Table<'_>, out: &mut [i32]) {
    for (row, out) in out.iter_mut().enumerate() {
        *out = dot(values, table.row(row, values.len()));
    }
}

#[target_feature(enable = "avx2")]
fn dot(values: &[i8], bytes: &[u8]) -> i32 {
    let mut sums = _mm256_setzero_si256();
    for (values, bytes) in values.chunks_exact(16).zip(bytes.chunks_exact(16)) {
        // SAFETY: both hold 16 bytes.
        let (values, bytes) = unsafe {
            (_mm_loadu_si128(values.as_ptr().cast::<__m128i>()), _mm_loadu_si128(bytes.as_ptr().cast::<__m128i>()))
        };
        let pairs = _mm256_madd_epi16(_mm256_cvtepi8_epi16(values), _mm256_cvtepi8_epi16(bytes));
        sums = _mm256_add_epi32(sums, pairs);
    }
    total(sums)
}

#[target_feature(enable = "avx2")]
fn total(sums: __m256i) -> i32 {
    let four = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
    let two = _mm_add_epi32(four, _mm_shuffle_epi32::<0b01_00_11_10>(four));
    _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32::<0b10_11_00_01>(two)))
}
