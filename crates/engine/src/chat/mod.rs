//! Language models that write: behind a server, or in a file that this program computes itself.

mod error;
mod local;
pub mod openai;
#[cfg(test)]
pub(crate) mod scripted;
mod server;

pub use error::ChatError;
pub use local::LocalModel;
pub use openai::{Key, OpenAi, OpenAiSettings};
