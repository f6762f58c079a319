//! Sources, read once for many sentences.

use std::collections::{BTreeSet, HashSet};

use super::polarity::Polarities;
use super::slots::{Slots, units};
use super::spelling::plain;
use super::{Report, support};
use crate::language::facts::{
    Date, Decade, Facts, HanPairs, Kind, Number, Span, Tokens, Tongue, Value, facts_of, tongue,
};

/// Passages that sentences cite, and what is known of them.
pub struct Sources<'a> {
    pub(super) texts: Vec<&'a str>,
    /// The facts of each.
    pub(super) facts: Vec<Facts>,
    pub(super) fold: &'a dyn Fn(char) -> char,
    /// The sizes of all numbers, of dates' parts too.
    pub(super) sizes: HashSet<Value>,
    /// The numbers below zero.
    pub(super) below_zero: bool,
    /// All dates, without their spans, each once.
    pub(super) dates: Vec<Date>,
    /// All words that letters make, plain.
    pub(super) words: BTreeSet<String>,
    /// Words as plain as they come, written in capitals.
    pub(super) capitals: HashSet<String>,
    /// First letters of all words in order, a space between sources.
    pub(super) initials: String,
    pub(super) pairs: HanPairs,
    pub(super) slots: Slots,
    pub(super) polarities: Polarities,
    /// The language of most of them, for sentences too short to tell theirs.
    pub(super) tongue: Tongue,
}

impl std::fmt::Debug for Sources<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources").field("texts", &self.texts).finish_non_exhaustive()
    }
}

impl<'a> Sources<'a> {
    /// Reads passages. `fold` reads a traditional Han character as the simplified one, and leaves all others.
    pub fn new(texts: &[&'a str], fold: &'a dyn Fn(char) -> char) -> Self {
        let mut sources = Self {
            texts: texts.to_vec(),
            facts: Vec::with_capacity(texts.len()),
            fold,
            sizes: HashSet::new(),
            below_zero: false,
            dates: Vec::new(),
            words: BTreeSet::new(),
            capitals: HashSet::new(),
            initials: String::new(),
            pairs: HanPairs::of(texts, fold),
            slots: Slots::default(),
            polarities: Polarities::default(),
            tongue: texts.iter().find_map(|text| tongue(&Tokens::of(text))).unwrap_or(Tongue::English),
        };
        for (source, text) in texts.iter().enumerate() {
            sources.read(source, text);
        }
        let spelled: HashSet<Date> = sources.dates.drain(..).collect();
        sources.dates = spelled.into_iter().collect();
        sources.dates.sort_unstable_by_key(|date| (date.year, date.month, date.day, date.century, date.decade));
        sources
    }

    /// Checks one sentence.
    pub fn check(&self, sentence: &str) -> Report {
        support::report(self, sentence)
    }

    fn read(&mut self, source: usize, text: &str) {
        let tokens = Tokens::of(text);
        let facts = facts_of(&tokens, self.tongue);
        facts.numbers.iter().for_each(|number| self.number(number));
        for date in &facts.dates {
            self.date(date);
            self.dates.push(Date { span: Span::default(), ..date.clone() });
        }
        self.words(&tokens);
        self.slots.add(units(&tokens, self.fold));
        self.polarities.add(source, text, &facts.clauses, self.fold);
        self.facts.push(facts);
    }

    fn number(&mut self, number: &Number) {
        self.below_zero |= number.readings.iter().any(|value| value.clone().magnitude() != *value);
        self.sizes.extend(number.readings.iter().cloned().map(Value::magnitude));
    }

    /// The parts of a date are numbers, too.
    fn date(&mut self, date: &Date) {
        let part = |number: i32| Value::integer(u128::from(number.unsigned_abs()));
        self.sizes.extend(date.year.or(date.century).map(part));
        self.sizes.extend([date.month, date.day].into_iter().flatten().map(|number| part(number.into())));
        self.sizes.extend(date.decade.map(|decade| match decade {
            Decade::Of(year) | Decade::OfACentury(year) => part(year),
        }));
    }

    fn words(&mut self, tokens: &Tokens<'_>) {
        let part = |at: usize| matches!(tokens.kind(at), Some(Kind::Word | Kind::Digits));
        let mut at = 0;
        while at < tokens.all.len() {
            let from = at;
            while part(at) && (at == from || tokens.glued_before(at)) {
                at += 1;
            }
            if at > from {
                self.word(&tokens.text[tokens.span(from, at).range()]);
            }
            at = at.max(from + 1);
        }
        self.initials.push(' ');
    }

    fn word(&mut self, text: &str) {
        let word = plain(text);
        self.initials.extend(word.chars().next());
        if text.chars().filter(|c| c.is_uppercase()).count() > 1 {
            self.capitals.insert(word.clone());
        }
        self.words.insert(word);
    }
}
