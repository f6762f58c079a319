use std::collections::HashMap;
use std::path::{Path, PathBuf};

use tokenizers::models::unigram::UnigramTrainer;
use tokenizers::models::{ModelWrapper, TrainerWrapper};
use tokenizers::{Model, Token};

use super::pieces::Pieces;

/// What turns words into tokens: a model of our own where its start counts, one of the tokenizers crate elsewhere.
#[derive(Debug, Clone)]
pub(super) enum Vocabulary {
    Pieces(Box<Pieces>),
    Other { model: Box<ModelWrapper>, unknown: Option<u32> },
}

impl Vocabulary {
    /// A model of the crate; `unknown` is the id of what stands for unknown characters, where its kind has it as an id.
    pub(super) fn other(mut model: ModelWrapper, unknown: Option<u32>) -> Self {
        let unknown = match &mut model {
            ModelWrapper::WordPiece(model) => model.token_to_id(&model.unk_token),
            ModelWrapper::WordLevel(model) => model.token_to_id(&model.unk_token),
            ModelWrapper::BPE(model) => {
                // merges left out by chance serve training alone
                model.dropout = None;
                model.get_unk_token().as_ref().and_then(|token| model.token_to_id(token))
            }
            ModelWrapper::Unigram(_) => unknown,
        };
        Self::Other { model: Box::new(model), unknown }
    }

    /// The id of the token that stands for what is unknown, if there is one.
    pub(super) fn unknown(&self) -> Option<u32> {
        match self {
            Self::Pieces(pieces) => pieces.unknown(),
            Self::Other { unknown, .. } => *unknown,
        }
    }
}

impl Model for Vocabulary {
    type Trainer = TrainerWrapper;

    fn tokenize(&self, text: &str) -> tokenizers::Result<Vec<Token>> {
        match self {
            Self::Pieces(pieces) => pieces.tokenize(text),
            Self::Other { model, .. } => model.tokenize(text),
        }
    }

    fn token_to_id(&self, token: &str) -> Option<u32> {
        match self {
            Self::Pieces(pieces) => pieces.id(token),
            Self::Other { model, .. } => model.token_to_id(token),
        }
    }

    fn id_to_token(&self, id: u32) -> Option<String> {
        match self {
            Self::Pieces(pieces) => pieces.piece(id).map(str::to_owned),
            Self::Other { model, .. } => model.id_to_token(id),
        }
    }

    fn get_vocab(&self) -> HashMap<String, u32> {
        match self {
            Self::Pieces(pieces) => pieces.vocabulary(),
            Self::Other { model, .. } => model.get_vocab(),
        }
    }

    fn get_vocab_size(&self) -> usize {
        match self {
            Self::Pieces(pieces) => pieces.len(),
            Self::Other { model, .. } => model.get_vocab_size(),
        }
    }

    fn save(&self, folder: &Path, prefix: Option<&str>) -> tokenizers::Result<Vec<PathBuf>> {
        match self {
            Self::Pieces(_) => Err("pieces are kept in a form of their own, not in the crate's".into()),
            Self::Other { model, .. } => model.save(folder, prefix),
        }
    }

    fn get_trainer(&self) -> TrainerWrapper {
        match self {
            Self::Pieces(_) => UnigramTrainer::default().into(),
            Self::Other { model, .. } => model.get_trainer(),
        }
    }
}
