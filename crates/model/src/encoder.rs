use std::path::{Path, PathBuf};

use qiao_vecmath::l2_normalize;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::arch::Bert;
use crate::directory::{Directory, DirectoryError};
use crate::fetch::{Manifest, ModelDir, manifest};
use crate::identity::{EncoderId, Precision, Prompts, Role, hex};
use crate::pack::packs;
use crate::pooling::pool;
use crate::registry::ModelRow;
use crate::tokenizer::{Cut, Tokenizer, TokenizerError, Tokens};
use crate::weights::{WeightError, Weights};

const WEIGHTS: &str = "model.safetensors";

/// What to do with a text of more tokens than the model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Long {
    /// Encode overlapping windows and average their vectors, weighted by their tokens.
    Window,
    /// Encode the first tokens and say how many were dropped.
    Truncate,
    /// Refuse.
    Error,
}

/// What became of a text's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Receipt {
    /// Tokens of the prompt and text, special ones not counted.
    pub tokens: usize,
    /// Of these, how many no vector saw.
    pub dropped: usize,
    /// Of these, how many the vocabulary lacks.
    pub unknown: usize,
}

/// A text's vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    /// As many floats as the encoder's dimension.
    pub vector: Vec<f32>,
    /// What became of the tokens.
    pub receipt: Receipt,
}

/// A model that cannot be loaded, or a text it cannot take.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The directory.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The weights.
    #[error(transparent)]
    Weights(#[from] WeightError),
    /// The tokenizer.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// A text beyond the limit, where that was to be an error.
    #[error(
        "a text has {tokens} tokens, and the model takes {limit}; shorten it, or cut it with --long window or truncate"
    )]
    TooLong {
        /// Its tokens, prompt included, special ones not counted.
        tokens: usize,
        /// The limit in the same count.
        limit: usize,
    },
    /// A token the weights have no row for: tokens were added and the embeddings not resized.
    #[error(
        "the tokenizer gives token {token}, and the weights have {rows} rows; the model directory does not fit together"
    )]
    Vocabulary {
        /// The token's id.
        token: u32,
        /// Rows of the embedding table.
        rows: usize,
    },
    /// A limit that leaves no room for a text.
    #[error("the model takes {limit} tokens, and its special and prompt tokens need as many")]
    NoRoom {
        /// Its limit.
        limit: usize,
    },
    /// A vector that is not finite: broken weights.
    #[error("the model computed a number that is not finite; its weights are damaged: pull it again")]
    NotFinite,
}

/// A sentence-transformers model, loaded.
#[derive(Debug)]
pub struct SentenceEncoder {
    id: EncoderId,
    directory: Directory,
    tokenizer: Tokenizer,
    model: Bert,
}

/// Which model a directory holds, for its [`EncoderId`].
#[derive(Debug, Clone, Default)]
pub struct Provenance {
    /// Registry name, or the path as given.
    pub model: String,
    /// The source's revision.
    pub revision: String,
    /// SHA-256 of model.safetensors where a verified manifest has it already.
    pub weights_sha256: Option<String>,
    /// The registry's prompts, for directories that name none.
    pub prompts: Option<Prompts>,
}

impl From<&ModelDir> for Provenance {
    fn from(found: &ModelDir) -> Self {
        let weights = |m: Manifest| m.files.into_iter().find(|file| file.path == WEIGHTS).map(|file| file.sha256);
        let prompts = |row: &ModelRow| Prompts { query: row.prompts.query.into(), passage: row.prompts.passage.into() };
        Self {
            model: found.row.map_or_else(|| found.path.to_string_lossy().into_owned(), |row| row.name.to_owned()),
            revision: found.revision.clone().unwrap_or_default(),
            // only what qiao itself wrote into its cache is believed
            weights_sha256: found.row.and_then(|_| manifest(&found.path)).and_then(weights),
            prompts: found.row.map(prompts),
        }
    }
}

impl SentenceEncoder {
    /// Loads the model of a directory.
    ///
    /// # Errors
    /// When a file is missing or broken, or asks for something that is not computed here.
    pub fn load(path: &Path, from: Provenance) -> Result<Self, EncodeError> {
        let directory = Directory::read(path, from.prompts)?;
        let (weights_file, tokenizer_file) = (path.join(WEIGHTS), path.join("tokenizer.json"));
        let tokenizer = Tokenizer::load(&tokenizer_file, directory.lowercase)?;
        let model = Bert::load(&Weights::open(&weights_file)?, &directory.config)?;
        let id = EncoderId {
            model: from.model,
            revision: from.revision,
            weights_sha256: match from.weights_sha256 {
                Some(known) => known,
                None => file_sha256(&weights_file)?,
            },
            tokenizer_sha256: file_sha256(&tokenizer_file)?,
            pooling: directory.pooling.name().into(),
            normalized: directory.normalize,
            prompts: directory.prompts.clone(),
            dimension: model.width(),
            max_tokens: directory.max_tokens,
            passage_precision: Precision::F32,
            query_precision: Precision::F32,
        };
        let encoder = Self { id, directory, tokenizer, model };
        match encoder.max_tokens(Role::Query)?.min(encoder.max_tokens(Role::Passage)?) {
            0 => Err(EncodeError::NoRoom { limit: encoder.directory.max_tokens }),
            _ => Ok(encoder),
        }
    }

    /// All that decides its numbers.
    pub fn id(&self) -> &EncoderId {
        &self.id
    }

    /// The directory it was loaded from.
    pub fn directory(&self) -> &Path {
        &self.directory.path
    }

    /// Tokens of a text of `role` at most, its prompt and the special tokens already taken off.
    ///
    /// # Errors
    /// When the tokenizer fails on the prompt.
    pub fn max_tokens(&self, role: Role) -> Result<usize, EncodeError> {
        let prompt = self.tokenizer.count(self.id.prompts.of(role))?;
        Ok(self.directory.max_tokens.saturating_sub(self.tokenizer.special() + prompt))
    }

    /// Tokens of `text` alone, special and prompt tokens not counted.
    ///
    /// # Errors
    /// When the tokenizer fails on it.
    pub fn count_tokens(&self, text: &str) -> Result<usize, EncodeError> {
        Ok(self.tokenizer.count(text)?)
    }

    /// The ids that the model sees of `text`, special tokens included, cut at the limit.
    ///
    /// # Errors
    /// When the tokenizer fails on it.
    pub fn token_ids(&self, role: Role, text: &str) -> Result<Vec<u32>, EncodeError> {
        let mut tokens = self.tokens(role, text, Long::Truncate)?;
        Ok(tokens.windows.swap_remove(0))
    }

    /// Vectors of `texts`, in their order; the same bits alone or in any batch.
    ///
    /// # Errors
    /// When a text cannot be tokenised, is too long for [`Long::Error`], or the weights are broken.
    pub fn encode(&self, role: Role, texts: &[&str], long: Long) -> Result<Vec<Encoded>, EncodeError> {
        let tokens = texts.par_iter().map(|t| self.tokens(role, t, long)).collect::<Result<Vec<_>, _>>()?;
        let windows: Vec<Vec<u32>> = tokens.iter().flat_map(|t| t.windows.iter().cloned()).collect();
        let mut vectors = self.forward(&windows)?.into_iter();
        Ok(tokens.iter().map(|t| self.join(t, &mut vectors)).collect())
    }

    fn tokens(&self, role: Role, text: &str, long: Long) -> Result<Tokens, EncodeError> {
        let text = format!("{}{text}", self.id.prompts.of(role));
        let limit = self.directory.max_tokens;
        let cut = match long {
            Long::Window => Cut::Windows { overlap: limit / 8 },
            Long::Truncate | Long::Error => Cut::First,
        };
        let tokens = self.tokenizer.encode(&text, limit, cut)?;
        if long == Long::Error && tokens.dropped > 0 {
            let limit = limit - self.tokenizer.special();
            return Err(EncodeError::TooLong { tokens: tokens.content, limit });
        }
        let rows = self.directory.config.vocab_size;
        if let Some(token) = tokens.windows.iter().flatten().find(|id| **id as usize >= rows) {
            return Err(EncodeError::Vocabulary { token: *token, rows });
        }
        Ok(tokens)
    }

    /// One vector a window, pooled and, where the model's modules say so, normalised.
    fn forward(&self, windows: &[Vec<u32>]) -> Result<Vec<Vec<f32>>, EncodeError> {
        let width = self.model.width();
        let packs = packs(windows);
        let pooled: Vec<(usize, Vec<f32>)> = packs
            .par_iter()
            .flat_map_iter(|pack| {
                let hidden = self.model.forward(pack);
                let one = |(member, range): (&usize, &std::ops::Range<usize>)| {
                    (*member, self.pooled(&hidden[range.start * width..range.end * width]))
                };
                pack.members.iter().zip(&pack.ranges).map(one).collect::<Vec<_>>()
            })
            .collect();
        let mut vectors = vec![Vec::new(); windows.len()];
        for (member, vector) in pooled {
            if !vector.iter().all(|v| v.is_finite()) {
                return Err(EncodeError::NotFinite);
            }
            vectors[member] = vector;
        }
        Ok(vectors)
    }

    fn pooled(&self, hidden: &[f32]) -> Vec<f32> {
        let mut vector = pool(self.directory.pooling, hidden, self.model.width());
        if self.directory.normalize {
            l2_normalize(&mut vector);
        }
        vector
    }

    /// Takes a text's window vectors and averages them by their tokens.
    fn join(&self, tokens: &Tokens, vectors: &mut impl Iterator<Item = Vec<f32>>) -> Encoded {
        let receipt = Receipt { tokens: tokens.content, dropped: tokens.dropped, unknown: tokens.unknown };
        let mut parts = tokens.windows.iter().zip(vectors);
        let Some((first, mut vector)) = parts.next() else {
            return Encoded { vector: Vec::new(), receipt };
        };
        if tokens.windows.len() > 1 {
            let weigh = |window: &Vec<u32>| window.len() as f32;
            let mut total = weigh(first);
            vector.iter_mut().for_each(|v| *v *= weigh(first));
            for (window, part) in parts {
                total += weigh(window);
                vector.iter_mut().zip(part).for_each(|(v, p)| *v += p * weigh(window));
            }
            vector.iter_mut().for_each(|v| *v /= total);
            if self.directory.normalize {
                l2_normalize(&mut vector);
            }
        }
        Encoded { vector, receipt }
    }
}

fn file_sha256(path: &Path) -> Result<String, DirectoryError> {
    let failed = |source| DirectoryError::Read { path: PathBuf::from(path), source };
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0u8; 1 << 20];
    loop {
        match std::io::Read::read(&mut file, &mut buffer).map_err(failed)? {
            0 => return Ok(hex(&hash.finalize())),
            n => hash.update(&buffer[..n]),
        }
    }
}
