//! A GGUF file, mapped: its metadata and where its tensors lie.
//!
//! ```text
//! "GGUF", u32 version (2, 3), u64 tensors, u64 entries           all numbers little-endian
//! entries, each: text key, u32 kind, value                        a text is u64 bytes and UTF-8
//!     kinds: 0 u8, 1 i8, 2 u16, 3 i16, 4 u32, 5 i32, 6 f32, 7 bool, 8 text, 9 array, 10 u64, 11 i64, 12 f64
//!     an array is u32 kind of its elements, u64 count, elements
//! tensors, each: text name, u32 dimensions, u64 × dimensions (the innermost first), u32 kind, u64 offset
//! padding to `general.alignment` (32), then the tensors' bytes at their offsets
//! ```
//! (<https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.) Arrays stay in the file until they are asked for, and nothing
//! is allocated by what the file says of itself, only by what is there.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use qiao_vecmath::{BlockKind, MappedBlocks, MappedFile};

use super::GeneratorError;

const ALIGNMENT: &str = "general.alignment";
const MOST_DIMENSIONS: usize = 4;

const FLAG: u32 = 7;
const TEXT: u32 = 8;
const ARRAY: u32 = 9;

/// A GGUF file.
#[derive(Debug)]
pub(super) struct Gguf {
    pub(super) path: PathBuf,
    file: Arc<MappedFile>,
    metadata: HashMap<String, Value>,
    tensors: HashMap<String, Tensor>,
    /// Where the tensors' bytes begin
    data: usize,
}

#[derive(Debug, Clone)]
enum Value {
    Whole(i128),
    Real(f64),
    Flag(bool),
    Text(String),
    Array { kind: u32, count: usize, at: Range<usize> },
}

/// A tensor's place.
#[derive(Debug, Clone)]
struct Tensor {
    /// The innermost first
    dimensions: Vec<u64>,
    kind: u32,
    offset: u64,
}

/// What was found wrong while reading.
#[derive(Debug)]
struct Fault(&'static str);

const SHORT: Fault = Fault("it breaks off");

impl Gguf {
    /// Maps `path` and reads what it says of itself.
    pub(super) fn open(path: &Path) -> Result<Self, GeneratorError> {
        let file = MappedFile::open(path).map_err(|source| GeneratorError::Open { path: path.to_owned(), source })?;
        let bytes = file.bytes();
        let mut reader = Reader { bytes, at: 0 };
        let damaged = |Fault(what)| GeneratorError::Damaged { path: path.to_owned(), what };
        if reader.take(4).map_err(damaged)? != b"GGUF" {
            return Err(damaged(Fault("it does not begin with `GGUF`")));
        }
        let version = reader.u32().map_err(damaged)?;
        if !(2..=3).contains(&version) {
            return Err(GeneratorError::Version { path: path.to_owned(), version });
        }
        let (metadata, tensors) = reader.tables().map_err(damaged)?;
        let data = data_start(&metadata, reader.at).map_err(damaged)?;
        Ok(Self { path: path.to_owned(), file: Arc::new(file), metadata, tensors, data })
    }

    /// The text that `key` stands for.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match self.metadata.get(key)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number that `key` stands for.
    pub(super) fn real(&self, key: &str) -> Option<f64> {
        match self.metadata.get(key)? {
            Value::Real(number) => Some(*number),
            Value::Whole(number) => Some(*number as f64),
            _ => None,
        }
    }

    /// The whole number, not below zero, that `key` stands for.
    pub(super) fn whole(&self, key: &str) -> Option<u64> {
        match self.metadata.get(key)? {
            Value::Whole(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// Whether `key` is said to hold; `None` where nothing is said.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        match self.metadata.get(key)? {
            Value::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The texts that `key` stands for; bytes that are not UTF-8 are replaced.
    pub(super) fn texts(&self, key: &str) -> Option<impl Iterator<Item = String> + use<'_>> {
        let (mut reader, count) = self.array(key, |kind| kind == TEXT)?;
        // the array was walked when the file was opened: no text is missing
        Some((0..count).map_while(move |_| reader.text().ok()))
    }

    /// The numbers that `key` stands for.
    pub(super) fn numbers(&self, key: &str) -> Option<impl Iterator<Item = f64> + use<'_>> {
        let Value::Array { kind, .. } = self.metadata.get(key)? else { return None };
        let kind = *kind;
        let (mut reader, count) = self.array(key, |kind| !matches!(kind, FLAG | TEXT | ARRAY))?;
        Some((0..count).map_while(move |_| match reader.value(kind).ok()? {
            Value::Whole(number) => Some(number as f64),
            Value::Real(number) => Some(number),
            _ => None,
        }))
    }

    fn array(&self, key: &str, fits: impl Fn(u32) -> bool) -> Option<(Reader<'_>, usize)> {
        match self.metadata.get(key)? {
            Value::Array { kind, count, at } if fits(*kind) => {
                Some((Reader { bytes: self.file.bytes().get(at.clone())?, at: 0 }, *count))
            }
            _ => None,
        }
    }

    /// Whether there is a tensor `name`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// The rows of the matrix `name`.
    pub(super) fn outputs(&self, name: &str) -> Result<usize, GeneratorError> {
        let tensor = self.tensors.get(name).ok_or_else(|| self.wrong(name, "is not there"))?;
        match tensor.dimensions[..] {
            [_, outputs] => usize::try_from(outputs).map_err(|_| self.wrong(name, "is too large")),
            _ => Err(self.wrong(name, "is no matrix")),
        }
    }

    /// The matrix `name` of `outputs` rows of `inputs` weights.
    pub(super) fn matrix(&self, name: &str, outputs: usize, inputs: usize) -> Result<MappedBlocks, GeneratorError> {
        let (kind, from) = self.placed(name, &[inputs, outputs])?;
        MappedBlocks::new(self.file.clone(), from, kind, (outputs, inputs))
            .ok_or_else(|| self.wrong(name, "is cut off, or its rows are not whole blocks"))
    }

    /// The `length` numbers of the tensor `name`, which has one dimension and single precision.
    pub(super) fn vector(&self, name: &str, length: usize) -> Result<Vec<f32>, GeneratorError> {
        let (kind, from) = self.placed(name, &[length])?;
        if kind != BlockKind::F32 {
            return Err(self.wrong(name, "is not in single precision"));
        }
        let end = length.checked_mul(4).and_then(|bytes| from.checked_add(bytes));
        let bytes =
            end.and_then(|end| self.file.bytes().get(from..end)).ok_or_else(|| self.wrong(name, "is cut off"))?;
        Ok(bytes.as_chunks::<4>().0.iter().map(|number| f32::from_le_bytes(*number)).collect())
    }

    /// Kind and first byte of a tensor of these dimensions.
    fn placed(&self, name: &str, dimensions: &[usize]) -> Result<(BlockKind, usize), GeneratorError> {
        let tensor = self.tensors.get(name).ok_or_else(|| self.wrong(name, "is not there"))?;
        if !tensor.dimensions.iter().eq(dimensions.iter().map(|n| *n as u64).collect::<Vec<_>>().iter()) {
            return Err(self.wrong(name, "has another shape than the file's settings say"));
        }
        let kind = BlockKind::numbered(tensor.kind);
        let kind = kind.ok_or_else(|| self.wrong(name, "is stored in blocks of a kind that is not read"))?;
        let offset = usize::try_from(tensor.offset).ok().and_then(|offset| offset.checked_add(self.data));
        Ok((kind, offset.ok_or_else(|| self.wrong(name, "lies outside the file"))?))
    }

    fn wrong(&self, name: &str, what: &'static str) -> GeneratorError {
        GeneratorError::Tensor { path: self.path.clone(), name: name.to_owned(), what }
    }

    /// For a setting that is not there.
    pub(super) fn missing(&self, name: &str) -> GeneratorError {
        GeneratorError::NoSetting { path: self.path.clone(), name: name.to_owned() }
    }

    /// For a setting that makes no sense.
    pub(super) fn senseless(&self, name: &str, found: impl ToString, wanted: &'static str) -> GeneratorError {
        let (name, found) = (name.to_owned(), found.to_string());
        GeneratorError::Setting { path: self.path.clone(), name, found, wanted }
    }

    /// For what is not built.
    pub(super) fn unsupported(&self, what: impl Into<String>) -> GeneratorError {
        GeneratorError::Unsupported { path: self.path.clone(), what: what.into() }
    }
}

fn data_start(metadata: &HashMap<String, Value>, at: usize) -> Result<usize, Fault> {
    let alignment = match metadata.get(ALIGNMENT) {
        Some(Value::Whole(number)) => usize::try_from(*number).ok(),
        Some(_) => None,
        None => Some(32),
    };
    let alignment = alignment.filter(|n| n.is_power_of_two()).ok_or(Fault("its alignment is no power of two"))?;
    at.checked_next_multiple_of(alignment).ok_or(SHORT)
}

/// Little-endian reader that never passes the end.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

type Tables = (HashMap<String, Value>, HashMap<String, Tensor>);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let end = self.at.checked_add(count).ok_or(SHORT)?;
        let taken = self.bytes.get(self.at..end).ok_or(SHORT)?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        self.take(N)?.try_into().map_err(|_| SHORT)
    }

    fn u32(&mut self) -> Result<u32, Fault> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, Fault> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A number of things of which each takes at least `bytes` bytes of what is left.
    fn count(&mut self, bytes: usize) -> Result<usize, Fault> {
        let count = usize::try_from(self.u64()?).map_err(|_| SHORT)?;
        let least = count.checked_mul(bytes).ok_or(SHORT)?;
        if least > self.bytes.len() - self.at { Err(SHORT) } else { Ok(count) }
    }

    fn raw_text(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.count(1)?;
        self.take(length)
    }

    fn text(&mut self) -> Result<String, Fault> {
        Ok(String::from_utf8_lossy(self.raw_text()?).into_owned())
    }

    fn tables(&mut self) -> Result<Tables, Fault> {
        // a tensor has a name, dimensions, kind and offset; an entry a key, a kind and a value
        let (tensors, entries) = (self.count(24)?, self.count(13)?);
        let (mut metadata, mut places) = (HashMap::new(), HashMap::new());
        for _ in 0..entries {
            let (key, kind) = (self.text()?, self.u32()?);
            metadata.insert(key, self.value(kind)?);
        }
        for _ in 0..tensors {
            places.insert(self.text()?, self.tensor()?);
        }
        Ok((metadata, places))
    }

    fn tensor(&mut self) -> Result<Tensor, Fault> {
        let count = self.u32()? as usize;
        if count > MOST_DIMENSIONS {
            return Err(Fault("a tensor has more than four dimensions"));
        }
        let dimensions = (0..count).map(|_| self.u64()).collect::<Result<_, _>>()?;
        Ok(Tensor { dimensions, kind: self.u32()?, offset: self.u64()? })
    }

    fn value(&mut self, kind: u32) -> Result<Value, Fault> {
        Ok(match kind {
            0 => Value::Whole(u8::from_le_bytes(self.array()?).into()),
            1 => Value::Whole(i8::from_le_bytes(self.array()?).into()),
            2 => Value::Whole(u16::from_le_bytes(self.array()?).into()),
            3 => Value::Whole(i16::from_le_bytes(self.array()?).into()),
            4 => Value::Whole(self.u32()?.into()),
            5 => Value::Whole(i32::from_le_bytes(self.array()?).into()),
            6 => Value::Real(f32::from_le_bytes(self.array()?).into()),
            FLAG => Value::Flag(self.array::<1>()? != [0]),
            TEXT => Value::Text(self.text()?),
            ARRAY => self.skipped_array()?,
            10 => Value::Whole(self.u64()?.into()),
            11 => Value::Whole(i64::from_le_bytes(self.array()?).into()),
            12 => Value::Real(f64::from_le_bytes(self.array()?)),
            _ => return Err(Fault("a setting is of an unknown kind")),
        })
    }

    /// Passes over an array and remembers where it lies.
    fn skipped_array(&mut self) -> Result<Value, Fault> {
        let kind = self.u32()?;
        let bytes = match kind {
            0 | 1 | FLAG => 1,
            2 | 3 => 2,
            4..=6 => 4,
            TEXT | 10..=12 => 8,
            _ => return Err(Fault("an array is of arrays, or of an unknown kind")),
        };
        let count = self.count(bytes)?;
        let from = self.at;
        match kind {
            TEXT => (0..count).try_for_each(|_| self.raw_text().map(|_| ()))?,
            _ => self.take(count * bytes).map(|_| ())?,
        }
        Ok(Value::Array { kind, count, at: from..self.at })
    }
}
