use std::ops::Range;

use qiao_vecmath::{Finish, Past as HeadPast, Rows, RowsMut, Simd, attend, multiply, softmax_rows};

use super::products::{Desk, FEW, Kit};
use super::shape::Shape;

/// Scores that are held at once, about.
const SCORES: usize = 64 * 1024;
/// Rows of scores are taken by as many, which is what the products take at once.
const STEP: usize = 12;

/// Keys and values of one layer, `[tokens, key heads * depth]` each.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) keys: Vec<f32>,
    pub(super) values: Vec<f32>,
}

/// Grouped-query attention (Ainslie et al. 2023) of some tokens, whose keys and values are the last of the memory.
#[derive(Clone, Copy)]
pub(super) struct Attention<'a> {
    pub(super) shape: &'a Shape,
    /// `[rows, heads * depth]`
    pub(super) queries: &'a [f32],
    pub(super) memory: &'a Memory,
    /// Position of the first row
    pub(super) first: usize,
    /// How many tokens each sees, itself included, where not all before it
    pub(super) sight: Option<usize>,
}

impl Attention<'_> {
    /// Writes what each token takes from those it sees to `context`, `[rows, heads * depth]`.
    pub(super) fn run(self, kit: &mut Kit, context: &mut Vec<f32>) {
        let width = self.shape.heads * self.shape.depth;
        let rows = self.queries.len() / width;
        context.resize(rows * width, 0.0);
        if rows < FEW {
            for (row, out) in context.chunks_exact_mut(width).enumerate() {
                self.one(kit.simd, &mut kit.desks, (row, 0), out);
            }
        } else {
            let into = RowsMut::new(context, rows, width, width);
            self.many(kit.simd, &mut kit.desks, (rows, 0..self.shape.heads), into);
        }
    }

    /// Floats from one token's keys to the next.
    fn stride(self) -> usize {
        self.shape.key_heads * self.shape.depth
    }

    /// The first column of the keys that `head` asks.
    fn column(self, head: usize) -> usize {
        head / (self.shape.heads / self.shape.key_heads) * self.shape.depth
    }

    /// The tokens that the one at `position` sees.
    fn seen(self, position: usize) -> Range<usize> {
        self.sight.map_or(0, |sight| (position + 1).saturating_sub(sight))..position + 1
    }

    /// The heads of one row from `head` on, as many as `out` has room for, divided over the desks.
    fn one(self, simd: Simd, desks: &mut [Desk], (row, head): (usize, usize), out: &mut [f32]) {
        let depth = self.shape.depth;
        let first = desks.len() / 2;
        let middle = out.len() / depth * first / desks.len().max(1);
        if middle > 0 {
            let (one, others) = desks.split_at_mut(first);
            let (left, right) = out.split_at_mut(middle * depth);
            rayon::join(
                || self.one(simd, one, (row, head), left),
                || self.one(simd, others, (row, head + middle), right),
            );
        } else if let Some(desk) = desks.first_mut() {
            let seen = self.seen(self.first + row);
            let queries = &self.queries[(row * self.shape.heads + head) * depth..];
            desk.scores.resize(seen.len(), 0.0);
            for (i, (query, out)) in queries.chunks_exact(depth).zip(out.chunks_exact_mut(depth)).enumerate() {
                let (from, stride) = (seen.start * self.stride(), self.stride());
                let Memory { keys, values } = self.memory;
                let (keys, values, column) = (&keys[from..], &values[from..], self.column(head + i));
                let past = HeadPast { keys, values, stride, column };
                attend(simd, query, past, self.shape.scale(), (&mut desk.scores, out));
            }
        }
    }

    /// All rows of `heads` into their columns, divided over the desks.
    fn many(self, simd: Simd, desks: &mut [Desk], (rows, heads): (usize, Range<usize>), into: RowsMut<'_>) {
        let first = desks.len() / 2;
        let middle = heads.start + heads.len() * first / desks.len().max(1);
        if middle > heads.start {
            let (one, others) = desks.split_at_mut(first);
            let (left, right) = into.split_at_column((middle - heads.start) * self.shape.depth);
            rayon::join(
                || self.many(simd, one, (rows, heads.start..middle), left),
                || self.many(simd, others, (rows, middle..heads.end), right),
            );
        } else if let Some(desk) = desks.first_mut() {
            self.heads(simd, desk, (rows, heads), into);
        }
    }

    fn heads(self, simd: Simd, desk: &mut Desk, (rows, heads): (usize, Range<usize>), mut into: RowsMut<'_>) {
        let (depth, stride) = (self.shape.depth, self.stride());
        let seen = self.seen(self.first).start..self.first + rows;
        let mut packed = None;
        for (i, head) in heads.enumerate() {
            let column = self.column(head);
            if packed.replace(column) != Some(column) {
                let Memory { keys, values } = self.memory;
                let from = seen.start * stride + column;
                desk.packed.pack_outputs(Rows::new(&keys[from..], seen.len(), depth, stride));
                desk.values.pack_inputs(Rows::new(&values[from..], seen.len(), depth, stride));
            }
            let at_once = (SCORES / seen.len().max(1) / STEP).max(1) * STEP;
            for from in (0..rows).step_by(at_once) {
                let part = from..rows.min(from + at_once);
                let into = into.part(part.clone(), i * depth..(i + 1) * depth);
                self.block(simd, desk, (head, part, &seen), into);
            }
        }
    }

    /// Some rows of one head, whose keys and values are packed, with the tokens `all`.
    fn block(
        self,
        simd: Simd,
        Desk { packed, values, scores, .. }: &mut Desk,
        (head, rows, all): (usize, Range<usize>, &Range<usize>),
        into: RowsMut<'_>,
    ) {
        let (depth, width) = (self.shape.depth, self.shape.heads * self.shape.depth);
        let length = all.len();
        scores.resize(rows.len() * length, 0.0);
        let queries = Rows::new(&self.queries[rows.start * width + head * depth..], rows.len(), depth, width);
        let room = RowsMut::new(scores, rows.len(), length, length);
        multiply(simd, queries, packed.factor(&[], Finish::Plain), room);
        for (row, scores) in rows.clone().zip(scores.chunks_exact_mut(length)) {
            let seen = self.seen(self.first + row);
            scores[..seen.start - all.start].fill(f32::NEG_INFINITY);
            scores[seen.end - all.start..].fill(f32::NEG_INFINITY);
        }
        softmax_rows(simd, scores, length, self.shape.scale());
        multiply(simd, Rows::new(scores, rows.len(), length, length), values.factor(&[], Finish::Plain), into);
    }
}
