//! A cross-encoder's directory: as sentence-transformers 6 lays it out, in modules, or as earlier versions and the Hub do.

use std::path::Path;

use crate::arch::Activation;
use crate::config::Config;
use crate::directory::{
    DirectoryError, MODEL_CONFIG, MODULES, ModelConfig, SentenceConfig, TransformerFolder, json, module_rows,
    refuse_chat, unsupported,
};

/// What sentence-transformers calls this kind of model.
const KIND: &str = "CrossEncoder";
/// The task of a transformer with a head.
const TASK: &str = "sequence-classification";
/// What bends the score of one label where nothing is said.
const DEFAULT_ACTIVATION: &str = "torch.nn.modules.activation.Sigmoid";

/// What the directory's files say.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) transformer: TransformerFolder,
    /// Put before every query.
    pub(super) prompt: String,
    /// What bends the scores.
    pub(super) activation: Activation,
    /// Its name in torch.
    pub(super) activation_name: String,
}

impl Files {
    pub(super) fn read(path: &Path) -> Result<Self, DirectoryError> {
        let (transformer, settings) = match own_settings(path)? {
            Some(settings) => (of_modules(path)?, settings),
            None => (bare(path)?, ModelConfig::default()),
        };
        let config = &transformer.config;
        match labels(config)? {
            1 => {}
            labels => return Err(config.unsupported(format!("{labels} labels for a pair, not one score"))),
        }
        let activation_name = activation(config, settings.activation_fn.as_deref())?;
        let activation = Activation::of_torch(&activation_name);
        let activation = activation.ok_or_else(|| config.unsupported(format!("the activation {activation_name}")))?;
        Ok(Self { prompt: prompt(path, &settings)?, activation, activation_name, transformer })
    }
}

/// What is said of the whole, where it was saved as a cross-encoder of modules. Else sentence-transformers goes by
/// config.json alone.
fn own_settings(path: &Path) -> Result<Option<ModelConfig>, DirectoryError> {
    let file = path.join(MODEL_CONFIG);
    if !path.join(MODULES).exists() || !file.exists() {
        return Ok(None);
    }
    let settings: ModelConfig = json(&file)?;
    Ok(Some(settings).filter(|settings| settings.model_type.as_deref() == Some(KIND)))
}

/// The one module, a transformer with its head.
fn of_modules(path: &Path) -> Result<TransformerFolder, DirectoryError> {
    let rows = module_rows(path)?;
    let folder = match rows.as_slice() {
        [only] if only.kind() == "Transformer" => path.join(&only.path),
        rows => {
            let kinds = rows.iter().map(|row| row.kind()).collect::<Vec<_>>().join(", ");
            return Err(unsupported(&path.join(MODULES), format!("a cross-encoder of the modules [{kinds}]")));
        }
    };
    let sentence = SentenceConfig::of(&folder)?;
    match sentence.transformer_task.as_deref() {
        Some(TASK) => TransformerFolder::read(folder, sentence),
        task => {
            let task = task.unwrap_or("feature-extraction");
            Err(unsupported(&folder.join("sentence_bert_config.json"), format!("scores of pairs by {task}")))
        }
    }
}

fn bare(path: &Path) -> Result<TransformerFolder, DirectoryError> {
    let transformer = TransformerFolder::read(path.into(), SentenceConfig::default())?;
    let names = transformer.config.words("architectures").unwrap_or_default();
    if let Some(name) = names.first().filter(|name| name.ends_with("ForCausalLM")) {
        return Err(transformer.config.unsupported(format!("scores of pairs by the next word of {name}")));
    }
    refuse_chat(path)?;
    Ok(transformer)
}

/// As transformers counts them: two where nothing is said. sentence-transformers gives a model without a head one of one.
fn labels(config: &Config) -> Result<usize, DirectoryError> {
    let names = config.words("architectures").unwrap_or_default();
    let headed = names.iter().any(|name| name.ends_with("ForSequenceClassification"));
    match config.entries("id2label") {
        _ if !headed => Ok(1),
        Some(labels) => Ok(labels),
        None => config.count_or(&["num_labels"], 2),
    }
}

/// The name of what bends the scores: `own`, that of the whole, wins over config.json; sentence-transformers takes no class but
/// torch's.
fn activation(config: &Config, own: Option<&str>) -> Result<String, DirectoryError> {
    let section = config.section(&["sentence_transformers"]);
    let saved = section.as_ref().map_or(Ok(""), |section| section.word_or(&["activation_fn"], ""))?;
    let old = config.word_or(&["sbert_ce_default_activation_function"], "")?;
    let written = if saved.is_empty() { old } else { saved };
    let known = own.into_iter().chain([written]).find(|name| name.starts_with("torch."));
    Ok(known.unwrap_or(DEFAULT_ACTIVATION).to_owned())
}

/// The default prompt, which `predict` puts before the first text of each pair.
fn prompt(path: &Path, settings: &ModelConfig) -> Result<String, DirectoryError> {
    let Some(name) = settings.default_prompt_name.as_deref() else { return Ok(String::new()) };
    match settings.prompts.get(name) {
        Some(prompt) => Ok(prompt.clone().unwrap_or_default()),
        None => Err(DirectoryError::NoSetting { path: path.join(MODEL_CONFIG), name: format!("prompt called {name}") }),
    }
}
