//! AVX2: bytes are widened to sixteen bits as they are read, once for six rows; pairs of products are summed in 32 bits.

use std::arch::x86_64::{
    __m128i, __m256i, _mm_loadu_si128, _mm256_add_epi32, _mm256_add_ps, _mm256_cvtepi8_epi16, _mm256_cvtepi32_ps,
    _mm256_loadu_ps, _mm256_madd_epi16, _mm256_mul_ps, _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_si256,
    _mm256_storeu_ps,
};

use super::{Strip, WIDTH};
use crate::Simd;
use crate::cpu::Kind;
use crate::gemm::RowsMut;

const HEIGHT: usize = 6;

pub(super) fn strip(simd: Simd, strip: &Strip<'_>, y: &mut RowsMut<'_>) {
    assert_eq!(simd.kind(), Kind::Avx2Fma);
    // SAFETY: a `Simd` of this kind is made only after the CPU was found to have AVX2.
    unsafe { tiles(strip, y) }
}

#[target_feature(enable = "avx2,fma")]
fn tiles(strip: &Strip<'_>, y: &mut RowsMut<'_>) {
    let rows = strip.x.rows();
    for panel in strip.panels() {
        for row in (0..rows).step_by(HEIGHT) {
            match rows - row {
                HEIGHT.. => tile::<HEIGHT>(strip, panel, row, y),
                5 => tile::<5>(strip, panel, row, y),
                4 => tile::<4>(strip, panel, row, y),
                3 => tile::<3>(strip, panel, row, y),
                2 => tile::<2>(strip, panel, row, y),
                _ => tile::<1>(strip, panel, row, y),
            }
        }
    }
}

#[target_feature(enable = "avx2,fma")]
fn tile<const N: usize>(strip: &Strip<'_>, (at, panel): (usize, &[i8]), from: usize, y: &mut RowsMut<'_>) {
    let mut levels: [&[i16]; N] = [&[]; N];
    let mut scales = [0.0; N];
    for i in 0..N {
        (levels[i], scales[i]) = strip.x.row(from + i);
    }
    let mut sums: [[__m256i; 2]; N] = [[_mm256_setzero_si256(); 2]; N];
    for (pair, bytes) in panel.chunks_exact(2 * WIDTH).enumerate() {
        // SAFETY: `bytes` holds 2 * WIDTH = 32 bytes: two unaligned loads of sixteen stay inside.
        let (low, high) = unsafe {
            let at = bytes.as_ptr().cast::<__m128i>();
            (_mm256_cvtepi8_epi16(_mm_loadu_si128(at)), _mm256_cvtepi8_epi16(_mm_loadu_si128(at.add(1))))
        };
        for (sum, row) in sums.iter_mut().zip(&levels) {
            // SAFETY: a row has two levels for each pair of the panel (`Strip::panels`), and `pair` counts them.
            let two = _mm256_set1_epi32(unsafe { row.as_ptr().cast::<i32>().add(pair).read_unaligned() });
            sum[0] = _mm256_add_epi32(sum[0], _mm256_madd_epi16(two, low));
            sum[1] = _mm256_add_epi32(sum[1], _mm256_madd_epi16(two, high));
        }
    }
    let (weights, bias): (&[f32], &[f32]) = (&strip.scales[at..][..WIDTH], &strip.columns.bias[at..][..WIDTH]);
    let mut out = [[0.0; WIDTH]; N];
    for ((row, sum), scale) in out.iter_mut().zip(&sums).zip(scales) {
        let scale = _mm256_set1_ps(scale);
        for (half, sum) in sum.iter().enumerate() {
            // SAFETY: weights, bias and `row` hold WIDTH = 16 floats: eight from 0 or 8 stay inside.
            unsafe {
                let weight = _mm256_mul_ps(scale, _mm256_loadu_ps(weights.as_ptr().add(8 * half)));
                let value = _mm256_mul_ps(_mm256_cvtepi32_ps(*sum), weight);
                let value = _mm256_add_ps(value, _mm256_loadu_ps(bias.as_ptr().add(8 * half)));
                _mm256_storeu_ps(row.as_mut_ptr().add(8 * half), value);
            }
        }
    }
    strip.columns.keep((from, at), &mut out, y);
}
