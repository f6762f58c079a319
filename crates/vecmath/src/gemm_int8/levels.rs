use crate::Simd;
use crate::cpu::dispatch;
use crate::exp::MAGIC;
use crate::gemm::Rows;

/// Rows of numbers rounded to whole levels, each row with a scale of its own: `levels[i] * scale` is the number that was
/// rounded. A row that holds what is not finite has a scale that is not.
#[derive(Debug, Clone, Default)]
pub struct Levels {
    // [rows, stride]: the inputs, padded to an even number
    levels: Vec<i16>,
    scales: Vec<f32>,
    inputs: usize,
}

/// The greatest level of rows of `inputs` numbers: as many as sixteen bits hold, and so few that `inputs` products with
/// bytes of at most 127 can be summed in 32 bits.
fn most(inputs: usize) -> f32 {
    let pairs = inputs.next_multiple_of(2).max(2);
    (i32::MAX as usize / (127 * pairs)).min(i16::MAX as usize) as f32
}

impl Levels {
    /// Rounds the rows of `x`, in place of what was there.
    pub fn round(&mut self, simd: Simd, x: Rows<'_>) {
        let (rows, inputs) = x.shape();
        self.inputs = inputs;
        self.scales.resize(rows, 0.0);
        self.levels.resize(rows * self.stride(), 0);
        let (stride, most) = (self.stride(), most(inputs));
        for (i, scale) in self.scales.iter_mut().enumerate() {
            let levels = &mut self.levels[i * stride..][..stride];
            // the padding
            levels[inputs..].fill(0);
            round_row(simd, x.row(i), most, &mut levels[..inputs], scale);
        }
    }

    /// Numbers of a row.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    pub(super) fn rows(&self) -> usize {
        self.scales.len()
    }

    /// Levels from one row to the next.
    pub(super) fn stride(&self) -> usize {
        self.inputs.next_multiple_of(2)
    }

    /// The levels of row `i`, padded, and its scale.
    #[inline(always)]
    pub(super) fn row(&self, i: usize) -> (&[i16], f32) {
        let stride = self.stride();
        (&self.levels[i * stride..][..stride], self.scales[i])
    }
}

dispatch! {
    /// Rounds one row to at most `most` levels on each side of zero.
    pub(super) fn round_row(simd, x: &[f32], most: f32, levels: &mut [i16], scale: &mut f32) = round_each
}

#[inline(always)]
fn round_each(x: &[f32], most: f32, levels: &mut [i16], scale: &mut f32) {
    // as whole numbers, the bits of a NaN are greater than those of infinity, and those than of any other size
    let size = |v: &f32| (v.to_bits() & 0x7fff_ffff) as i32;
    let greatest = f32::from_bits(x.iter().map(size).fold(0, i32::max) as u32);
    *scale = greatest / most;
    let inverse = most / greatest;
    let inverse = if inverse.is_finite() { inverse } else { 0.0 };
    for (level, v) in levels.iter_mut().zip(x) {
        *level = (v * inverse + MAGIC).to_bits() as i16;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rounded(x: &[f32]) -> (Vec<i16>, f32) {
        let mut levels = Levels::default();
        levels.round(Simd::detect(), Rows::new(x, 1, x.len(), x.len()));
        let (row, scale) = levels.row(0);
        (row.to_vec(), scale)
    }

    proptest! {
        #[test]
        fn no_number_is_off_by_more_than_half_a_level(x in prop::collection::vec(-30.0f32..30.0, 1..70)) {
            let (levels, scale) = rounded(&x);
            prop_assert_eq!(levels.len(), x.len().next_multiple_of(2));
            for (v, level) in x.iter().zip(&levels) {
                prop_assert!((v - f32::from(*level) * scale).abs() <= scale * 0.505, "{} {} {}", v, level, scale);
            }
        }
    }

    #[test]
    fn zeros_and_what_is_not_finite() {
        assert_eq!(rounded(&[0.0, -0.0, 0.0]), (vec![0; 4], 0.0));
        assert_eq!(rounded(&[1e-44, 0.0]).0, [0, 0]);
        assert!(!rounded(&[1.0, f32::NAN, 2.0]).1.is_finite());
        assert!(!rounded(&[1.0, f32::NEG_INFINITY]).1.is_finite());
        assert_eq!(rounded(&[f32::MAX, -f32::MAX]).0, [32767, -32767]);
    }

    #[test]
    fn sums_of_the_greatest_levels_do_not_overflow() {
        for inputs in [1, 2, 33, 384, 1536, 3072, 8960, 65536] {
            let sum = most(inputs) as i64 * 127 * inputs as i64;
            assert!(sum <= i64::from(i32::MAX) && most(inputs) >= 127.0, "{inputs}: {sum}");
        }
    }
}
