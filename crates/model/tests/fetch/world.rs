//! A cache of the test's own and small models to fetch into it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use qiao_model::fetch::{self, Fallback, FetchConfig, FetchError, ModelDir, Progress, SourceError};
use qiao_model::registry::{self, Encoding, FileRow, ModelRow, Prompts, Purpose, Source};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

pub(crate) const CONFIG: (&str, &[u8]) = ("config.json", br#"{"hidden_size": 2}"#);
/// Long enough that it is not read at one go.
pub(crate) const WEIGHTS: (&str, &[u8]) = ("sub/model.safetensors", &[7; 300_000]);
pub(crate) const FILES: &[(&str, &[u8])] = &[CONFIG, WEIGHTS];
pub(crate) const REPO: &str = "org/small";
pub(crate) const HUB: Source = Source::Hub { repo: REPO };

/// A cache and the settings that use it.
pub(crate) struct World {
    pub(crate) config: FetchConfig,
    folder: TempDir,
}

impl World {
    /// Knows `models`, asks the Hub at `endpoint`, has no pip, and loses patience soon.
    pub(crate) fn new(endpoint: &str, models: Vec<ModelRow>) -> Self {
        let folder = TempDir::new().unwrap();
        let config = FetchConfig {
            models: models.leak(),
            hub_endpoint: endpoint.to_owned(),
            answer_within: Duration::from_secs(20),
            stall: Duration::from_secs(20),
            pip: Vec::new(),
            ..FetchConfig::new(folder.path().join("cache"))
        };
        Self { config, folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A path inside the cache.
    pub(crate) fn cache(&self, path: &str) -> PathBuf {
        self.config.cache_dir.join(path)
    }

    pub(crate) fn resolve(&self, name: &str, fallback: Fallback) -> (Result<ModelDir, FetchError>, Vec<Progress>) {
        let mut events = Vec::new();
        let found = fetch::resolve(name, fallback, &self.config, &mut |event| events.push(event));
        (found, events)
    }

    pub(crate) fn pull(&self) -> Result<ModelDir, FetchError> {
        self.resolve("small", Fallback::AfterSources).0
    }

    /// Pulls and gives the errors of the sources in order.
    pub(crate) fn pull_fails(&self) -> Vec<SourceError> {
        match self.pull() {
            Err(FetchError::Exhausted { attempts, .. }) => attempts.into_iter().map(|attempt| attempt.why).collect(),
            other => panic!("expected every source to fail, got {other:?}"),
        }
    }
}

/// A model `name` of `files`, whose hashes the table knows.
pub(crate) fn model(name: &'static str, files: &[(&str, &[u8])], sources: &[Source]) -> ModelRow {
    let pinned = |(path, body): &(&str, &[u8])| FileRow { path: leak(path), sha256: Some(leak(&sha256(body))) };
    of_files(name, files.iter().map(pinned).collect(), sources)
}

/// A model `name` of `files`, whose hashes nobody has checked.
pub(crate) fn unchecked_model(name: &'static str, files: &[(&str, &[u8])], sources: &[Source]) -> ModelRow {
    let unpinned = |(path, _): &(&str, &[u8])| FileRow { path: leak(path), sha256: None };
    of_files(name, files.iter().map(unpinned).collect(), sources)
}

fn of_files(name: &'static str, files: Vec<FileRow>, sources: &[Source]) -> ModelRow {
    ModelRow {
        name,
        summary: "a model of the tests",
        purpose: Purpose::Encode(Encoding {
            dimension: 2,
            prompts: Prompts { query: "", passage: "" },
            relevance: registry::relevance(""),
            broad: false,
            golden: None,
        }),
        max_tokens: 8,
        languages: "none",
        needs: "nothing",
        revision: "0123456789abcdef0123456789abcdef01234567",
        files: files.leak(),
        sources: sources.to_vec().leak(),
        fallback: None,
    }
}

pub(crate) fn leak(text: &str) -> &'static str {
    text.to_owned().leak()
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes `body` to `path` and makes the folders above it.
pub(crate) fn put(path: &Path, body: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, body).unwrap();
}

/// Asserts that the model in `dir` is what was served.
pub(crate) fn assert_holds(dir: &Path, files: &[(&str, &[u8])]) {
    for (path, body) in files {
        assert!(fs::read(dir.join(path)).unwrap() == *body, "{path}");
    }
    assert_eq!(fetch::check_files(dir).unwrap(), []);
}
