//! What the kinds of blocks need of an instruction set: 32 floats in registers. No sum is fused with its product, so that
//! all sets give the same bits.

/// Floats side by side.
pub(super) const LANES: usize = 32;
/// As many small numbers, a byte each, from the lowest byte of the first word on.
pub(super) type Numbers = [u64; LANES / 8];

/// An instruction set. A value of one other than [`Portable`] is made only where the CPU is known to have it, which is what
/// makes its methods safe to call; inlined into a function that is compiled for it, they are quick, too.
pub(super) trait Set: Copy {
    /// [`LANES`] floats
    type Lanes: Copy;

    /// Half precision (IEEE 754 binary16).
    fn half(self, bits: u16) -> f32;
    /// Numbers in half precision, lowest byte first.
    fn halves(self, bytes: &[u8; 2 * LANES]) -> Self::Lanes;
    /// The upper halves of numbers in single precision, lowest byte first.
    fn uppers(self, bytes: &[u8; 2 * LANES]) -> Self::Lanes;
    /// Signed bytes.
    fn signed(self, bytes: &[u8; LANES]) -> Self::Lanes;
    /// Signed bytes less `zero`, wrapping.
    fn whole(self, numbers: Numbers, zero: i8) -> Self::Lanes;
    fn read(self, floats: &[f32; LANES]) -> Self::Lanes;
    fn write(self, lanes: Self::Lanes, floats: &mut [f32; LANES]);
    /// Times one number in the first half of the lanes and another in the second.
    fn scaled(self, lanes: Self::Lanes, by: [f32; 2]) -> Self::Lanes;
    /// Plus one number in the first half of the lanes and another in the second.
    fn raised(self, lanes: Self::Lanes, by: [f32; 2]) -> Self::Lanes;
    /// Adds `a * b` to `sum`, product and sum rounded apart.
    fn add_product(self, sum: &mut Self::Lanes, a: Self::Lanes, b: Self::Lanes);
}

/// Half precision (IEEE 754 binary16) without an instruction for it. Shifting the bits into place leaves an exponent that is
/// 112 too small, for subnormal numbers too.
#[inline(always)]
fn half_of(bits: u16) -> f32 {
    let magnitude = u32::from(bits & 0x7fff) << 13;
    let value = f32::from_bits(magnitude) * f32::from_bits((127 + 112) << 23);
    let special = if bits & 0x7c00 == 0x7c00 { 0x7f80_0000 | magnitude } else { value.to_bits() };
    f32::from_bits(special | u32::from(bits & 0x8000) << 16)
}

/// Whatever the target's baseline has.
#[derive(Clone, Copy)]
pub(super) struct Portable;

impl Set for Portable {
    type Lanes = [f32; LANES];

    #[inline(always)]
    fn half(self, bits: u16) -> f32 {
        half_of(bits)
    }

    #[inline(always)]
    fn halves(self, bytes: &[u8; 2 * LANES]) -> [f32; LANES] {
        let (pairs, _) = bytes.as_chunks::<2>();
        std::array::from_fn(|i| half_of(u16::from_le_bytes(pairs[i])))
    }

    #[inline(always)]
    fn uppers(self, bytes: &[u8; 2 * LANES]) -> [f32; LANES] {
        let (pairs, _) = bytes.as_chunks::<2>();
        std::array::from_fn(|i| f32::from_bits(u32::from(u16::from_le_bytes(pairs[i])) << 16))
    }

    #[inline(always)]
    fn signed(self, bytes: &[u8; LANES]) -> [f32; LANES] {
        let mut lanes = [0.0; LANES];
        lanes.iter_mut().zip(bytes).for_each(|(lane, byte)| *lane = f32::from(byte.cast_signed()));
        lanes
    }

    #[inline(always)]
    fn whole(self, numbers: Numbers, zero: i8) -> [f32; LANES] {
        let bytes = numbers.map(u64::to_le_bytes);
        let mut lanes = [0.0; LANES];
        for (lane, byte) in lanes.iter_mut().zip(bytes.as_flattened()) {
            *lane = f32::from(byte.cast_signed().wrapping_sub(zero));
        }
        lanes
    }

    #[inline(always)]
    fn read(self, floats: &[f32; LANES]) -> [f32; LANES] {
        *floats
    }

    #[inline(always)]
    fn write(self, lanes: [f32; LANES], floats: &mut [f32; LANES]) {
        *floats = lanes;
    }

    #[inline(always)]
    fn scaled(self, mut lanes: [f32; LANES], by: [f32; 2]) -> [f32; LANES] {
        let (low, high) = lanes.split_at_mut(LANES / 2);
        low.iter_mut().for_each(|lane| *lane *= by[0]);
        high.iter_mut().for_each(|lane| *lane *= by[1]);
        lanes
    }

    #[inline(always)]
    fn raised(self, mut lanes: [f32; LANES], by: [f32; 2]) -> [f32; LANES] {
        let (low, high) = lanes.split_at_mut(LANES / 2);
        low.iter_mut().for_each(|lane| *lane += by[0]);
        high.iter_mut().for_each(|lane| *lane += by[1]);
        lanes
    }

    #[inline(always)]
    fn add_product(self, sum: &mut [f32; LANES], a: [f32; LANES], b: [f32; LANES]) {
        for ((sum, a), b) in sum.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
}

/// Defines `$name(simd, …)`, which calls `$body`, a function that is always inlined, with the [`Set`] that `simd` proves to exist before its arguments.
macro_rules! with_set {
    (fn $name:ident($simd:ident, $($arg:ident: $ty:ty),* $(,)?) = $body:path) => {
        $crate::cpu::on_each_set! {
            fn $name($simd, $($arg: $ty),*) = $body($crate::blocks::sets::Portable, $($arg),*),
                // SAFETY: the function that this stands in is compiled for AVX2 and F16C, and runs where the CPU has them.
                $body(unsafe { $crate::blocks::avx2::Avx2::proven() }, $($arg),*),
                // SAFETY: and for AVX-512F.
                $body(unsafe { $crate::blocks::avx512::Avx512::proven() }, $($arg),*)
        }
    };
}
pub(super) use with_set;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Simd;

    #[inline(always)]
    fn halves_of<S: Set>(set: S, (single, many): (&mut [f32], &mut [f32])) {
        for (i, (single, many)) in single.chunks_exact_mut(LANES).zip(many.as_chunks_mut::<LANES>().0).enumerate() {
            let bits = |j: usize| (i * LANES + j) as u16;
            single.iter_mut().enumerate().for_each(|(j, half)| *half = set.half(bits(j)));
            let bytes: [u8; 2 * LANES] = std::array::from_fn(|j| bits(j / 2).to_le_bytes()[j % 2]);
            set.write(set.halves(&bytes), many);
        }
    }

    with_set! {
        fn all_halves(simd, into: (&mut [f32], &mut [f32])) = halves_of
    }

    #[test]
    fn halves_are_read_as_ieee_says() {
        let known = [(0x0000, 0.0), (0x3c00, 1.0), (0xc000, -2.0), (0x7bff, 65504.0), (0x3555, 0.333_251_95)];
        for (bits, want) in known.into_iter().chain([(0x0001, 5.960_464_5e-8), (0x8001, -5.960_464_5e-8)]) {
            assert_eq!(half_of(bits), want);
        }
        assert_eq!(half_of(0x7c00), f32::INFINITY);
        assert_eq!(half_of(0xfc00), f32::NEG_INFINITY);
        assert!(half_of(0x7e01).is_nan());
    }

    #[test]
    fn every_half_is_the_same_on_every_instruction_set() {
        for simd in Simd::all() {
            let (mut single, mut many) = (vec![0.0; 1 << 16], vec![0.0; 1 << 16]);
            all_halves(simd, (&mut single, &mut many));
            for ((bits, single), many) in (0..=u16::MAX).zip(&single).zip(&many) {
                let want = half_of(bits);
                let same = |got: f32| got.to_bits() == want.to_bits() || got.is_nan() && want.is_nan();
                assert!(same(*single) && same(*many), "{simd:?}: {bits:#x}");
            }
        }
    }
}
