use super::{Activation, Linear, Room};

/// The two products after attention.
#[derive(Debug)]
pub(crate) struct FeedForward {
    up: Linear,
    gate: Gate,
    activation: Activation,
    down: Linear,
}

/// Which half of what comes up is bent and multiplied with the other (GLU; Shazeer 2020).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gate {
    /// No gate: all of it is bent.
    None,
    First,
    Second,
}

impl FeedForward {
    /// `up` gives what `down` takes, or twice as much where there is a gate.
    pub(crate) fn new(up: Linear, gate: Gate, activation: Activation, down: Linear) -> Self {
        Self { up, gate, activation, down }
    }

    /// Of `x`, into `room.added`.
    pub(in crate::arch) fn forward(&self, x: &[f32], room: &mut Room) {
        let simd = room.simd;
        self.up.apply(simd, x, &mut room.inner);
        if self.gate == Gate::None {
            self.activation.apply(simd, &mut room.inner);
            return self.down.apply(simd, &room.inner, &mut room.added);
        }
        let inner = self.down.inputs();
        room.gated.clear();
        for row in room.inner.chunks_exact(2 * inner) {
            let (first, second) = row.split_at(inner);
            room.gated.extend_from_slice(if self.gate == Gate::First { first } else { second });
        }
        self.activation.apply(simd, &mut room.gated);
        for (gated, row) in room.gated.chunks_exact_mut(inner).zip(room.inner.chunks_exact(2 * inner)) {
            let (first, second) = row.split_at(inner);
            let other = if self.gate == Gate::First { second } else { first };
            gated.iter_mut().zip(other).for_each(|(g, o)| *g *= o);
        }
        self.down.apply(simd, &room.gated, &mut room.added);
    }
}
