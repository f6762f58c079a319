//! What stands in quotes.

use super::class::Class;
use super::fold::{plain, push_lower};
use super::spell::Speller;
use super::tokens::{Kind, Scanner, line_break};

/// Words that a text must hold as they stand, but for case, width, white space, traditional or simplified characters, and
/// hyphens at the ends of lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    /// As [`spaced`] gives it.
    folded: String,
}

impl Phrase {
    /// Of what stands between quotes; `None` where that is nothing.
    pub(super) fn of(text: &str) -> Option<Self> {
        let folded = spaced(&plain(text), Hyphen::Dropped);
        (!folded.is_empty()).then_some(Self { folded })
    }

    /// Whether a text holds it, at the bounds of words in scripts that have them: "art" does not stand in "party".
    pub fn stands_in(&self, text: &str) -> bool {
        let plain = plain(text);
        // at a line's end a word's own hyphen looks like one that divides it
        let divided = || plain.match_indices('-').any(|(at, _)| line_break(&plain[at..]).is_some());
        self.stands_in_folded(&spaced(&plain, Hyphen::Dropped))
            || (divided() && self.stands_in_folded(&spaced(&plain, Hyphen::Kept)))
    }

    /// Terms that every text has in which the phrase stands, each once: a text without one of them need not be read.
    pub fn terms(&self) -> Vec<String> {
        let mut terms = Vec::new();
        let mut speller = Speller::default();
        Scanner::new(&self.folded, false).scan(&mut |kind, token| {
            // an s may be that of a genitive, which is no term
            if matches!(kind, Kind::Word | Kind::Unit | Kind::Alone | Kind::Pair) && token != "s" {
                speller.spell(kind, token, &mut |term, _| terms.push(term.to_owned()));
            }
        });
        terms.sort_unstable();
        terms.dedup();
        terms
    }

    fn stands_in_folded(&self, text: &str) -> bool {
        let mut from = 0;
        while let Some(found) = text[from..].find(&self.folded) {
            let start = from + found;
            if is_bound(text, start) && is_bound(text, start + self.folded.len()) {
                return true;
            }
            from = start + text[start..].chars().next().map_or(1, char::len_utf8);
        }
        false
    }
}

/// Whether no word goes on across this place.
fn is_bound(text: &str, at: usize) -> bool {
    let before = text[..at].chars().next_back().map(Class::of);
    let after = text[at..].chars().next().map(Class::of);
    match (before, after) {
        (Some(_), Some(Class::Mark)) => false,
        (Some(before), Some(after)) => !(before.is_word() && after.is_word()),
        _ => true,
    }
}

/// What becomes of a hyphen at the end of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hyphen {
    Kept,
    Dropped,
}

/// A plain text in lower case with one space for each white space, and none beside an ideograph.
fn spaced(plain: &str, hyphen: Hyphen) -> String {
    let mut out = String::with_capacity(plain.len());
    let mut rest = plain;
    while let Some(at) = rest.find(|c: char| c == '-' || c.is_whitespace()) {
        push_lower(&rest[..at], &mut out);
        let (kept, after) = gap(&out, &rest[at..], hyphen);
        out.push_str(kept);
        rest = after;
    }
    push_lower(rest, &mut out);
    out
}

/// What is kept of the hyphen or the white space with which `rest` begins, and what follows it.
fn gap<'a>(before: &str, rest: &'a str, hyphen: Hyphen) -> (&'static str, &'a str) {
    let last = before.chars().next_back().map(Class::of);
    if let Some(joint) = line_break(rest).filter(|_| last.is_some_and(Class::is_word)) {
        return (if hyphen == Hyphen::Kept { "-" } else { "" }, &rest[joint.len()..]);
    }
    if let Some(after) = rest.strip_prefix('-') {
        return ("-", after);
    }
    let after = rest.trim_start();
    let next = after.chars().next().map(Class::of);
    let needless = |class: Option<Class>| class.is_none_or(|class| class == Class::Ideograph);
    match next {
        // a mark would join what stands before the space
        Some(Class::Mark) => (" ", after),
        _ if needless(last) || needless(next) => ("", after),
        _ => (" ", after),
    }
}

/// A part of a query.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stretch<'a> {
    Free(&'a str),
    Quoted(&'a str),
}

/// A query's parts in and out of quotes. A quotation mark without its partner is like any other character.
pub(super) fn quoted(text: &str) -> Vec<Stretch<'_>> {
    let mut pieces = Vec::new();
    let (mut free, mut from) = (0, 0);
    let mut unclosed = String::new();
    while let Some((open, start)) = opening(text, from) {
        // a mark that nothing closes here is closed nowhere further on
        match (!unclosed.contains(open)).then(|| closing(text, start, open)).flatten() {
            Some((end, after)) => {
                let before = start - open.len_utf8();
                pieces.extend([Stretch::Free(&text[free..before]), Stretch::Quoted(&text[start..end])]);
                (free, from) = (after, after);
            }
            None => {
                if !unclosed.contains(open) {
                    unclosed.push(open);
                }
                from = start;
            }
        }
    }
    pieces.push(Stretch::Free(&text[free..]));
    pieces
}

/// The marks that open a quotation, and those that close it.
const QUOTES: [(char, &str); 8] =
    [('"', "\""), ('＂', "＂"), ('“', "”"), ('”', "”"), ('„', "“”"), ('«', "»"), ('「', "」"), ('『', "』")];

/// The next mark that may open a quotation, at or after `from`, and where it ends. After a letter or digit `"` does not: it
/// stands for inches, or closes nothing.
fn opening(text: &str, from: usize) -> Option<(char, usize)> {
    let opens = |(at, c): &(usize, char)| {
        let word = text[..from + at].chars().next_back().is_some_and(|c| Class::of(c).is_word());
        QUOTES.iter().any(|(open, _)| open == c) && !(word && matches!(c, '"' | '”'))
    };
    text[from..].char_indices().find(opens).map(|(at, c)| (c, from + at + c.len_utf8()))
}

/// Where what stands between the marks ends, and where the mark that closes it does.
fn closing(text: &str, start: usize, open: char) -> Option<(usize, usize)> {
    let (_, closers) = QUOTES.iter().find(|(mark, _)| *mark == open)?;
    let (at, mark) = text[start..].char_indices().find(|(_, c)| closers.contains(*c))?;
    Some((start + at, start + at + mark.len_utf8()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::counted;
    use super::super::tests::text;
    use super::*;

    fn stands(phrase: &str, text: &str) -> bool {
        Phrase::of(phrase).is_some_and(|phrase| phrase.stands_in(text))
    }

    #[test]
    fn words_stand_whole() {
        for (phrase, text) in [
            ("art", "Art."),
            ("art of war", "the Art\n of  WAR"),
            ("art", "party art"),
            ("资料库", "一個資料\n庫"),
            ("BERT模型", "用 bert 模型"),
            ("ABC，１", "abc,1"),
            ("information", "infor-\nmation"),
            ("e-mail", "e-\nmail"),
            ("don't", "DON’T"),
            ("dog", "dog's"),
            ("국사", "한국사람"),
            ("C++", "in C++."),
        ] {
            assert!(stands(phrase, text), "{phrase} in {text}");
        }
        for (phrase, text) in [
            ("art", "party"),
            ("art", "arts"),
            ("art of war", "art, of war"),
            ("cafe", "café"),
            ("资料库", "资料，库"),
            ("email", "e-mail"),
            ("1", "12"),
            ("국사", "한국 사람"),
            ("Smithjones", "Smith-\nJones"),
        ] {
            assert!(!stands(phrase, text), "{phrase} in {text}");
        }
    }

    #[test]
    fn quotation_marks_come_in_pairs() {
        use Stretch::{Free, Quoted};
        assert_eq!(quoted("a \"b c\" d"), [Free("a "), Quoted("b c"), Free(" d")]);
        assert_eq!(quoted("他说“你好”「好」"), [Free("他说"), Quoted("你好"), Free(""), Quoted("好"), Free("")]);
        assert_eq!(quoted("„so“ 『是』 «oui»").len(), 7);
        for plain in ["an \" alone", "don't 'quote'", "a 5\" x 7\" card", "《题》", "“open", ""] {
            assert_eq!(quoted(plain), [Free(plain)]);
        }
        assert_eq!(quoted(&"“「".repeat(100_000)).len(), 1);
    }

    #[test]
    fn a_phrases_terms_are_those_that_any_text_with_it_has() {
        let terms = |text: &str| Phrase::of(text).unwrap().terms();
        assert_eq!(terms("to be: e-mails"), ["be", "e", "mail", "to"]);
        assert_eq!(terms("資料"), ["料", "资", "资料"]);
        assert!(terms("--").is_empty());
        assert!(Phrase::of(" ").is_none());
    }

    proptest! {
        #[test]
        fn a_text_with_a_phrase_has_its_terms(text in text(), from in 0usize..40, length in 0usize..12) {
            let part: String = text.chars().skip(from).take(length).collect();
            let Some(phrase) = Phrase::of(&part) else { return Ok(()) };
            if phrase.stands_in(&text) {
                let counted = counted(&text);
                for wanted in phrase.terms() {
                    prop_assert!(counted.iter().any(|(term, _)| term == wanted), "{:?} of {:?}", wanted, phrase);
                }
            }
        }

        #[test]
        fn a_text_stands_in_itself_and_among_words(text in text()) {
            let Some(phrase) = Phrase::of(&text) else { return Ok(()) };
            prop_assert!(phrase.stands_in(&text));
            // a mark would join what stands before it
            if !phrase.folded.starts_with(|c| Class::of(c) == Class::Mark) {
                let among = format!("x . {text} . x");
                prop_assert!(phrase.stands_in(&among), "{:?}", among);
            }
        }

        #[test]
        fn pieces_are_the_text(text in text()) {
            let total: usize = quoted(&text).iter().map(|piece| match piece {
                Stretch::Free(text) => text.chars().count(),
                Stretch::Quoted(text) => text.chars().count() + 2,
            }).sum();
            prop_assert_eq!(total, text.chars().count());
        }
    }
}
