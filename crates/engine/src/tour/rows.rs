use qiao_model::{NearRow, Role, TracedToken, Watched};

use crate::embed::ModelEncoder;
use crate::error::Error;

/// Neighbours that are shown of a row.
const NEIGHBOURS: usize = 6;

/// Words looked up in the model's table.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// Each word.
    pub words: Vec<LookedUp>,
    /// Rows of the table.
    pub rows: u32,
    /// Numbers of a row.
    pub width: usize,
}

/// A word, and what the table has for it.
#[derive(Debug, Clone, PartialEq)]
pub struct LookedUp {
    /// The word.
    pub word: String,
    /// Its tokens, each with its row; none where the vocabulary passes over it.
    pub tokens: Vec<TracedToken>,
    /// The rows nearest to that of its last token, where the vocabulary knows it.
    pub nearest: Vec<NearRow>,
}

/// Looks `words` up: text in, ids, rows out.
///
/// # Errors
/// When one cannot be tokenised.
pub fn look_up(encoder: &ModelEncoder, words: &[&str]) -> Result<Rows, Error> {
    let model = encoder.model();
    let looked_up = |word: &&str| {
        let trace = model.trace(Role::Passage, word, Watched::Last)?;
        let of_the_word = |token: &TracedToken| token.span.is_some_and(|(from, to)| from < to);
        let tokens: Vec<TracedToken> = trace.tokens.into_iter().filter(of_the_word).collect();
        let known = tokens.last().filter(|token| !token.unknown);
        let nearest = known.map(|token| model.nearest_rows(token.id, NEIGHBOURS)).unwrap_or_default();
        Ok(LookedUp { word: (*word).to_owned(), tokens, nearest })
    };
    let words = words.iter().map(looked_up).collect::<Result<Vec<_>, Error>>()?;
    let width = words.iter().flat_map(|word| &word.tokens).map(|token| token.row.len()).max().unwrap_or(0);
    Ok(Rows { words, rows: model.vocabulary(), width })
}
