use std::ops::Range;

use qiao_vecmath::{Finish, Packed, Rows, RowsMut, Simd, multiply, softmax_rows};

use super::{Angles, Linear, Norm, RelativeBias, Room};

/// Scores that are held at once, about: they stay in the second-level cache, and a long sequence does not need the square of
/// its length.
const SCORES: usize = 64 * 1024;
/// Rows of scores are taken by as many, which is what the products take at once.
const STEP: usize = 12;

/// Scaled dot-product attention in heads (Vaswani et al. 2017).
#[derive(Debug)]
pub(crate) struct Attention {
    /// Queries of all heads, then their keys, then their values.
    pub(crate) query_key_value: Linear,
    pub(crate) output: Linear,
    pub(crate) heads: Heads,
    /// Of each head's query and key, before they turn.
    pub(crate) head_norms: Option<(Norm, Norm)>,
}

/// How the width is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heads {
    /// Heads that ask.
    pub(crate) queries: usize,
    /// Heads that are asked, each by as many neighbours of the others (grouped queries; Ainslie et al. 2023).
    pub(crate) keys: usize,
    /// Floats in a head.
    pub(crate) depth: usize,
}

impl Heads {
    /// `heads` heads over `width`.
    pub(crate) fn even(heads: usize, width: usize) -> Self {
        Self { queries: heads, keys: heads, depth: width / heads }
    }

    fn stride(self) -> usize {
        (self.queries + 2 * self.keys) * self.depth
    }
}

/// Which tokens a token looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All.
    All,
    /// Those at most so far away, on both sides.
    Near(usize),
    /// Itself and those before it.
    Before,
}

impl Scope {
    /// The tokens among `length` that token `row` looks at.
    fn of(self, row: usize, length: usize) -> Range<usize> {
        match self {
            Self::All => 0..length,
            Self::Near(far) => row.saturating_sub(far)..(row + far + 1).min(length),
            Self::Before => 0..row + 1,
        }
    }
}

/// What a layer knows of places.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Where<'a> {
    pub(crate) scope: Scope,
    pub(crate) angles: Option<&'a Angles>,
    pub(crate) bias: Option<&'a RelativeBias>,
}

impl Attention {
    /// Of `x`, the tokens of `sequences` one after another, into `room.added`.
    pub(in crate::arch) fn forward(&self, x: &[f32], sequences: &[Range<usize>], at: Where<'_>, room: &mut Room) {
        let simd = room.kit.simd;
        self.query_key_value.apply(&mut room.kit, x, &mut room.query_key_value);
        self.place(simd, sequences, at.angles, &mut room.query_key_value);
        let (tokens, wide) = (x.len() / self.query_key_value.inputs(), self.output.inputs());
        room.context.resize(tokens * wide, 0.0);
        room.desks.resize_with(room.kit.threads(), Desk::default);
        let pass = Pass { heads: self.heads, query_key_value: &room.query_key_value, sequences, at, simd };
        let into = RowsMut::new(&mut room.context, tokens, wide, wide);
        pass.run(0..self.heads.keys, &mut room.desks, into, room.watched.as_mut());
        self.output.apply(&mut room.kit, &room.context, &mut room.added);
    }

    /// Normalises and turns queries and keys.
    fn place(&self, simd: Simd, sequences: &[Range<usize>], angles: Option<&Angles>, query_key_value: &mut [f32]) {
        if self.head_norms.is_none() && angles.is_none() {
            return;
        }
        let Heads { queries, keys, depth } = self.heads;
        for sequence in sequences {
            let rows = query_key_value.chunks_exact_mut(self.heads.stride()).skip(sequence.start).take(sequence.len());
            for (position, row) in rows.enumerate() {
                let (query, rest) = row.split_at_mut(queries * depth);
                let key = &mut rest[..keys * depth];
                if let Some((of_query, of_key)) = &self.head_norms {
                    of_query.apply(simd, query);
                    of_key.apply(simd, key);
                }
                if let Some(angles) = angles {
                    angles.turn(position, query);
                    angles.turn(position, key);
                }
            }
        }
    }
}

/// What one thread computes the attention of a head in.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// `[rows, length]` of one head of one sequence
    scores: Vec<f32>,
    keys: Packed,
    values: Packed,
}

/// softmax(Q Kᵀ / √d) V of all heads of a pack.
#[derive(Clone, Copy)]
struct Pass<'a> {
    heads: Heads,
    query_key_value: &'a [f32],
    sequences: &'a [Range<usize>],
    at: Where<'a>,
    simd: Simd,
}

impl Pass<'_> {
    /// For `key_heads` and the heads that ask them, into their columns: a desk a thread.
    fn run(self, key_heads: Range<usize>, desks: &mut [Desk], into: RowsMut<'_>, watched: Option<&mut Vec<f32>>) {
        let first = desks.len() / 2;
        let middle = key_heads.start + key_heads.len() * first / desks.len().max(1);
        if watched.is_none() && middle > key_heads.start {
            let share = self.heads.queries / self.heads.keys;
            let (left, right) = into.split_at_column((middle - key_heads.start) * share * self.heads.depth);
            let (one, others) = desks.split_at_mut(first);
            let (before, after) = (key_heads.start..middle, middle..key_heads.end);
            rayon::join(|| self.run(before, one, left, None), || self.run(after, others, right, None));
        } else if let Some(desk) = desks.first_mut() {
            self.all(key_heads, desk, into, watched);
        }
    }

    fn all(self, key_heads: Range<usize>, desk: &mut Desk, mut into: RowsMut<'_>, mut watched: Option<&mut Vec<f32>>) {
        let Heads { queries, keys, depth } = self.heads;
        let share = queries / keys;
        // a text without a token has no row to stand in
        for sequence in self.sequences.iter().filter(|sequence| !sequence.is_empty()) {
            for (i, key_head) in key_heads.clone().enumerate() {
                desk.keys.pack_outputs(self.part(sequence.clone(), queries + key_head));
                desk.values.pack_inputs(self.part(sequence.clone(), queries + keys + key_head));
                for asking in 0..share {
                    let column = (i * share + asking) * depth;
                    let into = into.part(sequence.clone(), column..column + depth);
                    self.head((sequence, key_head * share + asking), desk, into, watched.as_deref_mut());
                }
            }
        }
    }

    /// The floats of a head, counted over queries, keys and values, in some rows.
    fn part(&self, rows: Range<usize>, head: usize) -> Rows<'_> {
        let (stride, depth) = (self.heads.stride(), self.heads.depth);
        Rows::new(&self.query_key_value[rows.start * stride + head * depth..], rows.len(), depth, stride)
    }

    fn head(
        &self,
        (sequence, head): (&Range<usize>, usize),
        Desk { scores, keys, values }: &mut Desk,
        mut into: RowsMut<'_>,
        mut watched: Option<&mut Vec<f32>>,
    ) {
        let (length, depth) = (sequence.len(), self.heads.depth);
        let scale = 1.0 / (depth as f32).sqrt();
        for from in (0..length).step_by(rows_at_once(length)) {
            let until = length.min(from + rows_at_once(length));
            scores.resize((until - from) * length, 0.0);
            let query = self.part(sequence.start + from..sequence.start + until, head);
            let room = RowsMut::new(scores, until - from, length, length);
            multiply(self.simd, query, keys.factor(&[], Finish::Plain), room);
            let scale = self.at.weigh(Block { head, from, length }, scale, scores);
            softmax_rows(self.simd, scores, length, scale);
            if let Some(watched) = &mut watched {
                watched.extend_from_slice(scores);
            }
            let weights = Rows::new(scores, until - from, length, length);
            multiply(self.simd, weights, values.factor(&[], Finish::Plain), into.part(from..until, 0..depth));
        }
    }
}

/// How many rows of scores of `length` each.
fn rows_at_once(length: usize) -> usize {
    (SCORES / length.max(1) / STEP).max(1) * STEP
}

/// Scores of one head that are held at once: the rows of a sequence of `length` tokens from row `from` on.
#[derive(Debug, Clone, Copy)]
struct Block {
    head: usize,
    from: usize,
    length: usize,
}

impl Where<'_> {
    /// Adds the bias of distances and hides what is out of scope; returns by what is still to be scaled.
    fn weigh(&self, block: Block, scale: f32, scores: &mut [f32]) -> f32 {
        let Block { head, from, length } = block;
        let scaled = match self.bias {
            None => scale,
            Some(bias) => {
                for (row, scores) in scores.chunks_exact_mut(length).enumerate() {
                    let added = bias.row(head, from + row, length);
                    scores.iter_mut().zip(added).for_each(|(s, b)| *s = *s * scale + b);
                }
                1.0
            }
        };
        if self.scope != Scope::All {
            for (row, scores) in scores.chunks_exact_mut(length).enumerate() {
                let seen = self.scope.of(from + row, length);
                scores[..seen.start].fill(f32::NEG_INFINITY);
                scores[seen.end..].fill(f32::NEG_INFINITY);
            }
        }
        scaled
    }
}
