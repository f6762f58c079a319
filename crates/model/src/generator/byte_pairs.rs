//! Byte-level byte pair encoding (Radford et al. 2019): what a GGUF file calls `gpt2`.

use std::collections::HashMap;

use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::normalizers::unicode::NFC;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{PreTokenizerWrapper, SplitDelimiterBehavior, Tokenizer};

use super::GeneratorError;
use super::file::Gguf;
use super::vocabulary::{Kind, Piece, each};

const MERGES: &str = "tokenizer.ggml.merges";
const PRE: &str = "tokenizer.ggml.pre";

/// How words are told apart before their bytes are paired: of the models' own tokenizer.json.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Words {
    /// GPT-2's expression.
    Gpt2,
    /// Each digit by itself, then GPT-2's.
    Digits,
    /// Up to three digits together.
    Llama3,
    /// Each digit by itself; composed characters.
    Qwen2,
}

const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

impl Words {
    /// By the name in the file.
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "gpt-2" | "gpt2" | "phi-2" | "mpt" | "olmo" | "jais" => Self::Gpt2,
            "smollm" | "starcoder" | "refact" | "codeshell" | "exaone" => Self::Digits,
            "llama-bpe" | "llama3" | "llama-v3" | "smaug-bpe" | "dbrx" | "falcon3" | "pixtral" => Self::Llama3,
            "qwen2" | "deepseek-r1-qwen" | "stablelm2" | "hunyuan" => Self::Qwen2,
            _ => return None,
        })
    }

    fn splitter(self) -> tokenizers::Result<PreTokenizerWrapper> {
        let split = |pattern: &str| -> tokenizers::Result<PreTokenizerWrapper> {
            let pattern = SplitPattern::Regex(pattern.to_owned());
            Ok(Split::new(pattern, SplitDelimiterBehavior::Isolated, false)?.into())
        };
        let bytes = |expression| PreTokenizerWrapper::from(ByteLevel::new(false, false, expression));
        Ok(match self {
            Self::Gpt2 => bytes(true),
            Self::Digits => Sequence::new(vec![Digits::new(true).into(), bytes(true)]).into(),
            Self::Llama3 => Sequence::new(vec![split(LLAMA3)?, bytes(false)]).into(),
            Self::Qwen2 => Sequence::new(vec![split(QWEN2)?, bytes(false)]).into(),
        })
    }
}

#[derive(Debug)]
pub(super) struct BytePairs {
    tokenizer: Tokenizer,
    bytes: HashMap<char, u8>,
}

impl BytePairs {
    /// Tokens other than normal ones are left out, and merges that lead to them, so that no text becomes one of them.
    pub(super) fn of(file: &Gguf, pieces: &[Piece]) -> Result<Self, GeneratorError> {
        let name = file.text(PRE).unwrap_or("gpt-2");
        let words = Words::named(name);
        let words = words.ok_or_else(|| file.unsupported(format!("texts split into words in the way `{name}`")))?;
        let merges: Vec<(String, String)> = file
            .texts(MERGES)
            .ok_or_else(|| file.missing(MERGES))?
            .map(|merge| match merge.split_once(' ') {
                Some((left, right)) => Ok((left.to_owned(), right.to_owned())),
                None => Err(file.senseless(MERGES, format!("`{merge}`"), "two tokens with a space between")),
            })
            .collect::<Result<_, _>>()?;
        let tokenizer = built(words, pieces, merges);
        let tokenizer = tokenizer.map_err(|source| GeneratorError::Vocabulary { path: file.path.clone(), source })?;
        Ok(Self { tokenizer, bytes: byte_characters() })
    }

    pub(super) fn encode(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), GeneratorError> {
        let encoding = self.tokenizer.encode_fast(text, false).map_err(|source| GeneratorError::Tokens { source })?;
        ids.extend_from_slice(encoding.get_ids());
        Ok(())
    }

    /// Appends the bytes that the characters of a token stand for.
    pub(super) fn bytes(&self, piece: &str, into: &mut Vec<u8>) {
        into.extend(piece.chars().filter_map(|c| self.bytes.get(&c)));
    }
}

fn built(words: Words, pieces: &[Piece], merges: Vec<(String, String)>) -> tokenizers::Result<Tokenizer> {
    let normal = each(pieces).filter(|(_, piece)| piece.kind == Kind::Normal);
    let vocabulary: Vocab = normal.map(|(id, piece)| (piece.text.clone(), id)).collect();
    let whole = words == Words::Llama3;
    // the builder takes it for granted that a merge gives a token
    let leads_on = |(left, right): &(String, String)| vocabulary.contains_key(&format!("{left}{right}"));
    let merges = merges.into_iter().filter(leads_on).collect();
    let model = BPE::builder().vocab_and_merges(vocabulary, merges).ignore_merges(whole).build()?;
    let mut tokenizer = Tokenizer::new(model);
    tokenizer.with_pre_tokenizer(Some(words.splitter()?));
    if words == Words::Qwen2 {
        tokenizer.with_normalizer(Some(NFC))?;
    }
    Ok(tokenizer)
}

/// The characters by which GPT-2 writes bytes: those that can be seen by themselves, the others moved up behind U+0100.
fn byte_characters() -> HashMap<char, u8> {
    let seen = |byte: u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let hidden = (0..=255u8).filter(|byte| !seen(*byte)).zip('\u{100}'..);
    let shown = (0..=255u8).filter(|byte| seen(*byte)).map(|byte| (char::from(byte), byte));
    shown.chain(hidden.map(|(byte, c)| (c, byte))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bytes_have_a_character() {
        let characters = byte_characters();
        assert_eq!(characters.len(), 256);
        assert_eq!((characters[&'Ġ'], characters[&'Ċ'], characters[&'a'], characters[&'ģ']), (b' ', b'\n', b'a', 0x81));
    }
}
