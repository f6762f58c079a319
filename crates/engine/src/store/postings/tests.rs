//! Segments against a plain twin.

use std::collections::BTreeMap;
use std::convert::Infallible;

use proptest::prelude::*;
use qiao_model::Scored;

use super::search::Selection;
use super::weigh::{Collection, Weigher, score};
use super::{Bm25, Builder, Keys, PostingsError, Search, Segment, Term, merge};

const CONSTANTS: Bm25 = Bm25 { k1: 1.2, b: 0.75 };

/// Chunks with their terms.
type Chunks = BTreeMap<i64, BTreeMap<String, u32>>;
/// Terms that are asked for, with their weights, and whether they are required.
type Asked = Vec<(String, f32, bool)>;

fn build<'c>(chunks: impl IntoIterator<Item = (&'c i64, &'c BTreeMap<String, u32>)>) -> Vec<u8> {
    let mut builder = Builder::default();
    for (key, terms) in chunks {
        let own = terms.iter().map(|(term, count)| (term.as_bytes(), *count));
        assert!(builder.add(*key, terms.values().sum(), own));
    }
    let mut bytes = Vec::new();
    builder.finish(&mut bytes).unwrap();
    bytes
}

fn open(bytes: &[Vec<u8>]) -> Vec<Segment<'_>> {
    bytes.iter().map(|bytes| Segment::open(bytes).unwrap()).collect()
}

/// Few chunks of every shape: many terms are rare, some are everywhere.
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

/// So many that windows are passed over. The `n`th term is in one of `n + 1` chunks; neighbours are alike, as in documents.
fn many_chunks(seed: u64, count: i64) -> Chunks {
    let mut state = seed;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut topic = 0;
    let mut chunk = |key| {
        topic = if random(300) == 0 { random(40) } else { topic };
        let mut terms = BTreeMap::new();
        for n in 0..40 {
            if random(n + 1) == 0 {
                terms.insert(format!("t{n}"), 1 + random(3) as u32);
            }
        }
        terms.entry(format!("t{topic}")).and_modify(|count| *count += random(9) as u32);
        if random(900) == 0 {
            terms.insert(format!("t{}", 1000 + random(20)), 1 + random(2) as u32);
        }
        (key, terms)
    };
    (0..count).map(|n| chunk(3 * n - 7)).collect()
}

fn ranges(step: i64) -> impl Strategy<Value = Vec<Keys>> {
    prop::collection::vec((1..400 * step, 0..200 * step), 0..6).prop_map(|all| {
        let mut at = -20;
        let range = |(gap, length)| {
            let start = at + gap;
            at = start + length;
            start..=at
        };
        all.into_iter().map(range).collect()
    })
}

fn asked() -> impl Strategy<Value = Asked> {
    let term = prop_oneof![0u32..4, 0u32..45, 1000u32..1025, 0u32..2100].prop_map(|n| format!("t{n}"));
    let weight = prop_oneof![8 => 0.1f32..2.0, 1 => Just(0.0), 1 => Just(1.0)];
    prop::collection::vec((term, weight, prop::bool::weighted(0.1)), 0..14)
}

fn terms(asked: &Asked) -> Vec<Term<'_>> {
    asked
        .iter()
        .map(|(term, weight, required)| Term { bytes: term.as_bytes(), weight: *weight, required: *required })
        .collect()
}

fn holds(ranges: &[Keys], key: i64) -> bool {
    ranges.iter().any(|range| range.contains(&key))
}

/// What decides besides the score.
#[derive(Debug, Clone)]
struct Wanted {
    allowed: Option<Vec<Keys>>,
    gone: Vec<Keys>,
    /// Keys that this divides are not accepted.
    refused: i64,
}

impl Wanted {
    fn holds(&self, key: i64) -> bool {
        let allowed = self.allowed.as_ref().is_none_or(|allowed| holds(allowed, key));
        allowed && !holds(&self.gone, key) && key % self.refused != 0
    }
}

fn wanted(step: i64) -> impl Strategy<Value = Wanted> {
    let refused = prop_oneof![Just(i64::MAX), 2i64..9];
    (prop::option::of(ranges(step)), ranges(step), refused).prop_map(|(allowed, gone, refused)| Wanted {
        allowed,
        gone,
        refused,
    })
}

fn having(chunks: &Chunks, term: &String) -> u64 {
    chunks.values().filter(|terms| terms.contains_key(term)).count() as u64
}

/// `ln(1 + (N - n + 0.5) / (n + 0.5))`.
fn rarity(chunks: &Chunks, term: &String) -> f64 {
    let (all, n) = (chunks.len() as f64, having(chunks, term) as f64);
    (1.0 + (all - n + 0.5) / (n + 0.5)).ln()
}

/// Every chunk that is found, best first, scored in whole steps, with what the paper's formula gives it in f64.
fn plainly(chunks: &Chunks, asked: &Asked) -> Vec<(Scored<i64>, f64)> {
    let total_length = chunks.values().flat_map(BTreeMap::values).map(|count| u64::from(*count)).sum();
    let all = Collection { chunks: chunks.len() as u64, total_length };
    let average = (total_length as f64 / chunks.len().max(1) as f64).max(1.0);
    let asked: Vec<_> = asked
        .iter()
        .map(|(term, weight, required)| (term, *weight, *required, having(chunks, term), rarity(chunks, term)))
        .collect();
    let mut found = Vec::new();
    for (key, own) in chunks {
        let length = own.values().sum();
        let required = asked.iter().any(|(_, _, required, ..)| *required);
        let lacks = |(term, _, required, ..): &(&String, f32, bool, u64, f64)| *required && !own.contains_key(*term);
        let shares = asked.iter().any(|(term, weight, ..)| *weight > 0.0 && own.contains_key(*term));
        if asked.iter().any(lacks) || !(shares || required) {
            continue;
        }
        let (mut steps, mut exact) = (0, 0.0);
        for (term, weight, _, having, rarity) in &asked {
            let Some(count) = own.get(*term) else { continue };
            steps += Weigher::new(CONSTANTS, all, *weight, *having).steps(*count, length);
            let k = 1.2 * (0.25 + 0.75 * f64::from(length) / average);
            let count = f64::from(*count);
            exact += f64::from(*weight) * rarity * count * 2.2 / (count + k);
        }
        found.push((Scored { key: *key, score: score(steps) }, exact));
    }
    found.sort_by_key(|(scored, _)| *scored);
    found
}

fn top(segments: &[Segment<'_>], asked: &Asked, k: usize, wanted: &Wanted) -> Vec<Scored<i64>> {
    let accept: &mut dyn FnMut(i64) -> Result<bool, Infallible> = &mut |key| Ok(key % wanted.refused != 0);
    let selection = Selection { allowed: wanted.allowed.as_deref(), gone: &wanted.gone, accept };
    Search::new(segments, &terms(asked), CONSTANTS).top(k, selection).unwrap()
}

/// The chunks in so many segments and one more.
fn divided(chunks: &Chunks, at: &[usize]) -> Vec<Vec<u8>> {
    let all: Vec<_> = chunks.iter().collect();
    let mut ends: Vec<usize> = at.iter().map(|at| at % (all.len() + 1)).chain([0, all.len()]).collect();
    ends.sort_unstable();
    ends.windows(2).map(|ends| build(all[ends[0]..ends[1]].iter().copied())).collect()
}

/// What is found equals what the twin finds, to the last bit.
fn compare(chunks: &Chunks, asked: &Asked, (at, k): (&[usize], usize), wanted: &Wanted) -> Result<(), TestCaseError> {
    let bytes = divided(chunks, at);
    let mut segments = open(&bytes);
    segments.reverse();
    let mut plain = plainly(chunks, asked);
    let keys: Vec<i64> = plain.iter().map(|(scored, _)| scored.key).chain([-99, i64::MAX]).collect();
    let scores: Vec<f32> = plain.iter().map(|(scored, _)| scored.score).chain([0.0, 0.0]).collect();
    let search = Search::new(&segments, &terms(asked), CONSTANTS);
    prop_assert_eq!(search.scores(&keys), scores);
    let most: f64 = asked.iter().map(|(term, weight, _)| 2.2 * f64::from(*weight) * rarity(chunks, term)).sum();
    prop_assert!((f64::from(search.most()) - most).abs() < 2e-4 + 1e-6 * most, "{} {most}", search.most());
    prop_assert!(plain.iter().all(|(scored, _)| scored.score <= search.most()));
    for (scored, exact) in &plain {
        prop_assert!((f64::from(scored.score) - exact).abs() < 2e-4 + 1e-6 * exact, "{scored:?} {exact}");
    }
    plain.retain(|(scored, _)| wanted.holds(scored.key));
    let plain: Vec<Scored<i64>> = plain.into_iter().map(|(scored, _)| scored).collect();
    prop_assert_eq!(&top(&segments, asked, usize::MAX, wanted), &plain);
    prop_assert_eq!(&top(&segments, asked, k, wanted)[..], &plain[..k.min(plain.len())]);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn the_best_are_those_of_the_plain_twin(
        chunks in chunks(), asked in asked(), wanted in wanted(1),
        at in prop::collection::vec(any::<usize>(), 0..4), k in 0usize..30,
    ) {
        compare(&chunks, &asked, (&at, k), &wanted)?;
    }

    #[test]
    fn merging_is_building_at_once_without_what_is_gone(
        chunks in chunks(), at in prop::collection::vec(any::<usize>(), 0..5), gone in ranges(1),
    ) {
        let segments = divided(&chunks, &at);
        let mut merged = Vec::new();
        merge(&open(&segments), &gone, &mut merged).unwrap();
        prop_assert_eq!(merged, build(chunks.iter().filter(|(key, _)| !holds(&gone, **key))));
    }

    #[test]
    fn foreign_bytes_do_no_harm(
        chunks in chunks(), flips in prop::collection::vec((any::<usize>(), any::<u8>()), 1..20), cut in any::<usize>(),
        asked in asked(),
    ) {
        let mut bytes = build(&chunks);
        let whole = bytes.len();
        for (at, with) in flips {
            // all but the header and the end, which are looked at first
            bytes[16 + at % (whole - 24)] ^= with;
        }
        let Ok(segment) = Segment::open(&bytes) else { return Ok(()) };
        prop_assert_eq!(Segment::open(&bytes[..cut % whole]).err().is_some(), true);
        let all = Wanted { allowed: None, gone: Vec::new(), refused: i64::MAX };
        top(&[segment], &asked, 9, &all);
        top(&[segment, segment], &asked, usize::MAX, &Wanted { allowed: Some(vec![0..=5, 90..=400]), ..all });
        Search::new(&[segment], &terms(&asked), CONSTANTS).scores(&[1, 5, i64::MIN]);
        let mut merged = Vec::new();
        if merge(&[segment], &[3..=9], &mut merged).is_ok() {
            prop_assert!(Segment::open(&merged).is_ok());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn long_lists_are_pruned_and_right(
        seed in any::<u64>(), asked in asked(), wanted in wanted(90),
        at in prop::collection::vec(any::<usize>(), 0..3), k in 1usize..40,
    ) {
        compare(&many_chunks(seed, 20_000), &asked, (&at, k), &wanted)?;
    }

    #[test]
    fn long_lists_that_are_required_are_pruned_and_right(
        seed in any::<u64>(), all in prop::sample::subsequence(vec![0, 1, 2, 3, 5, 8], 2..4), some in 0..30u32, k in 1usize..40,
    ) {
        let required = all.iter().map(|n| (format!("t{n}"), 1.0, true));
        let asked: Asked = required.chain([(format!("t{some}"), 0.5, false)]).collect();
        let wanted = Wanted { allowed: None, gone: Vec::new(), refused: i64::MAX };
        compare(&many_chunks(seed, 20_000), &asked, (&[], k), &wanted)?;
    }
}

#[test]
fn bytes_that_are_no_segment_are_refused() {
    let mut bytes = build(&many_chunks(3, 300));
    assert!((0..bytes.len()).all(|end| Segment::open(&bytes[..end]).is_err()));
    bytes.push(0);
    assert_eq!(Segment::open(&bytes).err(), Some(PostingsError::Torn));
    bytes.pop();
    bytes[8] = 9;
    assert_eq!(Segment::open(&bytes).err(), Some(PostingsError::Version { found: 9 }));
    bytes[0] = 0;
    assert_eq!(Segment::open(&bytes).err(), Some(PostingsError::Foreign));
}

#[test]
fn the_layout_is_that_of_the_document() {
    let chunks = Chunks::from([(5, BTreeMap::from([("a".to_owned(), 2)]))]);
    let parts: [&[u8]; 13] = [
        b"qiaowrds",
        &1u64.to_le_bytes(),
        &5i64.to_le_bytes(),
        &2u32.to_le_bytes(),
        // distance 0, a count that is not 1, count - 2
        &[0, 0],
        // one term, two bytes of postings; nothing shared, one byte, in one chunk, in two bytes
        &[1, 2, 0, 1, b'a', 1, 2],
        b"a\0\0\0\0\0\0\0",
        &2u64.to_le_bytes(),
        &1u64.to_le_bytes(),
        &2u64.to_le_bytes(),
        &1u64.to_le_bytes(),
        &37u64.to_le_bytes(),
        b"qiaowrde",
    ];
    assert_eq!(build(&chunks), parts.concat());
}

#[test]
fn of_equals_the_least_keys_are_found_in_whatever_order_segments_come() {
    let chunks: Chunks = (0..300).map(|key| (key, BTreeMap::from([("t1".to_owned(), 1)]))).collect();
    let bytes = divided(&chunks, &[100, 200]);
    let mut segments = open(&bytes);
    segments.reverse();
    let all = Wanted { allowed: None, gone: vec![0..=4], refused: i64::MAX };
    let found = top(&segments, &vec![("t1".to_owned(), 1.0, false)], 10, &all);
    assert_eq!(found.iter().map(|scored| scored.key).collect::<Vec<_>>(), (5..15).collect::<Vec<_>>());
}

#[test]
fn the_acceptance_may_fail_and_is_asked_of_few() {
    let chunks = many_chunks(5, 9000);
    let bytes = [build(&chunks)];
    let asked = vec![("t3".to_owned(), 1.0, false)];
    let mut times = 0;
    let accept: &mut dyn FnMut(i64) -> Result<bool, &'static str> = &mut |_| {
        times += 1;
        if times == 200 { Err("tired") } else { Ok(true) }
    };
    let (segments, terms) = (open(&bytes), terms(&asked));
    let search = Search::new(&segments, &terms, CONSTANTS);
    let found = search.top(5, Selection { allowed: None, gone: &[], accept }).unwrap();
    assert_eq!(found.len(), 5);
    assert_eq!(search.top(2000, Selection { allowed: None, gone: &[], accept }), Err("tired"));
    assert_eq!(times, 200);
}

#[test]
fn a_builder_keeps_its_keys_ascending_and_counts_terms_once() {
    let mut builder = Builder::default();
    assert!(builder.len() == 0 && builder.bytes() < 100);
    assert!(builder.add(4, 3, [(&b"a"[..], 1), (b"b", 0), (b"a", 2), (&[b'x'; 70_000], 1)]));
    assert!(!builder.add(4, 1, [(&b"c"[..], 1)]) && !builder.add(-4, 1, [(&b"c"[..], 1)]));
    assert_eq!((builder.len(), builder.terms.len()), (1, 2));
    assert!(builder.bytes() > 32);
    let mut bytes = Vec::new();
    builder.finish(&mut bytes).unwrap();
    let mut expected = Vec::new();
    let mut plain = Builder::default();
    plain.add(4, 3, [(&b"a"[..], 3)]);
    plain.finish(&mut expected).unwrap();
    assert_eq!(bytes, expected);
    let segment = Segment::open(&bytes).unwrap();
    assert_eq!((segment.len(), segment.total_length, segment.ends()), (1, 3, Some(4..=4)));
    assert!(segment.find(b"a").is_some() && segment.find(b"").is_none() && segment.find(b"b").is_none());
}

#[test]
fn keys_that_do_not_ascend_are_not_merged() {
    let bytes = build(&many_chunks(1, 10));
    let segment = Segment::open(&bytes).unwrap();
    assert!(merge(&[segment, segment], &[], &mut Vec::new()).is_err());
    assert!(merge(&[segment, segment], &[i64::MIN..=i64::MAX], &mut Vec::new()).is_ok());
}
