//! Chinese names, which no capital tells: what a sentence says in characters that its sources do not explain.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::Span;
use super::chinese::is_numeral;
use super::lists::{
    COMMON, FUNCTION, KNOWN, LONG_SUFFIXES, LONGEST, STRONG_TRANSLITERATION, SUFFIXES, SURNAMES, TRANSLITERATION,
};
use super::tokens::{Kind, Tokens};

static GRAMMAR: LazyLock<HashSet<char>> = LazyLock::new(|| FUNCTION.chars().collect());
static FOREIGN: LazyLock<HashSet<char>> = LazyLock::new(|| TRANSLITERATION.chars().collect());
static STRONG: LazyLock<HashSet<char>> = LazyLock::new(|| STRONG_TRANSLITERATION.chars().collect());
static FAMILY: LazyLock<HashSet<char>> = LazyLock::new(|| SURNAMES.chars().collect());

/// Whether some Han characters by themselves look like a name: a well-known one, or two characters together that are
/// no common words, or a surname that is no part of one.
pub fn is_name_like(chars: &[char]) -> bool {
    let nothing = HanPairs::default();
    let explained = Reading { chars, sources: &nothing }.explained();
    let known = (2..=LONGEST).any(|length| chars.windows(length).any(|word| KNOWN.contains(word)));
    let strange = explained.windows(2).any(|two| two == [false, false]);
    let surname = explained.first() == Some(&false) && chars.len() <= 4 && FAMILY.contains(&chars[0]);
    known || strange || surname
}

/// Whether two names have a character in common that no ending of places and bodies is.
pub fn share_characters(one: &[char], two: &[char]) -> bool {
    one.iter().any(|c| !SUFFIXES.contains(*c) && two.contains(c))
}

/// The stretches of a sentence's Han characters no pair of which the sources have, common words or not.
pub fn strange(sentence: &str, sources: &HanPairs, fold: &dyn Fn(char) -> char) -> Vec<Span> {
    let mut out: Vec<Span> = Vec::new();
    for stretch in stretches(&Tokens::of(sentence), fold) {
        let pair = |at: usize| stretch.get(at..at + 2).is_some_and(|two| sources.has(two[0].0, two[1].0));
        let mut open = false;
        for (at, (_, place)) in stretch.iter().enumerate() {
            let known = pair(at) || at.checked_sub(1).is_some_and(pair);
            match out.last_mut().filter(|_| open && !known) {
                Some(span) => span.end = place.end,
                None if !known => out.push(*place),
                None => {}
            }
            open = !known;
        }
    }
    out
}

/// Why unexplained characters may be a name, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sign {
    /// It is one: a country, a city, a dynasty, a person of whom many texts speak.
    Known,
    /// It ends as places and bodies do, or such a word follows: 华沙市.
    Placed,
    /// It is written with the characters of foreign names: 哈德逊.
    Transliterated,
    /// It begins with a surname and is as long as a person's name.
    Surname,
    /// Three characters or more in which no common word stands.
    Long,
    /// Nothing but that the sources do not have it.
    Plain,
}

/// Characters of a sentence that its sources do not explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unexplained {
    /// Where they stand.
    pub span: Span,
    /// Why they may be a name.
    pub sign: Sign,
}

/// The pairs of neighbouring Han characters of some texts; white space does not part neighbours.
#[derive(Debug, Default)]
pub struct HanPairs {
    pairs: HashSet<(char, char)>,
}

impl HanPairs {
    /// Of texts, as `fold` reads their characters: traditional ones as simplified, as far as the caller knows them.
    pub fn of(texts: &[&str], fold: &dyn Fn(char) -> char) -> Self {
        let mut pairs = HashSet::new();
        for text in texts {
            for stretch in stretches(&Tokens::of(text), fold) {
                pairs.extend(stretch.windows(2).map(|pair| (pair[0].0, pair[1].0)));
            }
        }
        Self { pairs }
    }

    /// Whether the two stand side by side in one of the texts.
    pub fn has(&self, one: char, two: char) -> bool {
        self.pairs.contains(&(one, two))
    }

    /// Whether all the neighbours of `chars` do.
    pub fn have(&self, chars: &[char]) -> bool {
        chars.windows(2).all(|pair| self.has(pair[0], pair[1]))
    }
}

/// Han characters that stand together, as they fold, and where they stand.
type Stretch = Vec<(char, Span)>;

fn stretches(tokens: &Tokens<'_>, fold: &dyn Fn(char) -> char) -> Vec<Stretch> {
    let mut out = vec![Stretch::new()];
    for at in 0..tokens.all.len() {
        match (tokens.kind(at), out.last_mut()) {
            (Some(Kind::Han), Some(stretch)) => stretch.push((fold(tokens.char(at)), tokens.all[at].span)),
            _ => out.push(Stretch::new()),
        }
    }
    out.retain(|stretch| !stretch.is_empty());
    out
}

/// The token with which the part of a transliterated name before the dot `at` begins.
pub(super) fn transliterated_before(tokens: &Tokens<'_>, at: usize) -> usize {
    let mut start = at;
    while start > 0 && at - start < 8 && is_foreign(tokens, start - 1) && (start == at || tokens.glued(start - 1)) {
        start -= 1;
    }
    start.min(at.saturating_sub(1))
}

/// The token after the part of a transliterated name that begins with `at`.
pub(super) fn transliterated_after(tokens: &Tokens<'_>, at: usize) -> usize {
    let mut end = at;
    while end - at < 8 && is_foreign(tokens, end) && (end == at || tokens.glued_before(end)) {
        end += 1;
    }
    let word = tokens.kind(at + 1) == Some(Kind::Han) && !GRAMMAR.contains(&tokens.char(at + 1));
    let least = if word { at + 2 } else { at + 1 };
    end.max(least)
}

fn is_foreign(tokens: &Tokens<'_>, at: usize) -> bool {
    tokens.kind(at) == Some(Kind::Han) && FOREIGN.contains(&tokens.char(at))
}

/// The stretches of a sentence's Han characters that nothing explains, ascending: no pair of neighbours that the
/// sources have, no common word, no grammar. And the well-known names in it that the sources do not have.
pub fn unexplained(sentence: &str, sources: &HanPairs, fold: &dyn Fn(char) -> char) -> Vec<Unexplained> {
    let mut out = Vec::new();
    for stretch in stretches(&Tokens::of(sentence), fold) {
        let chars: Vec<char> = stretch.iter().map(|(c, _)| *c).collect();
        let reading = Reading { chars: &chars, sources };
        let known = reading.known();
        let free = |run: &(usize, usize, Sign)| !known.iter().any(|name| name.0 < run.1 && run.0 < name.1);
        let mut found: Vec<(usize, usize, Sign)> = reading.runs().into_iter().filter(free).collect();
        found.extend(known);
        found.sort_unstable();
        out.extend(found.into_iter().map(|(from, to, sign)| Unexplained {
            span: Span::new(stretch[from].1.start, stretch[to - 1].1.end),
            sign,
        }));
    }
    out
}

struct Reading<'a> {
    chars: &'a [char],
    sources: &'a HanPairs,
}

impl Reading<'_> {
    /// Well-known names that the sources do not have, the longest at each place.
    fn known(&self) -> Vec<(usize, usize, Sign)> {
        let mut out: Vec<(usize, usize, Sign)> = Vec::new();
        let mut at = 0;
        while at < self.chars.len() {
            let end = (2..=LONGEST).rev().filter_map(|length| self.word(at, length)).find(|word| KNOWN.contains(*word));
            let Some(name) = end else {
                at += 1;
                continue;
            };
            let end = at + name.len();
            if !self.sources.have(name) && !self.is_torn(at, end) && !self.is_short_for(name) {
                out.push((at, end, Sign::Known));
            }
            at = end;
        }
        out
    }

    fn word(&self, at: usize, length: usize) -> Option<&[char]> {
        self.chars.get(at..at + length)
    }

    fn is_common(&self, at: usize, length: usize) -> bool {
        self.word(at, length).is_some_and(|word| COMMON.contains(word))
    }

    /// Whether the characters of a name belong to two words, as in 其中|国家.
    fn is_torn(&self, at: usize, end: usize) -> bool {
        end - at == 2
            && (self.is_common(end - 1, 2) || self.is_common(end - 1, 3))
            && (GRAMMAR.contains(&self.chars[at])
                || (at > 0 && (self.is_common(at - 1, 2) || self.sources.has(self.chars[at - 1], self.chars[at]))))
    }

    /// Whether the sources have a country by its first character alone, as 美 in 美军 and 中美.
    fn is_short_for(&self, name: &[char]) -> bool {
        const COUNTRIES: &str = "中美英法德俄日韩朝越泰印意西荷葡苏加澳";
        const AFTER: &str = "军方籍裔式语文属系联两国人";
        let Some(first) = name.first().filter(|first| COUNTRIES.contains(**first)) else { return false };
        let after = AFTER.chars().chain(COUNTRIES.chars()).any(|c| self.sources.has(*first, c));
        after || COUNTRIES.chars().chain(['驻', '对', '在', '旅', '赴', '留']).any(|c| self.sources.has(c, *first))
    }

    /// Whether each character is explained.
    fn explained(&self) -> Vec<bool> {
        let chars = self.chars;
        let mut explained: Vec<bool> = chars.iter().map(|c| GRAMMAR.contains(c) || is_numeral(*c)).collect();
        let mut covered = vec![false; chars.len()];
        for at in 0..chars.len() {
            let longest = (2..=LONGEST).rev().find(|length| self.is_common(at, *length)).unwrap_or(0);
            let pair = at + 1 < chars.len() && self.sources.has(chars[at], chars[at + 1]);
            let length = longest.max(if pair { 2 } else { 0 });
            explained[at..at + length].fill(true);
            covered[at..at + length].fill(true);
        }
        // 西 is no word by itself where an unknown character follows it
        for at in 1..chars.len() {
            let begins = !explained[at] && !covered[at - 1] && "东西南北".contains(chars[at - 1]);
            explained[at - 1] &= !begins;
        }
        // nor is 根 where it joins two: 密歇根州
        for at in 1..chars.len().saturating_sub(1) {
            let joins = !explained[at - 1] && !explained[at + 1] && !covered[at] && FOREIGN.contains(&chars[at]);
            explained[at] &= !joins;
        }
        explained
    }

    fn runs(&self) -> Vec<(usize, usize, Sign)> {
        let explained = self.explained();
        let mut out = Vec::new();
        let mut from = 0;
        for at in 0..=explained.len() {
            let ends = explained.get(at).copied().unwrap_or(true);
            if ends && from < at {
                let (end, sign) = self.judge(from, at);
                out.push((from, end, sign));
            }
            if ends {
                from = at + 1;
            }
        }
        out
    }

    /// The end of a body's ending after a run: at once, or, after a run of two, past a word or two of its trade.
    fn body_after(&self, to: usize, length: usize) -> Option<usize> {
        let ends = |at: usize| {
            let rest = self.chars.get(at..)?;
            let fits = |suffix: &&&str| suffix.chars().eq(rest.iter().copied().take(suffix.chars().count()));
            LONG_SUFFIXES.iter().find(fits).map(|suffix| at + suffix.chars().count())
        };
        let trade = if length >= 2 { 4 } else { 0 };
        let near = self.chars[to..].iter().take(trade).take_while(|c| !GRAMMAR.contains(c)).count();
        (to..=to + near).find_map(ends)
    }

    /// Why a run may be a name, and where it ends, what follows as its ending included.
    fn judge(&self, from: usize, to: usize) -> (usize, Sign) {
        let run = &self.chars[from..to];
        let next = self.chars.get(to).filter(|c| SUFFIXES.contains(**c));
        let body = self.body_after(to, run.len());
        let strong = run.iter().filter(|c| STRONG.contains(c)).count();
        let foreign = run.iter().filter(|c| FOREIGN.contains(c)).count();
        let ends_placed = run.last().is_some_and(|c| SUFFIXES.contains(*c));
        if let Some(end) = body {
            (end, Sign::Placed)
        } else if run.len() >= 2 && ends_placed {
            (to, Sign::Placed)
        } else if next.is_some_and(|c| run.len() >= 2 || "国省市县州河江山湖岛城".contains(*c)) {
            (to + 1, Sign::Placed)
        } else if run.len() >= 2 && foreign * 3 >= run.len() * 2 && strong > 0 {
            (to, Sign::Transliterated)
        } else if (2..=3).contains(&run.len()) && FAMILY.contains(&run[0]) {
            (to, Sign::Surname)
        } else if run.len() >= 3 {
            (to, Sign::Long)
        } else {
            (to, Sign::Plain)
        }
    }
}
