//! At which step an expected passage was lost.

use std::collections::BTreeMap;

use qiao_model::Scored;
use serde::Serialize;

use super::fuse::{Pool, Ranked};
use super::{Mode, Query, Request, search};
use crate::error::Error;
use crate::seams::{Filter, FoundChunk, Reranker, Snapshot};
use crate::types::{ChunkId, DocumentId, LedgerEntry, Span, Unread};

/// Chunks that are followed, at most.
const FOLLOWED: usize = 8;

/// What a person expected to find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sought {
    /// Any part of a document.
    Document(DocumentId),
    /// A text, wherever it stands; white space, case and width do not count.
    Text(String),
}

/// What became of what was sought.
#[derive(Debug, Clone, PartialEq)]
pub struct WhyNot {
    /// Where it stands in texts; of a document, all of it.
    pub places: Vec<(DocumentId, Span)>,
    /// Its chunks, the best first.
    pub trails: Vec<Trail>,
    /// Files that could not be read, where it stands nowhere.
    pub failures: Vec<LedgerEntry>,
    /// Documents of which pages gave no text, where it stands nowhere.
    pub unread: Vec<(String, Vec<Unread>)>,
}

/// The way of one chunk.
#[derive(Debug, Clone, PartialEq)]
pub struct Trail {
    /// The chunk.
    pub found: FoundChunk,
    /// Whether what was sought goes on in another chunk.
    pub cut: bool,
    /// Its place by meaning, where meaning was asked.
    pub dense: Option<Rank>,
    /// Its place by words, where they were asked; `None` also where it shares none, or lacks a phrase.
    pub lexical: Option<Rank>,
    /// Its place in what both made.
    pub fused: Option<Rank>,
    /// How its way ended.
    pub end: End,
}

/// A place in a list.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rank {
    /// From 1.
    pub rank: usize,
    /// Chunks in the list.
    pub of: usize,
    /// Its score.
    pub score: f32,
}

/// How a chunk's way through a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// It is a hit, or part of one.
    Found,
    /// Its documents are not among those that were searched.
    Filtered,
    /// It lacks a phrase that was asked for in quotes.
    LacksPhrase,
    /// It shares no word with the query, and only words were asked.
    SharesNoWord,
    /// Its score is under the least that was asked for.
    BelowScore,
    /// It ranks high enough, but others of its document or more different ones took its place, or the reranker judged it lower.
    Displaced,
    /// So many rank before it that it is no hit; more hits would show it.
    TooFarDown,
}

/// Follows what was sought through a search.
///
/// # Errors
/// As [`search`].
pub fn why_not(
    snapshot: &dyn Snapshot,
    query: &Query<'_>,
    request: &Request,
    reranker: Option<&dyn Reranker>,
    sought: &Sought,
) -> Result<WhyNot, Error> {
    let places = match sought {
        Sought::Document(id) => {
            let document = snapshot.document(*id)?;
            document.map(|d| (*id, Span::new(0, d.content.text.len()))).into_iter().collect()
        }
        Sought::Text(text) => snapshot.occurrences(text, FOLLOWED)?,
    };
    if places.is_empty() {
        let (failures, unread) = (snapshot.failures()?, snapshot.unread()?);
        return Ok(WhyNot { places, trails: Vec::new(), failures, unread });
    }
    let mut cut = BTreeMap::new();
    for (document, part) in &places {
        let chunks = snapshot.chunks_at(*document, *part)?;
        let several = matches!(sought, Sought::Text(_)) && chunks.len() > 1;
        cut.extend(chunks.into_iter().map(|id| (id, several)));
    }
    let found = search(snapshot, query, request, reranker)?;
    let hits: Vec<ChunkId> = found.hits.iter().flat_map(|hit| hit.chunks.iter().copied()).collect();
    let last = found.hits.last().map(|hit| hit.score);
    let lists = Lists::of(snapshot, query, request)?;
    let trail = |(id, cut): (&ChunkId, &bool)| -> Result<Trail, Error> {
        let found = snapshot.chunks(&[*id], &Filter::All)?.into_iter().next();
        let found = found.ok_or(crate::error::StoreError::Corrupt { what: "a chunk that was just found" })?;
        let passes = snapshot.chunks(&[*id], &request.filter).is_ok();
        Ok(lists.trail(found, *cut, passes, (&hits, last, request)))
    };
    let mut trails = cut.iter().map(trail).collect::<Result<Vec<_>, _>>()?;
    trails.sort_by(|a, b| b.best().total_cmp(&a.best()).then(a.found.chunk.id.cmp(&b.found.chunk.id)));
    trails.truncate(FOLLOWED);
    Ok(WhyNot { places, trails, failures: Vec::new(), unread: Vec::new() })
}

impl Trail {
    fn best(&self) -> f32 {
        let list = self.fused.or(self.dense).or(self.lexical);
        list.map_or(f32::MIN, |rank| rank.score)
    }
}

/// Both lists down to their ends, and what fusion makes of them.
struct Lists {
    mode: Mode,
    phrases: bool,
    dense: Vec<Scored<ChunkId>>,
    lexical: Vec<Scored<ChunkId>>,
    ranked: Vec<Ranked>,
}

impl Lists {
    fn of(snapshot: &dyn Snapshot, query: &Query<'_>, request: &Request) -> Result<Self, Error> {
        let mut pool = Pool::new(snapshot, query, request)?;
        while !pool.is_whole() {
            pool.deepen()?;
        }
        let dense = match query.meaning {
            Some(meaning) if request.mode != Mode::Lexical => snapshot.nearest(meaning, usize::MAX, &request.filter)?,
            _ => Vec::new(),
        };
        let lexical = match request.mode {
            Mode::Dense => Vec::new(),
            _ => snapshot.lexical(&query.words, usize::MAX, &request.filter)?.best,
        };
        let (mode, phrases) = (request.mode, query.words.has_phrases());
        Ok(Self { mode, phrases, dense, lexical, ranked: pool.ranked().to_vec() })
    }

    fn trail(
        &self,
        found: FoundChunk,
        cut: bool,
        passes: bool,
        (hits, last, request): (&[ChunkId], Option<f32>, &Request),
    ) -> Trail {
        let id = found.chunk.id;
        let place = |list: &[Scored<ChunkId>]| {
            let at = list.iter().position(|scored| scored.key == id)?;
            Some(Rank { rank: at + 1, of: list.len(), score: list[at].score })
        };
        let at = self.ranked.iter().position(|one| one.id == id);
        let fused = at.map(|at| Rank { rank: at + 1, of: self.ranked.len(), score: self.ranked[at].score });
        let end = match fused {
            _ if hits.contains(&id) => End::Found,
            _ if !passes => End::Filtered,
            None if self.phrases => End::LacksPhrase,
            None => End::SharesNoWord,
            Some(own) if request.min_score.is_some_and(|least| own.score < least) => End::BelowScore,
            Some(own) if last.is_some_and(|last| own.score >= last) || own.rank <= request.hits => End::Displaced,
            Some(_) => End::TooFarDown,
        };
        let fused = fused.filter(|_| self.mode == Mode::Hybrid);
        Trail { found, cut, dense: place(&self.dense), lexical: place(&self.lexical), fused, end }
    }
}
