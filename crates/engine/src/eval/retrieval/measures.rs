//! How good is a ranking?

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What is measured of each question's ranking, each from 0 to 1, as trec_eval (pytrec_eval) computes it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// Whether the first passage is right.
    #[serde(rename = "hit@1")]
    pub hit_1: f64,
    /// Whether one of the first five is (success_5).
    #[serde(rename = "hit@5")]
    pub hit_5: f64,
    /// The share of all right passages that are among the first hundred (recall_100).
    #[serde(rename = "recall@100")]
    pub recall_100: f64,
    /// One over the rank of the first right passage, if that is among ten.
    #[serde(rename = "mrr@10")]
    pub mrr_10: f64,
    /// Normalised discounted cumulative gain of the first ten (ndcg_cut_10; Järvelin & Kekäläinen 2002): the gain is the grade,
    /// the discount log2(rank + 1), the ideal all that was judged, best first.
    #[serde(rename = "ndcg@10")]
    pub ndcg_10: f64,
}

/// The measures by their names, in the order in which they are shown.
pub const NAMES: [&str; 5] = ["hit@1", "hit@5", "recall@100", "mrr@10", "ndcg@10"];

impl Measures {
    /// Of passages found, best first, given what was judged. What is found again counts nothing.
    pub fn of(found: &[usize], judged: &[(usize, i64)]) -> Self {
        let grades: BTreeMap<usize, i64> = judged.iter().copied().filter(|(_, grade)| *grade > 0).collect();
        let mut seen = std::collections::BTreeSet::new();
        let once: Vec<usize> = found.iter().copied().filter(|place| seen.insert(*place)).collect();
        let gain = |place: &usize| grades.get(place).map_or(0.0, |grade| *grade as f64);
        let first = once.iter().position(|place| gain(place) > 0.0);
        let within = |n: usize| f64::from(u8::from(first.is_some_and(|first| first < n)));
        let right = once.iter().take(100).filter(|place| gain(place) > 0.0).count();
        let mut ideal: Vec<f64> = grades.values().map(|grade| *grade as f64).collect();
        ideal.sort_by(|a, b| b.total_cmp(a));
        let cumulative = |gains: &mut dyn Iterator<Item = f64>| {
            gains.take(10).enumerate().fold(0.0, |sum, (i, gain)| sum + gain / (i as f64 + 2.0).log2())
        };
        let best = cumulative(&mut ideal.into_iter());
        Self {
            hit_1: within(1),
            hit_5: within(5),
            recall_100: if grades.is_empty() { 0.0 } else { right as f64 / grades.len() as f64 },
            mrr_10: first.filter(|first| *first < 10).map_or(0.0, |first| 1.0 / (first as f64 + 1.0)),
            ndcg_10: if best > 0.0 { cumulative(&mut once.iter().map(gain)) / best } else { 0.0 },
        }
    }

    /// In the order of [`NAMES`].
    pub fn values(&self) -> [f64; 5] {
        [self.hit_1, self.hit_5, self.recall_100, self.mrr_10, self.ndcg_10]
    }

    /// The mean of some; zeros of none.
    pub fn mean(all: &[Self]) -> Self {
        let mean = |of: fn(&Self) -> f64| all.iter().map(of).sum::<f64>() / all.len().max(1) as f64;
        Self {
            hit_1: mean(|m| m.hit_1),
            hit_5: mean(|m| m.hit_5),
            recall_100: mean(|m| m.recall_100),
            mrr_10: mean(|m| m.mrr_10),
            ndcg_10: mean(|m| m.ndcg_10),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Case {
        found: Vec<usize>,
        judged: Vec<(usize, i64)>,
        measures: Measures,
    }

    #[test]
    fn figures_are_those_of_pytrec_eval() {
        let cases: Vec<Case> = serde_json::from_str(include_str!("../../../tests/data/measures.json")).unwrap();
        assert!(cases.len() >= 100);
        for Case { found, judged, measures } in cases {
            let own = Measures::of(&found, &judged);
            let near = own.values().iter().zip(measures.values()).all(|(a, b)| (a - b).abs() < 1e-12);
            assert!(near, "{found:?} {judged:?}: {own:?}, and pytrec_eval {measures:?}");
        }
    }
}
