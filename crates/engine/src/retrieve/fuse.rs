//! Two lists into one.

use std::collections::{BTreeMap, BTreeSet};

use qiao_model::Scored;

use super::{Mode, Query, Request};
use crate::error::StoreError;
use crate::seams::{Filter, Lexical, Snapshot};
use crate::types::{ChunkId, Standing, Why};

/// Chunks of each list whose scores say how both are weighed, and with which a search begins.
const DEPTH: usize = 100;
/// How much deeper the next look is.
const DEEPER: usize = 8;
// Fused is the sum of both scores, each as standard deviations from its mean over the first pool: scores of any model and any
// query come to one scale. Chosen on `bench/retrieval`, where sums of reciprocal ranks (Cormack et al. 2009) and scores
// between their least and greatest lost.
/// What meaning weighs.
const DENSE: f32 = 0.6;
/// What words weigh.
const LEXICAL: f32 = 0.4;
/// Words weigh less where the best chunk has less than this share of what could be had by them: a question in another language,
/// of which a number or a name is all that is found.
const HEARD: f32 = 0.2;

/// A chunk with the reasons for its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ranked {
    pub(super) id: ChunkId,
    pub(super) score: f32,
    pub(super) why: Why,
}

/// The chunks that either list has down to some depth.
pub(super) struct Pool<'a> {
    snapshot: &'a dyn Snapshot,
    query: &'a Query<'a>,
    filter: &'a Filter,
    mode: Mode,
    depth: usize,
    lists: Lists,
    scales: Scales,
    /// What a chunk would score that had each term of the query without end.
    most_by_words: f32,
    /// How much of their weight words have.
    heard: f32,
    ranked: Vec<Ranked>,
}

/// What each list has, best first.
#[derive(Default)]
struct Lists {
    dense: Vec<Scored<ChunkId>>,
    lexical: Vec<Scored<ChunkId>>,
}

/// How scores of both lists are brought to one scale.
#[derive(Debug, Clone, Copy)]
struct Scales {
    dense: Scale,
    lexical: Scale,
}

/// A linear scale.
#[derive(Debug, Clone, Copy)]
struct Scale {
    mean: f32,
    deviation: f32,
}

impl Scale {
    fn of(scores: &[f32]) -> Self {
        let n = scores.len().max(1) as f64;
        let mean = scores.iter().map(|s| f64::from(*s)).sum::<f64>() / n;
        let variance = scores.iter().map(|s| (f64::from(*s) - mean).powi(2)).sum::<f64>() / n;
        Self { mean: mean as f32, deviation: variance.sqrt() as f32 }
    }

    /// 0 where all were alike: then they say nothing.
    fn apply(self, score: f32) -> f32 {
        if self.deviation > 1e-6 { (score - self.mean) / self.deviation } else { 0.0 }
    }
}

/// A chunk's scores in both lists.
#[derive(Debug, Clone, Copy)]
struct Both {
    id: ChunkId,
    dense: f32,
    lexical: f32,
}

impl<'a> Pool<'a> {
    /// The first look.
    pub(super) fn new(
        snapshot: &'a dyn Snapshot,
        query: &'a Query<'a>,
        request: &'a Request,
    ) -> Result<Self, StoreError> {
        // without a word or without a meaning, one list is all there is
        let mode = match request.mode {
            Mode::Hybrid if query.meaning.is_none() => Mode::Lexical,
            Mode::Hybrid if query.words.is_empty() => Mode::Dense,
            mode => mode,
        };
        let none = Scale { mean: 0.0, deviation: 0.0 };
        let scales = Scales { dense: none, lexical: none };
        let (filter, lists) = (&request.filter, Lists::default());
        let (most_by_words, heard, ranked) = (0.0, 0.0, Vec::new());
        let mut pool =
            Self { snapshot, query, filter, mode, depth: DEPTH, lists, scales, most_by_words, heard, ranked };
        pool.look()?;
        Ok(pool)
    }

    /// What a chunk would score by words that had each term of the query without end.
    pub(super) fn most_by_words(&self) -> f32 {
        self.most_by_words
    }

    /// Best first.
    pub(super) fn ranked(&self) -> &[Ranked] {
        &self.ranked
    }

    /// Whether a deeper look would find nothing new.
    pub(super) fn is_whole(&self) -> bool {
        let longest = self.lists.dense.len().max(self.lists.lexical.len());
        longest < self.depth
    }

    /// What a chunk scores at most that neither list has yet.
    pub(super) fn best_unseen(&self) -> f32 {
        let last = |list: &[Scored<ChunkId>]| list.last().filter(|_| list.len() >= self.depth).map(|last| last.score);
        let (dense, lexical) = (last(&self.lists.dense), last(&self.lists.lexical));
        match self.mode {
            Mode::Dense => dense.unwrap_or(f32::MIN),
            Mode::Lexical => lexical.unwrap_or(f32::MIN),
            Mode::Hybrid => dense.map_or(f32::MIN, |dense| {
                let words = LEXICAL * self.heard * self.scales.lexical.apply(lexical.unwrap_or(0.0));
                DENSE * self.scales.dense.apply(dense) + words
            }),
        }
    }

    /// Looks further down; the scale stays that of the first look, so that what was found keeps its score.
    pub(super) fn deepen(&mut self) -> Result<(), StoreError> {
        self.depth = self.depth.saturating_mul(DEEPER);
        self.look()
    }

    fn look(&mut self) -> Result<(), StoreError> {
        let (snapshot, query, filter, depth) = (self.snapshot, self.query, self.filter, self.depth);
        if self.mode != Mode::Dense || query.words.has_phrases() {
            let Lexical { best, most } = snapshot.lexical(&query.words, depth, filter)?;
            self.heard =
                best.first().map_or(0.0, |first| (first.score / (HEARD * most).max(f32::MIN_POSITIVE)).min(1.0));
            self.lists.lexical = best;
            self.most_by_words = most;
        }
        if let (Some(meaning), true) = (query.meaning, self.mode != Mode::Lexical) {
            self.lists.dense = match query.words.has_phrases() {
                false => snapshot.nearest(meaning, depth, filter)?,
                // what lacks a phrase is no hit, however near
                true => self.scored_by_meaning(&self.lists.lexical.iter().map(|s| s.key).collect::<Vec<_>>())?,
            };
        }
        self.ranked = match self.mode {
            Mode::Dense => single(&self.lists.dense, |standing| Why { dense: Some(standing), ..NONE }),
            Mode::Lexical => single(&self.lists.lexical, |standing| Why { lexical: Some(standing), ..NONE }),
            Mode::Hybrid => self.fused()?,
        };
        Ok(())
    }

    fn fused(&mut self) -> Result<Vec<Ranked>, StoreError> {
        let both = self.both()?;
        if self.depth == DEPTH {
            let of = |score: fn(&Both) -> f32| Scale::of(&both.iter().map(score).collect::<Vec<_>>());
            self.scales = Scales { dense: of(|b| b.dense), lexical: of(|b| b.lexical) };
        }
        let (dense, lexical) = (ranks(&self.lists.dense), ranks(&self.lists.lexical));
        let ranked = |one: Both| {
            let words = LEXICAL * self.heard * self.scales.lexical.apply(one.lexical);
            let parts = [DENSE * self.scales.dense.apply(one.dense), words];
            let score = parts[0] + parts[1];
            let standing = |ranks: &BTreeMap<ChunkId, usize>, score, part| {
                Some(Standing { rank: ranks.get(&one.id).copied(), score, part: Some(part) })
            };
            let why = Why {
                dense: standing(&dense, one.dense, parts[0]),
                lexical: standing(&lexical, one.lexical, parts[1]),
                fused: Some(score),
                reranked: None,
            };
            Ranked { id: one.id, score, why }
        };
        let mut all: Vec<Ranked> = both.into_iter().map(ranked).collect();
        all.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        Ok(all)
    }

    /// Both scores of every chunk that either list has: what one list has far down still counts by its true score.
    fn both(&self) -> Result<Vec<Both>, StoreError> {
        let mut dense = by_id(&self.lists.dense);
        let mut lexical = by_id(&self.lists.lexical);
        let ids: BTreeSet<ChunkId> = dense.keys().chain(lexical.keys()).copied().collect();
        let lacking = |known: &BTreeMap<ChunkId, f32>| -> Vec<ChunkId> {
            ids.iter().filter(|id| !known.contains_key(id)).copied().collect()
        };
        let unseen = lacking(&dense);
        dense.extend(by_id(&self.scored_by_meaning(&unseen)?));
        let unseen = lacking(&lexical);
        lexical.extend(unseen.iter().copied().zip(self.snapshot.weights(&self.query.words, &unseen)?));
        let score = |known: &BTreeMap<ChunkId, f32>, id| known.get(id).copied().unwrap_or_default();
        Ok(ids.iter().map(|id| Both { id: *id, dense: score(&dense, id), lexical: score(&lexical, id) }).collect())
    }

    /// These chunks by their cosine, best first.
    fn scored_by_meaning(&self, ids: &[ChunkId]) -> Result<Vec<Scored<ChunkId>>, StoreError> {
        let Some(meaning) = self.query.meaning else { return Ok(Vec::new()) };
        let embeddings = self.snapshot.embeddings(ids)?;
        let score = |(id, embedding): (&ChunkId, &crate::types::Embedding)| Scored {
            key: *id,
            score: meaning.cosine(embedding).unwrap_or_default(),
        };
        let mut scored: Vec<_> = ids.iter().zip(&embeddings).map(score).collect();
        scored.sort();
        Ok(scored)
    }
}

const NONE: Why = Why { dense: None, lexical: None, fused: None, reranked: None };

fn single(list: &[Scored<ChunkId>], why: impl Fn(Standing) -> Why) -> Vec<Ranked> {
    let ranked = |(i, scored): (usize, &Scored<ChunkId>)| {
        let standing = Standing { rank: Some(i + 1), score: scored.score, part: None };
        Ranked { id: scored.key, score: scored.score, why: why(standing) }
    };
    list.iter().enumerate().map(ranked).collect()
}

fn ranks(list: &[Scored<ChunkId>]) -> BTreeMap<ChunkId, usize> {
    list.iter().enumerate().map(|(i, scored)| (scored.key, i + 1)).collect()
}

fn by_id(list: &[Scored<ChunkId>]) -> BTreeMap<ChunkId, f32> {
    list.iter().map(|scored| (scored.key, scored.score)).collect()
}
