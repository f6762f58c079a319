//! One word in two texts: what a model makes of it there and here.

use qiao_model::{Trace, dot};
use serde::Serialize;

use crate::language::{is_cjk, terms};

/// Characters of a shared word in a script without spaces, at most.
const LONGEST: usize = 8;

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
    let places = match word {
        Some(word) => place(texts[0], word).map(|at| vec![at]).unwrap_or_default(),
        None => candidates(texts[0], texts[1]),
    };
    places.into_iter().filter_map(|at| compare(texts, traces, at)).collect()
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
    let mut found: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    while let Some(rest) = a.get(at..).filter(|rest| !rest.is_empty()) {
        let word = next_word(rest, b);
        let (start, end) = (at + word.0, at + word.1);
        at = end;
        let text = &a[start..end];
        let new = found.iter().all(|(from, to)| !alike(&a[*from..*to], text));
        if new && !terms(text).is_empty() && place(b, text).is_some() {
            found.push((start, end));
        }
    }
    found
}

/// The next word of `rest`: letters and digits of spaced scripts; in scripts without spaces, the longest run of characters that
/// `other` has too.
fn next_word(rest: &str, other: &str) -> (usize, usize) {
    let Some((start, first)) = rest.char_indices().find(|(_, c)| c.is_alphanumeric()) else {
        return (rest.len(), rest.len());
    };
    let word = &rest[start..];
    if !is_cjk(first) {
        let end = word.find(|c: char| !c.is_alphanumeric() || is_cjk(c)).unwrap_or(word.len());
        return (start, start + end);
    }
    let ends = word.char_indices().take_while(|(_, c)| is_cjk(*c) && c.is_alphanumeric()).take(LONGEST);
    let ends: Vec<usize> = ends.map(|(i, c)| i + c.len_utf8()).collect();
    let longest = ends.iter().rev().find(|end| other.contains(&word[..**end]));
    (start, start + longest.copied().unwrap_or(first.len_utf8()))
}

/// Where `word` first stands in `text`, whatever its case; a word of a spaced script stands there whole.
fn place(text: &str, word: &str) -> Option<(usize, usize)> {
    let spaced = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() && !is_cjk(c));
    let length = word.chars().count();
    for (start, _) in text.char_indices() {
        let end = text[start..].char_indices().nth(length).map_or(text.len(), |(i, _)| start + i);
        let cut_before = spaced(text[..start].chars().next_back()) && spaced(word.chars().next());
        let cut_after = spaced(text[end..].chars().next()) && spaced(word.chars().next_back());
        if length > 0 && !cut_before && !cut_after && alike(&text[start..end], word) {
            return Some((start, end));
        }
    }
    None
}

fn alike(a: &str, b: &str) -> bool {
    a.chars().flat_map(char::to_lowercase).eq(b.chars().flat_map(char::to_lowercase))
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
    fn a_word_is_placed_by_letters_and_not_by_bytes() {
        assert_eq!(place("İstanbul bank", "BANK"), Some((10, 14)));
        assert_eq!(place("embankment bank", "bank"), Some((11, 15)));
        assert_eq!(place("石桥", "桥"), Some((3, 6)));
        assert_eq!(place("x", ""), None);
    }
}
