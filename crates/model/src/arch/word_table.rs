//! Static embeddings: a vector for each token, whatever stands around it (model2vec; sentence-transformers'
//! StaticEmbedding).

use crate::pack::Pack;
use crate::weights::{Table, WeightError, Weights};

/// A row for each token id; where a vocabulary was quantised, ids share rows and weigh them.
#[derive(Debug)]
pub(crate) struct WordTable {
    table: Table,
    /// The row of each id
    rows: Option<Vec<u32>>,
    /// The factor of each id
    factors: Option<Vec<f32>>,
}

impl WordTable {
    /// Takes the table under sentence-transformers' name or under those of model2vec.
    pub(crate) fn load(weights: &Weights) -> Result<Self, WeightError> {
        let name = ["embedding.weight", "embeddings"].into_iter().find(|name| weights.has(name));
        let name = name.unwrap_or("embeddings");
        let (rows, width) = match *weights.shape(name)? {
            [rows, width] if rows > 0 && width > 0 => (rows, width),
            ref found => {
                return Err(WeightError::Shape {
                    path: weights.path().into(),
                    name: name.into(),
                    found: found.to_vec(),
                    expected: vec![1, 1],
                });
            }
        };
        let table = weights.table(name, rows, width)?;
        let rows = match weights.has("mapping") {
            true => Some(weights.indices("mapping", weights.shape("mapping")?.iter().product(), rows)?),
            false => None,
        };
        let ids = rows.as_ref().map_or(table.rows(), Vec::len);
        let factors = weights.has("weights").then(|| weights.tensor("weights", &[ids])).transpose()?;
        Ok(Self { table, rows, factors })
    }

    /// Floats in a token's vector.
    pub(super) fn width(&self) -> usize {
        self.table.width()
    }

    /// Number of token ids.
    pub(super) fn vocabulary(&self) -> usize {
        self.rows.as_ref().map_or(self.table.rows(), Vec::len)
    }

    /// The vectors `[tokens, width]` of a pack.
    pub(super) fn forward(&self, pack: &Pack) -> Vec<f32> {
        self.rows(&pack.ids)
    }

    /// The vectors `[tokens, width]` of ids.
    pub(super) fn rows(&self, ids: &[u32]) -> Vec<f32> {
        let mut x = Vec::with_capacity(ids.len() * self.width());
        for id in ids {
            let (from, id) = (x.len(), *id as usize);
            self.table.read(self.rows.as_ref().map_or(id, |rows| rows[id] as usize), &mut x);
            if let Some(factors) = &self.factors {
                x[from..].iter_mut().for_each(|v| *v *= factors[id]);
            }
        }
        x
    }
}
