//! Segments against a plain twin.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use proptest::prelude::*;
use qiao_model::Scored;

use super::search::Selection;
use super::{Bm25, Builder, Keys, Search, Segment, Term, merge};

const CONSTANTS: Bm25 = Bm25 { k1: 1.2, b: 0.75 };

/// Chunks with their terms.
type Chunks = BTreeMap<i64, BTreeMap<String, u32>>;

fn build<'c>(chunks: impl IntoIterator<Item = (&'c i64, &'c BTreeMap<String, u32>)>) -> Vec<u8> {
    let mut builder = Builder::default();
    for (key, terms) in chunks {
        let length = terms.values().sum();
        builder.add(*key, length, terms.iter().map(|(term, count)| (term.as_bytes(), *count)));
    }
    let mut bytes = Vec::new();
    builder.finish(&mut bytes).unwrap();
    bytes
}

/// Chunks as they come: many terms are rare, some are everywhere.
fn chunks() -> impl Strategy<Value = Chunks> {
    let term = prop_oneof![3 => 0u32..3, 3 => 0u32..40, 1 => 0u32..2000].prop_map(|n| format!("t{n}"));
    let terms = prop::collection::btree_map(term, prop_oneof![9 => 1u32..4, 1 => 1u32..400], 0..12);
    prop::collection::vec((1i64..9, terms), 0..600).prop_map(|all| {
        let mut key = -5;
        all.into_iter()
            .map(|(step, terms)| {
                key += step;
                (key, terms)
            })
            .collect()
    })
}

fn ranges() -> impl Strategy<Value = Vec<Keys>> {
    prop::collection::vec((1i64..400, 0i64..200), 0..6).prop_map(|all| {
        let mut at = -20;
        all.into_iter()
            .map(|(gap, length)| {
                let start = at + gap;
                at = start + length;
                start..=at
            })
            .collect()
    })
}

fn holds(ranges: &[Keys], key: i64) -> bool {
    ranges.iter().any(|range| range.contains(&key))
}

/// Every chunk scored as the paper writes it, in f64.
fn plainly(chunks: &Chunks, terms: &[Term<'_>]) -> BTreeMap<i64, f64> {
    let n = chunks.len() as f64;
    let length = |terms: &BTreeMap<String, u32>| f64::from(terms.values().sum::<u32>());
    let average = chunks.values().map(length).sum::<f64>() / n.max(1.0);
    let name = |term: &Term<'_>| String::from_utf8(term.bytes.to_vec()).unwrap();
    let mut scores = BTreeMap::new();
    for (key, own) in chunks {
        let has = |term: &Term<'_>| own.contains_key(&name(term));
        if !terms.iter().any(has) || !terms.iter().all(|term| !term.required || has(term)) {
            continue;
        }
        let part = |term: &Term<'_>| {
            let df = chunks.values().filter(|terms| terms.contains_key(&name(term))).count() as f64;
            let count = f64::from(own.get(&name(term)).copied().unwrap_or(0));
            let rarity = (1.0 + (n - df + 0.5) / (df + 0.5)).ln();
            let k = 1.2 * (0.25 + 0.75 * length(own) / average.max(1.0));
            f64::from(term.weight) * rarity * count * 2.2 / (count + k)
        };
        scores.insert(*key, terms.iter().map(part).sum());
    }
    scores
}

fn top(bytes: &[Vec<u8>], terms: &[Term<'_>], k: usize, allowed: Option<&[Keys]>, gone: &[Keys]) -> Vec<Scored<i64>> {
    let segments: Vec<Segment<'_>> = bytes.iter().map(|bytes| Segment::open(bytes).unwrap()).collect();
    let accept: &mut dyn FnMut(i64) -> Result<bool, Infallible> = &mut |_| Ok(true);
    Search::new(&segments, terms, CONSTANTS).top(k, Selection { allowed, gone, accept }).unwrap()
}

fn divided(chunks: &Chunks, at: &[usize]) -> Vec<Vec<u8>> {
    let all: Vec<_> = chunks.iter().collect();
    let mut ends: Vec<usize> = at.iter().map(|at| at % (all.len() + 1)).chain([0, all.len()]).collect();
    ends.sort_unstable();
    ends.windows(2).map(|ends| build(all[ends[0]..ends[1]].iter().copied())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn the_best_are_those_of_the_plain_twin(
        chunks in chunks(),
        asked in prop::collection::btree_map(prop_oneof![0u32..4, 0u32..45, 0u32..2100], (0.1f32..2.0, prop::bool::weighted(0.1)), 0..14),
        (at, k) in (prop::collection::vec(any::<usize>(), 0..4), 0usize..30),
        (allowed, gone) in (prop::option::of(ranges()), ranges()),
    ) {
        let names: Vec<(String, f32, bool)> = asked.into_iter().map(|(n, (w, r))| (format!("t{n}"), w, r)).collect();
        let terms: Vec<Term<'_>> = names.iter().map(|(n, w, r)| Term { bytes: n.as_bytes(), weight: *w, required: *r }).collect();
        let segments = divided(&chunks, &at);
        let plain = plainly(&chunks, &terms);
        let found = top(&segments, &terms, usize::MAX, allowed.as_deref(), &gone);
        let wanted: BTreeSet<i64> = plain.keys().copied()
            .filter(|key| !holds(&gone, *key) && allowed.as_ref().is_none_or(|a| holds(a, *key))).collect();
        prop_assert_eq!(found.iter().map(|s| s.key).collect::<BTreeSet<_>>(), wanted);
        for scored in &found {
            prop_assert!((f64::from(scored.score) - plain[&scored.key]).abs() < 1e-3, "{scored:?} {}", plain[&scored.key]);
        }
        // few are the first of all, and how chunks are divided over segments changes no bit
        let few = top(&segments, &terms, k, allowed.as_deref(), &gone);
        prop_assert_eq!(&few[..], &found[..k.min(found.len())]);
        prop_assert_eq!(top(&[build(&chunks)], &terms, k, allowed.as_deref(), &gone), few);
        let opened: Vec<Segment<'_>> = segments.iter().map(|bytes| Segment::open(bytes).unwrap()).collect();
        let keys: Vec<i64> = found.iter().map(|s| s.key).chain([-99]).collect();
        let scores: Vec<f32> = found.iter().map(|s| s.score).chain([0.0]).collect();
        prop_assert_eq!(Search::new(&opened, &terms, CONSTANTS).scores(&keys), scores);
    }

    #[test]
    fn merging_is_building_at_once_without_what_is_gone(
        chunks in chunks(), at in prop::collection::vec(any::<usize>(), 0..5), gone in ranges(),
    ) {
        let segments = divided(&chunks, &at);
        let opened: Vec<Segment<'_>> = segments.iter().map(|bytes| Segment::open(bytes).unwrap()).collect();
        let mut merged = Vec::new();
        merge(&opened, &gone, &mut merged).unwrap();
        prop_assert_eq!(merged, build(chunks.iter().filter(|(key, _)| !holds(&gone, **key))));
    }

    #[test]
    fn foreign_bytes_do_no_harm(chunks in chunks(), flips in prop::collection::vec((any::<usize>(), any::<u8>()), 1..20), cut in any::<usize>()) {
        let mut bytes = build(&chunks);
        let whole = bytes.len();
        for (at, with) in flips {
            bytes[at % whole] ^= with;
        }
        let terms: Vec<Term<'_>> = ["t0", "t1", "t17"].map(|t| Term { bytes: t.as_bytes(), weight: 1.0, required: false }).into();
        for bytes in [&bytes[..], &bytes[..cut % whole]] {
            let Ok(segment) = Segment::open(bytes) else { continue };
            let accept: &mut dyn FnMut(i64) -> Result<bool, Infallible> = &mut |_| Ok(true);
            let search = Search::new(&[segment], &terms, CONSTANTS);
            search.top(9, Selection { allowed: None, gone: &[], accept }).unwrap();
            search.scores(&[1, 5]);
            merge(&[segment], &[], &mut Vec::new()).unwrap();
        }
    }
}

#[test]
fn only_what_is_accepted_is_found() {
    let chunks: Chunks = (0..500).map(|key| (key, BTreeMap::from([("t".to_owned(), 1 + key as u32 % 7)]))).collect();
    let bytes = build(&chunks);
    let search = [Term { bytes: b"t", weight: 1.0, required: true }];
    let mut asked = 0;
    let accept: &mut dyn FnMut(i64) -> Result<bool, Infallible> = &mut |key| {
        asked += 1;
        Ok(key % 50 == 3)
    };
    let search = Search::new(&[Segment::open(&bytes).unwrap()], &search, CONSTANTS);
    let found = search.top(4, Selection { allowed: None, gone: &[], accept }).unwrap();
    assert!(found.len() == 4 && found.iter().all(|scored| scored.key % 50 == 3), "{found:?}");
    assert!(asked > 4 && search.most() > found[0].score);
}

#[test]
fn long_lists_are_pruned_and_right() {
    // enough windows for terms to be left out, and a chunk that only the last term lifts
    let chunk = |key: i64| {
        let mut terms = BTreeMap::from([("the".to_owned(), 1 + (key % 5) as u32)]);
        if key % 97 == 0 {
            terms.insert("rare".to_owned(), 2);
        }
        terms.insert(format!("own{key}"), (key % 11) as u32 + 1);
        (key, terms)
    };
    let chunks: Chunks = (0..30_000).map(chunk).collect();
    let terms = ["the", "rare", "own29999"].map(|t| Term { bytes: t.as_bytes(), weight: 1.0, required: false });
    let bytes = [build(&chunks)];
    let all = top(&bytes, &terms, usize::MAX, None, &[]);
    assert_eq!((all.len(), all[0].key), (30_000, 29_999));
    assert_eq!(top(&bytes, &terms, 10, None, &[]), all[..10]);
}

#[test]
fn nothing_is_left_of_what_is_gone() {
    let chunks: Chunks =
        (0..40).map(|key| (key, BTreeMap::from([(format!("secret{key}"), 1), ("all".to_owned(), 1)]))).collect();
    let bytes = build(&chunks);
    let mut merged = Vec::new();
    merge(&[Segment::open(&bytes).unwrap()], &[7..=7, 30..=39], &mut merged).unwrap();
    let text = String::from_utf8_lossy(&merged).into_owned();
    // the dictionary writes what a term has more than the one before
    let left: Segment<'_> = Segment::open(&merged).unwrap();
    let has = |term: &str| left.find(term.as_bytes()).is_some();
    assert!(has("secret8") && has("all") && !has("secret7") && !has("secret33") && !text.contains("secret7"));
}
