//! AVX2 with F16C: four registers of eight floats.

use std::arch::asm;
use std::arch::x86_64::{
    __m128, __m128i, __m256, __m256i, _mm_cvtss_f32, _mm_loadl_epi64, _mm_loadu_si128, _mm_srli_si128, _mm256_add_ps,
    _mm256_castsi256_ps, _mm256_castsi256_si128, _mm256_cvtepi8_epi32, _mm256_cvtepi32_ps, _mm256_cvtepu16_epi32,
    _mm256_cvtph_ps, _mm256_extracti128_si256, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_mul_ps, _mm256_set1_epi8,
    _mm256_set1_ps, _mm256_slli_epi32, _mm256_storeu_ps, _mm256_sub_epi8,
};

use super::sets::{LANES, Numbers, Set};

/// Floats in a register.
const WIDTH: usize = 8;

/// Proof of AVX2 and F16C.
#[derive(Clone, Copy)]
pub(super) struct Avx2(());

impl Avx2 {
    /// # Safety
    /// The CPU has AVX2 and F16C, and the caller is compiled for both.
    #[inline(always)]
    pub(super) unsafe fn proven() -> Self {
        Self(())
    }
}

/// Half precision, by VMOVD and VCVTPH2PS. Of the intrinsics the compiler makes a VPINSRW, whose other words come from any
/// register, and takes that of the sum: each block then waits for the one before it, at half the speed.
#[inline(always)]
pub(super) fn half(bits: u16, _: Avx2) -> f32 {
    // SAFETY: the CPU has the instructions, for there is an `Avx2`; they read and write these registers, and of the flags those of floating-point exceptions.
    unsafe {
        let lane: __m128;
        asm!("vmovd {0}, {1:e}", "vcvtph2ps {0}, {0}", out(xmm_reg) lane, in(reg) u32::from(bits),
            options(pure, nomem, nostack));
        _mm_cvtss_f32(lane)
    }
}

// SAFETY of all blocks below: the CPU has the instructions, for there is an `Avx2`; reads and writes stay in arrays whose
// lengths are those of the lanes.
#[allow(clippy::undocumented_unsafe_blocks, reason = "one reason for all, above")]
impl Set for Avx2 {
    type Lanes = [__m256; LANES / WIDTH];

    #[inline(always)]
    fn half(self, bits: u16) -> f32 {
        half(bits, self)
    }

    #[inline(always)]
    fn halves(self, bytes: &[u8; 2 * LANES]) -> Self::Lanes {
        let from = bytes.as_ptr().cast::<__m128i>();
        unsafe { [0, 1, 2, 3].map(|i| _mm256_cvtph_ps(_mm_loadu_si128(from.add(i)))) }
    }

    #[inline(always)]
    fn uppers(self, bytes: &[u8; 2 * LANES]) -> Self::Lanes {
        let from = bytes.as_ptr().cast::<__m128i>();
        let wide = |numbers| unsafe { _mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(numbers)) };
        unsafe { [0, 1, 2, 3].map(|i| _mm256_castsi256_ps(wide(_mm_loadu_si128(from.add(i))))) }
    }

    #[inline(always)]
    fn signed(self, bytes: &[u8; LANES]) -> Self::Lanes {
        let from = bytes.as_ptr();
        let eight = |i: usize| unsafe { _mm_loadl_epi64(from.add(i * WIDTH).cast::<__m128i>()) };
        [0, 1, 2, 3].map(|i| unsafe { _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(eight(i))) })
    }

    #[inline(always)]
    fn whole(self, numbers: Numbers, zero: i8) -> Self::Lanes {
        unsafe {
            let bytes = _mm256_loadu_si256(numbers.as_ptr().cast::<__m256i>());
            let bytes = _mm256_sub_epi8(bytes, _mm256_set1_epi8(zero));
            let (low, high) = (_mm256_castsi256_si128(bytes), _mm256_extracti128_si256::<1>(bytes));
            let eights = [low, _mm_srli_si128::<8>(low), high, _mm_srli_si128::<8>(high)];
            eights.map(|eight| _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(eight)))
        }
    }

    #[inline(always)]
    fn read(self, floats: &[f32; LANES]) -> Self::Lanes {
        unsafe { [0, 1, 2, 3].map(|i| _mm256_loadu_ps(floats.as_ptr().add(i * WIDTH))) }
    }

    #[inline(always)]
    fn write(self, lanes: Self::Lanes, floats: &mut [f32; LANES]) {
        for (i, lane) in lanes.into_iter().enumerate() {
            unsafe { _mm256_storeu_ps(floats.as_mut_ptr().add(i * WIDTH), lane) };
        }
    }

    #[inline(always)]
    fn scaled(self, [a, b, c, d]: Self::Lanes, by: [f32; 2]) -> Self::Lanes {
        unsafe {
            let [low, high] = by.map(|by| _mm256_set1_ps(by));
            [_mm256_mul_ps(a, low), _mm256_mul_ps(b, low), _mm256_mul_ps(c, high), _mm256_mul_ps(d, high)]
        }
    }

    #[inline(always)]
    fn raised(self, [a, b, c, d]: Self::Lanes, by: [f32; 2]) -> Self::Lanes {
        unsafe {
            let [low, high] = by.map(|by| _mm256_set1_ps(by));
            [_mm256_add_ps(a, low), _mm256_add_ps(b, low), _mm256_add_ps(c, high), _mm256_add_ps(d, high)]
        }
    }

    #[inline(always)]
    fn add_product(self, sum: &mut Self::Lanes, a: Self::Lanes, b: Self::Lanes) {
        for (sum, (a, b)) in sum.iter_mut().zip(a.into_iter().zip(b)) {
            *sum = unsafe { _mm256_add_ps(*sum, _mm256_mul_ps(a, b)) };
        }
    }
}
