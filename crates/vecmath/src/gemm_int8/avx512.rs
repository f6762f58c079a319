//! AVX-512 with VNNI: bytes are widened to sixteen bits as they are read, once for up to twelve rows; one instruction
//! multiplies pairs and adds them to their sum in 32 bits.

use std::arch::asm;
use std::arch::x86_64::{
    __m256i, __m512i, _mm256_loadu_si256, _mm512_add_ps, _mm512_cvtepi8_epi16, _mm512_cvtepi32_ps, _mm512_loadu_ps,
    _mm512_mul_ps, _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_si512, _mm512_storeu_ps,
};

use super::{SPAN, Strip, WIDTH};
use crate::Simd;
use crate::cpu::Kind;
use crate::gemm::RowsMut;

pub(super) fn strip(simd: Simd, strip: &Strip<'_>, y: &mut RowsMut<'_>) {
    assert_eq!(simd.kind(), Kind::Avx512);
    // SAFETY: a `Simd` of this kind is made only after the CPU was found to have AVX-512F, BW and VNNI.
    unsafe {
        match strip.columns.width > WIDTH {
            true => tiles::<2, SPAN>(strip, y),
            false => tiles::<1, WIDTH>(strip, y),
        }
    }
}

/// With `P` panels of together `W` outputs.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn tiles<const P: usize, const W: usize>(strip: &Strip<'_>, y: &mut RowsMut<'_>) {
    let (rows, mut row) = (strip.x.rows(), 0);
    while row < rows {
        row += match rows - row {
            12.. => tile::<12, P, W>(strip, row, y),
            8.. => tile::<8, P, W>(strip, row, y),
            4.. => tile::<4, P, W>(strip, row, y),
            3 => tile::<3, P, W>(strip, row, y),
            2 => tile::<2, P, W>(strip, row, y),
            _ => tile::<1, P, W>(strip, row, y),
        };
    }
}

/// Multiplies pairs of sixteen-bit numbers and adds both products to each sum: VPDPWSSD. The compiler takes the intrinsic of
/// that name apart into a product and a sum, which share their ports: a third of the speed is lost.
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
fn add_products(mut sums: __m512i, a: __m512i, b: __m512i) -> __m512i {
    // SAFETY: the CPU has the instruction (`target_feature`), which reads and writes these registers alone.
    unsafe {
        asm!("vpdpwssd {0}, {1}, {2}", inout(zmm_reg) sums, in(zmm_reg) a, in(zmm_reg) b, options(pure, nomem, nostack, preserves_flags));
    }
    sums
}

/// Takes `N` rows, and returns that number.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn tile<const N: usize, const P: usize, const W: usize>(strip: &Strip<'_>, from: usize, y: &mut RowsMut<'_>) -> usize {
    let stride = strip.x.stride();
    let (mut levels, mut scales): ([&[i16]; N], [f32; N]) = ([&[]; N], [0.0; N]);
    for i in 0..N {
        (levels[i], scales[i]) = strip.x.row(from + i);
    }
    let mut panels: [&[i8]; P] = [&[]; P];
    for (into, (_, panel)) in panels.iter_mut().zip(strip.panels()) {
        *into = panel;
    }
    assert!(panels.iter().all(|panel| panel.len() == stride * WIDTH) && levels.iter().all(|row| row.len() == stride));
    let mut sums: [[__m512i; P]; N] = [[_mm512_setzero_si512(); P]; N];
    for pair in 0..stride / 2 {
        let mut bytes = [_mm512_setzero_si512(); P];
        for (bytes, panel) in bytes.iter_mut().zip(&panels) {
            // SAFETY: a panel holds 2 * WIDTH = 32 bytes for each of `stride / 2` pairs.
            let read = unsafe { _mm256_loadu_si256(panel.as_ptr().cast::<__m256i>().add(pair)) };
            *bytes = _mm512_cvtepi8_epi16(read);
        }
        for (sum, row) in sums.iter_mut().zip(&levels) {
            // SAFETY: a row holds two levels for each of `stride / 2` pairs.
            let two = _mm512_set1_epi32(unsafe { row.as_ptr().cast::<i32>().add(pair).read_unaligned() });
            for (sum, bytes) in sum.iter_mut().zip(&bytes) {
                *sum = add_products(*sum, two, *bytes);
            }
        }
    }
    let mut out = [[0.0; W]; N];
    for ((row, sum), scale) in out.iter_mut().zip(&sums).zip(scales) {
        let scale = _mm512_set1_ps(scale);
        for (p, sum) in sum.iter().enumerate() {
            let part = p * WIDTH..(p + 1) * WIDTH;
            let (into, weights, bias) =
                (&mut row[part.clone()], &strip.scales[part.clone()], &strip.columns.bias[part]);
            // SAFETY: all three slices hold WIDTH = 16 floats.
            unsafe {
                let weight = _mm512_mul_ps(scale, _mm512_loadu_ps(weights.as_ptr()));
                let value = _mm512_mul_ps(_mm512_cvtepi32_ps(*sum), weight);
                _mm512_storeu_ps(into.as_mut_ptr(), _mm512_add_ps(value, _mm512_loadu_ps(bias.as_ptr())));
            }
        }
    }
    strip.columns.keep((from, 0), &mut out, y);
    N
}
