use qiao_vecmath::Finish;

use super::{Activation, Linear, Room};

/// Rows that go up and down at once.
const ROWS: usize = 96;

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

    /// Of `x`, into `room.added`: some rows at a time, so that what comes up is still near when it goes down.
    pub(in crate::arch) fn forward(&self, x: &[f32], room: &mut Room) {
        let (inputs, outputs) = (self.up.inputs(), self.down.outputs());
        let mut added = std::mem::take(&mut room.added);
        added.resize(x.len() / inputs * outputs, 0.0);
        for (x, added) in x.chunks(ROWS * inputs).zip(added.chunks_mut(ROWS * outputs)) {
            self.block(x, room, added);
        }
        room.added = added;
    }

    fn block(&self, x: &[f32], room: &mut Room, added: &mut [f32]) {
        let simd = room.kit.simd;
        if self.gate == Gate::None {
            match self.activation {
                Activation::Gelu => self.up.apply_then(&mut room.kit, Finish::Gelu, x, &mut room.inner),
                other => {
                    self.up.apply(&mut room.kit, x, &mut room.inner);
                    other.apply(simd, &mut room.inner);
                }
            }
            return self.down.apply_to(&mut room.kit, Finish::Plain, &room.inner, added);
        }
        self.up.apply(&mut room.kit, x, &mut room.inner);
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
        self.down.apply_to(&mut room.kit, Finish::Plain, &room.gated, added);
    }
}
