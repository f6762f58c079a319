//! What passages say to one sentence: whether they bear it out, and where.

use std::collections::{BTreeMap, BTreeSet};

use qiao_model::{Long, Role};

use super::check::{Report, Sources, find_quote, quotations};
use super::instructions::Parted;
use crate::error::Error;
use crate::language::{clauses, coverage, is_mostly_cjk, is_whole, sentences, simplified, terms};
use crate::seams::Encoder;
use crate::types::{Embedding, Fault, Span};

// What follows was chosen on the half `dev` of the labelled sentences and is measured on the half `test` (`bench/answers`).
/// Sentences of the passages that are likest to one: what it is compared with.
const COMPARED: usize = 6;
/// They say something of the kind where they have this share of its words among them,
const ALIKE: f32 = 0.45;
/// and at least so many of them, where it has as many,
const LEAST_SHARED: usize = 2;
/// or where the nearest in meaning stands this part of the way from their mean cosine to 1.
const NEAR: f32 = 0.33;
/// It comes from an instruction to the machine where one has this share of its words, and more than the rest of the passages.
const OBEYED: f32 = 0.75;
/// Words beside a quotation that are no claim of their own: who says it, and where.
const LEAD: usize = 3;
/// Characters of a sentence that is cited, at most.
const CITED: usize = 300;

/// What the passages say to one sentence.
pub(super) struct Verdict {
    pub(super) faults: Vec<Fault>,
    /// What bears it out: a passage by its place, and a part of its text.
    pub(super) evidence: Vec<(usize, Span)>,
}

/// Passages, read for comparison.
pub(super) struct Judge<'a> {
    passages: Vec<&'a str>,
    /// Each alone.
    sources: Vec<Sources<'a>>,
    sentences: Vec<Spoken<'a>>,
    /// The words of each sentence that is said to a machine.
    instructions: Vec<BTreeSet<String>>,
    encoder: &'a dyn Encoder,
    meanings: BTreeMap<String, Embedding>,
}

/// A sentence of a passage.
struct Spoken<'a> {
    passage: usize,
    span: Span,
    text: &'a str,
    words: BTreeSet<String>,
}

/// How far to look for what bears a sentence out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Look {
    /// It is no claim of its own, only its numbers, dates and names must stand.
    Facts,
    /// By its words.
    Words,
    /// By its meaning where words do not settle it, which takes time.
    Meaning,
}

/// What a set of passages says to a sentence.
struct Heard {
    faults: Vec<Fault>,
    covered: f32,
    evidence: Vec<(usize, Span)>,
}

impl Heard {
    fn is_better_than(&self, other: &Self) -> bool {
        (self.faults.len(), -self.covered) < (other.faults.len(), -other.covered)
    }
}

impl<'a> Judge<'a> {
    /// `meanings` are of sentences that have been encoded already.
    pub(super) fn new(parted: &'a [Parted], encoder: &'a dyn Encoder, meanings: BTreeMap<String, Embedding>) -> Self {
        let passages: Vec<&'a str> = parted.iter().map(|parted| parted.passage.as_str()).collect();
        let spoken = |(passage, text): (usize, &&'a str)| {
            let text: &'a str = text;
            let cut = sentences(text).into_iter().flat_map(move |span| clauses(text, span, CITED));
            cut.map(move |span| Spoken { passage, span, text: &text[span.range()], words: terms(&text[span.range()]) })
                .collect::<Vec<_>>()
        };
        Self {
            sources: passages.iter().map(|text| Sources::new(&[text], &simplified)).collect(),
            sentences: passages.iter().enumerate().flat_map(spoken).collect(),
            instructions: parted.iter().flat_map(|parted| &parted.instructions).map(|said| terms(said)).collect(),
            passages,
            encoder,
            meanings,
        }
    }

    /// What the passages say to a sentence, which cites those at `cited`.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub(super) fn verdict(&mut self, sentence: &str, cited: &[usize]) -> Result<Verdict, Error> {
        let mut faults = Vec::new();
        let mut evidence = Vec::new();
        let mut rest = sentence.to_owned();
        let quotes = quotations(sentence);
        for quote in &quotes {
            let text = &sentence[quote.start..quote.end];
            match self.place_of(text, cited) {
                Some(places) => evidence.extend(places),
                None => faults.push(Fault::Quotation { text: text.to_owned() }),
            }
            rest.replace_range(quote.start..quote.end, &" ".repeat(quote.end - quote.start));
        }
        let is_claim = quotes.is_empty() || terms(&rest).len() > LEAD;
        let heard = self.heard(&rest, cited, if is_claim { Look::Meaning } else { Look::Facts })?;
        faults.extend(heard.faults);
        evidence.extend(heard.evidence);
        if !faults.is_empty() {
            evidence.clear();
        }
        Ok(Verdict { faults, evidence })
    }

    /// Where a quotation stands: in a passage that is cited, else in any.
    fn place_of(&self, quote: &str, cited: &[usize]) -> Option<Vec<(usize, Span)>> {
        let others = (0..self.passages.len()).filter(|at| !cited.contains(at));
        let mut all = cited.iter().copied().chain(others);
        let found = |at: usize| {
            let parts = find_quote(quote, self.passages[at]);
            let places = parts.into_iter().map(|part| (at, Span::new(part.start, part.end)));
            Some(places.collect::<Vec<_>>()).filter(|places| !places.is_empty())
        };
        all.find_map(found)
    }

    /// What the passages that are cited say to a sentence, all together; where they do not bear it out, what another says.
    fn heard(&mut self, sentence: &str, cited: &[usize], look: Look) -> Result<Heard, Error> {
        let mut best = match cited {
            [] => None,
            cited => Some(self.heard_of(sentence, cited, look)?),
        };
        let clean = |best: &Option<Heard>| best.as_ref().is_some_and(|best| best.faults.is_empty());
        let mut open = Vec::new();
        for at in (0..self.passages.len()).filter(|at| !cited.contains(at)) {
            if clean(&best) {
                break;
            }
            let heard = self.heard_of(sentence, &[at], look.min(Look::Words))?;
            if heard.faults == [Fault::Unrelated] {
                open.push(at);
            }
            // what is cited is what faults are told of
            let kept = best.as_ref().is_some_and(|best| !cited.is_empty() || !heard.is_better_than(best));
            if heard.faults.is_empty() || !kept {
                best = Some(heard);
            }
        }
        if cited.is_empty() && !clean(&best) && !open.is_empty() && look == Look::Meaning {
            best = Some(self.heard_of(sentence, &open, look)?);
        }
        Ok(best.unwrap_or(Heard { faults: vec![Fault::Unrelated], covered: 0.0, evidence: Vec::new() }))
    }

    fn heard_of(&mut self, sentence: &str, set: &[usize], look: Look) -> Result<Heard, Error> {
        let texts: Vec<&str> = set.iter().map(|at| self.passages[*at]).collect();
        let report = match set {
            [one] => self.sources[*one].check(sentence),
            _ => Sources::new(&texts, &simplified).check(sentence),
        };
        let other_script = set.iter().all(|at| is_mostly_cjk(self.passages[*at]) != is_mostly_cjk(sentence));
        let covered = report.covered;
        let mut faults = faults_of(report, &texts, other_script);
        let evidence = match faults.is_empty() && look > Look::Facts {
            true => self.evidence(sentence, set, look)?,
            false => Ok(Vec::new()),
        };
        let evidence = evidence.unwrap_or_else(|fault| {
            faults.push(fault);
            Vec::new()
        });
        Ok(Heard { faults, covered, evidence })
    }

    /// The sentences of some passages that say the same: the one with most of the words or the nearest meaning, and a second
    /// one where that has much of what the first lacks; or why there is none.
    fn evidence(
        &mut self,
        sentence: &str,
        set: &[usize],
        look: Look,
    ) -> Result<Result<Vec<(usize, Span)>, Fault>, Error> {
        let wanted = terms(sentence);
        let mut likely: Vec<(f32, usize)> = Vec::new();
        for (at, spoken) in self.sentences.iter().enumerate().filter(|(_, spoken)| set.contains(&spoken.passage)) {
            likely.push((coverage(&wanted, &spoken.words), at));
        }
        likely.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        likely.truncate(COMPARED);
        let likely: Vec<usize> = likely.into_iter().map(|(_, at)| at).collect();
        let heard: BTreeSet<String> = likely.iter().flat_map(|at| self.sentences[*at].words.iter().cloned()).collect();
        let (share, shared) = (coverage(&wanted, &heard), wanted.intersection(&heard).count());
        let told = self.instructions.iter().map(|said| coverage(&wanted, said)).fold(0.0, f32::max);
        if told >= OBEYED && told > share {
            return Ok(Err(Fault::Instruction));
        }
        let first = match share >= ALIKE && shared >= wanted.len().min(LEAST_SHARED) {
            true => likely.first().copied(),
            false if look == Look::Meaning => self.nearest(sentence, &likely)?,
            false => None,
        };
        let Some(first) = first else { return Ok(Err(Fault::Unrelated)) };
        let has = &self.sentences[first].words;
        let lacking: BTreeSet<String> = wanted.difference(has).cloned().collect();
        let adds = |at: usize| {
            coverage(&lacking, &self.sentences[at].words) * lacking.len() as f32 / wanted.len().max(1) as f32
        };
        let second = likely.iter().copied().filter(|at| *at != first).max_by(|a, b| adds(*a).total_cmp(&adds(*b)));
        let second = second.filter(|at| adds(*at) >= 0.25);
        Ok(Ok(self.merged(first, second)))
    }

    /// Two sentences as they are cited: as one part where they are neighbours.
    fn merged(&self, first: usize, second: Option<usize>) -> Vec<(usize, Span)> {
        let part = |at: usize| (self.sentences[at].passage, self.sentences[at].span);
        match second {
            None => vec![part(first)],
            Some(second) if first.abs_diff(second) == 1 && part(first).0 == part(second).0 => {
                let (a, b) = (part(first).1, part(second).1);
                vec![(part(first).0, Span::new(a.start.min(b.start), a.end.max(b.end)))]
            }
            Some(second) => vec![part(first), part(second)],
        }
    }

    /// The sentence nearest in meaning, where it stands out from what the passages say on the whole.
    fn nearest(&mut self, sentence: &str, compared: &[usize]) -> Result<Option<usize>, Error> {
        // a heading is near to much, and says nothing
        let compared: Vec<usize> = compared.iter().copied().filter(|at| is_whole(self.sentences[*at].text)).collect();
        let texts: Vec<&str> = compared.iter().map(|at| self.sentences[*at].text).chain([sentence]).collect();
        let new: Vec<&str> = texts.iter().copied().filter(|text| !self.meanings.contains_key(*text)).collect();
        let embedded = self.encoder.embed(Role::Passage, &new, Long::Truncate)?;
        let learnt =
            new.iter().map(|text| (*text).to_owned()).zip(embedded.into_iter().map(|(embedding, _)| embedding));
        self.meanings.extend(learnt);
        let Some(own) = self.meanings.get(sentence) else { return Ok(None) };
        let cosine = |at: &usize| {
            let other = self.meanings.get(self.sentences[*at].text);
            other.and_then(|other| own.cosine(other)).unwrap_or_default()
        };
        let cosines: Vec<f32> = compared.iter().map(cosine).collect();
        let mean = cosines.iter().sum::<f32>() / cosines.len().max(1) as f32;
        let best = compared.iter().zip(&cosines).fold(None, |best: Option<(usize, f32)>, (at, cosine)| match best {
            Some((_, most)) if most >= *cosine => best,
            _ => Some((*at, *cosine)),
        });
        Ok(best.filter(|(_, cosine)| cosine - mean >= NEAR * (1.0 - mean)).map(|(at, _)| at))
    }
}

/// What a report says against a sentence. Names of one script cannot be looked for in a text of another, nor can its clauses.
fn faults_of(report: Report, texts: &[&str], other_script: bool) -> Vec<Fault> {
    let said = |source: usize, at: Span| at.of(texts.get(source)?).map(str::to_owned);
    let number = report.numbers.into_iter().map(|missing| Fault::Number { text: missing.what });
    let date = report.dates.into_iter().map(|missing| Fault::Date { text: missing.what });
    let name = report.names.into_iter().map(|missing| Fault::Name { text: missing.what }).filter(|_| !other_script);
    let contrary = report.negation.filter(|_| !other_script).and_then(|d| said(d.source, d.at));
    let negation = contrary.map(|text| Fault::Negation { text });
    number.chain(date).chain(name).chain(negation).collect()
}
