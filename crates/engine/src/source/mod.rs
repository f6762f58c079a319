//! Paths into files to read: folders are walked, what is passed over is named.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::types::Media;

/// A file larger than this is not read.
pub const MAX_FILE_BYTES: u64 = 1 << 30;

/// A file that will be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Absolute path, links resolved.
    pub path: PathBuf,
    /// What it is.
    pub media: Media,
}

impl Source {
    /// The name under which the knowledge base knows it.
    pub fn origin(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }
}

/// Something that will not be read, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Path as found.
    pub path: PathBuf,
    /// Why.
    pub reason: SkipReason,
}

/// Why a file of a folder is passed over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SkipReason {
    /// Not a kind that qiao reads.
    #[error("not a kind of file that qiao reads (PDF, Markdown, plain text)")]
    Kind,
    /// Its name begins with a dot.
    #[error("hidden")]
    Hidden,
    /// A link; its target is read where it lies.
    #[error("a symbolic link")]
    Link,
    /// A device, pipe or socket.
    #[error("not a regular file")]
    Special,
    /// A path that JSON and the knowledge base cannot hold as it is.
    #[error("its path is not UTF-8; rename it")]
    Name,
    /// Not to be listed.
    #[error("cannot be listed: {reason}")]
    Unlisted {
        /// What the system said.
        reason: String,
    },
}

/// A path that cannot serve as a source.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// No such path, or no permission.
    #[error("cannot open {path}")]
    Open {
        /// The path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A single file of a kind that is not read.
    #[error("{path} is no PDF, Markdown or plain text file; qiao reads .pdf, .md, .markdown, .txt and .text")]
    Kind {
        /// The path.
        path: PathBuf,
    },
    /// A device, pipe or socket.
    #[error("{path} is not a regular file")]
    Special {
        /// The path.
        path: PathBuf,
    },
    /// A folder where one file is wanted.
    #[error("{path} is a folder; give one file")]
    Folder {
        /// The path.
        path: PathBuf,
    },
    /// A path that JSON and the knowledge base cannot hold as it is.
    #[error("{path} is not UTF-8; rename it")]
    Name {
        /// The path.
        path: PathBuf,
    },
    /// Beyond [`MAX_FILE_BYTES`].
    #[error("{path} has {mebibytes} MiB, more than the {most} MiB that qiao reads of one file; split it")]
    Large {
        /// The path.
        path: PathBuf,
        /// Its size.
        mebibytes: u64,
        /// The limit.
        most: u64,
    },
}

/// What a path holds: files in the order of their names, and what is passed over.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// To be read.
    pub sources: Vec<Source>,
    /// To be named.
    pub skipped: Vec<Skipped>,
}

/// Looks at `path`: a file, or a folder that is walked to its depths without following links.
///
/// # Errors
/// When the path itself cannot be opened, or is a file that qiao does not read.
pub fn find(path: &Path) -> Result<Found, SourceError> {
    match file(path) {
        Err(SourceError::Folder { .. }) => {
            let open = |source| SourceError::Open { path: path.to_path_buf(), source };
            Ok(walk(&std::fs::canonicalize(path).map_err(open)?))
        }
        one => Ok(Found { sources: vec![one?], skipped: Vec::new() }),
    }
}

/// Looks at `path`, which must be one file.
///
/// # Errors
/// When it cannot be opened, is a folder, or is a file that qiao does not read.
pub fn file(path: &Path) -> Result<Source, SourceError> {
    let named = || path.to_path_buf();
    let open = |source| SourceError::Open { path: named(), source };
    let resolved = std::fs::canonicalize(path).map_err(open)?;
    let metadata = std::fs::metadata(&resolved).map_err(open)?;
    if metadata.is_dir() {
        return Err(SourceError::Folder { path: named() });
    }
    if !metadata.is_file() {
        return Err(SourceError::Special { path: named() });
    }
    if resolved.to_str().is_none() {
        return Err(SourceError::Name { path: named() });
    }
    let media = media_of(&resolved).ok_or_else(|| SourceError::Kind { path: named() })?;
    Ok(Source { path: resolved, media })
}

fn walk(folder: &Path) -> Found {
    let mut found = Found::default();
    let mut entries = WalkDir::new(folder).min_depth(1).sort_by_file_name().into_iter();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_path_buf();
                found.skipped.push(Skipped { path, reason: SkipReason::Unlisted { reason: error.to_string() } });
                continue;
            }
        };
        let reason = if entry.file_name().as_encoded_bytes().starts_with(b".") {
            if entry.file_type().is_dir() {
                entries.skip_current_dir();
            }
            SkipReason::Hidden
        } else if entry.file_type().is_dir() {
            continue;
        } else if entry.file_type().is_symlink() {
            SkipReason::Link
        } else if !entry.file_type().is_file() {
            SkipReason::Special
        } else if entry.path().to_str().is_none() {
            SkipReason::Name
        } else if let Some(media) = media_of(entry.path()) {
            found.sources.push(Source { path: entry.into_path(), media });
            continue;
        } else {
            SkipReason::Kind
        };
        found.skipped.push(Skipped { path: entry.into_path(), reason });
    }
    found
}

/// What a file is: by its ending, or by PDF's first bytes.
fn media_of(path: &Path) -> Option<Media> {
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    match ending.as_deref() {
        Some("pdf") => Some(Media::Pdf),
        Some("md" | "markdown" | "mdown" | "mkd") => Some(Media::Markdown),
        Some("txt" | "text") => Some(Media::Text),
        _ => begins_as_pdf(path).then_some(Media::Pdf),
    }
}

fn begins_as_pdf(path: &Path) -> bool {
    let mut first = [0; 5];
    File::open(path).and_then(|mut file| file.read_exact(&mut first)).is_ok_and(|()| &first == b"%PDF-")
}

/// The file's bytes.
///
/// # Errors
/// When it cannot be read, or is beyond [`MAX_FILE_BYTES`].
pub fn read(source: &Source) -> Result<Vec<u8>, SourceError> {
    let path = || source.path.clone();
    let open = |e| SourceError::Open { path: path(), source: e };
    let file = File::open(&source.path).map_err(open)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(open)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        let mebibytes = std::fs::metadata(&source.path).map_or(bytes.len() as u64, |m| m.len()) >> 20;
        return Err(SourceError::Large { path: path(), mebibytes, most: MAX_FILE_BYTES >> 20 });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_walked_and_what_is_passed_over_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        };
        write("b.md", b"x");
        write("a/z.TXT", b"x");
        write("a/scan", b"%PDF-1.4");
        write("photo.jpg", b"x");
        write(".git/config.txt", b"x");
        let found = find(folder.path()).unwrap();
        let names = |paths: Vec<&PathBuf>| -> Vec<String> {
            let root = std::fs::canonicalize(folder.path()).unwrap();
            paths.iter().map(|p| p.strip_prefix(&root).unwrap().display().to_string()).collect()
        };
        assert_eq!(names(found.sources.iter().map(|s| &s.path).collect()), ["a/scan", "a/z.TXT", "b.md"]);
        assert_eq!(found.sources[0].media, Media::Pdf);
        assert_eq!(names(found.skipped.iter().map(|s| &s.path).collect()), [".git", "photo.jpg"]);
        assert_eq!(found.skipped[0].reason, SkipReason::Hidden);
    }

    #[test]
    fn a_single_file_of_another_kind_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.xyz");
        std::fs::write(&path, b"x").unwrap();
        assert!(matches!(find(&path), Err(SourceError::Kind { .. })));
        assert!(matches!(find(&folder.path().join("none.pdf")), Err(SourceError::Open { .. })));
    }
}
