use std::path::Path;
use std::sync::Arc;

use qiao_model::{
    Adjustment, EncodeError, Encoded, EncodedTokens, EncoderId, Long, Precision, Provenance, Role, SentenceEncoder,
};

use crate::seams::Encoder;

/// A sentence-transformers model of a directory.
#[derive(Debug)]
pub struct ModelEncoder {
    id: Arc<EncoderId>,
    model: SentenceEncoder,
}

impl ModelEncoder {
    /// Loads the directory, to compute in `precision`.
    ///
    /// # Errors
    /// When a file is missing or broken, or asks for something that is not computed.
    pub fn load(directory: &Path, from: Provenance, precision: Precision) -> Result<Self, EncodeError> {
        let model = SentenceEncoder::load(directory, from, precision)?;
        Ok(Self { id: Arc::new(model.id().clone()), model })
    }

    /// The same model, used otherwise.
    ///
    /// # Errors
    /// When it cannot be used so.
    pub fn adjusted(self, how: &Adjustment) -> Result<Self, EncodeError> {
        let model = self.model.adjusted(how)?;
        Ok(Self { id: Arc::new(model.id().clone()), model })
    }

    /// The token vectors of each text, before pooling, each text with its receipt.
    ///
    /// # Errors
    /// As [`Encoder::encode`].
    pub fn encode_tokens(&self, role: Role, texts: &[&str], long: Long) -> Result<Vec<EncodedTokens>, EncodeError> {
        self.model.encode_tokens(role, texts, long)
    }

    /// The model itself.
    pub fn model(&self) -> &SentenceEncoder {
        &self.model
    }
}

impl Encoder for ModelEncoder {
    fn id(&self) -> Arc<EncoderId> {
        self.id.clone()
    }

    fn max_tokens(&self, role: Role) -> Result<usize, EncodeError> {
        self.model.max_tokens(role)
    }

    fn count_tokens(&self, text: &str) -> Result<usize, EncodeError> {
        self.model.count_tokens(text)
    }

    fn encode(&self, role: Role, texts: &[&str], long: Long) -> Result<Vec<Encoded>, EncodeError> {
        self.model.encode(role, texts, long)
    }
}
