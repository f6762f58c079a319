//! A model directory as sentence-transformers lays it out.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::identity::Prompts;

/// A directory that cannot serve as a model.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// A file is not there or not to be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file that is not the JSON it should be.
    #[error("{path} is not what sentence-transformers writes there")]
    Json {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// Something the directory asks for that is not built.
    #[error("{path} asks for {what}, which qiao does not compute")]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What it asks for.
        what: String,
    },
}

/// How token vectors become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// The average over all tokens, special ones counted.
    Mean,
    /// The first token.
    Cls,
}

impl Pooling {
    /// The name in sentence-transformers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Cls => "cls",
        }
    }
}

/// What the directory's files say.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) path: PathBuf,
    pub(crate) config: BertConfig,
    pub(crate) pooling: Pooling,
    pub(crate) normalize: bool,
    pub(crate) prompts: Prompts,
    pub(crate) max_tokens: usize,
    pub(crate) lowercase: bool,
}

/// The part of config.json that a BERT needs.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct BertConfig {
    pub(crate) model_type: String,
    pub(crate) hidden_size: usize,
    pub(crate) num_hidden_layers: usize,
    pub(crate) num_attention_heads: usize,
    pub(crate) intermediate_size: usize,
    pub(crate) vocab_size: usize,
    pub(crate) max_position_embeddings: usize,
    pub(crate) type_vocab_size: usize,
    pub(crate) layer_norm_eps: f32,
    pub(crate) hidden_act: String,
    #[serde(default)]
    pub(crate) position_embedding_type: Option<String>,
}

#[derive(Deserialize)]
struct Module {
    path: String,
    r#type: String,
}

#[derive(Deserialize, Default)]
struct SentenceConfig {
    max_seq_length: Option<usize>,
    #[serde(default)]
    do_lower_case: bool,
}

#[derive(Deserialize, Default)]
struct TokenizerConfig {
    // some write 1e30 here for "no limit"
    model_max_length: Option<f64>,
}

#[derive(Deserialize, Default)]
struct PromptConfig {
    #[serde(default)]
    prompts: std::collections::BTreeMap<String, Option<String>>,
}

#[derive(Deserialize)]
struct PoolingConfig {
    pooling_mode: Option<String>,
    #[serde(default)]
    pooling_mode_cls_token: bool,
    #[serde(default)]
    pooling_mode_mean_tokens: bool,
    #[serde(default)]
    pooling_mode_max_tokens: bool,
    #[serde(default)]
    pooling_mode_mean_sqrt_len_tokens: bool,
    #[serde(default)]
    pooling_mode_weightedmean_tokens: bool,
    #[serde(default)]
    pooling_mode_lasttoken: bool,
}

impl Directory {
    /// Reads the directory; `prompts` are those of the model's registry row, which the directory's own win over.
    pub(crate) fn read(path: &Path, prompts: Option<Prompts>) -> Result<Self, DirectoryError> {
        let config: BertConfig = json(&path.join("config.json"))?;
        check_architecture(path, &config)?;
        let (pooling, normalize) = modules(path)?;
        let sentence: SentenceConfig = optional(&path.join("sentence_bert_config.json"))?;
        let tokenizer: TokenizerConfig = optional(&path.join("tokenizer_config.json"))?;
        let limit = tokenizer.model_max_length.map_or(usize::MAX, |n| n as usize);
        let max_tokens = sentence.max_seq_length.unwrap_or(limit).min(config.max_position_embeddings);
        let prompts = own_prompts(path)?.or(prompts).unwrap_or_default();
        let lowercase = sentence.do_lower_case;
        Ok(Self { path: path.into(), config, pooling, normalize, prompts, max_tokens, lowercase })
    }
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<T, DirectoryError> {
    let text = std::fs::read(path).map_err(|source| DirectoryError::Read { path: path.into(), source })?;
    serde_json::from_slice(&text).map_err(|source| DirectoryError::Json { path: path.into(), source })
}

fn optional<T: DeserializeOwned + Default>(path: &Path) -> Result<T, DirectoryError> {
    if path.exists() { json(path) } else { Ok(T::default()) }
}

fn unsupported(path: &Path, what: impl Into<String>) -> DirectoryError {
    DirectoryError::Unsupported { path: path.into(), what: what.into() }
}

fn check_architecture(path: &Path, config: &BertConfig) -> Result<(), DirectoryError> {
    let file = path.join("config.json");
    if config.model_type != "bert" {
        return Err(unsupported(&file, format!("the architecture {}", config.model_type)));
    }
    if config.hidden_act != "gelu" {
        return Err(unsupported(&file, format!("the activation {}", config.hidden_act)));
    }
    if let Some(kind) = config.position_embedding_type.as_deref().filter(|k| *k != "absolute") {
        return Err(unsupported(&file, format!("{kind} position embeddings")));
    }
    if config.num_attention_heads == 0 || !config.hidden_size.is_multiple_of(config.num_attention_heads) {
        let (width, heads) = (config.hidden_size, config.num_attention_heads);
        return Err(unsupported(&file, format!("{heads} heads over a width of {width}")));
    }
    Ok(())
}

fn modules(path: &Path) -> Result<(Pooling, bool), DirectoryError> {
    let file = path.join("modules.json");
    let modules: Vec<Module> = json(&file)?;
    let (mut pooling, mut normalize) = (None, false);
    for (i, module) in modules.iter().enumerate() {
        match module.r#type.rsplit('.').next().unwrap_or_default() {
            "Transformer" if i == 0 => {}
            "Pooling" if pooling.is_none() => {
                pooling = Some(read_pooling(&path.join(&module.path).join("config.json"))?)
            }
            "Normalize" if pooling.is_some() => normalize = true,
            _ => return Err(unsupported(&file, format!("the module {} in place {i}", module.r#type))),
        }
    }
    let pooling = pooling.ok_or_else(|| unsupported(&file, "no pooling"))?;
    Ok((pooling, normalize))
}

fn read_pooling(path: &Path) -> Result<Pooling, DirectoryError> {
    let config: PoolingConfig = json(path)?;
    let named = config.pooling_mode.as_deref();
    let flags = [
        ("cls", config.pooling_mode_cls_token),
        ("mean", config.pooling_mode_mean_tokens),
        ("max", config.pooling_mode_max_tokens),
        ("mean_sqrt_len", config.pooling_mode_mean_sqrt_len_tokens),
        ("weightedmean", config.pooling_mode_weightedmean_tokens),
        ("lasttoken", config.pooling_mode_lasttoken),
    ];
    let chosen: Vec<&str> = match named {
        Some(name) => vec![name],
        None => flags.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect(),
    };
    match chosen[..] {
        ["mean"] => Ok(Pooling::Mean),
        ["cls"] => Ok(Pooling::Cls),
        _ => Err(unsupported(path, format!("the pooling {}", chosen.join("+")))),
    }
}

fn own_prompts(path: &Path) -> Result<Option<Prompts>, DirectoryError> {
    let config: PromptConfig = optional(&path.join("config_sentence_transformers.json"))?;
    let named = |names: &[&str]| names.iter().find_map(|n| config.prompts.get(*n).cloned().flatten());
    let (query, passage) = (named(&["query"]), named(&["passage", "document"]));
    let prompts = Prompts { query: query.unwrap_or_default(), passage: passage.unwrap_or_default() };
    Ok((prompts != Prompts::default()).then_some(prompts))
}
