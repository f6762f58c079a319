//! A text as quotations are compared, with the way back.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// A character of a folded text.
#[derive(Debug, Clone, Copy)]
struct Unit {
    c: char,
    /// Where its grapheme begins in the text.
    start: usize,
    /// One past that grapheme, or past the last of several that fold to this one character.
    end: usize,
    /// Whether it belongs to the unit before it, as an accent does: nothing begins here.
    inner: bool,
}

/// Whether a quotation may begin or end inside a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// It may.
    Allowed,
    /// It may not.
    Never,
}

/// A text folded.
#[derive(Debug)]
pub(super) struct Folded {
    units: Vec<Unit>,
}

/// A dash that parts words, whatever it was.
const DASH: char = '-';
/// Any quotation mark or apostrophe.
const QUOTE: char = '\'';
/// Any ellipsis.
const ELLIPSIS: char = '…';

impl Folded {
    pub(super) fn of(text: &str) -> Self {
        Self { units: ellipses(joined(graphemes(text))) }
    }

    /// The parts between ellipses, without the punctuation at their ends; none of them empty.
    pub(super) fn parts(&self) -> Vec<Vec<char>> {
        let parts = self.units.split(|unit| unit.c == ELLIPSIS);
        let chars = |part: &[Unit]| part.iter().map(|unit| unit.c).collect::<Vec<char>>();
        let parts = parts.map(|part| trimmed(&chars(part), is_end).to_vec());
        parts.filter(|part| !part.is_empty()).collect()
    }

    /// Its characters.
    #[cfg(test)]
    pub(super) fn chars(&self) -> impl Iterator<Item = char> {
        self.units.iter().map(|unit| unit.c)
    }

    /// Where `parts` stand in order, as bytes: each at the first place after the one before it.
    pub(super) fn find_all(&self, parts: &[Vec<char>], cut: Cut) -> Option<Vec<Range<usize>>> {
        let mut from = 0;
        let mut place = |part: &Vec<char>| {
            let at = self.find(part, from, cut)?;
            from = at + part.len();
            Some(self.units.get(at)?.start..self.units.get(from - 1)?.end)
        };
        parts.iter().map(&mut place).collect()
    }

    /// The first unit at or after `from` with which `part` begins.
    fn find(&self, part: &[char], from: usize, cut: Cut) -> Option<usize> {
        let free = |at: &usize| {
            [*at, at + part.len()]
                .iter()
                .all(|end| !self.splits(*end) && (cut == Cut::Allowed || !self.cuts_word(*end)))
        };
        cases(part).iter().filter_map(|pattern| Occurrences::of(&self.units, pattern, from).find(free)).min()
    }

    /// Whether a place lies inside what one grapheme folds to, a ligature's letters aside.
    fn splits(&self, at: usize) -> bool {
        self.units.get(at).is_some_and(|unit| unit.inner)
    }

    fn cuts_word(&self, at: usize) -> bool {
        let (Some(before), Some(after)) = (at.checked_sub(1).and_then(|i| self.units.get(i)), self.units.get(at))
        else {
            return false;
        };
        let spaced = |c: char| c.is_alphanumeric() && !is_unspaced(c);
        spaced(before.c) && spaced(after.c)
    }
}

/// A part with its first letter as it is and in the other case.
fn cases(part: &[char]) -> Vec<Vec<char>> {
    let Some(first) = part.first().copied() else { return Vec::new() };
    let single = |mut chars: Box<dyn Iterator<Item = char>>| chars.next().filter(|_| chars.next().is_none());
    let other = if first.is_uppercase() {
        single(Box::new(first.to_lowercase()))
    } else {
        single(Box::new(first.to_uppercase()))
    };
    let swapped = other.filter(|other| *other != first).map(|other| {
        let mut swapped = part.to_vec();
        swapped[0] = other;
        swapped
    });
    std::iter::once(part.to_vec()).chain(swapped).collect()
}

fn is_mark(c: char) -> bool {
    matches!(c, DASH | QUOTE | ELLIPSIS | ' ' | '.' | ',' | ';' | ':' | '!' | '?' | '。' | '、' | '·')
}

/// Parts without the brackets around a first letter whose case was changed, `[T]he`: the opening one is off already.
pub(super) fn unbracketed(parts: &[Vec<char>]) -> Vec<Vec<char>> {
    let bare = |part: &Vec<char>| match &part[..] {
        [letter, ']', rest @ ..] if letter.is_alphabetic() => [&[*letter], rest].concat(),
        _ => part.clone(),
    };
    parts.iter().map(bare).collect()
}

/// A mark, or a bracket, which an ellipsis beside it takes in.
fn is_end(c: char) -> bool {
    is_mark(c) || matches!(c, '(' | ')' | '[' | ']')
}

fn trimmed(part: &[char], off: impl Fn(char) -> bool) -> &[char] {
    let start = part.iter().position(|c| !off(*c)).unwrap_or(part.len());
    let end = part.iter().rposition(|c| !off(*c)).map_or(start, |last| last + 1);
    &part[start..end]
}

/// Whether words of this script stand without spaces: Han, Kana, and what they are punctuated with.
fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c), 0x2E80..=0x30FF | 0x3100..=0x312F | 0x31A0..=0x31FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF
        | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

/// Characters that are not seen: soft hyphens, joiners, marks of direction and of byte order.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' | '\u{202A}'..='\u{202E}' | '\u{FE00}'..='\u{FE0F}')
}

/// Dashes that join words where no space is beside them.
fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2013}' | '−')
}

/// What a character of a compatibility decomposition is compared as.
fn folded(c: char) -> char {
    match c {
        '“' | '”' | '„' | '‟' | '"' | '«' | '»' | '「' | '」' | '『' | '』' | '‘' | '’' | '‚' | '‛' | '\'' | '`'
        | '´' | '‹' | '›' | 'ʼ' | '′' | '″' => QUOTE,
        '—' | '―' | '⸺' | '⸻' => '—',
        c if is_hyphen(c) => DASH,
        c if c.is_whitespace() => ' ',
        c => c,
    }
}

/// All graphemes decomposed and folded; a line's end is a newline, other white space a space.
fn graphemes(text: &str) -> Vec<Unit> {
    let mut out = Vec::with_capacity(text.len());
    for (start, grapheme) in text.grapheme_indices(true) {
        let end = start + grapheme.len();
        if grapheme.contains(['\n', '\r']) {
            out.push(Unit { c: '\n', start, end, inner: false });
            continue;
        }
        let ligature = grapheme.chars().count() == 1
            && grapheme.starts_with(|c| matches!(c, '\u{FB00}'..='\u{FB06}' | 'Ǆ'..='ǌ' | 'Ĳ' | 'ĳ'));
        let chars = grapheme.nfkd().filter(|c| !is_unseen(*c)).map(folded);
        out.extend(chars.enumerate().map(|(i, c)| Unit { c, start, end, inner: i > 0 && !ligature }));
    }
    out
}

/// Without white space beside marks and characters of unspaced scripts, runs of it as one space; without hyphens inside
/// words; dashes and quotation marks each as one.
fn joined(units: Vec<Unit>) -> Vec<Unit> {
    let mut out: Vec<Unit> = Vec::with_capacity(units.len());
    let mut at = 0;
    while at < units.len() {
        let unit = units[at];
        let letter = |unit: Option<&Unit>| unit.is_some_and(|unit| unit.c.is_alphabetic() && !is_unspaced(unit.c));
        match unit.c {
            ' ' | '\n' => {
                let end = spaces_end(&units, at);
                let bare = |unit: Option<&Unit>| unit.is_some_and(|unit| is_word(unit.c));
                if bare(out.last()) && bare(units.get(end)) {
                    out.push(Unit { c: ' ', start: unit.start, end: units[end - 1].end, inner: false });
                }
                at = end;
            }
            DASH => {
                let end = spaces_end(&units, at + 1);
                let broken = end > at + 1 && units[at + 1..end].iter().any(|unit| unit.c == '\n');
                let word_before = at > 0 && letter(base_before(&units, at));
                if word_before && letter(units.get(end)) && (broken || end == at + 1) {
                    at = end;
                } else {
                    push_once(&mut out, unit, DASH);
                    at += 1;
                }
            }
            '—' => {
                push_once(&mut out, unit, DASH);
                at += 1;
            }
            QUOTE => {
                push_once(&mut out, unit, QUOTE);
                at += 1;
            }
            _ => {
                out.push(unit);
                at += 1;
            }
        }
    }
    out
}

/// The unit before `at` that is no combining mark.
fn base_before(units: &[Unit], at: usize) -> Option<&Unit> {
    units[..at].iter().rev().take(8).find(|unit| !unicode_normalization::char::is_combining_mark(unit.c))
}

/// Whether white space beside it counts.
fn is_word(c: char) -> bool {
    (c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c)) && !is_unspaced(c)
}

fn spaces_end(units: &[Unit], from: usize) -> usize {
    let rest = units.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|unit| matches!(unit.c, ' ' | '\n')).count()
}

fn push_once(out: &mut Vec<Unit>, unit: Unit, c: char) {
    match out.last_mut().filter(|last| last.c == c) {
        Some(last) => last.end = unit.end,
        None => out.push(Unit { c, ..unit }),
    }
}

/// Three stops and more as an ellipsis, with a bracket on either side.
fn ellipses(units: Vec<Unit>) -> Vec<Unit> {
    let mut out: Vec<Unit> = Vec::with_capacity(units.len());
    let mut at = 0;
    while at < units.len() {
        let stops = units[at..].iter().take_while(|unit| unit.c == '.').count();
        if stops < 3 {
            out.push(units[at]);
            at += 1;
            continue;
        }
        let mut end = at + stops;
        let mut start = units[at].start;
        if let Some(open) = out.pop_if(|unit| matches!(unit.c, '[' | '(')) {
            start = open.start;
        }
        end += usize::from(units.get(end).is_some_and(|unit| matches!(unit.c, ']' | ')')));
        out.push(Unit { c: ELLIPSIS, start, end: units[end - 1].end, inner: false });
        at = end;
    }
    out
}

/// The places where a pattern stands, ascending, by the method of Knuth, Morris and Pratt (1977).
struct Occurrences<'a> {
    units: &'a [Unit],
    pattern: &'a [char],
    fallback: Vec<usize>,
    at: usize,
    matched: usize,
}

impl<'a> Occurrences<'a> {
    fn of(units: &'a [Unit], pattern: &'a [char], from: usize) -> Self {
        let mut fallback = vec![0; pattern.len() + 1];
        let mut length = 0;
        for i in 1..pattern.len() {
            while length > 0 && pattern[i] != pattern[length] {
                length = fallback[length];
            }
            length += usize::from(pattern[i] == pattern[length]);
            fallback[i + 1] = length;
        }
        Self { units, pattern, fallback, at: from, matched: 0 }
    }
}

impl Iterator for Occurrences<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        while let Some(unit) = self.units.get(self.at) {
            while self.matched > 0 && self.pattern.get(self.matched) != Some(&unit.c) {
                self.matched = self.fallback[self.matched];
            }
            self.matched += usize::from(self.pattern.get(self.matched) == Some(&unit.c));
            self.at += 1;
            if self.matched == self.pattern.len() {
                self.matched = self.fallback[self.matched];
                return Some(self.at - self.pattern.len());
            }
        }
        None
    }
}
