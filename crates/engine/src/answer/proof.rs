//! The proof of a written answer: each sentence of a model's reply held against the passages that it was given.

use std::collections::{BTreeMap, BTreeSet};

use qiao_model::{Long, Role};

use super::Ground;
use super::check::{Report, Sources, find_quote, quotations};
use super::instructions::{Parted, part};
use super::passages::Passage;
use super::prompt::says_nothing;
use super::reply::{Claim, claims};
use crate::error::Error;
use crate::language::{clauses, coverage, is_mostly_cjk, sentences, simplified, terms};
use crate::seams::Encoder;
use crate::types::{Answer, Citation, Embedding, Fault, Refusal, Sentence, Span};

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

/// A reply after it was checked.
pub(super) struct Proof {
    sentences: Vec<Sentence>,
    /// Whether each begins a paragraph.
    opens: Vec<bool>,
    citations: Vec<Citation>,
    /// Numbers of passages that no passage has.
    pub(super) invented: usize,
    /// Images and foreign addresses that were taken out.
    pub(super) links: usize,
    /// Whether the model says that the passages hold no answer.
    none: bool,
}

/// What the passages say to one sentence.
struct Verdict {
    faults: Vec<Fault>,
    /// What bears it out: a passage by its place, and a part of its text.
    evidence: Vec<(usize, Span)>,
}

/// Checks a reply against the passages, sentence by sentence.
pub(super) fn prove(reply: &str, passages: &[Passage], ground: Ground<'_>) -> Result<Proof, Error> {
    let parted: Vec<Parted> = passages.iter().map(|passage| part(&passage.text)).collect();
    let texts: Vec<&str> = parted.iter().map(|parted| parted.passage.as_str()).collect();
    let stands = |text: &str| texts.iter().any(|source| source.contains(text));
    let taken = claims(reply, passages.len(), &stands);
    let (silent, said): (Vec<Claim>, Vec<Claim>) = taken.claims.into_iter().partition(|c| says_nothing(&c.text));
    let mut proof = Proof {
        sentences: Vec::new(),
        opens: said.iter().map(|claim| claim.opens).collect(),
        citations: Vec::new(),
        invented: taken.invented,
        links: taken.links,
        none: said.is_empty() && !silent.is_empty(),
    };
    let mut judge = Judge::new(&texts, &parted, ground.encoder);
    for claim in said {
        let cited: Vec<usize> = claim.cited.iter().map(|number| number - 1).collect();
        let Verdict { faults, evidence } = judge.verdict(&claim.text, &cited)?;
        let mut citations = Vec::new();
        for (at, part) in evidence {
            citations.extend(proof.cite(&passages[at], part, ground)?);
        }
        proof.sentences.push(Sentence { text: claim.text, citations, faults });
    }
    Ok(proof)
}

/// Why a sentence is not borne out by passages; none where it is. Which passages it cites, if any, `cited` says, from 0.
///
/// # Errors
/// When a sentence cannot be encoded.
pub fn faults(sentence: &str, passages: &[&str], cited: &[usize], encoder: &dyn Encoder) -> Result<Vec<Fault>, Error> {
    let parted: Vec<Parted> = passages.iter().map(|passage| part(passage)).collect();
    let texts: Vec<&str> = parted.iter().map(|parted| parted.passage.as_str()).collect();
    Ok(Judge::new(&texts, &parted, encoder).verdict(sentence, cited)?.faults)
}

impl Proof {
    /// How many sentences no passage bears out.
    pub(super) fn unsupported(&self) -> usize {
        self.sentences.iter().filter(|sentence| !sentence.is_supported()).count()
    }

    /// The place of a citation of a part of a passage, which is made where it is new.
    fn cite(&mut self, passage: &Passage, part: Span, ground: Ground<'_>) -> Result<Option<usize>, Error> {
        let span = Span::new(passage.span.start + part.start, passage.span.start + part.end);
        let known = self.citations.iter().position(|c| c.origin() == passage.origin && c.span() == span);
        if known.is_some() {
            return Ok(known);
        }
        let document = ground.snapshot.document(passage.document)?;
        let new = document.and_then(|document| Citation::of(&document, span, passage.heading_path.clone()));
        self.citations.extend(new.clone());
        Ok(new.map(|_| self.citations.len() - 1))
    }

    /// The answer as a reader gets it, put into `bare`: what is not borne out is marked, or left out where `strict`.
    pub(super) fn into_answer(self, strict: bool, bare: Answer) -> Answer {
        let Self { mut sentences, opens, citations, none, .. } = self;
        let mut opens = opens.into_iter();
        if strict {
            let kept: Vec<bool> = sentences.iter().map(Sentence::is_supported).collect();
            let mut kept_too = kept.iter();
            opens = opens.filter(|_| kept_too.next() == Some(&true)).collect::<Vec<_>>().into_iter();
            sentences.retain(Sentence::is_supported);
        }
        let refusal = match (none, sentences.is_empty()) {
            (true, _) => Some(Refusal::NotInPassages),
            (false, true) => Some(Refusal::NothingSupported),
            (false, false) => None,
        };
        let text =
            sentences.iter().zip(opens).fold(String::new(), |text, (sentence, opens)| joined(text, sentence, opens));
        Answer { text, sentences, citations, refusal, ..bare }
    }
}

/// A text with one more sentence, marked with what bears it out.
fn joined(mut text: String, sentence: &Sentence, opens: bool) -> String {
    let chinese = is_mostly_cjk(&sentence.text);
    match (text.is_empty(), opens) {
        (true, _) => {}
        (false, true) => text.push('\n'),
        (false, false) if chinese => {}
        (false, false) => text.push(' '),
    }
    text.push_str(&sentence.text);
    if !chinese {
        text.push(' ');
    }
    let marks: String = sentence.citations.iter().map(|at| format!("[{}]", at + 1)).collect();
    match (sentence.is_supported(), chinese) {
        (true, _) => text.push_str(&marks),
        (false, true) => text.push_str("［无依据］"),
        (false, false) => text.push_str("[unsupported]"),
    }
    text
}

/// Passages, read for comparison.
struct Judge<'a> {
    passages: &'a [&'a str],
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

/// What a set of passages says to a sentence.
struct Heard {
    faults: Vec<Fault>,
    covered: f32,
    evidence: Vec<(usize, Span)>,
}

impl<'a> Judge<'a> {
    /// `passages` are those of `parted`.
    fn new(passages: &'a [&'a str], parted: &[Parted], encoder: &'a dyn Encoder) -> Self {
        let spoken = |(passage, text): (usize, &&'a str)| {
            let text: &'a str = text;
            let cut = sentences(text).into_iter().flat_map(move |span| clauses(text, span, CITED));
            cut.map(move |span| Spoken { passage, span, text: &text[span.range()], words: terms(&text[span.range()]) })
                .collect::<Vec<_>>()
        };
        Self {
            passages,
            sources: passages.iter().map(|text| Sources::new(&[text], &simplified)).collect(),
            sentences: passages.iter().enumerate().flat_map(spoken).collect(),
            instructions: parted.iter().flat_map(|parted| &parted.instructions).map(|said| terms(said)).collect(),
            encoder,
            meanings: BTreeMap::new(),
        }
    }

    fn verdict(&mut self, sentence: &str, cited: &[usize]) -> Result<Verdict, Error> {
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
        let heard = self.heard(&rest, cited, is_claim)?;
        faults.extend(heard.faults);
        if is_claim {
            evidence.extend(heard.evidence);
        }
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
    fn heard(&mut self, sentence: &str, cited: &[usize], is_claim: bool) -> Result<Heard, Error> {
        let mut best: Option<Heard> = None;
        let alone = (0..self.passages.len()).map(|at| vec![at]);
        let together = Some(cited.to_vec()).filter(|cited| !cited.is_empty());
        for set in together.into_iter().chain(alone) {
            let heard = self.heard_of(sentence, &set, is_claim)?;
            if heard.faults.is_empty() {
                return Ok(heard);
            }
            // what is cited is what the faults are told of
            let better = |best: &Heard| {
                cited.is_empty() && (heard.faults.len(), -heard.covered) < (best.faults.len(), -best.covered)
            };
            if best.as_ref().is_none_or(better) {
                best = Some(heard);
            }
        }
        Ok(best.unwrap_or(Heard { faults: vec![Fault::Unrelated], covered: 0.0, evidence: Vec::new() }))
    }

    fn heard_of(&mut self, sentence: &str, set: &[usize], is_claim: bool) -> Result<Heard, Error> {
        let texts: Vec<&str> = set.iter().map(|at| self.passages[*at]).collect();
        let report = match set {
            [one] => self.sources[*one].check(sentence),
            _ => Sources::new(&texts, &simplified).check(sentence),
        };
        let other_script = set.iter().all(|at| is_mostly_cjk(self.passages[*at]) != is_mostly_cjk(sentence));
        let covered = report.covered;
        let mut faults = faults_of(report, &texts, other_script);
        let evidence = match is_claim && faults.is_empty() {
            true => self.evidence(sentence, set)?,
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
    fn evidence(&mut self, sentence: &str, set: &[usize]) -> Result<Result<Vec<(usize, Span)>, Fault>, Error> {
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
            false => self.nearest(sentence, &likely)?,
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
