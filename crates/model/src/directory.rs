//! A model directory as sentence-transformers lays it out.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::arch;
use crate::config::Config;
use crate::identity::Prompts;
use crate::pooling::{Mode, Pooling};
use crate::tokenizer::{TokenizerConfig, TokenizerSettings};
use crate::weights::WeightError;

/// Tokens that model2vec takes where its configuration names no limit.
const MODEL2VEC_TOKENS: usize = 512;

/// The modules of a directory.
pub(crate) const MODULES: &str = "modules.json";
/// What sentence-transformers says of the whole.
pub(crate) const MODEL_CONFIG: &str = "config_sentence_transformers.json";

const CHAT_TEMPLATE: &str = "a chat template around each text";

/// Names that sentence-transformers has given to the first module's own configuration.
const SENTENCE_CONFIGS: [&str; 7] = [
    "sentence_bert_config.json",
    "sentence_roberta_config.json",
    "sentence_distilbert_config.json",
    "sentence_camembert_config.json",
    "sentence_albert_config.json",
    "sentence_xlm-roberta_config.json",
    "sentence_xlnet_config.json",
];

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
    /// A setting that the architecture needs is not there.
    #[error("{path} has no {name}")]
    NoSetting {
        /// The file.
        path: PathBuf,
        /// The setting.
        name: String,
    },
    /// A setting that makes no sense.
    #[error("{path} gives {found} for {name}, which should be {wanted}")]
    Setting {
        /// The file.
        path: PathBuf,
        /// The setting.
        name: String,
        /// What stands there.
        found: String,
        /// What should.
        wanted: &'static str,
    },
    /// Modules that leave nothing of a vector.
    #[error("{path} gives vectors of no number: truncate_dim or out_features is 0")]
    NoNumbers {
        /// The directory.
        path: PathBuf,
    },
    /// Something the directory asks for that is not built.
    #[error(
        "{path} asks for {what}, which qiao does not compute; docs/models.md says what it does, `qiao model list` what it has"
    )]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What it asks for.
        what: String,
    },
    /// The weights.
    #[error(transparent)]
    Weights(#[from] WeightError),
}

/// What a person should know of a model before trusting its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// There is no modules.json, so nothing says how the model was trained to be pooled.
    NoModules {
        /// The pooling that is used instead, as sentence-transformers does.
        pooling: String,
    },
    /// Trained to be compared in another way than by cosine.
    Similarity {
        /// `dot`, `euclidean` or `manhattan`.
        name: String,
    },
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoModules { pooling } => write!(
                f,
                "the model has no modules.json: using {pooling} pooling, as sentence-transformers does; if it was trained \
                 otherwise, its vectors mean little"
            ),
            Self::Similarity { name } => {
                write!(f, "the model was trained to be compared by {name}; qiao compares by cosine")
            }
        }
    }
}

/// What the directory's files say.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) path: PathBuf,
    /// The first module's folder: weights and tokenizer.
    pub(crate) folder: PathBuf,
    pub(crate) kind: Kind,
    pub(crate) pooling: Pooling,
    /// What follows pooling.
    pub(crate) head: Vec<Module>,
    pub(crate) prompts: Prompts,
    pub(crate) limit: Limit,
    pub(crate) lowercase: bool,
    /// What the tokenizer's own configuration says otherwise than tokenizer.json.
    pub(crate) tokenizer: TokenizerSettings,
    pub(crate) notes: Vec<Note>,
}

/// What the files of a transformer's folder say.
#[derive(Debug)]
pub(crate) struct TransformerFolder {
    pub(crate) path: PathBuf,
    pub(crate) config: Config,
    /// Tokens at once at most, special ones counted.
    pub(crate) limit: usize,
    pub(crate) lowercase: bool,
    /// What the tokenizer's own configuration says otherwise than tokenizer.json.
    pub(crate) tokenizer: TokenizerSettings,
}

/// What the first module is.
#[derive(Debug)]
pub(crate) enum Kind {
    Transformer(Config),
    /// A static table, read as model2vec or as sentence-transformers reads it.
    Table {
        model2vec: bool,
    },
}

/// Tokens that a text may have, special ones counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    Tokens(usize),
    None,
    /// What tokenizer.json itself cuts at, if anything.
    OfTokenizer,
}

/// A module that follows pooling.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Module {
    Dense {
        folder: PathBuf,
        settings: Dense,
    },
    LayerNorm {
        folder: PathBuf,
        dimension: usize,
    },
    Normalize,
    /// The first numbers of a vector (`truncate_dim`).
    Cut(usize),
}

impl Module {
    /// The module in the words of an [`EncoderId`](crate::EncoderId).
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Dense { settings, .. } => {
                let bent = settings.activation_function.rsplit('.').next().unwrap_or_default();
                let residual = if settings.use_residual { " + input" } else { "" };
                let bias = if settings.bias { "" } else { ", no bias" };
                format!("Dense {} to {}, {bent}{residual}{bias}", settings.in_features, settings.out_features)
            }
            Self::LayerNorm { .. } => "LayerNorm".into(),
            Self::Normalize => "Normalize".into(),
            Self::Cut(dimension) => format!("first {dimension}"),
        }
    }
}

/// The configuration of a Dense module.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Dense {
    pub(crate) in_features: usize,
    pub(crate) out_features: usize,
    #[serde(default = "yes")]
    pub(crate) bias: bool,
    #[serde(default = "hyperbolic_tangent")]
    pub(crate) activation_function: String,
    #[serde(default)]
    pub(crate) use_residual: bool,
    module_input_name: Option<String>,
    module_output_name: Option<String>,
}

fn yes() -> bool {
    true
}

fn hyperbolic_tangent() -> String {
    "torch.nn.modules.activation.Tanh".into()
}

#[derive(Deserialize)]
struct LayerNorm {
    dimension: usize,
}

#[derive(Deserialize, Default)]
struct Normalize {
    module_input_name: Option<String>,
}

/// A line of modules.json.
#[derive(Deserialize)]
pub(crate) struct ModuleRow {
    /// The module's folder
    pub(crate) path: String,
    /// Its class, as Python imports it
    pub(crate) r#type: String,
}

impl ModuleRow {
    /// The name of its class alone.
    pub(crate) fn kind(&self) -> &str {
        self.r#type.rsplit('.').next().unwrap_or_default()
    }
}

/// What sentence-transformers says of a transformer.
#[derive(Deserialize, Default)]
pub(crate) struct SentenceConfig {
    /// What the transformer is loaded for; to embed, where it is not said
    pub(crate) transformer_task: Option<String>,
    max_seq_length: Option<usize>,
    #[serde(default)]
    do_lower_case: bool,
    // what is given to the tokenizer besides tokenizer_config.json; of both names the older wins
    tokenizer_args: Option<Settings>,
    processor_kwargs: Option<Settings>,
    // how each kind of input is given to the model
    modality_config: Option<BTreeMap<String, Modality>>,
    // limits that differ from call to call
    query_length: Option<usize>,
    document_length: Option<usize>,
    #[serde(default)]
    processing_kwargs: Option<BTreeMap<String, serde_json::Value>>,
}

#[derive(Deserialize)]
struct Modality {
    method: String,
}

type Settings = serde_json::Map<String, serde_json::Value>;

impl SentenceConfig {
    pub(crate) fn of(folder: &Path) -> Result<Self, DirectoryError> {
        let Some(file) = SENTENCE_CONFIGS.iter().map(|name| folder.join(name)).find(|file| file.exists()) else {
            return Ok(Self::default());
        };
        let config: Self = json(&file)?;
        if let Some(inputs) = &config.modality_config {
            if inputs.contains_key("message") {
                return Err(unsupported(&file, CHAT_TEMPLATE));
            }
            if let Some(text) = inputs.get("text").filter(|text| text.method != "forward") {
                return Err(unsupported(&file, format!("{} of the model in place of forward", text.method)));
            }
        }
        let called = config.processing_kwargs.as_ref().is_some_and(|settings| !settings.is_empty());
        match config.query_length.is_some() || config.document_length.is_some() || called {
            true => Err(unsupported(&file, "limits of its own for each call (query_length, processing_kwargs)")),
            false => Ok(config),
        }
    }

    /// What tokenizer_config.json of `folder` says, and what is said here beside it.
    fn tokenizer(&self, folder: &Path) -> Result<TokenizerConfig, DirectoryError> {
        let path = folder.join("tokenizer_config.json");
        let mut settings: Settings = optional(&path)?;
        settings.extend(self.tokenizer_args.as_ref().or(self.processor_kwargs.as_ref()).cloned().unwrap_or_default());
        serde_json::from_value(settings.into()).map_err(|source| DirectoryError::Json { path, source })
    }

    /// The tokens that it sets as a limit, which holds whatever the model has positions for.
    fn limit(&self) -> Option<usize> {
        let given = self.tokenizer_args.as_ref().or(self.processor_kwargs.as_ref());
        let given = given.and_then(|settings| settings.get("model_max_length")?.as_u64());
        given.and_then(|tokens| usize::try_from(tokens).ok()).or(self.max_seq_length)
    }
}

/// config_sentence_transformers.json.
#[derive(Deserialize, Default)]
pub(crate) struct ModelConfig {
    #[serde(default)]
    pub(crate) prompts: BTreeMap<String, Option<String>>,
    pub(crate) default_prompt_name: Option<String>,
    similarity_fn_name: Option<String>,
    pub(crate) model_type: Option<String>,
    truncate_dim: Option<usize>,
    /// What bends the scores of a cross-encoder
    pub(crate) activation_fn: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Modes {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
struct PoolingConfig {
    pooling_mode: Option<Modes>,
    #[serde(default)]
    pooling_mode_cls_token: bool,
    #[serde(default)]
    pooling_mode_max_tokens: bool,
    #[serde(default)]
    pooling_mode_mean_tokens: bool,
    #[serde(default)]
    pooling_mode_mean_sqrt_len_tokens: bool,
    #[serde(default)]
    pooling_mode_weightedmean_tokens: bool,
    #[serde(default)]
    pooling_mode_lasttoken: bool,
    #[serde(default = "yes")]
    include_prompt: bool,
}

impl Directory {
    /// Reads the directory; `prompts` are those of the model's registry row, which the directory's own win over.
    pub(crate) fn read(path: &Path, prompts: Option<Prompts>) -> Result<Self, DirectoryError> {
        let modules = path.join(MODULES).exists();
        let file = path.join(MODEL_CONFIG);
        // sentence-transformers reads it only beside modules
        let settings: ModelConfig = if modules { optional(&file)? } else { ModelConfig::default() };
        if let Some(kind) = settings.model_type.as_deref().filter(|kind| *kind != "SentenceTransformer") {
            return Err(unsupported(&file, format!("a {kind}, which does not give one vector a text")));
        }
        let mut found = if modules { Self::of_modules(path)? } else { Self::bare(path)? };
        if let Some(dimension) = settings.truncate_dim {
            found.head.push(Module::Cut(dimension));
        }
        found.prompts = own_prompts(&settings).or(prompts).unwrap_or_default();
        let unit = found.head.contains(&Module::Normalize);
        let similarity = settings.similarity_fn_name.filter(|name| name != "cosine" && !(name == "dot" && unit));
        found.notes.extend(similarity.map(|name| Note::Similarity { name }));
        Ok(found)
    }

    /// As modules.json says.
    fn of_modules(path: &Path) -> Result<Self, DirectoryError> {
        let file = path.join(MODULES);
        let rows = module_rows(path)?;
        let mut modules = rows.iter().map(|row| (row.kind(), path.join(&row.path), row)).enumerate();
        let mut found = match modules.next() {
            Some((_, ("Transformer", folder, _))) => {
                let settings = SentenceConfig::of(&folder)?;
                Self::transformer(path, folder, settings)?
            }
            Some((_, ("StaticEmbedding", folder, _))) => Self::table(path, folder, Limit::OfTokenizer, false),
            Some((_, (_, _, row))) => return Err(unsupported(&file, format!("the module {} first", row.r#type))),
            None => return Err(unsupported(&file, "no module")),
        };
        let mut pooled = matches!(found.kind, Kind::Table { .. });
        for (i, (kind, folder, row)) in modules {
            let config = folder.join("config.json");
            match kind {
                "Pooling" if !pooled => {
                    found.pooling = read_pooling(&config)?;
                    pooled = true;
                }
                // it drops nothing once training is over
                "Dropout" => {}
                "Dense" if pooled => {
                    let settings = read_dense(&config)?;
                    found.head.push(Module::Dense { folder, settings });
                }
                "LayerNorm" if pooled => {
                    let dimension = json::<LayerNorm>(&config)?.dimension;
                    found.head.push(Module::LayerNorm { folder, dimension });
                }
                "Normalize" if pooled => {
                    refuse_tokens(&config, optional::<Normalize>(&config)?.module_input_name.as_deref())?;
                    found.head.push(Module::Normalize);
                }
                _ => return Err(unsupported(&file, format!("the module {} in place {i}", row.r#type))),
            }
        }
        match pooled {
            true => Ok(found),
            false => Err(unsupported(&file, "no pooling")),
        }
    }

    /// Without modules.json: a model2vec table, or a transformer that says nothing of pooling.
    fn bare(path: &Path) -> Result<Self, DirectoryError> {
        let config = Config::read(&path.join("config.json"))?;
        if config.word_or(&["model_type"], "")? == "model2vec" {
            let limit = match config.is_null("max_length") {
                true => Limit::None,
                false => Limit::Tokens(config.size_or(&["max_length"], MODEL2VEC_TOKENS)?),
            };
            let mut found = Self::table(path, path.into(), limit, true);
            if config.flag_or(&["normalize"], false)? {
                found.head.push(Module::Normalize);
            }
            return Ok(found);
        }
        let first = config.words("architectures").and_then(|names| names.first().copied());
        let decoder = first.is_some_and(|name| name.ends_with("ForCausalLM"));
        let mut found = Self::transformer(path, path.into(), SentenceConfig::default())?;
        refuse_chat(path)?;
        if decoder && config.flag_or(&["is_causal"], true)? {
            found.pooling = Pooling::one(Mode::Last);
        }
        found.notes.push(Note::NoModules { pooling: found.pooling.to_string() });
        Ok(found)
    }

    fn transformer(path: &Path, folder: PathBuf, sentence: SentenceConfig) -> Result<Self, DirectoryError> {
        let TransformerFolder { path: folder, config, limit, lowercase, tokenizer } =
            TransformerFolder::read(folder, sentence)?;
        Ok(Self {
            path: path.into(),
            folder,
            kind: Kind::Transformer(config),
            pooling: Pooling::one(Mode::Mean),
            head: Vec::new(),
            prompts: Prompts::default(),
            limit: Limit::Tokens(limit),
            lowercase,
            tokenizer,
            notes: Vec::new(),
        })
    }

    fn table(path: &Path, folder: PathBuf, limit: Limit, model2vec: bool) -> Self {
        Self {
            path: path.into(),
            folder,
            kind: Kind::Table { model2vec },
            pooling: Pooling::one(Mode::Mean),
            head: Vec::new(),
            prompts: Prompts::default(),
            limit,
            lowercase: false,
            tokenizer: TokenizerSettings::default(),
            notes: Vec::new(),
        }
    }
}

impl TransformerFolder {
    /// Reads the files of `path`, with what sentence-transformers says beside them.
    pub(crate) fn read(path: PathBuf, sentence: SentenceConfig) -> Result<Self, DirectoryError> {
        let config = Config::read(&path.join("config.json"))?;
        let settings = sentence.tokenizer(&path)?;
        let tokenizer = TokenizerSettings::of(&settings, config.word_or(&["model_type"], "")?);
        let positions = arch::positions(&config)?;
        let own = settings.model_max_length.map_or(usize::MAX, |n| n as usize);
        let limit = sentence.limit().unwrap_or(own.min(positions));
        Ok(Self { path, config, limit, lowercase: sentence.do_lower_case, tokenizer })
    }
}

/// The modules of modules.json: all of sentence-transformers' own, and inside the directory.
pub(crate) fn module_rows(path: &Path) -> Result<Vec<ModuleRow>, DirectoryError> {
    let file = path.join(MODULES);
    let rows: Vec<ModuleRow> = json(&file)?;
    for row in &rows {
        let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if !Path::new(&row.path).components().all(inside) {
            return Err(unsupported(&file, format!("a module at {}, outside the directory", row.path)));
        }
        if !row.r#type.starts_with("sentence_transformers.") {
            return Err(unsupported(&file, format!("{}, a module of somebody's own", row.r#type)));
        }
    }
    Ok(rows)
}

/// Refuses a folder whose tokenizer puts texts into a template of a conversation.
pub(crate) fn refuse_chat(path: &Path) -> Result<(), DirectoryError> {
    let file = path.join("tokenizer_config.json");
    match path.join("chat_template.jinja").exists() || optional::<TokenizerConfig>(&file)?.chat_template.is_some() {
        true => Err(unsupported(&file, CHAT_TEMPLATE)),
        false => Ok(()),
    }
}

pub(crate) fn json<T: DeserializeOwned>(path: &Path) -> Result<T, DirectoryError> {
    let text = std::fs::read(path).map_err(|source| DirectoryError::Read { path: path.into(), source })?;
    serde_json::from_slice(&text).map_err(|source| DirectoryError::Json { path: path.into(), source })
}

fn optional<T: DeserializeOwned + Default>(path: &Path) -> Result<T, DirectoryError> {
    if path.exists() { json(path) } else { Ok(T::default()) }
}

pub(crate) fn unsupported(path: &Path, what: impl Into<String>) -> DirectoryError {
    DirectoryError::Unsupported { path: path.into(), what: what.into() }
}

fn read_pooling(path: &Path) -> Result<Pooling, DirectoryError> {
    let config: PoolingConfig = json(path)?;
    // the order in which sentence-transformers joins several
    let flags = [
        ("cls", config.pooling_mode_cls_token),
        ("max", config.pooling_mode_max_tokens),
        ("mean", config.pooling_mode_mean_tokens),
        ("mean_sqrt_len_tokens", config.pooling_mode_mean_sqrt_len_tokens),
        ("weightedmean", config.pooling_mode_weightedmean_tokens),
        ("lasttoken", config.pooling_mode_lasttoken),
    ];
    let names: Vec<String> = match config.pooling_mode {
        Some(Modes::One(name)) => vec![name],
        Some(Modes::Several(names)) => names,
        None => flags.iter().filter(|(_, on)| *on).map(|(name, _)| (*name).to_owned()).collect(),
    };
    let mode = |name: &String| Mode::named(name).ok_or_else(|| unsupported(path, format!("the pooling {name}")));
    let modes: Vec<Mode> = names.iter().map(mode).collect::<Result<_, _>>()?;
    let modes = if modes.is_empty() { vec![Mode::Mean] } else { modes };
    Ok(Pooling { modes, include_prompt: config.include_prompt })
}

fn read_dense(path: &Path) -> Result<Dense, DirectoryError> {
    let mut dense: Dense = json(path)?;
    if !dense.activation_function.starts_with("torch.") {
        // what sentence-transformers takes for one that it does not trust
        dense.activation_function = hyperbolic_tangent();
    }
    refuse_tokens(path, dense.module_input_name.as_deref())?;
    refuse_tokens(path, dense.module_output_name.as_deref())?;
    Ok(dense)
}

/// Modules after pooling may also be given the token vectors; that is for models of many vectors a text.
fn refuse_tokens(path: &Path, name: Option<&str>) -> Result<(), DirectoryError> {
    match name {
        None | Some("sentence_embedding") => Ok(()),
        Some(other) => Err(unsupported(path, format!("a module over {other}"))),
    }
}

/// The prompts of the two roles, or `None` where the directory has none at all. A directory that names a default prompt and
/// has none for either role puts it before every text, as `encode` of sentence-transformers does.
fn own_prompts(settings: &ModelConfig) -> Option<Prompts> {
    let of = |names: &[&str]| names.iter().find_map(|name| settings.prompts.get(*name)?.clone()).unwrap_or_default();
    // the names that encode_query and encode_document are documented to take
    let mut prompts = Prompts { query: of(&["query"]), passage: of(&["document", "passage", "corpus"]) };
    if prompts == Prompts::default()
        && let Some(name) = settings.default_prompt_name.as_deref()
    {
        prompts = Prompts { query: of(&[name]), passage: of(&[name]) };
    }
    (prompts != Prompts::default()).then_some(prompts)
}
