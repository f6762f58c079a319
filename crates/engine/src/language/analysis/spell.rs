//! How a token is spelled as a term.

use super::fold::{push_lower, without_accents};
use super::stem::stem;
use super::tokens::Kind;

/// No term is longer, in bytes. Of a longer word its beginning is kept, and a hash of all of it.
pub const LONGEST_TERM: usize = 64;

/// One of a token's spellings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// The only one.
    Only,
    /// One of two: with accents, and without them.
    OneOfTwo,
}

/// Spells tokens, in a buffer that it keeps.
#[derive(Debug, Default)]
pub(super) struct Speller {
    lower: String,
}

impl Speller {
    /// Shows the terms of a plain token: one, or two where it has accents.
    pub(super) fn spell(&mut self, kind: Kind, token: &str, show: &mut impl FnMut(&str, Spelling)) {
        if kind.is_uncased() && token.len() <= LONGEST_TERM {
            return show(token, Spelling::Only);
        }
        self.lower.clear();
        push_lower(token, &mut self.lower);
        match without_accents(&self.lower) {
            None => show_term(&mut self.lower, Spelling::Only, show),
            Some(mut bare) => {
                show_term(&mut self.lower, Spelling::OneOfTwo, show);
                show_term(&mut bare, Spelling::OneOfTwo, show);
            }
        }
    }
}

fn show_term(word: &mut String, spelling: Spelling, show: &mut impl FnMut(&str, Spelling)) {
    if word.len() > LONGEST_TERM {
        shorten(word);
    } else {
        stem(word);
    }
    show(word, spelling);
}

/// Cuts a word, and appends `~` and a hash of the whole (FNV-1a, 64 bits, in hexadecimal).
fn shorten(word: &mut String) {
    let hash = word
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3));
    let tail = format!("~{hash:016x}");
    word.truncate(word.floor_char_boundary(LONGEST_TERM - tail.len()));
    word.push_str(&tail);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(token: &str) -> Vec<String> {
        let mut out = Vec::new();
        Speller::default().spell(Kind::Word, token, &mut |term, _| out.push(term.to_owned()));
        out
    }

    #[test]
    fn accents_give_a_second_spelling() {
        assert_eq!(terms("Bridges"), ["bridg"]);
        assert_eq!(terms("Cafés"), ["cafés", "cafe"]);
        assert_eq!(terms("Łódź"), ["łódź", "lodz"]);
        assert_eq!(terms("Straße"), ["strass"]);
    }

    #[test]
    fn long_words_stay_apart() {
        let long = |end: &str| terms(&("é".repeat(100) + end)).remove(0);
        assert_eq!(long("a"), long("a"));
        assert_ne!(long("a"), long("b"));
        assert!(long("a").len() <= LONGEST_TERM && long("a").starts_with("ééé"));
        assert_eq!(terms(&"a".repeat(LONGEST_TERM)), ["a".repeat(LONGEST_TERM)]);
    }
}
