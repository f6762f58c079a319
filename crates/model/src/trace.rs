//! What happens to one text inside a model, step by step.

use qiao_vecmath::{Scored, TopK, dot};
use serde::Serialize;

use crate::encoder::{EncodeError, Long, Receipt, SentenceEncoder, TokenWindow, receipt};
use crate::identity::Role;

/// Tokens of a text at most whose attention is kept: it grows with their square.
pub const ATTENTION_TOKENS: usize = 1024;

/// Which layer's attention to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// The last.
    Last,
    /// This one, from 1.
    Layer(usize),
}

/// One text's way through a model. Tables are row-major.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trace {
    /// The tokens that the model sees, special ones and the prompt's included.
    pub tokens: Vec<TracedToken>,
    /// Floats in a token's vector.
    pub width: usize,
    /// The vectors after each step: first the embeddings, then each layer, then the last norm where there is one.
    pub steps: Vec<TracedStep>,
    /// How much each token looks at each other in one layer; `None` for a static table, and beyond [`ATTENTION_TOKENS`].
    pub attention: Option<Attention>,
    /// The text's vector.
    pub pooled: Vec<f32>,
    /// What became of the tokens.
    pub receipt: Receipt,
}

/// A token, and the row of the table that its id stands for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TracedToken {
    /// Its id.
    pub id: u32,
    /// As the vocabulary writes it.
    pub token: String,
    /// The bytes of the text for which it stands; `None` for special tokens and the prompt's.
    pub span: Option<(usize, usize)>,
    /// Whether the vocabulary lacks what stood there.
    pub unknown: bool,
    /// Its row, before type, position and norm: as many floats as [`Trace::width`].
    pub row: Vec<f32>,
}

/// The vectors of all tokens at one point.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TracedStep {
    /// `embeddings`, `layer 1`, … or `last norm`.
    pub name: String,
    /// `[tokens, width]`.
    pub vectors: Vec<f32>,
}

/// How much each token looks at each other: the softmax of scaled products of queries and keys.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attention {
    /// The layer, from 1.
    pub layer: usize,
    /// Number of heads.
    pub heads: usize,
    /// `[heads, tokens, tokens]`: of each head, how the row's token divides its attention over the columns' tokens.
    pub weights: Vec<f32>,
}

impl Attention {
    /// The weights `[tokens, tokens]` of one head, from 1, or of all heads on average; `None` where there is no such head.
    pub fn of(&self, head: Option<usize>) -> Option<Vec<f32>> {
        let size = self.weights.len() / self.heads.max(1);
        let mut heads = self.weights.chunks_exact(size.max(1));
        match head {
            Some(head) => heads.nth(head.checked_sub(1)?).map(<[f32]>::to_vec),
            None => {
                let sum = heads.fold(vec![0.0; size], |sum, one| sum.iter().zip(one).map(|(s, w)| s + w).collect());
                Some(sum.into_iter().map(|weight: f32| weight / self.heads as f32).collect())
            }
        }
    }
}

impl Trace {
    /// The vector of the bytes `span` of the text at a step: the mean of the tokens that stand in it; `None` where none does.
    pub fn of_span(&self, step: &TracedStep, span: (usize, usize)) -> Option<Vec<f32>> {
        let inside = |token: &TracedToken| token.span.is_some_and(|(from, to)| from < span.1 && to > span.0);
        let rows = step.vectors.chunks_exact(self.width).zip(&self.tokens).filter(|(_, token)| inside(token));
        let mut count = 0;
        let mut sum = vec![0.0; self.width];
        for (row, _) in rows {
            count += 1;
            sum.iter_mut().zip(row).for_each(|(s, v)| *s += v);
        }
        (count > 0).then(|| sum.into_iter().map(|s: f32| s / count as f32).collect())
    }
}

/// A row of the table beside another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NearRow {
    /// Its id.
    pub id: u32,
    /// As the vocabulary writes it.
    pub token: String,
    /// The cosine of the two rows: greater is nearer.
    pub cosine: f32,
}

/// Rows of the table that are read at once.
const ROWS: u32 = 4096;

impl SentenceEncoder {
    /// Number of rows of the table: ids below it have one.
    pub fn vocabulary(&self) -> u32 {
        u32::try_from(self.rows()).unwrap_or(u32::MAX)
    }

    /// The `k` rows of the table nearest to that of `id`, nearest first, ties by ascending id; the row itself, and rows of
    /// zeros, left out. Reads the whole table. Empty where there is no such row.
    pub fn nearest_rows(&self, id: u32, k: usize) -> Vec<NearRow> {
        if id >= self.vocabulary() {
            return Vec::new();
        }
        let row = self.lookup(&[id]);
        let length = dot(&row, &row).sqrt();
        let mut best = TopK::new(k);
        for first in (0..self.vocabulary()).step_by(ROWS as usize) {
            let ids: Vec<u32> = (first..self.vocabulary().min(first + ROWS)).collect();
            let rows = self.lookup(&ids);
            for (other, vector) in ids.iter().zip(rows.chunks_exact(row.len())).filter(|(other, _)| **other != id) {
                let cosine = dot(&row, vector) / (length * dot(vector, vector).sqrt());
                if cosine.is_finite() {
                    best.push(*other, cosine);
                }
            }
        }
        let named = |Scored { key, score }| NearRow { id: key, token: self.token(key), cosine: score };
        best.into_sorted().into_iter().map(named).collect()
    }

    /// Follows `text` through the model, cut at its limit. Costs what one text of that length costs, and the copies.
    ///
    /// # Errors
    /// As [`SentenceEncoder::encode`], and where there is no such layer.
    pub fn trace(&self, role: Role, text: &str, watched: Watched) -> Result<Trace, EncodeError> {
        let layers = self.layers();
        let layer = match watched {
            Watched::Last => layers,
            Watched::Layer(layer) if (1..=layers).contains(&layer) => layer,
            Watched::Layer(layer) => return Err(EncodeError::NoLayer { asked: layer, layers }),
        };
        let tokens = self.tokens(role, text, Long::Truncate)?;
        let Some(window) = tokens.windows.first() else { return Err(EncodeError::NoVector) };
        let keeps = layers > 0 && window.ids.len() <= ATTENTION_TOKENS;
        let watched = if keeps { layer - 1 } else { usize::MAX };
        let (steps, attention) = self.follow(&window.ids, watched);
        let pooled = self.pool(window, steps.last().map_or(&[], |step| &step.vectors));
        if !pooled.iter().all(|v| v.is_finite()) {
            return Err(EncodeError::NotFinite);
        }
        let TokenWindow { ids, tokens: names, spans, width, .. } =
            self.token_window(window, Vec::new(), &self.placed(role, text, &tokens)?);
        let rows = self.lookup(&ids);
        let traced = ids.iter().zip(names).zip(spans).zip(rows.chunks_exact(width));
        let traced = traced.map(|(((id, token), span), row)| TracedToken {
            id: *id,
            token,
            span,
            unknown: self.is_unknown(*id),
            row: row.to_vec(),
        });
        let heads = attention.len() / ids.len().pow(2).max(1);
        let attention = keeps.then_some(Attention { layer, heads, weights: attention });
        Ok(Trace { tokens: traced.collect(), width, steps, attention, pooled, receipt: receipt(&tokens) })
    }
}
