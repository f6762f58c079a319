//! The proof of a written answer: each sentence of a model's reply held against the passages that it was given.

use std::collections::BTreeMap;

use super::Ground;
use super::instructions::{Parted, part};
use super::judge::{Judge, Verdict};
use super::passages::Passage;
use super::prompt::says_nothing;
use super::reply::{Claim, claims};
use crate::error::Error;
use crate::language::is_mostly_cjk;
use crate::seams::Encoder;
use crate::types::{Answer, Citation, Embedding, Fault, Refusal, Sentence, Span};

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

/// Checks a reply against the passages, sentence by sentence; `meanings` are of sentences that have been encoded already.
pub(super) fn prove(
    reply: &str,
    passages: &[Passage],
    ground: Ground<'_>,
    meanings: BTreeMap<String, Embedding>,
) -> Result<Proof, Error> {
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
    let mut judge = Judge::new(&texts, &parted, ground.encoder, meanings);
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
    Ok(Judge::new(&texts, &parted, encoder, BTreeMap::new()).verdict(sentence, cited)?.faults)
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
