use qiao_vecmath::Simd;

use super::Norm;
use super::norm::add;
use crate::pack::Pack;
use crate::weights::Table;

/// Token ids into the vectors that the first layer reads.
#[derive(Debug)]
pub(crate) struct Embeddings {
    pub(crate) words: Table,
    /// `[types, width]`: the type of a text's tokens and, where the model knows pairs, that of the other text's; empty
    /// where there are no types
    pub(crate) kinds: Vec<f32>,
    pub(crate) positions: Option<Positions>,
    pub(crate) norm: Option<Norm>,
}

/// A vector for each position.
#[derive(Debug)]
pub(crate) struct Positions {
    pub(crate) table: Table,
    pub(crate) numbering: Numbering,
}

/// Which row of the table a token takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbering {
    /// Its place in the sequence.
    FromZero,
    /// As fairseq counts: from the padding token's id plus one, and padding tokens that stand in the text itself take the
    /// padding token's own row and are not counted.
    AfterPadding(u32),
}

impl Positions {
    /// The longest sequence for which there are rows.
    pub(crate) fn limit(&self) -> usize {
        match self.numbering {
            Numbering::FromZero => self.table.rows(),
            Numbering::AfterPadding(padding) => self.table.rows().saturating_sub(padding as usize + 1),
        }
    }

    fn rows(&self, ids: &[u32]) -> Vec<usize> {
        match self.numbering {
            Numbering::FromZero => (0..ids.len()).collect(),
            Numbering::AfterPadding(padding) => {
                let mut last = padding as usize;
                let row = |id: &u32| match *id == padding {
                    true => padding as usize,
                    false => {
                        last += 1;
                        last
                    }
                };
                ids.iter().map(row).collect()
            }
        }
    }
}

impl Embeddings {
    /// The rows `[tokens, width]` that ids stand for, without type, position and norm.
    pub(in crate::arch) fn rows(&self, ids: &[u32]) -> Vec<f32> {
        let mut x = Vec::with_capacity(ids.len() * self.words.width());
        ids.iter().for_each(|id| self.words.read(*id as usize, &mut x));
        x
    }

    /// Whether the tokens of a second text have a type of their own.
    pub(in crate::arch) fn knows_pairs(&self) -> bool {
        self.kinds.len() > self.words.width()
    }

    fn kind(&self, which: usize) -> &[f32] {
        let width = self.words.width();
        &self.kinds[which * width..][..width]
    }

    /// The vectors `[tokens, width]` of a pack.
    pub(in crate::arch) fn forward(&self, simd: Simd, pack: &Pack) -> Vec<f32> {
        let width = self.words.width();
        let mut x = self.rows(&pack.ids);
        if !self.kinds.is_empty() {
            // torch adds the type before the position
            for (range, of_first) in pack.ranges.iter().zip(&pack.of_first) {
                let tokens = x[range.start * width..range.end * width].chunks_exact_mut(width);
                for (i, token) in tokens.enumerate() {
                    add(token, self.kind(usize::from(i >= *of_first)));
                }
            }
        }
        if let Some(positions) = &self.positions {
            let mut row = Vec::with_capacity(width);
            for range in &pack.ranges {
                let tokens = x[range.start * width..range.end * width].chunks_exact_mut(width);
                for (token, at) in tokens.zip(positions.rows(&pack.ids[range.clone()])) {
                    row.clear();
                    positions.table.read(at, &mut row);
                    add(token, &row);
                }
            }
        }
        if let Some(norm) = &self.norm {
            norm.apply(simd, &mut x);
        }
        x
    }
}
