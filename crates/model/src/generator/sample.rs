/// What a reply is drawn with: SplitMix64 (Steele, Lea and Flood 2014), so that a seed gives the same on every machine.
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from 0 on and below 1.
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ z >> 31) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Draws a token by its `scores`: at a temperature of 0 the likeliest (of several the first), above it in proportion to
    /// `exp(score / temperature)`.
    pub(super) fn draw(&mut self, scores: &[f32], temperature: f32) -> u32 {
        let best = likeliest(scores);
        // below this, all but the likeliest weigh nothing
        if temperature.is_nan() || temperature < 1e-4 {
            return best as u32;
        }
        let Some(top) = scores.get(best) else { return 0 };
        let weight = |score: &f32| match score.is_nan() {
            true => 0.0,
            false => (f64::from(score - top) / f64::from(temperature)).exp(),
        };
        let mut left = self.roll() * scores.iter().map(weight).sum::<f64>();
        let drawn = scores.iter().position(|score| {
            left -= weight(score);
            left < 0.0
        });
        drawn.unwrap_or(best) as u32
    }
}

fn likeliest(scores: &[f32]) -> usize {
    let mut best = 0;
    for (i, score) in scores.iter().enumerate() {
        if *score > scores[best] || scores[best].is_nan() {
            best = i;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_is_the_first_of_the_greatest() {
        assert_eq!(Dice::new(1).draw(&[f32::NAN, 0.5, 2.0, 2.0], 0.0), 2);
        assert_eq!(Dice::new(1).draw(&[], 0.0), 0);
        assert_eq!(Dice::new(1).draw(&[], 1.0), 0);
    }

    #[test]
    fn draws_are_in_proportion() {
        let (mut dice, mut counts) = (Dice::new(7), [0; 3]);
        for _ in 0..10_000 {
            counts[dice.draw(&[0.0, 1.0f32.exp().ln(), f32::NEG_INFINITY], 0.5) as usize] += 1;
        }
        // e² : 1
        let share = f64::from(counts[1]) / 10_000.0;
        assert!((share - 0.8808).abs() < 0.015, "{share}");
        assert_eq!(counts[2], 0);
    }

    /// The first outputs of the reference implementation for the seed 1234567.
    #[test]
    fn rolls_are_those_of_splitmix64() {
        let mut dice = Dice::new(1_234_567);
        let wanted = [6_457_827_717_110_365_317u64, 3_203_168_211_198_807_973];
        for whole in wanted {
            assert_eq!(dice.roll(), (whole >> 11) as f64 / (1u64 << 53) as f64);
        }
    }
}
