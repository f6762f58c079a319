//! AVX-512F: two registers of sixteen floats.

use std::arch::x86_64::{
    __m128i, __m256i, __m512, _mm_loadu_si128, _mm256_castsi256_si128, _mm256_extracti128_si256, _mm256_loadu_si256,
    _mm256_set1_epi8, _mm256_sub_epi8, _mm512_add_ps, _mm512_castsi512_ps, _mm512_cvtepi8_epi32, _mm512_cvtepi32_ps,
    _mm512_cvtepu16_epi32, _mm512_cvtph_ps, _mm512_loadu_ps, _mm512_mul_ps, _mm512_set1_ps, _mm512_slli_epi32,
    _mm512_storeu_ps,
};

use super::avx2::{self, Avx2};
use super::sets::{LANES, Numbers, Set};

/// Floats in a register.
const WIDTH: usize = 16;

/// Proof of AVX-512F, AVX2 and F16C.
#[derive(Clone, Copy)]
pub(super) struct Avx512(Avx2);

impl Avx512 {
    /// # Safety
    /// The CPU has AVX-512F, AVX2 and F16C, and the caller is compiled for all three.
    #[inline(always)]
    pub(super) unsafe fn proven() -> Self {
        // SAFETY: as the caller says.
        Self(unsafe { Avx2::proven() })
    }
}

// SAFETY of all blocks below: the CPU has the instructions, for there is an `Avx512`; reads and writes stay in arrays whose
// lengths are those of the lanes.
#[allow(clippy::undocumented_unsafe_blocks, reason = "one reason for all, above")]
impl Set for Avx512 {
    type Lanes = [__m512; LANES / WIDTH];

    #[inline(always)]
    fn half(self, bits: u16) -> f32 {
        avx2::half(bits, self.0)
    }

    #[inline(always)]
    fn halves(self, bytes: &[u8; 2 * LANES]) -> Self::Lanes {
        let from = bytes.as_ptr().cast::<__m256i>();
        unsafe { [0, 1].map(|i| _mm512_cvtph_ps(_mm256_loadu_si256(from.add(i)))) }
    }

    #[inline(always)]
    fn uppers(self, bytes: &[u8; 2 * LANES]) -> Self::Lanes {
        let from = bytes.as_ptr().cast::<__m256i>();
        let wide = |numbers| unsafe { _mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(numbers)) };
        unsafe { [0, 1].map(|i| _mm512_castsi512_ps(wide(_mm256_loadu_si256(from.add(i))))) }
    }

    #[inline(always)]
    fn signed(self, bytes: &[u8; LANES]) -> Self::Lanes {
        let from = bytes.as_ptr().cast::<__m128i>();
        [0, 1].map(|i| unsafe { _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(from.add(i)))) })
    }

    #[inline(always)]
    fn whole(self, numbers: Numbers, zero: i8) -> Self::Lanes {
        unsafe {
            let bytes = _mm256_loadu_si256(numbers.as_ptr().cast::<__m256i>());
            let bytes = _mm256_sub_epi8(bytes, _mm256_set1_epi8(zero));
            [_mm256_castsi256_si128(bytes), _mm256_extracti128_si256::<1>(bytes)]
                .map(|half| _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(half)))
        }
    }

    #[inline(always)]
    fn read(self, floats: &[f32; LANES]) -> Self::Lanes {
        unsafe { [0, 1].map(|i| _mm512_loadu_ps(floats.as_ptr().add(i * WIDTH))) }
    }

    #[inline(always)]
    fn write(self, lanes: Self::Lanes, floats: &mut [f32; LANES]) {
        for (i, lane) in lanes.into_iter().enumerate() {
            unsafe { _mm512_storeu_ps(floats.as_mut_ptr().add(i * WIDTH), lane) };
        }
    }

    #[inline(always)]
    fn scaled(self, [a, b]: Self::Lanes, [low, high]: [f32; 2]) -> Self::Lanes {
        unsafe { [_mm512_mul_ps(a, _mm512_set1_ps(low)), _mm512_mul_ps(b, _mm512_set1_ps(high))] }
    }

    #[inline(always)]
    fn raised(self, [a, b]: Self::Lanes, [low, high]: [f32; 2]) -> Self::Lanes {
        unsafe { [_mm512_add_ps(a, _mm512_set1_ps(low)), _mm512_add_ps(b, _mm512_set1_ps(high))] }
    }

    #[inline(always)]
    fn add_product(self, [s, t]: &mut Self::Lanes, [a, b]: Self::Lanes, [c, d]: Self::Lanes) {
        unsafe {
            *s = _mm512_add_ps(*s, _mm512_mul_ps(a, c));
            *t = _mm512_add_ps(*t, _mm512_mul_ps(b, d));
        }
    }
}
