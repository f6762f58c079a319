//! The forward pass that the architectures share: each is the same decoder with or without some parts.

use std::thread;

use qiao_vecmath::{MappedBlocks, Simd, gelu_tanh, rms_norm, silu};

use super::GeneratorError;
use super::attention::{Attention, Memory};
use super::file::Gguf;
use super::products::{Kit, Linear};
use super::rotation::{Rotation, Turns};
use super::shape::{Family, Shape};
use crate::helpers::with_helpers;

/// Tokens of a prompt that are read at once.
const AT_ONCE: usize = 256;

/// Tokens in, scores of the next one out.
#[derive(Debug)]
pub(super) struct Network {
    shape: Shape,
    embeddings: MappedBlocks,
    layers: Vec<Layer>,
    last_norm: Vec<f32>,
    output: Linear,
    far: Rotation,
    near: Rotation,
    simd: Simd,
    threads: usize,
    /// How many tokens are known
    vocabulary: usize,
}

#[derive(Debug)]
struct Layer {
    norm: Vec<f32>,
    query: Linear,
    key: Linear,
    value: Linear,
    /// Of each head's query and key, before they turn
    head_norms: Option<(Vec<f32>, Vec<f32>)>,
    output: Linear,
    /// Of what attention gives
    output_norm: Option<Vec<f32>>,
    second_norm: Vec<f32>,
    gate: Linear,
    up: Linear,
    down: Linear,
    /// Of what the second part gives
    down_norm: Option<Vec<f32>>,
}

/// Where new tokens stand, for one layer.
struct Here<'a> {
    /// Position of the first of them
    first: usize,
    turns: &'a Turns,
    /// How many tokens each sees, itself included, where not all before it
    sight: Option<usize>,
    memory: &'a mut Memory,
}

/// What was read so far: keys and values of each layer.
#[derive(Debug)]
pub(super) struct Past {
    layers: Vec<Memory>,
    tokens: usize,
}

impl Past {
    pub(super) fn new(layers: usize) -> Self {
        let mut memories = Vec::new();
        memories.resize_with(layers, Memory::default);
        Self { layers: memories, tokens: 0 }
    }

    /// Forgets everything, and gives back what a long conversation took.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.layers.len());
    }
}

/// What one pass computes in, kept from layer to layer.
struct Room {
    kit: Kit,
    /// `[tokens, width]`: what a part reads, and what it adds to the stream
    read: Vec<f32>,
    added: Vec<f32>,
    /// `[tokens, heads * depth]`
    queries: Vec<f32>,
    context: Vec<f32>,
    /// `[tokens, key heads * depth]`
    keys: Vec<f32>,
    values: Vec<f32>,
    /// `[tokens, inner]`
    gate: Vec<f32>,
    up: Vec<f32>,
}

impl Network {
    /// The network of `file`, for a vocabulary of so many tokens.
    pub(super) fn of(file: &Gguf, shape: &Shape, vocabulary: usize) -> Result<Self, GeneratorError> {
        const WORDS: &str = "token_embd.weight";
        let rows = file.outputs(WORDS)?;
        if rows < vocabulary {
            return Err(file.senseless("tokenizer.ggml.tokens", vocabulary, "no more than there are embeddings"));
        }
        // where there is no output matrix, the embeddings serve as one
        let output = if file.has("output.weight") { "output" } else { "token_embd" };
        Ok(Self {
            embeddings: file.matrix(WORDS, rows, shape.width)?,
            layers: (0..shape.layers).map(|i| Layer::of(file, shape, i)).collect::<Result<_, _>>()?,
            last_norm: file.vector("output_norm.weight", shape.width)?,
            output: Linear::load(file, output, rows, shape.width)?,
            far: Rotation::far(file, shape)?,
            near: Rotation::near(shape),
            shape: shape.clone(),
            simd: Simd::detect(),
            threads: thread::available_parallelism().map_or(1, usize::from).min(rayon::current_num_threads()),
            vocabulary,
        })
    }

    /// Reads `tokens` behind those of `past`; the scores of each token of the vocabulary to come next. No token, no score.
    pub(super) fn read(&self, tokens: &[u32], past: &mut Past) -> Vec<f32> {
        with_helpers(self.threads - 1, || {
            let mut room = Room::new(Kit::new(self.simd, self.threads));
            let mut last = Vec::new();
            for tokens in tokens.chunks(AT_ONCE) {
                let mut x = self.words(tokens);
                self.pass(&mut x, past, &mut room);
                last = x.split_off(x.len() - self.shape.width);
            }
            let mut scores = Vec::new();
            if !last.is_empty() {
                rms_norm(self.simd, &mut last, &self.last_norm, self.shape.epsilon);
                self.output.apply(&mut room.kit, &last, &mut scores);
                scores.truncate(self.vocabulary);
            }
            scores
        })
    }

    /// The vectors `[tokens, width]` that tokens stand for.
    fn words(&self, tokens: &[u32]) -> Vec<f32> {
        let width = self.shape.width;
        let mut x = vec![0.0; tokens.len() * width];
        for (token, x) in tokens.iter().zip(x.chunks_exact_mut(width)) {
            let row = *token as usize;
            self.embeddings.blocks().rows(row..row + 1).unpack(self.simd, x);
        }
        if self.shape.family == Family::Gemma3 {
            let scale = (width as f32).sqrt();
            x.iter_mut().for_each(|x| *x *= scale);
        }
        x
    }

    /// Takes the stream `x` of new tokens through all layers.
    fn pass(&self, x: &mut [f32], past: &mut Past, room: &mut Room) {
        let count = x.len() / self.shape.width;
        let far = self.far.turns(past.tokens, count);
        let near = self.near.turns(past.tokens, count);
        for (i, (layer, memory)) in self.layers.iter().zip(&mut past.layers).enumerate() {
            let (turns, sight) = match self.shape.is_near_sighted(i) {
                true => (&near, self.shape.sight),
                false => (&far, None),
            };
            layer.look(&self.shape, x, Here { first: past.tokens, turns, sight, memory }, room);
            layer.think(&self.shape, x, room);
        }
        past.tokens += count;
    }
}

impl Layer {
    fn of(file: &Gguf, shape: &Shape, i: usize) -> Result<Self, GeneratorError> {
        let Shape { width, heads, key_heads, depth, inner, .. } = *shape;
        let name = |part: &str| format!("blk.{i}.{part}");
        let linear = |part: &str, outputs, inputs| Linear::load(file, &name(part), outputs, inputs);
        let norm = |part: &str, width| file.vector(&name(&format!("{part}.weight")), width);
        let around = |part: &str| (shape.family == Family::Gemma3).then(|| norm(part, width)).transpose();
        let head_norms = match shape.family {
            Family::Qwen3 | Family::Gemma3 => Some((norm("attn_q_norm", depth)?, norm("attn_k_norm", depth)?)),
            Family::Llama | Family::Qwen2 => None,
        };
        Ok(Self {
            norm: norm("attn_norm", width)?,
            query: linear("attn_q", heads * depth, width)?,
            key: linear("attn_k", key_heads * depth, width)?,
            value: linear("attn_v", key_heads * depth, width)?,
            head_norms,
            output: linear("attn_output", width, heads * depth)?,
            output_norm: around("post_attention_norm")?,
            second_norm: norm("ffn_norm", width)?,
            gate: linear("ffn_gate", inner, width)?,
            up: linear("ffn_up", inner, width)?,
            down: linear("ffn_down", width, inner)?,
            down_norm: around("post_ffw_norm")?,
        })
    }

    /// The first part: what the tokens take from those before them.
    fn look(&self, shape: &Shape, x: &mut [f32], here: Here<'_>, room: &mut Room) {
        let Here { first, turns, sight, memory } = here;
        let simd = room.kit.simd;
        room.normed(x, &self.norm, shape.epsilon);
        self.query.apply(&mut room.kit, &room.read, &mut room.queries);
        self.key.apply(&mut room.kit, &room.read, &mut room.keys);
        self.value.apply(&mut room.kit, &room.read, &mut room.values);
        if let Some((of_query, of_key)) = &self.head_norms {
            rms_norm(simd, &mut room.queries, of_query, shape.epsilon);
            rms_norm(simd, &mut room.keys, of_key, shape.epsilon);
        }
        turns.apply(&mut room.queries, shape.heads * shape.depth, shape.depth);
        turns.apply(&mut room.keys, shape.key_heads * shape.depth, shape.depth);
        memory.keys.extend_from_slice(&room.keys);
        memory.values.extend_from_slice(&room.values);
        Attention { shape, queries: &room.queries, memory, first, sight }.run(&mut room.kit, &mut room.context);
        self.output.apply(&mut room.kit, &room.context, &mut room.added);
        room.add(x, self.output_norm.as_deref(), shape.epsilon);
    }

    /// The second part: each token by itself (GLU; Shazeer 2020).
    fn think(&self, shape: &Shape, x: &mut [f32], room: &mut Room) {
        let simd = room.kit.simd;
        room.normed(x, &self.second_norm, shape.epsilon);
        self.gate.apply(&mut room.kit, &room.read, &mut room.gate);
        self.up.apply(&mut room.kit, &room.read, &mut room.up);
        match shape.family {
            Family::Gemma3 => gelu_tanh(simd, &mut room.gate),
            Family::Llama | Family::Qwen2 | Family::Qwen3 => silu(simd, &mut room.gate),
        }
        room.gate.iter_mut().zip(&room.up).for_each(|(gate, up)| *gate *= up);
        self.down.apply(&mut room.kit, &room.gate, &mut room.added);
        room.add(x, self.down_norm.as_deref(), shape.epsilon);
    }
}

impl Room {
    fn new(kit: Kit) -> Self {
        let [read, added, queries, context, keys, values, gate, up] = [const { Vec::new() }; 8];
        Self { kit, read, added, queries, context, keys, values, gate, up }
    }

    /// What a part reads: the stream, normalised.
    fn normed(&mut self, x: &[f32], gain: &[f32], epsilon: f32) {
        self.read.clear();
        self.read.extend_from_slice(x);
        rms_norm(self.kit.simd, &mut self.read, gain, epsilon);
    }

    /// Adds what a part gives, normalised or not, to the stream.
    fn add(&mut self, x: &mut [f32], gain: Option<&[f32]>, epsilon: f32) {
        if let Some(gain) = gain {
            rms_norm(self.kit.simd, &mut self.added, gain, epsilon);
        }
        x.iter_mut().zip(&self.added).for_each(|(x, added)| *x += added);
    }
}
