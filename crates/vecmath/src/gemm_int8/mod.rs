//! Products of a few rows with a matrix of signed bytes: `y[m, n] = x[m, k] · w[n, k]ᵀ + bias[n]`, in whole numbers.
//!
//! Each output of the matrix has a scale, and so has each row of `x` ([`Levels`]). A row's numbers have up to sixteen bits,
//! so that nearly all that is lost is lost in the matrix: no activation is clipped or needs smoothing. Products are summed in
//! thirty-two bits, and a row has no more levels than such a sum allows: sixteen bits up to 516 inputs, fourteen at 1,536. Sums of
//! whole numbers are exact: the same bits in any order, on any instruction set, in any batch.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod levels;
mod portable;

pub use levels::Levels;
use levels::round_row;

use crate::Simd;
use crate::cpu::Kind;
use crate::gemm::{Columns, Finish, Rows, RowsMut, SPAN, WIDTH, parted};

/// Steps of a byte on each side of zero.
const STEPS: f32 = 127.0;

/// A matrix `[outputs, inputs]` of bytes in panels of sixteen outputs: for each pair of inputs, both bytes of output 0,
/// both of output 1, and so on; zero-padded to whole panels and pairs.
#[derive(Debug, Clone)]
pub struct PackedInt8 {
    panels: Vec<i8>,
    // of each output, padded as the panels are
    scales: Vec<f32>,
    outputs: usize,
    inputs: usize,
}

impl PackedInt8 {
    /// Rounds `weight`, row-major `[outputs, inputs]`, each row to 255 even steps of its own, the greatest in size being the
    /// last step.
    pub fn from_outputs(weight: Rows<'_>) -> Self {
        let (outputs, inputs) = weight.shape();
        let (simd, stride) = (Simd::detect(), inputs.next_multiple_of(2));
        let padded = outputs.next_multiple_of(WIDTH);
        let mut packed = Self { panels: vec![0; padded * stride], scales: vec![0.0; padded], outputs, inputs };
        let mut steps = vec![0; stride];
        for n in 0..outputs {
            round_row(simd, weight.row(n), STEPS, &mut steps[..inputs], &mut packed.scales[n]);
            let panel = &mut packed.panels[n / WIDTH * WIDTH * stride..][..WIDTH * stride];
            for (into, pair) in panel.chunks_exact_mut(2 * WIDTH).zip(steps.chunks_exact(2)) {
                into[n % WIDTH * 2] = pair[0] as i8;
                into[n % WIDTH * 2 + 1] = pair[1] as i8;
            }
        }
        packed
    }

    /// Number of outputs, `n`.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Number of inputs, `k`.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The matrix as one side of a product; an empty `bias` is none.
    ///
    /// # Panics
    /// When the bias has another length than there are outputs.
    pub fn factor<'a>(&'a self, bias: &'a [f32], finish: Finish) -> FactorInt8<'a> {
        assert!(bias.is_empty() || bias.len() == self.outputs, "length of bias");
        let Self { panels, scales, outputs, inputs } = self;
        FactorInt8 { panels, scales, bias, outputs: *outputs, inputs: *inputs, finish }
    }
}

/// Outputs of a matrix, with what is added to each and done to it.
#[derive(Debug, Clone, Copy)]
pub struct FactorInt8<'a> {
    panels: &'a [i8],
    scales: &'a [f32],
    bias: &'a [f32],
    outputs: usize,
    inputs: usize,
    finish: Finish,
}

impl FactorInt8<'_> {
    /// Number of outputs, `n`.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// The outputs for the first `first` of `of` threads, and the others; `None` where there are too few to part.
    pub fn split(self, first: usize, of: usize) -> Option<(Self, Self)> {
        let middle = parted(self.outputs, first, of)?;
        let (one, other) = self.panels.split_at(middle * self.inputs.next_multiple_of(2));
        let scales = self.scales.split_at(middle);
        let bias = self.bias.split_at(middle.min(self.bias.len()));
        Some((
            Self { panels: one, scales: scales.0, bias: bias.0, outputs: middle, ..self },
            Self { panels: other, scales: scales.1, bias: bias.1, outputs: self.outputs - middle, ..self },
        ))
    }
}

/// Writes `finish(x · wᵀ + bias)` to `y`.
///
/// # Panics
/// When the shapes do not agree.
pub fn multiply_int8(simd: Simd, x: &Levels, w: FactorInt8<'_>, mut y: RowsMut<'_>) {
    assert_eq!(x.inputs(), w.inputs, "inputs of x and w");
    assert_eq!(y.shape(), (x.rows(), w.outputs), "shape of y");
    for from in (0..w.outputs).step_by(SPAN) {
        let columns = Columns::from(from, w.outputs, w.bias, w.finish);
        let padded = columns.padded();
        let panels = &w.panels[from * x.stride()..][..padded * x.stride()];
        let mut scales = [0.0; SPAN];
        scales[..padded].copy_from_slice(&w.scales[from..][..padded]);
        let strip = Strip { x, panels, scales, columns };
        match simd.kind() {
            Kind::Portable => portable::strip(&strip, &mut y),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2Fma => avx2::strip(simd, &strip, &mut y),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => avx512::strip(simd, &strip, &mut y),
        }
    }
}

/// All rows of `x` with one panel or two.
struct Strip<'a> {
    x: &'a Levels,
    panels: &'a [i8],
    scales: [f32; SPAN],
    columns: Columns,
}

impl<'a> Strip<'a> {
    /// The panels, as deep as a row of levels is long, each with its place among the strip's outputs.
    #[inline(always)]
    fn panels(&self) -> impl Iterator<Item = (usize, &'a [i8])> {
        self.columns.panels(self.panels, self.x.stride())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reference;

    fn product(simd: Simd, x: &[f32], w: &PackedInt8, bias: &[f32], rows: usize) -> Vec<f32> {
        let (n, k) = (w.outputs(), w.inputs());
        let mut levels = Levels::default();
        levels.round(simd, Rows::new(x, rows, k, k));
        let mut y = vec![f32::NAN; rows * n];
        multiply_int8(simd, &levels, w.factor(bias, Finish::Gelu), RowsMut::new(&mut y, rows, n, n));
        y
    }

    /// The matrix that the bytes stand for.
    fn restored(w: &[f32], k: usize) -> Vec<f32> {
        let row = |row: &[f32]| {
            let (mut steps, mut scale) = (vec![0; row.len()], 0.0);
            round_row(Simd::portable(), row, STEPS, &mut steps, &mut scale);
            assert!(steps.iter().zip(row).all(|(s, v)| (f32::from(*s) * scale - v).abs() <= scale * 0.501));
            steps.iter().map(|step| f32::from(*step) * scale).collect::<Vec<f32>>()
        };
        w.chunks(k).flat_map(row).collect()
    }

    proptest! {
        #[test]
        fn agrees_with_the_reference_on_every_path(
            (m, n, k) in (1usize..14, 1usize..40, 1usize..70),
            numbers in prop::collection::vec(-1.0f32..1.0, 14 * 70 + 40 * 70 + 40),
            biased: bool,
        ) {
            let (x, rest) = numbers.split_at(m * k);
            let (w, rest) = rest.split_at(n * k);
            let bias = if biased { &rest[..n] } else { &[] };
            let packed = PackedInt8::from_outputs(Rows::new(w, n, k, k));
            let fast = product(Simd::detect(), x, &packed, bias, m);
            for simd in Simd::all() {
                prop_assert_eq!(&fast, &product(simd, x, &packed, bias, m), "{:?}", simd);
            }
            for (got, sum) in fast.iter().zip(reference::linear(x, &restored(w, k), bias, (m, n, k))) {
                let want = 0.5 * sum * (1.0 + reference::erf(sum * std::f64::consts::FRAC_1_SQRT_2));
                prop_assert!((f64::from(*got) - want).abs() < 2e-5 * k as f64, "{} {}", got, want);
            }
            // the same bits alone, and in parts
            for i in 0..m {
                prop_assert_eq!(&product(Simd::detect(), &x[i * k..][..k], &packed, bias, 1)[..], &fast[i * n..][..n]);
            }
            if let Some((first, second)) = packed.factor(bias, Finish::Gelu).split(1, 2) {
                let mut levels = Levels::default();
                levels.round(Simd::detect(), Rows::new(x, m, k, k));
                let mut y = vec![f32::NAN; m * n];
                let (left, right) = RowsMut::new(&mut y, m, n, n).split_at_column(first.outputs());
                multiply_int8(Simd::detect(), &levels, second, right);
                multiply_int8(Simd::detect(), &levels, first, left);
                prop_assert_eq!(y, fast);
            }
        }
    }

    #[test]
    fn the_greatest_sums_do_not_overflow() {
        for k in [384, 1536, 8960] {
            let (x, w) = (vec![-3.0; k], [vec![2.0; k], vec![-2.0; k]].concat());
            let packed = PackedInt8::from_outputs(Rows::new(&w, 2, k, k));
            for simd in Simd::all() {
                let y = product(simd, &x, &packed, &[], 1);
                let want = 6.0 * k as f32;
                assert!(y[0].abs() < want * 1e-6 && (y[1] - want).abs() < want * 1e-4, "{k}: {y:?}");
            }
        }
    }

    #[test]
    fn what_is_not_finite_stays_so() {
        let fine = PackedInt8::from_outputs(Rows::new(&[1.0, 0.0], 1, 2, 2));
        let broken = PackedInt8::from_outputs(Rows::new(&[f32::NAN, 1.0], 1, 2, 2));
        for simd in Simd::all() {
            for x in [[f32::NAN, 1.0], [f32::INFINITY, 1.0]] {
                assert!(!product(simd, &x, &fine, &[], 1)[0].is_finite());
            }
            assert!(!product(simd, &[1.0, 1.0], &broken, &[], 1)[0].is_finite());
            assert_eq!(product(simd, &[0.0, 0.0], &fine, &[], 1), [0.0]);
        }
    }
}
