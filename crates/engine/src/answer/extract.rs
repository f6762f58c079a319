//! The extractive answer: the sentences that say it, word for word. No language model is needed.

use std::collections::BTreeSet;

use super::evidence::{Candidate, Evidence};
use crate::error::Error;
use crate::language::{coverage, terms};
use crate::seams::Snapshot;
use crate::types::{Answer, Citation, Sentence};

/// Quotations at most.
const QUOTES: usize = 3;
/// A further quotation must be this near to the best one.
const NEAR: f32 = 1.0;

/// The answer that consists of the best sentences, put into `bare`.
pub(super) fn extract(evidence: &Evidence<'_>, snapshot: &dyn Snapshot, bare: Answer) -> Result<Answer, Error> {
    let mut citations = Vec::new();
    for candidate in chosen(evidence) {
        let chunk = &candidate.hit.chunk;
        if let Some(document) = snapshot.document(chunk.document)? {
            citations.extend(Citation::of(&document, candidate.span, chunk.piece.heading_path.clone()));
        }
    }
    let text = citations.iter().map(Citation::quote).collect::<Vec<_>>().join("\n");
    let sentence = |(i, citation): (usize, &Citation)| Sentence {
        text: citation.quote().to_owned(),
        citations: vec![i],
        faults: Vec::new(),
    };
    let sentences = citations.iter().enumerate().map(sentence).collect();
    Ok(Answer { text, sentences, citations, ..bare })
}

/// The best sentence, and those that are nearly as good and say something else.
fn chosen<'e, 'a>(evidence: &'e Evidence<'a>) -> Vec<&'e Candidate<'a>> {
    let Some(best) = evidence.candidates.first() else { return Vec::new() };
    let mut said: Vec<BTreeSet<String>> = Vec::new();
    let near = evidence.candidates.iter().take_while(|c| c.score >= best.score - NEAR);
    let fresh = near.filter(|candidate| {
        let words = terms(candidate.text);
        let repeats = said.iter().any(|before| coverage(&words, before) > 0.8);
        said.push(words);
        !repeats
    });
    fresh.take(QUOTES).collect()
}
