//! The whole against a look at every vector.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;

use proptest::prelude::*;

use super::*;
use crate::{Scored, TopK, dot, l2_normalize};

type Vectors = BTreeMap<i64, Vec<f32>>;

const ONE: NonZeroUsize = NonZeroUsize::MIN;

fn all_of(k: usize) -> Asked<'static> {
    Asked { k, effort: Effort::EXHAUSTIVE, selection: Selection::default() }
}

fn vector(scramble: &mut Scramble, dimension: usize) -> Vec<f32> {
    let mut v: Vec<f32> = (0..dimension).map(|_| (0..4).map(|_| scramble.unit()).sum::<f32>() - 2.0).collect();
    l2_normalize(&mut v);
    v
}

/// Unit vectors of any direction, under keys with gaps.
fn even(n: usize, dimension: usize, seed: u64) -> Vectors {
    let mut scramble = Scramble(seed);
    (0..n).map(|i| (i as i64 * 3 - 20, vector(&mut scramble, dimension))).collect()
}

/// Unit vectors about some centres, the cosine to it 0.75 and more.
fn clustered(n: usize, dimension: usize, seed: u64) -> Vectors {
    let mut scramble = Scramble(seed);
    let centres: Vec<Vec<f32>> = (0..n / 40 + 1).map(|_| vector(&mut scramble, dimension)).collect();
    let mut near = || {
        let centre = &centres[scramble.next() as usize % centres.len()];
        let mut v = vector(&mut scramble, dimension);
        v.iter_mut().zip(centre).for_each(|(v, c)| *v = 0.6 * *v + 0.8 * c);
        l2_normalize(&mut v);
        v
    };
    (0..n).map(|i| (i as i64 * 3 - 20, near())).collect()
}

fn build(vectors: &Vectors, dimension: usize, threads: NonZeroUsize) -> Vec<u8> {
    let mut sample = Sample::new(dimension, vectors.len()).unwrap();
    for (key, vector) in vectors.iter().filter(|(key, _)| sample_wants(dimension, vectors.len(), **key)) {
        sample.push(*key, vector).unwrap();
    }
    let mut writer = Writer::new(sample.train(threads), threads);
    vectors.iter().for_each(|(key, vector)| writer.push(*key, vector).unwrap());
    let mut out = Vec::new();
    writer.finish(&mut out).unwrap();
    out
}

fn sample_wants(dimension: usize, n: usize, key: i64) -> bool {
    Sample::new(dimension, n).unwrap().wants(key)
}

fn search(index: &Index<'_>, vectors: &Vectors, query: &[f32], asked: &Asked<'_>) -> Found {
    let mut exact =
        |key: i64| -> Result<Option<f32>, IvfError> { Ok(vectors.get(&key).map(|vector| dot(query, vector))) };
    index.search(query, asked, &mut exact).unwrap()
}

fn truth(vectors: &Vectors, query: &[f32], k: usize, selection: &Selection<'_>) -> Vec<Scored<i64>> {
    let inside = |ranges: &[RangeInclusive<i64>], key: &i64| ranges.iter().any(|range| range.contains(key));
    let mut top = TopK::new(k);
    for (key, vector) in vectors {
        if selection.only.is_none_or(|only| inside(only, key)) && !inside(selection.gone, key) {
            top.push(*key, dot(query, vector));
        }
    }
    top.into_sorted()
}

/// The share of the true best ten that is found, and exact scores asked for each query.
fn recall(vectors: &Vectors, dimension: usize, queries: &[Vec<f32>]) -> (f64, usize) {
    let bytes = build(vectors, dimension, ONE);
    let index = Index::open(&bytes).unwrap();
    let (mut hits, mut rescored) = (0, 0);
    for query in queries {
        let asked = Asked { effort: Effort::usual(index.len(), 10), ..all_of(10) };
        let found = search(&index, vectors, query, &asked);
        let want = truth(vectors, query, 10, &asked.selection);
        hits += want.iter().filter(|one| found.best.contains(one)).count();
        rescored += found.rescored;
    }
    (hits as f64 / (10 * queries.len()) as f64, rescored / queries.len())
}

#[test]
fn nearly_all_of_the_best_are_found_for_few_exact_scores() {
    let dimension = 96;
    let vectors = clustered(6000, dimension, 3);
    let queries: Vec<_> = clustered(6100, dimension, 3).into_values().skip(6000).collect();
    let (found, rescored) = recall(&vectors, dimension, &queries);
    assert!(found > 0.99 && rescored < 100, "clustered: {found} {rescored}");
    let vectors = even(3000, dimension, 4);
    let queries: Vec<_> = even(50, dimension, 5).into_values().collect();
    let (found, rescored) = recall(&vectors, dimension, &queries);
    assert!(found > 0.85 && rescored <= 320, "even: {found} {rescored}");
}

#[test]
fn the_bytes_do_not_depend_on_threads() {
    let vectors = clustered(9000, 24, 1);
    let one = build(&vectors, 24, ONE);
    for threads in [2, 3, 7] {
        assert!(build(&vectors, 24, NonZeroUsize::new(threads).unwrap()) == one, "{threads} threads");
    }
    assert!(Index::open(&one).unwrap().lists() > 100);
}

#[test]
fn what_is_none_or_one_or_the_same_is_found() {
    for n in [0, 1, 2, 40] {
        let same: Vectors = (0..n).map(|key| (key, vec![0.6, 0.8, 0.0])).collect();
        let bytes = build(&same, 3, ONE);
        let index = Index::open(&bytes).unwrap();
        assert_eq!((index.len(), index.is_empty(), index.lists()), (n as usize, n == 0, 1));
        let usual = Asked { effort: Effort::usual(index.len(), 5), ..all_of(5) };
        for asked in [usual, all_of(5)] {
            let found = search(&index, &same, &[1.0, 0.0, 0.0], &asked);
            assert_eq!(found.best, truth(&same, &[1.0, 0.0, 0.0], 5, &asked.selection));
        }
        assert_eq!(search(&index, &same, &[1.0, 0.0, 0.0], &all_of(0)).best, []);
    }
    // more lists than there are different vectors
    let same: Vectors = (0..2000).map(|key| (key, vec![if key % 2 == 0 { 1.0 } else { -1.0 }])).collect();
    let bytes = build(&same, 1, ONE);
    let index = Index::open(&bytes).unwrap();
    let usual = Asked { effort: Effort::usual(2000, 3), ..all_of(3) };
    let keys: Vec<i64> = search(&index, &same, &[-0.5], &usual).best.iter().map(|one| one.key).collect();
    assert!(keys.len() == 3 && keys.iter().all(|key| key % 2 == 1), "{keys:?}");
}

#[test]
fn keys_may_lie_at_both_ends_of_all_numbers() {
    let keys = [i64::MIN, -1, 0, i64::MAX - 1, i64::MAX];
    let vectors: Vectors = keys.iter().zip(even(5, 8, 2).into_values()).map(|(key, v)| (*key, v)).collect();
    let bytes = build(&vectors, 8, ONE);
    let index = Index::open(&bytes).unwrap();
    assert_eq!(index.keys().collect::<Vec<_>>(), keys);
    let (only, gone) = ([i64::MIN..=-1, i64::MAX..=i64::MAX], [-1..=-1]);
    let asked = Asked { selection: Selection { only: Some(&only), gone: &gone }, ..all_of(9) };
    let mut found: Vec<i64> = search(&index, &vectors, &vectors[&0], &asked).best.iter().map(|one| one.key).collect();
    found.sort_unstable();
    assert_eq!(found, [i64::MIN, i64::MAX]);
}

#[test]
fn an_error_of_the_exact_score_ends_the_search() {
    let vectors = even(10, 8, 2);
    let bytes = build(&vectors, 8, ONE);
    let index = Index::open(&bytes).unwrap();
    let mut fails = |_| Err(IvfError::TooMany);
    assert!(matches!(index.search(&[0.0; 8], &all_of(1), &mut fails), Err(IvfError::TooMany)));
    let mut never = |_| -> Result<Option<f32>, IvfError> { unreachable!() };
    let wrong = index.search(&[0.0; 7], &all_of(1), &mut never);
    assert!(matches!(wrong, Err(IvfError::Dimension { expected: 8, got: 7 })));
}

#[test]
fn keys_without_a_score_are_passed_over() {
    let vectors = even(2000, 16, 8);
    let bytes = build(&vectors, 16, ONE);
    let index = Index::open(&bytes).unwrap();
    let query = &vectors[&-20];
    // only the three farthest are still there
    let mut far = truth(&vectors, query, 2000, &Selection::default()).split_off(1997);
    let left: Vectors = far.iter().map(|one| (one.key, vectors[&one.key].clone())).collect();
    let asked = Asked { effort: Effort { compared: 1, rescored: 1, deviations: 0.0 }, ..all_of(3) };
    far.sort();
    assert_eq!(search(&index, &left, query, &asked).best, far);
}

#[test]
fn what_no_index_can_hold_is_refused() {
    assert!(matches!(Sample::new(0, 10), Err(IvfError::Dimension { .. })));
    assert!(matches!(Sample::new(MAX_DIMENSION + 1, 10), Err(IvfError::Dimension { .. })));
    let mut sample = Sample::new(2, 10).unwrap();
    assert!(matches!(sample.push(1, &[f32::NAN, 0.0]), Err(IvfError::NotFinite { key: 1 })));
    let mut writer = Writer::new(sample.train(ONE), ONE);
    writer.push(5, &[1.0, 0.0]).unwrap();
    assert!(matches!(writer.push(5, &[1.0, 0.0]), Err(IvfError::Order { key: 5 })));
    assert!(matches!(writer.push(6, &[1.0]), Err(IvfError::Dimension { expected: 2, got: 1 })));
    assert!(matches!(writer.push(6, &[f32::INFINITY, 0.0]), Err(IvfError::NotFinite { key: 6 })));
}

/// Whether `needle` stands anywhere in `bytes`.
fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn a_rewritten_index_is_that_of_the_union_without_what_was_dropped() {
    let (dimension, mut vectors) = (40, clustered(3000, 40, 9));
    let bytes = build(&vectors, dimension, ONE);
    let old = Index::open(&bytes).unwrap();
    let drop = [-100..=400, 2000..=2005];
    let mut came: Vectors = even(500, dimension, 10).into_iter().map(|(key, v)| (key * 7 + 1, v)).collect();
    // one that is there is replaced
    came.insert(1000, vectors[&1003].clone());
    let rewritten = |threads| {
        let mut writer = Writer::onto(&old, &drop, threads);
        came.iter().for_each(|(key, vector)| writer.push(*key, vector).unwrap());
        let mut out = Vec::new();
        writer.finish(&mut out).unwrap();
        out
    };
    let bytes = rewritten(ONE);
    assert!(bytes == rewritten(NonZeroUsize::new(3).unwrap()));
    let removed: Vec<i64> =
        vectors.keys().copied().filter(|key| drop.iter().any(|range| range.contains(key))).collect();
    let code_of = |index: &Index<'_>, key: i64| {
        let ordinal = index.keys().position(|own| own == key).unwrap();
        let position = layout::u32_at(index.positions, ordinal).unwrap() as usize;
        index.codes[position * index.header.code_bytes()..][..index.header.code_bytes()].to_vec()
    };
    assert!(removed.len() > 100);
    for key in &removed {
        assert!(!holds(&bytes, &code_of(&old, *key)), "{key}");
        vectors.remove(key);
    }
    vectors.extend(came.clone());
    let index = Index::open(&bytes).unwrap();
    assert_eq!(index.keys().collect::<Vec<_>>(), vectors.keys().copied().collect::<Vec<_>>());
    assert_eq!((index.trained_and_added(), index.drifted()), ((3000, came.len() as u64), false));
    for key in vectors.keys().filter(|key| !came.contains_key(key)).step_by(50) {
        assert_eq!(code_of(&index, *key), code_of(&old, *key));
    }
    let anew = build(&vectors, dimension, ONE);
    let anew = Index::open(&anew).unwrap();
    for query in came.values().take(10) {
        let want = truth(&vectors, query, 20, &Selection::default());
        assert_eq!(search(&index, &vectors, query, &all_of(20)).best, want);
        assert_eq!(search(&anew, &vectors, query, &all_of(20)).best, want);
        // codes that came are as good as others
        let usual = Asked { effort: Effort::usual(index.len(), 1), ..all_of(1) };
        assert_eq!(search(&index, &vectors, query, &usual).best[0], want[0]);
    }
    let mut writer = Writer::onto(&index, &[i64::MIN..=i64::MAX], ONE);
    even(4000, dimension, 11).iter().for_each(|(key, vector)| writer.push(*key, vector).unwrap());
    let mut out = Vec::new();
    writer.finish(&mut out).unwrap();
    let last = Index::open(&out).unwrap();
    assert_eq!((last.len(), last.drifted()), (4000, true));
}

/// Ranges that are sorted and disjoint.
fn ranges() -> impl Strategy<Value = Vec<RangeInclusive<i64>>> {
    prop::collection::vec((1i64..90, 0i64..60), 0..8).prop_map(|steps| {
        let mut at = -30;
        let next = |(gap, length): (i64, i64)| {
            let range = at + gap..=at + gap + length;
            at = range.end() + 1;
            range
        };
        steps.into_iter().map(next).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_selection_is_held_and_gives_as_many_as_it_has(
        only in prop::option::of(ranges()), gone in ranges(), k in 1usize..30, dimension in 1usize..70, n in 0usize..200, weak: bool,
    ) {
        let vectors = clustered(n, dimension, dimension as u64);
        let bytes = build(&vectors, dimension, ONE);
        let index = Index::open(&bytes).unwrap();
        let query = even(1, dimension, 77)[&-20].clone();
        let selection = Selection { only: only.as_deref(), gone: &gone };
        let effort = if weak { Effort { compared: 1, rescored: 1, deviations: 0.0 } } else { Effort::EXHAUSTIVE };
        let found = search(&index, &vectors, &query, &Asked { k, effort, selection });
        let want = truth(&vectors, &query, n, &selection);
        if weak {
            prop_assert_eq!(found.best.len(), want.len().min(k));
            prop_assert!(found.best.iter().all(|one| want.contains(one)));
        } else {
            prop_assert_eq!(&found.best[..], &want[..want.len().min(k)]);
            prop_assert_eq!((found.compared, found.rescored), (want.len(), want.len()));
        }
    }

    #[test]
    fn ranges_select_their_keys_whatever_the_gaps(
        gaps in prop::collection::vec(1i64..6, 0..200), gap in 1i64..3, only in ranges(), reversed: bool,
    ) {
        let mut key = -40;
        let mut next = |step: &i64| { key += step / gap + 1; (key, vec![1.0]) };
        let vectors: Vectors = gaps.iter().map(&mut next).collect();
        let bytes = build(&vectors, 1, ONE);
        let index = Index::open(&bytes).unwrap();
        let mut only = only;
        if reversed {
            only.reverse();
        }
        let selection = Selection { only: Some(&only), gone: &[] };
        let mut found = search(&index, &vectors, &[1.0], &Asked { selection, ..all_of(200) }).best;
        found.sort_by_key(|one| one.key);
        prop_assert_eq!(found, truth(&vectors, &[1.0], 200, &selection));
    }

    #[test]
    fn no_bytes_break_it(
        cut: prop::sample::Index,
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..40),
        truncated: bool,
    ) {
        let vectors = clustered(150, 20, 6);
        let mut bytes = build(&vectors, 20, ONE);
        if truncated {
            bytes.truncate(cut.index(bytes.len()));
            prop_assert!(Index::open(&bytes).is_err());
        }
        let len = bytes.len();
        flips.iter().filter(|_| len > 0).for_each(|(at, byte)| bytes[at.index(len)] = *byte);
        let Ok(index) = Index::open(&bytes) else { return Ok(()) };
        let selection = Selection { only: Some(&[0..=200]), gone: &[50..=60] };
        for asked in [all_of(5), Asked { selection, ..all_of(5) }] {
            let mut exact = |key: i64| -> Result<Option<f32>, IvfError> { Ok(Some(key as f32)) };
            prop_assert!(index.search(&vec![0.1; index.dimension()], &asked, &mut exact).is_ok());
        }
        let mut writer = Writer::onto(&index, &[0..=10], ONE);
        let _ = writer.push(3, &vec![0.1; index.dimension()]);
        let _ = writer.finish(&mut Vec::new());
    }
}

#[test]
fn every_byte_of_the_front_may_be_wrong() {
    let bytes = build(&clustered(150, 20, 6), 20, ONE);
    for at in 0..layout::HEADER {
        for byte in [0, 1, 127, 255] {
            let mut bytes = bytes.clone();
            bytes[at] = byte;
            if let Ok(index) = Index::open(&bytes) {
                // as many bytes are those of 64 dimensions
                assert!(index.len() == 150 && index.dimension() <= 64, "{at} {byte}");
            }
        }
    }
    assert!(matches!(Index::open(b""), Err(IvfError::Foreign)));
    assert!(matches!(Index::open(&bytes[..30]), Err(IvfError::Damaged(Part::Header))));
    let mut newer = bytes.clone();
    newer[8] = 2;
    assert!(matches!(Index::open(&newer), Err(IvfError::Version(2))));
}

#[test]
fn lists_grow_with_the_root() {
    assert_eq!([0, 31, 64, 1000, 20_000, 200_000, 1_000_000].map(lists_for), [1, 1, 2, 31, 566, 1789, 4000]);
    assert_eq!(lists_for(usize::MAX), MAX_LISTS);
}
