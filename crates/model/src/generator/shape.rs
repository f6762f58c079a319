//! What a model of a GGUF file looks like: its architecture and its sizes.

use super::GeneratorError;
use super::file::Gguf;

/// More than any model has, so that no product of sizes overflows.
const MOST: usize = 1 << 24;

/// An architecture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Llama (Touvron et al. 2023), and what was built alike: SmolLM2, Mistral.
    Llama,
    /// Qwen2 (Yang et al. 2024): Llama with biases.
    Qwen2,
    /// Qwen3 (Yang et al. 2025): Llama whose queries and keys are normalised.
    Qwen3,
    /// Gemma 3 (Gemma Team 2025): most layers see only what is near; a norm behind each part as well.
    Gemma3,
}

impl Family {
    const ALL: [Self; 4] = [Self::Llama, Self::Qwen2, Self::Qwen3, Self::Gemma3];

    /// As GGUF files name it.
    fn name(self) -> &'static str {
        match self {
            Self::Llama => "llama",
            Self::Qwen2 => "qwen2",
            Self::Qwen3 => "qwen3",
            Self::Gemma3 => "gemma3",
        }
    }

    /// All of them, for messages.
    pub(super) fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

/// A model's sizes. All are at least 1.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub(super) family: Family,
    pub(super) layers: usize,
    /// Floats in a token's vector
    pub(super) width: usize,
    /// Heads that ask
    pub(super) heads: usize,
    /// Heads that are asked; they divide the others
    pub(super) key_heads: usize,
    /// Floats in a head
    pub(super) depth: usize,
    /// Floats between the two products of a layer's second part
    pub(super) inner: usize,
    pub(super) epsilon: f32,
    /// Tokens that fit
    pub(super) window: usize,
    /// Numbers of a head that turn with the position, from the first on; an even number
    pub(super) turning: usize,
    /// Base of the rotary positions
    pub(super) theta: f32,
    /// By how much positions are divided
    pub(super) stretch: f32,
    /// How many tokens a near-sighted layer sees, itself included
    pub(super) sight: Option<usize>,
}

impl Shape {
    pub(super) fn of(file: &Gguf) -> Result<Self, GeneratorError> {
        let family = family(file)?;
        let read = Read { file, family: family.name() };
        let (width, heads) = (read.size("embedding_length")?, read.size("attention.head_count")?);
        let depth = read.size_or("attention.key_length", (width / heads).max(1))?;
        let shape = Self {
            family,
            layers: read.size("block_count")?,
            width,
            heads,
            key_heads: read.size_or("attention.head_count_kv", heads)?,
            depth,
            inner: read.size("feed_forward_length")?,
            epsilon: read.number("attention.layer_norm_rms_epsilon")?.unwrap_or(1e-6),
            window: read.size("context_length")?,
            turning: read.size_or("rope.dimension_count", depth)?,
            theta: read.number("rope.freq_base")?.unwrap_or(10_000.0),
            stretch: read.stretch()?,
            sight: if family == Family::Gemma3 { Some(read.size("attention.sliding_window")?) } else { None },
        };
        read.check(&shape)?;
        Ok(shape)
    }

    /// Whether layer `i` sees only what is near: in Gemma 3 all but every sixth do.
    pub(super) fn is_near_sighted(&self, i: usize) -> bool {
        self.sight.is_some() && !(i + 1).is_multiple_of(6)
    }

    /// By how much scores are multiplied.
    pub(super) fn scale(&self) -> f32 {
        // the largest Gemma 3 has its own measure
        let by = match self.family {
            Family::Gemma3 if self.layers == 62 => self.width / self.heads,
            _ => self.depth,
        };
        1.0 / (by as f32).sqrt()
    }
}

fn family(file: &Gguf) -> Result<Family, GeneratorError> {
    const KEY: &str = "general.architecture";
    let found = file.text(KEY).ok_or_else(|| file.missing(KEY))?;
    let known = Family::ALL.into_iter().find(|family| family.name() == found);
    known.ok_or_else(|| GeneratorError::Architecture { path: file.path.clone(), found: found.to_owned() })
}

/// Reads the settings of one architecture.
struct Read<'a> {
    file: &'a Gguf,
    family: &'static str,
}

impl Read<'_> {
    fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.family)
    }

    fn size(&self, name: &str) -> Result<usize, GeneratorError> {
        let key = self.key(name);
        let found = self.file.whole(&key).ok_or_else(|| self.file.missing(&key))?;
        let size = usize::try_from(found).ok().filter(|size| (1..=MOST).contains(size));
        size.ok_or_else(|| self.file.senseless(&key, found, "from 1 to 16777216"))
    }

    fn size_or(&self, name: &str, default: usize) -> Result<usize, GeneratorError> {
        if self.file.whole(&self.key(name)).is_some() { self.size(name) } else { Ok(default) }
    }

    fn number(&self, name: &str) -> Result<Option<f32>, GeneratorError> {
        let key = self.key(name);
        let Some(found) = self.file.real(&key) else { return Ok(None) };
        match found.is_finite() && found > 0.0 {
            true => Ok(Some(found as f32)),
            false => Err(self.file.senseless(&key, found, "above 0")),
        }
    }

    fn stretch(&self) -> Result<f32, GeneratorError> {
        match self.file.text(&self.key("rope.scaling.type")) {
            None | Some("none") => Ok(1.0),
            Some("linear") => Ok(self.number("rope.scaling.factor")?.unwrap_or(1.0)),
            Some(other) => Err(self.file.unsupported(format!("rotary positions scaled in the way `{other}`"))),
        }
    }

    fn check(&self, shape: &Shape) -> Result<(), GeneratorError> {
        let wrong = |name: &str, found: usize, wanted| Err(self.file.senseless(&self.key(name), found, wanted));
        if !shape.heads.is_multiple_of(shape.key_heads) {
            return wrong("attention.head_count_kv", shape.key_heads, "a divisor of attention.head_count");
        }
        if self.size_or("attention.value_length", shape.depth)? != shape.depth {
            return wrong("attention.value_length", shape.depth, "equal to attention.key_length");
        }
        if !shape.turning.is_multiple_of(2) || shape.turning > shape.depth {
            return wrong("rope.dimension_count", shape.turning, "even, and no more than a head holds");
        }
        match self.file.whole(&self.key("expert_count")) {
            None | Some(0) => Ok(()),
            Some(experts) => Err(self.file.unsupported(format!("a mixture of {experts} experts"))),
        }
    }
}
