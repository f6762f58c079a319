//! A language model of a GGUF file, on the CPU: a conversation in, a reply out.
//!
//! ```text
//! file             the file, mapped: settings, and where tensors lie
//! shape            architecture and sizes
//! vocabulary       tokens and texts: byte_pairs, sentence_pieces
//! template         the conversation as the model was trained to see it
//! network          tokens to scores of the next one: products, attention, rotation
//! sample, stream   scores to tokens to text
//! ```
//! Weights stay in the file as they are and activations are in single precision, so that a reply is that of the file's own
//! weights, the same on each run.

mod attention;
mod byte_pairs;
mod error;
mod file;
mod network;
mod products;
mod rotation;
mod sample;
mod sentence_pieces;
mod shape;
mod stream;
mod template;
#[cfg(test)]
mod tests;
mod vocabulary;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

pub use self::error::GeneratorError;
use self::file::Gguf;
use self::network::{Network, Past};
use self::sample::Dice;
use self::shape::Shape;
use self::stream::{Growth, Stream};
use self::template::Template;
use self::vocabulary::{Part, Vocabulary};
use crate::chat::{ChatRequest, Finish, Message, Reply};

/// A language model. Whoever asks while it replies to somebody else waits.
#[derive(Debug)]
pub struct Generator {
    name: String,
    file: Gguf,
    window: usize,
    vocabulary: Vocabulary,
    template: Option<Template>,
    network: Network,
    past: Mutex<Past>,
}

impl Generator {
    /// Loads the .gguf file `path`, or the only one of a directory.
    ///
    /// # Errors
    /// When there is no such file, when it is not whole, or when it holds a model that is not computed.
    pub fn load(path: &Path) -> Result<Self, GeneratorError> {
        let path = gguf_of(path)?;
        let file = Gguf::open(&path)?;
        let shape = Shape::of(&file)?;
        let vocabulary = Vocabulary::of(&file)?;
        let template = Template::of(&file, &vocabulary)?;
        let network = Network::of(&file, &shape, vocabulary.len())?;
        let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let past = Mutex::new(Past::new(shape.layers));
        Ok(Self { name, file, window: shape.window, vocabulary, template, network, past })
    }

    /// The file's name, without its ending.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Tokens that a conversation and its reply may have together.
    #[must_use]
    pub fn window(&self) -> usize {
        self.window
    }

    /// Tokens of `text` by itself.
    ///
    /// # Errors
    /// When the tokenizer fails.
    pub fn count_tokens(&self, text: &str) -> Result<usize, GeneratorError> {
        Ok(self.vocabulary.plain(text)?.len())
    }

    /// The conversation as the model's template lays it out, up to where the reply begins. Where the template knows no
    /// system, its message stands in front of the user's first.
    ///
    /// # Errors
    /// When the file has no template, or the template fails or leaves a message out.
    pub fn prompt(&self, messages: &[Message]) -> Result<String, GeneratorError> {
        Ok(self.parts(messages)?.iter().map(Part::text).collect())
    }

    /// The tokens of the conversation: those of [`Generator::prompt`], except that control tokens are only what the template
    /// wrote, never what was said.
    ///
    /// # Errors
    /// As [`Generator::prompt`], and when the tokenizer fails.
    pub fn prompt_tokens(&self, messages: &[Message]) -> Result<Vec<u32>, GeneratorError> {
        self.vocabulary.with_controls(&self.parts(messages)?)
    }

    fn parts(&self, messages: &[Message]) -> Result<Vec<Part>, GeneratorError> {
        let template = self.template.as_ref();
        let template = template.ok_or_else(|| GeneratorError::NoTemplate { path: self.file.path.clone() })?;
        template.lay_out(messages, &self.file)
    }

    /// Replies to a conversation. `on_text` hears each piece of the reply as soon as it is sure, and may end it; the pieces
    /// together are the reply's text. A seed of `None` is 0.
    ///
    /// # Errors
    /// As [`Generator::prompt_tokens`], and when the conversation leaves no room in the window.
    pub fn generate(
        &self,
        request: &ChatRequest,
        on_text: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Reply, GeneratorError> {
        let prompt = self.prompt_tokens(&request.messages)?;
        self.go_on(&prompt, request, on_text)
    }

    /// Goes on from the tokens `prompt`.
    fn go_on(
        &self,
        prompt: &[u32],
        request: &ChatRequest,
        on_text: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Reply, GeneratorError> {
        if prompt.len() >= self.window {
            return Err(GeneratorError::TooLong { tokens: prompt.len(), window: self.window });
        }
        let most = request.max_tokens.min(self.window - prompt.len());
        let mut writing = Writing {
            generator: self,
            dice: Dice::new(request.seed.unwrap_or(0)),
            temperature: request.temperature,
            stream: Stream::new(&request.stop, on_text),
            written: 0,
        };
        let growth = if most == 0 { Growth::On } else { writing.write(prompt, most) };
        let (text, finish) = writing.stream.end(growth, writing.written == most);
        Ok(Reply { text, finish, prompt_tokens: Some(prompt.len()), reply_tokens: Some(writing.written) })
    }
}

/// A reply that is being written.
struct Writing<'a> {
    generator: &'a Generator,
    dice: Dice,
    temperature: f32,
    stream: Stream<'a>,
    /// Tokens so far
    written: usize,
}

impl Writing<'_> {
    /// Writes up to `most` tokens; fewer where the model ends by itself, or as is told.
    fn write(&mut self, prompt: &[u32], most: usize) -> Growth {
        let Generator { network, vocabulary, past, .. } = self.generator;
        // a past that a panic has left half written is cleared like any other
        let mut past = past.lock().unwrap_or_else(PoisonError::into_inner);
        past.clear();
        let mut scores = network.read(prompt, &mut past);
        let mut bytes = Vec::new();
        loop {
            let token = self.dice.draw(&scores, self.temperature);
            if vocabulary.is_end(token) {
                return Growth::On;
            }
            self.written += 1;
            bytes.clear();
            vocabulary.bytes(token, &mut bytes);
            let growth = self.stream.push(&bytes);
            if growth != Growth::On || self.written == most {
                return growth;
            }
            scores = network.read(&[token], &mut past);
        }
    }
}

impl Stream<'_> {
    /// The text, and why it ended, where it ended as `growth` says and is `full` or not.
    fn end(self, growth: Growth, full: bool) -> (String, Finish) {
        match growth {
            Growth::Unwanted => (self.abandon(), Finish::Interrupted),
            Growth::Stopped => (self.abandon(), Finish::Stop),
            Growth::On => {
                let (text, last) = self.finish();
                (text, if last == Growth::Stopped || !full { Finish::Stop } else { Finish::Length })
            }
        }
    }
}

/// The file that `path` means.
fn gguf_of(path: &Path) -> Result<PathBuf, GeneratorError> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let open = |source| GeneratorError::Open { path: path.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(open)? {
        let file = entry.map_err(open)?.path();
        if file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gguf")) {
            files.push(file);
        }
    }
    match <[PathBuf; 1]>::try_from(files) {
        Ok([file]) => Ok(file),
        Err(files) => Err(GeneratorError::NotOne { path: path.to_owned(), found: files.len() }),
    }
}
