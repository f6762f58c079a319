//! The best of a ranking, judged again by a cross-encoder.

use std::collections::BTreeMap;

use super::fuse::Ranked;
use crate::error::Error;
use crate::seams::{Filter, Reranker, Snapshot};
use crate::types::{ChunkId, Why};

/// Chunks that are judged at first, at least: each costs as much as embedding it.
const AT_FIRST: usize = 32;

/// What a reranker said so far.
pub(super) struct Judged<'a> {
    reranker: &'a dyn Reranker,
    depth: usize,
    scores: BTreeMap<ChunkId, f32>,
}

impl<'a> Judged<'a> {
    /// For so many hits.
    pub(super) fn new(reranker: &'a dyn Reranker, hits: usize) -> Self {
        Self { reranker, depth: hits.max(AT_FIRST), scores: BTreeMap::new() }
    }

    /// The first of `ranked`, in the reranker's order, ties by ascending chunk id.
    pub(super) fn best(
        &mut self,
        snapshot: &dyn Snapshot,
        query: &str,
        ranked: &[Ranked],
    ) -> Result<Vec<Ranked>, Error> {
        let head = &ranked[..ranked.len().min(self.depth)];
        let fresh: Vec<ChunkId> = head.iter().map(|one| one.id).filter(|id| !self.scores.contains_key(id)).collect();
        // whoever holds them: what is judged is their text
        let found = snapshot.chunks(&fresh, &Filter::All)?;
        let texts: Vec<&str> = found.iter().map(|chunk| chunk.text.as_str()).collect();
        self.scores.extend(fresh.iter().copied().zip(self.reranker.score(query, &texts)?));
        let judged = |one: &Ranked| {
            let score = self.scores.get(&one.id).copied().unwrap_or(f32::MIN);
            Ranked { score, why: Why { reranked: Some(score), ..one.why }, ..*one }
        };
        let mut best: Vec<Ranked> = head.iter().map(judged).collect();
        best.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        Ok(best)
    }

    /// Whether all of a ranking of this length were judged.
    pub(super) fn is_through(&self, length: usize) -> bool {
        length <= self.depth
    }

    /// Judges more from now on.
    pub(super) fn deepen(&mut self) {
        self.depth = self.depth.saturating_mul(2);
    }
}
