//! A question's embedding into hits.

use crate::error::StoreError;
use crate::seams::{Filter, Snapshot};
use crate::types::{ChunkId, Embedding, Found, Hit, Why};

/// The best `k` chunks by cosine among the documents that `filter` lets through.
///
/// # Errors
/// When the store cannot be read, or holds another encoder's vectors.
pub fn search(snapshot: &dyn Snapshot, query: &Embedding, k: usize, filter: &Filter) -> Result<Found, StoreError> {
    let nearest = snapshot.nearest(query, k, filter)?;
    let ids: Vec<ChunkId> = nearest.scored.iter().map(|s| s.key).collect();
    let chunks = snapshot.chunks(&ids, filter)?;
    let hit = |(found, scored): (crate::seams::FoundChunk, &qiao_model::Scored<ChunkId>)| Hit {
        chunk: found.chunk,
        origin: found.origin,
        also: found.also,
        text: found.text,
        locator: found.locator,
        score: scored.score,
        why: Why { dense: scored.score },
    };
    let hits = chunks.into_iter().zip(&nearest.scored).map(hit).collect();
    Ok(Found { hits, compared: nearest.compared })
}
