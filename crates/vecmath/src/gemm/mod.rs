//! Products of a few rows with a packed matrix: `y[m, n] = x[m, k] · w[n, k]ᵀ + bias[n]`.
//!
//! The matrix is packed into panels of [`WIDTH`] outputs, inputs outermost, so that one step of the inner loop reads one
//! row of a panel. Each output is the sum over `k` in ascending order from zero, in one accumulator, whatever `m` is.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

use std::marker::PhantomData;
use std::ops::Range;
use std::ptr::NonNull;

use crate::cpu::Kind;
use crate::{Simd, gelu};

/// Outputs in a panel.
pub(crate) const WIDTH: usize = 16;
/// Outputs that are taken at once at most: two panels.
pub(crate) const SPAN: usize = 2 * WIDTH;

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

    /// How many rows of how many floats.
    pub(crate) fn shape(&self) -> (usize, usize) {
        (self.rows, self.cols)
    }

    /// Row `i`.
    #[inline(always)]
    pub(crate) fn row(&self, i: usize) -> &'a [f32] {
        &self.data[i * self.stride..][..self.cols]
    }
}

/// As [`Rows`], to be written.
#[derive(Debug)]
pub struct RowsMut<'a> {
    // of the first row
    start: NonNull<f32>,
    rows: usize,
    cols: usize,
    stride: usize,
    buffer: PhantomData<&'a mut [f32]>,
}

// SAFETY: it stands for the unique borrow of the columns it was made of, which may go to another thread.
unsafe impl Send for RowsMut<'_> {}

impl<'a> RowsMut<'a> {
    /// `rows` rows of `cols` floats, `stride` apart.
    ///
    /// # Panics
    /// When the buffer is too short, or rows overlap.
    pub fn new(data: &'a mut [f32], rows: usize, cols: usize, stride: usize) -> Self {
        check(data.len(), rows, cols, stride);
        Self { start: NonNull::from(data).cast(), rows, cols, stride, buffer: PhantomData }
    }

    /// The columns before `column`, and those from it on.
    ///
    /// # Panics
    /// When there are fewer.
    pub fn split_at_column(self, column: usize) -> (Self, Self) {
        assert!(column <= self.cols, "column {column} of {}", self.cols);
        // SAFETY: the buffer holds `cols` floats from the start of the first row on, where there is a row.
        let right = if self.rows > 0 { unsafe { self.start.add(column) } } else { self.start };
        let right = Self { start: right, cols: self.cols - column, ..self };
        (Self { cols: column, ..self }, right)
    }

    /// Some rows and columns of these.
    ///
    /// # Panics
    /// When there are fewer.
    pub fn part(&mut self, rows: Range<usize>, columns: Range<usize>) -> RowsMut<'_> {
        assert!(rows.start < rows.end && rows.end <= self.rows, "rows {rows:?} of {}", self.rows);
        assert!(columns.start <= columns.end && columns.end <= self.cols, "columns {columns:?} of {}", self.cols);
        // SAFETY: there is a row `rows.start`, and it has `columns.start` floats before the part's first.
        let start = unsafe { self.start.add(rows.start * self.stride + columns.start) };
        RowsMut { start, rows: rows.len(), cols: columns.len(), stride: self.stride, buffer: PhantomData }
    }

    pub(crate) fn shape(&self) -> (usize, usize) {
        (self.rows, self.cols)
    }

    /// Writes the first `width` of `values` to row `i` from `column` on.
    #[inline(always)]
    pub(crate) fn put<const N: usize>(&mut self, i: usize, column: usize, values: &[f32; N], width: usize) {
        assert!(i < self.rows && width <= N && column + width <= self.cols);
        // SAFETY: row `i` and its columns up to `column + width` lie in the buffer, which is borrowed for writing alone; no
        // other `RowsMut` has these columns.
        unsafe {
            let into = self.start.add(i * self.stride + column).as_ptr();
            match width == N {
                // a known length is copied in a few instructions
                true => values.as_ptr().copy_to_nonoverlapping(into, N),
                false => values.as_ptr().copy_to_nonoverlapping(into, width),
            }
        }
    }
}

fn check(len: usize, rows: usize, cols: usize, stride: usize) {
    assert!(cols <= stride || rows <= 1, "rows of {cols} overlap at stride {stride}");
    let end = |rows: usize| (rows - 1).checked_mul(stride)?.checked_add(cols);
    assert!(rows == 0 || end(rows).is_some_and(|end| end <= len), "{rows} rows of {cols} leave a buffer of {len}");
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

    /// The matrix as one side of a product; an empty `bias` is none.
    ///
    /// # Panics
    /// When the bias has another length than there are outputs.
    pub fn factor<'a>(&'a self, bias: &'a [f32], finish: Finish) -> Factor<'a> {
        assert!(bias.is_empty() || bias.len() == self.outputs, "length of bias");
        Factor { panels: &self.panels, bias, outputs: self.outputs, inputs: self.inputs, finish }
    }
}

/// Outputs of a matrix, with what is added to each and done to it.
#[derive(Debug, Clone, Copy)]
pub struct Factor<'a> {
    panels: &'a [f32],
    bias: &'a [f32],
    outputs: usize,
    inputs: usize,
    finish: Finish,
}

impl Factor<'_> {
    /// Number of outputs, `n`.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// The outputs for the first `first` of `of` threads, and the others; `None` where there are too few to part.
    pub fn split(self, first: usize, of: usize) -> Option<(Self, Self)> {
        let middle = parted(self.outputs, first, of)?;
        let (one, other) = self.panels.split_at(middle * self.inputs);
        let bias = self.bias.split_at(middle.min(self.bias.len()));
        Some((
            Self { panels: one, bias: bias.0, outputs: middle, ..self },
            Self { panels: other, bias: bias.1, outputs: self.outputs - middle, ..self },
        ))
    }
}

/// How many of `outputs` the first `first` of `of` threads take: whole panels, and pairs of them where there are enough.
pub(crate) fn parted(outputs: usize, first: usize, of: usize) -> Option<usize> {
    let panels = outputs.div_ceil(WIDTH);
    let middle = panels * first / of.max(1);
    let middle = if middle > 2 { middle - middle % 2 } else { middle };
    (middle > 0 && middle < panels).then_some(middle * WIDTH)
}

/// What is done to each number of a product before it is kept, while it is near.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// Nothing.
    Plain,
    /// GELU, as [`gelu`](crate::gelu()).
    Gelu,
}

impl Finish {
    #[inline(always)]
    pub(crate) fn apply(self, values: &mut [f32]) {
        match self {
            Self::Plain => {}
            Self::Gelu => gelu::body(values),
        }
    }
}

/// Writes `finish(x · wᵀ + bias)` to `y`.
///
/// # Panics
/// When the shapes do not agree.
pub fn multiply(simd: Simd, x: Rows<'_>, w: Factor<'_>, mut y: RowsMut<'_>) {
    assert_eq!(x.cols, w.inputs, "inputs of x and w");
    assert_eq!(y.shape(), (x.rows, w.outputs), "shape of y");
    for from in (0..w.outputs).step_by(SPAN) {
        let columns = Columns::from(from, w.outputs, w.bias, w.finish);
        let panels = &w.panels[from * w.inputs..][..columns.padded() * w.inputs];
        let strip = Strip { x, panels, columns };
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
    x: Rows<'a>,
    panels: &'a [f32],
    columns: Columns,
}

impl<'a> Strip<'a> {
    /// Row `i` of `x`.
    #[inline(always)]
    fn row(&self, i: usize) -> &'a [f32] {
        self.x.row(i)
    }

    /// The panels, as deep as a row is long, each with its place among the strip's outputs.
    #[inline(always)]
    fn panels(&self) -> impl Iterator<Item = (usize, &'a [f32])> {
        self.columns.panels(self.panels, self.x.cols)
    }
}

/// The columns of a product that a strip makes: one panel's or two's.
pub(crate) struct Columns {
    /// The first
    from: usize,
    /// How many
    pub(crate) width: usize,
    /// Of each column, zeros behind the last
    pub(crate) bias: [f32; SPAN],
    finish: Finish,
}

impl Columns {
    /// Those of `outputs` from column `from` on; an empty `bias` is none.
    pub(crate) fn from(from: usize, outputs: usize, bias: &[f32], finish: Finish) -> Self {
        let width = SPAN.min(outputs - from);
        let mut own = [0.0; SPAN];
        if !bias.is_empty() {
            own[..width].copy_from_slice(&bias[from..][..width]);
        }
        Self { from, width, bias: own, finish }
    }

    /// How many there are in whole panels.
    pub(crate) fn padded(&self) -> usize {
        self.width.next_multiple_of(WIDTH)
    }

    /// The panels of these columns, `inputs` deep, each with its place among them.
    #[inline(always)]
    pub(crate) fn panels<'a, T>(
        &self,
        panels: &'a [T],
        inputs: usize,
    ) -> impl Iterator<Item = (usize, &'a [T])> + use<'a, T> {
        let depth = inputs * WIDTH;
        (0..self.width.div_ceil(WIDTH)).map(move |p| (p * WIDTH, &panels[p * depth..][..depth]))
    }

    /// Finishes `N` rows of sums, these columns from `at` on, and keeps them as rows of `y` from `row` on.
    #[inline(always)]
    pub(crate) fn keep<const N: usize, const W: usize>(
        &self,
        (row, at): (usize, usize),
        sums: &mut [[f32; W]; N],
        y: &mut RowsMut<'_>,
    ) {
        self.finish.apply(sums.as_flattened_mut());
        for (i, sums) in sums.iter().enumerate() {
            y.put(row + i, self.from + at, sums, W.min(self.width - at));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{gelu, reference};

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
        let x = Rows::new(x, rows, w.inputs(), w.inputs());
        multiply(simd, x, w.factor(bias, Finish::Plain), RowsMut::new(&mut y, rows, n, n));
        y
    }

    proptest! {
        #[test]
        fn agrees_with_the_reference(m in 0usize..20, n in 1usize..40, k in 0usize..70, seed in 1u32..1000, biased: bool) {
            let (x, w) = (numbers(m * k, seed), numbers(n * k, seed + 1));
            let bias = if biased { numbers(n, seed + 2) } else { Vec::new() };
            let packed = Packed::from_outputs(Rows::new(&w, n, k, k));
            let expected = reference::linear(&x, &w, &bias, (m, n, k));
            for simd in Simd::all() {
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
        fn parts_and_finished_numbers_are_those_of_the_whole(m in 1usize..9, n in 1usize..70, seed in 1u32..1000) {
            let k = 20;
            let (x, w, bias) = (numbers(m * k, seed), numbers(n * k, seed + 1), numbers(n, seed + 2));
            let packed = Packed::from_outputs(Rows::new(&w, n, k, k));
            let mut whole = product(Simd::detect(), &x, &packed, &bias, m);
            gelu(Simd::detect(), &mut whole);
            let mut y = vec![f32::NAN; m * n];
            let (rows, out) = (Rows::new(&x, m, k, k), RowsMut::new(&mut y, m, n, n));
            match packed.factor(&bias, Finish::Gelu).split(1, 2) {
                None => multiply(Simd::detect(), rows, packed.factor(&bias, Finish::Gelu), out),
                Some((first, second)) => {
                    let (left, right) = out.split_at_column(first.outputs());
                    multiply(Simd::detect(), rows, second, right);
                    multiply(Simd::detect(), rows, first, left);
                }
            }
            prop_assert_eq!(whole, y);
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
    fn a_part_is_written_and_nothing_else() {
        let mut data = [0.0; 15];
        let mut all = RowsMut::new(&mut data, 3, 4, 5);
        let mut part = all.part(1..3, 2..4);
        assert_eq!(part.shape(), (2, 2));
        part.put(0, 0, &[1.0, 2.0], 2);
        part.put(1, 1, &[3.0], 1);
        assert_eq!(data, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 3.0, 0.0]);
    }

    #[test]
    #[should_panic(expected = "columns 2..5 of 4")]
    fn a_part_that_is_not_there_is_refused() {
        RowsMut::new(&mut [0.0; 15], 3, 4, 5).part(0..1, 2..5);
    }

    #[test]
    #[should_panic(expected = "leave a buffer")]
    fn sizes_beyond_all_numbers_are_refused() {
        RowsMut::new(&mut [0.0], (1 << 33) + 1, 1, 1 << 31);
    }

    #[test]
    fn parts_are_whole_panels_in_proportion() {
        assert_eq!(parted(384, 1, 2), Some(192));
        assert_eq!((parted(384, 2, 3), parted(384, 1, 3)), (Some(256), Some(128)));
        assert_eq!((parted(16, 1, 2), parted(17, 1, 2), parted(0, 1, 2)), (None, Some(16), None));
    }

    #[test]
    #[should_panic(expected = "inputs of x and w")]
    fn shapes_that_disagree_are_refused() {
        let w = Packed::from_outputs(Rows::new(&[0.0; 6], 2, 3, 3));
        let (x, mut y) = ([0.0; 4], [0.0; 2]);
        multiply(Simd::detect(), Rows::new(&x, 1, 4, 4), w.factor(&[], Finish::Plain), RowsMut::new(&mut y, 1, 2, 2));
    }
}
