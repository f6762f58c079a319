//! Tensors of safetensors files, mapped from disk; in one file or in shards.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use qiao_vecmath::{MappedFile, floats};
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;

use crate::identity::Precision;

/// The one file of weights that is not sharded.
const WHOLE: &str = "model.safetensors";
/// Says which shard holds which tensor.
const INDEX: &str = "model.safetensors.index.json";
/// What transformers also reads, and what may run any code when it is read.
const PICKLED: &str = "pytorch_model.bin";

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
    /// There are weights, in a form that is not read.
    #[error(
        "{path} is a pickled file, which qiao does not open, since reading one may run any code; save the model again \
         with `safe_serialization=True`"
    )]
    Pickled {
        /// The file.
        path: PathBuf,
    },
    /// Not a safetensors file, or cut short.
    #[error("{path} is not a whole safetensors file; pull the model again")]
    Format {
        /// The file.
        path: PathBuf,
        /// Why.
        source: safetensors::SafeTensorError,
    },
    /// The list of shards.
    #[error("{path} does not say which file holds which tensor: {reason}")]
    Index {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A tensor the architecture needs is not there.
    #[error("{path} has no tensor {name}; it is not of the model that its config.json describes, or is not whole")]
    Missing {
        /// The file, or the folder of the shards.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// A tensor of another shape than the configuration says.
    #[error("tensor {name} of {path} has shape {}, the configuration asks for {}", shape(found), shape(expected))]
    Shape {
        /// The file, or the folder of the shards.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// In the file.
        found: Vec<usize>,
        /// By the configuration.
        expected: Vec<usize>,
    },
    /// Numbers of a kind that is not read.
    #[error("tensor {name} of {path} holds {dtype} numbers; {readable} are read")]
    Dtype {
        /// The file, or the folder of the shards.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its kind.
        dtype: String,
        /// The kinds that would do.
        readable: &'static str,
    },
    /// A number that points outside the table it points into.
    #[error("tensor {name} of {path} holds {found}, and it should be below {below}")]
    Range {
        /// The file, or the folder of the shards.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The number.
        found: i64,
        /// The bound.
        below: usize,
    },
}

/// `[384, 1536]` as `384 x 1536`.
fn shape(sizes: &[usize]) -> String {
    sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x ")
}

#[derive(Debug)]
struct Entry {
    file: Arc<MappedFile>,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Range<usize>,
}

/// The tensors of a model or of one of its modules, by name.
#[derive(Debug)]
pub(crate) struct Weights {
    /// The file, or the folder of the shards.
    path: PathBuf,
    files: Vec<PathBuf>,
    entries: HashMap<String, Entry>,
    /// In which the layers are to compute
    precision: Precision,
}

impl Weights {
    /// The same, for layers that compute in `precision`.
    pub(crate) fn computed_in(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// In which the layers are to compute.
    pub(crate) fn precision(&self) -> Precision {
        self.precision
    }

    /// Maps the weights of `folder`: `model.safetensors`, else the shards that its index names.
    pub(crate) fn open(folder: &Path) -> Result<Self, WeightError> {
        let (whole, index, pickled) = (folder.join(WHOLE), folder.join(INDEX), folder.join(PICKLED));
        if !whole.exists() && index.exists() {
            let shards = shards(&index)?;
            return Self::map(folder.into(), shards.iter().map(|name| folder.join(name)).collect());
        }
        if !whole.exists() && pickled.exists() {
            return Err(WeightError::Pickled { path: pickled });
        }
        Self::map(whole.clone(), vec![whole])
    }

    fn map(path: PathBuf, files: Vec<PathBuf>) -> Result<Self, WeightError> {
        let mut entries = HashMap::new();
        for file in &files {
            let mapped = MappedFile::open(file).map_err(|source| WeightError::Open { path: file.clone(), source })?;
            let broken = |source| WeightError::Format { path: file.clone(), source };
            entries.extend(index(&Arc::new(mapped)).map_err(broken)?);
        }
        Ok(Self { path, files, entries, precision: Precision::F32 })
    }

    /// The files, in the order of their names.
    pub(crate) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Whether there is a tensor `name`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// The prefix under which the encoder's tensors stand: none, or that of a model with a head.
    pub(crate) fn prefix_of(&self, tensor: &str, candidates: &[&'static str]) -> &'static str {
        let has = |prefix: &&&'static str| self.has(&format!("{prefix}{tensor}"));
        candidates.iter().find(has).copied().unwrap_or_default()
    }

    fn entry(&self, name: &str, shape: &[usize]) -> Result<&Entry, WeightError> {
        let missing = || WeightError::Missing { path: self.path.clone(), name: name.into() };
        let entry = self.entries.get(name).ok_or_else(missing)?;
        match entry.shape == shape {
            true => Ok(entry),
            false => Err(WeightError::Shape {
                path: self.path.clone(),
                name: name.into(),
                found: entry.shape.clone(),
                expected: shape.into(),
            }),
        }
    }

    fn unreadable(&self, name: &str, dtype: Dtype) -> WeightError {
        let (path, dtype) = (self.path.clone(), dtype.to_string());
        WeightError::Dtype { path, name: name.into(), dtype, readable: "F64, F32, F16 and BF16" }
    }

    /// The file, or the folder of the shards.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The sizes of the tensor `name`.
    pub(crate) fn shape(&self, name: &str) -> Result<&[usize], WeightError> {
        let missing = || WeightError::Missing { path: self.path.clone(), name: name.into() };
        self.entries.get(name).map(|entry| entry.shape.as_slice()).ok_or_else(missing)
    }

    /// The numbers of the tensor `name`, which must have `shape`, row-major, as float32.
    pub(crate) fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightError> {
        let entry = self.entry(name, shape)?;
        let number = Number::of(entry.dtype).ok_or_else(|| self.unreadable(name, entry.dtype))?;
        let mut values = Vec::new();
        number.read(&entry.file.bytes()[entry.bytes.clone()], &mut values);
        Ok(values)
    }

    /// The table `name` of `[rows, width]`, whose rows are read as they are needed.
    pub(crate) fn table(&self, name: &str, rows: usize, width: usize) -> Result<Table, WeightError> {
        let entry = self.entry(name, &[rows, width])?;
        let number = Number::of(entry.dtype).ok_or_else(|| self.unreadable(name, entry.dtype))?;
        Ok(Table { file: entry.file.clone(), bytes: entry.bytes.clone(), number, rows, width })
    }

    /// The whole numbers of the tensor `name` of `[length]`, each of which must be below `below`.
    pub(crate) fn indices(&self, name: &str, length: usize, below: usize) -> Result<Vec<u32>, WeightError> {
        let entry = self.entry(name, &[length])?;
        let bytes = &entry.file.bytes()[entry.bytes.clone()];
        let wide = |b: &[u8]| b.try_into().map(i64::from_le_bytes).unwrap_or(-1);
        let narrow = |b: &[u8]| b.try_into().map(|b| i64::from(i32::from_le_bytes(b))).unwrap_or(-1);
        let numbers: Vec<i64> = match entry.dtype {
            Dtype::I64 => bytes.chunks_exact(8).map(wide).collect(),
            Dtype::I32 => bytes.chunks_exact(4).map(narrow).collect(),
            other => {
                return Err(WeightError::Dtype {
                    path: self.path.clone(),
                    name: name.into(),
                    dtype: other.to_string(),
                    readable: "I64 and I32",
                });
            }
        };
        let checked = |n: i64| match u32::try_from(n) {
            Ok(index) if (index as usize) < below => Ok(index),
            _ => Err(WeightError::Range { path: self.path.clone(), name: name.into(), found: n, below }),
        };
        numbers.into_iter().map(checked).collect()
    }
}

/// A kind of number that is read as float32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    F64,
    F32,
    F16,
    BF16,
}

impl Number {
    fn of(dtype: Dtype) -> Option<Self> {
        match dtype {
            Dtype::F64 => Some(Self::F64),
            Dtype::F32 => Some(Self::F32),
            Dtype::F16 => Some(Self::F16),
            Dtype::BF16 => Some(Self::BF16),
            _ => None,
        }
    }

    fn size(self) -> usize {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
        }
    }

    /// Appends the numbers of little-endian `bytes`.
    fn read(self, bytes: &[u8], into: &mut Vec<f32>) {
        let pairs = || bytes.chunks_exact(2).map(|b| [b[0], b[1]]);
        match self {
            Self::F32 => match floats(bytes) {
                Some(values) => into.extend_from_slice(values),
                None => into.extend(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))),
            },
            Self::F64 => {
                let double = |b: &[u8]| b.try_into().map_or(f32::NAN, |b| f64::from_le_bytes(b) as f32);
                into.extend(bytes.chunks_exact(8).map(double));
            }
            Self::F16 => into.extend(pairs().map(|b| half::f16::from_le_bytes(b).to_f32())),
            Self::BF16 => into.extend(pairs().map(|b| half::bf16::from_le_bytes(b).to_f32())),
        }
    }
}

/// A table of which a text needs a few rows: it stays on disk, in the numbers in which it is stored.
#[derive(Debug)]
pub(crate) struct Table {
    file: Arc<MappedFile>,
    bytes: Range<usize>,
    number: Number,
    rows: usize,
    width: usize,
}

impl Table {
    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Floats in a row.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Appends row `row`.
    ///
    /// # Panics
    /// When there is no such row.
    pub(crate) fn read(&self, row: usize, into: &mut Vec<f32>) {
        let size = self.width * self.number.size();
        let bytes = &self.file.bytes()[self.bytes.clone()];
        self.number.read(&bytes[row * size..][..size], into);
    }
}

fn index(file: &Arc<MappedFile>) -> Result<HashMap<String, Entry>, safetensors::SafeTensorError> {
    let bytes = file.bytes();
    let start = bytes.as_ptr() as usize;
    let tensors = SafeTensors::deserialize(bytes)?;
    let entry = |view: &safetensors::tensor::TensorView<'_>| {
        let from = view.data().as_ptr() as usize - start;
        let bytes = from..from + view.data().len();
        Entry { file: file.clone(), dtype: view.dtype(), shape: view.shape().to_vec(), bytes }
    };
    Ok(tensors.iter().map(|(name, view)| (name.to_owned(), entry(&view))).collect())
}

#[derive(Deserialize)]
struct ShardIndex {
    weight_map: BTreeMap<String, String>,
}

/// The shards' file names, which must lie beside the index.
fn shards(index: &Path) -> Result<BTreeSet<String>, WeightError> {
    let text = std::fs::read(index).map_err(|source| WeightError::Open { path: index.into(), source })?;
    let broken = |reason: String| WeightError::Index { path: index.into(), reason };
    let parsed: ShardIndex = serde_json::from_slice(&text).map_err(|e| broken(e.to_string()))?;
    let names: BTreeSet<String> = parsed.weight_map.into_values().collect();
    let elsewhere = |name: &&String| Path::new(name).file_name().is_none_or(|own| own != name.as_str());
    match names.iter().find(elsewhere) {
        Some(name) => Err(broken(format!("{name} is not a file beside it"))),
        None if names.is_empty() => Err(broken("it names no file".into())),
        None => Ok(names),
    }
}
