//! The extractive answer: the sentences that say it, word for word. No language model is needed.

use std::collections::BTreeSet;

use qiao_model::{Long, Role};

use super::relevance::judge;
use crate::error::Error;
use crate::language::{clauses, coverage, is_mostly_cjk, is_whole, sentences, terms};
use crate::seams::{Encoder, Snapshot};
use crate::types::{
    Answer, Citation, DocumentId, Embedding, Features, Found, Hit, Judgement, Refusal, Scripts, Span, Usage,
};

/// Characters of a quotation at most.
const QUOTE_CHARACTERS: usize = 300;
/// Hits whose sentences are weighed.
const HITS: usize = 4;
/// Quotations at most.
const QUOTES: usize = 3;
// Beside a sentence's own meaning, in standard deviations over the candidates; chosen on `bench/answers`.
/// What the share of the question's words weighs.
const WORDS_WEIGHT: f32 = 0.5;
/// What the meaning of its chunk weighs.
const CHUNK_WEIGHT: f32 = 0.5;
/// What being a label or a fragment costs.
const FRAGMENT: f32 = 1.5;
/// A further quotation must be this near to the best one.
const NEAR: f32 = 0.8;

/// A question with its embedding.
#[derive(Debug)]
pub struct Asked<'a> {
    /// Its words.
    pub text: &'a str,
    /// Its meaning, as a query.
    pub embedding: &'a Embedding,
}

/// A sentence that may be quoted.
#[derive(Debug)]
struct Candidate<'a> {
    hit: &'a Hit,
    span: Span,
    text: &'a str,
    dense: f32,
    coverage: f32,
    score: f32,
}

/// What the hits hold for the question, before it is decided whether that is enough.
struct Evidence<'a> {
    candidates: Vec<Candidate<'a>>,
    features: Features,
    tokens: usize,
}

impl<'a> Evidence<'a> {
    /// Weighs the sentences of the best hits.
    fn weigh(
        question: &Asked<'_>,
        hits: &'a [Hit],
        encoder: &dyn Encoder,
        snapshot: &dyn Snapshot,
    ) -> Result<Self, Error> {
        let wanted = terms(question.text);
        let best = &hits[..hits.len().min(HITS)];
        let mut candidates = Vec::new();
        for hit in best {
            candidates.extend(sentences_of(hit, snapshot)?);
        }
        let texts: Vec<&str> = candidates.iter().map(|c| c.text).collect();
        let embedded = encoder.embed(Role::Passage, &texts, Long::Truncate)?;
        let mut tokens = 0;
        for (candidate, (embedding, receipt)) in candidates.iter_mut().zip(embedded) {
            candidate.dense = question.embedding.cosine(&embedding).unwrap_or_default();
            candidate.coverage = coverage(&wanted, &terms(candidate.text));
            tokens += receipt.tokens;
        }
        rank(&mut candidates);
        let most = |values: &mut dyn Iterator<Item = f32>| values.fold(0.0, f32::max);
        let features = Features {
            chunk: most(&mut best.iter().map(|hit| hit.cosine())),
            sentence: most(&mut candidates.iter().map(|c| c.dense)),
            coverage: most(&mut best.iter().map(|hit| coverage(&wanted, &terms(&hit.text)))),
            scripts: scripts(question.text, best.first().map_or("", |hit| &hit.text)),
        };
        Ok(Self { candidates, features, tokens })
    }

    /// The best sentence, and those that are nearly as good and say something else.
    fn chosen(&self) -> Vec<&Candidate<'a>> {
        let Some(best) = self.candidates.first() else { return Vec::new() };
        let mut said: Vec<BTreeSet<String>> = Vec::new();
        let near = self.candidates.iter().take_while(|c| c.score >= best.score - NEAR);
        let fresh = near.filter(|candidate| {
            let words = terms(candidate.text);
            let repeats = said.iter().any(|before| coverage(&words, before) > 0.8);
            said.push(words);
            !repeats
        });
        fresh.take(QUOTES).collect()
    }
}

/// Answers with quotations, or refuses where nothing bears on the question.
///
/// # Errors
/// When a sentence cannot be encoded, or the store cannot be read.
pub fn extract(
    question: &Asked<'_>,
    found: Found,
    encoder: &dyn Encoder,
    snapshot: &dyn Snapshot,
) -> Result<Answer, Error> {
    let evidence = Evidence::weigh(question, &found.hits, encoder, snapshot)?;
    let usage = Usage {
        chunks_searched: found.searched,
        sentences_weighed: evidence.candidates.len(),
        tokens_encoded: evidence.tokens,
    };
    let some = !evidence.candidates.is_empty();
    let judgement = some.then(|| judge(&encoder.id(), evidence.features));
    let refusal = refusal(judgement, &found.hits);
    let citations = match refusal {
        Some(_) => Vec::new(),
        None => cite(&evidence.chosen(), snapshot)?,
    };
    let text = citations.iter().map(Citation::quote).collect::<Vec<_>>().join("\n");
    Ok(Answer { text, citations, hits: found.hits, refusal, judgement, usage })
}

fn refusal(judgement: Option<Judgement>, hits: &[Hit]) -> Option<Refusal> {
    match judgement {
        None if hits.is_empty() => Some(Refusal::NothingToSearch),
        None => Some(Refusal::NothingRelevant),
        Some(j) => (j.relevance < j.threshold).then_some(Refusal::NothingRelevant),
    }
}

fn cite(chosen: &[&Candidate<'_>], snapshot: &dyn Snapshot) -> Result<Vec<Citation>, Error> {
    let mut citations = Vec::new();
    for candidate in chosen {
        let id: DocumentId = candidate.hit.chunk.document;
        if let Some(document) = snapshot.document(id)? {
            citations.extend(Citation::of(&document, candidate.span, candidate.hit.chunk.piece.heading_path.clone()));
        }
    }
    Ok(citations)
}

/// The sentences of a hit, headings left out, long ones cut into clauses.
fn sentences_of<'a>(hit: &'a Hit, snapshot: &dyn Snapshot) -> Result<Vec<Candidate<'a>>, Error> {
    let chunk = hit.chunk.piece.span;
    let headings = snapshot.headings(hit.chunk.document, chunk)?;
    let cut = sentences(&hit.text).into_iter().flat_map(|s| clauses(&hit.text, s, QUOTE_CHARACTERS));
    let candidate = |local: Span| {
        let span = Span::new(chunk.start + local.start, chunk.start + local.end);
        let text = &hit.text[local.range()];
        let says = text.chars().filter(|c| c.is_alphabetic()).count() > 1;
        let quotable = says && !headings.iter().any(|h| h.overlaps(span));
        quotable.then_some(Candidate { hit, span, text, dense: 0.0, coverage: 0.0, score: 0.0 })
    };
    Ok(cut.filter_map(candidate).collect())
}

fn scripts(question: &str, passage: &str) -> Scripts {
    match (is_mostly_cjk(question), is_mostly_cjk(passage)) {
        (true, true) => Scripts::Cjk,
        (false, false) => Scripts::Spaced,
        (true, false) => Scripts::CjkToSpaced,
        (false, true) => Scripts::SpacedToCjk,
    }
}

/// Sorts by meaning, words and chunk together; best first, ties by chunk and place.
fn rank(candidates: &mut [Candidate<'_>]) {
    let dense = standardised(candidates.iter().map(|c| c.dense));
    let words = standardised(candidates.iter().map(|c| c.coverage));
    let chunks = standardised(candidates.iter().map(|c| c.hit.cosine()));
    for (((candidate, dense), words), chunk) in candidates.iter_mut().zip(dense).zip(words).zip(chunks) {
        let fragment = if is_whole(candidate.text) { 0.0 } else { FRAGMENT };
        candidate.score = dense + WORDS_WEIGHT * words + CHUNK_WEIGHT * chunk - fragment;
    }
    candidates.sort_by(|a, b| {
        b.score.total_cmp(&a.score).then_with(|| (a.hit.chunk.id, a.span).cmp(&(b.hit.chunk.id, b.span)))
    });
}

fn standardised(values: impl Iterator<Item = f32> + Clone) -> Vec<f32> {
    let n = values.clone().count().max(1) as f32;
    let mean = values.clone().sum::<f32>() / n;
    let deviation = (values.clone().map(|v| (v - mean) * (v - mean)).sum::<f32>() / n).sqrt().max(1e-6);
    values.map(|v| (v - mean) / deviation).collect()
}
