//! Text into token ids, through the `tokenizers` crate.

use std::path::{Path, PathBuf};

use tokenizers::{Encoding, TruncationDirection};

/// A tokenizer that cannot be read, or a text it fails on.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// tokenizer.json is missing or broken.
    #[error("cannot read the tokenizer {path}")]
    Load {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A text could not be tokenised.
    #[error("the tokenizer failed on a text of {bytes} bytes")]
    Encode {
        /// Length of the text.
        bytes: usize,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// A model's tokenizer, without truncation and padding of its own.
#[derive(Debug)]
pub(crate) struct Tokenizer {
    inner: tokenizers::Tokenizer,
    lowercase: bool,
    unknown: Option<u32>,
    special: usize,
}

/// One text's tokens, cut into windows that the model can take.
#[derive(Debug)]
pub(crate) struct Tokens {
    /// Ids of each window, special tokens included; at least one window.
    pub(crate) windows: Vec<Vec<u32>>,
    /// Tokens of the whole text, special ones not counted.
    pub(crate) content: usize,
    /// Content tokens that stand in no window.
    pub(crate) dropped: usize,
    /// Content tokens, dropped ones too, that the vocabulary lacks.
    pub(crate) unknown: usize,
}

/// How a text beyond the limit is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    First,
    Windows { overlap: usize },
}

impl Tokenizer {
    /// Reads `tokenizer.json`.
    pub(crate) fn load(path: &Path, lowercase: bool) -> Result<Self, TokenizerError> {
        let failed = |source| TokenizerError::Load { path: path.into(), source };
        let mut inner = tokenizers::Tokenizer::from_file(path).map_err(failed)?;
        inner.with_truncation(None).map_err(failed)?;
        inner.with_padding(None);
        let unknown = ["[UNK]", "<unk>"].iter().find_map(|name| inner.token_to_id(name));
        let special = inner.encode_fast("", true).map_err(failed)?.len();
        Ok(Self { inner, lowercase, unknown, special })
    }

    /// Special tokens put around every text.
    pub(crate) fn special(&self) -> usize {
        self.special
    }

    /// Tokens of `text`, special ones not counted.
    pub(crate) fn count(&self, text: &str) -> Result<usize, TokenizerError> {
        Ok(self.plain(text)?.len())
    }

    /// Ids of `text`, in windows of at most `limit` tokens, special ones counted.
    pub(crate) fn encode(&self, text: &str, limit: usize, cut: Cut) -> Result<Tokens, TokenizerError> {
        let mut encoding = self.plain(text)?;
        let content = encoding.len();
        let unknown = encoding.get_ids().iter().filter(|id| Some(**id) == self.unknown).count();
        let room = limit.saturating_sub(self.special).max(1);
        let overlap = match cut {
            Cut::First => 0,
            Cut::Windows { overlap } => overlap.min(room - 1),
        };
        encoding.truncate(room, overlap, TruncationDirection::Right);
        let mut parts = encoding.take_overflowing();
        parts.insert(0, encoding);
        if cut == Cut::First {
            parts.truncate(1);
        }
        let dropped = if cut == Cut::First { content.saturating_sub(room) } else { 0 };
        let windows = parts.into_iter().map(|part| self.finish(text, part)).collect::<Result<_, _>>()?;
        Ok(Tokens { windows, content, dropped, unknown })
    }

    fn plain(&self, text: &str) -> Result<Encoding, TokenizerError> {
        let lower = self.lowercase.then(|| text.to_lowercase());
        let encoded = self.inner.encode_fast(lower.as_deref().unwrap_or(text), false);
        encoded.map_err(|source| TokenizerError::Encode { bytes: text.len(), source })
    }

    fn finish(&self, text: &str, part: Encoding) -> Result<Vec<u32>, TokenizerError> {
        let whole = self.inner.post_process(part, None, true);
        let whole = whole.map_err(|source| TokenizerError::Encode { bytes: text.len(), source })?;
        Ok(whole.get_ids().to_vec())
    }
}
