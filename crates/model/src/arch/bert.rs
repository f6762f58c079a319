//! BERT (Devlin et al. 2018), post-norm, absolute positions.

use std::ops::Range;

use qiao_vecmath::{Packed, Rows, RowsMut, Simd, add_layer_norm, gelu, layer_norm, multiply, softmax_rows};

use crate::directory::BertConfig;
use crate::pack::Pack;
use crate::weights::{Tensor, WeightError, Weights};

/// Weights of the whole encoder.
#[derive(Debug)]
pub(crate) struct Bert {
    simd: Simd,
    width: usize,
    heads: usize,
    epsilon: f32,
    words: Tensor,
    positions: Tensor,
    first_type: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

#[derive(Debug)]
struct Layer {
    query_key_value: Linear,
    output: Linear,
    attention_norm: Norm,
    up: Linear,
    down: Linear,
    norm: Norm,
}

#[derive(Debug)]
struct Linear {
    weight: Packed,
    bias: Vec<f32>,
}

#[derive(Debug)]
struct Norm {
    gain: Vec<f32>,
    bias: Vec<f32>,
}

/// Buffers of one forward pass, kept from layer to layer. Rows are tokens.
#[derive(Debug, Default)]
struct Room {
    /// `[tokens, 3 * width]`
    query_key_value: Vec<f32>,
    /// `[tokens, width]`
    context: Vec<f32>,
    /// `[tokens, width]`
    added: Vec<f32>,
    /// `[tokens, intermediate]`
    inner: Vec<f32>,
    /// `[length, length]` of one head of one sequence
    scores: Vec<f32>,
    keys: Packed,
    values: Packed,
}

impl Bert {
    /// Takes the tensors that `config` calls for.
    pub(crate) fn load(weights: &Weights, config: &BertConfig) -> Result<Self, WeightError> {
        let width = config.hidden_size;
        let root = weights.prefix_of("embeddings.word_embeddings.weight", &["", "bert."]);
        let name = |rest: &str| format!("{root}embeddings.{rest}");
        let types = weights.tensor(&name("token_type_embeddings.weight"), &[config.type_vocab_size, width])?;
        let layers = 0..config.num_hidden_layers;
        Ok(Self {
            simd: Simd::detect(),
            width,
            heads: config.num_attention_heads,
            epsilon: config.layer_norm_eps,
            words: weights.tensor(&name("word_embeddings.weight"), &[config.vocab_size, width])?,
            positions: weights.tensor(&name("position_embeddings.weight"), &[config.max_position_embeddings, width])?,
            first_type: types.values().get(..width).unwrap_or_default().to_vec(),
            norm: Norm::load(weights, &name("LayerNorm"), width)?,
            layers: layers
                .map(|i| Layer::load(weights, &format!("{root}encoder.layer.{i}."), config))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Floats in a token's vector.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The last layer's vectors `[tokens, width]` of a pack.
    pub(crate) fn forward(&self, pack: &Pack) -> Vec<f32> {
        let mut x = self.embed(pack);
        let mut room = Room::default();
        for layer in &self.layers {
            self.attend(layer, &pack.ranges, &mut x, &mut room);
            self.feed_forward(layer, &mut x, &mut room);
        }
        x
    }

    fn embed(&self, pack: &Pack) -> Vec<f32> {
        let (words, positions) = (self.words.values(), self.positions.values());
        let mut x = Vec::with_capacity(pack.ids.len() * self.width);
        for range in &pack.ranges {
            for (position, id) in pack.ids[range.clone()].iter().enumerate() {
                let word = &words[*id as usize * self.width..][..self.width];
                let place = &positions[position * self.width..][..self.width];
                // torch adds the type before the position
                x.extend(word.iter().zip(&self.first_type).zip(place).map(|((w, t), p)| w + t + p));
            }
        }
        layer_norm(self.simd, &mut x, &self.norm.gain, &self.norm.bias, self.epsilon);
        x
    }

    fn attend(&self, layer: &Layer, sequences: &[Range<usize>], x: &mut [f32], room: &mut Room) {
        layer.query_key_value.apply(self.simd, x, &mut room.query_key_value);
        room.context.resize(x.len(), 0.0);
        for sequence in sequences {
            for head in 0..self.heads {
                self.attend_head(sequence, head, room);
            }
        }
        layer.output.apply(self.simd, &room.context, &mut room.added);
        let norm = &layer.attention_norm;
        add_layer_norm(self.simd, x, &room.added, (&norm.gain, &norm.bias), self.epsilon);
    }

    /// softmax(Q Kᵀ / √d) V of one head over one sequence, into its columns of `room.context`.
    fn attend_head(&self, sequence: &Range<usize>, head: usize, room: &mut Room) {
        let (length, depth, stride) = (sequence.len(), self.width / self.heads, 3 * self.width);
        let part = |which: usize| sequence.start * stride + which * self.width + head * depth;
        let rows = |which: usize| Rows::new(&room.query_key_value[part(which)..], length, depth, stride);
        room.keys.pack_outputs(rows(1));
        room.values.pack_inputs(rows(2));
        room.scores.resize(length * length, 0.0);
        multiply(self.simd, rows(0), &room.keys, &[], RowsMut::new(&mut room.scores, length, length, length));
        softmax_rows(self.simd, &mut room.scores, length, 1.0 / (depth as f32).sqrt());
        let into = &mut room.context[sequence.start * self.width + head * depth..];
        let scores = Rows::new(&room.scores, length, length, length);
        multiply(self.simd, scores, &room.values, &[], RowsMut::new(into, length, depth, self.width));
    }

    fn feed_forward(&self, layer: &Layer, x: &mut [f32], room: &mut Room) {
        layer.up.apply(self.simd, x, &mut room.inner);
        gelu(self.simd, &mut room.inner);
        layer.down.apply(self.simd, &room.inner, &mut room.added);
        let norm = &layer.norm;
        add_layer_norm(self.simd, x, &room.added, (&norm.gain, &norm.bias), self.epsilon);
    }
}

impl Layer {
    fn load(weights: &Weights, root: &str, config: &BertConfig) -> Result<Self, WeightError> {
        let (width, inner) = (config.hidden_size, config.intermediate_size);
        let linear = |name: &str, n, k| Linear::load(weights, &[&format!("{root}{name}")], (n, k));
        let attention = |name: &str| format!("{root}attention.self.{name}");
        let (query, key, value) = (attention("query"), attention("key"), attention("value"));
        Ok(Self {
            query_key_value: Linear::load(weights, &[&query, &key, &value], (width, width))?,
            output: linear("attention.output.dense", width, width)?,
            attention_norm: Norm::load(weights, &format!("{root}attention.output.LayerNorm"), width)?,
            up: linear("intermediate.dense", inner, width)?,
            down: linear("output.dense", width, inner)?,
            norm: Norm::load(weights, &format!("{root}output.LayerNorm"), width)?,
        })
    }
}

impl Linear {
    /// Stacks the layers `names`, each `[outputs, inputs]`, into one.
    fn load(weights: &Weights, names: &[&str], (outputs, inputs): (usize, usize)) -> Result<Self, WeightError> {
        let (mut weight, mut bias) = (Vec::new(), Vec::new());
        for name in names {
            weight.extend_from_slice(weights.tensor(&format!("{name}.weight"), &[outputs, inputs])?.values());
            bias.extend_from_slice(weights.tensor(&format!("{name}.bias"), &[outputs])?.values());
        }
        let weight = Packed::from_outputs(Rows::new(&weight, outputs * names.len(), inputs, inputs));
        Ok(Self { weight, bias })
    }

    /// `x[tokens, inputs]` to `y[tokens, outputs]`.
    fn apply(&self, simd: Simd, x: &[f32], y: &mut Vec<f32>) {
        let (inputs, outputs) = (self.weight.inputs(), self.weight.outputs());
        let tokens = x.len() / inputs;
        y.resize(tokens * outputs, 0.0);
        let rows = Rows::new(x, tokens, inputs, inputs);
        multiply(simd, rows, &self.weight, &self.bias, RowsMut::new(y, tokens, outputs, outputs));
    }
}

impl Norm {
    fn load(weights: &Weights, name: &str, width: usize) -> Result<Self, WeightError> {
        Ok(Self {
            gain: weights.tensor(&format!("{name}.weight"), &[width])?.values().to_vec(),
            bias: weights.tensor(&format!("{name}.bias"), &[width])?.values().to_vec(),
        })
    }
}
