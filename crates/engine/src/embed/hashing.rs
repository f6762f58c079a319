//! The double: a bag of terms hashed into a vector. Texts that share words are near; no model is needed.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use qiao_model::{EncodeError, Encoded, EncoderId, Long, Precision, Prompts, Receipt, Role};

use crate::language::terms;
use crate::seams::Encoder;

const DIMENSION: usize = 256;

/// Counts what it encodes, so that tests see what was not encoded again.
#[derive(Debug, Default)]
pub(crate) struct HashingEncoder {
    pub(crate) encoded: std::sync::atomic::AtomicUsize,
    pub(crate) name: &'static str,
    /// Fails once it has encoded so many texts, as a process that is killed would.
    pub(crate) dies_after: Option<usize>,
}

impl Encoder for HashingEncoder {
    fn id(&self) -> Arc<EncoderId> {
        Arc::new(EncoderId {
            model: self.name.into(),
            revision: String::new(),
            weights_sha256: self.name.into(),
            tokenizer_sha256: String::new(),
            settings_sha256: String::new(),
            pooling: "mean".into(),
            normalized: true,
            prompts: Prompts::default(),
            dimension: DIMENSION,
            modules: Vec::new(),
            max_tokens: Some(64),
            passage_precision: Precision::F32,
            query_precision: Precision::F32,
        })
    }

    fn max_tokens(&self, _: Role) -> Result<usize, EncodeError> {
        Ok(64)
    }

    fn count_tokens(&self, text: &str) -> Result<usize, EncodeError> {
        Ok(text.split_whitespace().count())
    }

    fn encode(&self, _: Role, texts: &[&str], _: Long) -> Result<Vec<Encoded>, EncodeError> {
        let before = self.encoded.fetch_add(texts.len(), std::sync::atomic::Ordering::Relaxed);
        if self.dies_after.is_some_and(|most| before >= most) {
            return Err(EncodeError::NotFinite);
        }
        let one = |text: &&str| {
            let mut vector = vec![1e-3; DIMENSION];
            for term in terms(text) {
                let mut hasher = DefaultHasher::new();
                term.hash(&mut hasher);
                vector[hasher.finish() as usize % DIMENSION] += 1.0;
            }
            let tokens = text.split_whitespace().count();
            Encoded { vector, receipt: Receipt { tokens, dropped: 0, unknown: 0 } }
        };
        Ok(texts.iter().map(one).collect())
    }
}
