//! Small GGUF files with arbitrary weights.

use std::io::Write as _;

use crate::generator::{Generator, GeneratorError};

/// A small model to be written to a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Made {
    pub(super) family: &'static str,
    pub(super) words: &'static str,
    pub(super) heads: u32,
    pub(super) merges: &'static [&'static str],
    pub(super) template: Option<&'static str>,
}

/// A Llama of seven layers, whose tokens are bytes.
pub(super) const PLAIN: Made = Made {
    family: "llama",
    words: "gpt-2",
    heads: 2,
    merges: &[],
    template: Some("{% for m in messages %}<|turn|>{{ m.content }}{% endfor %}<|turn|>"),
};

const WIDTH: usize = 32;
const DEPTH: usize = 16;
const INNER: usize = 32;
const LAYERS: usize = 7;
const WINDOW: u32 = 64;

/// Writes a file.
#[derive(Default)]
struct Out {
    entries: u64,
    head: Vec<u8>,
    tensors: u64,
    places: Vec<u8>,
    data: Vec<u8>,
}

fn text(into: &mut Vec<u8>, text: &str) {
    into.extend((text.len() as u64).to_le_bytes());
    into.extend(text.bytes());
}

impl Out {
    fn entry(&mut self, key: &str, kind: u32, value: &[u8]) {
        self.entries += 1;
        text(&mut self.head, key);
        self.head.extend(kind.to_le_bytes());
        self.head.extend(value);
    }

    fn whole(&mut self, key: &str, value: u32) {
        self.entry(key, 4, &value.to_le_bytes());
    }

    fn text(&mut self, key: &str, value: &str) {
        let mut bytes = Vec::new();
        text(&mut bytes, value);
        self.entry(key, 8, &bytes);
    }

    fn texts(&mut self, key: &str, values: &[String]) {
        let mut bytes = 8u32.to_le_bytes().to_vec();
        bytes.extend((values.len() as u64).to_le_bytes());
        values.iter().for_each(|value| text(&mut bytes, value));
        self.entry(key, 9, &bytes);
    }

    fn numbers(&mut self, key: &str, values: &[u32]) {
        let mut bytes = 4u32.to_le_bytes().to_vec();
        bytes.extend((values.len() as u64).to_le_bytes());
        values.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
        self.entry(key, 9, &bytes);
    }

    fn tensor(&mut self, name: &str, dimensions: &[usize]) {
        self.tensors += 1;
        text(&mut self.places, name);
        self.places.extend((dimensions.len() as u32).to_le_bytes());
        dimensions.iter().for_each(|n| self.places.extend((*n as u64).to_le_bytes()));
        self.places.extend(0u32.to_le_bytes());
        self.places.extend((self.data.len() as u64).to_le_bytes());
        let seed = self.tensors as f32;
        let count: usize = dimensions.iter().product();
        let number = |i: usize| ((i as f32 * 0.7 + seed) * 1.3).sin() * 0.4 + f32::from(dimensions.len() == 1);
        self.data.extend((0..count).flat_map(|i| number(i).to_le_bytes()));
    }

    fn bytes(mut self) -> Vec<u8> {
        let mut file = b"GGUF".to_vec();
        file.extend(3u32.to_le_bytes());
        file.extend(self.tensors.to_le_bytes());
        file.extend(self.entries.to_le_bytes());
        file.append(&mut self.head);
        file.append(&mut self.places);
        file.resize(file.len().next_multiple_of(32), 0);
        file.append(&mut self.data);
        file
    }
}

impl Made {
    pub(super) fn bytes(self) -> Vec<u8> {
        let mut out = Out::default();
        self.settings(&mut out);
        self.tokens(&mut out);
        self.weights(&mut out);
        out.bytes()
    }

    pub(super) fn load(self) -> Result<Generator, GeneratorError> {
        load(&self.bytes())
    }

    fn settings(self, out: &mut Out) {
        out.text("general.architecture", self.family);
        let sizes = [
            ("embedding_length", WIDTH as u32),
            ("block_count", LAYERS as u32),
            ("feed_forward_length", INNER as u32),
            ("attention.head_count", self.heads),
            ("attention.head_count_kv", if self.heads == 3 { 2 } else { 1 }),
            ("attention.key_length", DEPTH as u32),
            ("attention.value_length", DEPTH as u32),
            ("attention.sliding_window", 5),
            ("context_length", WINDOW),
        ];
        for (name, size) in sizes {
            out.whole(&format!("{}.{name}", self.family), size);
        }
    }

    /// The bytes, and a control token.
    fn tokens(self, out: &mut Out) {
        let seen = |byte: &u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
        let hidden = (0..=255u8).filter(|byte| !seen(byte)).count() as u32;
        let shown = (0..=255u8).filter(seen).map(char::from);
        let all = shown.chain((0..hidden).filter_map(|i| char::from_u32(0x100 + i)));
        let mut tokens: Vec<String> = all.map(String::from).collect();
        tokens.push("<|turn|>".to_owned());
        let kinds: Vec<u32> = tokens.iter().map(|token| if token.len() > 2 { 3 } else { 1 }).collect();
        out.text("tokenizer.ggml.model", "gpt2");
        out.text("tokenizer.ggml.pre", self.words);
        out.texts("tokenizer.ggml.tokens", &tokens);
        let merges: Vec<String> = self.merges.iter().map(ToString::to_string).collect();
        out.texts("tokenizer.ggml.merges", &merges);
        out.numbers("tokenizer.ggml.token_type", &kinds);
        if let Some(template) = self.template {
            out.text("tokenizer.chat_template", template);
        }
    }

    fn weights(self, out: &mut Out) {
        let heads = self.heads as usize * DEPTH;
        out.tensor("token_embd.weight", &[WIDTH, 257]);
        out.tensor("output_norm.weight", &[WIDTH]);
        for i in 0..LAYERS {
            let mut tensor = |name: &str, dimensions: &[usize]| out.tensor(&format!("blk.{i}.{name}"), dimensions);
            tensor("attn_norm.weight", &[WIDTH]);
            tensor("ffn_norm.weight", &[WIDTH]);
            tensor("attn_q.weight", &[WIDTH, heads]);
            tensor("attn_k.weight", &[WIDTH, DEPTH]);
            tensor("attn_v.weight", &[WIDTH, DEPTH]);
            tensor("attn_output.weight", &[heads, WIDTH]);
            tensor("ffn_gate.weight", &[WIDTH, INNER]);
            tensor("ffn_up.weight", &[WIDTH, INNER]);
            tensor("ffn_down.weight", &[INNER, WIDTH]);
            match self.family {
                "qwen2" => tensor("attn_q.bias", &[heads]),
                "qwen3" | "gemma3" => ["attn_q_norm.weight", "attn_k_norm.weight"]
                    .map(|name| tensor(name, &[DEPTH]))
                    .into_iter()
                    .collect(),
                _ => {}
            }
            if self.family == "gemma3" {
                tensor("post_attention_norm.weight", &[WIDTH]);
                tensor("post_ffw_norm.weight", &[WIDTH]);
            }
        }
    }
}

/// Loads a file of these bytes.
pub(super) fn load(bytes: &[u8]) -> Result<Generator, GeneratorError> {
    let mut file = tempfile::Builder::new().suffix(".gguf").tempfile().unwrap();
    file.write_all(bytes).unwrap();
    Generator::load(file.path())
}
