//! Rankings into figures with intervals, and two sets of figures compared.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::dataset::DataSet;
use super::measures::{Measures, NAMES};
use super::run::Runs;

/// Resamples of a bootstrap (Efron 1979).
const RESAMPLES: usize = 10_000;
/// Turns of signs in a randomisation test (Smucker, Allan & Carterette 2007).
const TURNS: usize = 100_000;
/// Differences that chance makes more often than this are no differences.
const LEVEL: f64 = 0.05;

/// All that an evaluation found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// What was asked.
    pub set: SetFacts,
    /// Figures of each way of finding: `dense`, `lexical`, `hybrid`, `reranked`.
    pub results: BTreeMap<String, Summary>,
    /// Those of each question, by its id.
    pub queries: BTreeMap<String, BTreeMap<String, Measures>>,
}

/// What a set holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetFacts {
    /// Its name.
    pub name: String,
    /// Passages that were searched.
    pub passages: usize,
    /// Questions that were asked.
    pub queries: usize,
    /// Questions that were not, since no passage is right for them.
    pub left_out: usize,
}

/// Figures over all questions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The means.
    #[serde(flatten)]
    pub mean: Measures,
    /// By the name of each measure, where its mean lies in 95% of sets of as many questions drawn from these (percentile
    /// bootstrap, 10,000 resamples).
    pub intervals: BTreeMap<String, [f64; 2]>,
}

impl Report {
    /// Measures what was found.
    pub fn of(set: &DataSet, runs: &Runs) -> Self {
        let mut queries: BTreeMap<String, BTreeMap<String, Measures>> = BTreeMap::new();
        let mut results = BTreeMap::new();
        for (way, found) in &runs.by_way {
            let measured: Vec<Measures> =
                set.queries.iter().zip(found).map(|(query, found)| Measures::of(found, &query.judged)).collect();
            results.insert((*way).to_owned(), Summary::of(&measured));
            for (query, measures) in set.queries.iter().zip(measured) {
                queries.entry(query.id.clone()).or_default().insert((*way).to_owned(), measures);
            }
        }
        let (passages, asked) = (set.passages.len(), set.queries.len());
        let set = SetFacts { name: set.name.clone(), passages, queries: asked, left_out: set.left_out };
        Self { set, results, queries }
    }
}

impl Summary {
    fn of(measured: &[Measures]) -> Self {
        let column = |at: usize| measured.iter().map(|m| m.values()[at]).collect::<Vec<_>>();
        let intervals = NAMES.iter().enumerate().map(|(at, name)| ((*name).to_owned(), interval(&column(at))));
        Self { mean: Measures::mean(measured), intervals: intervals.collect() }
    }
}

/// Where the mean lies in 95% of resamples.
fn interval(values: &[f64]) -> [f64; 2] {
    let Some(count) = u64::try_from(values.len()).ok().filter(|n| *n > 0) else { return [0.0, 0.0] };
    let mut random = Random(1);
    let mut resample = || (0..count).map(|_| values[random.below(count) as usize]).sum::<f64>() / count as f64;
    let mut means: Vec<f64> = (0..RESAMPLES).map(|_| resample()).collect();
    means.sort_by(f64::total_cmp);
    [means[RESAMPLES / 40], means[RESAMPLES - 1 - RESAMPLES / 40]]
}

/// One way of finding, one measure, two reports.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The way of finding.
    pub way: String,
    /// The measure.
    pub measure: &'static str,
    /// The means of both, over the questions of both.
    pub means: [f64; 2],
    /// Where the difference of the means lies in 95% of resamples.
    pub interval: [f64; 2],
    /// How often chance alone makes a difference so great: a paired randomisation test, 100,000 turns.
    pub p: f64,
    /// Whether that is under 5%.
    pub more_than_chance: bool,
}

/// What two reports say of the questions of both.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// Questions of both.
    pub queries: usize,
    /// Questions of one alone, which do not count.
    pub of_one: usize,
    /// For each way of finding that both have, each measure. So many are tested that one in twenty differs by chance.
    pub differences: Vec<Difference>,
}

/// Compares two reports, question by question; `None` where they share none.
pub fn compare(a: &Report, b: &Report) -> Option<Compared> {
    let shared: Vec<&String> = a.queries.keys().filter(|id| b.queries.contains_key(*id)).collect();
    let queries = shared.len();
    let mut differences = Vec::new();
    for way in a.results.keys().filter(|way| b.results.contains_key(*way)) {
        let of = |report: &Report| -> Option<Vec<Measures>> {
            shared.iter().map(|id| report.queries.get(*id)?.get(way).copied()).collect()
        };
        let (Some(own), Some(other)) = (of(a), of(b)) else { continue };
        for (at, measure) in NAMES.into_iter().enumerate() {
            let apart: Vec<f64> = own.iter().zip(&other).map(|(a, b)| b.values()[at] - a.values()[at]).collect();
            let means = [&own, &other].map(|measured| Measures::mean(measured).values()[at]);
            let p = chance(&apart);
            let (way, interval) = (way.clone(), interval(&apart));
            differences.push(Difference { way, measure, means, interval, p, more_than_chance: p < LEVEL });
        }
    }
    let of_one = a.queries.len() + b.queries.len() - 2 * queries;
    (queries > 0 && !differences.is_empty()).then_some(Compared { queries, of_one, differences })
}

/// How often a difference of means so great comes about where each question's difference may as well be the other way round.
fn chance(apart: &[f64]) -> f64 {
    // what is equal stays so
    let apart: Vec<f64> = apart.iter().copied().filter(|d| *d != 0.0).collect();
    if apart.is_empty() {
        return 1.0;
    }
    let observed = apart.iter().sum::<f64>().abs() - 1e-9;
    let mut random = Random(2);
    let mut as_great = 0usize;
    for _ in 0..TURNS {
        let (mut bits, mut sum) = (0, 0.0);
        for (i, difference) in apart.iter().enumerate() {
            if i % 64 == 0 {
                bits = random.next();
            }
            sum += if bits >> (i % 64) & 1 == 0 { *difference } else { -*difference };
        }
        as_great += usize::from(f64::abs(sum) >= observed);
    }
    (as_great + 1) as f64 / (TURNS + 1) as f64
}

/// SplitMix64 (Steele, Lea & Flood 2014): the same numbers everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(most)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(ndcg: &[f64]) -> Report {
        let measures = |value: &f64| Measures { ndcg_10: *value, ..Measures::default() };
        let measured: Vec<Measures> = ndcg.iter().map(measures).collect();
        let queries = measured.iter().enumerate().map(|(i, m)| (format!("q{i}"), [("dense".to_owned(), *m)].into()));
        let set = SetFacts { name: "s".into(), passages: 1, queries: ndcg.len(), left_out: 0 };
        let results = [("dense".to_owned(), Summary::of(&measured))].into();
        Report { set, results, queries: queries.collect() }
    }

    #[test]
    fn an_interval_holds_the_mean_and_narrows() {
        let of = |n: usize| interval(&(0..n).map(|i| (i % 2) as f64).collect::<Vec<_>>());
        let (few, many) = (of(40), of(4000));
        assert!(few[0] < 0.5 && 0.5 < few[1] && many[1] - many[0] < (few[1] - few[0]) / 5.0, "{few:?} {many:?}");
        // half of forty coins: the binomial's own interval
        assert!((few[0] - 0.35).abs() < 0.03 && (few[1] - 0.65).abs() < 0.03, "{few:?}");
        assert_eq!(interval(&[1.0; 9]), [1.0, 1.0]);
    }

    #[test]
    fn chance_is_told_from_difference() {
        let base: Vec<f64> = (0..200).map(|i| f64::from(i % 10) / 10.0).collect();
        let ndcg = |b: &Report| {
            let compared = compare(&report(&base), b).unwrap();
            compared.differences.into_iter().find(|d| d.measure == "ndcg@10").unwrap()
        };
        let better = ndcg(&report(&base.iter().map(|v| v + 0.05).collect::<Vec<_>>()));
        assert!(better.more_than_chance && better.p < 1e-4 && (better.means[1] - better.means[0] - 0.05).abs() < 1e-9);
        let noise = ndcg(&report(&base.iter().enumerate().map(|(i, v)| v + [0.1, -0.1][i % 2]).collect::<Vec<_>>()));
        assert!(!noise.more_than_chance && noise.p > 0.9, "{noise:?}");
        assert_eq!(ndcg(&report(&base)).p, 1.0);
        // eight of one kind: exactly 2 of 256 turns are as great
        assert!((chance(&[0.1; 8]) - 2.0 / 256.0).abs() < 2e-3);
        let mut other = report(&base);
        other.queries.clear();
        assert_eq!(compare(&report(&base), &other), None);
    }

    #[test]
    fn a_report_is_read_as_it_was_written() {
        let report = report(&[0.25, 1.0]);
        let json = serde_json::to_string(&report).unwrap();
        assert!(json.contains(r#""ndcg@10":0.625"#), "{json}");
        assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
    }
}
