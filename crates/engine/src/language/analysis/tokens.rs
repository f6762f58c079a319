//! A text's tokens: words and their parts, characters of scripts without spaces and their pairs.

use super::class::Class;

/// What a token is of its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word between spaces or punctuation.
    Word,
    /// A part of a word: of `CamelCase`, or of letters and digits.
    Part,
    /// Words that are joined without a space, as one: `v2.5.1`, `e-mail` as `email`.
    Whole,
    /// A character of a script without spaces.
    Unit,
    /// Such a character without such a neighbour; or a sign.
    Alone,
    /// Two neighbouring characters.
    Pair,
}

impl Kind {
    /// Whether it counts to a text's length: of each place in a text one token does.
    pub(super) fn is_place(self) -> bool {
        matches!(self, Self::Word | Self::Unit | Self::Alone)
    }

    /// Whether it is of a script that has neither case nor accents.
    pub(super) fn is_uncased(self) -> bool {
        matches!(self, Self::Unit | Self::Alone | Self::Pair)
    }
}

/// How many words are joined at most: beyond it lies data, not text.
const JOINED: usize = 16;

/// Takes a text apart.
pub(super) struct Scanner<'a> {
    text: &'a str,
    /// Whether ideographs are neighbours across white space, as a line's break divides words of a text.
    bridging: bool,
    words: Vec<Piece<'a>>,
    joined: String,
}

/// A word with what joins it to the one before it.
#[derive(Debug, Clone, Copy)]
struct Piece<'a> {
    joint: &'a str,
    word: &'a str,
}

impl<'a> Scanner<'a> {
    /// Of a plain text.
    pub(super) fn new(text: &'a str, bridging: bool) -> Self {
        Self { text, bridging, words: Vec::new(), joined: String::new() }
    }

    /// Shows all tokens, in the text's order and case.
    pub(super) fn scan(&mut self, show: &mut impl FnMut(Kind, &str)) {
        let mut at = 0;
        while let Some(c) = self.text[at..].chars().next() {
            at = match Class::of(c) {
                Class::Letter | Class::Digit => self.compound(at, show),
                class @ (Class::Ideograph | Class::Syllable) => self.run(at, class, show),
                Class::Sign => {
                    show(Kind::Alone, &self.text[at..at + c.len_utf8()]);
                    at + c.len_utf8()
                }
                _ => at + c.len_utf8(),
            };
        }
    }

    /// Words joined without a space, from `start`; their end.
    fn compound(&mut self, start: usize, show: &mut impl FnMut(Kind, &str)) -> usize {
        let end = self.collect(start);
        for piece in &self.words {
            show(Kind::Word, piece.word);
            parts(piece.word, &mut |part| show(Kind::Part, part));
        }
        if self.words.len() > 1 {
            self.wholes(show);
        }
        self.affixes(start, end, show);
        end
    }

    /// Finds the words that are joined to the one at `start`, without the s of a genitive at the end.
    fn collect(&mut self, start: usize) -> usize {
        let mut end = word_end(self.text, start);
        self.words.clear();
        self.words.push(Piece { joint: "", word: &self.text[start..end] });
        while let Some(joint) = joint(self.text, end) {
            if self.words.len() >= JOINED && !is_break(joint) {
                break;
            }
            let next = end + joint.len();
            end = word_end(self.text, next);
            let word = &self.text[next..end];
            let genitive = joint == "'" && matches!(word, "s" | "S");
            if genitive && self::joint(self.text, end).is_none() {
                break;
            }
            self.words.push(Piece { joint, word });
        }
        end
    }

    /// What the words make together: across soft joints, and across all where some are hard; and words that only a line's
    /// end divides, where more are joined to them.
    fn wholes(&mut self, show: &mut impl FnMut(Kind, &str)) {
        let Self { words, joined, .. } = self;
        let mut show_joined = |pieces: &[Piece<'_>]| {
            join(pieces, joined);
            show(Kind::Whole, joined);
        };
        for segment in words.chunk_by(|_, after| !after.is_hard()) {
            if segment.len() > 1 {
                show_joined(segment);
            }
            let divided = segment.chunk_by(|_, after| is_break(after.joint));
            divided.filter(|word| (2..segment.len()).contains(&word.len())).for_each(&mut show_joined);
        }
        if words[1..].iter().any(Piece::is_hard) {
            show_joined(words);
        }
    }

    /// `C++`, `C#` and `.NET`, whose signs are a part of the name.
    fn affixes(&mut self, start: usize, end: usize, show: &mut impl FnMut(Kind, &str)) {
        let (before, words) = (&self.text[..start], &self.text[start..end]);
        let sign = ["++", "#"].into_iter().find(|sign| self.text[end..].starts_with(sign));
        if let (Some(sign), Some(last)) = (sign, self.words.last()) {
            self.joined.clear();
            self.joined.push_str(last.word);
            self.joined.push_str(sign);
            show(Kind::Whole, &self.joined);
        }
        let outside = |c: Option<char>| c.is_none_or(|c| c != '.' && !Class::of(c).is_word());
        let dotted = before.strip_suffix('.').is_some_and(|before| outside(before.chars().next_back()));
        if dotted && words.starts_with(char::is_alphabetic) {
            show(Kind::Whole, &self.text[start - 1..end]);
        }
    }

    /// Characters without spaces between them, from `start`; their end.
    fn run(&mut self, start: usize, class: Class, show: &mut impl FnMut(Kind, &str)) -> usize {
        let (mut at, mut before) = (start, "");
        loop {
            let end = unit_end(self.text, at);
            let unit = &self.text[at..end];
            let next = self.neighbour(end, class);
            if !before.is_empty() {
                self.joined.clear();
                self.joined.push_str(before);
                self.joined.push_str(unit);
                show(Kind::Pair, &self.joined);
            }
            let alone = before.is_empty() && next.is_none();
            show(if alone { Kind::Alone } else { Kind::Unit }, unit);
            match next {
                Some(next) => (at, before) = (next, unit),
                None => return end,
            }
        }
    }

    /// Where the neighbour of the character that ends at `end` begins.
    fn neighbour(&self, end: usize, class: Class) -> Option<usize> {
        let after = &self.text[end..];
        let begins = |text: &str| text.chars().next().is_some_and(|c| Class::of(c) == class);
        if begins(after) {
            return Some(end);
        }
        let beyond = after.trim_start();
        (self.bridging && class == Class::Ideograph && begins(beyond)).then(|| self.text.len() - beyond.len())
    }
}

impl Piece<'_> {
    /// Whether what stands before and behind the joint is looked for apart, as in an address.
    fn is_hard(&self) -> bool {
        !matches!(self.joint, "" | "." | "-" | "_" | "'" | ",") && !is_break(self.joint)
    }
}

/// Where the word that begins at `start` ends.
fn word_end(text: &str, start: usize) -> usize {
    text[start..].find(|c| !Class::of(c).is_word()).map_or(text.len(), |length| start + length)
}

/// Where the character that begins at `start` ends, its marks with it.
fn unit_end(text: &str, start: usize) -> usize {
    let mut chars = text[start..].char_indices().skip(1);
    chars.find(|(_, c)| Class::of(*c) != Class::Mark).map_or(text.len(), |(length, _)| start + length)
}

/// What joins the word that ends at `end` to one that follows.
fn joint(text: &str, end: usize) -> Option<&str> {
    let after = &text[end..];
    let first = after.as_bytes().first()?;
    let length = match first {
        b'-' if line_break(after).is_some() => return line_break(after),
        b':' if after.starts_with("://") => 3,
        b':' if after.starts_with("::") => 2,
        b',' => return is_grouping(text, end).then_some(","),
        b'.' | b'-' | b'_' | b'\'' | b'/' | b':' | b'@' | b'&' | b'=' | b'?' | b'#' | b'+' | b'~' | b'%' | b'\\' => 1,
        _ => return None,
    };
    let class = after[length..].chars().next().map(Class::of);
    matches!(class, Some(Class::Letter | Class::Digit)).then(|| &after[..length])
}

/// Whether the comma at `at` stands in a number, as in 1,000.
fn is_grouping(text: &str, at: usize) -> bool {
    let after = &text.as_bytes()[at + 1..];
    text[..at].ends_with(|c: char| c.is_ascii_digit())
        && after.len() >= 3
        && after[..3].iter().all(u8::is_ascii_digit)
        && !after.get(3).is_some_and(u8::is_ascii_alphanumeric)
}

/// The hyphen with which a text begins, and the line's end behind it, where a word may go on there.
pub(super) fn line_break(text: &str) -> Option<&str> {
    let after = text.strip_prefix('-').filter(|after| after.starts_with(['\n', '\r']))?.trim_start();
    after.starts_with(char::is_lowercase).then(|| &text[..text.len() - after.len()])
}

/// Whether a joint is a hyphen at the end of a line.
fn is_break(joint: &str) -> bool {
    joint.len() > 1 && joint.starts_with('-')
}

/// Words as one. Of hyphens and underscores only those between digits stay, so `e-mail` meets `email`, and `snake_case`
/// meets `SnakeCase`; nor does the comma in a number.
fn join(pieces: &[Piece<'_>], out: &mut String) {
    out.clear();
    for piece in pieces {
        let digits = out.ends_with(|c: char| c.is_numeric()) && piece.word.starts_with(|c: char| c.is_numeric());
        match piece.joint {
            _ if out.is_empty() => {}
            "," => {}
            "-" | "_" if !digits => {}
            joint if is_break(joint) => {}
            joint => out.push_str(joint),
        }
        out.push_str(piece.word);
    }
}

/// Shows the parts of a word, where it has several.
fn parts(word: &str, show: &mut impl FnMut(&str)) {
    if word.bytes().skip(1).all(|b| b.is_ascii_lowercase()) {
        return;
    }
    let mut start = 0;
    let mut chars = word.char_indices().peekable();
    let mut before: Option<char> = None;
    while let Some((at, c)) = chars.next() {
        let after = chars.peek().map(|(_, c)| *c);
        if before.is_some_and(|b| divides(b, c, after)) {
            show(&word[start..at]);
            start = at;
        }
        before = Some(c);
    }
    if start > 0 {
        show(&word[start..]);
    }
}

/// Whether a part ends between two characters: `camel|Case`, `HTTP|Server`, `BERT|4`.
fn divides(before: char, c: char, after: Option<char>) -> bool {
    (before.is_lowercase() && c.is_uppercase())
        || (before.is_uppercase() && c.is_uppercase() && after.is_some_and(char::is_lowercase))
        || (before.is_numeric() && c.is_alphabetic())
        || (before.is_alphabetic() && c.is_numeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str, bridging: bool) -> Vec<(Kind, String)> {
        let mut out = Vec::new();
        Scanner::new(text, bridging).scan(&mut |kind, token| out.push((kind, token.to_owned())));
        out
    }

    /// Tokens of one kind, with a space between them.
    fn only(wanted: Kind, text: &str) -> String {
        let tokens = tokens(text, true).into_iter().filter(|(kind, _)| *kind == wanted);
        tokens.map(|(_, token)| token).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn joined_words_are_kept_in_parts_and_as_a_whole() {
        for (text, words, wholes) in [
            ("plain words, here.", "plain words here", ""),
            ("GB/T 7714-2015", "GB T 7714 2015", "GB/T 7714-2015"),
            ("v2.5.1", "v2 5 1", "v2.5.1"),
            ("snake_case __init__", "snake case init", "snakecase"),
            ("foo.bar()", "foo bar", "foo.bar"),
            ("e-mail", "e mail", "email"),
            ("COVID-19", "COVID 19", "COVID19"),
            ("3.14 and 1,000,000.5", "3 14 and 1 000 000 5", "3.14 1000000.5"),
            ("1,2 and a,b", "1 2 and a b", ""),
            ("2024-05-01", "2024 05 01", "2024-05-01"),
            ("C++ C# .NET ASP.NET", "C C NET ASP NET", "C++ C# .NET ASP.NET"),
            ("don't dog's dogs' O'Brien", "don t dog dogs O Brien", "don't O'Brien"),
            ("jane.doe@example.com", "jane doe example com", "jane.doe example.com jane.doe@example.com"),
            ("https://a.org/x-y?q=1", "https a org x y q 1", "a.org xy https://a.org/xy?q=1"),
            ("std::vec a--b", "std vec a b", "std::vec"),
            ("infor-\nmation re-\n  use", "infor mation re use", "information reuse"),
            ("x-infor-\nmation", "x infor mation", "xinformation information"),
            ("Smith-\nJones", "Smith Jones", ""),
        ] {
            assert_eq!(only(Kind::Word, text), words, "{text}");
            assert_eq!(only(Kind::Whole, text), wholes, "{text}");
        }
    }

    #[test]
    fn parts_of_words() {
        for (word, parts) in [
            ("CamelCase", "Camel Case"),
            ("HTTPServer", "HTTP Server"),
            ("BERT4Rec", "BERT 4 Rec"),
            ("Bridge", ""),
            ("IBM", ""),
            ("7714", ""),
            ("ÉtatMajor", "État Major"),
        ] {
            assert_eq!(only(Kind::Part, word), parts, "{word}");
        }
    }

    #[test]
    fn characters_and_their_pairs() {
        let unit = |c: &str| (Kind::Unit, c.to_owned());
        let pair = |c: &str| (Kind::Pair, c.to_owned());
        let alone = |c: &str| (Kind::Alone, c.to_owned());
        assert_eq!(tokens("资料\n库", true), [unit("资"), pair("资料"), unit("料"), pair("料库"), unit("库")]);
        assert_eq!(tokens("资料 库", false), [unit("资"), pair("资料"), unit("料"), alone("库")]);
        assert_eq!(tokens("한국 어", true), [unit("한"), pair("한국"), unit("국"), alone("어")]);
        assert_eq!(tokens("กี่", true), [alone("กี่")]);
        assert_eq!(tokens("B超→", true), [(Kind::Word, "B".to_owned()), alone("超"), alone("→")]);
    }
}
