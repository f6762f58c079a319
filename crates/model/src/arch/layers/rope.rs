/// Rotary position embedding (Su et al. 2021): pairs of a head's numbers turn with the token's position. Number `i` is
/// paired with number `i + depth / 2`, as in GPT-NeoX.
#[derive(Debug)]
pub(crate) struct Rope {
    /// Radians a position, of each pair
    frequencies: Vec<f32>,
}

// All in f32 and in torch's order: at position 8,000 what these roundings differ by has grown to a thousandth of a radian.
impl Rope {
    /// Pair `i` of `depth / 2` turns by `theta^(-2i / depth)` a position.
    pub(crate) fn new(theta: f64, depth: usize) -> Self {
        let frequency = |i: usize| 1.0 / (theta as f32).powf((2 * i) as f32 / depth as f32);
        Self { frequencies: (0..depth / 2).map(frequency).collect() }
    }

    /// As [`Rope::new`], stretched for texts `factor` times as long as those of training: the "NTK-aware mixed" scaling
    /// that GTE uses (Su Jianlin, <https://kexue.fm/archives/9706>, equation 6).
    pub(crate) fn stretched(theta: f64, depth: usize, factor: f64) -> Self {
        let mut rope = Self::new(theta * factor, depth);
        let slower = factor.powf(2.0 / depth as f64) as f32;
        rope.frequencies.iter_mut().for_each(|frequency| *frequency /= slower);
        rope
    }

    /// The turns of positions `0..length`.
    pub(crate) fn angles(&self, length: usize) -> Angles {
        let angle = |position: usize| self.frequencies.iter().map(move |f| position as f32 * f);
        let (sin, cos) = (0..length).flat_map(angle).map(f32::sin_cos).unzip();
        Angles { sin, cos, half: self.frequencies.len() }
    }
}

/// Sines and cosines, `[positions, depth / 2]`.
#[derive(Debug)]
pub(crate) struct Angles {
    sin: Vec<f32>,
    cos: Vec<f32>,
    half: usize,
}

impl Angles {
    /// Turns the heads that stand side by side in `heads` to `position`.
    pub(super) fn turn(&self, position: usize, heads: &mut [f32]) {
        let at = position * self.half..(position + 1) * self.half;
        let (sin, cos) = (&self.sin[at.clone()], &self.cos[at]);
        for head in heads.chunks_exact_mut(2 * self.half) {
            let (first, second) = head.split_at_mut(self.half);
            for (((a, b), sin), cos) in first.iter_mut().zip(second).zip(sin).zip(cos) {
                (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_turn_by_their_frequency() {
        let angles = Rope::new(100.0, 4).angles(3);
        let mut head = [1.0, 1.0, 0.0, 0.0];
        angles.turn(2, &mut head);
        for (got, want) in head.iter().zip([2f32.cos(), 0.2f32.cos(), 2f32.sin(), 0.2f32.sin()]) {
            assert!((got - want).abs() < 1e-6);
        }
    }

    #[test]
    fn a_stretched_one_turns_more_slowly_the_first_pair_too() {
        let (plain, stretched) = (Rope::new(20_000.0, 64), Rope::stretched(20_000.0, 64, 8.0));
        // 8^(-2/64) for the first pair; 8^(-62/64 - 2/64) = 1/8 for the last
        assert!((stretched.frequencies[0] - 0.937_084).abs() < 1e-6);
        assert!((stretched.frequencies[31] / plain.frequencies[31] - 0.125).abs() < 1e-6);
    }
}
