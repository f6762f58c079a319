//! Hashes of files: SHA-256 of the table and of large files on the Hub, git's blob id of small ones.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::cache::FileRecord;
use super::error::{FileError, SourceError};

const BUFFER: usize = 1 << 17;

/// The hash that a file must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expected {
    /// 64 hexadecimal digits.
    Sha256(String),
    /// 40 hexadecimal digits: SHA-1 of `blob LENGTH\0` and the content.
    GitBlob(String),
}

impl Expected {
    /// Reads an entity tag of the Hub, or the name of a file in a cache's `blobs`; anything else tells no hash.
    pub(super) fn parse(tag: &str) -> Option<Self> {
        let hex = tag.trim().trim_start_matches("W/").trim_matches('"').to_ascii_lowercase();
        if !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        match hex.len() {
            64 => Some(Self::Sha256(hex)),
            40 => Some(Self::GitBlob(hex)),
            _ => None,
        }
    }

    /// The hexadecimal digits.
    pub(super) fn hex(&self) -> &str {
        match self {
            Self::Sha256(hex) | Self::GitBlob(hex) => hex,
        }
    }
}

/// Hashes the file at `path`, known as `name`, and refuses it when the hash is not the `expected` one.
pub(super) fn verify(path: &Path, name: &str, expected: Option<&Expected>) -> Result<FileRecord, SourceError> {
    let record = record(path, name)?;
    let got = match expected {
        None => return Ok(record),
        Some(Expected::Sha256(_)) => record.sha256.clone(),
        Some(Expected::GitBlob(_)) => git_blob(path, record.size)?,
    };
    match expected {
        Some(wanted) if wanted.hex() != got => {
            Err(SourceError::Mismatch { file: name.to_owned(), expected: wanted.hex().to_owned(), got })
        }
        _ => Ok(record),
    }
}

/// Size and SHA-256 of the file at `path`.
pub(super) fn record(path: &Path, name: &str) -> Result<FileRecord, FileError> {
    let mut hasher = Sha256::new();
    let size = each_chunk(path, |chunk| hasher.update(chunk)).map_err(FileError::at("read", path))?;
    Ok(FileRecord { path: name.to_owned(), sha256: hex(&hasher.finalize()), size })
}

fn git_blob(path: &Path, size: u64) -> Result<String, FileError> {
    let mut hasher = Sha1::new();
    hasher.update(format!("blob {size}\0"));
    each_chunk(path, |chunk| hasher.update(chunk)).map_err(FileError::at("read", path))?;
    Ok(hex(&hasher.finalize()))
}

/// Hands over the bytes of a file piece by piece; returns their number.
fn each_chunk(path: &Path, mut take: impl FnMut(&[u8])) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; BUFFER];
    let mut total = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(total),
            count => {
                take(&buffer[..count]);
                total += count as u64;
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_with(content: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        file
    }

    #[test]
    fn entity_tags_that_are_hashes_are_told_from_others() {
        let sha1 = "ce013625030ba8dba906f756967f9e9ca394464a";
        assert_eq!(Expected::parse(&format!("\"{sha1}\"")), Some(Expected::GitBlob(sha1.to_owned())));
        assert_eq!(Expected::parse(&format!("W/\"{sha1}\"")), Some(Expected::GitBlob(sha1.to_owned())));
        assert_eq!(Expected::parse("\"d41d8cd98f00b204e9800998ecf8427e-12\""), None);
        assert_eq!(Expected::parse(""), None);
    }

    /// The id that `git hash-object` prints for `hello\n`, and the digest that `sha256sum` prints.
    #[test]
    fn hashes_are_those_of_git_and_of_sha256sum() {
        let file = file_with(b"hello\n");
        let blob = Expected::GitBlob("ce013625030ba8dba906f756967f9e9ca394464a".to_owned());
        let record = verify(file.path(), "hello", Some(&blob)).unwrap();
        assert_eq!(record.size, 6);
        assert_eq!(record.sha256, "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
    }

    #[test]
    fn a_mismatch_names_both_hashes() {
        let file = file_with(b"other\n");
        let wanted = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
        let error = verify(file.path(), "a.bin", Some(&Expected::Sha256(wanted.to_owned()))).unwrap_err().to_string();
        assert!(error.contains(wanted) && error.contains("a.bin") && error.contains("and is "), "{error}");
    }
}
