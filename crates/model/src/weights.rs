//! Tensors of safetensors files, mapped from disk.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use qiao_vecmath::{MappedFile, floats};
use safetensors::{Dtype, SafeTensors};

/// A weights file that cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum WeightError {
    /// Not to be opened.
    #[error("cannot open {path}")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not a safetensors file, or cut short.
    #[error("{path} is not a whole safetensors file; pull the model again")]
    Format {
        /// The file.
        path: PathBuf,
        /// Why.
        source: safetensors::SafeTensorError,
    },
    /// A tensor the architecture needs is not there.
    #[error("{path} has no tensor {name}")]
    Missing {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// A tensor of another shape than the configuration says.
    #[error("tensor {name} has shape {}, config.json asks for {}", shape(found), shape(expected))]
    Shape {
        /// The tensor.
        name: String,
        /// In the file.
        found: Vec<usize>,
        /// By the configuration.
        expected: Vec<usize>,
    },
    /// Numbers of a kind that is not read.
    #[error("tensor {name} holds {dtype} numbers; F32, F16 and BF16 are read")]
    Dtype {
        /// The tensor.
        name: String,
        /// Its kind.
        dtype: String,
    },
}

/// `[384, 1536]` as `384 x 1536`.
fn shape(sizes: &[usize]) -> String {
    sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x ")
}

#[derive(Debug)]
struct Entry {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Range<usize>,
}

/// A safetensors file, its tensors by name.
#[derive(Debug)]
pub(crate) struct Weights {
    path: PathBuf,
    file: Arc<MappedFile>,
    entries: HashMap<String, Entry>,
}

/// Floats of one tensor: in the mapped file where they lie there as f32, else copied.
#[derive(Debug, Clone)]
pub(crate) enum Tensor {
    Mapped(Arc<MappedFile>, Range<usize>),
    Owned(Vec<f32>),
}

impl Tensor {
    /// The floats, row-major.
    pub(crate) fn values(&self) -> &[f32] {
        match self {
            Self::Mapped(file, range) => floats(&file.bytes()[range.clone()]).unwrap_or_default(),
            Self::Owned(values) => values,
        }
    }
}

impl Weights {
    /// Maps `path` and reads its header.
    pub(crate) fn open(path: &Path) -> Result<Self, WeightError> {
        let file = MappedFile::open(path).map_err(|source| WeightError::Open { path: path.into(), source })?;
        let entries = index(file.bytes()).map_err(|source| WeightError::Format { path: path.into(), source })?;
        Ok(Self { path: path.into(), file: Arc::new(file), entries })
    }

    /// The prefix under which the encoder's tensors stand: none, or that of a model with a head.
    pub(crate) fn prefix_of(&self, tensor: &str, candidates: &[&'static str]) -> &'static str {
        let has = |prefix: &&&'static str| self.entries.contains_key(&format!("{prefix}{tensor}"));
        candidates.iter().find(has).copied().unwrap_or_default()
    }

    /// The tensor `name`, which must have `shape`.
    pub(crate) fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, WeightError> {
        let missing = || WeightError::Missing { path: self.path.clone(), name: name.into() };
        let entry = self.entries.get(name).ok_or_else(missing)?;
        if entry.shape != shape {
            return Err(WeightError::Shape { name: name.into(), found: entry.shape.clone(), expected: shape.into() });
        }
        let bytes = &self.file.bytes()[entry.bytes.clone()];
        let pairs = || bytes.chunks_exact(2).map(|b| [b[0], b[1]]);
        match entry.dtype {
            Dtype::F32 if floats(bytes).is_some() => Ok(Tensor::Mapped(self.file.clone(), entry.bytes.clone())),
            Dtype::F32 => {
                Ok(Tensor::Owned(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()))
            }
            Dtype::F16 => Ok(Tensor::Owned(pairs().map(|b| half::f16::from_le_bytes(b).to_f32()).collect())),
            Dtype::BF16 => Ok(Tensor::Owned(pairs().map(|b| half::bf16::from_le_bytes(b).to_f32()).collect())),
            other => Err(WeightError::Dtype { name: name.into(), dtype: other.to_string() }),
        }
    }
}

fn index(bytes: &[u8]) -> Result<HashMap<String, Entry>, safetensors::SafeTensorError> {
    let start = bytes.as_ptr() as usize;
    let tensors = SafeTensors::deserialize(bytes)?;
    let entry = |view: &safetensors::tensor::TensorView<'_>| {
        let from = view.data().as_ptr() as usize - start;
        Entry { dtype: view.dtype(), shape: view.shape().to_vec(), bytes: from..from + view.data().len() }
    };
    Ok(tensors.iter().map(|(name, view)| (name.to_owned(), entry(&view))).collect())
}
