//! AVX2 with FMA: up to six rows by sixteen outputs held in twelve registers.

use std::arch::x86_64::{
    __m256, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_storeu_ps,
};

use super::{HEIGHT, Tile, WIDTH};
use crate::Simd;
use crate::cpu::Kind;

/// Sums of one tile; the rows past `tile.height` are zero.
pub(super) fn sums(simd: Simd, tile: &Tile<'_>) -> [[f32; WIDTH]; HEIGHT] {
    assert_eq!(simd.kind(), Kind::Avx2Fma);
    let mut out = [[0.0; WIDTH]; HEIGHT];
    // SAFETY: a `Simd` of this kind is made only after the CPU was found to have AVX2 and FMA.
    unsafe {
        match tile.height {
            6 => rows::<6>(tile, &mut out),
            5 => rows::<5>(tile, &mut out),
            4 => rows::<4>(tile, &mut out),
            3 => rows::<3>(tile, &mut out),
            2 => rows::<2>(tile, &mut out),
            _ => rows::<1>(tile, &mut out),
        }
    }
    out
}

#[target_feature(enable = "avx2,fma")]
fn rows<const N: usize>(tile: &Tile<'_>, out: &mut [[f32; WIDTH]; HEIGHT]) {
    let a: [&[f32]; N] = std::array::from_fn(|i| tile.row(i));
    let mut sums: [[__m256; 2]; N] = [[_mm256_setzero_ps(); 2]; N];
    for (k, b) in tile.panel.chunks_exact(WIDTH).enumerate() {
        // SAFETY: `b` holds WIDTH = 16 floats: two unaligned loads of eight stay inside.
        let (low, high) = unsafe { (_mm256_loadu_ps(b.as_ptr()), _mm256_loadu_ps(b.as_ptr().add(8))) };
        for (sum, row) in sums.iter_mut().zip(&a) {
            // SAFETY: `row` is as long as the panel is deep (`Tile::row`), and `k` counts the panel's depth.
            let value = _mm256_set1_ps(unsafe { *row.get_unchecked(k) });
            sum[0] = _mm256_fmadd_ps(value, low, sum[0]);
            sum[1] = _mm256_fmadd_ps(value, high, sum[1]);
        }
    }
    for (into, sum) in out.iter_mut().zip(&sums) {
        // SAFETY: `into` holds WIDTH = 16 floats: two unaligned stores of eight stay inside.
        unsafe {
            _mm256_storeu_ps(into.as_mut_ptr(), sum[0]);
            _mm256_storeu_ps(into.as_mut_ptr().add(8), sum[1]);
        }
    }
}
