//! SentencePiece's unigram model (Kudo 2018) over a double array: the same pieces as the tokenizers crate's `Unigram`, whose
//! trie of hash maps takes most of a second to build for the 250,000 pieces of XLM-R, and which can only be read from JSON.
//! This one is used where it lies in a file.

use std::collections::HashMap;
use std::ops::{Deref, Range};
use std::sync::Arc;

use qiao_vecmath::MappedFile;
use serde::Deserialize;
use tokenizers::Token;
use yada::DoubleArray;
use yada::builder::DoubleArrayBuilder;

/// How much worse than the worst piece a character is that no piece covers, as in SentencePiece.
const UNKNOWN_PENALTY: f64 = 10.0;
/// In place of a beginning, where no way leads yet.
const NOWHERE: usize = usize::MAX;
/// Bytes of a piece at most; the longest of XLM-R has 48.
const LONGEST: usize = 1024;
/// Bytes of a score.
const SCORE: usize = size_of::<f64>();
/// Bytes of a piece's end in the text of all pieces.
const END: usize = size_of::<u32>();

/// The `model` of a tokenizer.json whose type is Unigram.
#[derive(Debug, Deserialize)]
pub(super) struct Described {
    unk_id: Option<u32>,
    #[serde(default)]
    byte_fallback: bool,
    vocab: Vec<(String, f64)>,
}

/// Bytes in memory or in a file.
#[derive(Debug)]
pub(super) enum Backing {
    Memory(Vec<u8>),
    File(MappedFile),
}

impl Backing {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Memory(bytes) => bytes,
            Self::File(file) => file.bytes(),
        }
    }
}

/// Some of those bytes; must lie within them.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) backing: Arc<Backing>,
    pub(super) range: Range<usize>,
}

impl Deref for Part {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.backing.bytes()[self.range.clone()]
    }
}

impl From<Vec<u8>> for Part {
    fn from(bytes: Vec<u8>) -> Self {
        Self { range: 0..bytes.len(), backing: Arc::new(Backing::Memory(bytes)) }
    }
}

/// What a unigram model is made of, little-endian.
#[derive(Debug, Clone)]
pub(super) struct Tables {
    /// A double array from pieces to ids
    pub(super) trie: Part,
    /// `[pieces]` f64
    pub(super) scores: Part,
    /// `[pieces]` u32: where each piece ends in `text`
    pub(super) ends: Part,
    /// All pieces, one after another
    pub(super) text: Part,
    pub(super) how: How,
}

/// How texts are cut where pieces leave a choice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct How {
    pub(super) unknown: Option<u32>,
    pub(super) byte_fallback: bool,
    pub(super) least_score: f64,
}

/// A unigram model.
#[derive(Debug, Clone)]
pub(super) struct Pieces {
    trie: DoubleArray<Part>,
    tables: Tables,
}

/// The best way found to a place in the text.
#[derive(Debug, Clone, Copy)]
struct Best {
    score: f64,
    /// Where its last piece begins, or [`NOWHERE`]
    start: usize,
    id: u32,
}

/// A piece in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cut {
    /// Bytes of the text
    span: Range<usize>,
    /// None for what the unknown token stands for
    id: Option<u32>,
}

impl Described {
    /// The token that stands for what is unknown, if there is one.
    pub(super) fn unknown(&self) -> Option<u32> {
        self.unk_id
    }

    /// A piece so long that building a trie of it would take more stack than there is.
    pub(super) fn beyond_measure(&self) -> Option<usize> {
        self.vocab.iter().map(|(piece, _)| piece.len()).find(|length| *length > LONGEST)
    }

    /// The model's tables, or `None` for a vocabulary that a double array cannot hold (an empty piece, a zero byte, more
    /// than 2³¹ bytes).
    pub(super) fn tables(&self) -> Option<Tables> {
        let mut sorted: Vec<(&[u8], u32)> = Vec::with_capacity(self.vocab.len());
        for (id, (piece, _)) in self.vocab.iter().enumerate() {
            if piece.is_empty() || piece.contains('\0') {
                return None;
            }
            sorted.push((piece.as_bytes(), u32::try_from(id).ok()?));
        }
        // of two that read the same, the later counts, as in a map that is filled in order
        sorted.sort_by_key(|(piece, id)| (*piece, std::cmp::Reverse(*id)));
        sorted.dedup_by_key(|(piece, _)| *piece);
        let trie = DoubleArrayBuilder::build(&sorted).ok()?;
        let text: String = self.vocab.iter().map(|(piece, _)| piece.as_str()).collect();
        u32::try_from(text.len()).ok()?;
        let end = |end: &mut u32, piece: &str| {
            *end += piece.len() as u32;
            Some(end.to_le_bytes())
        };
        let ends = self.vocab.iter().scan(0, |at, (piece, _)| end(at, piece)).flatten().collect::<Vec<u8>>();
        let scores: Vec<u8> = self.vocab.iter().flat_map(|(_, score)| score.to_le_bytes()).collect();
        let least_score = self.vocab.iter().map(|(_, score)| *score).fold(f64::INFINITY, f64::min);
        Some(Tables {
            trie: trie.into(),
            scores: scores.into(),
            ends: ends.into(),
            text: text.into_bytes().into(),
            how: How { unknown: self.unk_id, byte_fallback: self.byte_fallback, least_score },
        })
    }
}

impl Pieces {
    /// The model of `tables`, or `None` where they do not fit together.
    pub(super) fn new(tables: Tables) -> Option<Self> {
        let pieces = tables.ends.len() / END;
        let whole = tables.scores.len() == pieces * SCORE && tables.ends.len() == pieces * END;
        let unknown = tables.how.unknown.is_none_or(|id| (id as usize) < pieces);
        // the crate's own check passes over leaves, and a root that is one would be followed anywhere
        let rooted = tables.trie.get(3).is_some_and(|byte| byte & 0x80 == 0);
        let trie = DoubleArray::new(tables.trie.clone()).ok()?;
        (whole && unknown && rooted).then_some(Self { trie, tables })
    }

    pub(super) fn tables(&self) -> &Tables {
        &self.tables
    }

    pub(super) fn unknown(&self) -> Option<u32> {
        self.tables.how.unknown
    }

    pub(super) fn len(&self) -> usize {
        self.tables.ends.len() / END
    }

    fn score(&self, id: u32) -> f64 {
        let bytes = self.tables.scores.get(id as usize * SCORE..).and_then(<[u8]>::first_chunk);
        bytes.map_or(f64::NEG_INFINITY, |bytes| f64::from_le_bytes(*bytes))
    }

    fn end(&self, id: usize) -> usize {
        let bytes = self.tables.ends.get(id * END..).and_then(<[u8]>::first_chunk);
        bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize)
    }

    /// The piece of an id, or `None` where there is no such id.
    pub(super) fn piece(&self, id: u32) -> Option<&str> {
        let id = id as usize;
        if id >= self.len() {
            return None;
        }
        let start = if id == 0 { 0 } else { self.end(id - 1) };
        std::str::from_utf8(self.tables.text.get(start..self.end(id))?).ok()
    }

    /// The id of a piece, or `None` where there is no such piece.
    pub(super) fn id(&self, piece: &str) -> Option<u32> {
        let found = |(id, length): (u32, usize)| (length == piece.len()).then_some(id);
        let key = piece.as_bytes();
        // a zero byte would be taken for the end of a piece
        if key.contains(&0) { None } else { self.trie.common_prefix_search(key).find_map(found) }
    }

    /// All pieces with their ids.
    pub(super) fn vocabulary(&self) -> HashMap<String, u32> {
        (0..self.len() as u32).filter_map(|id| Some((self.piece(id)?.to_owned(), id))).collect()
    }

    /// The pieces of `text` whose scores have the greatest sum; characters that none covers stand together as one unknown
    /// token.
    ///
    /// # Errors
    /// Where there is no unknown token to stand for such characters.
    pub(super) fn tokenize(&self, text: &str) -> Result<Vec<Token>, tokenizers::Error> {
        let mut tokens = Vec::new();
        for Cut { span, id } in self.cut(text)? {
            let offsets = (span.start, span.end);
            let piece = &text[span];
            match id.or_else(|| self.id(piece)) {
                Some(id) => tokens.push(Token::new(id, piece.to_owned(), offsets)),
                None => self.push_unknown(piece, offsets, &mut tokens)?,
            }
        }
        Ok(tokens)
    }

    fn push_unknown(
        &self,
        piece: &str,
        offsets: (usize, usize),
        tokens: &mut Vec<Token>,
    ) -> Result<(), tokenizers::Error> {
        if self.tables.how.byte_fallback {
            let name = |byte: u8| format!("<0x{byte:02X}>");
            let bytes: Option<Vec<Token>> =
                piece.bytes().map(|b| self.id(&name(b)).map(|id| Token::new(id, name(b), offsets))).collect();
            if let Some(bytes) = bytes {
                tokens.extend(bytes);
                return Ok(());
            }
        }
        tokens.push(Token::new(self.unknown().ok_or(NO_UNKNOWN)?, piece.to_owned(), offsets));
        Ok(())
    }

    /// Where the pieces lie.
    fn cut(&self, text: &str) -> Result<Vec<Cut>, tokenizers::Error> {
        let best = self.best(text)?;
        let mut cut: Vec<Cut> = Vec::new();
        let mut end = text.len();
        while end > 0 {
            let Best { start, id, .. } = best[end];
            match (Some(id) == self.unknown(), cut.last_mut()) {
                (true, Some(Cut { span: later, id: None })) => later.start = start,
                (true, _) => cut.push(Cut { span: start..end, id: None }),
                (false, _) => cut.push(Cut { span: start..end, id: Some(id) }),
            }
            end = start;
        }
        cut.reverse();
        Ok(cut)
    }

    /// The best way to each place of `text` (Viterbi).
    fn best(&self, text: &str) -> Result<Vec<Best>, tokenizers::Error> {
        let bytes = text.as_bytes();
        let mut best = vec![Best { score: 0.0, start: NOWHERE, id: 0 }; bytes.len() + 1];
        let unknown_score = self.tables.how.least_score - UNKNOWN_PENALTY;
        // no piece holds a zero byte, and the trie would take one for an end
        let mut clear = 0;
        for (start, character) in text.char_indices() {
            if start >= clear {
                clear = bytes[start..].iter().position(|b| *b == 0).map_or(bytes.len(), |length| start + length);
            }
            let here = best[start].score;
            let mut alone = false;
            for (id, length) in self.trie.common_prefix_search(&bytes[start..clear]) {
                best[start + length].improve(Best { score: self.score(id) + here, start, id });
                alone |= length == character.len_utf8();
            }
            if !alone {
                let id = self.unknown().ok_or(NO_UNKNOWN)?;
                let candidate = Best { score: unknown_score + here, start, id };
                best[start + character.len_utf8()].improve(candidate);
            }
        }
        Ok(best)
    }
}

impl Best {
    fn improve(&mut self, candidate: Self) {
        if self.start == NOWHERE || candidate.score > self.score {
            *self = candidate;
        }
    }
}

const NO_UNKNOWN: &str = "a character that no piece covers, and the model has no token for what is unknown";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokenizers::Model;
    use tokenizers::models::unigram::Unigram;

    use super::*;

    fn described(vocab: &[(&str, f64)], byte_fallback: bool) -> Described {
        let vocab = vocab.iter().map(|(piece, score)| ((*piece).to_owned(), *score)).collect();
        Described { unk_id: Some(0), byte_fallback, vocab }
    }

    fn both(described: &Described) -> (Pieces, Unigram) {
        let peer = Unigram::from(described.vocab.clone(), Some(0), described.byte_fallback).unwrap();
        (Pieces::new(described.tables().unwrap()).unwrap(), peer)
    }

    fn ids(tokens: &[Token]) -> Vec<(u32, String, (usize, usize))> {
        tokens.iter().map(|t| (t.id, t.value.clone(), t.offsets)).collect()
    }

    const VOCABULARY: [(&str, f64); 14] = [
        ("<unk>", 0.0),
        ("▁", -2.0),
        ("a", -3.0),
        ("b", -3.5),
        ("ab", -4.0),
        ("▁ab", -4.5),
        ("aba", -9.0),
        ("桥", -5.0),
        ("桥梁", -6.0),
        ("c", -7.0),
        ("bc", -10.5),
        ("<0x64>", -8.0),
        ("<0x65>", -8.0),
        ("a", -1.0),
    ];

    proptest! {
        #[test]
        fn the_same_pieces_as_the_tokenizers_crate(
            text in "[abcdef▁桥梁江\u{0}<unk>]{0,40}",
            byte_fallback: bool,
        ) {
            let (pieces, peer) = both(&described(&VOCABULARY, byte_fallback));
            prop_assert_eq!(ids(&pieces.tokenize(&text).unwrap()), ids(&peer.tokenize(&text).unwrap()));
        }

        #[test]
        fn the_same_over_any_vocabulary(
            vocabulary in prop::collection::vec(("[abc]{1,4}", -9.0f64..0.0), 1..40),
            text in "[abcd]{0,30}",
        ) {
            let all: Vec<(&str, f64)> = std::iter::once(("<unk>", 0.0))
                .chain(vocabulary.iter().map(|(piece, score)| (piece.as_str(), *score)))
                .collect();
            let (pieces, peer) = both(&described(&all, false));
            prop_assert_eq!(ids(&pieces.tokenize(&text).unwrap()), ids(&peer.tokenize(&text).unwrap()));
            prop_assert_eq!(pieces.len(), peer.get_vocab_size());
            for (id, (piece, _)) in all.iter().enumerate() {
                prop_assert_eq!(pieces.id(piece), peer.token_to_id(piece));
                prop_assert_eq!(pieces.piece(id as u32), Some(*piece));
            }
        }
    }

    #[test]
    fn what_no_piece_covers_needs_an_unknown_token() {
        let mut without = described(&VOCABULARY[1..], false);
        without.unk_id = None;
        let pieces = Pieces::new(without.tables().unwrap()).unwrap();
        assert!(pieces.tokenize("ab桥").is_ok());
        assert!(pieces.tokenize("ab江").is_err());
    }

    #[test]
    fn vocabularies_that_a_double_array_cannot_hold_are_left_to_the_crate() {
        assert!(described(&[("<unk>", 0.0), ("", -1.0)], false).tables().is_none());
        assert!(described(&[("<unk>", 0.0), ("a\0", -1.0)], false).tables().is_none());
    }
}
