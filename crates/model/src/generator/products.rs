use qiao_vecmath::{Blocks, Finish, MappedBlocks, Packed, Rows, RowsMut, Simd, multiply};

use super::GeneratorError;
use super::file::Gguf;

/// Rows below which each is multiplied by itself, the weights being unpacked for each; from here on it is quicker to unpack
/// them once into panels for all.
pub(super) const FEW: usize = 8;
/// Outputs that are unpacked at a time.
const STRIP: usize = 64;
/// Weights below which a product with one row is not worth a second thread.
const SHARED: usize = 1 << 16;

/// What products are made with, and their buffers.
#[derive(Debug)]
pub(super) struct Kit {
    pub(super) simd: Simd,
    /// One for each thread
    pub(super) desks: Vec<Desk>,
}

/// What one thread computes in.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// `[outputs, inputs]`
    weights: Vec<f32>,
    pub(super) packed: Packed,
    /// For the values of attention
    pub(super) values: Packed,
    /// Of attention
    pub(super) scores: Vec<f32>,
}

impl Kit {
    pub(super) fn new(simd: Simd, threads: usize) -> Self {
        let mut desks = Vec::new();
        desks.resize_with(threads.max(1), Desk::default);
        Self { simd, desks }
    }
}

/// `y = x · Wᵀ + b`.
#[derive(Debug)]
pub(super) struct Linear {
    weight: MappedBlocks,
    bias: Vec<f32>,
}

impl Linear {
    /// The matrix `name.weight` of `file`, with `name.bias` where there is one.
    pub(super) fn load(file: &Gguf, name: &str, outputs: usize, inputs: usize) -> Result<Self, GeneratorError> {
        let weight = file.matrix(&format!("{name}.weight"), outputs, inputs)?;
        let bias = format!("{name}.bias");
        let bias = if file.has(&bias) { file.vector(&bias, outputs)? } else { Vec::new() };
        Ok(Self { weight, bias })
    }

    /// `x[rows, inputs]` to `y[rows, outputs]`.
    pub(super) fn apply(&self, kit: &mut Kit, x: &[f32], y: &mut Vec<f32>) {
        let (inputs, outputs) = (self.weight.inputs(), self.weight.outputs());
        let rows = x.len() / inputs;
        y.resize(rows * outputs, 0.0);
        let blocks = self.weight.blocks();
        if rows < FEW {
            let each = x.chunks_exact(inputs).zip(y.chunks_exact_mut(outputs));
            each.for_each(|(x, y)| one(kit.simd, kit.desks.len(), blocks, (x, y)));
        } else {
            let (x, y) = (Rows::new(x, rows, inputs, inputs), RowsMut::new(y, rows, outputs, outputs));
            many(kit.simd, &mut kit.desks, blocks, (x, rows), y);
        }
        if !self.bias.is_empty() {
            y.chunks_exact_mut(outputs).for_each(|y| y.iter_mut().zip(&self.bias).for_each(|(y, b)| *y += b));
        }
    }
}

/// The product with one row, its outputs divided over threads.
fn one(simd: Simd, threads: usize, w: Blocks<'_>, (x, y): (&[f32], &mut [f32])) {
    let first = threads / 2;
    let middle = w.outputs() * first / threads.max(1);
    if middle == 0 || w.outputs() * w.inputs() < SHARED {
        return w.multiply(simd, x, y);
    }
    let (left, right) = y.split_at_mut(middle);
    rayon::join(
        || one(simd, first, w.rows(0..middle), (x, left)),
        || one(simd, threads - first, w.rows(middle..w.outputs()), (x, right)),
    );
}

/// The product with many rows, its outputs divided over threads: a desk a thread.
fn many(simd: Simd, desks: &mut [Desk], w: Blocks<'_>, (x, rows): (Rows<'_>, usize), y: RowsMut<'_>) {
    let first = desks.len() / 2;
    // whole strips
    let middle = (w.outputs() * first / desks.len().max(1)).next_multiple_of(STRIP);
    if first > 0 && middle < w.outputs() {
        let (one, others) = desks.split_at_mut(first);
        let (left, right) = y.split_at_column(middle);
        rayon::join(
            || many(simd, one, w.rows(0..middle), (x, rows), left),
            || many(simd, others, w.rows(middle..w.outputs()), (x, rows), right),
        );
    } else if let Some(desk) = desks.first_mut() {
        desk.many(simd, w, (x, rows), y);
    }
}

impl Desk {
    fn many(&mut self, simd: Simd, w: Blocks<'_>, (x, rows): (Rows<'_>, usize), mut y: RowsMut<'_>) {
        let inputs = w.inputs();
        for from in (0..w.outputs()).step_by(STRIP) {
            let until = w.outputs().min(from + STRIP);
            self.weights.resize((until - from) * inputs, 0.0);
            w.rows(from..until).unpack(simd, &mut self.weights);
            self.packed.pack_outputs(Rows::new(&self.weights, until - from, inputs, inputs));
            multiply(simd, x, self.packed.factor(&[], Finish::Plain), y.part(0..rows, from..until));
        }
    }
}
