//! What is asked, as terms with weights and phrases.

use std::collections::HashMap;

use super::fold::plain;
use super::phrase::{Phrase, Stretch, quoted};
use super::spell::{Speller, Spelling};
use super::tokens::{Kind, Scanner};

/// A query has no more terms; of a longer one the first count.
pub const MOST_TERMS: usize = 256;

/// What a character of a script without spaces weighs beside the pairs that it stands in.
const CHARACTER: f32 = 0.4;

/// What a part of a word weighs beside the word.
const PART: f32 = 0.5;

/// Words that stand in every English text and question. They count only where nothing else is asked, or in quotes.
const STOP_WORDS: [&str; 58] = [
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "did", "do", "does", "for", "from", "had", "has", "have",
    "he", "her", "his", "how", "i", "if", "in", "into", "is", "it", "its", "of", "on", "or", "she", "that", "the",
    "their", "them", "then", "there", "these", "they", "this", "to", "was", "were", "what", "when", "where", "which",
    "while", "who", "whom", "whose", "why", "will", "with", "would", "you", "your",
];

/// Characters of grammar and of questions, in Chinese. They, and pairs of two of them, are as stop words.
const STOP_CHARACTERS: &str =
    "的了吗呢吧啊是在有和与及或也都就而但被把对从到为于以之其这那哪什么怎谁几多少个些种样请问我你他她它们";

/// What is asked for by words.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Words {
    /// Each term once, in the order in which they are asked; at most [`MOST_TERMS`].
    pub terms: Vec<QueryTerm>,
    /// What must stand word for word.
    pub phrases: Vec<Phrase>,
}

/// A term with what it counts for.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryTerm {
    /// As it is indexed.
    pub term: String,
    /// What its score is multiplied by: above 0, at most 1.
    pub weight: f32,
}

impl Words {
    /// Of a query. What stands in quotes is a [`Phrase`] too.
    pub fn of(text: &str) -> Self {
        let mut asked = Asked::default();
        let mut phrases = Vec::new();
        for piece in quoted(text) {
            match piece {
                Stretch::Free(text) => asked.read(text, true),
                Stretch::Quoted(text) => {
                    asked.read(text, false);
                    phrases.extend(Phrase::of(text).filter(|phrase| !phrases.contains(phrase)));
                }
            }
        }
        Self { terms: asked.into_terms(), phrases }
    }

    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty() && self.phrases.is_empty()
    }

    /// Whether some words are in quotes.
    pub fn has_phrases(&self) -> bool {
        !self.phrases.is_empty()
    }
}

/// Terms as they are read.
#[derive(Default)]
struct Asked {
    speller: Speller,
    wanted: Weighted,
    stopped: Weighted,
}

impl Asked {
    fn read(&mut self, text: &str, may_stop: bool) {
        let plain = plain(text);
        let (mut speller, mut first) = (std::mem::take(&mut self.speller), true);
        Scanner::new(&plain, false).scan(&mut |kind, token| {
            let list = if may_stop && is_stopped(token, first) { &mut self.stopped } else { &mut self.wanted };
            let weight = weight(kind);
            speller.spell(kind, token, &mut |term, spelling| match spelling {
                Spelling::Only => list.add(term, weight),
                Spelling::OneOfTwo => list.add(term, weight / 2.0),
            });
            first = false;
        });
        self.speller = speller;
    }

    fn into_terms(self) -> Vec<QueryTerm> {
        if self.wanted.terms.is_empty() { self.stopped.terms } else { self.wanted.terms }
    }
}

/// Distinct terms in the order of their first occurrence.
#[derive(Default)]
struct Weighted {
    terms: Vec<QueryTerm>,
    places: HashMap<String, usize>,
}

impl Weighted {
    /// Adds a term; one that is there has the greater of both weights.
    fn add(&mut self, term: &str, weight: f32) {
        if let Some(at) = self.places.get(term) {
            let there = &mut self.terms[*at].weight;
            *there = there.max(weight);
        } else if self.terms.len() < MOST_TERMS {
            self.places.insert(term.to_owned(), self.terms.len());
            self.terms.push(QueryTerm { term: term.to_owned(), weight });
        }
    }
}

fn weight(kind: Kind) -> f32 {
    match kind {
        Kind::Word | Kind::Whole | Kind::Alone | Kind::Pair => 1.0,
        Kind::Part => PART,
        Kind::Unit => CHARACTER,
    }
}

/// Whether a token says nothing of what is asked. Capitals do, as in `IT`, `US`, `WHO` and `vitamin A`, unless one begins
/// a sentence.
fn is_stopped(token: &str, first: bool) -> bool {
    if !token.is_ascii() {
        return token.chars().all(|c| STOP_CHARACTERS.contains(c));
    }
    let capitals = token.bytes().all(|b| b.is_ascii_uppercase()) && (token.len() > 1 || !first);
    (!capitals || token == "I") && STOP_WORDS.iter().any(|word| word.eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::counted;
    use super::super::tests::text;
    use super::*;

    /// A query's terms, those below a weight of 1 with their weight.
    fn asked(text: &str) -> Vec<String> {
        let show = |asked: QueryTerm| match asked.weight {
            1.0 => asked.term,
            weight => format!("{}^{weight}", asked.term),
        };
        Words::of(text).terms.into_iter().map(show).collect()
    }

    #[test]
    fn terms_have_weights() {
        assert_eq!(asked("Bridges, bridge"), ["bridg"]);
        assert_eq!(asked("café"), ["café^0.5", "cafe^0.5"]);
        assert_eq!(asked("BERT4"), ["bert4", "bert^0.5", "4^0.5"]);
        assert_eq!(asked("資料庫"), ["资^0.4", "资料", "料^0.4", "料库", "库^0.4"]);
        assert_eq!(asked("桥梁 桥"), ["桥", "桥梁", "梁^0.4"], "a character that is asked alone counts whole");
    }

    #[test]
    fn stop_words_count_where_nothing_else_is_asked() {
        assert_eq!(asked("What is a bridge?"), ["bridg"]);
        assert_eq!(asked("to be or is"), ["to", "be", "or", "is"]);
        assert_eq!(asked("the \"the who\""), ["the", "who"]);
        assert_eq!(asked("什么是桥"), ["是桥", "桥^0.4"]);
        assert_eq!(asked("的"), ["的"]);
        assert_eq!(asked("the IT of vitamin A"), ["it", "vitamin", "a"]);
        assert_eq!(asked("A bridge that I build"), ["bridg", "build"]);
    }

    #[test]
    fn queries_are_bounded() {
        let many: String = (0..400).map(|n| format!("word{n} ")).collect();
        assert_eq!(Words::of(&many).terms.len(), MOST_TERMS);
        assert_eq!(Words::of(&many).terms[0].term, "word0");
        assert!(Words::of("  ").is_empty() && !Words::of("\"--\"").is_empty());
    }

    proptest! {
        #[test]
        fn a_text_has_what_it_would_ask(text in text()) {
            let counted = counted(&text);
            let words = Words::of(&text);
            prop_assert_eq!(words.terms.is_empty(), counted.is_empty());
            for asked in words.terms {
                prop_assert!(counted.iter().any(|(term, _)| term == asked.term), "{}", asked.term);
                prop_assert!(asked.weight > 0.0 && asked.weight <= 1.0);
            }
        }
    }
}
