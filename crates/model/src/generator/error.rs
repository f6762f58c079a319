use std::path::PathBuf;

use super::shape::Family;
use crate::chat::Speaker;

/// Why a model of a GGUF file does not load or does not write.
#[derive(Debug, thiserror::Error)]
pub enum GeneratorError {
    /// The file cannot be opened.
    #[error("cannot open {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A directory of which it is not plain which file is meant.
    #[error("{} holds {found} .gguf files, and should hold one; give the path of the file itself", path.display())]
    NotOne {
        /// The directory.
        path: PathBuf,
        /// How many there are.
        found: usize,
    },
    /// Not a GGUF file, or not a whole one.
    #[error("{} is not a whole GGUF file: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found wrong.
        what: &'static str,
    },
    /// A version of the format that is not read.
    #[error("{} is a GGUF file of version {version}; versions 2 and 3 are read", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// Something that the file should say is not there, or is of another kind.
    #[error("{} does not say what {name} is", path.display())]
    NoSetting {
        /// The file.
        path: PathBuf,
        /// The key of the metadata.
        name: String,
    },
    /// Something that the file says makes no sense.
    #[error("{} gives {found} for {name}, which should be {wanted}", path.display())]
    Setting {
        /// The file.
        path: PathBuf,
        /// The key of the metadata.
        name: String,
        /// What stands there.
        found: String,
        /// What should.
        wanted: &'static str,
    },
    /// A model of another architecture.
    #[error("{} is a model of the architecture `{found}`; these are computed: {}", path.display(), Family::names())]
    Architecture {
        /// The file.
        path: PathBuf,
        /// The architecture.
        found: String,
    },
    /// Something the file asks for that is not built.
    #[error("{} asks for {what}, which qiao does not compute", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What it asks for.
        what: String,
    },
    /// A tensor that is not there or not as it should be.
    #[error("the tensor {name} of {} {what}", path.display())]
    Tensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// What is wrong with it, as the end of a sentence.
        what: &'static str,
    },
    /// The vocabulary does not make a tokenizer.
    #[error("the vocabulary in {} makes no tokenizer: {source}", path.display())]
    Vocabulary {
        /// The file.
        path: PathBuf,
        /// Why.
        source: tokenizers::Error,
    },
    /// A model that was not made for conversations.
    #[error("{} has no chat template, so it was not made for conversations; take the model's `instruct` or `it` file", path.display())]
    NoTemplate {
        /// The file.
        path: PathBuf,
    },
    /// The template cannot lay the conversation out.
    #[error("the chat template of {} fails: {source}", path.display())]
    Template {
        /// The file.
        path: PathBuf,
        /// Why, in the template engine's or the template's own words.
        source: minijinja::Error,
    },
    /// The template leaves a message out.
    #[error("the chat template of {} leaves out what the {} said", path.display(), speaker.as_str())]
    LeftOut {
        /// The file.
        path: PathBuf,
        /// Whose message.
        speaker: Speaker,
    },
    /// A text that cannot be made into tokens.
    #[error("the text cannot be made into tokens: {source}")]
    Tokens {
        /// Why.
        source: tokenizers::Error,
    },
    /// A conversation that leaves no room for a reply.
    #[error("the conversation has {tokens} tokens, and with a token of a reply {window} fit the model")]
    TooLong {
        /// Tokens of the conversation.
        tokens: usize,
        /// Tokens of the model's window.
        window: usize,
    },
}
