//! Proper names that letters, marks and brackets tell.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::dates::Date;
use super::english;
use super::lists::{JOINTS, OPENERS, PLAIN, TITLES};
use super::numbers;
use super::tokens::{Kind, Tokens};
use super::{Span, is_apostrophe};

/// What tells a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NameKind {
    /// Capitals inside a sentence: "Nikola Tesla".
    Capitalised,
    /// Capitals only: "NASA", "U.S.".
    Acronym,
    /// Letters with digits or capitals inside: "N64", "iPhone".
    Identifier,
    /// Latin letters in a Chinese sentence.
    Latin,
    /// `《》` around it; the span lies within.
    Title,
    /// Transliterated parts with a middle dot between them: 尼古拉·特斯拉.
    Dotted,
}

/// A proper name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Where it stands.
    pub span: Span,
    /// What tells it.
    pub kind: NameKind,
    /// Its words that say whose name it is: of "Dukes of Normandy" the first and the last.
    pub words: Vec<Span>,
}

/// Which language's habits of capitals a text has, as far as they decide what is a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tongue {
    /// Names alone have capitals inside a sentence; the words that sentences begin with are known.
    English,
    /// Every noun has a capital.
    German,
    /// Names have capitals; the words that sentences begin with are not known.
    Other,
}

const ENGLISH: &str =
    "the of and to is was are were that with for by from which its their has been not as on his this it an be had at";
const GERMAN: &str =
    "der die das und ist nicht ein eine mit von auf für im den dem des sich wurde werden als auch bei aus nach zu";
const OTHERS: &str = "el la los las que en un una por para con del se su es de le les des et est dans du il une sur pour au aux \
    o os da do dos das em uma no na não di che è gli della nel het een van dat och att som och är på av";

fn set(words: &'static str) -> HashSet<&'static str> {
    words.split_whitespace().collect()
}

static TONGUES: LazyLock<[HashSet<&'static str>; 3]> = LazyLock::new(|| [set(ENGLISH), set(GERMAN), set(OTHERS)]);
static ORDINARY: LazyLock<HashSet<&'static str>> = LazyLock::new(|| set(OPENERS).union(&set(PLAIN)).copied().collect());

/// The language whose short words the text has most of; `None` where fewer than three of them make it plain.
pub fn tongue(tokens: &Tokens<'_>) -> Option<Tongue> {
    let mut counts = [0_usize; 3];
    for at in 0..tokens.all.len() {
        if tokens.kind(at) == Some(Kind::Word) && tokens.str(at).len() < 8 {
            let lower = tokens.str(at).to_lowercase();
            for (count, words) in counts.iter_mut().zip(TONGUES.iter()) {
                *count += usize::from(words.contains(lower.as_str()));
            }
        }
    }
    let most = counts.into_iter().max().filter(|most| *most >= 3)?;
    let tongues = [Tongue::English, Tongue::German, Tongue::Other];
    tongues.into_iter().zip(counts).find(|(_, count)| *count == most).map(|(tongue, _)| tongue)
}

/// Letters and digits without a gap, as tokens `from..to`.
#[derive(Debug, Clone, Copy)]
struct Lexeme {
    from: usize,
    to: usize,
}

struct Reader<'a> {
    tokens: &'a Tokens<'a>,
    lexemes: Vec<Lexeme>,
    tongue: Tongue,
    /// Whether most of it is Chinese.
    han: bool,
    /// Whether all words have capitals, as in headings.
    heading: bool,
}

/// The names of a text, ascending. Words of `dates` are none.
pub(super) fn names(tokens: &Tokens<'_>, dates: &[Date], tongue: Tongue) -> Vec<Name> {
    let reader = Reader::of(tokens, dates, tongue);
    let mut names = reader.latin();
    names.extend(titles(tokens));
    names.extend(dotted(tokens));
    names.sort_by_key(|name| (name.span, name.kind as u8));
    names
}

fn is_dated(span: Span, dates: &[Date]) -> bool {
    let after = dates.partition_point(|date| date.span.start <= span.start);
    dates[..after].iter().rev().take(2).any(|date| date.span.overlaps(span))
}

fn lexemes(tokens: &Tokens<'_>, dates: &[Date]) -> Vec<Lexeme> {
    let part = |at: usize| matches!(tokens.kind(at), Some(Kind::Word | Kind::Digits));
    let mut out = Vec::new();
    let mut at = 0;
    while at < tokens.all.len() {
        let from = at;
        while part(at) && (at == from || tokens.glued_before(at)) {
            at += 1;
        }
        let lettered = (from..at).any(|i| tokens.kind(i) == Some(Kind::Word));
        if lettered && !is_dated(tokens.span(from, at), dates) {
            out.push(Lexeme { from, to: at });
        }
        at = at.max(from + 1);
    }
    out
}

impl<'a> Reader<'a> {
    fn of(tokens: &'a Tokens<'a>, dates: &[Date], tongue: Tongue) -> Self {
        let lexemes = lexemes(tokens, dates);
        let han = tokens.all.iter().filter(|token| token.kind == Kind::Han).count() > 2 * lexemes.len();
        let mut reader = Self { tokens, lexemes, tongue, han, heading: false };
        let long = || reader.lexemes.iter().filter(|lexeme| reader.text(**lexeme).len() > 3);
        reader.heading = !han && long().count() >= 6 && long().all(|lexeme| reader.is_capital(*lexeme));
        reader
    }

    fn text(&self, lexeme: Lexeme) -> &'a str {
        &self.tokens.text[self.tokens.span(lexeme.from, lexeme.to).range()]
    }

    fn is_capital(&self, lexeme: Lexeme) -> bool {
        self.text(lexeme).starts_with(char::is_uppercase)
    }

    /// Whether the letters themselves tell a name, wherever they stand.
    fn kind(&self, lexeme: Lexeme) -> Option<NameKind> {
        let text = self.text(lexeme);
        let capitals = text.chars().filter(|c| c.is_uppercase()).count();
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        if (lexeme.from..lexeme.to).any(|at| self.tokens.kind(at) == Some(Kind::Digits)) {
            return (!self.is_measure(lexeme)).then_some(NameKind::Identifier);
        }
        if letters >= 2 && capitals == letters && !self.heading {
            return Some(NameKind::Acronym);
        }
        let inner = text.chars().skip(1).filter(|c| c.is_uppercase()).count();
        let prefixed = ["Mc", "Mac", "O'", "O’", "D'", "D’", "L'", "L’", "d'", "d’", "l'", "l’"]
            .iter()
            .any(|p| text.starts_with(p));
        (inner > 0 && !prefixed).then_some(NameKind::Identifier)
    }

    /// Whether it is a number with its unit, as in "10km", "3rd" and "90s".
    fn is_measure(&self, lexeme: Lexeme) -> bool {
        let unit = self.tokens.str(lexeme.from + 1);
        let figures = self.tokens.kind(lexeme.from) == Some(Kind::Digits) && lexeme.to == lexeme.from + 2;
        figures && (numbers::is_unit(unit) || matches!(unit, "st" | "nd" | "rd" | "th" | "s" | "er" | "ers" | "x"))
    }

    /// Whether a sentence begins with the lexeme.
    fn opens(&self, lexeme: Lexeme) -> bool {
        match self.tokens.before(lexeme.from) {
            '\0' | '¿' | '¡' => true,
            '.' => lexeme.from < 2 || self.tokens.str(lexeme.from - 2).chars().count() > 1,
            c => matches!(
                c,
                '!' | '?' | ':' | ';' | '"' | '“' | '«' | '•' | '*' | '#' | '>' | '|' | '…' | '。' | '„' | '‘' | '—'
            ),
        }
    }

    /// Whether the word may be a name at all, where its capital alone tells.
    fn capital_tells(&self, lexeme: Lexeme) -> bool {
        let text = self.text(lexeme);
        let lower = text.to_lowercase();
        if self.tongue == Tongue::German
            || self.heading
            || !self.is_capital(lexeme)
            || lower.starts_with("i'")
            || lower.starts_with("i’")
            || text == "I"
        {
            return false;
        }
        if !self.opens(lexeme) {
            return true;
        }
        self.tongue == Tongue::English && !is_ordinary(&lower) && !english::is_number(text)
    }

    fn is_name(&self, lexeme: Lexeme) -> bool {
        self.kind(lexeme).is_some() || self.capital_tells(lexeme)
    }

    fn latin(&self) -> Vec<Name> {
        let mut names = Vec::new();
        let mut at = 0;
        while let Some(lexeme) = self.lexemes.get(at) {
            if self.han {
                names.extend(self.in_chinese(*lexeme));
                at += 1;
            } else if self.is_name(*lexeme) {
                let end = self.name_end(at);
                names.extend(self.name(at, end));
                at = end;
            } else {
                at += 1;
            }
        }
        names
    }

    fn in_chinese(&self, lexeme: Lexeme) -> Option<Name> {
        let span = self.tokens.span(lexeme.from, lexeme.to);
        let text = self.text(lexeme);
        let unit = self.is_measure(lexeme);
        let told = text.chars().any(char::is_uppercase) || text.chars().count() > 2;
        let kind = self.kind(lexeme).unwrap_or(NameKind::Latin);
        (told && !unit).then(|| Name { span, kind, words: vec![span] })
    }

    /// The lexeme after the name that begins with `at`.
    fn name_end(&self, at: usize) -> usize {
        let mut end = at + 1;
        loop {
            let joints =
                self.lexemes[end..].iter().take(2).take_while(|lexeme| JOINTS.contains(&self.text(**lexeme))).count();
            let next = end + joints;
            let Some(lexeme) = self.lexemes.get(next) else { return end };
            let joined = (end..=next).all(|i| self.follows(i));
            if !joined || !self.is_name(*lexeme) {
                return end;
            }
            end = next + 1;
        }
    }

    /// Whether only a hyphen, or the stop of an initial, parts a lexeme from the one before it.
    fn follows(&self, at: usize) -> bool {
        let (Some(before), Some(this)) = (at.checked_sub(1).and_then(|i| self.lexemes.get(i)), self.lexemes.get(at))
        else {
            return false;
        };
        match this.from - before.to {
            0 => true,
            1 => {
                let stop = self.tokens.char(before.to) == '.' && (self.text(*before).chars().count() <= 2);
                stop || matches!(self.tokens.char(before.to), '-' | '‐' | '‑' | '–' | '&' | '\'' | '’')
            }
            _ => false,
        }
    }

    fn name(&self, from: usize, to: usize) -> Option<Name> {
        let lexemes = &self.lexemes[from..to];
        let (first, last) = (lexemes.first()?, lexemes.last()?);
        let tells = |lexeme: &&Lexeme| {
            let lower = self.text(**lexeme).to_lowercase();
            let title = TITLES.contains(&lower.trim_end_matches('.'));
            !title && !JOINTS.contains(&self.text(**lexeme))
        };
        let words: Vec<Span> =
            lexemes.iter().filter(tells).map(|lexeme| self.tokens.span(lexeme.from, lexeme.to)).collect();
        let kind = if to == from + 1 { self.kind(*first) } else { None }.unwrap_or(NameKind::Capitalised);
        let span = self.tokens.span(first.from, last.to);
        (!words.is_empty()).then_some(Name { span, kind, words })
    }
}

/// Whether an English word with which a sentence begins is more likely a word than a name. Its ending decides where no
/// list has it.
fn is_ordinary(lower: &str) -> bool {
    const ENDINGS: [&str; 30] = [
        "ing", "ly", "tion", "tions", "sion", "sions", "ment", "ments", "ness", "ists", "ist", "ers", "ors", "ies",
        "ity", "ism", "able", "ible", "ous", "ful", "less", "ance", "ence", "ages", "ical", "ives", "als", "ants",
        "ents", "ures",
    ];
    let bare = lower.split(is_apostrophe).next().unwrap_or(lower);
    let singular = bare.strip_suffix('s').unwrap_or(bare);
    ORDINARY.contains(bare)
        || ORDINARY.contains(singular)
        || (bare.chars().count() > 5 && ENDINGS.iter().any(|ending| bare.ends_with(ending)))
}

/// What stands in `《》` and `〈〉`.
fn titles(tokens: &Tokens<'_>) -> Vec<Name> {
    let mut out = Vec::new();
    let mut open = None;
    for at in 0..tokens.all.len() {
        match tokens.char(at) {
            '《' | '〈' => open = Some(at + 1),
            '》' | '〉' => {
                let from = open.take().filter(|from| *from < at && at - from <= 64);
                out.extend(from.map(|from| {
                    let span = tokens.span(from, at);
                    Name { span, kind: NameKind::Title, words: vec![span] }
                }));
            }
            _ => {}
        }
    }
    out
}

/// Whether the character parts the parts of a transliterated name.
fn is_dot(c: char) -> bool {
    matches!(c, '·' | '•' | '・' | '‧' | '∙' | '･' | '．' | '﹒')
}

/// Names with middle dots: the characters of foreign names around each, two at least.
fn dotted(tokens: &Tokens<'_>) -> Vec<Name> {
    let mut out: Vec<Name> = Vec::new();
    let han = |at: usize| tokens.kind(at) == Some(Kind::Han);
    for dot in 1..tokens.all.len() {
        let within =
            is_dot(tokens.char(dot)) && han(dot - 1) && han(dot + 1) && tokens.glued_before(dot) && tokens.glued(dot);
        if !within {
            continue;
        }
        let left = super::han::transliterated_before(tokens, dot);
        let right = super::han::transliterated_after(tokens, dot + 1);
        let (before, after) = (tokens.span(left, dot), tokens.span(dot + 1, right));
        match out.last_mut().filter(|name| name.span.end > before.start) {
            Some(name) => {
                name.span.end = after.end;
                name.words.push(after);
            }
            None => out.push(Name {
                span: Span::new(before.start, after.end),
                kind: NameKind::Dotted,
                words: vec![before, after],
            }),
        }
    }
    out
}
