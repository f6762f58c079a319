use std::ops::Range;
use std::path::{Path, PathBuf};

use qiao_vecmath::{Simd, l2_normalize};
use rayon::prelude::*;
use serde_json::json;

use crate::arch::{Network, WordTable};
use crate::directory::{Directory, DirectoryError, Kind, Limit, Module, Note};
use crate::fetch::{FetchConfig, ModelDir, manifest};
use crate::forward::forward;
use crate::head::Head;
use crate::identity::{EncoderId, Precision, Prompts, Role, file_sha256, files_sha256, hash_settings};
use crate::pack::{Sequence, packs};
use crate::registry::ModelRow;
use crate::tokenizer::{Cut, Placed, Stored, Tokenizer, TokenizerError, Tokens, Use, Window};
use crate::trace::TracedStep;
use crate::weights::Weights;

/// What to do with a text of more tokens than the model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Long {
    /// Encode overlapping windows, each led by the prompt, and average their vectors, weighted by their tokens.
    Window,
    /// Encode the first tokens and say how many were dropped.
    Truncate,
    /// Refuse.
    Error,
}

/// What became of a text's tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Receipt {
    /// Tokens of the prompt and text, special ones not counted.
    pub tokens: usize,
    /// Of these, how many no vector saw.
    pub dropped: usize,
    /// Of these, how many the vocabulary lacks.
    pub unknown: usize,
}

impl Receipt {
    /// The share of the tokens that the vocabulary lacks, from 0 to 1.
    pub fn unknown_share(&self) -> f32 {
        self.unknown as f32 / self.tokens.max(1) as f32
    }
}

impl std::iter::Sum for Receipt {
    fn sum<I: Iterator<Item = Self>>(receipts: I) -> Self {
        receipts.fold(Self::default(), |sum, one| Self {
            tokens: sum.tokens + one.tokens,
            dropped: sum.dropped + one.dropped,
            unknown: sum.unknown + one.unknown,
        })
    }
}

/// A text's vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    /// As many floats as the encoder's dimension.
    pub vector: Vec<f32>,
    /// What became of the tokens.
    pub receipt: Receipt,
}

/// A text's token vectors, before pooling.
#[derive(Debug, Clone, PartialEq)]
pub struct EncodedTokens {
    /// One, or as many as a long text was cut into.
    pub windows: Vec<TokenWindow>,
    /// What became of the tokens.
    pub receipt: Receipt,
}

/// The tokens that the model saw at once.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenWindow {
    /// Ids, special tokens and the prompt's included.
    pub ids: Vec<u32>,
    /// Each as the vocabulary writes it.
    pub tokens: Vec<String>,
    /// The bytes of the text for which each stands; none for special tokens and the prompt's.
    pub spans: Vec<Option<(usize, usize)>>,
    /// `[tokens, width]`, row-major.
    pub vectors: Vec<f32>,
    /// Floats in a token's vector; need not be the dimension of a text's.
    pub width: usize,
}

/// A model that cannot be loaded, or a text it cannot take.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The directory.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
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
    /// More numbers than a vector has.
    #[error("vectors of {asked} numbers were asked for, and the model's have {most}; give a number from 1 to {most}")]
    Dimension {
        /// Asked for.
        asked: usize,
        /// The model's.
        most: usize,
    },
    /// A layer that is not there.
    #[error("there is no layer {asked}; the model has {layers}")]
    NoLayer {
        /// Asked for.
        asked: usize,
        /// The model's.
        layers: usize,
    },
    /// A limit that leaves no room for a text.
    #[error("the model takes {limit} tokens, and its special and prompt tokens need as many")]
    NoRoom {
        /// Its limit.
        limit: usize,
    },
    /// A text without a vector: a static table of none of its tokens.
    #[error(
        "the model knows no token of a text, and so has no vector for it; leave the text out, or take a model that knows its script (`qiao model list`)"
    )]
    NoVector,
    /// A vector that is not finite: broken weights.
    #[error(
        "the model computed a number that is not finite; its weights or settings are damaged: pull it again, or mend its directory"
    )]
    NotFinite,
}

/// A sentence-transformers model, loaded.
#[derive(Debug)]
pub struct SentenceEncoder {
    id: EncoderId,
    directory: Directory,
    tokenizer: Tokenizer,
    network: Network,
    head: Head,
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
    /// SHA-256 of tokenizer.json, likewise.
    pub tokenizer_sha256: Option<String>,
    /// The registry's prompts, for directories that name none.
    pub prompts: Option<Prompts>,
    /// Folder for what is derived from a model's files so that the next start is quicker; without one, nothing is kept.
    pub derived: Option<PathBuf>,
}

/// What a caller wants otherwise than the model's directory says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adjustment {
    /// A prompt for both roles in place of the model's own.
    pub prompt: Option<String>,
    /// Only so many of the first numbers (Matryoshka; Kusupati et al. 2022), at unit length again if the whole is.
    pub dimension: Option<usize>,
    /// Unit length, whatever the model's own modules do.
    pub normalize: bool,
}

impl Provenance {
    /// Of what fetching has found.
    pub fn of(found: &ModelDir, config: &FetchConfig) -> Self {
        // only what qiao itself wrote into its cache is believed
        let manifest = found.row.and_then(|_| manifest(&found.path));
        let hash = |path: &str| Some(manifest.as_ref()?.files.iter().find(|file| file.path == path)?.sha256.clone());
        let prompts = |row: &ModelRow| {
            let prompts = row.encoding()?.prompts;
            Some(Prompts { query: prompts.query.into(), passage: prompts.passage.into() })
        };
        Self {
            model: found.row.map_or_else(|| found.path.to_string_lossy().into_owned(), |row| row.name.to_owned()),
            revision: found.revision.clone().unwrap_or_default(),
            weights_sha256: hash("model.safetensors"),
            tokenizer_sha256: hash(TOKENIZER),
            prompts: found.row.and_then(prompts),
            derived: Some(config.derived_dir()),
        }
    }
}

/// The file of the vocabulary, in the folder of the first module.
pub(crate) const TOKENIZER: &str = "tokenizer.json";

impl SentenceEncoder {
    /// Loads the model of a directory, to compute in `precision`; a static table, which computes nothing, in single.
    ///
    /// # Errors
    /// When a file is missing or broken, or asks for something that is not computed here.
    pub fn load(path: &Path, from: Provenance, precision: Precision) -> Result<Self, EncodeError> {
        let directory = Directory::read(path, from.prompts)?;
        let tokenizer_file = directory.folder.join(TOKENIZER);
        let tokenizer_sha256 = from.tokenizer_sha256.map_or_else(|| file_sha256(&tokenizer_file), Ok)?;
        let kept = |folder: PathBuf| Stored { folder: folder.join("tokenizers"), sha256: tokenizer_sha256.clone() };
        let stored = from.derived.map(kept);
        let tokenizer = Tokenizer::load(&tokenizer_file, stored.as_ref(), tokenizer_use(&directory))?;
        let precision = match directory.kind {
            Kind::Transformer(_) => precision,
            Kind::Table { .. } => Precision::F32,
        };
        let weights = Weights::open(&directory.folder).map_err(DirectoryError::from)?.computed_in(precision);
        let network = match &directory.kind {
            Kind::Transformer(config) => Network::transformer(config, &weights)?,
            Kind::Table { .. } => Network::Table(WordTable::load(&weights).map_err(DirectoryError::from)?),
        };
        let head = Head::load(path, &directory.head, directory.pooling.width(network.width()))?;
        let id = EncoderId {
            model: from.model,
            revision: from.revision,
            weights_sha256: match from.weights_sha256 {
                Some(known) => known,
                None => files_sha256(path, weights.files().iter().chain(head.files()))?,
            },
            tokenizer_sha256,
            settings_sha256: settings_sha256(&directory),
            pooling: directory.pooling.to_string(),
            modules: module_names(&directory.head),
            normalized: head.normalizes(),
            prompts: directory.prompts.clone(),
            dimension: head.dimension(),
            max_tokens: max_tokens(&directory, &tokenizer, &network),
            passage_precision: precision,
            query_precision: precision,
        };
        Self { id, directory, tokenizer, network, head }.with_room()
    }

    fn with_room(self) -> Result<Self, EncodeError> {
        match self.max_tokens(Role::Query)?.min(self.max_tokens(Role::Passage)?) {
            0 => Err(EncodeError::NoRoom { limit: self.limit() }),
            _ => Ok(self),
        }
    }

    /// The same model, used otherwise; its id says so.
    ///
    /// # Errors
    /// When it has fewer numbers than asked for, or the prompt leaves no room for a text.
    pub fn adjusted(mut self, how: &Adjustment) -> Result<Self, EncodeError> {
        if let Some(prompt) = &how.prompt {
            self.id.prompts = Prompts { query: prompt.clone(), passage: prompt.clone() };
        }
        if let Some(dimension) = how.dimension {
            if !(1..=self.id.dimension).contains(&dimension) {
                return Err(EncodeError::Dimension { asked: dimension, most: self.id.dimension });
            }
            self.head.cut(dimension);
            self.id.modules.push(Module::Cut(dimension).name());
        }
        if how.normalize {
            self.head.normalize();
        }
        self.id.dimension = self.head.dimension();
        self.id.normalized = self.head.normalizes();
        self.with_room()
    }

    /// All that decides its numbers.
    pub fn id(&self) -> &EncoderId {
        &self.id
    }

    /// The directory it was loaded from.
    pub fn directory(&self) -> &Path {
        &self.directory.path
    }

    /// What a person should know before trusting its numbers.
    pub fn notes(&self) -> &[Note] {
        &self.directory.notes
    }

    /// Tokens of a text of `role` at most, its prompt and the special tokens already taken off.
    ///
    /// # Errors
    /// When the tokenizer fails on the prompt.
    pub fn max_tokens(&self, role: Role) -> Result<usize, EncodeError> {
        let prompt = self.tokenizer.count(self.id.prompts.of(role))?;
        Ok(self.limit().saturating_sub(self.tokenizer.special() + prompt))
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
        Ok(tokens.windows.swap_remove(0).ids)
    }

    /// Vectors of `texts`, in their order; the same bits alone or in any batch.
    ///
    /// # Errors
    /// When a text cannot be tokenised, is too long for [`Long::Error`], or the weights are broken.
    pub fn encode(&self, role: Role, texts: &[&str], long: Long) -> Result<Vec<Encoded>, EncodeError> {
        let tokens = texts.par_iter().map(|t| self.tokens(role, t, long)).collect::<Result<Vec<_>, _>>()?;
        let mut vectors = self.forward(&tokens, |window, hidden| self.pool(window, hidden))?.into_iter();
        Ok(tokens.iter().map(|t| self.join(t, &mut vectors)).collect())
    }

    /// Vectors of every token of `texts` as the last layer gives them, before pooling and what follows it.
    ///
    /// # Errors
    /// As [`SentenceEncoder::encode`].
    pub fn encode_tokens(&self, role: Role, texts: &[&str], long: Long) -> Result<Vec<EncodedTokens>, EncodeError> {
        let tokens = texts.par_iter().map(|t| self.tokens(role, t, long)).collect::<Result<Vec<_>, _>>()?;
        let mut vectors = self.forward(&tokens, |_, hidden| hidden.to_vec())?.into_iter();
        let mut all = Vec::with_capacity(texts.len());
        for (text, tokens) in texts.iter().zip(&tokens) {
            let spans = self.placed(role, text, tokens)?;
            let windows = tokens.windows.iter().zip(vectors.by_ref());
            let windows = windows.map(|(window, vectors)| self.token_window(window, vectors, &spans)).collect();
            all.push(EncodedTokens { windows, receipt: receipt(tokens) });
        }
        Ok(all)
    }

    /// A window's vector, of its token vectors `[tokens, width]`.
    pub(crate) fn pool(&self, window: &Window, hidden: &[f32]) -> Vec<f32> {
        let pooled = self.directory.pooling.pool(hidden, self.network.width(), window.prompt);
        self.head.apply(Simd::detect(), pooled)
    }

    /// The content tokens of a text with their places in it.
    pub(crate) fn placed(&self, role: Role, text: &str, tokens: &Tokens) -> Result<Vec<Placed>, TokenizerError> {
        self.tokenizer.spans(self.id.prompts.of(role), &text[..tokens.looked_at])
    }

    /// A window with what its tokens are; `vectors` are theirs.
    pub(crate) fn token_window(&self, window: &Window, vectors: Vec<f32>, content: &[Placed]) -> TokenWindow {
        let own =
            content.get(window.content.clone()).unwrap_or_default().iter().filter(|(id, _)| self.tokenizer.counts(*id));
        let own: Vec<Option<&Range<usize>>> = own.map(|(_, span)| span.as_ref()).collect();
        // the prompt said again before a later window has no place in the text
        let before = (window.ids.len() + self.tokenizer.before()).saturating_sub(own.len() + self.tokenizer.special());
        let span = |i: usize| own.get(i.checked_sub(before)?)?.map(|span| (span.start, span.end));
        TokenWindow {
            tokens: window.ids.iter().map(|id| self.tokenizer.token(*id)).collect(),
            spans: (0..window.ids.len()).map(span).collect(),
            ids: window.ids.clone(),
            vectors,
            width: self.network.width(),
        }
    }

    /// Number of layers; 0 for a static table.
    pub fn layers(&self) -> usize {
        self.network.layers()
    }

    /// Rows of the table.
    pub(crate) fn rows(&self) -> usize {
        self.network.vocabulary()
    }

    /// How the vocabulary writes `id`.
    pub(crate) fn token(&self, id: u32) -> String {
        self.tokenizer.token(id)
    }

    /// Whether `id` stands for what the vocabulary lacks.
    pub(crate) fn is_unknown(&self, id: u32) -> bool {
        self.tokenizer.is_unknown(id)
    }

    /// The rows `[tokens, width]` of the table of ids.
    pub(crate) fn lookup(&self, ids: &[u32]) -> Vec<f32> {
        self.network.rows(ids)
    }

    /// The vectors of one sequence after each step, and the attention `[heads, tokens, tokens]` of layer `watched` from 0.
    pub(crate) fn follow(&self, ids: &[u32], watched: usize) -> (Vec<TracedStep>, Vec<f32>) {
        let steps = packs(&[ids.into()]).first().map(|pack| self.network.trace(pack, watched)).unwrap_or_default();
        let last = steps.states.len().saturating_sub(1);
        let name = |i: usize| match i {
            0 => "embeddings".to_owned(),
            i if i == last && steps.normed => "last norm".to_owned(),
            i => format!("layer {i}"),
        };
        let step = |(i, vectors)| TracedStep { name: name(i), vectors };
        (steps.states.into_iter().enumerate().map(step).collect(), steps.attention)
    }

    /// Tokens of a text at most, special and prompt tokens counted.
    fn limit(&self) -> usize {
        self.id.max_tokens.unwrap_or(usize::MAX)
    }

    pub(crate) fn tokens(&self, role: Role, text: &str, long: Long) -> Result<Tokens, EncodeError> {
        let limit = self.limit();
        let cut = match long {
            Long::Window => Cut::Windows,
            Long::Truncate | Long::Error => Cut::First,
        };
        let tokens = self.tokenizer.encode(self.id.prompts.of(role), text, limit, cut)?;
        if long == Long::Error && tokens.dropped > 0 {
            let limit = limit - self.tokenizer.special();
            return Err(EncodeError::TooLong { tokens: tokens.content, limit });
        }
        let rows = self.network.vocabulary();
        if let Some(token) = tokens.windows.iter().flat_map(|w| &w.ids).find(|id| **id as usize >= rows) {
            return Err(EncodeError::Vocabulary { token: *token, rows });
        }
        Ok(tokens)
    }

    /// What `finish` makes of each window's token vectors `[tokens, width]`, in the windows' order.
    fn forward(
        &self,
        texts: &[Tokens],
        finish: impl Fn(&Window, &[f32]) -> Vec<f32> + Sync,
    ) -> Result<Vec<Vec<f32>>, EncodeError> {
        let windows: Vec<&Window> = texts.iter().flat_map(|t| &t.windows).collect();
        let sequences: Vec<Sequence<'_>> = windows.iter().map(|w| w.ids.as_slice().into()).collect();
        let vectors = forward(&self.network, &sequences, |i, hidden| finish(windows[i], hidden));
        match vectors.iter().flatten().all(|v| v.is_finite()) {
            true => Ok(vectors),
            false => Err(EncodeError::NotFinite),
        }
    }

    /// Takes a text's window vectors and averages them by their tokens.
    fn join(&self, tokens: &Tokens, vectors: &mut impl Iterator<Item = Vec<f32>>) -> Encoded {
        let receipt = receipt(tokens);
        let mut parts = tokens.windows.iter().zip(vectors);
        let Some((first, mut vector)) = parts.next() else {
            return Encoded { vector: Vec::new(), receipt };
        };
        if tokens.windows.len() > 1 {
            let weigh = |window: &Window| window.given as f32;
            let mut total = weigh(first);
            vector.iter_mut().for_each(|v| *v *= weigh(first));
            for (window, part) in parts {
                total += weigh(window);
                vector.iter_mut().zip(part).for_each(|(v, p)| *v += p * weigh(window));
            }
            if total > 0.0 {
                vector.iter_mut().for_each(|v| *v /= total);
            }
            if self.id.normalized {
                l2_normalize(&mut vector);
            }
        }
        Encoded { vector, receipt }
    }
}

pub(crate) fn receipt(tokens: &Tokens) -> Receipt {
    Receipt { tokens: tokens.content, dropped: tokens.dropped + tokens.left_out, unknown: tokens.unknown }
}

fn tokenizer_use(directory: &Directory) -> Use {
    let (bare, model2vec) = match directory.kind {
        Kind::Transformer(_) => (false, false),
        Kind::Table { model2vec } => (true, model2vec),
    };
    Use { lowercase: directory.lowercase, bare, model2vec, settings: directory.tokenizer }
}

fn max_tokens(directory: &Directory, tokenizer: &Tokenizer, network: &Network) -> Option<usize> {
    let asked = match directory.limit {
        Limit::Tokens(tokens) => Some(tokens),
        Limit::None => None,
        Limit::OfTokenizer => tokenizer.own_limit(),
    };
    asked.into_iter().chain(network.limit()).min()
}

/// The modules after pooling in words, but for a last one that normalises: an identity says that apart.
fn module_names(head: &[Module]) -> Vec<String> {
    let named = match head.split_last() {
        Some((Module::Normalize, before)) => before,
        _ => head,
    };
    named.iter().map(Module::name).collect()
}

fn settings_sha256(directory: &Directory) -> String {
    let config = match &directory.kind {
        Kind::Transformer(config) => config.settings(),
        Kind::Table { model2vec } => json!({"model2vec": model2vec}),
    };
    hash_settings(&config, directory.tokenizer, directory.lowercase)
}
