//! A text's words, runs of digits, Han characters and marks, as facts are read from them.

use unicode_normalization::char::is_combining_mark;

use super::Span;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Letters of a script that sets words apart, with the apostrophes inside ("don't") and the stops of "U.S.".
    Word,
    /// Decimal digits of one script or another.
    Digits,
    /// One Han character.
    Han,
    /// One other character that is no white space.
    Mark,
}

/// A token and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub span: Span,
}

/// A text with its tokens.
#[derive(Debug)]
pub struct Tokens<'a> {
    /// The text.
    pub text: &'a str,
    /// Its tokens, ascending and disjoint; all between them is white space.
    pub all: Vec<Token>,
}

/// Zeros of the scripts' decimal digits, ascending; each is followed by its nine others (Unicode, category Nd).
const ZEROS: [u32; 43] = [
    0x30, 0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0,
    0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620,
    0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6,
];

/// The value of a decimal digit of any script.
pub fn digit(c: char) -> Option<u8> {
    if c.is_ascii() {
        return c.is_ascii_digit().then(|| c as u8 - b'0');
    }
    let code = u32::from(c);
    let zero = ZEROS[..ZEROS.partition_point(|zero| *zero <= code)].last()?;
    u8::try_from(code - zero).ok().filter(|value| *value < 10)
}

/// Whether it is a Han character, the zero `〇` included.
pub fn is_han(c: char) -> bool {
    matches!(u32::from(c), 0x3007 | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x323AF)
}

/// Whether it is an apostrophe as typed or as set.
pub fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | 'ʼ' | '＇')
}

impl<'a> Tokens<'a> {
    /// Of a text.
    pub fn of(text: &'a str) -> Self {
        let mut all: Vec<Token> = Vec::new();
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let end = at + c.len_utf8();
            let (kind, end) = if digit(c).is_some() {
                (Kind::Digits, run(text, end, |c| digit(c).is_some()))
            } else if is_han(c) {
                (Kind::Han, end)
            } else if c.is_alphabetic() {
                (Kind::Word, word_end(text, at))
            } else {
                (Kind::Mark, end)
            };
            if !c.is_whitespace() {
                all.push(Token { kind, span: Span::new(at, end) });
            }
            at = end;
        }
        Self { text, all }
    }

    /// The text of token `at`; empty beyond the last.
    pub fn str(&self, at: usize) -> &'a str {
        self.all.get(at).map_or("", |token| &self.text[token.span.range()])
    }

    /// Its kind.
    pub fn kind(&self, at: usize) -> Option<Kind> {
        self.all.get(at).map(|token| token.kind)
    }

    /// The first character of token `at`, or NUL beyond the last.
    pub fn char(&self, at: usize) -> char {
        self.str(at).chars().next().unwrap_or('\0')
    }

    /// The character before token `at`'s token, or NUL before the first.
    pub fn before(&self, at: usize) -> char {
        at.checked_sub(1).map_or('\0', |at| self.char(at))
    }

    /// Whether no white space stands between `at` and the token after it.
    pub fn glued(&self, at: usize) -> bool {
        match (self.all.get(at), self.all.get(at + 1)) {
            (Some(one), Some(two)) => one.span.end == two.span.start,
            _ => false,
        }
    }

    /// Whether token `at` is joined to the one before it without white space.
    pub fn glued_before(&self, at: usize) -> bool {
        at > 0 && self.glued(at - 1)
    }

    /// Whether the tokens from `at` on spell `word`, one Han character each.
    pub fn spells(&self, at: usize, word: &str) -> bool {
        word.chars().enumerate().all(|(i, c)| self.char(at + i) == c)
    }

    /// The span from token `from` up to, not with, token `to`.
    pub fn span(&self, from: usize, to: usize) -> Span {
        let start = self.all.get(from).map_or(self.text.len(), |token| token.span.start);
        let end = to.checked_sub(1).and_then(|last| self.all.get(last)).map_or(start, |token| token.span.end);
        Span::new(start, end.max(start))
    }
}

fn run(text: &str, from: usize, belongs: impl Fn(char) -> bool) -> usize {
    text.len() - text[from..].trim_start_matches(belongs).len()
}

fn in_word(c: char) -> bool {
    is_combining_mark(c) || (c.is_alphabetic() && !is_han(c) && digit(c).is_none())
}

fn word_end(text: &str, start: usize) -> usize {
    if let Some(end) = initials_end(text, start) {
        return end;
    }
    let mut end = run(text, start, in_word);
    loop {
        let mut after = text[end..].chars();
        match (after.next(), after.next()) {
            (Some(joint), Some(c)) if is_apostrophe(joint) && in_word(c) => {
                end = run(text, end + joint.len_utf8(), in_word)
            }
            _ => return end,
        }
    }
}

/// The end of initials with stops, as `U.S.` and `Ph.D` have: two capitals at least.
fn initials_end(text: &str, start: usize) -> Option<usize> {
    let mut end = start;
    let mut letters = 0;
    loop {
        let mut chars = text[end..].chars();
        match (chars.next(), chars.next()) {
            (Some(c), Some('.')) if c.is_uppercase() => end += c.len_utf8() + 1,
            (Some(c), next) if letters > 0 && c.is_uppercase() && !next.is_some_and(in_word) => {
                return Some(end + c.len_utf8());
            }
            _ => return (letters >= 2).then_some(end),
        }
        letters += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        let tokens = Tokens::of(text);
        (0..tokens.all.len()).map(|at| tokens.str(at)).collect()
    }

    #[test]
    fn texts_fall_into_tokens() {
        assert_eq!(
            words("The U.S. isn’t N64，在１９９８年"),
            ["The", "U.S.", "isn’t", "N", "64", "，", "在", "１９９８", "年"]
        );
        assert_eq!(words("J. Smith's (e\u{301}t) A.B"), ["J", ".", "Smith's", "(", "e\u{301}t", ")", "A.B"]);
    }

    #[test]
    fn digits_of_any_script_have_values() {
        for (c, value) in [('7', Some(7)), ('７', Some(7)), ('٣', Some(3)), ('५', Some(5)), ('a', None), ('½', None)]
        {
            assert_eq!(digit(c), value, "{c}");
        }
    }
}
