//! AVX2 with FMA: up to six rows by sixteen outputs, whose sums fill twelve of sixteen registers.

use std::arch::x86_64::{
    __m256, _mm256_add_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_storeu_ps,
};

use super::{RowsMut, Strip, WIDTH};
use crate::Simd;
use crate::cpu::Kind;

const HEIGHT: usize = 6;

pub(super) fn strip(simd: Simd, strip: &Strip<'_>, y: &mut RowsMut<'_>) {
    assert_eq!(simd.kind(), Kind::Avx2Fma);
    // SAFETY: a `Simd` of this kind is made only after the CPU was found to have AVX2 and FMA.
    unsafe { tiles(strip, y) }
}

#[target_feature(enable = "avx2,fma")]
fn tiles(strip: &Strip<'_>, y: &mut RowsMut<'_>) {
    for panel in strip.panels() {
        for row in (0..strip.x.rows).step_by(HEIGHT) {
            match strip.x.rows - row {
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
fn tile<const N: usize>(strip: &Strip<'_>, (at, panel): (usize, &[f32]), from: usize, y: &mut RowsMut<'_>) {
    let mut a: [&[f32]; N] = [&[]; N];
    for (i, row) in a.iter_mut().enumerate() {
        *row = strip.row(from + i);
    }
    let mut sums: [[__m256; 2]; N] = [[_mm256_setzero_ps(); 2]; N];
    for (k, b) in panel.chunks_exact(WIDTH).enumerate() {
        // SAFETY: `b` holds WIDTH = 16 floats: two unaligned loads of eight stay inside.
        let (low, high) = unsafe { (_mm256_loadu_ps(b.as_ptr()), _mm256_loadu_ps(b.as_ptr().add(8))) };
        for (sum, row) in sums.iter_mut().zip(&a) {
            // SAFETY: `row` is as long as the panel is deep (`Strip::panels`), and `k` counts the panel's depth.
            let value = _mm256_set1_ps(unsafe { *row.get_unchecked(k) });
            sum[0] = _mm256_fmadd_ps(value, low, sum[0]);
            sum[1] = _mm256_fmadd_ps(value, high, sum[1]);
        }
    }
    let bias: &[f32] = &strip.columns.bias[at..][..WIDTH];
    // SAFETY: `bias` holds WIDTH = 16 floats: two unaligned loads of eight stay inside.
    let bias = unsafe { [_mm256_loadu_ps(bias.as_ptr()), _mm256_loadu_ps(bias.as_ptr().add(8))] };
    let mut out = [[0.0; WIDTH]; N];
    for (row, sum) in out.iter_mut().zip(&sums) {
        // SAFETY: `row` holds WIDTH = 16 floats: two unaligned stores of eight stay inside.
        unsafe {
            _mm256_storeu_ps(row.as_mut_ptr(), _mm256_add_ps(sum[0], bias[0]));
            _mm256_storeu_ps(row.as_mut_ptr().add(8), _mm256_add_ps(sum[1], bias[1]));
        }
    }
    strip.columns.keep((from, at), &mut out, y);
}
