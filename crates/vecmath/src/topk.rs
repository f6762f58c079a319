use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A key with its score. Ordered best first: greater scores before smaller ones, ties by ascending key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored<K> {
    /// What was scored.
    pub key: K,
    /// Greater is better; never NaN.
    pub score: f32,
}

impl<K: Ord> Eq for Scored<K> {}

impl<K: Ord> Ord for Scored<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.score.total_cmp(&self.score).then_with(|| self.key.cmp(&other.key))
    }
}

impl<K: Ord> PartialOrd for Scored<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Keeps the best `k` of what it is shown.
#[derive(Debug)]
pub struct TopK<K> {
    k: usize,
    // a max-heap in an order where the worst is the greatest
    worst_first: BinaryHeap<Scored<K>>,
}

impl<K: Ord + Copy> TopK<K> {
    /// Room for `k`.
    pub fn new(k: usize) -> Self {
        Self { k, worst_first: BinaryHeap::new() }
    }

    /// Whether one of this score might be kept.
    pub fn admits(&self, score: f32) -> bool {
        self.k > 0 && (self.worst_first.len() < self.k || self.worst_first.peek().is_some_and(|w| score >= w.score))
    }

    /// The least score that is kept, once there are `k`: what comes with a greater key must have more.
    pub fn worst(&self) -> Option<f32> {
        self.worst_first.peek().filter(|_| self.worst_first.len() >= self.k).map(|worst| worst.score)
    }

    /// Shows one; a NaN score is passed over.
    pub fn push(&mut self, key: K, score: f32) {
        if score.is_nan() || self.k == 0 {
            return;
        }
        let candidate = Scored { key, score };
        if self.worst_first.len() < self.k {
            self.worst_first.push(candidate);
        } else if self.worst_first.peek().is_some_and(|worst| candidate < *worst) {
            self.worst_first.pop();
            self.worst_first.push(candidate);
        }
    }

    /// The best, best first.
    pub fn into_sorted(self) -> Vec<Scored<K>> {
        self.worst_first.into_sorted_vec()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn equals_sorting_all(scores in prop::collection::vec(0u8..6, 0..60), k in 0usize..12) {
            let mut top = TopK::new(k);
            let mut all = Vec::new();
            for (key, score) in scores.iter().enumerate() {
                top.push(key, f32::from(*score));
                all.push(Scored { key, score: f32::from(*score) });
            }
            all.sort();
            all.truncate(k);
            prop_assert_eq!(top.into_sorted(), all);
        }
    }
}
