//! Whether a sentence denies what a source affirms, or the other way round.

use std::collections::{BTreeSet, HashMap};

use super::spelling::{plain, stem};
use crate::language::facts::{Clause, Kind, Span, Tokens};

/// A clause of a sentence that a source says with the other polarity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disagreement {
    /// The clause in the sentence.
    pub clause: Span,
    /// Which of the sources says otherwise.
    pub source: usize,
    /// The clause in that source.
    pub at: Span,
}

/// So much of a sentence's clause must stand in a source's one to say the same.
const SHARED: f32 = 0.75;
/// So much of the source's clause must stand in the sentence's.
const SHARED_BACK: f32 = 0.6;
/// Clauses of fewer terms say too little to be found; those of so many are alike only where they have the same.
const FEWEST_TERMS: usize = 2;
/// A clause that is nearly as like as the most like one may be the one that is meant.
const AS_LIKE: f32 = 0.1;
/// A term that stands in more clauses tells nothing.
const MOST_CLAUSES: usize = 128;

/// Words without content, lower case and plain. Those that deny are among them.
const STOP_WORDS: &str = "a an the of to in on at by for from with as and or that this these those it its is are was were be been being has have had do \
    does did will would can could may might shall should not no never none neither nor without cannot he she they his her their i we you there so than \
    also any ever which who whom what when where while but if because don't doesn't didn't isn't aren't wasn't weren't can't couldn't won't wouldn't \
    hasn't haven't hadn't shouldn't some all such only";

/// Characters of grammar and denial, and those that say since when and whether still, which go with a denial or its contrary.
const STOP_CHARACTERS: &str = "的了着过是在有不没无未非否别也都就而但被把对从到为于以之其这那与和及或已尚仍曾再还并";

/// A clause of a source.
#[derive(Debug)]
struct Known {
    source: usize,
    clause: Clause,
    terms: BTreeSet<String>,
}

/// The clauses of sources by what they say.
#[derive(Debug, Default)]
pub(super) struct Polarities {
    clauses: Vec<Known>,
    by_term: HashMap<String, Vec<usize>>,
}

impl Polarities {
    pub(super) fn add(&mut self, source: usize, text: &str, clauses: &[Clause], fold: &dyn Fn(char) -> char) {
        for clause in clauses {
            let terms = terms(text.get(clause.span.range()).unwrap_or_default(), fold);
            for term in &terms {
                self.by_term.entry(term.clone()).or_default().push(self.clauses.len());
            }
            self.clauses.push(Known { source, clause: *clause, terms });
        }
    }

    /// The first clause of a sentence that disagrees.
    pub(super) fn disagreement(
        &self,
        text: &str,
        clauses: &[Clause],
        fold: &dyn Fn(char) -> char,
    ) -> Option<Disagreement> {
        clauses.iter().filter(|clause| !clause.unclear).find_map(|clause| {
            let terms = terms(text.get(clause.span.range()).unwrap_or_default(), fold);
            self.contrary(clause, &terms)
        })
    }

    /// The clause most like this one, where it and all as like it have the other polarity.
    fn contrary(&self, clause: &Clause, terms: &BTreeSet<String>) -> Option<Disagreement> {
        if terms.len() < FEWEST_TERMS {
            return None;
        }
        let like = self.like(terms);
        let best = like.iter().map(|(_, likeness)| *likeness).fold(0.0, f32::max);
        let near: Vec<&Known> =
            like.iter().filter(|(_, likeness)| *likeness >= best - AS_LIKE).map(|(at, _)| &self.clauses[*at]).collect();
        let other = |known: &&Known| {
            known.clause.negative != clause.negative && !known.clause.unclear && !has_opposites(terms, &known.terms)
        };
        let first = near.first().filter(|_| near.iter().all(other))?;
        Some(Disagreement { clause: clause.span, source: first.source, at: first.clause.span })
    }

    /// Clauses that share most of their terms with `terms`, and the sum of both shares.
    fn like(&self, terms: &BTreeSet<String>) -> Vec<(usize, f32)> {
        let mut counts: HashMap<usize, usize> = HashMap::new();
        for clauses in
            terms.iter().filter_map(|term| self.by_term.get(term)).filter(|clauses| clauses.len() <= MOST_CLAUSES)
        {
            clauses.iter().for_each(|at| *counts.entry(*at).or_default() += 1);
        }
        let (least, least_back) = if terms.len() > FEWEST_TERMS { (SHARED, SHARED_BACK) } else { (1.0, 1.0) };
        let share = |count: usize, of: usize| count as f32 / of.max(1) as f32;
        let mut like: Vec<(usize, f32)> = counts
            .into_iter()
            .map(|(at, count)| (at, share(count, terms.len()), share(count, self.clauses[at].terms.len())))
            .filter(|(_, shared, back)| *shared >= least && *back >= least_back)
            .map(|(at, shared, back)| (at, shared + back))
            .collect();
        like.sort_unstable_by_key(|(at, _)| *at);
        like
    }
}

/// Whether one clause has a word that the other has with a beginning that denies: "able" and "unable".
fn has_opposites(one: &BTreeSet<String>, two: &BTreeSet<String>) -> bool {
    const BEGINNINGS: [&str; 7] = ["un", "in", "im", "ir", "il", "dis", "non"];
    let opposes = |a: &BTreeSet<String>, b: &BTreeSet<String>| {
        a.iter().filter(|word| !b.contains(*word)).any(|word| {
            BEGINNINGS
                .iter()
                .filter_map(|beginning| word.strip_prefix(beginning))
                .any(|rest| rest.len() > 2 && b.contains(rest))
        })
    };
    opposes(one, two) || opposes(two, one)
}

/// What a clause speaks of: stems of words, pairs of neighbouring Han characters, figures; grammar and denial left out.
fn terms(text: &str, fold: &dyn Fn(char) -> char) -> BTreeSet<String> {
    let tokens = Tokens::of(text);
    let mut out = BTreeSet::new();
    let mut before: Option<char> = None;
    for at in 0..tokens.all.len() {
        let mut han = None;
        match tokens.kind(at) {
            Some(Kind::Han) => {
                let c = fold(tokens.char(at));
                if !STOP_CHARACTERS.contains(c) {
                    out.extend(before.map(|before| String::from_iter([before, c])));
                    han = Some(c);
                }
            }
            Some(Kind::Word) => {
                let word = plain(tokens.str(at));
                if !is_stop_word(&word) {
                    out.insert(stem(&word).to_owned());
                }
            }
            Some(Kind::Digits) => {
                out.insert(tokens.str(at).to_owned());
            }
            _ => {}
        }
        before = han;
    }
    out
}

fn is_stop_word(word: &str) -> bool {
    word.len() < 11 && STOP_WORDS.split_whitespace().any(|stop| stop == word)
}
