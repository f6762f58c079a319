//! Cross-encoders: a query and a passage read at once, and one score for both (Nogueira and Cho 2019). Far slower than
//! comparing vectors, and better; so they order anew the few passages that a search has found.

mod files;

use std::path::Path;

use qiao_vecmath::Simd;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use self::files::Files;
use crate::arch::{Activation, Classifier, Network};
use crate::directory::{DirectoryError, TransformerFolder};
use crate::encoder::{EncodeError, TOKENIZER};
use crate::forward::forward;
use crate::identity::{file_sha256, files_sha256, hash_settings, hex};
use crate::pack::Sequence;
use crate::tokenizer::{PairFrame, PairTokens, Tokenizer, Use};
use crate::weights::Weights;

/// A model that scores how well a passage answers a query.
#[derive(Debug)]
pub struct CrossEncoder {
    id: CrossEncoderId,
    tokenizer: Tokenizer,
    frame: PairFrame,
    network: Network,
    classifier: Classifier,
    activation: Activation,
}

/// All that decides a score's number. Scores whose ids differ in more than the model's name are never compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CrossEncoderId {
    /// The directory's path.
    pub model: String,
    /// SHA-256 of the weights file, hexadecimal; of several shards, that of the list that `sha256sum` prints.
    pub weights_sha256: String,
    /// SHA-256 of tokenizer.json, hexadecimal.
    pub tokenizer_sha256: String,
    /// SHA-256, hexadecimal, of config.json but for its remarks on itself, and of how the tokenizer's own configuration differs
    /// from tokenizer.json.
    pub settings_sha256: String,
    /// What bends the scores, as torch calls it.
    pub activation: String,
    /// Put before every query.
    pub prompt: String,
    /// Tokens of a pair at most, special ones counted.
    pub max_tokens: usize,
}

impl CrossEncoderId {
    /// The model, for people.
    pub fn label(&self) -> &str {
        &self.model
    }

    /// Hash of all that decides the numbers, in hexadecimal.
    pub fn key(&self) -> String {
        let anonymous = Self { model: String::new(), ..self.clone() };
        hex(&Sha256::digest(serde_json::to_vec(&anonymous).unwrap_or_default()))
    }
}

impl CrossEncoder {
    /// Loads the model of a directory, as `CrossEncoder` of sentence-transformers 6 does, to compute in single precision.
    ///
    /// # Errors
    /// When a file is missing or broken, or asks for something that is not computed here: another architecture, several
    /// labels, modules of its own.
    pub fn load(path: &Path) -> Result<Self, EncodeError> {
        let Files { transformer, prompt, activation, activation_name } = Files::read(path)?;
        let TransformerFolder { path: folder, config, limit, lowercase, tokenizer: settings } = transformer;
        let file = folder.join(TOKENIZER);
        let tokenizer = Tokenizer::load(&file, None, Use { lowercase, settings, ..Use::default() })?;
        let weights = Weights::open(&folder).map_err(DirectoryError::from)?;
        let network = Network::transformer(&config, &weights)?;
        let classifier = Classifier::load(&config, &weights, network.width())?;
        let frame = tokenizer.pairs(&file)?;
        let frame = if network.knows_pairs() { frame } else { frame.untyped() };
        let max_tokens = network.limit().map_or(limit, |places| places.min(limit));
        if max_tokens <= frame.special() {
            return Err(EncodeError::NoRoom { limit: max_tokens });
        }
        let id = CrossEncoderId {
            model: path.to_string_lossy().into_owned(),
            weights_sha256: files_sha256(path, weights.files().iter())?,
            tokenizer_sha256: file_sha256(&file)?,
            settings_sha256: hash_settings(&config.settings(), settings, lowercase),
            activation: activation_name,
            prompt,
            max_tokens,
        };
        Ok(Self { id, tokenizer, frame, network, classifier, activation })
    }

    /// All that decides its numbers.
    pub fn id(&self) -> &CrossEncoderId {
        &self.id
    }

    /// A score for each of `passages`, in their order: how well it answers `query`; greater is better. The same bits alone or
    /// among others. What a pair has beyond [`CrossEncoderId::max_tokens`] is cut off, the longer text first.
    ///
    /// # Errors
    /// When a text cannot be tokenised, or the weights are broken.
    pub fn score(&self, query: &str, passages: &[&str]) -> Result<Vec<f32>, EncodeError> {
        let query = self.query_ids(query)?;
        let pairs = passages.par_iter().map(|passage| self.wrap(&query, passage)).collect::<Result<Vec<_>, _>>()?;
        let sequences: Vec<Sequence<'_>> =
            pairs.iter().map(|p| Sequence { ids: &p.ids, of_first: p.of_first }).collect();
        let (simd, width) = (Simd::detect(), self.network.width());
        let mut scores = forward(&self.network, &sequences, |_, hidden| self.classifier.score(simd, &hidden[..width]));
        if !scores.iter().all(|score| score.is_finite()) {
            return Err(EncodeError::NotFinite);
        }
        self.activation.apply(simd, &mut scores);
        Ok(scores)
    }

    /// The tokens that the model sees of a pair, cut as [`CrossEncoder::score`] cuts it.
    ///
    /// # Errors
    /// When a text cannot be tokenised.
    pub fn tokens(&self, query: &str, passage: &str) -> Result<PairTokens, EncodeError> {
        self.wrap(&self.query_ids(query)?, passage)
    }

    fn query_ids(&self, query: &str) -> Result<Vec<u32>, EncodeError> {
        Ok(self.tokenizer.ids(&format!("{}{query}", self.id.prompt))?)
    }

    fn wrap(&self, query: &[u32], passage: &str) -> Result<PairTokens, EncodeError> {
        let pair = self.frame.wrap(query, &self.tokenizer.ids(passage)?, self.id.max_tokens);
        let rows = self.network.vocabulary();
        match pair.ids.iter().find(|id| **id as usize >= rows) {
            Some(token) => Err(EncodeError::Vocabulary { token: *token, rows }),
            None => Ok(pair),
        }
    }
}
