//! What hits hold for a question: their sentences, weighed, and how far all of it bears on the question.

use std::collections::BTreeMap;

use qiao_model::{Long, Role};

use super::Ground;
use crate::error::Error;
use crate::language::{clauses, coverage, is_mostly_cjk, is_whole, sentences, terms};
use crate::seams::Snapshot;
use crate::types::{Embedding, Features, Found, Hit, Scripts, Span};

/// Characters of a quotation at most.
const QUOTE_CHARACTERS: usize = 300;
/// Hits that are looked at.
const HITS: usize = 4;
/// Sentences that are encoded.
const WEIGHED: usize = 6;
// Beside a sentence's own meaning, in standard deviations over the candidates; chosen on `bench/answers`.
/// What the share of the question's words weighs.
const WORDS_WEIGHT: f32 = 0.5;
/// What the meaning of its chunk weighs.
const CHUNK_WEIGHT: f32 = 0.5;
/// What being a label or a fragment costs.
const FRAGMENT: f32 = 1.5;

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
pub(super) struct Candidate<'a> {
    /// Where it stands.
    pub(super) hit: &'a Hit,
    /// Its place in the document.
    pub(super) span: Span,
    /// Its text.
    pub(super) text: &'a str,
    /// Cosine to the question.
    pub(super) dense: f32,
    /// The share of the question's terms in it.
    pub(super) coverage: f32,
    /// How well it answers, beside the other candidates.
    pub(super) score: f32,
}

/// What the hits hold for the question, before it is decided whether that is enough.
#[derive(Debug)]
pub(super) struct Evidence<'a> {
    /// Best first.
    pub(super) candidates: Vec<Candidate<'a>>,
    /// What decides between answer and refusal.
    pub(super) features: Features,
    /// What each of these sentences means.
    pub(super) meanings: BTreeMap<String, Embedding>,
    /// Tokens encoded.
    pub(super) tokens: usize,
}

impl<'a> Evidence<'a> {
    /// Weighs the sentences of the best hits.
    pub(super) fn weigh(question: &Asked<'_>, found: &'a Found, ground: Ground<'_>) -> Result<Self, Error> {
        let wanted = terms(question.text);
        let best = &found.hits[..found.hits.len().min(HITS)];
        let mut candidates = Vec::new();
        for hit in best {
            candidates.extend(sentences_of(hit, ground.snapshot)?);
        }
        candidates.iter_mut().for_each(|one| one.coverage = coverage(&wanted, &terms(one.text)));
        keep_likely(&mut candidates);
        let texts: Vec<&str> = candidates.iter().map(|c| c.text).collect();
        let embedded = ground.encoder.embed(Role::Passage, &texts, Long::Truncate)?;
        let (mut tokens, mut meanings) = (0, BTreeMap::new());
        for (candidate, (embedding, receipt)) in candidates.iter_mut().zip(embedded) {
            candidate.dense = question.embedding.cosine(&embedding).unwrap_or_default();
            tokens += receipt.tokens;
            meanings.insert(candidate.text.to_owned(), embedding);
        }
        rank(&mut candidates);
        let sentence = greatest(candidates.iter().map(|c| c.dense));
        let features = Features { sentence, ..features(question.text, best, found.most_by_words) };
        Ok(Self { candidates, features, meanings, tokens })
    }
}

/// What the hits tell by themselves.
fn features(question: &str, best: &[Hit], most_by_words: f32) -> Features {
    let cosines = best.iter().map(Hit::cosine);
    let chunk = greatest(cosines.clone());
    let mean = cosines.sum::<f32>() / best.len().max(1) as f32;
    let words = greatest(best.iter().map(Hit::by_words));
    Features {
        chunk,
        sentence: 0.0,
        words: if most_by_words > 0.0 { words / most_by_words } else { 0.0 },
        apart: (best.len() > 1).then_some(chunk - mean),
        scripts: scripts(question, best.first().map_or("", |hit| &hit.text)),
    }
}

fn greatest(values: impl Iterator<Item = f32>) -> f32 {
    values.fold(0.0, f32::max)
}

/// Keeps the sentences that are likeliest to answer, by their words and by how well their chunk was found: to encode all
/// would take longer than all else, and finds hardly more (`bench/answers`).
fn keep_likely(candidates: &mut Vec<Candidate<'_>>) {
    let words = standardised(candidates.iter().map(|c| c.coverage));
    let chunks = standardised(candidates.iter().map(|c| c.hit.score));
    for ((candidate, words), chunk) in candidates.iter_mut().zip(words).zip(chunks) {
        candidate.score = words + CHUNK_WEIGHT * chunk;
    }
    // stable: of equals, those of the better hit, and those that stand first
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    candidates.truncate(WEIGHED);
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
