//! The forward pass that all architectures but the static tables share.

use qiao_vecmath::Simd;

use super::layers::{Angles, Attention, Embeddings, FeedForward, Kit, Norm, RelativeBias, Room, Rope, Scope, Where};
use crate::pack::Pack;

/// Embeddings, layers, and what stands around them.
#[derive(Debug)]
pub(crate) struct Transformer {
    pub(crate) embeddings: Embeddings,
    pub(crate) layers: Vec<Layer>,
    /// Ropes that layers name by their place in this list.
    pub(crate) ropes: Vec<Rope>,
    /// What the distance between two tokens adds to their score, in every layer.
    pub(crate) relative: Option<RelativeBias>,
    /// Of the last layer's output.
    pub(crate) last_norm: Option<Norm>,
}

/// Attention and feed-forward, each added to the stream of token vectors.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) attention: Attention,
    pub(crate) feed_forward: FeedForward,
    pub(crate) norms: Norms,
    pub(crate) scope: Scope,
    /// Which of the model's ropes turns queries and keys.
    pub(crate) rope: Option<usize>,
}

/// What a pack of one sequence passes through.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    /// `[tokens, width]` each: the embeddings, what each layer gives, and the last norm's output where there is one
    pub(crate) states: Vec<Vec<f32>>,
    /// Whether the last state is that of a norm behind the last layer
    pub(crate) normed: bool,
    /// `[heads, tokens, tokens]` of the layer watched
    pub(crate) attention: Vec<f32>,
}

/// Where a layer normalises.
#[derive(Debug)]
pub(crate) enum Norms {
    /// The stream itself, after each addition.
    After { attention: Norm, feed_forward: Norm },
    /// What each part reads, the stream being left as it is; a first layer may read it as it comes.
    Before { attention: Option<Norm>, feed_forward: Norm },
}

impl Transformer {
    /// Floats in a token's vector.
    pub(super) fn width(&self) -> usize {
        self.embeddings.words.width()
    }

    /// The longest sequence for which it has positions, or `None` where any length can be computed.
    pub(super) fn limit(&self) -> Option<usize> {
        self.embeddings.positions.as_ref().map(super::layers::Positions::limit)
    }

    /// The last layer's vectors `[tokens, width]` of a pack, computed by `threads` threads together.
    pub(super) fn forward(&self, pack: &Pack, threads: usize) -> Vec<f32> {
        self.run(pack, threads, |_, _, _| {})
    }

    /// The vectors of a pack of one sequence after each step, and how its tokens look at each other in layer `watched`,
    /// counted from 0.
    pub(super) fn trace(&self, pack: &Pack, watched: usize) -> Steps {
        let mut steps = Steps::default();
        let last = self.run(pack, 1, |done, x, room| {
            steps.states.push(x.to_vec());
            steps.attention.extend(room.watched.take().unwrap_or_default());
            room.watched = (done == watched).then(Vec::new);
        });
        if self.last_norm.is_some() {
            steps.states.push(last);
            steps.normed = true;
        }
        steps
    }

    /// Runs a pack; `seen` is shown the vectors before the first layer and after each, with the number of layers done.
    fn run(&self, pack: &Pack, threads: usize, mut seen: impl FnMut(usize, &[f32], &mut Room)) -> Vec<f32> {
        let simd = Simd::detect();
        let longest = pack.ranges.iter().map(ExactSizeIterator::len).max().unwrap_or_default();
        let angles: Vec<Angles> = self.ropes.iter().map(|rope| rope.angles(longest)).collect();
        let mut x = self.embeddings.forward(simd, pack);
        let mut room = Room::new(Kit::new(simd, threads));
        seen(0, &x, &mut room);
        for (i, layer) in self.layers.iter().enumerate() {
            let angles = layer.rope.map(|rope| &angles[rope]);
            let at = Where { scope: layer.scope, angles, bias: self.relative.as_ref() };
            layer.forward(pack, at, &mut x, &mut room);
            seen(i + 1, &x, &mut room);
        }
        if let Some(norm) = &self.last_norm {
            norm.apply(simd, &mut x);
        }
        x
    }
}

impl Layer {
    fn forward(&self, pack: &Pack, at: Where<'_>, x: &mut [f32], room: &mut Room) {
        let simd = room.kit.simd;
        match &self.norms {
            Norms::After { attention, feed_forward } => {
                self.attention.forward(x, &pack.ranges, at, room);
                attention.add_apply(simd, x, &room.added);
                self.feed_forward.forward(x, room);
                feed_forward.add_apply(simd, x, &room.added);
            }
            Norms::Before { attention, feed_forward } => {
                let read = normed(attention.as_ref(), x, room);
                self.attention.forward(&read, &pack.ranges, at, room);
                add(x, read, room);
                let read = normed(Some(feed_forward), x, room);
                self.feed_forward.forward(&read, room);
                add(x, read, room);
            }
        }
    }
}

/// What a part reads, in a buffer that [`add`] gives back.
fn normed(norm: Option<&Norm>, x: &[f32], room: &mut Room) -> Vec<f32> {
    let mut read = std::mem::take(&mut room.normed);
    read.clear();
    read.extend_from_slice(x);
    if let Some(norm) = norm {
        norm.apply(room.kit.simd, &mut read);
    }
    read
}

fn add(x: &mut [f32], read: Vec<f32>, room: &mut Room) {
    room.normed = read;
    x.iter_mut().zip(&room.added).for_each(|(x, a)| *x += a);
}
