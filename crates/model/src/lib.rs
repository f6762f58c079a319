//! Text into vectors, as sentence-transformers does it: a model directory is read, text is tokenised, encoded on the
//! CPU in single precision or in bytes, pooled and normalised. Knows tokens and weights, never documents.

mod arch;
mod chat;
mod config;
mod cross_encoder;
mod directory;
mod encoder;
pub mod fetch;
mod forward;
mod generator;
mod golden;
mod head;
mod helpers;
mod identity;
mod pack;
mod pooling;
pub mod registry;
mod tokenizer;
mod trace;
mod weights;

pub use chat::{ChatRequest, Finish, Message, Reply, Speaker};
pub use cross_encoder::{CrossEncoder, CrossEncoderId};
pub use directory::{DirectoryError, Note};
pub use encoder::{
    Adjustment, EncodeError, Encoded, EncodedTokens, Long, Provenance, Receipt, SentenceEncoder, TokenWindow,
};
pub use generator::{Generator, GeneratorError};
pub use golden::{Comparison, Golden, LEAST_COSINE, TOLERANCE};
pub use identity::{EncoderId, Precision, Prompts, Role};
pub use qiao_vecmath::ivf;
pub use qiao_vecmath::{Int8, MappedFile, Scored, TopK, dot, int8, l2_normalize, ubinary};
pub use tokenizer::{PairTokens, TokenizerError};
pub use trace::{ATTENTION_TOKENS, Attention, NearRow, Trace, TracedStep, TracedToken, Watched};
pub use weights::WeightError;
