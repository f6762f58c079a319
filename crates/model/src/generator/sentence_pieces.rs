//! SentencePiece's byte pair encoding (Kudo and Richardson 2018): what a GGUF file calls `llama`. Of all neighbours that
//! together are a token, those with the best score are joined first.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use super::GeneratorError;
use super::file::Gguf;
use super::vocabulary::{Kind, Piece, byte, each};

const SCORES: &str = "tokenizer.ggml.scores";
const NONE: usize = usize::MAX;

#[derive(Debug)]
pub(super) struct SentencePieces {
    /// Normal tokens and their scores; a text can become no other
    tokens: HashMap<String, (u32, f32)>,
    bytes: HashMap<u8, u32>,
    unknown: Option<u32>,
    /// Whether a text gets a space in front
    adds_space: bool,
}

/// A stretch of the text between its neighbours.
#[derive(Debug, Clone, Copy)]
struct Symbol {
    from: usize,
    length: usize,
    before: usize,
    after: usize,
}

/// Two neighbours that may be joined, in the order in which they are: the better score first, then the one further left.
#[derive(Debug, Clone, Copy)]
struct Pair {
    score: f32,
    left: usize,
    right: usize,
    length: usize,
}

impl Ord for Pair {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(other.left.cmp(&self.left))
    }
}
impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Eq for Pair {}
impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl SentencePieces {
    pub(super) fn of(file: &Gguf, pieces: &[Piece]) -> Result<Self, GeneratorError> {
        let scores = file.numbers(SCORES).ok_or_else(|| file.missing(SCORES))?;
        let normal = each(pieces).zip(scores).filter(|((_, piece), _)| piece.kind == Kind::Normal);
        let tokens = normal.map(|((id, piece), score)| (piece.text.clone(), (id, score as f32))).collect();
        let bytes = each(pieces).filter(|(_, piece)| piece.kind == Kind::Byte);
        let bytes = bytes.filter_map(|(id, piece)| Some((byte(&piece.text)?, id))).collect();
        let unknown = file.whole("tokenizer.ggml.unknown_token_id").and_then(|id| u32::try_from(id).ok());
        let unknown = unknown.filter(|id| (*id as usize) < pieces.len());
        let adds_space = file.flag("tokenizer.ggml.add_space_prefix").unwrap_or(true);
        Ok(Self { tokens, bytes, unknown, adds_space })
    }

    pub(super) fn encode(&self, text: &str, ids: &mut Vec<u32>) {
        let front = if self.adds_space { " " } else { "" };
        let text = format!("{front}{text}").replace(' ', "▁");
        let symbols = self.joined(&text);
        let mut at = 0;
        while let Some(symbol) = symbols.get(at) {
            self.append(&text[symbol.from..][..symbol.length], ids);
            at = symbol.after;
        }
    }

    /// The characters of `text`, joined until no neighbours together are a token.
    fn joined(&self, text: &str) -> Vec<Symbol> {
        let mut symbols: Vec<Symbol> = text
            .char_indices()
            .enumerate()
            .map(|(i, (from, c))| Symbol { from, length: c.len_utf8(), before: i.wrapping_sub(1), after: i + 1 })
            .collect();
        if let Some(last) = symbols.last_mut() {
            last.after = NONE;
        }
        let mut pairs: BinaryHeap<_> = (1..symbols.len()).filter_map(|i| self.pair(text, &symbols, i - 1, i)).collect();
        while let Some(pair) = pairs.pop() {
            if !join(&mut symbols, &pair) {
                continue;
            }
            let Symbol { before, after, .. } = symbols[pair.left];
            pairs.extend(self.pair(text, &symbols, before, pair.left));
            pairs.extend(self.pair(text, &symbols, pair.left, after));
        }
        symbols
    }

    /// Neighbours that together are a token.
    fn pair(&self, text: &str, symbols: &[Symbol], left: usize, right: usize) -> Option<Pair> {
        let (first, second) = (symbols.get(left)?, symbols.get(right)?);
        let length = first.length + second.length;
        let (_, score) = self.tokens.get(&text[first.from..][..length])?;
        Some(Pair { score: *score, left, right, length })
    }

    /// A symbol that is no token becomes its bytes.
    fn append(&self, symbol: &str, ids: &mut Vec<u32>) {
        match self.tokens.get(symbol) {
            Some((id, _)) => ids.push(*id),
            None => ids.extend(symbol.bytes().filter_map(|byte| self.bytes.get(&byte).copied().or(self.unknown))),
        }
    }
}

/// Joins two symbols, if they still are as they were when the pair was found: one that was taken up has no length.
fn join(symbols: &mut [Symbol], pair: &Pair) -> bool {
    let (left, right) = (symbols[pair.left], symbols[pair.right]);
    if left.length == 0 || right.length == 0 || left.length + right.length != pair.length {
        return false;
    }
    symbols[pair.left].length = pair.length;
    symbols[pair.left].after = right.after;
    symbols[pair.right].length = 0;
    if let Some(next) = symbols.get_mut(right.after) {
        next.before = pair.left;
    }
    true
}
