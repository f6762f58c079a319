//! AVX-512 with BW and VNNI: a word of a row's bits is the mask under which 64 values are added, for four rows at once.

use std::arch::x86_64::{
    __m128i, __m256i, __m512i, _MM_HINT_T0, _mm_add_epi32, _mm_prefetch, _mm_storeu_si128, _mm256_add_epi32,
    _mm256_castsi256_si128, _mm256_extracti128_si256, _mm256_loadu_si256, _mm512_add_epi32, _mm512_castsi512_si256,
    _mm512_cvtepi8_epi16, _mm512_dpbusd_epi32, _mm512_dpwssd_epi32, _mm512_extracti64x4_epi64, _mm512_loadu_si512,
    _mm512_maskz_mov_epi8, _mm512_set1_epi8, _mm512_setzero_si512, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64,
    _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};

use super::{Table, WORD};
use crate::Simd;
use crate::cpu::Kind;

/// Rows that are summed side by side.
const FOUR: usize = 4;
/// Bytes that fill a register when they are widened.
const HALF: usize = WORD / 2;
/// How many rows ahead memory is asked for.
const AHEAD: usize = 32;

pub(super) fn bit_sums(simd: Simd, values: &[i8], table: Table<'_>, rows: &[u32], out: &mut [i32]) {
    assert_eq!(simd.kind(), Kind::Avx512);
    // SAFETY: a `Simd` of this kind is made only after the CPU was found to have AVX-512F, BW and VNNI.
    unsafe { sums_of(values, table, rows, out) }
}

pub(super) fn dots(simd: Simd, values: &[i8], table: Table<'_>, out: &mut [i32]) {
    assert_eq!(simd.kind(), Kind::Avx512);
    // SAFETY: a `Simd` of this kind is made only after the CPU was found to have AVX-512F, BW and VNNI.
    unsafe { dots_of(values, table, out) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn sums_of(values: &[i8], table: Table<'_>, rows: &[u32], out: &mut [i32]) {
    let len = values.len() / 8;
    let ((fours, rest), (out_fours, out_rest)) = (rows.as_chunks::<FOUR>(), out.as_chunks_mut::<FOUR>());
    rows.iter().take(AHEAD).for_each(|row| expect(table, *row, len));
    for (i, (four, out)) in fours.iter().zip(out_fours).enumerate() {
        for row in rows.get(i * FOUR + AHEAD..).unwrap_or_default().iter().take(FOUR) {
            expect(table, *row, len);
        }
        *out = bit_sums_of_four(values, rows_of(table, four, len));
    }
    for (row, out) in rest.iter().zip(out_rest) {
        [*out, ..] = bit_sums_of_four(values, rows_of(table, &[*row; FOUR], len));
    }
}

/// Asks for the memory of a row.
#[inline(always)]
fn expect(table: Table<'_>, row: u32, len: usize) {
    let row = table.row(row as usize, len);
    // SAFETY: a hint, which reads nothing; the CPU has it as all of its kind have.
    unsafe {
        _mm_prefetch::<_MM_HINT_T0>(row.as_ptr().cast());
        // a short row lies in two lines at most
        _mm_prefetch::<_MM_HINT_T0>(row.as_ptr().wrapping_add(len - 1).cast());
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn bit_sums_of_four(values: &[i8], rows: [&[u8]; FOUR]) -> [i32; FOUR] {
    let [a, b, c, d] = rows;
    let bits = [a.as_chunks::<8>().0, b.as_chunks::<8>().0, c.as_chunks::<8>().0, d.as_chunks::<8>().0];
    let mut sums = [_mm512_setzero_si512(); FOUR];
    for (w, values) in values.as_chunks::<WORD>().0.iter().enumerate() {
        // SAFETY: `values` holds WORD = 64 bytes.
        let values = unsafe { _mm512_loadu_si512(values.as_ptr().cast()) };
        for (sum, bits) in sums.iter_mut().zip(&bits) {
            let set = _mm512_maskz_mov_epi8(u64::from_le_bytes(bits[w]), values);
            *sum = _mm512_dpbusd_epi32(*sum, _mm512_set1_epi8(1), set);
        }
    }
    totals(sums)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn dots_of(values: &[i8], table: Table<'_>, out: &mut [i32]) {
    let (fours, rest) = out.as_chunks_mut::<FOUR>();
    let after = fours.len() * FOUR;
    for (i, out) in (0..).step_by(FOUR).zip(fours) {
        *out = dots_of_four(values, rows_of(table, &[i, i + 1, i + 2, i + 3], values.len()));
    }
    for (i, out) in (after as u32..).zip(rest) {
        [*out, ..] = dots_of_four(values, rows_of(table, &[i; FOUR], values.len()));
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn dots_of_four(values: &[i8], rows: [&[u8]; FOUR]) -> [i32; FOUR] {
    let [a, b, c, d] = rows;
    let bytes = [a.as_chunks().0, b.as_chunks().0, c.as_chunks().0, d.as_chunks().0];
    let mut sums = [_mm512_setzero_si512(); FOUR];
    for (half, values) in values.as_chunks::<HALF>().0.iter().enumerate() {
        let values = widened(values);
        for (sum, bytes) in sums.iter_mut().zip(&bytes) {
            *sum = _mm512_dpwssd_epi32(*sum, values, widened(&bytes[half]));
        }
    }
    totals(sums)
}

/// Four rows. (The methods of arrays take closures, into which the features do not reach.)
#[inline(always)]
fn rows_of<'a>(table: Table<'a>, rows: &[u32; FOUR], len: usize) -> [&'a [u8]; FOUR] {
    let [a, b, c, d] = *rows;
    [table.row(a as usize, len), table.row(b as usize, len), table.row(c as usize, len), table.row(d as usize, len)]
}

/// The sum of the sixteen numbers of each.
#[inline]
#[target_feature(enable = "avx512f")]
fn totals([a, b, c, d]: [__m512i; FOUR]) -> [i32; FOUR] {
    let ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    let cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    let four = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    let half = _mm256_add_epi32(_mm512_castsi512_si256(four), _mm512_extracti64x4_epi64::<1>(four));
    let sums = _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256::<1>(half));
    let mut out = [0; FOUR];
    // SAFETY: `out` holds sixteen bytes.
    unsafe { _mm_storeu_si128(out.as_mut_ptr().cast::<__m128i>(), sums) };
    out
}

/// Signed bytes, each in sixteen bits.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn widened<T>(bytes: &[T; HALF]) -> __m512i {
    const { assert!(size_of::<T>() == 1) };
    // SAFETY: 32 bytes are there.
    _mm512_cvtepi8_epi16(unsafe { _mm256_loadu_si256(bytes.as_ptr().cast::<__m256i>()) })
}
