use super::code::Rounded;
use super::error::IvfError;
use super::index::Index;
use super::kernels::Bytes;
use super::layout::factors;
use super::selection::{Allowed, Selection};
use crate::cpu::dispatch;
use crate::{Scored, Simd};

/// The deviation of an estimate is this share of `f |q - c|`: √(1 - 2/π), as the cosine of a residual with its own signs
/// is near √(2/π) in many dimensions (the bound of the paper's theorem 3.2, with that cosine put in).
const DEVIATION: f32 = 0.602_81;

/// How many vectors are compared, as a multiple of the root of their number: 128 of their lists.
const COMPARED_TO_ROOT: f64 = 32.0;
/// The most exact scores for each of those that are wanted, and besides. Hardly a query comes near.
const RESCORED_FOR_EACH: usize = 24;
const RESCORED_BESIDES: usize = 80;
/// Three find 1 in 700 more of the best ten, and ask for half as many more exact scores.
const DEVIATIONS: f32 = 2.3;

/// Promises that are looked at together.
const CHUNK: usize = 16;

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// How many are wanted.
    pub k: usize,
    /// How hard to look.
    pub effort: Effort,
    /// Which may be found.
    pub selection: Selection<'a>,
}

/// How hard to look: more finds more of the true best, for more time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effort {
    /// Vectors whose score is estimated, at least: whole lists are looked through, the nearest first, until it is reached.
    /// Where no more may be found, it is those, whatever list they are in.
    pub compared: usize,
    /// Vectors whose exact score is asked for, at most, the best estimates first; never fewer than are wanted.
    pub rescored: usize,
    /// How many deviations above its estimate a score is thought possible. A vector whose score cannot reach the `k`-th
    /// exact one is not asked for.
    pub deviations: f32,
}

impl Effort {
    /// All vectors, and the exact score of each.
    pub const EXHAUSTIVE: Self = Self { compared: usize::MAX, rescored: usize::MAX, deviations: 1e9 };

    /// What finds 99 of 100 of the true best ten among vectors of texts (`bench/retrieval/vectors.py`), for `k` of
    /// `vectors` vectors. Where vectors lie evenly in all directions, which those of texts do not, it finds fewer.
    pub fn usual(vectors: usize, k: usize) -> Self {
        let compared = (COMPARED_TO_ROOT * (vectors as f64).sqrt()) as usize;
        let rescored = RESCORED_FOR_EACH.saturating_mul(k).saturating_add(RESCORED_BESIDES);
        Self { compared, rescored, deviations: DEVIATIONS }
    }

    fn widened(self) -> Self {
        let (compared, rescored) = (self.compared.max(1).saturating_mul(8), self.rescored.max(1).saturating_mul(8));
        Self { compared, rescored, ..self }
    }
}

/// What was found, and what it took.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The best, best first, with their exact scores; ties by ascending key.
    pub best: Vec<Scored<i64>>,
    /// How many estimates were made.
    pub compared: usize,
    /// How many exact scores were asked for.
    pub rescored: usize,
}

impl Index<'_> {
    /// The best `k` by the exact score that `rescore` gives a key, of those whose dot product with `query` is estimated to
    /// be great. A key for which it gives none, or no number, is passed over. Never fewer than `k` while the index holds as
    /// many that may be found and have a score.
    ///
    /// # Errors
    /// When the query has another dimension than the index, or `rescore` fails.
    pub fn search<E: From<IvfError>>(
        &self,
        query: &[f32],
        asked: &Asked<'_>,
        rescore: &mut dyn FnMut(i64) -> Result<Option<f32>, E>,
    ) -> Result<Found, E> {
        if query.len() != self.dimension() {
            return Err(IvfError::Dimension { expected: self.dimension(), got: query.len() }.into());
        }
        let mut found = Found { best: Vec::new(), compared: 0, rescored: 0 };
        if asked.k == 0 {
            return Ok(found);
        }
        let query = Query::new(self, query);
        let allowed = Allowed::of(self, &asked.selection);
        let mut effort = asked.effort;
        loop {
            let candidates = query.candidates(&allowed, effort, asked.k);
            found.compared += candidates.seen;
            found.best.clear();
            candidates.rescore(self, &mut found, asked.k, rescore)?;
            if found.best.len() >= asked.k || candidates.seen >= allowed.count() && !candidates.dropped {
                return Ok(found);
            }
            effort = effort.widened();
        }
    }
}

/// A query as an index sees it.
struct Query<'a> {
    index: &'a Index<'a>,
    bytes: Bytes,
    // worth of a step, and the sum of the bytes
    step: f32,
    total: i32,
    // the deviation of a score by what was lost in rounding
    lost: f32,
    // of each list's centre, the dot product and the distance
    lists: Vec<(f32, f32)>,
}

impl<'a> Query<'a> {
    fn new(index: &'a Index<'a>, query: &[f32]) -> Self {
        let simd = Simd::detect();
        let mut turned = query.to_vec();
        index.rotation.turn(simd, &mut turned);
        let rounded = Rounded::new(&turned);
        let (step, length_squared) = (rounded.step, rounded.length_squared());
        // what rounding takes from a number is even over one step
        let lost = step / 12f32.sqrt();
        let total = rounded.bytes.iter().map(|v| i32::from(*v)).sum();
        let bytes = Bytes::new(simd, rounded.bytes);
        let near = |(dot, [worth, square]): (i32, [f32; 2])| {
            let score = dot as f32 * (step * worth);
            (score, (length_squared - 2.0 * score + square).max(0.0).sqrt())
        };
        let lists =
            bytes.dots(index.centre_bytes(), index.lists()).into_iter().zip(index.measures()).map(near).collect();
        Self { index, bytes, step, total, lost, lists }
    }

    /// The best estimates, of whole lists or of all that are allowed.
    fn candidates(&self, allowed: &Allowed, effort: Effort, k: usize) -> Candidates {
        let mut scan = Scan::new(self, allowed, effort, k);
        if allowed.count() <= effort.compared {
            (0..self.lists.len()).for_each(|list| scan.list(list));
            return scan.into.sorted();
        }
        let mut nearest: Vec<Scored<usize>> =
            self.lists.iter().enumerate().map(|(key, (score, _))| Scored { key, score: *score }).collect();
        // about as many as will do are sorted, and the others if they are needed
        let lists = nearest.len();
        let share = effort.compared as f64 / allowed.count() as f64;
        let first = ((lists as f64 * share * 1.25) as usize + 8).min(lists - 1);
        nearest.select_nth_unstable(first);
        for part in [0..first, first..lists] {
            nearest[part.clone()].sort_unstable();
            for list in &nearest[part] {
                if scan.into.seen < effort.compared {
                    scan.list(list.key);
                }
            }
        }
        scan.into.sorted()
    }
}

/// One look through lists.
struct Scan<'a> {
    query: &'a Query<'a>,
    allowed: &'a Allowed,
    deviations: f32,
    positions: Vec<u32>,
    sums: Vec<i32>,
    promises: Vec<f32>,
    into: Candidates,
}

impl<'a> Scan<'a> {
    fn new(query: &'a Query<'a>, allowed: &'a Allowed, effort: Effort, k: usize) -> Self {
        let (positions, sums, promises) = (Vec::new(), Vec::new(), Vec::new());
        let into = Candidates::new(effort.rescored.max(k));
        Self { query, allowed, deviations: effort.deviations, positions, sums, promises, into }
    }

    fn list(&mut self, list: usize) {
        let (query, index) = (self.query, self.query.index);
        let bounds = index.starts.get(list..).and_then(|starts| starts.first_chunk::<2>());
        let (Some(&[from, to]), Some((score, distance))) = (bounds, query.lists.get(list)) else { return };
        self.allowed.within(from..to, &mut self.positions);
        if self.positions.is_empty() {
            return;
        }
        query.bytes.bit_sums(index.code_bits(), &self.positions, &mut self.sums);
        let estimate = Estimate {
            base: score + self.deviations * query.lost,
            possible: self.deviations * DEVIATION * distance,
            step: query.step,
            total: query.total,
        };
        self.promises.resize(self.positions.len(), 0.0);
        let codes = (index.codes, index.header.code_bytes());
        promise(Simd::detect(), &estimate, codes, (&self.positions, &self.sums), &mut self.promises);
        self.into.take(&self.promises, &self.positions);
    }
}

/// What the codes of one list have in common.
struct Estimate {
    base: f32,
    possible: f32,
    step: f32,
    total: i32,
}

dispatch! {
    /// The score that is thought possible of the code at each position, whose bits sum to so much.
    fn promise(
        simd,
        estimate: &Estimate,
        codes: (&[u8], usize),
        of: (&[u32], &[i32]),
        out: &mut [f32],
    ) = promise_each
}

#[inline(always)]
fn promise_each(
    estimate: &Estimate,
    (codes, stride): (&[u8], usize),
    (positions, sums): (&[u32], &[i32]),
    out: &mut [f32],
) {
    let Estimate { base, possible, step, total } = estimate;
    for ((position, sum), out) in positions.iter().zip(sums).zip(out) {
        let [factor, shift] = factors(codes.get(*position as usize * stride..).unwrap_or_default());
        let signed = (2 * sum - total) as f32 * step;
        *out = base + factor * (signed + possible) + shift;
    }
}

/// The positions of greatest promise: the score that is thought possible.
struct Candidates {
    most: usize,
    kept: Vec<(f32, u32)>,
    // none below is kept
    floor: f32,
    seen: usize,
    // whether any was left out for want of room
    dropped: bool,
    hits: Vec<u32>,
}

impl Candidates {
    fn new(most: usize) -> Self {
        Self { most, kept: Vec::new(), floor: f32::NEG_INFINITY, seen: 0, dropped: false, hits: Vec::new() }
    }

    /// Shows the promises of some positions.
    fn take(&mut self, promises: &[f32], positions: &[u32]) {
        self.seen += positions.len();
        let mut hits = std::mem::take(&mut self.hits);
        above(Simd::detect(), promises, self.floor, &mut hits);
        for hit in &hits {
            let (promise, position) = (promises[*hit as usize], positions[*hit as usize]);
            // the floor may have risen
            if promise > self.floor {
                self.kept.push((promise, position));
                if self.kept.len() >= self.most.saturating_mul(2) {
                    self.cut();
                }
            }
        }
        self.hits = hits;
    }

    fn cut(&mut self) {
        if self.kept.len() > self.most {
            self.kept.select_nth_unstable_by(self.most - 1, order);
            self.floor = self.kept[self.most - 1].0;
            self.kept.truncate(self.most);
            self.dropped = true;
        }
    }

    /// The greatest promise first.
    fn sorted(mut self) -> Self {
        self.cut();
        self.kept.sort_unstable_by(order);
        self
    }

    fn rescore<E>(
        &self,
        index: &Index<'_>,
        found: &mut Found,
        k: usize,
        rescore: &mut dyn FnMut(i64) -> Result<Option<f32>, E>,
    ) -> Result<(), E> {
        for (promise, position) in &self.kept {
            if found.best.len() == k && found.best.last().is_some_and(|last| *promise < last.score) {
                break;
            }
            let Some(key) = index.key_at(*position) else { continue };
            found.rescored += 1;
            if let Some(score) = rescore(key)?.filter(|score| !score.is_nan()) {
                keep(&mut found.best, Scored { key, score }, k);
            }
        }
        Ok(())
    }
}

dispatch! {
    /// The places of the numbers above `floor`.
    fn above(simd, numbers: &[f32], floor: f32, out: &mut Vec<u32>) = above_each
}

#[inline(always)]
fn above_each(numbers: &[f32], floor: f32, out: &mut Vec<u32>) {
    out.clear();
    for (chunk, numbers) in numbers.chunks(CHUNK).enumerate() {
        // most are below, and looked at together
        if numbers.iter().fold(false, |any, number| any | (*number > floor)) {
            let hits = (chunk as u32 * CHUNK as u32..).zip(numbers).filter(|(_, number)| **number > floor);
            out.extend(hits.map(|(place, _)| place));
        }
    }
}

/// The greater promise first, ties by position.
fn order(a: &(f32, u32), b: &(f32, u32)) -> std::cmp::Ordering {
    b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
}

/// Puts one among the sorted best `k`.
fn keep(best: &mut Vec<Scored<i64>>, one: Scored<i64>, k: usize) {
    let at = best.partition_point(|other| *other < one);
    if at < k {
        best.truncate(k - 1);
        best.insert(at, one);
    }
}
