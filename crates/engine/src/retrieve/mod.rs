//! A question into hits: two lists, by meaning and by words, fused, thinned and joined.

mod cross_encoder;
mod fuse;
mod rerank;
mod select;
mod why_not;

use qiao_model::Scored;

use crate::error::Error;
use crate::language::Words;
use crate::seams::{Filter, Reranker, Snapshot};
use crate::types::{ChunkId, Embedding, Found};

use fuse::Pool;
use rerank::Judged;
pub use why_not::{End, Rank, Sought, Trail, WhyNot, why_not};

/// By what chunks are found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// By meaning and by words.
    #[default]
    Hybrid,
    /// By meaning: the cosine of vectors.
    Dense,
    /// By words: BM25. No model is needed.
    Lexical,
}

/// What is wanted of a search.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Hits at most.
    pub hits: usize,
    /// Where to look.
    pub filter: Filter,
    /// By what.
    pub mode: Mode,
    /// Only hits of this score and better.
    pub min_score: Option<f32>,
    /// Hits of one document at most.
    pub per_document: Option<usize>,
    /// How much hits are to differ from each other, from 0 (not at all) to 1 (whatever they say): maximal marginal relevance
    /// (Carbonell & Goldstein 1998), whose λ is one minus this.
    pub diversity: Option<f32>,
    /// Whether hits that follow one another become one.
    pub join: bool,
}

impl Default for Request {
    /// Eight hits in all documents by both lists, each a chunk.
    fn default() -> Self {
        Self {
            hits: 8,
            filter: Filter::All,
            mode: Mode::Hybrid,
            min_score: None,
            per_document: None,
            diversity: None,
            join: false,
        }
    }
}

/// What is asked.
#[derive(Debug)]
pub struct Query<'a> {
    /// As it was asked.
    pub text: &'a str,
    /// Its words, and the phrases that every hit must hold.
    pub words: Words,
    /// Its meaning, unless only words are asked.
    pub meaning: Option<&'a Embedding>,
}

impl<'a> Query<'a> {
    /// What a person looks for: what stands in quotes must stand in every hit.
    pub fn new(text: &'a str, meaning: Option<&'a Embedding>) -> Self {
        Self { text, words: Words::of(text), meaning }
    }

    /// What a person asks: a question quotes what its answer need not.
    pub fn question(text: &'a str, meaning: Option<&'a Embedding>) -> Self {
        let words = Words { phrases: Vec::new(), ..Words::of(text) };
        Self { text, words, meaning }
    }
}

/// The best hits, as `request` wants them.
///
/// A search looks some way down both lists, and further down as long as hits are wanting and there may be more.
///
/// # Errors
/// When the store cannot be read, holds another encoder's vectors, or the reranker fails.
pub fn search(
    snapshot: &dyn Snapshot,
    query: &Query<'_>,
    request: &Request,
    reranker: Option<&dyn Reranker>,
) -> Result<Found, Error> {
    let searched = snapshot.count(&request.filter)?;
    let mut pool = Pool::new(snapshot, query, request)?;
    let mut judged = reranker.map(|reranker| Judged::new(reranker, request.hits));
    let chosen = loop {
        let all = pool.ranked();
        let mut ranked = match &mut judged {
            Some(judged) => judged.best(snapshot, query.text, all)?,
            None => all.to_vec(),
        };
        let listed = ranked.len();
        ranked.retain(|one| request.min_score.is_none_or(|least| one.score >= least));
        let at_the_end = match (request.min_score, &judged) {
            (None, _) => false,
            (Some(least), None) => pool.best_unseen() < least,
            // to judge all there is, in the hope of more, would take for ever
            (Some(_), Some(_)) => ranked.len() < listed,
        };
        if let Some(diversity) = request.diversity {
            ranked = select::spread(snapshot, &ranked, request, diversity)?;
        }
        let chosen = select::choose(snapshot, &ranked, request)?;
        let all_judged = judged.as_mut().is_none_or(|judged| judged.is_through(all.len()));
        if chosen.len() >= request.hits || at_the_end || (all_judged && pool.is_whole()) {
            break chosen;
        }
        match &mut judged {
            Some(judged) if !all_judged => judged.deepen(),
            _ => pool.deepen()?,
        }
    };
    Ok(Found { hits: select::hits(snapshot, chosen)?, searched, most_by_words: pool.most_by_words() })
}

/// Chunks best first, some hundred deep, as [`search`] ranks them before they become hits.
///
/// # Errors
/// As [`search`].
pub fn ranking(
    snapshot: &dyn Snapshot,
    query: &Query<'_>,
    mode: Mode,
    reranker: Option<&dyn Reranker>,
) -> Result<Vec<Scored<ChunkId>>, Error> {
    let request = Request { mode, ..Request::default() };
    let pool = Pool::new(snapshot, query, &request)?;
    let ranked = match reranker {
        Some(reranker) => Judged::new(reranker, request.hits).best(snapshot, query.text, pool.ranked())?,
        None => pool.ranked().to_vec(),
    };
    Ok(ranked.into_iter().map(|one| Scored { key: one.id, score: one.score }).collect())
}
