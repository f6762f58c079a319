//! The quotations of a text, between marks and in quoted blocks.

use crate::language::facts::{Kind, Span, Tokens, is_apostrophe};

/// A quotation has at least so many words, or characters of scripts without spaces.
const FEWEST_WORDS: usize = 3;
const FEWEST_HAN: usize = 4;

/// A quotation is not longer, in bytes: a mark without its fellow would take in all the rest.
const LONGEST: usize = 2000;

/// Opening marks and their closing ones. `„` closes with either of two, as German and Polish do.
const PAIRS: [(char, &str); 6] = [('“', "”"), ('„', "“”"), ('«', "»"), ('「', "」"), ('『', "』"), ('‘', "’")];

/// What a text quotes: the spans between quotation marks, without these, and Markdown's quoted blocks, a span each
/// without their first `>`; of at least three words, or four characters of scripts without spaces. Ascending and disjoint.
/// `《》` is no quotation. An apostrophe closes none: `‘…’` ends where no letter follows.
pub fn quotations(text: &str) -> Vec<Span> {
    let mut out = blocks(text);
    let blocks = out.len();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let inner = at + c.len_utf8();
        at = match closed(text, at, c) {
            Some(end) => {
                let span = trimmed(text, Span::new(inner, end));
                let within = out[..blocks].iter().any(|block| block.overlaps(span));
                if is_long_enough(&text[span.range()]) && !within {
                    out.push(span);
                }
                end + text[end..].chars().next().map_or(0, char::len_utf8)
            }
            None => inner,
        };
    }
    out.sort_unstable();
    out
}

/// Where the quotation ends that the mark `c` at `at` opens.
fn closed(text: &str, at: usize, c: char) -> Option<usize> {
    let inner = at + c.len_utf8();
    let before = text[..at].chars().next_back();
    let free = before.is_none_or(|c| !c.is_alphanumeric() || crate::language::facts::is_han(c));
    let limit = text.floor_char_boundary((inner + LONGEST).min(text.len()));
    let rest = &text[inner..limit];
    match c {
        '"' | '＂' => rest.find(c).map(|end| inner + end),
        '\'' | '‘' if free => apostrophed(text, inner, limit, if c == '‘' { '’' } else { c }),
        '‘' => None,
        _ => {
            let (_, closing) = PAIRS.iter().find(|(open, _)| *open == c)?;
            nested(rest, c, closing).map(|end| inner + end)
        }
    }
}

/// The end before the mark that closes the first, others of its kind inside it closed before.
fn nested(rest: &str, open: char, closing: &str) -> Option<usize> {
    // most marks that never close are told at once
    rest.find(|c| closing.contains(c))?;
    let mut depth = 0_usize;
    for (at, c) in rest.char_indices() {
        if closing.contains(c) {
            match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return Some(at),
            }
        } else if c == open {
            depth += 1;
        }
    }
    None
}

/// The end of what single marks enclose, an apostrophe inside a word being none.
fn apostrophed(text: &str, inner: usize, limit: usize, close: char) -> Option<usize> {
    if !text[inner..].starts_with(|c: char| c.is_alphanumeric()) {
        return None;
    }
    let closes = |at: usize| {
        let after = text[at + close.len_utf8()..].chars().next();
        let before = text[..at].chars().next_back();
        let word_after = after.is_some_and(|c| c.is_alphanumeric() && !crate::language::facts::is_han(c));
        !word_after && before.is_some_and(|c| !c.is_whitespace())
    };
    let found = text[inner..limit].match_indices(close).map(|(at, _)| inner + at).find(|at| closes(*at))?;
    // dogs' and ’tis: with straight marks, only what ends like a sentence or before a mark or space is quoted
    (!text[inner..found].contains('\n') && (close == '’' || !is_apostrophe(close) || found > inner)).then_some(found)
}

/// The quoted blocks of Markdown, consecutive lines as one.
fn blocks(text: &str) -> Vec<Span> {
    let mut out: Vec<Span> = Vec::new();
    let (mut at, mut open) = (0, false);
    for line in text.split_inclusive('\n') {
        let body = line.trim_start();
        let quoted = body.strip_prefix('>').filter(|_| line.len() - body.len() <= 3);
        if let Some(rest) = quoted {
            let span = trimmed(text, Span::new(at + line.len() - rest.len(), at + line.len()));
            match out.last_mut().filter(|_| open) {
                Some(block) => block.end = span.end.max(block.end),
                None => out.push(span),
            }
        }
        open = quoted.is_some();
        at += line.len();
    }
    out.retain(|span| is_long_enough(&text[span.range()]));
    out
}

fn trimmed(text: &str, span: Span) -> Span {
    let part = &text[span.range()];
    let start = span.start + (part.len() - part.trim_start().len());
    Span::new(start, start + part.trim().len())
}

fn is_long_enough(part: &str) -> bool {
    let tokens = Tokens::of(part);
    let count = |kind: Kind| tokens.all.iter().filter(|token| token.kind == kind).count();
    let words = count(Kind::Word) + count(Kind::Digits);
    words >= FEWEST_WORDS || words + count(Kind::Han) >= FEWEST_HAN
}
