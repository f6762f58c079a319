use qiao_model::{Scored, TopK};

use super::random::Random;

/// The number of a row, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId(pub usize);

/// How large a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableShape {
    /// Rows, one a category.
    pub rows: usize,
    /// Numbers of a row.
    pub dim: usize,
}

/// Numbers that are no table, or a row that a table has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// Another number of numbers than the shape asks for.
    #[error("cannot make a table of {rows} rows of {dim} numbers out of {found} numbers", rows = shape.rows, dim = shape.dim)]
    Size {
        /// How many came.
        found: usize,
        /// What was asked for.
        shape: TableShape,
    },
    /// NaN or infinite.
    #[error("row {row} of the table holds a number that is not finite")]
    NotFinite {
        /// The first such row.
        row: usize,
    },
    /// No row of that number.
    #[error("the table has no row {row}; it has {rows} rows, counted from 0")]
    NoRow {
        /// What was asked for.
        row: usize,
        /// How many rows there are.
        rows: usize,
    },
}

/// A row of numbers for each category: what a one-hot code times a matrix gives, looked up instead of multiplied.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddingTable {
    shape: TableShape,
    // [rows, dim]
    numbers: Vec<f32>,
}

impl EmbeddingTable {
    /// A table of `numbers`, `[rows, dim]`.
    ///
    /// # Errors
    /// When there are more or fewer numbers than `shape` asks for, or one is not finite.
    pub fn new(shape: TableShape, numbers: Vec<f32>) -> Result<Self, TableError> {
        if shape.rows.checked_mul(shape.dim) != Some(numbers.len()) {
            return Err(TableError::Size { found: numbers.len(), shape });
        }
        match numbers.iter().position(|n| !n.is_finite()) {
            Some(at) => Err(TableError::NotFinite { row: at / shape.dim }),
            None => Ok(Self { shape, numbers }),
        }
    }

    /// A table of numbers drawn evenly from -0.05 to 0.05 (Keras' `Embedding` begins so), the same for the same `seed`.
    pub fn random(shape: TableShape, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let numbers = (0..shape.rows * shape.dim).map(|_| random.within(SMALL) as f32).collect();
        Self { shape, numbers }
    }

    /// How many rows of how many numbers.
    pub fn shape(&self) -> TableShape {
        self.shape
    }

    /// The row of `id`, `[dim]`.
    ///
    /// # Errors
    /// When there is no such row.
    pub fn row(&self, id: RowId) -> Result<&[f32], TableError> {
        let TableShape { rows, dim } = self.shape;
        match id.0 < rows {
            true => Ok(&self.numbers[id.0 * dim..][..dim]),
            false => Err(TableError::NoRow { row: id.0, rows }),
        }
    }

    /// The `k` rows nearest to that of `id` by cosine, from -1 to 1: greater is nearer, ties by ascending number. The row
    /// itself is left out. A row of zeros has no direction: it is near to none, and none to it.
    ///
    /// # Errors
    /// When there is no row `id`.
    pub fn nearest(&self, id: RowId, k: usize) -> Result<Vec<Scored<RowId>>, TableError> {
        let row = self.row(id)?;
        let mut best = TopK::new(k);
        let others = (0..self.shape.rows).map(RowId).filter(|other| *other != id);
        for other in others {
            if let Some(cosine) = cosine(row, self.row(other)?) {
                best.push(other, cosine);
            }
        }
        Ok(best.into_sorted())
    }
}

/// The bound of a new table's numbers.
pub(super) const SMALL: f64 = 0.05;

/// Cosine of the angle between two rows, or `None` where one has no length.
fn cosine(a: &[f32], b: &[f32]) -> Option<f32> {
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
    // a square of f32 is far from the ends of f64: no overflow, no underflow
    let lengths = product(a, a).sqrt() * product(b, b).sqrt();
    (lengths > 0.0).then(|| (product(a, b) / lengths).clamp(-1.0, 1.0) as f32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(rows: &[[f32; 2]]) -> EmbeddingTable {
        EmbeddingTable::new(TableShape { rows: rows.len(), dim: 2 }, rows.concat()).unwrap()
    }

    fn ids(nearest: &[Scored<RowId>]) -> Vec<usize> {
        nearest.iter().map(|scored| scored.key.0).collect()
    }

    #[test]
    fn greater_cosines_come_first_and_ties_by_number() {
        let table = table(&[[1.0, 0.0], [0.0, 2.0], [-3.0, 0.0], [0.0, 1.0], [5.0, 0.1]]);
        let nearest = table.nearest(RowId(0), 9).unwrap();
        assert_eq!(ids(&nearest), [4, 1, 3, 2]);
        assert_eq!((nearest[1].score, nearest[3].score), (0.0, -1.0));
        assert_eq!(ids(&table.nearest(RowId(0), 2).unwrap()), [4, 1]);
        assert!(table.nearest(RowId(0), 0).unwrap().is_empty());
    }

    #[test]
    fn a_row_of_zeros_has_no_neighbours_and_is_none() {
        let table = table(&[[1.0, 1.0], [0.0, 0.0], [1.0, 0.0], [1e-38, 1e-38]]);
        assert_eq!(ids(&table.nearest(RowId(0), 9).unwrap()), [3, 2]);
        assert!(table.nearest(RowId(1), 9).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_table_is_named() {
        let shape = TableShape { rows: 2, dim: 2 };
        assert_eq!(EmbeddingTable::new(shape, vec![0.0; 3]), Err(TableError::Size { found: 3, shape }));
        let numbers = vec![0.0, 1.0, f32::NAN, 0.0];
        assert_eq!(EmbeddingTable::new(shape, numbers), Err(TableError::NotFinite { row: 1 }));
        let table = EmbeddingTable::random(shape, 1);
        assert_eq!(table.row(RowId(2)), Err(TableError::NoRow { row: 2, rows: 2 }));
        assert!(table.nearest(RowId(2), 1).is_err());
    }

    #[test]
    fn a_seed_gives_the_same_numbers() {
        let shape = TableShape { rows: 5, dim: 3 };
        assert_eq!(EmbeddingTable::random(shape, 1), EmbeddingTable::random(shape, 1));
        assert_ne!(EmbeddingTable::random(shape, 1), EmbeddingTable::random(shape, 2));
    }

    proptest! {
        #[test]
        fn nearness_is_mutual_and_ordered(numbers in prop::collection::vec(-4i8..4, 20)) {
            let rows: Vec<[f32; 2]> = numbers.chunks(2).map(|c| [f32::from(c[0]), f32::from(c[1])]).collect();
            let table = table(&rows);
            let score = |from, to| {
                let nearest = table.nearest(RowId(from), 10).unwrap();
                nearest.iter().find(|s| s.key == RowId(to)).map(|s| s.score)
            };
            prop_assert_eq!(score(0, 1), score(1, 0));
            let nearest = table.nearest(RowId(0), 10).unwrap();
            prop_assert!(nearest.is_sorted());
        }
    }
}
