//! AVX-512: up to twelve rows by two panels, whose sums fill 24 of 32 registers.

use std::arch::x86_64::{
    __m512, _mm512_add_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_storeu_ps,
};

use super::{RowsMut, SPAN, Strip, WIDTH};
use crate::Simd;
use crate::cpu::Kind;

pub(super) fn strip(simd: Simd, strip: &Strip<'_>, y: &mut RowsMut<'_>) {
    assert_eq!(simd.kind(), Kind::Avx512);
    // SAFETY: a `Simd` of this kind is made only after the CPU was found to have AVX-512F.
    unsafe {
        match strip.columns.width > WIDTH {
            true => tiles::<2, SPAN>(strip, y),
            false => tiles::<1, WIDTH>(strip, y),
        }
    }
}

/// With `P` panels of together `W` outputs.
#[target_feature(enable = "avx512f")]
fn tiles<const P: usize, const W: usize>(strip: &Strip<'_>, y: &mut RowsMut<'_>) {
    let mut row = 0;
    while row < strip.x.rows {
        row += match strip.x.rows - row {
            12.. => tile::<12, P, W>(strip, row, y),
            8.. => tile::<8, P, W>(strip, row, y),
            4.. => tile::<4, P, W>(strip, row, y),
            3 => tile::<3, P, W>(strip, row, y),
            2 => tile::<2, P, W>(strip, row, y),
            _ => tile::<1, P, W>(strip, row, y),
        };
    }
}

/// Takes `N` rows, and returns that number.
#[target_feature(enable = "avx512f")]
fn tile<const N: usize, const P: usize, const W: usize>(strip: &Strip<'_>, from: usize, y: &mut RowsMut<'_>) -> usize {
    let depth = strip.x.cols;
    let mut a: [&[f32]; N] = [&[]; N];
    for (i, row) in a.iter_mut().enumerate() {
        *row = strip.row(from + i);
    }
    let mut panels: [&[f32]; P] = [&[]; P];
    for (into, (_, panel)) in panels.iter_mut().zip(strip.panels()) {
        *into = panel;
    }
    assert!(panels.iter().all(|panel| panel.len() == depth * WIDTH));
    let mut sums: [[__m512; P]; N] = [[_mm512_setzero_ps(); P]; N];
    for k in 0..depth {
        let mut b = [_mm512_setzero_ps(); P];
        for (b, panel) in b.iter_mut().zip(&panels) {
            // SAFETY: a panel holds WIDTH = 16 floats for each of `depth` inputs.
            *b = unsafe { _mm512_loadu_ps(panel.as_ptr().add(k * WIDTH)) };
        }
        for (sum, row) in sums.iter_mut().zip(&a) {
            // SAFETY: a row holds `depth` floats (`Strip::row`).
            let value = _mm512_set1_ps(unsafe { *row.get_unchecked(k) });
            for (sum, b) in sum.iter_mut().zip(&b) {
                *sum = _mm512_fmadd_ps(value, *b, *sum);
            }
        }
    }
    let mut out = [[0.0; W]; N];
    for (row, sum) in out.iter_mut().zip(&sums) {
        for (p, sum) in sum.iter().enumerate() {
            let (into, bias) = (&mut row[p * WIDTH..][..WIDTH], &strip.columns.bias[p * WIDTH..][..WIDTH]);
            // SAFETY: both slices hold WIDTH = 16 floats.
            unsafe { _mm512_storeu_ps(into.as_mut_ptr(), _mm512_add_ps(*sum, _mm512_loadu_ps(bias.as_ptr()))) };
        }
    }
    strip.columns.keep((from, 0), &mut out, y);
    N
}
