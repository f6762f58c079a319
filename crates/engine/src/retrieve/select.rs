//! Ranked chunks into hits: thinned, spread and joined.

use std::collections::BTreeMap;

use qiao_model::dot;

use super::Request;
use super::fuse::Ranked;
use crate::error::StoreError;
use crate::seams::{FoundChunk, Snapshot};
use crate::types::{ChunkId, DocumentId, Embedding, Hit, Span};

/// Chunks of a hit at most, so that a hit is never half a book.
const JOINED: usize = 4;
/// Chunks among which hits that differ are looked for, at most.
const SPREAD: usize = 1000;
/// And for each hit that is wanted.
const SPREAD_PER_HIT: usize = 4;

/// Chunks that are to be one hit.
pub(super) struct Group {
    best: Ranked,
    /// In the order of the text.
    members: Vec<FoundChunk>,
}

impl Group {
    fn document(&self) -> DocumentId {
        self.members[0].chunk.document
    }

    /// Whether `found` stands just before or after: chunks of one text have numbers that follow one another.
    fn touches(&self, found: &FoundChunk) -> bool {
        let ends = [self.members.first(), self.members.last()].map(|m| m.map_or(0, |m| m.chunk.id.0));
        let id = found.chunk.id.0;
        self.document() == found.chunk.document && (id + 1 == ends[0] || id == ends[1] + 1)
    }

    fn take(&mut self, members: impl IntoIterator<Item = FoundChunk>) {
        self.members.extend(members);
        self.members.sort_by_key(|member| member.chunk.id);
    }
}

/// The first hits of what is ranked best first; fewer than are wanted where it does not hold more.
pub(super) fn choose(snapshot: &dyn Snapshot, ranked: &[Ranked], request: &Request) -> Result<Vec<Group>, StoreError> {
    let mut groups: Vec<Group> = Vec::new();
    let mut of_document: BTreeMap<DocumentId, usize> = BTreeMap::new();
    for one in ranked {
        if groups.len() >= request.hits {
            break;
        }
        let Some(found) = snapshot.chunks(&[one.id], &request.filter)?.pop() else { continue };
        if request.join && join(&mut groups, &found) {
            continue;
        }
        let count = of_document.entry(found.chunk.document).or_default();
        if request.per_document.is_none_or(|most| *count < most) {
            *count += 1;
            groups.push(Group { best: *one, members: vec![found] });
        }
    }
    Ok(groups)
}

/// Puts a chunk to the hit that it touches; false where it touches none.
fn join(groups: &mut [Group], found: &FoundChunk) -> bool {
    let touched = groups.iter_mut().find(|group| group.members.len() < JOINED && group.touches(found));
    let Some(group) = touched else { return false };
    group.take([found.clone()]);
    true
}

/// Chosen chunks with text and place.
pub(super) fn hits(snapshot: &dyn Snapshot, chosen: Vec<Group>) -> Result<Vec<Hit>, StoreError> {
    chosen.into_iter().map(|group| hit(snapshot, group)).collect()
}

fn hit(snapshot: &dyn Snapshot, group: Group) -> Result<Hit, StoreError> {
    let Group { best, members } = group;
    let chunks: Vec<ChunkId> = members.iter().map(|member| member.chunk.id).collect();
    let ends = members.first().zip(members.last()).map(|(a, b)| (a.chunk.piece.span.start, b.chunk.piece.span.end));
    let tokens = members.iter().map(|member| member.chunk.piece.tokens).sum();
    let missing = StoreError::Corrupt { what: "a hit without a chunk" };
    let found = members.into_iter().find(|member| member.chunk.id == best.id).ok_or(missing)?;
    let FoundChunk { mut chunk, origin, also, mut text, mut locator } = found;
    if let (Some((start, end)), true) = (ends, chunks.len() > 1) {
        chunk.piece.span = Span::new(start, end);
        chunk.piece.tokens = tokens;
        (text, locator) = snapshot.passage(chunk.document, chunk.piece.span)?;
    }
    Ok(Hit { chunk, chunks, origin, also, text, locator, score: best.score, why: best.why })
}

/// Orders the first of what is ranked so that each says something else than those before it: maximal marginal relevance
/// (Carbonell & Goldstein 1998) over scores brought to 0 … 1.
pub(super) fn spread(
    snapshot: &dyn Snapshot,
    ranked: &[Ranked],
    request: &Request,
    diversity: f32,
) -> Result<Vec<Ranked>, StoreError> {
    let among = request.hits.saturating_mul(SPREAD_PER_HIT).clamp(SPREAD_PER_HIT, SPREAD).min(ranked.len());
    let (head, tail) = ranked.split_at(among);
    let ids: Vec<ChunkId> = head.iter().map(|one| one.id).collect();
    let order = marginal(&relevances(head), &snapshot.embeddings(&ids)?, diversity.clamp(0.0, 1.0));
    Ok(order.into_iter().map(|at| head[at]).chain(tail.iter().copied()).collect())
}

fn relevances(ranked: &[Ranked]) -> Vec<f32> {
    let (most, least) = (ranked.first().map_or(0.0, |r| r.score), ranked.last().map_or(0.0, |r| r.score));
    let scale = if most > least { most - least } else { 1.0 };
    ranked.iter().map(|one| (one.score - least) / scale).collect()
}

/// The order in which to take what has these relevances and vectors; ties stand by their order.
fn marginal(relevances: &[f32], embeddings: &[Embedding], diversity: f32) -> Vec<usize> {
    let mut nearest = vec![0.0f32; relevances.len()];
    let mut left: Vec<usize> = (0..relevances.len()).collect();
    let mut order = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let worth = |at: usize| (1.0 - diversity) * relevances[at] - diversity * nearest[at];
        let best = (1..left.len()).fold(0, |best, i| if worth(left[i]) > worth(left[best]) { i } else { best });
        let taken = left.remove(best);
        order.push(taken);
        for at in &left {
            nearest[*at] = nearest[*at].max(dot(embeddings[taken].vector(), embeddings[*at].vector()));
        }
    }
    order
}
