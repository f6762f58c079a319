//! Products of a few rows with a packed matrix: `y[m, n] = x[m, k] · w[n, k]ᵀ + bias[n]`.
//!
//! The matrix is packed into panels of [`WIDTH`] outputs, inputs outermost, so that one step of the inner loop reads one
//! row of a panel. Each output is the sum over `k` in ascending order from zero, in one accumulator, whatever `m` is.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod portable;

use crate::Simd;
use crate::cpu::Kind;

/// Outputs in a panel.
const WIDTH: usize = 16;
/// Rows of `x` that a kernel call takes at most: 6 x 2 accumulators fill the sixteen registers of AVX2.
const HEIGHT: usize = 6;

/// Rows of floats in a longer buffer: row `i` is `data[i * stride..][..cols]`.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    data: &'a [f32],
    rows: usize,
    cols: usize,
    stride: usize,
}

impl<'a> Rows<'a> {
    /// `rows` rows of `cols` floats, `stride` apart.
    ///
    /// # Panics
    /// When the buffer is too short, or rows overlap.
    pub fn new(data: &'a [f32], rows: usize, cols: usize, stride: usize) -> Self {
        check(data.len(), rows, cols, stride);
        Self { data, rows, cols, stride }
    }
}

/// As [`Rows`], to be written.
#[derive(Debug)]
pub struct RowsMut<'a> {
    data: &'a mut [f32],
    rows: usize,
    cols: usize,
    stride: usize,
}

impl<'a> RowsMut<'a> {
    /// `rows` rows of `cols` floats, `stride` apart.
    ///
    /// # Panics
    /// When the buffer is too short, or rows overlap.
    pub fn new(data: &'a mut [f32], rows: usize, cols: usize, stride: usize) -> Self {
        check(data.len(), rows, cols, stride);
        Self { data, rows, cols, stride }
    }
}

fn check(len: usize, rows: usize, cols: usize, stride: usize) {
    assert!(cols <= stride || rows <= 1, "rows of {cols} overlap at stride {stride}");
    assert!(rows == 0 || (rows - 1) * stride + cols <= len, "{rows} rows of {cols} leave a buffer of {len}");
}

/// A matrix `[outputs, inputs]` in panels, zero-padded to whole panels.
#[derive(Debug, Clone, Default)]
pub struct Packed {
    panels: Vec<f32>,
    outputs: usize,
    inputs: usize,
}

impl Packed {
    /// Packs `weight`, row-major `[outputs, inputs]`, as linear layers store it.
    pub fn from_outputs(weight: Rows<'_>) -> Self {
        let mut packed = Self::default();
        packed.pack_outputs(weight);
        packed
    }

    /// Packs again into the same buffer: row `n` of `weight` holds the inputs of output `n`.
    pub fn pack_outputs(&mut self, weight: Rows<'_>) {
        self.reset(weight.rows, weight.cols);
        for n in 0..weight.rows {
            let row = &weight.data[n * weight.stride..][..weight.cols];
            let panel = &mut self.panels[(n / WIDTH) * WIDTH * weight.cols..];
            for (k, value) in row.iter().enumerate() {
                panel[k * WIDTH + n % WIDTH] = *value;
            }
        }
    }

    /// Packs again into the same buffer: row `k` of `weight` holds input `k` of every output.
    pub fn pack_inputs(&mut self, weight: Rows<'_>) {
        self.reset(weight.cols, weight.rows);
        for k in 0..weight.rows {
            let row = &weight.data[k * weight.stride..][..weight.cols];
            for (p, part) in row.chunks(WIDTH).enumerate() {
                self.panels[(p * weight.rows + k) * WIDTH..][..part.len()].copy_from_slice(part);
            }
        }
    }

    fn reset(&mut self, outputs: usize, inputs: usize) {
        self.outputs = outputs;
        self.inputs = inputs;
        self.panels.clear();
        self.panels.resize(outputs.div_ceil(WIDTH) * WIDTH * inputs, 0.0);
    }

    /// Number of outputs, `n`.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Number of inputs, `k`.
    pub fn inputs(&self) -> usize {
        self.inputs
    }
}

/// Writes `x · wᵀ + bias` to `y`; an empty `bias` is none.
///
/// # Panics
/// When the shapes do not agree.
pub fn multiply(simd: Simd, x: Rows<'_>, w: &Packed, bias: &[f32], y: RowsMut<'_>) {
    assert_eq!(x.cols, w.inputs, "inputs of x and w");
    assert_eq!((y.rows, y.cols), (x.rows, w.outputs), "shape of y");
    assert!(bias.is_empty() || bias.len() == w.outputs, "length of bias");
    if w.inputs == 0 {
        return fill(bias, y);
    }
    for (p, panel) in w.panels.chunks_exact(WIDTH * w.inputs).enumerate() {
        let from = p * WIDTH;
        let width = WIDTH.min(w.outputs - from);
        let start = start_row(bias, from, width);
        for row in (0..x.rows).step_by(HEIGHT) {
            let height = HEIGHT.min(x.rows - row);
            let a = &x.data[row * x.stride..];
            let out = &mut y.data[row * y.stride + from..];
            let tile = Tile { a, a_stride: x.stride, panel, height };
            let sums = tile.sums(simd);
            for (i, sum) in sums[..height].iter().enumerate() {
                let into = &mut out[i * y.stride..][..width];
                for ((y, s), b) in into.iter_mut().zip(sum).zip(&start) {
                    *y = s + b;
                }
            }
        }
    }
}

fn fill(bias: &[f32], y: RowsMut<'_>) {
    for i in 0..y.rows {
        let row = &mut y.data[i * y.stride..][..y.cols];
        match bias.is_empty() {
            true => row.fill(0.0),
            false => row.copy_from_slice(bias),
        }
    }
}

fn start_row(bias: &[f32], from: usize, width: usize) -> [f32; WIDTH] {
    let mut start = [0.0; WIDTH];
    if !bias.is_empty() {
        start[..width].copy_from_slice(&bias[from..from + width]);
    }
    start
}

/// One kernel call: `height` rows of `a` with one panel.
struct Tile<'a> {
    a: &'a [f32],
    a_stride: usize,
    panel: &'a [f32],
    height: usize,
}

impl Tile<'_> {
    fn sums(&self, simd: Simd) -> [[f32; WIDTH]; HEIGHT] {
        match simd.kind() {
            Kind::Portable => portable::sums(self),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2Fma => avx2::sums(simd, self),
        }
    }

    /// Row `i` of `a`, as long as the panel is deep.
    fn row(&self, i: usize) -> &[f32] {
        &self.a[i * self.a_stride..][..self.panel.len() / WIDTH]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reference;

    fn numbers(n: usize, seed: u32) -> Vec<f32> {
        let mut state = seed.wrapping_mul(2_654_435_761).max(1);
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as f32 / u32::MAX as f32 - 0.5
        };
        (0..n).map(|_| next()).collect()
    }

    fn product(simd: Simd, x: &[f32], w: &Packed, bias: &[f32], rows: usize) -> Vec<f32> {
        let mut y = vec![f32::NAN; rows * w.outputs()];
        let n = w.outputs();
        multiply(simd, Rows::new(x, rows, w.inputs(), w.inputs()), w, bias, RowsMut::new(&mut y, rows, n, n));
        y
    }

    proptest! {
        #[test]
        fn agrees_with_the_reference(m in 0usize..20, n in 1usize..40, k in 0usize..70, seed in 1u32..1000, biased: bool) {
            let (x, w) = (numbers(m * k, seed), numbers(n * k, seed + 1));
            let bias = if biased { numbers(n, seed + 2) } else { Vec::new() };
            let packed = Packed::from_outputs(Rows::new(&w, n, k, k));
            let expected = reference::linear(&x, &w, &bias, (m, n, k));
            for simd in [Simd::detect(), Simd::portable()] {
                for (got, want) in product(simd, &x, &packed, &bias, m).iter().zip(&expected) {
                    prop_assert!((f64::from(*got) - want).abs() < 1e-5, "{got} {want}");
                }
            }
        }

        #[test]
        fn a_row_has_the_same_bits_in_any_batch(m in 1usize..15, seed in 1u32..1000) {
            let (n, k) = (33, 48);
            let (x, w, bias) = (numbers(m * k, seed), numbers(n * k, seed + 1), numbers(n, seed + 2));
            let packed = Packed::from_outputs(Rows::new(&w, n, k, k));
            let all = product(Simd::detect(), &x, &packed, &bias, m);
            for i in 0..m {
                let alone = product(Simd::detect(), &x[i * k..][..k], &packed, &bias, 1);
                prop_assert_eq!(&alone[..], &all[i * n..][..n]);
            }
        }

        #[test]
        fn both_packings_are_one_matrix(n in 1usize..40, k in 1usize..20, seed in 1u32..1000) {
            let w = numbers(n * k, seed);
            let turned: Vec<f32> = (0..k).flat_map(|i| (0..n).map(move |j| (i, j))).map(|(i, j)| w[j * k + i]).collect();
            let mut other = Packed::default();
            other.pack_inputs(Rows::new(&turned, k, n, n));
            prop_assert_eq!(Packed::from_outputs(Rows::new(&w, n, k, k)).panels, other.panels);
        }
    }

    #[test]
    #[should_panic(expected = "inputs of x and w")]
    fn shapes_that_disagree_are_refused() {
        let w = Packed::from_outputs(Rows::new(&[0.0; 6], 2, 3, 3));
        multiply(Simd::detect(), Rows::new(&[0.0; 4], 1, 4, 4), &w, &[], RowsMut::new(&mut [0.0; 2], 1, 2, 2));
    }
}
