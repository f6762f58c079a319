//! The proof of a written answer: each sentence of a model's reply held against the passages that it was given.

use std::collections::BTreeMap;

use super::Ground;
use super::instructions::{Parted, part};
use super::judge::{Judge, Verdict};
use super::passages::Passage;
use super::prompt::says_nothing;
use super::reply::{Claim, Claims, claims, settled};
use crate::error::Error;
use crate::language::{is_mostly_cjk, sentences};
use crate::seams::Encoder;
use crate::types::{Answer, Citation, Embedding, Fault, Refusal, Sentence, Span};

/// A reply is looked at again when it is longer by this part of it.
const LOOKS: usize = 64;
/// Bytes of a reply that are checked while it is written; what is longer is checked at its end.
const LISTENED: usize = 32 << 10;
/// Bytes of a reply at most.
const LONGEST: usize = 256 << 10;

/// A reply after it was checked.
#[derive(Default)]
pub(super) struct Proof {
    /// What a reader gets: the sentences, each with its marks.
    text: String,
    sentences: Vec<Sentence>,
    citations: Vec<Citation>,
    /// Sentences that no passage bears out.
    pub(super) unsupported: usize,
    /// Numbers of passages that no passage has.
    pub(super) invented: usize,
    /// Images and foreign addresses that were taken out.
    pub(super) links: usize,
    /// Whether the model says that the passages hold no answer.
    none: bool,
}

/// Passages, parted into what may bear a sentence out and what is said to the machine.
pub(super) struct Material<'a> {
    passages: &'a [Passage],
    parted: Vec<Parted>,
}

impl<'a> Material<'a> {
    pub(super) fn of(passages: &'a [Passage]) -> Self {
        Self { passages, parted: passages.iter().map(|passage| part(&passage.text)).collect() }
    }

    /// Whether a text stands in a passage word for word.
    fn stands(&self, text: &str) -> bool {
        self.parted.iter().any(|parted| parted.passage.contains(text))
    }
}

/// Checks a reply against passages, sentence by sentence, while it is being written.
pub(super) struct Prover<'a> {
    material: &'a Material<'a>,
    ground: Ground<'a>,
    judge: Judge<'a>,
    /// Whether what is not borne out is left out.
    strict: bool,
    /// The reply so far.
    heard: String,
    /// The length of it at which it is looked at next: it is read from its beginning each time.
    look_at: usize,
    /// Claims of it that are checked.
    checked: usize,
    proof: Proof,
}

impl<'a> Prover<'a> {
    /// `meanings` are of sentences that have been encoded already.
    pub(super) fn new(
        material: &'a Material<'a>,
        ground: Ground<'a>,
        meanings: BTreeMap<String, Embedding>,
        strict: bool,
    ) -> Self {
        let judge = Judge::new(&material.parted, ground.encoder, meanings);
        Self { material, ground, judge, strict, heard: String::new(), look_at: 0, checked: 0, proof: Proof::default() }
    }

    /// Takes in a further part of the reply, checks the sentences that are whole with it, and gives what they add to the text.
    pub(super) fn hear(&mut self, part: &str) -> Result<String, Error> {
        self.heard.push_str(part);
        if self.heard.len() < self.look_at || self.heard.len() > LISTENED {
            return Ok(String::new());
        }
        self.look_at = self.heard.len() + self.heard.len() / LOOKS;
        let stands = |text: &str| self.material.stands(text);
        let claims = settled(&self.heard, self.material.passages.len(), &stands);
        self.check(claims)
    }

    /// Whether the reply is longer than any answer.
    pub(super) fn has_heard_enough(&self) -> bool {
        self.heard.len() > LONGEST
    }

    /// Checks what is left of the reply, and gives what that adds to the text, and the proof of all. Of a reply that was `cut`, a
    /// last sentence that breaks off is left out.
    pub(super) fn finish(mut self, cut: bool) -> Result<(String, Proof), Error> {
        let stands = |text: &str| self.material.stands(text);
        let heard = &self.heard[..self.heard.floor_char_boundary(LONGEST)];
        let Claims { mut claims, invented, links } = claims(heard, self.material.passages.len(), &stands);
        let others = claims.len() > 1;
        claims.pop_if(|last| cut && others && breaks_off(&last.text));
        let none = !claims.is_empty() && claims.iter().all(|claim| says_nothing(&claim.text));
        let added = self.check(claims)?;
        Ok((added, Proof { invented, links, none, ..self.proof }))
    }

    /// Checks those of `claims` that are new; what they add to the text.
    fn check(&mut self, claims: Vec<Claim>) -> Result<String, Error> {
        let before = self.proof.text.len();
        for claim in claims.into_iter().skip(self.checked) {
            self.checked += 1;
            if !says_nothing(&claim.text) {
                self.judge(claim)?;
            }
        }
        Ok(self.proof.text[before..].to_owned())
    }

    fn judge(&mut self, claim: Claim) -> Result<(), Error> {
        let cited: Vec<usize> = claim.cited.iter().map(|number| number - 1).collect();
        let Verdict { faults, evidence } = self.judge.verdict(&claim.text, &cited)?;
        self.proof.unsupported += usize::from(!faults.is_empty());
        if self.strict && !faults.is_empty() {
            return Ok(());
        }
        let mut citations = Vec::new();
        for (at, part) in evidence {
            citations.extend(self.proof.cite(&self.material.passages[at], part, self.ground)?);
        }
        self.proof.push(Sentence { text: claim.text, citations, faults }, claim.opens);
        Ok(())
    }
}

/// Why a sentence is not borne out by passages; none where it is. Which passages it cites, if any, `cited` says, from 0.
///
/// # Errors
/// When a sentence cannot be encoded.
pub fn faults(sentence: &str, passages: &[&str], cited: &[usize], encoder: &dyn Encoder) -> Result<Vec<Fault>, Error> {
    let parted: Vec<Parted> = passages.iter().map(|passage| part(passage)).collect();
    Ok(Judge::new(&parted, encoder, BTreeMap::new()).verdict(sentence, cited)?.faults)
}

impl Proof {
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

    fn push(&mut self, sentence: Sentence, opens: bool) {
        join(&mut self.text, &sentence, opens);
        self.sentences.push(sentence);
    }

    /// The answer as a reader gets it, put into `bare`.
    pub(super) fn into_answer(self, bare: Answer) -> Answer {
        let Self { text, sentences, citations, none, .. } = self;
        let refusal = match (none, sentences.is_empty()) {
            (true, _) => Some(Refusal::NotInPassages),
            (false, true) => Some(Refusal::NothingSupported),
            (false, false) => None,
        };
        Answer { text, sentences, citations, refusal, ..bare }
    }
}

/// Whether a sentence does not end as sentences do.
fn breaks_off(sentence: &str) -> bool {
    sentences(&format!("{sentence} A")).len() == 1
}

/// Adds a sentence to a text, marked with what bears it out.
fn join(text: &mut String, sentence: &Sentence, opens: bool) {
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
}
