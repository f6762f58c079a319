//! Text into token ids, through the `tokenizers` crate.

mod pair;
mod parts;
mod pieces;
mod settings;
mod stored;
mod vocabulary;

use std::ops::Range;
use std::path::{Path, PathBuf};

pub(crate) use self::pair::PairFrame;
pub use self::pair::PairTokens;
pub(crate) use self::parts::Stored;
use self::parts::{Direction, Inner, Truncation};
use self::settings::lowercase_first;
pub(crate) use self::settings::{TokenizerConfig, TokenizerSettings};

/// A tokenizer that cannot be read, or a text it fails on.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// tokenizer.json is missing or broken.
    #[error("cannot read the tokenizer {path}")]
    Load {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A text could not be tokenised.
    #[error("the tokenizer failed on a text of {bytes} bytes")]
    Encode {
        /// Length of the text.
        bytes: usize,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// How a model uses its tokenizer.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Use {
    /// Texts are lower-cased first.
    pub(crate) lowercase: bool,
    /// No special tokens are put around a text.
    pub(crate) bare: bool,
    /// As model2vec does: of a long text, only the characters that its tokens may have are looked at, and tokens that the
    /// vocabulary lacks are left out.
    pub(crate) model2vec: bool,
    pub(crate) settings: TokenizerSettings,
}

/// A model's tokenizer, without truncation and padding of its own.
#[derive(Debug)]
pub(crate) struct Tokenizer {
    inner: Inner,
    how: Use,
    unknown: Option<u32>,
    /// Special tokens around every text
    before: Vec<u32>,
    after: Vec<u32>,
    truncation: Option<Truncation>,
    /// Characters that are looked at for each token that a text may have
    characters: Option<usize>,
}

/// One text's tokens, cut into windows that the model can take.
#[derive(Debug)]
pub(crate) struct Tokens {
    /// At least one.
    pub(crate) windows: Vec<Window>,
    /// Tokens of prompt and text, special ones not counted.
    pub(crate) content: usize,
    /// Content tokens that stand in no window, since there are too many.
    pub(crate) dropped: usize,
    /// Content tokens that the model is not given, since it would not know them.
    pub(crate) left_out: usize,
    /// Content tokens, dropped ones too, that the vocabulary lacks.
    pub(crate) unknown: usize,
    /// Bytes of the text from which the windows come.
    pub(crate) looked_at: usize,
}

/// A sequence that the model can take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    /// Special tokens included.
    pub(crate) ids: Vec<u32>,
    /// Which of the content tokens stand in it, the prompt's not counted where they are said again.
    pub(crate) content: Range<usize>,
    /// How many of these the model is given.
    pub(crate) given: usize,
    /// How many ids at the start are the prompt's, special tokens before it included, as sentence-transformers counts them.
    pub(crate) prompt: usize,
}

/// A token's id, and the bytes of the text for which it stands.
pub(crate) type Placed = (u32, Option<Range<usize>>);

/// How a text beyond the limit is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    First,
    /// Windows that share an eighth of their length with the next, each led by the prompt.
    Windows,
}

impl Tokenizer {
    /// Reads `tokenizer.json`, or the parsed form of it that an earlier start has left at `stored`.
    pub(crate) fn load(path: &Path, stored: Option<&Stored>, how: Use) -> Result<Self, TokenizerError> {
        let failed = |source| TokenizerError::Load { path: path.into(), source };
        guarded(|| Self::load_unguarded(path, stored, how)).map_err(failed)
    }

    fn load_unguarded(path: &Path, stored: Option<&Stored>, how: Use) -> Result<Self, tokenizers::Error> {
        let (mut inner, truncation) = parts::load(path, stored)?;
        how.settings.apply(&mut inner)?;
        if how.lowercase {
            lowercase_first(&mut inner)?;
        }
        let (before, after) = if how.bare { (Vec::new(), Vec::new()) } else { frame(&inner)? };
        let unknown = inner.get_model().unknown();
        let characters = if how.model2vec { Some(median_length(&inner)) } else { None };
        Ok(Self { inner, how, unknown, before, after, truncation, characters })
    }

    /// Special tokens put around every text.
    pub(crate) fn special(&self) -> usize {
        self.before.len() + self.after.len()
    }

    /// What tokenizer.json itself would cut at, special tokens counted.
    pub(crate) fn own_limit(&self) -> Option<usize> {
        self.truncation.map(|truncation| truncation.max_length)
    }

    /// Tokens of `text`, special ones not counted.
    pub(crate) fn count(&self, text: &str) -> Result<usize, TokenizerError> {
        Ok(self.ids(text)?.len())
    }

    /// Ids of `prompt` and `text`, in windows of at most `limit` tokens, special ones counted.
    pub(crate) fn encode(&self, prompt: &str, text: &str, limit: usize, cut: Cut) -> Result<Tokens, TokenizerError> {
        let whole = format!("{prompt}{text}");
        let all = self.ids(&whole)?;
        let leading = if prompt.is_empty() { Vec::new() } else { self.ids(prompt)? };
        let unknown = all.iter().filter(|id| Some(**id) == self.unknown).count();
        let (content, end) = (all.len(), if cut == Cut::First { self.looked_at(&whole, limit) } else { whole.len() });
        let ids = if end < whole.len() { self.ids(&whole[..end])? } else { all };
        let room = limit.saturating_sub(self.special()).max(1);
        let parts: Vec<Range<usize>> = match cut {
            _ if ids.len() <= room => one(0..ids.len()),
            Cut::First if self.cuts_left() => one(ids.len() - room..ids.len()),
            Cut::First => one(0..room),
            Cut::Windows => {
                let said_again = ids.iter().zip(&leading).take_while(|(id, own)| id == own).count().min(room - 1);
                windows(said_again..ids.len(), room - said_again)
            }
        };
        let repeated = parts.first().filter(|_| parts.len() > 1).map_or(0..0, |first| 0..first.start);
        let kept =
            repeated.len() + parts.last().map_or(0, |last| last.end) - parts.first().map_or(0, |first| first.start);
        let from = if repeated.is_empty() { parts.first().map_or(0, |first| first.start) } else { 0 };
        let to = parts.last().map_or(0, |last| last.end);
        let left_out = ids[from..to].iter().filter(|id| !self.counts(**id)).count();
        let said = if prompt.is_empty() { 0 } else { leading.len() + self.special_of_prompt() };
        let window = |(i, part): (usize, Range<usize>)| {
            // a later window is led by what the text and the prompt alone have in common
            let said = if i == 0 { said } else { self.before.len() + repeated.len() };
            self.window(&ids[repeated.clone()], &ids[part.clone()], said, part)
        };
        let windows = parts.into_iter().enumerate().map(window).collect();
        let looked_at = end.saturating_sub(prompt.len());
        Ok(Tokens { windows, content, dropped: content.saturating_sub(kept), left_out, unknown, looked_at })
    }

    /// What this tokenizer, which is that of `path`, puts around and between two texts.
    pub(crate) fn pairs(&self, path: &Path) -> Result<PairFrame, TokenizerError> {
        let frame = guarded(|| PairFrame::of(&self.inner, self.how.settings, self.cuts_left()));
        frame.map_err(|source| TokenizerError::Load { path: path.into(), source })
    }

    fn cuts_left(&self) -> bool {
        let own = || self.truncation.is_some_and(|truncation| truncation.direction == Direction::Left);
        self.how.settings.cut_left.unwrap_or_else(own)
    }

    /// The bytes of a text that are looked at at all: model2vec first cuts off the characters beyond those that so many
    /// tokens commonly have.
    fn looked_at(&self, whole: &str, limit: usize) -> usize {
        let most = self.characters.map(|characters| characters.saturating_mul(limit));
        most.and_then(|most| whole.char_indices().nth(most)).map_or(whole.len(), |(end, _)| end)
    }

    /// Whether a token stands for what the vocabulary lacks.
    pub(crate) fn is_unknown(&self, id: u32) -> bool {
        Some(id) == self.unknown
    }

    /// Whether a token is given to the model.
    pub(crate) fn counts(&self, id: u32) -> bool {
        !(self.how.model2vec && Some(id) == self.unknown)
    }

    fn window(&self, repeated: &[u32], part: &[u32], prompt: usize, content: Range<usize>) -> Window {
        let given = part.iter().filter(|id| self.counts(**id));
        let all = self.before.iter().chain(repeated).chain(given.clone()).chain(&self.after);
        Window { ids: all.copied().collect(), content, given: given.count(), prompt }
    }

    /// Special tokens of a prompt: sentence-transformers measures it with those around it, less the last.
    fn special_of_prompt(&self) -> usize {
        self.special().saturating_sub(usize::from(!self.after.is_empty()))
    }

    /// Ids of `text` without special tokens.
    pub(crate) fn ids(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        let encoded = guarded(|| self.inner.encode_fast(text, false));
        let encoded = encoded.map_err(|source| TokenizerError::Encode { bytes: text.len(), source })?;
        Ok(encoded.get_ids().to_vec())
    }

    /// The content tokens of `prompt` and `text`, each with its bytes in `text`; none for the prompt's.
    pub(crate) fn spans(&self, prompt: &str, text: &str) -> Result<Vec<Placed>, TokenizerError> {
        let encoded = guarded(|| self.inner.encode(format!("{prompt}{text}"), false));
        let encoded = encoded.map_err(|source| TokenizerError::Encode { bytes: text.len(), source })?;
        let of_text = |(token, (from, to)): (&String, &(usize, usize))| {
            let span = from.saturating_sub(prompt.len())..to.checked_sub(prompt.len()).filter(|to| *to > 0)?;
            // SentencePiece's mark of a word's beginning lies on the word's first letter, and stands for none
            let mark = token == WORD_MARK && text.get(span.clone()).is_some_and(|own| !own.trim().is_empty());
            (!mark).then_some(span)
        };
        let places = encoded.get_tokens().iter().zip(encoded.get_offsets()).map(of_text);
        Ok(encoded.get_ids().iter().copied().zip(places).collect())
    }

    /// The token of an id, as the vocabulary writes it.
    pub(crate) fn token(&self, id: u32) -> String {
        self.inner.id_to_token(id).unwrap_or_default()
    }

    /// Special tokens before every text.
    pub(crate) fn before(&self) -> usize {
        self.before.len()
    }
}

fn one(part: Range<usize>) -> Vec<Range<usize>> {
    std::iter::once(part).collect()
}

/// Parts of `content` of at most `room` each, the next beginning before the last has ended.
fn windows(content: Range<usize>, room: usize) -> Vec<Range<usize>> {
    let step = room - room / 8;
    let mut parts = Vec::new();
    let mut start = content.start;
    loop {
        let end = content.end.min(start + room);
        parts.push(start..end);
        if end == content.end {
            return parts;
        }
        start += step;
    }
}

/// The median length of a vocabulary's tokens in characters, the fraction cut off.
fn median_length(inner: &Inner) -> usize {
    let mut lengths: Vec<usize> = inner.get_vocab(true).keys().map(|token| token.chars().count()).collect();
    lengths.sort_unstable();
    match lengths.len() {
        0 => 0,
        n => (lengths[(n - 1) / 2] + lengths[n / 2]) / 2,
    }
}

/// How SentencePiece writes the beginning of a word.
const WORD_MARK: &str = "▁";

/// Texts of which at least one has a token in any vocabulary that is of use.
const PROBES: [&str; 6] = ["a", "A", "0", ".", "的", "<unk>"];

/// The special tokens that the post-processor puts before and after a text.
fn frame(inner: &Inner) -> Result<(Vec<u32>, Vec<u32>), tokenizers::Error> {
    for probe in PROBES {
        let (alone, whole) = (inner.encode_fast(probe, false)?, inner.encode_fast(probe, true)?);
        let (alone, whole) = (alone.get_ids(), whole.get_ids());
        if alone.is_empty() {
            continue;
        }
        if let Some(before) = whole.windows(alone.len()).position(|ids| ids == alone) {
            return Ok((whole[..before].to_vec(), whole[before + alone.len()..].to_vec()));
        }
    }
    Err("it gives no token for any of the texts that it was tried on".into())
}

/// Runs what is not ours over files that may hold anything: a fault of it is an error like any other.
fn guarded<T>(run: impl FnOnce() -> Result<T, tokenizers::Error>) -> Result<T, tokenizers::Error> {
    let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
    ran.unwrap_or_else(|_| Err("the tokenizer broke down over it; its file asks for what cannot be done, so take another copy or another model".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_cover_everything_and_overlap() {
        assert_eq!(windows(2..12, 16), one(2..12));
        assert_eq!(windows(2..30, 16), [2..18, 16..30]);
        assert_eq!(windows(0..3, 1), [0..1, 1..2, 2..3]);
        for (length, room) in [(1000, 7), (1000, 64), (513, 512)] {
            let parts = windows(0..length, room);
            assert_eq!((parts[0].start, parts[parts.len() - 1].end), (0, length));
            assert!(parts.windows(2).all(|pair| pair[1].start <= pair[0].end && pair[1].start > pair[0].start));
            assert!(parts.iter().all(|part| part.len() <= room));
        }
    }
}
