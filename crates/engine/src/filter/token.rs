use std::cmp::Ordering;
use std::fmt;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Text as it is compared: NFKC and lower case.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    // Lower case can leave a letter and a mark that compose: J with a caron is two code points, j with one is one.
    text.nfkc().collect::<String>().to_lowercase().nfkc().collect()
}

/// The words of the language itself, in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keyword {
    And,
    Or,
    Not,
}

impl Keyword {
    pub(super) fn of(word: &str) -> Option<Self> {
        match fold(word).as_str() {
            "and" => Some(Self::And),
            "or" => Some(Self::Or),
            "not" => Some(Self::Not),
            _ => None,
        }
    }
}

/// How a value must stand to the one in the filter. `!=` is none of them: it negates a test of `=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Contains,
}

/// The operators as they are written, those first that begin with another.
const SIGNS: &[(&str, Operator)] = &[
    ("!=", Operator::Equal),
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("=", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::Greater),
    ("~", Operator::Contains),
    (":", Operator::Equal),
];

impl Operator {
    /// How the canonical form writes it.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
            Self::Contains => "~",
        }
    }

    /// Whether a value that stands so to the one in the filter is what the operator asks for.
    pub(super) fn accepts(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::AtLeast => order.is_ge(),
            Self::Contains => false,
        }
    }
}

/// An operator at the start of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sign {
    pub(super) operator: Operator,
    pub(super) sign: &'static str,
    /// Bytes it takes in the text, where it may be full-width.
    pub(super) bytes: usize,
}

impl Sign {
    pub(super) fn at_start(text: &str) -> Option<Self> {
        let (sign, operator) =
            SIGNS.iter().find(|(sign, _)| text.chars().map(ascii_twin).take(sign.len()).eq(sign.chars()))?;
        let bytes = text.chars().take(sign.len()).map(char::len_utf8).sum();
        Some(Self { operator: *operator, sign, bytes })
    }
}

/// The ASCII sign that a Chinese input method's full-width one stands for; any other character is itself.
pub(super) fn ascii_twin(sign: char) -> char {
    match sign {
        '（' => '(',
        '）' => ')',
        '：' => ':',
        '＝' => '=',
        '！' => '!',
        '＜' => '<',
        '＞' => '>',
        '～' => '~',
        other => other,
    }
}

/// The field's name at the start of `text`; empty where there is none.
pub(super) fn field_word(text: &str) -> &str {
    let end = text.find(|c: char| !is_field_char(c)).unwrap_or(text.len());
    &text[..end]
}

/// Letters of every script with the marks that belong to them, digits, `_`, `-` and `.`.
pub(super) fn is_field_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.') || is_combining_mark(c)
}

/// The unquoted value at the start of `text`; empty where there is none.
///
/// It may hold colons, but not begin with one, since that would be a second operator; nor with a single quote, which
/// would be an attempt at quoting.
pub(super) fn bare_word(text: &str) -> &str {
    if text.starts_with([':', '：', '\'', '‘', '’']) { "" } else { run(text) }
}

/// Everything up to white space, a quote, a parenthesis or an operator other than `:`.
pub(super) fn run(text: &str) -> &str {
    let ends = |(at, c): (usize, char)| {
        let sign = Sign::at_start(&text[at..]).is_some_and(|sign| sign.sign != ":");
        (sign || c.is_whitespace() || is_quote(c) || matches!(ascii_twin(c), '(' | ')')).then_some(at)
    };
    let end = text.char_indices().find_map(ends).unwrap_or(text.len());
    &text[..end]
}

pub(super) fn is_quote(c: char) -> bool {
    is_straight_quote(c) || is_curly_quote(c)
}

fn is_straight_quote(c: char) -> bool {
    matches!(c, '"' | '＂')
}

fn is_curly_quote(c: char) -> bool {
    matches!(c, '“' | '”')
}

/// The quoted value at the start of `text` and the bytes it takes with its quotes; `None` where it does not end.
///
/// Straight quotes end at a straight one and curly quotes at a curly one, so that each may hold the other. A backslash
/// takes a quote or a backslash after it for what it is; before anything else it is one itself.
pub(super) fn quoted(text: &str) -> Option<(String, usize)> {
    let mut chars = text.char_indices().peekable();
    let (_, open) = chars.next()?;
    let closes = if is_straight_quote(open) { is_straight_quote } else { is_curly_quote };
    let mut value = String::new();
    while let Some((at, c)) = chars.next() {
        if closes(c) {
            return Some((value, at + c.len_utf8()));
        }
        let escaped = chars.next_if(|(_, next)| c == '\\' && (*next == '\\' || is_quote(*next)));
        value.push(escaped.map_or(c, |(_, next)| next));
    }
    None
}

/// Words of the filter: as they were written, and as they are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) written: String,
    pub(super) folded: String,
}

impl Text {
    pub(super) fn new(written: impl Into<String>) -> Self {
        let written = written.into();
        Self { folded: fold(&written), written }
    }
}

/// Writes a value, in quotes where it needs them.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = self.written.as_str();
        let bare = !written.is_empty() && bare_word(written) == written;
        if bare && Keyword::of(written).is_none() && !self.folded.contains('*') {
            return f.write_str(written);
        }
        write!(f, "\"{}\"", written.replace('\\', "\\\\").replace('"', "\\\"").replace('＂', "\\＂"))
    }
}
