use std::num::NonZeroUsize;

use super::code::Rounded;
use super::index::Index;
use super::kernels::WORD;
use super::layout::{FACTORS, factors};
use super::rotation::Rotation;
use super::{IvfError, MAX_DIMENSION, Scramble, lanes, lists_for};
use crate::cpu::dispatch;
use crate::{Finish, Levels, PackedInt8, Rows, RowsMut, Simd, multiply_int8};

/// Vectors of the sample for each list.
const PER_LIST: usize = 32;
/// Rounds of k-means.
const ROUNDS: usize = 8;
/// Rows that are scored against all centres at once.
const BLOCK: usize = 64;
/// Of the rotation, and of all that is drawn.
const SEED: u64 = 0x7169_616f;

/// Vectors from which the lists are made: about 32 for each list, a byte a dimension.
#[derive(Debug)]
pub struct Sample {
    rotation: Rotation,
    dimension: usize,
    lists: usize,
    // keys whose number is greater are not wanted
    greatest: u64,
    bytes: Vec<i8>,
    steps: Vec<f32>,
}

impl Sample {
    /// Of about `expected` vectors of `dimension` numbers.
    ///
    /// # Errors
    /// When an index cannot have so many dimensions.
    pub fn new(dimension: usize, expected: usize) -> Result<Self, IvfError> {
        if !(1..=MAX_DIMENSION).contains(&dimension) {
            return Err(IvfError::Dimension { expected: MAX_DIMENSION, got: dimension });
        }
        let lists = lists_for(expected);
        let share = (lists * PER_LIST) as f64 / expected.max(1) as f64;
        let greatest = (share * u64::MAX as f64) as u64;
        let rotation = Rotation::new(dimension, SEED);
        Ok(Self { rotation, dimension, lists, greatest, bytes: Vec::new(), steps: Vec::new() })
    }

    /// Whether the vector of this key belongs to the sample: a fixed choice, by chance.
    pub fn wants(&self, key: i64) -> bool {
        Scramble(key as u64 ^ SEED).next() <= self.greatest && self.steps.len() < 2 * PER_LIST * self.lists
    }

    /// Takes a vector.
    ///
    /// # Errors
    /// When it has another dimension, or a number that is not finite.
    pub fn push(&mut self, key: i64, vector: &[f32]) -> Result<(), IvfError> {
        check(self.dimension, key, vector)?;
        let mut turned = vector.to_vec();
        self.rotation.turn(Simd::detect(), &mut turned);
        let rounded = Rounded::new(&turned);
        self.bytes.extend(&rounded.bytes[..self.dimension]);
        self.steps.push(rounded.step);
        Ok(())
    }

    /// Makes the lists by k-means, with at most so many threads, whose number changes nothing.
    pub fn train(self, threads: NonZeroUsize) -> Codebook {
        let lists = self.lists.min(self.steps.len()).max(1);
        let mut centres = self.drawn(lists);
        let mut codebook = Codebook::new(self.dimension, SEED, &centres);
        for _ in 0..ROUNDS {
            let mut nearest = vec![0; self.steps.len()];
            self.assign(&codebook, threads, &mut nearest);
            self.average(&nearest, &mut centres);
            codebook = Codebook::new(self.dimension, SEED, &centres);
        }
        codebook
    }

    fn add(&self, row: usize, into: &mut [f32]) {
        let (bytes, step) = (&self.bytes[row * self.dimension..], self.steps[row]);
        into.iter_mut().zip(bytes).for_each(|(into, byte)| *into += f32::from(*byte) * step);
    }

    /// As many rows as there are lists, chosen by chance; zeros where there is none.
    fn drawn(&self, lists: usize) -> Vec<f32> {
        let mut scramble = Scramble(SEED);
        let mut order: Vec<(u64, usize)> = (0..self.steps.len()).map(|row| (scramble.next(), row)).collect();
        order.sort_unstable();
        let mut centres = vec![0.0; lists * self.dimension];
        for ((_, row), centre) in order.iter().zip(centres.chunks_exact_mut(self.dimension)) {
            self.add(*row, centre);
        }
        centres
    }

    fn assign(&self, codebook: &Codebook, threads: NonZeroUsize, nearest: &mut [u32]) {
        let part = nearest.len().div_ceil(threads.get()).max(1);
        std::thread::scope(|scope| {
            for (i, nearest) in nearest.chunks_mut(part).enumerate() {
                scope.spawn(move || {
                    let mut scorer = Scorer::default();
                    let mut rows = vec![0.0; BLOCK * self.dimension];
                    for (block, nearest) in nearest.chunks_mut(BLOCK).enumerate() {
                        rows.fill(0.0);
                        for (j, row) in rows.chunks_exact_mut(self.dimension).take(nearest.len()).enumerate() {
                            self.add(i * part + block * BLOCK + j, row);
                        }
                        scorer.nearest(codebook, &rows[..nearest.len() * self.dimension], nearest);
                    }
                });
            }
        });
    }

    /// Makes each centre the mean of its rows.
    fn average(&self, nearest: &[u32], centres: &mut [f32]) {
        let lists = centres.len() / self.dimension;
        let mut counts = vec![0usize; lists];
        centres.fill(0.0);
        for (row, list) in nearest.iter().enumerate() {
            counts[*list as usize] += 1;
            self.add(row, &mut centres[*list as usize * self.dimension..][..self.dimension]);
        }
        for (count, centre) in counts.iter().zip(centres.chunks_exact_mut(self.dimension)) {
            centre.iter_mut().for_each(|v| *v /= (*count).max(1) as f32);
        }
        self.fill_empty(nearest, &mut counts, centres);
    }

    /// Gives each list without rows a row of the list that has most, with half of its rows to come.
    fn fill_empty(&self, nearest: &[u32], counts: &mut [usize], centres: &mut [f32]) {
        let mut from = 0;
        let empty: Vec<usize> = (0..counts.len()).filter(|list| counts[*list] == 0).collect();
        for list in empty {
            let largest = (0..counts.len()).fold(0, |most, i| if counts[i] > counts[most] { i } else { most });
            if counts[largest] < 2 {
                return;
            }
            let is_of_largest = |row: &usize| nearest[*row] as usize == largest;
            let row = (from..nearest.len()).find(is_of_largest).or_else(|| (0..from).find(is_of_largest));
            let Some(row) = row else { continue };
            let centre = &mut centres[list * self.dimension..][..self.dimension];
            centre.fill(0.0);
            self.add(row, centre);
            (counts[list], counts[largest], from) = (counts[largest] / 2, counts[largest].div_ceil(2), row + 1);
        }
    }
}

/// What all vectors of an index are encoded by: the rotation and the centres of its lists.
#[derive(Debug)]
pub struct Codebook {
    pub(super) dimension: usize,
    pub(super) seed: u64,
    pub(super) rotation: Rotation,
    /// The centres as the file holds them.
    pub(super) section: Vec<u8>,
    /// And their measures.
    pub(super) measures: Vec<u8>,
    centres: Vec<f32>,
    packed: PackedInt8,
    // minus half the squared length of each
    bias: Vec<f32>,
}

impl Codebook {
    /// Rounds `centres`, `[lists, dimension]`, to bytes, which from here on are the centres.
    fn new(dimension: usize, seed: u64, centres: &[f32]) -> Self {
        let (mut section, mut measures) = (Vec::new(), Vec::new());
        for centre in centres.chunks_exact(dimension) {
            let rounded = Rounded::new(centre);
            section.extend(rounded.bytes.iter().map(|byte| *byte as u8));
            measures.extend([rounded.step, rounded.length_squared()].iter().flat_map(|v| v.to_le_bytes()));
        }
        Self::of_sections((dimension, seed), section, measures)
    }

    /// That of an index.
    pub(super) fn of(index: &Index<'_>) -> Self {
        Self::of_sections((index.dimension(), index.header.seed), index.centres.to_vec(), index.measures.to_vec())
    }

    fn of_sections((dimension, seed): (usize, u64), section: Vec<u8>, measures: Vec<u8>) -> Self {
        let (mut centres, mut bias) = (Vec::new(), Vec::new());
        let rows = section.chunks_exact(dimension.next_multiple_of(WORD));
        for (row, two) in rows.zip(measures.as_chunks::<FACTORS>().0) {
            let [step, square] = factors(two);
            centres.extend(row[..dimension].iter().map(|byte| f32::from(*byte as i8) * step));
            bias.push(-0.5 * square);
        }
        let packed = PackedInt8::from_outputs(Rows::new(&centres, bias.len(), dimension, dimension));
        Self { dimension, seed, rotation: Rotation::new(dimension, seed), section, measures, centres, packed, bias }
    }

    pub(super) fn lists(&self) -> usize {
        self.bias.len()
    }

    pub(super) fn centre(&self, list: u32) -> &[f32] {
        &self.centres[list as usize * self.dimension..][..self.dimension]
    }
}

/// Room for finding nearest centres.
#[derive(Debug, Default)]
pub(super) struct Scorer {
    levels: Levels,
    scores: Vec<f32>,
}

impl Scorer {
    /// The list of the centre nearest to each of some turned vectors, ties by list.
    pub(super) fn nearest(&mut self, codebook: &Codebook, vectors: &[f32], nearest: &mut [u32]) {
        let (simd, dimension, lists) = (Simd::detect(), codebook.dimension, codebook.lists());
        for (vectors, nearest) in vectors.chunks(BLOCK * dimension).zip(nearest.chunks_mut(BLOCK)) {
            let rows = nearest.len();
            self.levels.round(simd, Rows::new(vectors, rows, dimension, dimension));
            self.scores.resize(rows * lists, 0.0);
            let factor = codebook.packed.factor(&codebook.bias, Finish::Plain);
            multiply_int8(simd, &self.levels, factor, RowsMut::new(&mut self.scores, rows, lists, lists));
            greatest(simd, &self.scores, lists, nearest);
        }
    }
}

dispatch! {
    /// The place of the greatest number of each row, the first among equals.
    fn greatest(simd, rows: &[f32], width: usize, out: &mut [u32]) = greatest_each
}

#[inline(always)]
fn greatest_each(rows: &[f32], width: usize, out: &mut [u32]) {
    for (row, out) in rows.chunks_exact(width).zip(out) {
        let (mut best, mut at) = ([f32::NEG_INFINITY; lanes::EIGHT], [0u32; lanes::EIGHT]);
        for (chunk, values) in row.chunks(lanes::EIGHT).enumerate() {
            for ((best, at), value) in best.iter_mut().zip(&mut at).zip(values) {
                let above = value > best;
                *best = if above { *value } else { *best };
                *at = if above { chunk as u32 } else { *at };
            }
        }
        let place = |lane: usize| at[lane] * lanes::EIGHT as u32 + lane as u32;
        let better = |a: usize, b: usize| best[b] > best[a] || best[b] == best[a] && place(b) < place(a);
        let lane = (1..lanes::EIGHT).fold(0, |a, b| if better(a, b) { b } else { a });
        *out = if best[lane] > f32::NEG_INFINITY { place(lane) } else { 0 };
    }
}

/// Refuses a vector that an index cannot hold.
pub(super) fn check(dimension: usize, key: i64, vector: &[f32]) -> Result<(), IvfError> {
    if vector.len() != dimension {
        return Err(IvfError::Dimension { expected: dimension, got: vector.len() });
    }
    // a sum of squares that overflows is refused as well
    let square: f32 = vector.iter().map(|v| v * v).sum();
    if square.is_finite() { Ok(()) } else { Err(IvfError::NotFinite { key }) }
}
