//! What follows pooling: the modules that sentence-transformers puts behind it.

use std::path::{Path, PathBuf};

use qiao_vecmath::{Simd, l2_normalize};

use crate::arch::{Activation, Kit, Linear, Norm};
use crate::directory::{Dense, DirectoryError, Module};
use crate::weights::Weights;

/// torch's own, which sentence-transformers' module leaves as it is.
const LAYER_NORM_EPSILON: f64 = 1e-5;

/// The modules, in their order.
#[derive(Debug)]
pub(crate) struct Head {
    steps: Vec<Step>,
    dimension: usize,
    weights: Vec<Weights>,
}

#[derive(Debug)]
enum Step {
    Dense { linear: Linear, activation: Activation, residual: Residual },
    LayerNorm(Norm),
    Normalize,
    Cut(usize),
}

/// What a dense layer adds to its output.
#[derive(Debug)]
enum Residual {
    None,
    Input,
    Projected(Linear),
}

impl Head {
    /// Loads the modules of the directory `path`, the first of which is given vectors of `width`.
    pub(crate) fn load(path: &Path, modules: &[Module], width: usize) -> Result<Self, DirectoryError> {
        let mut head = Self { steps: Vec::new(), dimension: width, weights: Vec::new() };
        for module in modules {
            let step = match module {
                Module::Dense { folder, settings } => {
                    head.require(folder, settings.in_features)?;
                    let weights = Weights::open(folder)?;
                    let step = dense(folder, settings, &weights)?;
                    head.dimension = settings.out_features;
                    head.weights.push(weights);
                    step
                }
                Module::LayerNorm { folder, dimension } => {
                    head.require(folder, *dimension)?;
                    let weights = Weights::open(folder)?;
                    let norm = Norm::layer(&weights, "norm", *dimension, LAYER_NORM_EPSILON, true)?;
                    head.weights.push(weights);
                    Step::LayerNorm(norm)
                }
                Module::Normalize => Step::Normalize,
                Module::Cut(dimension) => {
                    head.dimension = head.dimension.min(*dimension);
                    Step::Cut(*dimension)
                }
            };
            head.steps.push(step);
        }
        match head.dimension {
            0 => Err(DirectoryError::NoNumbers { path: path.into() }),
            _ => Ok(head),
        }
    }

    fn require(&self, folder: &Path, dimension: usize) -> Result<(), DirectoryError> {
        match self.dimension == dimension && dimension > 0 {
            true => Ok(()),
            false => Err(DirectoryError::Unsupported {
                path: folder.join("config.json"),
                what: format!("vectors of {dimension} numbers, and is given {}", self.dimension),
            }),
        }
    }

    /// Takes the first `dimension` numbers of what came out so far, at unit length again if they were so before.
    pub(crate) fn cut(&mut self, dimension: usize) {
        let normalizes = self.normalizes();
        self.steps.push(Step::Cut(dimension));
        self.dimension = self.dimension.min(dimension);
        if normalizes {
            self.steps.push(Step::Normalize);
        }
    }

    /// Brings what came out so far to unit length.
    pub(crate) fn normalize(&mut self) {
        if !self.normalizes() {
            self.steps.push(Step::Normalize);
        }
    }

    /// Floats in what comes out.
    pub(crate) fn dimension(&self) -> usize {
        self.dimension
    }

    /// Whether what comes out has unit length.
    pub(crate) fn normalizes(&self) -> bool {
        matches!(self.steps.last(), Some(Step::Normalize))
    }

    /// The files of the modules' weights.
    pub(crate) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.weights.iter().flat_map(Weights::files)
    }

    /// Runs a pooled vector through all of them.
    pub(crate) fn apply(&self, simd: Simd, mut vector: Vec<f32>) -> Vec<f32> {
        let mut kit = Kit::new(simd, 1);
        for step in &self.steps {
            match step {
                Step::Dense { linear, activation, residual } => {
                    let mut out = Vec::new();
                    linear.apply(&mut kit, &vector, &mut out);
                    activation.apply(simd, &mut out);
                    let mut projected = Vec::new();
                    let added = match residual {
                        Residual::None => &projected,
                        Residual::Input => &vector,
                        Residual::Projected(residual) => {
                            residual.apply(&mut kit, &vector, &mut projected);
                            &projected
                        }
                    };
                    out.iter_mut().zip(added).for_each(|(o, a)| *o += a);
                    vector = out;
                }
                Step::LayerNorm(norm) => norm.apply(simd, &mut vector),
                Step::Normalize => l2_normalize(&mut vector),
                Step::Cut(dimension) => vector.truncate(*dimension),
            }
        }
        vector
    }
}

fn dense(folder: &Path, settings: &Dense, weights: &Weights) -> Result<Step, DirectoryError> {
    let unsupported = |what: String| DirectoryError::Unsupported { path: folder.join("config.json"), what };
    let name = &settings.activation_function;
    let activation = Activation::of_torch(name).ok_or_else(|| unsupported(format!("the activation {name}")))?;
    let (inputs, outputs) = (settings.in_features, settings.out_features);
    let linear = Linear::load(weights, &[("linear", outputs)], inputs, settings.bias)?;
    let residual = match (settings.use_residual, inputs == outputs) {
        (false, _) => Residual::None,
        (true, true) => Residual::Input,
        (true, false) => Residual::Projected(Linear::load(weights, &[("residual", outputs)], inputs, false)?),
    };
    Ok(Step::Dense { linear, activation, residual })
}
