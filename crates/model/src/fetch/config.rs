//! Where models are kept and looked for: settings, and the environment variables behind them.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use etcetera::BaseStrategy as _;

use super::FetchError;
use crate::registry::{MODELS, ModelRow};

/// Environment variables that fetching reads.
pub mod variables {
    /// Folder for models and other things that can be fetched again.
    pub const QIAO_CACHE: &str = "QIAO_CACHE";
    /// `1` forbids every use of the network, pip's included.
    pub const QIAO_OFFLINE: &str = "QIAO_OFFLINE";
    /// Address of the Hub or of a mirror.
    pub const HF_ENDPOINT: &str = "HF_ENDPOINT";
    /// Home of Hugging Face's own tools; their cache is its folder `hub`.
    pub const HF_HOME: &str = "HF_HOME";
    /// The cache of Hugging Face's own tools, where it stands elsewhere.
    pub const HF_HUB_CACHE: &str = "HF_HUB_CACHE";
    /// `1` forbids asking the Hub; pip is still tried.
    pub const HF_HUB_OFFLINE: &str = "HF_HUB_OFFLINE";
    /// Access token for the Hub.
    pub const HF_TOKEN: &str = "HF_TOKEN";
    /// The user's cache folder, in which Hugging Face's tools keep theirs.
    pub const XDG_CACHE_HOME: &str = "XDG_CACHE_HOME";
    /// File of PEM certificates to trust in place of the built-in ones.
    pub const SSL_CERT_FILE: &str = "SSL_CERT_FILE";
}

const HUB: &str = "https://huggingface.co";

/// How models are looked for. [`FetchConfig::from_env`] reads the user's; tests make their own.
#[derive(Debug, Clone)]
pub struct FetchConfig {
    /// The rows in which names are looked up.
    pub models: &'static [ModelRow],
    /// Folder for everything that is fetched; models stand under `models/NAME`.
    pub cache_dir: PathBuf,
    /// Address of the Hub, without a slash at its end.
    pub hub_endpoint: String,
    /// Cache of Hugging Face's own tools (it holds folders `models--organisation--name`); read, never written.
    pub hub_cache: Option<PathBuf>,
    /// Access token for the Hub, sent to `hub_endpoint` alone.
    pub hub_token: Option<Token>,
    /// The Hub is not asked.
    pub hub_offline: bool,
    /// Nothing is asked over the network, through pip neither.
    pub offline: bool,
    /// PEM certificates to trust in place of the built-in ones.
    pub certificates: Option<PathBuf>,
    /// A source that has not begun to answer after this long is passed over.
    pub answer_within: Duration,
    /// A download that has not grown for this long is given up.
    pub stall: Duration,
    /// The installers to try, in order.
    pub pip: Vec<PipCommand>,
}

/// A secret that stays out of logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// One way to call a Python package installer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipCommand {
    /// The program.
    pub program: OsString,
    /// What stands before the subcommand.
    pub args: Vec<OsString>,
    /// Whose options it understands.
    pub flavour: Flavour,
}

/// Whose options an installer understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// `pip download`.
    Pip,
    /// `uv pip install --target`; uv has no `download`.
    Uv,
}

impl Token {
    /// Wraps `secret`.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    pub(super) fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl PipCommand {
    /// `program ARGS… download …`.
    pub fn pip(program: impl Into<OsString>, args: &[&str]) -> Self {
        Self { program: program.into(), args: args.iter().map(Into::into).collect(), flavour: Flavour::Pip }
    }

    /// `program pip install …`.
    pub fn uv(program: impl Into<OsString>) -> Self {
        Self { program: program.into(), args: vec!["pip".into()], flavour: Flavour::Uv }
    }

    /// Every installer a machine may have, most likely first.
    #[must_use]
    pub fn usual() -> Vec<Self> {
        let module = &["-m", "pip"];
        vec![
            Self::pip("python3", module),
            Self::pip("pip", &[]),
            Self::pip("pip3", &[]),
            Self::pip("python", module),
            Self::uv("uv"),
        ]
    }
}

impl fmt::Display for PipCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.program.display())?;
        self.args.iter().try_for_each(|arg| write!(f, " {}", arg.display()))
    }
}

impl FetchConfig {
    /// Settings that keep everything in `cache_dir`, and are otherwise those of a user without any environment.
    #[must_use]
    pub fn new(cache_dir: PathBuf) -> Self {
        Self {
            models: MODELS,
            cache_dir,
            hub_endpoint: HUB.to_owned(),
            hub_cache: None,
            hub_token: None,
            hub_offline: false,
            offline: false,
            certificates: None,
            answer_within: Duration::from_secs(5),
            stall: Duration::from_secs(30),
            pip: PipCommand::usual(),
        }
    }

    /// The user's settings: see [`variables`].
    ///
    /// # Errors
    /// When `QIAO_CACHE` is not set and the system names no home folder to put the cache in.
    pub fn from_env() -> Result<Self, FetchError> {
        let mut config = Self::new(cache_dir()?);
        if let Some(endpoint) = text(variables::HF_ENDPOINT) {
            config.hub_endpoint = endpoint.trim_end_matches('/').to_owned();
        }
        config.hub_cache = hub_cache();
        config.hub_token = text(variables::HF_TOKEN).map(Token::new);
        config.hub_offline = is_set(variables::HF_HUB_OFFLINE);
        config.offline = is_set(variables::QIAO_OFFLINE);
        config.certificates = folder(variables::SSL_CERT_FILE);
        Ok(config)
    }

    /// Folder for what is made from models' files so that the next start is quicker; it may be deleted at any time.
    #[must_use]
    pub fn derived_dir(&self) -> PathBuf {
        self.cache_dir.join("derived")
    }

    /// The row called `name`.
    pub(super) fn row(&self, name: &str) -> Option<&'static ModelRow> {
        self.models.iter().find(|row| row.name == name)
    }
}

fn cache_dir() -> Result<PathBuf, FetchError> {
    if let Some(chosen) = folder(variables::QIAO_CACHE) {
        return Ok(chosen);
    }
    let platform = etcetera::base_strategy::choose_native_strategy().map_err(|_| FetchError::NoHome)?;
    Ok(platform.cache_dir().join("qiao"))
}

/// Where Hugging Face's own tools look, in their order.
fn hub_cache() -> Option<PathBuf> {
    folder(variables::HF_HUB_CACHE)
        .or_else(|| Some(folder(variables::HF_HOME)?.join("hub")))
        .or_else(|| Some(folder(variables::XDG_CACHE_HOME)?.join("huggingface").join("hub")))
        .or_else(|| Some(etcetera::home_dir().ok()?.join(".cache").join("huggingface").join("hub")))
}

fn folder(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn text(variable: &str) -> Option<String> {
    env::var(variable).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

fn is_set(variable: &str) -> bool {
    text(variable).is_some_and(|value| ["1", "on", "yes", "true"].contains(&value.to_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_not_printed() {
        let config = FetchConfig { hub_token: Some(Token::new("hf_secret")), ..FetchConfig::new(PathBuf::new()) };
        assert!(!format!("{config:?}").contains("secret"));
    }

    #[test]
    fn a_command_reads_as_it_is_typed() {
        let all: Vec<String> = PipCommand::usual().iter().map(ToString::to_string).collect();
        assert_eq!(all, ["python3 -m pip", "pip", "pip3", "python -m pip", "uv pip"]);
    }
}
