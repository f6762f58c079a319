use std::ops::Range;

use qiao_vecmath::{Finish, Rows, RowsMut, Simd, multiply, softmax_rows};

use super::{Angles, Linear, Norm, RelativeBias, Room};

/// Rows of scores that are held at once, so that a long sequence does not need the square of its length.
const ROWS: usize = 128;

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
        room.context.resize(x.len() / self.query_key_value.inputs() * self.output.inputs(), 0.0);
        // a text without a token has no row to stand in
        for sequence in sequences.iter().filter(|sequence| !sequence.is_empty()) {
            for key_head in 0..self.heads.keys {
                self.group(sequence, key_head, at, room);
            }
        }
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

    /// softmax(Q Kᵀ / √d) V of the heads that share a key head, into their columns of `room.context`.
    fn group(&self, sequence: &Range<usize>, key_head: usize, at: Where<'_>, room: &mut Room) {
        let simd = room.kit.simd;
        let Heads { queries, keys, depth } = self.heads;
        let (length, stride, wide) = (sequence.len(), self.heads.stride(), self.output.inputs());
        let column = |head: usize| sequence.start * stride + head * depth;
        let part = |head: usize| Rows::new(&room.query_key_value[column(head)..], length, depth, stride);
        room.keys.pack_outputs(part(queries + key_head));
        room.values.pack_inputs(part(queries + keys + key_head));
        let scale = 1.0 / (depth as f32).sqrt();
        let share = queries / keys;
        for head in key_head * share..(key_head + 1) * share {
            for from in (0..length).step_by(ROWS) {
                let rows = ROWS.min(length - from);
                room.scores.resize(rows * length, 0.0);
                let query = Rows::new(&room.query_key_value[column(head) + from * stride..], rows, depth, stride);
                let into = RowsMut::new(&mut room.scores, rows, length, length);
                multiply(simd, query, room.keys.factor(&[], Finish::Plain), into);
                let scale = at.weigh(Block { head, from, length }, scale, &mut room.scores);
                softmax_rows(simd, &mut room.scores, length, scale);
                if let Some(watched) = &mut room.watched {
                    watched.extend_from_slice(&room.scores[..rows * length]);
                }
                let into = &mut room.context[(sequence.start + from) * wide + head * depth..];
                let scores = Rows::new(&room.scores, rows, length, length);
                multiply(simd, scores, room.values.factor(&[], Finish::Plain), RowsMut::new(into, rows, depth, wide));
            }
        }
    }
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
