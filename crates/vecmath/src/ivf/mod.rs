//! An index of vectors in one file: lists of near vectors with a bit a dimension, which finds candidates for an exact score.
//!
//! Vectors are turned by a random rotation, parted into [lists](lists_for) by k-means, and kept as the signs of
//! what is left beside their list's centre, with two numbers that make the estimate of a dot product unbiased: RaBitQ (Gao
//! and Long, "RaBitQ: Quantizing High-Dimensional Vectors with a Theoretical Error Bound for Approximate Nearest Neighbor
//! Search", SIGMOD 2024). The caller keeps the vectors themselves, under ascending keys, and gives the exact score of those
//! few whose estimate is good. All that is compared is whole numbers, and all else is summed in one order: the same bytes
//! and the same candidates on any machine, with any number of threads.
//!
//! ```
//! use std::num::NonZeroUsize;
//! use qiao_vecmath::ivf::{Asked, Effort, Index, IvfError, Sample, Selection, Writer};
//!
//! # fn main() -> Result<(), IvfError> {
//! let vectors = [(3, [1.0, 0.0]), (7, [0.6, 0.8]), (8, [0.0, 1.0])];
//! let mut sample = Sample::new(2, vectors.len())?;
//! for (key, vector) in vectors {
//!     if sample.wants(key) {
//!         sample.push(key, &vector)?;
//!     }
//! }
//! let mut writer = Writer::new(sample.train(NonZeroUsize::MIN), NonZeroUsize::MIN);
//! for (key, vector) in vectors {
//!     writer.push(key, &vector)?;
//! }
//! let mut file = Vec::new();
//! writer.finish(&mut file)?;
//!
//! let index = Index::open(&file)?;
//! let query = [0.8, 0.6];
//! let mut exact = |key: i64| -> Result<Option<f32>, IvfError> {
//!     let vector = vectors.iter().find(|(own, _)| *own == key);
//!     Ok(vector.map(|(_, v)| qiao_vecmath::dot(&query, v)))
//! };
//! let asked = Asked { k: 2, effort: Effort::usual(index.len(), 2), selection: Selection::default() };
//! let found = index.search(&query, &asked, &mut exact)?;
//! assert_eq!(found.best.iter().map(|one| one.key).collect::<Vec<_>>(), [7, 3]);
//! # Ok(())
//! # }
//! ```

mod code;
mod error;
mod index;
mod kernels;
mod lanes;
mod layout;
mod rotation;
mod search;
mod selection;
#[cfg(test)]
mod tests;
mod train;
mod write;

pub use error::{IvfError, Part};
pub use index::Index;
pub use search::{Asked, Effort, Found};
pub use selection::Selection;
pub use train::{Codebook, Sample};
pub use write::Writer;

/// The most dimensions of a vector: sums of so many products of bytes fit 32 bits.
pub const MAX_DIMENSION: usize = 1 << 16;

/// The number of lists for `vectors` vectors: four times their root, and no more than one for each 32. With half as many, half
/// as many again must be compared to find as many of the best, and the lists are made in half the time.
pub fn lists_for(vectors: usize) -> usize {
    let roots = 4.0 * (vectors as f64).sqrt();
    (roots.round() as usize).min(vectors / 32).clamp(1, MAX_LISTS)
}

/// The most lists of an index.
pub(crate) const MAX_LISTS: usize = 1 << 16;

/// Numbers that look random and are the same everywhere: SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom
/// Number Generators", 2014).
#[derive(Debug)]
struct Scramble(u64);

impl Scramble {
    /// The next of 2⁶⁴.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next between 0 and 1.
    #[cfg(test)]
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u32 << 24) as f32
    }
}
