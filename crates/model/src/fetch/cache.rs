//! The cache: whole models under `models/NAME`, everything unfinished elsewhere.
//!
//! ```text
//! models/NAME/     the model's files and qiao.json, which is written last; the folder appears by one rename
//! partial/NAME/    what an unfinished fetch has so far; it goes on from there
//! damaged/NAME/    a copy that was found damaged and moved aside
//! derived/         what is made from models' files so that the next start is quicker
//! locks/NAME.lock  held while NAME is fetched, so that two processes wait for one another
//! ```

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::{FetchError, FileError};
use super::{FetchConfig, Progress, digest};
use crate::registry::{ModelRow, Source};

/// The manifest's name in a model's folder.
pub const MANIFEST: &str = "qiao.json";

const FORMAT: u32 = 1;

/// What is in a model's folder and where it came from (`qiao.json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this format.
    pub format: u32,
    /// The model's name.
    pub name: String,
    /// The source in words.
    pub source: String,
    /// The row's revision when it was fetched.
    pub revision: String,
    /// Every file but the manifest.
    pub files: Vec<FileRecord>,
}

/// One file of a model as it was when it was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Where it stands in the folder, with `/` between the parts.
    pub path: String,
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
}

/// What is wrong with a model's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// No manifest, or not one of ours.
    Manifest,
    /// A file is gone or cannot be read.
    Missing {
        /// The file.
        file: String,
    },
    /// A file has another size.
    Size {
        /// The file.
        file: String,
        /// Bytes when it was verified.
        expected: u64,
        /// Bytes now.
        got: u64,
    },
    /// A file has another hash than its manifest, or its row, says.
    Hash {
        /// The file.
        file: String,
        /// SHA-256 that it should have.
        expected: String,
        /// SHA-256 that it has.
        got: String,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifest => write!(f, "{MANIFEST} is missing or cannot be read"),
            Self::Missing { file } => write!(f, "{file} is missing"),
            Self::Size { file, expected, got } => write!(f, "{file} has {got} bytes, not {expected}"),
            Self::Hash { file, expected, got } => write!(f, "{file} has the SHA-256 {got}, not {expected}"),
        }
    }
}

/// A model that is in the cache and whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Its folder.
    pub path: PathBuf,
    /// Size of its files together.
    pub bytes: u64,
    /// Where it came from, in words.
    pub source: String,
}

/// Whether `row` is in the cache and whole (sizes are compared, hashes are not: see [`check_files`]).
#[must_use]
pub fn installed(row: &ModelRow, config: &FetchConfig) -> Option<Installed> {
    let path = model_dir(row, config);
    match inspect(row, config) {
        Entry::Whole(manifest) => {
            let bytes = manifest.files.iter().map(|file| file.size).sum();
            Some(Installed { path, bytes, source: manifest.source })
        }
        Entry::Absent | Entry::Damaged(_) => None,
    }
}

/// Hashes every file of the model in `dir` again; an empty list says that all are as they were when they were verified.
///
/// # Errors
/// When `dir` has no manifest: a directory of the user's own, for instance.
pub fn check_files(dir: &Path) -> Result<Vec<Fault>, FetchError> {
    let manifest = manifest(dir).ok_or_else(|| FetchError::NoManifest { path: dir.to_owned() })?;
    Ok(manifest.files.iter().filter_map(|file| rehash(dir, file)).collect())
}

fn rehash(dir: &Path, file: &FileRecord) -> Option<Fault> {
    let Ok(now) = digest::record(&dir.join(&file.path), &file.path) else {
        return Some(Fault::Missing { file: file.path.clone() });
    };
    if now.size != file.size {
        return Some(Fault::Size { file: file.path.clone(), expected: file.size, got: now.size });
    }
    (now.sha256 != file.sha256).then(|| Fault::Hash {
        file: file.path.clone(),
        expected: file.sha256.clone(),
        got: now.sha256,
    })
}

/// What the cache holds of a row.
pub(super) enum Entry {
    Absent,
    Whole(Manifest),
    Damaged(Fault),
}

/// Looks at the cache's copy of `row`, by its manifest and the sizes of its files.
pub(super) fn inspect(row: &ModelRow, config: &FetchConfig) -> Entry {
    let dir = model_dir(row, config);
    if !dir.exists() {
        return Entry::Absent;
    }
    let Some(manifest) = manifest(&dir).filter(|manifest| manifest.name == row.name) else {
        return Entry::Damaged(Fault::Manifest);
    };
    let fault = row
        .files
        .iter()
        .find_map(|wanted| unlike_row(wanted.path, wanted.sha256, &manifest))
        .or_else(|| manifest.files.iter().find_map(|file| unlike_manifest(&dir, file)));
    fault.map_or(Entry::Whole(manifest), Entry::Damaged)
}

fn unlike_row(path: &str, sha256: Option<&str>, manifest: &Manifest) -> Option<Fault> {
    let Some(file) = manifest.files.iter().find(|file| file.path == path) else {
        return Some(Fault::Missing { file: path.to_owned() });
    };
    let expected = sha256.filter(|hash| *hash != file.sha256)?;
    Some(Fault::Hash { file: path.to_owned(), expected: expected.to_owned(), got: file.sha256.clone() })
}

fn unlike_manifest(dir: &Path, file: &FileRecord) -> Option<Fault> {
    match fs::metadata(dir.join(&file.path)) {
        Ok(now) if now.len() == file.size => None,
        Ok(now) => Some(Fault::Size { file: file.path.clone(), expected: file.size, got: now.len() }),
        Err(_) => Some(Fault::Missing { file: file.path.clone() }),
    }
}

/// The manifest of the model in `dir`: what its files hashed to when they were verified. A directory of the user's own has
/// none.
#[must_use]
pub fn manifest(dir: &Path) -> Option<Manifest> {
    let manifest: Manifest = serde_json::from_slice(&fs::read(dir.join(MANIFEST)).ok()?).ok()?;
    (manifest.format == FORMAT).then_some(manifest)
}

/// Where a whole copy of `row` stands.
pub(super) fn model_dir(row: &ModelRow, config: &FetchConfig) -> PathBuf {
    config.cache_dir.join("models").join(row.name)
}

/// Where what `kind` of source has given of `row` so far is kept.
pub(super) fn staging(row: &ModelRow, kind: &str, config: &FetchConfig) -> PathBuf {
    partial(row, config).join(kind)
}

fn partial(row: &ModelRow, config: &FetchConfig) -> PathBuf {
    config.cache_dir.join("partial").join(row.name)
}

/// Held while a model is fetched; released when dropped.
pub(super) struct Lock(#[expect(dead_code, reason = "the lock lives as long as the open file")] File);

/// Takes the lock of `row`, waiting for another process that fetches the same model.
pub(super) fn lock(
    row: &ModelRow,
    config: &FetchConfig,
    progress: &mut dyn FnMut(Progress),
) -> Result<Lock, FileError> {
    let path = config.cache_dir.join("locks").join(format!("{}.lock", row.name));
    make_parent(&path)?;
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(FileError::at("open", &path))?;
    match file.try_lock() {
        Ok(()) => return Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => progress(Progress::Waiting { name: row.name.to_owned() }),
        // some network file systems know no locks; there, two pulls at once are the user's to avoid
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => return Ok(Lock(file)),
        Err(TryLockError::Error(error)) => return Err(FileError::at("lock", &path)(error)),
    }
    file.lock().map_err(FileError::at("lock", &path))?;
    Ok(Lock(file))
}

/// Moves the damaged copy of `row` out of the way. The caller holds the lock.
pub(super) fn set_aside(row: &ModelRow, config: &FetchConfig) -> Result<PathBuf, FileError> {
    let target = config.cache_dir.join("damaged").join(row.name);
    remove(&target)?;
    make_parent(&target)?;
    let dir = model_dir(row, config);
    fs::rename(&dir, &target).map_err(FileError::at("move aside", &dir))?;
    Ok(target)
}

/// Files of a model that have arrived and were verified, in a folder that holds nothing else.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) dir: PathBuf,
    pub(super) files: Vec<FileRecord>,
}

/// Makes what was `fetched` the cache's copy of `row`. The caller holds the lock.
pub(super) fn publish(
    row: &ModelRow,
    source: &Source,
    config: &FetchConfig,
    fetched: Fetched,
) -> Result<Manifest, FileError> {
    let manifest = Manifest {
        format: FORMAT,
        name: row.name.to_owned(),
        source: source.describe(row.revision),
        revision: row.revision.to_owned(),
        files: fetched.files,
    };
    for file in &manifest.files {
        sync(&fetched.dir.join(&file.path))?;
    }
    write_manifest(&fetched.dir, &manifest)?;
    let target = model_dir(row, config);
    make_parent(&target)?;
    fs::rename(&fetched.dir, &target).map_err(FileError::at("move into place", &target))?;
    // the model is whole: leftovers cost nothing but room
    let _ = remove(&partial(row, config));
    Ok(manifest)
}

fn write_manifest(dir: &Path, manifest: &Manifest) -> Result<(), FileError> {
    let path = dir.join(MANIFEST);
    let text = serde_json::to_string_pretty(manifest).map_err(io::Error::from);
    text.and_then(|text| fs::write(&path, text + "\n")).map_err(FileError::at("write", &path))?;
    sync(&path)
}

/// A power cut after the rename must not leave a file of the right size and the wrong content.
fn sync(path: &Path) -> Result<(), FileError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(FileError::at("write", path))
}

/// Makes the folder in which `path` stands.
pub(super) fn make_parent(path: &Path) -> Result<(), FileError> {
    path.parent().map_or(Ok(()), make_dir)
}

/// Makes a folder and those above it.
pub(super) fn make_dir(path: &Path) -> Result<(), FileError> {
    fs::create_dir_all(path).map_err(FileError::at("make the folder", path))
}

/// Removes a file or a folder with everything in it, if it is there.
pub(super) fn remove(path: &Path) -> Result<(), FileError> {
    let removed = match fs::symlink_metadata(path) {
        Ok(about) if about.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => return Ok(()),
    };
    removed.map_err(FileError::at("remove", path))
}
