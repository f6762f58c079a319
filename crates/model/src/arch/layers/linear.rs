use qiao_vecmath::{Packed, Rows, RowsMut, Simd, multiply};

use crate::weights::{WeightError, Weights};

/// `y = x · Wᵀ + b`.
#[derive(Debug)]
pub(crate) struct Linear {
    weight: Packed,
    bias: Vec<f32>,
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
        let weight = Packed::from_outputs(Rows::new(&weight, outputs, inputs, inputs));
        Ok(Self { weight, bias })
    }

    /// Numbers that go in for each row.
    pub(crate) fn inputs(&self) -> usize {
        self.weight.inputs()
    }

    /// Numbers that come out for each row.
    pub(crate) fn outputs(&self) -> usize {
        self.weight.outputs()
    }

    /// `x[rows, inputs]` to `y[rows, outputs]`.
    pub(crate) fn apply(&self, simd: Simd, x: &[f32], y: &mut Vec<f32>) {
        let (inputs, outputs) = (self.inputs(), self.outputs());
        let rows = x.len() / inputs;
        y.resize(rows * outputs, 0.0);
        let x = Rows::new(x, rows, inputs, inputs);
        multiply(simd, x, &self.weight, &self.bias, RowsMut::new(y, rows, outputs, outputs));
    }
}
