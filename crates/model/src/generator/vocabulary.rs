//! The tokens of a GGUF file, and texts as tokens.
//!
//! What a message says is data: [`Vocabulary::plain`] never gives a control token, whatever the text. Those come from the chat
//! template alone, through [`Vocabulary::with_controls`].

use std::collections::HashMap;

use super::GeneratorError;
use super::byte_pairs::BytePairs;
use super::file::Gguf;
use super::sentence_pieces::SentencePieces;

const MODEL: &str = "tokenizer.ggml.model";
const TOKENS: &str = "tokenizer.ggml.tokens";
const KINDS: &str = "tokenizer.ggml.token_type";

/// Tokens that end a reply where a vocabulary has them as control tokens.
const ENDS: [&str; 11] = [
    "<|im_end|>",
    "<end_of_turn>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|return|>",
    "</s>",
    "<eos>",
    "<EOT>",
];

/// What a token is (`tokenizer.ggml.token_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Normal,
    /// Written by the template or the model, never part of a text
    Control,
    /// Found in texts before anything else is
    Own,
    /// One byte, `<0x0A>`
    Byte,
}

#[derive(Debug)]
pub(super) struct Vocabulary {
    pieces: Vec<Piece>,
    encoder: Encoder,
    /// Tokens that stand for whole runs of white space, which texts are searched for first
    spaces: HashMap<String, u32>,
    longest_space: usize,
    /// Control tokens and tokens of the model's own, by their first character; the longest first
    controls: HashMap<char, Vec<(String, u32)>>,
    pub(super) bos: Option<u32>,
    pub(super) eos: Option<u32>,
    adds_bos: bool,
    ends: Vec<u32>,
}

/// A token.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) kind: Kind,
}

#[derive(Debug)]
enum Encoder {
    BytePairs(Box<BytePairs>),
    SentencePieces(SentencePieces),
}

/// A stretch of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Written by the template: control tokens are found in it.
    Frame(String),
    /// What somebody said.
    Said(String),
}

impl Part {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Frame(text) | Self::Said(text) => text,
        }
    }
}

impl Vocabulary {
    pub(super) fn of(file: &Gguf) -> Result<Self, GeneratorError> {
        let pieces = pieces(file)?;
        let encoder = match file.text(MODEL) {
            Some("gpt2") => Encoder::BytePairs(Box::new(BytePairs::of(file, &pieces)?)),
            Some("llama") => Encoder::SentencePieces(SentencePieces::of(file, &pieces)?),
            Some(other) => return Err(file.unsupported(format!("a vocabulary of the kind `{other}`"))),
            None => return Err(file.missing(MODEL)),
        };
        let id = |name: &str| {
            let id = file.whole(&format!("tokenizer.ggml.{name}"))?;
            u32::try_from(id).ok().filter(|id| (*id as usize) < pieces.len())
        };
        let (bos, eos) = (id("bos_token_id"), id("eos_token_id"));
        let ends = [eos, id("eot_token_id"), id("eom_token_id")].into_iter().flatten();
        let ends = ends.chain(each(&pieces).filter(|(_, piece)| piece.ends()).map(|(id, _)| id)).collect();
        // Llama's files of old say nothing of it
        let adds_bos = file.flag("tokenizer.ggml.add_bos_token");
        let adds_bos = adds_bos.unwrap_or(matches!(encoder, Encoder::SentencePieces(_)));
        let spaces = spaces(&pieces);
        let longest_space = spaces.keys().map(String::len).max().unwrap_or(0);
        Ok(Self { encoder, spaces, longest_space, controls: controls(&pieces), pieces, bos, eos, adds_bos, ends })
    }

    /// How many tokens there are.
    pub(super) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// The text of a token, for the template.
    pub(super) fn text(&self, id: Option<u32>) -> &str {
        id.and_then(|id| self.pieces.get(id as usize)).map_or("", |piece| &piece.text)
    }

    /// Whether no text becomes `id`.
    #[cfg(test)]
    pub(super) fn is_control(&self, id: u32) -> bool {
        self.pieces
            .get(id as usize)
            .is_none_or(|piece| !matches!(piece.kind, Kind::Normal | Kind::Byte) && !piece.is_space())
    }

    /// Whether `id` ends a reply.
    pub(super) fn is_end(&self, id: u32) -> bool {
        self.ends.contains(&id)
    }

    /// Appends the bytes that token `id` stands for; a control token stands for none.
    pub(super) fn bytes(&self, id: u32, into: &mut Vec<u8>) {
        let Some(piece) = self.pieces.get(id as usize) else { return };
        match (piece.kind, &self.encoder) {
            (Kind::Control, _) => {}
            (Kind::Own, _) => into.extend_from_slice(piece.text.as_bytes()),
            (Kind::Byte, _) => into.extend(byte(&piece.text)),
            (Kind::Normal, Encoder::BytePairs(pairs)) => pairs.bytes(&piece.text, into),
            (Kind::Normal, Encoder::SentencePieces(_)) => into.extend(piece.text.replace('▁', " ").bytes()),
        }
    }

    /// The tokens of a text, none of them a control token.
    pub(super) fn plain(&self, text: &str) -> Result<Vec<u32>, GeneratorError> {
        let mut ids = Vec::new();
        self.append(text, &mut ids)?;
        Ok(ids)
    }

    /// The tokens of a prompt: control tokens where the frame names them, and nowhere else. What stands between two of them
    /// is one text, whoever wrote which part.
    pub(super) fn with_controls(&self, parts: &[Part]) -> Result<Vec<u32>, GeneratorError> {
        let (mut ids, mut between) = (Vec::new(), String::new());
        for part in parts {
            match part {
                Part::Said(text) => between.push_str(text),
                Part::Frame(text) => self.append_frame(text, &mut between, &mut ids)?,
            }
        }
        self.append(&between, &mut ids)?;
        if let Some(bos) = self.bos.filter(|bos| self.adds_bos && ids.first() != Some(bos)) {
            ids.insert(0, bos);
        }
        Ok(ids)
    }

    fn append_frame(&self, text: &str, between: &mut String, ids: &mut Vec<u32>) -> Result<(), GeneratorError> {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let here = self.controls.get(&first).into_iter().flatten().find(|(name, _)| rest.starts_with(name));
            let taken = match here {
                Some((name, id)) => {
                    self.append(&std::mem::take(between), ids)?;
                    ids.push(*id);
                    name.len()
                }
                None => {
                    between.push(first);
                    first.len_utf8()
                }
            };
            rest = &rest[taken..];
        }
        Ok(())
    }

    /// Appends the tokens of `text`, which is searched for runs of white space that are tokens first.
    fn append(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), GeneratorError> {
        let (mut from, mut at) = (0, 0);
        while let Some(first) = text[at..].chars().next() {
            match self.space(&text[at..]) {
                Some((length, id)) => {
                    self.encode(&text[from..at], ids)?;
                    ids.push(id);
                    at += length;
                    from = at;
                }
                None => at += first.len_utf8(),
            }
        }
        self.encode(&text[from..], ids)
    }

    /// The longest run of white space at the start of `text` that is a token.
    fn space(&self, text: &str) -> Option<(usize, u32)> {
        if self.spaces.is_empty() {
            return None;
        }
        let run = text.len() - text.trim_start().len();
        (1..=run.min(self.longest_space)).rev().find_map(|length| {
            let id = self.spaces.get(text.get(..length)?)?;
            Some((length, *id))
        })
    }

    fn encode(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), GeneratorError> {
        if text.is_empty() {
            return Ok(());
        }
        match &self.encoder {
            Encoder::BytePairs(pairs) => pairs.encode(text, ids),
            Encoder::SentencePieces(pieces) => {
                pieces.encode(text, ids);
                Ok(())
            }
        }
    }
}

impl Piece {
    fn ends(&self) -> bool {
        self.kind == Kind::Control && ENDS.contains(&self.text.as_str())
    }

    /// Whether it stands for white space wherever that is found.
    fn is_space(&self) -> bool {
        self.kind == Kind::Own && !self.text.is_empty() && self.text.chars().all(char::is_whitespace)
    }
}

/// All tokens with their ids.
pub(super) fn each(pieces: &[Piece]) -> impl Iterator<Item = (u32, &Piece)> {
    (0u32..).zip(pieces)
}

/// The byte that `<0x0A>` names.
pub(super) fn byte(text: &str) -> Option<u8> {
    u8::from_str_radix(text.strip_prefix("<0x")?.strip_suffix('>')?, 16).ok()
}

fn pieces(file: &Gguf) -> Result<Vec<Piece>, GeneratorError> {
    let texts = file.texts(TOKENS).ok_or_else(|| file.missing(TOKENS))?;
    let mut kinds = file.numbers(KINDS);
    let mut kind = || kinds.as_mut().and_then(Iterator::next);
    let pieces: Vec<Piece> = texts.map(|text| Piece { text, kind: kind_of(kind()) }).collect();
    match pieces.is_empty() {
        true => Err(file.senseless(TOKENS, "no token", "a list of tokens")),
        false => Ok(pieces),
    }
}

fn kind_of(number: Option<f64>) -> Kind {
    match number.map(|number| number as i64) {
        None | Some(1) => Kind::Normal,
        Some(4) => Kind::Own,
        Some(6) => Kind::Byte,
        // control, unknown, unused
        _ => Kind::Control,
    }
}

fn spaces(pieces: &[Piece]) -> HashMap<String, u32> {
    each(pieces).filter(|(_, piece)| piece.is_space()).map(|(id, piece)| (piece.text.clone(), id)).collect()
}

fn controls(pieces: &[Piece]) -> HashMap<char, Vec<(String, u32)>> {
    let mut all: HashMap<char, Vec<(String, u32)>> = HashMap::new();
    for (id, piece) in each(pieces).filter(|(_, piece)| matches!(piece.kind, Kind::Control | Kind::Own)) {
        if let Some(first) = piece.text.chars().next().filter(|_| !piece.is_space()) {
            all.entry(first).or_default().push((piece.text.clone(), id));
        }
    }
    all.values_mut().for_each(|list| list.sort_by_key(|(text, id)| (std::cmp::Reverse(text.len()), *id)));
    all
}
