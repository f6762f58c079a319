use crate::weights::{WeightError, Weights};

/// Beyond this distance all share a bucket.
const FARTHEST: f32 = 128.0;

/// What each head adds to a score for the distance between two tokens, in the buckets of T5 (Raffel et al. 2019, 2.1).
#[derive(Debug)]
pub(crate) struct RelativeBias {
    /// `[heads, 2 * limit - 1]`: distances `-(limit - 1)..limit`
    by_distance: Vec<f32>,
    limit: usize,
}

impl RelativeBias {
    /// Takes the table `name` of `[rows, heads]`, of which `buckets` are used, for sequences of at most `limit` tokens.
    pub(crate) fn load(
        weights: &Weights,
        name: &str,
        ((rows, heads), buckets): ((usize, usize), usize),
        limit: usize,
    ) -> Result<Self, WeightError> {
        let table = weights.tensor(name, &[rows, heads])?;
        let reach = limit as i64 - 1;
        let of = |head: usize| (-reach..=reach).map(move |d| bucket(d, buckets) * heads + head);
        Ok(Self { by_distance: (0..heads).flat_map(of).map(|at| table[at]).collect(), limit })
    }

    /// What `head` adds to the scores of token `row` with tokens `0..length`.
    pub(super) fn row(&self, head: usize, row: usize, length: usize) -> &[f32] {
        &self.by_distance[head * (2 * self.limit - 1) + self.limit - 1 - row..][..length]
    }
}

/// The bucket of a key that stands `distance` after its query: half of the buckets look back, half ahead; of each half,
/// the first half are single distances, the others grow with the logarithm. In f32, as transformers computes it.
fn bucket(distance: i64, buckets: usize) -> usize {
    let side = buckets / 2;
    let single = side / 2;
    let far = distance.unsigned_abs() as usize;
    let ahead = if distance > 0 { side } else { 0 };
    if far < single {
        return ahead + far;
    }
    let grown = (far as f32 / single as f32).ln() / (FARTHEST / single as f32).ln() * (side - single) as f32;
    ahead + (single + grown as usize).min(side - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_those_of_transformers() {
        // relative_position_bucket(key - query) of transformers 5 with 32 buckets
        let known = [(0, 0), (-1, 1), (1, 17), (-7, 7), (7, 23), (-8, 8), (-11, 8), (-12, 9), (-16, 10), (16, 26)];
        for (distance, want) in known.into_iter().chain([(-32, 12), (-64, 14), (-127, 15), (-128, 15), (400, 31)]) {
            assert_eq!(bucket(distance, 32), want, "{distance}");
        }
    }
}
