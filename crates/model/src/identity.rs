use std::fmt::{self, Write};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use qiao_vecmath::Simd;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::directory::DirectoryError;
use crate::tokenizer::TokenizerSettings;

/// What a text is to the model: some models put different words before each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A question or search.
    Query,
    /// A text to be found.
    Passage,
}

/// The words put before a text of each role; empty for none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Prompts {
    /// Before queries.
    pub query: String,
    /// Before passages.
    pub passage: String,
}

impl Prompts {
    /// The prompt of a role.
    pub fn of(&self, role: Role) -> &str {
        match role {
            Role::Query => &self.query,
            Role::Passage => &self.passage,
        }
    }
}

/// The numbers in which a model computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// IEEE 754 single precision.
    F32,
    /// The layers' matrices in signed bytes, each output with a scale; what goes into them in up to sixteen bits, each token with
    /// a scale; sums in 32 bits. All else in single precision.
    Int8,
}

/// All that decides a vector's numbers. Vectors whose ids differ are never compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EncoderId {
    /// Registry name, or the path of a local directory.
    pub model: String,
    /// The source's revision, where it has one.
    pub revision: String,
    /// SHA-256 of the weights file, hexadecimal; of several (shards, modules), that of the list that `sha256sum` prints.
    pub weights_sha256: String,
    /// SHA-256 of tokenizer.json, hexadecimal.
    pub tokenizer_sha256: String,
    /// SHA-256, hexadecimal, of what else the directory says that decides the numbers: config.json but for its remarks on
    /// itself, and how the tokenizer's own configuration differs from tokenizer.json.
    #[serde(default)]
    pub settings_sha256: String,
    /// Pooling, in sentence-transformers' words.
    pub pooling: String,
    /// The modules after pooling, but for the one that normalises.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modules: Vec<String>,
    /// Whether the model's own modules normalise.
    pub normalized: bool,
    /// Prompts.
    pub prompts: Prompts,
    /// Floats in a vector.
    pub dimension: usize,
    /// Tokens of a text at most, special and prompt tokens counted; `None` where there is no limit.
    pub max_tokens: Option<usize>,
    /// Precision of passages.
    pub passage_precision: Precision,
    /// Precision of queries.
    pub query_precision: Precision,
}

impl Precision {
    /// In what this processor computes fastest: bytes, where there are kernels for them.
    pub fn fastest() -> Self {
        if Simd::detect() == Simd::portable() { Self::F32 } else { Self::Int8 }
    }
}

impl fmt::Display for Precision {
    /// As JSON and the command line have it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::Int8 => "int8",
        })
    }
}

impl EncoderId {
    /// The model and what it computes in, for people.
    pub fn label(&self) -> String {
        format!("{} in {}", self.model, self.passage_precision)
    }

    /// Whether vectors of both may be compared: everything but the name and revision under which the model was found.
    pub fn same_space(&self, other: &Self) -> bool {
        self.space_key() == other.space_key()
    }

    /// Hash of all that decides the numbers, in hexadecimal: the key of the id's vector space.
    pub fn space_key(&self) -> String {
        let anonymous = Self { model: String::new(), revision: String::new(), ..self.clone() };
        let canonical = serde_json::to_vec(&anonymous).unwrap_or_default();
        hex(&Sha256::digest(canonical))
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// One hash of what else a directory says that decides the numbers: config.json's settings, and those of the tokenizer.
pub(crate) fn hash_settings(config: &Value, tokenizer: TokenizerSettings, lowercase: bool) -> String {
    let settings = json!({"config": config, "tokenizer": tokenizer, "lowercase": lowercase});
    hex(&Sha256::digest(settings.to_string()))
}

/// One hash for all `files`: of one, its own; of several, that of the list that `sha256sum` would print of them.
pub(crate) fn files_sha256<'a>(
    root: &Path,
    files: impl Iterator<Item = &'a PathBuf>,
) -> Result<String, DirectoryError> {
    let hashed = files.map(|file| Ok((file_sha256(file)?, file.strip_prefix(root).unwrap_or(file))));
    let hashed: Vec<(String, &Path)> = hashed.collect::<Result<_, DirectoryError>>()?;
    if let [(only, _)] = &hashed[..] {
        return Ok(only.clone());
    }
    let list: String = hashed.iter().map(|(hash, file)| format!("{hash}  {}\n", file.display())).collect();
    Ok(hex(&Sha256::digest(list)))
}

/// The SHA-256 of a file, hexadecimal.
pub(crate) fn file_sha256(path: &Path) -> Result<String, DirectoryError> {
    let failed = |source| DirectoryError::Read { path: PathBuf::from(path), source };
    let mut file = File::open(path).map_err(failed)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0u8; 1 << 20];
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => return Ok(hex(&hash.finalize())),
            n => hash.update(&buffer[..n]),
        }
    }
}
