use super::GeneratorError;
use super::file::Gguf;
use super::shape::{Family, Shape};

/// Base of near-sighted layers' positions (Gemma 3).
const NEAR_THETA: f32 = 10_000.0;

/// Rotary position embedding (Su et al. 2021): pairs of a head's numbers turn with the token's position.
#[derive(Debug)]
pub(super) struct Rotation {
    /// Radians a position, of each pair
    frequencies: Vec<f32>,
    /// Which numbers are a pair
    pairing: Pairing,
}

/// Which numbers of a head are a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pairing {
    /// A number and the next, as GGUF files of Llama are laid out.
    Neighbours,
    /// A number of the first half and one of the second, as in GPT-NeoX.
    Halves,
}

/// Sines and cosines of some positions, `[positions, pairs]`.
pub(super) struct Turns {
    turns: Vec<(f32, f32)>,
    pairs: usize,
    pairing: Pairing,
}

impl Rotation {
    /// Of the layers that see everything. Llama 3.1 divides frequencies by what it keeps in a tensor of its own.
    pub(super) fn far(file: &Gguf, shape: &Shape) -> Result<Self, GeneratorError> {
        let mut rotation = Self::new(shape, shape.theta, shape.stretch);
        if file.has("rope_freqs.weight") {
            let divisors = file.vector("rope_freqs.weight", shape.turning / 2)?;
            rotation.frequencies.iter_mut().zip(divisors).for_each(|(frequency, by)| *frequency /= by);
        }
        Ok(rotation)
    }

    /// Of the near-sighted layers.
    pub(super) fn near(shape: &Shape) -> Self {
        Self::new(shape, NEAR_THETA, 1.0)
    }

    fn new(shape: &Shape, theta: f32, stretch: f32) -> Self {
        let frequency = |i: usize| theta.powf(-((2 * i) as f32) / shape.turning as f32) / stretch;
        let pairing = if shape.family == Family::Llama { Pairing::Neighbours } else { Pairing::Halves };
        Self { frequencies: (0..shape.turning / 2).map(frequency).collect(), pairing }
    }

    /// The turns of `count` positions from `first` on.
    pub(super) fn turns(&self, first: usize, count: usize) -> Turns {
        let angles = |position: usize| self.frequencies.iter().map(move |f| (position as f32 * f).sin_cos());
        let turns = (first..first + count).flat_map(angles).collect();
        Turns { turns, pairs: self.frequencies.len(), pairing: self.pairing }
    }
}

impl Turns {
    /// Turns the heads of `depth` numbers in each of `rows` to its position.
    pub(super) fn apply(&self, rows: &mut [f32], width: usize, depth: usize) {
        for (row, turns) in rows.chunks_exact_mut(width).zip(self.turns.chunks_exact(self.pairs)) {
            row.chunks_exact_mut(depth).for_each(|head| self.turn(head, turns));
        }
    }

    fn turn(&self, head: &mut [f32], turns: &[(f32, f32)]) {
        let turned = |a: &mut f32, b: &mut f32, (sin, cos): &(f32, f32)| {
            (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
        };
        match self.pairing {
            Pairing::Neighbours => {
                let (pairs, _) = head.as_chunks_mut::<2>();
                pairs.iter_mut().zip(turns).for_each(|([a, b], turn)| turned(a, b, turn));
            }
            Pairing::Halves => {
                let (first, second) = head[..2 * self.pairs].split_at_mut(self.pairs);
                first.iter_mut().zip(second).zip(turns).for_each(|((a, b), turn)| turned(a, b, turn));
            }
        }
    }
}
