//! One word in two texts: what a model makes of it there and here.

use std::collections::BTreeSet;

use qiao_model::{Trace, dot};
use serde::Serialize;
use unicode_segmentation::UnicodeSegmentation;

use crate::language::{is_cjk, terms};

/// Characters of a shared word in a script without spaces, at most.
const LONGEST: usize = 8;
/// Bytes of a text in which shared words are looked for: more than any transformer here takes at once, and few enough for a
/// search that compares all with all.
const SEARCHED: usize = 16 << 10;

/// A word that stands in two texts, and how near its two vectors are after each step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SharedWord {
    /// As the first text writes it.
    pub word: String,
    /// Its bytes in the first text and in the second.
    pub spans: [(usize, usize); 2],
    /// The cosine of its two vectors, each the mean of its tokens', after each step of [`Trace::steps`].
    pub cosines: Vec<f32>,
}

/// The words that both texts share, in the order of the first, stop words left out; or `word` alone, whatever it is. Words that
/// a trace has no tokens for (cut off, or unknown to a static table) are left out.
pub fn shared_words(texts: [&str; 2], traces: [&Trace; 2], word: Option<&str>) -> Vec<SharedWord> {
    let texts = [seen(texts[0], traces[0]), seen(texts[1], traces[1])];
    let places = match word {
        Some(word) => place(texts[0], word).map(|at| vec![at]).unwrap_or_default(),
        None => candidates(texts[0], texts[1]),
    };
    places.into_iter().filter_map(|at| compare(texts, traces, at)).collect()
}

/// As much of a text as its trace has tokens for, within bounds: words are looked for in no more than that.
fn seen<'a>(text: &'a str, trace: &Trace) -> &'a str {
    let end = trace.tokens.iter().filter_map(|token| token.span).map(|(_, to)| to).max().unwrap_or(0);
    &text[..text.floor_char_boundary(end.min(SEARCHED))]
}

fn compare(texts: [&str; 2], traces: [&Trace; 2], first: (usize, usize)) -> Option<SharedWord> {
    let word = &texts[0][first.0..first.1];
    let spans = [first, place(texts[1], word)?];
    let steps = traces[0].steps.iter().zip(&traces[1].steps);
    let cosine = |(a, b)| Some(cosine(&traces[0].of_span(a, spans[0])?, &traces[1].of_span(b, spans[1])?));
    let cosines = steps.map(cosine).collect::<Option<Vec<f32>>>()?;
    Some(SharedWord { word: word.to_owned(), spans, cosines })
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    if lengths > 0.0 { dot(a, b) / lengths } else { 0.0 }
}

/// Where words of `a` stand in it that `b` has too: each once.
fn candidates(a: &str, b: &str) -> Vec<(usize, usize)> {
    let there: BTreeSet<String> = b.unicode_words().map(str::to_lowercase).collect();
    let mut met = BTreeSet::new();
    let mut found = Vec::new();
    let mut end = 0;
    for (start, word) in a.unicode_word_indices() {
        // in a script without spaces a word may have taken several of these
        if start < end {
            continue;
        }
        let word = if word.chars().all(is_cjk) { longest_shared(&a[start..], b) } else { word };
        end = start + word.len().max(1);
        let folded = word.to_lowercase();
        let shared = word.chars().any(is_cjk) && !word.is_empty() || there.contains(&folded);
        if shared && !terms(word).is_empty() && met.insert(folded) {
            found.push((start, start + word.len()));
        }
    }
    found
}

/// The longest run of characters at the start of `rest` that `other` has too, in a script without spaces.
fn longest_shared<'a>(rest: &'a str, other: &str) -> &'a str {
    let letters = rest.char_indices().take_while(|(_, c)| is_cjk(*c) && c.is_alphanumeric()).take(LONGEST);
    let ends: Vec<usize> = letters.map(|(i, c)| i + c.len_utf8()).collect();
    ends.iter().rev().map(|end| &rest[..*end]).find(|run| other.contains(run)).unwrap_or_default()
}

/// Where `word` first stands in `text`: a single word of a spaced script as a whole word, whatever its case; anything else
/// letter by letter.
fn place(text: &str, word: &str) -> Option<(usize, usize)> {
    let whole = word.unicode_words().next() == Some(word) && !word.chars().all(is_cjk);
    if !whole {
        return text.find(word).filter(|_| !word.is_empty()).map(|start| (start, start + word.len()));
    }
    let folded = word.to_lowercase();
    let found = text.unicode_word_indices().find(|(_, own)| own.to_lowercase() == folded);
    found.map(|(start, own)| (start, start + own.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(a: &str, b: &str) -> Vec<String> {
        candidates(a, b).into_iter().map(|(from, to)| a[from..to].to_owned()).collect()
    }

    #[test]
    fn words_that_both_have_are_found_once_and_whole() {
        assert_eq!(words("The Bank of the river, the bank!", "A bank lends; bankers sleep."), ["Bank"]);
        assert_eq!(words("banks", "a bank"), [""; 0]);
        assert_eq!(words("银行在河岸上", "河岸很长，银行很近"), ["银行", "河岸"]);
        assert_eq!(words("桥", "石桥"), ["桥"]);
        assert_eq!(words("", "x"), [""; 0]);
    }

    #[test]
    fn marks_and_apostrophes_belong_to_their_word() {
        assert_eq!(words("नमस्ते दुनिया", "नमस्ते"), ["नमस्ते"]);
        assert_eq!(words("the bank's river", "a bank's river"), ["bank's", "river"]);
        assert_eq!(place("cafe\u{301}", "cafe"), None);
    }

    #[test]
    fn a_word_is_placed_by_letters_and_not_by_bytes() {
        assert_eq!(place("İstanbul bank", "BANK"), Some((10, 14)));
        assert_eq!(place("İstanbul", "i\u{307}stanbul"), Some((0, 9)));
        assert_eq!(place("embankment bank", "bank"), Some((11, 15)));
        assert_eq!(place("a New York minute", "New York"), Some((2, 10)));
        assert_eq!(place("石桥", "桥"), Some((3, 6)));
        assert_eq!((place("x", ""), place("", "x")), (None, None));
    }
}
