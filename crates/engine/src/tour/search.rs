use std::collections::{BTreeMap, BTreeSet};

use unicode_segmentation::UnicodeSegmentation;

use crate::answer::laid_out;
use crate::engine::Engine;
use crate::error::Error;
use crate::language::terms;
use crate::retrieve::{Mode, Request};
use crate::types::{Answer, ChunkId, Hit};

/// Passages that are shown of each kind.
const SHOWN: usize = 3;

/// What is found for a query by meaning, and what its words alone find.
#[derive(Debug, Clone, PartialEq)]
pub struct Searched {
    /// What the query's words stand for, as words are compared: bare of endings, stop words left out.
    pub terms: BTreeSet<String>,
    /// The nearest passages in meaning, best first.
    pub by_meaning: Vec<Passage>,
    /// The best by words (BM25), best first; ones that share none are left out.
    pub by_words: Vec<Passage>,
    /// The cosine of each chunk, in the order of the document.
    pub cosines: Vec<f32>,
    /// What words give each chunk (BM25), in the order of the document.
    pub words: Vec<f32>,
}

/// A passage found.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// The passage, with its cosine.
    pub hit: Hit,
    /// Which chunk it is, from 0, in the order of the document.
    pub at: usize,
    /// Words of the query that stand in it, as the query writes them; of scripts without spaces, pairs of characters.
    pub shared: Vec<String>,
}

/// What a language model would be given, and what can be said without one.
#[derive(Debug, Clone, PartialEq)]
pub struct Prompted {
    /// What was found for the question.
    pub searched: Searched,
    /// The question with the passages found by meaning.
    pub prompt: String,
    /// Quotations out of them.
    pub answer: Answer,
}

/// Looks for `query` in all that the engine has, once by meaning and once by words.
///
/// # Errors
/// As [`Engine::search`].
pub fn search(engine: &Engine, query: &str) -> Result<Searched, Error> {
    let all = |mode| engine.search(query, &Request { hits: usize::MAX, mode, ..Request::default() });
    let wanted = terms(query);
    let mut hits = all(Mode::Dense)?.hits;
    hits.sort_by_key(|hit| hit.chunk.id);
    let weights: BTreeMap<ChunkId, f32> =
        all(Mode::Lexical)?.hits.iter().map(|hit| (hit.chunk.id, hit.score)).collect();
    let cosines: Vec<f32> = hits.iter().map(|hit| hit.score).collect();
    let words: Vec<f32> = hits.iter().map(|hit| weights.get(&hit.chunk.id).copied().unwrap_or_default()).collect();
    let passage = |at: usize| {
        let hit = &hits[at];
        let shared = wanted.intersection(&terms(&hit.text)).map(|term| as_written(query, term)).collect();
        Passage { hit: hit.clone(), at, shared }
    };
    let by_meaning = best(&cosines).into_iter().map(passage).collect();
    let by_words = best(&words).into_iter().filter(|at| words[*at] > 0.0).map(passage).collect();
    Ok(Searched { terms: wanted, by_meaning, by_words, cosines, words })
}

/// Searches, then puts the passages before the question, as a language model would get them; and answers without one.
///
/// # Errors
/// As [`Engine::ask`].
pub fn ask(engine: &Engine, question: &str) -> Result<Prompted, Error> {
    let searched = search(engine, question)?;
    let hits: Vec<Hit> = searched.by_meaning.iter().map(|passage| passage.hit.clone()).collect();
    let messages = laid_out(question, &hits);
    let prompt = messages.into_iter().map(|message| message.text).collect::<Vec<_>>().join("\n\n");
    Ok(Prompted { searched, prompt, answer: engine.ask(question, &Request { hits: SHOWN, ..Request::default() })? })
}

/// The word of the query that a term was made of.
fn as_written(query: &str, term: &str) -> String {
    query.unicode_words().find(|word| terms(word).contains(term)).unwrap_or(term).to_owned()
}

/// Where the greatest few stand, greatest first, ties in order.
fn best(scores: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    order.truncate(SHOWN);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_words_are_said_as_they_were_written() {
        assert_eq!(as_written("Is it wise to give up?", "giv"), "give");
        assert_eq!(as_written("私人信件", "信件"), "信件");
    }

    #[test]
    fn the_greatest_come_first_and_ties_in_order() {
        assert_eq!(best(&[0.5, 2.0, 0.5, 1.0]), [1, 3, 0]);
    }
}
