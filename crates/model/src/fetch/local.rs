//! What is on this machine already: a directory or a .gguf file of the user's own, or the cache of Hugging Face's own tools.

use std::fs;
use std::path::{self, MAIN_SEPARATOR, Path, PathBuf};

use super::cache::{self, Fetched, FileRecord};
use super::digest::{self, Expected};
use super::error::{FetchError, FileError, SourceError};
use super::{FetchConfig, ModelDir};
use crate::registry::{FileRow, ModelRow};

/// The directory or .gguf file that `name_or_path` means, if it means one: it is there, or it is written as a path.
pub(super) fn directory(name_or_path: &str) -> Result<Option<ModelDir>, FetchError> {
    let path = Path::new(name_or_path);
    let is_gguf = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gguf")) && path.is_file();
    if is_gguf || path.is_dir() {
        return Ok(Some(own(path)));
    }
    if name_or_path.contains('/') || name_or_path.contains(MAIN_SEPARATOR) || path.exists() {
        return Err(FetchError::NoDirectory { path: path.to_owned() });
    }
    Ok(None)
}

fn own(path: &Path) -> ModelDir {
    let whole = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    ModelDir {
        name: whole.file_name().unwrap_or(whole.as_os_str()).to_string_lossy().into_owned(),
        // what is recorded must be found again from another folder
        path: path::absolute(path).unwrap_or_else(|_| path.to_owned()),
        source: if path.is_dir() { "directory" } else { "file" }.to_owned(),
        revision: None,
        fell_back_from: None,
        row: None,
    }
}

/// A model in the cache of Hugging Face's own tools.
pub(super) struct Snapshot(PathBuf);

impl Snapshot {
    pub(super) fn describe(&self) -> String {
        format!("Hugging Face cache, {}", self.0.display())
    }
}

/// The snapshot of `repo` at the row's revision, where all files of `row` are in it.
pub(super) fn snapshot(row: &ModelRow, repo: &str, config: &FetchConfig) -> Option<Snapshot> {
    let folder = config.hub_cache.as_ref()?.join(format!("models--{}", repo.replace('/', "--")));
    let dir = folder.join("snapshots").join(row.revision);
    row.files.iter().all(|file| dir.join(file.path).is_file()).then_some(Snapshot(dir))
}

/// Links or copies the files of `row` into `staging` and verifies them there.
pub(super) fn take_over(row: &ModelRow, snapshot: &Snapshot, staging: PathBuf) -> Result<Fetched, SourceError> {
    cache::remove(&staging)?;
    let taken = row.files.iter().map(|file| take_file(file, &snapshot.0, &staging)).collect();
    match taken {
        Ok(files) => Ok(Fetched { dir: staging, files }),
        Err(error) => {
            cache::remove(&staging)?;
            Err(error)
        }
    }
}

fn take_file(file: &FileRow, snapshot: &Path, staging: &Path) -> Result<FileRecord, SourceError> {
    let link = snapshot.join(file.path);
    // snapshots hold links to `blobs/HASH`, and the hash is the Hub's own
    let blob = fs::canonicalize(&link).map_err(FileError::at("read", &link))?;
    let target = staging.join(file.path);
    cache::make_parent(&target)?;
    fs::hard_link(&blob, &target)
        .or_else(|_| fs::copy(&blob, &target).map(|_| ()))
        .map_err(FileError::at("write", &target))?;
    let named = || Expected::parse(&blob.file_name()?.to_string_lossy());
    let expected = file.sha256.map(|hash| Expected::Sha256(hash.to_owned())).or_else(named);
    digest::verify(&target, file.path, expected.as_ref())
}
