use qiao_vecmath::{
    Factor, FactorInt8, Finish, Levels, Packed, PackedInt8, Rows, RowsMut, Simd, multiply, multiply_int8,
};

use crate::identity::Precision;
use crate::weights::{WeightError, Weights};

/// `y = x · Wᵀ + b`.
#[derive(Debug)]
pub(crate) struct Linear {
    weight: Matrix,
    bias: Vec<f32>,
}

#[derive(Debug)]
enum Matrix {
    F32(Packed),
    Int8(PackedInt8),
}

/// What products are made with.
#[derive(Debug)]
pub(crate) struct Kit {
    pub(crate) simd: Simd,
    /// Threads that share one product
    threads: usize,
    /// What goes in, rounded
    levels: Levels,
}

impl Kit {
    /// For `threads` threads a product.
    pub(crate) fn new(simd: Simd, threads: usize) -> Self {
        Self { simd, threads, levels: Levels::default() }
    }

    pub(crate) fn threads(&self) -> usize {
        self.threads
    }
}

impl Linear {
    /// Stacks the layers `parts`, each a name and its number of outputs, into one of `inputs`; with their biases or without.
    pub(crate) fn load(
        weights: &Weights,
        parts: &[(&str, usize)],
        inputs: usize,
        biased: bool,
    ) -> Result<Self, WeightError> {
        let (mut weight, mut bias) = (Vec::new(), Vec::new());
        for (name, outputs) in parts {
            weight.append(&mut weights.tensor(&format!("{name}.weight"), &[*outputs, inputs])?);
            if biased {
                bias.append(&mut weights.tensor(&format!("{name}.bias"), &[*outputs])?);
            }
        }
        let outputs = parts.iter().map(|(_, outputs)| outputs).sum();
        let rows = Rows::new(&weight, outputs, inputs, inputs);
        let weight = match weights.precision() {
            Precision::F32 => Matrix::F32(Packed::from_outputs(rows)),
            Precision::Int8 => Matrix::Int8(PackedInt8::from_outputs(rows)),
        };
        Ok(Self { weight, bias })
    }

    /// Numbers that go in for each row.
    pub(crate) fn inputs(&self) -> usize {
        match &self.weight {
            Matrix::F32(packed) => packed.inputs(),
            Matrix::Int8(packed) => packed.inputs(),
        }
    }

    /// Numbers that come out for each row.
    pub(crate) fn outputs(&self) -> usize {
        match &self.weight {
            Matrix::F32(packed) => packed.outputs(),
            Matrix::Int8(packed) => packed.outputs(),
        }
    }

    /// `x[rows, inputs]` to `y[rows, outputs]`.
    pub(crate) fn apply(&self, kit: &mut Kit, x: &[f32], y: &mut Vec<f32>) {
        self.apply_then(kit, Finish::Plain, x, y);
    }

    /// As [`Linear::apply`], with something done to each number that comes out.
    pub(crate) fn apply_then(&self, kit: &mut Kit, finish: Finish, x: &[f32], y: &mut Vec<f32>) {
        y.resize(x.len() / self.inputs() * self.outputs(), 0.0);
        self.apply_to(kit, finish, x, y);
    }

    /// As [`Linear::apply_then`], into a place of the right size.
    pub(crate) fn apply_to(&self, kit: &mut Kit, finish: Finish, x: &[f32], y: &mut [f32]) {
        let (inputs, outputs) = (self.inputs(), self.outputs());
        let rows = x.len() / inputs;
        let x = Rows::new(x, rows, inputs, inputs);
        let y = RowsMut::new(y, rows, outputs, outputs);
        let Kit { simd, threads, levels } = kit;
        match &self.weight {
            Matrix::F32(packed) => product(*simd, *threads, x, packed.factor(&self.bias, finish), y),
            Matrix::Int8(packed) => {
                levels.round(*simd, x);
                product_int8(*simd, *threads, levels, packed.factor(&self.bias, finish), y);
            }
        }
    }
}

/// The product, its outputs divided over threads.
fn product(simd: Simd, threads: usize, x: Rows<'_>, w: Factor<'_>, y: RowsMut<'_>) {
    let first = threads / 2;
    match w.split(first, threads) {
        Some((one, other)) if threads > 1 => {
            let (left, right) = y.split_at_column(one.outputs());
            rayon::join(|| product(simd, first, x, one, left), || product(simd, threads - first, x, other, right));
        }
        _ => multiply(simd, x, w, y),
    }
}

/// As [`product`], in whole numbers.
fn product_int8(simd: Simd, threads: usize, x: &Levels, w: FactorInt8<'_>, y: RowsMut<'_>) {
    let first = threads / 2;
    match w.split(first, threads) {
        Some((one, other)) if threads > 1 => {
            let (left, right) = y.split_at_column(one.outputs());
            rayon::join(
                || product_int8(simd, first, x, one, left),
                || product_int8(simd, threads - first, x, other, right),
            );
        }
        _ => multiply_int8(simd, x, w, y),
    }
}
