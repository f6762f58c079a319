//! A knowledge base as one file to carry: a consistent copy with a seal behind it.
//!
//! The seal is [`MARK`] and the SHA-256 of all bytes before it. SQLite does not see it: the file says itself how many pages
//! it has. What is exported is thus a knowledge base like any other; the first change to it drops the seal.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::sqlite::{APPLICATION_ID, SqliteStore, Wait, database};
use crate::error::StoreError;
use crate::types::Finding;

/// How a seal begins.
const MARK: &[u8; 16] = b"qiao sealed v1\r\n";
/// Bytes of a seal.
const SEAL: u64 = 16 + 32;

/// A copy of a file that is to be imported, which is gone with the value unless it is kept.
#[derive(Debug)]
pub struct Portable {
    // before the file, so that it is closed when that goes
    store: SqliteStore,
    copy: NamedTempFile,
    folder: PathBuf,
}

impl SqliteStore {
    /// Writes the knowledge base as it is now to `to`, a new file, while others may use it.
    ///
    /// # Errors
    /// When there is such a file already, or it cannot be written; then nothing is left of it.
    pub fn export(&self, to: &Path) -> Result<(), StoreError> {
        let failed = |source| StoreError::File { path: to.to_path_buf(), doing: "written", source };
        let folder = folder_of(to);
        let room = tempfile::Builder::new().prefix(".qiao-export-").tempdir_in(folder).map_err(failed)?;
        let copy = room.path().join("copy");
        let into = self.connection.execute("VACUUM INTO ?1", [copy.to_string_lossy()]);
        into.map_err(|e| database(to, "written", e))?;
        // else the first to open it would change it
        drop(Self::open_existing(&copy, Wait::default())?);
        seal(&copy).map_err(failed)?;
        // unlike renaming, this does not replace what came there meanwhile
        std::fs::hard_link(&copy, to).or_else(|_| rename_new(&copy, to)).map_err(failed)?;
        sync_folder(folder).map_err(failed)
    }
}

impl Portable {
    /// Copies `file`, an export or a knowledge base, into `folder`, and holds the copy against its seal and its own rules.
    /// `file` is left as it is.
    ///
    /// # Errors
    /// When it cannot be read, is no knowledge base, is damaged, or was changed after it was exported.
    pub fn open(file: &Path, folder: &Path, wait: Wait) -> Result<Self, StoreError> {
        let reading = |source| StoreError::File { path: file.to_path_buf(), doing: "read", source };
        std::fs::create_dir_all(folder).map_err(|source| StoreError::Folder { path: folder.to_path_buf(), source })?;
        let copy = tempfile::Builder::new().prefix(".qiao-import-").tempfile_in(folder);
        let mut copy = copy.map_err(|source| StoreError::Folder { path: folder.to_path_buf(), source })?;
        match sealed(file).map_err(reading)? {
            Some(length) => copy_sealed(file, length, copy.as_file_mut()).map_err(|e| match e.kind() {
                io::ErrorKind::InvalidData => StoreError::Damaged { path: file.to_path_buf(), what: e.to_string() },
                _ => reading(e),
            })?,
            None => copy_open(file, copy.path())?,
        }
        let damaged = |what: String| StoreError::Damaged { path: file.to_path_buf(), what };
        let store = SqliteStore::open_existing(copy.path(), wait).map_err(|e| match e {
            StoreError::Foreign { .. } => StoreError::Foreign { path: file.to_path_buf() },
            StoreError::Newer { found, known, .. } => StoreError::Newer { path: file.to_path_buf(), found, known },
            other => damaged(crate::error::chain(std::iter::successors(
                Some(&other as &(dyn std::error::Error + 'static)),
                |e| e.source(),
            ))),
        })?;
        let store = store.ok_or_else(|| damaged("its copy is gone".into()))?;
        if let Some(Finding { what, origin, .. }) = store.faults().into_iter().next() {
            return Err(damaged(origin.map_or(what.clone(), |origin| format!("{origin}: {what}"))));
        }
        Ok(Self { store, copy, folder: folder.to_path_buf() })
    }

    /// What it holds.
    pub fn store(&self) -> &SqliteStore {
        &self.store
    }

    /// Makes the copy the knowledge base `kb`, which must not be there yet.
    ///
    /// # Errors
    /// When it is, or the file cannot be put there.
    pub fn keep_as(self, kb: &Path) -> Result<(), StoreError> {
        let failed = |source| StoreError::File { path: kb.to_path_buf(), doing: "written", source };
        // the last to close it empties the log into it
        drop(self.store);
        let file = self.copy.persist_noclobber(kb).map_err(|e| failed(e.error))?;
        file.sync_all().map_err(failed)?;
        sync_folder(&self.folder).map_err(failed)
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Where there are no hard links.
fn rename_new(copy: &Path, to: &Path) -> io::Result<()> {
    if to.exists() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    std::fs::rename(copy, to)
}

/// A new name is kept only once its folder is.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Puts the seal behind a file.
fn seal(path: &Path) -> io::Result<()> {
    let hash = hash(BufReader::new(File::open(path)?), &mut io::sink())?;
    let mut file = OpenOptions::new().append(true).open(path)?;
    file.write_all(MARK)?;
    file.write_all(&hash)?;
    file.sync_all()
}

/// The length of what is sealed in a file; `None` where there is no seal, or it was opened and may have been changed.
fn sealed(path: &Path) -> io::Result<Option<u64>> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let Some(sealed) = length.checked_sub(SEAL).filter(|_| !Path::new(&log).exists()) else { return Ok(None) };
    file.seek(SeekFrom::Start(sealed))?;
    let mut mark = [0; MARK.len()];
    file.read_exact(&mut mark)?;
    Ok((mark == *MARK).then_some(sealed))
}

fn copy_sealed(file: &Path, length: u64, copy: &mut File) -> io::Result<()> {
    let mut file = File::open(file)?;
    let found = hash(BufReader::new((&mut file).take(length)), copy)?;
    let mut seal = [0; SEAL as usize];
    file.seek(SeekFrom::Start(length))?;
    file.read_exact(&mut seal)?;
    match seal[MARK.len()..] == found {
        true => copy.sync_all(),
        false => Err(io::Error::new(io::ErrorKind::InvalidData, "its bytes are not those that were exported")),
    }
}

/// The SHA-256 of what `from` gives, which goes to `to` as well.
fn hash(mut from: impl Read, to: &mut impl Write) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(hash.finalize().into()),
            n => {
                hash.update(&buffer[..n]);
                to.write_all(&buffer[..n])?;
            }
        }
    }
}

/// Copies a file that may be in use, as it is at one moment.
fn copy_open(file: &Path, copy: &Path) -> Result<(), StoreError> {
    let failed = |e: rusqlite::Error| match e.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => StoreError::Foreign { path: file.to_path_buf() },
        Some(rusqlite::ErrorCode::DatabaseCorrupt) => {
            StoreError::Damaged { path: file.to_path_buf(), what: e.to_string() }
        }
        _ => database(file, "read", e),
    };
    // read-only where it is write-protected; else its log would stay behind when this closes it
    let open = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed)?;
    let owner: i64 = open.query_row("PRAGMA application_id", [], |row| row.get(0)).map_err(failed)?;
    if owner != APPLICATION_ID {
        return Err(StoreError::Foreign { path: file.to_path_buf() });
    }
    // into the empty file that is there already
    open.execute("VACUUM INTO ?1", [copy.to_string_lossy()]).map_err(failed)?;
    Ok(())
}
