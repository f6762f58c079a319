//! A knowledge base as one file to carry: a consistent copy with a seal behind it.
//!
//! The seal is [`MARK`] and the SHA-256 of all bytes before it. SQLite does not see it: the file says itself how many pages
//! it has. What is exported is thus a knowledge base like any other; the first change to it drops the seal.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::sqlite::{APPLICATION_ID, SqliteStore, Wait, beside, database};
use crate::error::StoreError;
use crate::types::{Finding, Remedy};

/// How a seal begins.
const MARK: &[u8; 16] = b"qiao sealed v1\r\n";
/// Bytes of a seal.
const SEAL: u64 = 16 + 32;

/// A copy of a file that is to be imported, which is gone with the value unless it is kept.
#[derive(Debug)]
pub struct Portable {
    // before its folder, so that it is closed when that goes
    store: SqliteStore,
    room: Room,
}

impl SqliteStore {
    /// Writes the knowledge base as it is now to `to`, a new file, while others may use it.
    ///
    /// # Errors
    /// When there is such a file already, or it cannot be written; then nothing is left of it.
    pub fn export(&self, to: &Path) -> Result<(), StoreError> {
        let failed = |source| StoreError::File { path: to.to_path_buf(), doing: "written", source };
        if to.exists() {
            return Err(failed(io::Error::new(io::ErrorKind::AlreadyExists, "it exists; give another name")));
        }
        let room = Room::new(folder_of(to)).map_err(failed)?;
        let copy = room.copy();
        let into = self.connection.execute("VACUUM INTO ?1", [copy.to_string_lossy()]);
        into.map_err(|e| database(to, "written", e))?;
        // else the first to open it would change it; and what was due in the original is done in the copy
        let opened = Self::open_existing(&copy, Wait::default())?;
        opened.map_or(Ok(()), |opened| opened.patiently("UPDATE upkeep SET done = times"))?;
        seal(&copy).map_err(failed)?;
        put(&copy, to).map_err(failed)
    }
}

impl Portable {
    /// Holds `file`, an export or a knowledge base, against its seal, copies it into `folder`, and holds the copy against its rules.
    /// `file` is left as it is.
    ///
    /// # Errors
    /// When it cannot be read, is no knowledge base, is damaged, or was changed after it was exported; when there is no room
    /// for the copy.
    pub fn open(file: &Path, folder: &Path, wait: Wait) -> Result<Self, StoreError> {
        let reading = |source| StoreError::File { path: file.to_path_buf(), doing: "read", source };
        let writing = |source| StoreError::File { path: folder.to_path_buf(), doing: "written", source };
        let damaged = |what: String| StoreError::Damaged { path: file.to_path_buf(), what };
        let seal = sealed(file).map_err(reading)?;
        std::fs::create_dir_all(folder).map_err(|source| StoreError::Folder { path: folder.to_path_buf(), source })?;
        let room = Room::new(folder).map_err(writing)?;
        let copy = room.copy();
        match seal {
            None => copy_open(file, &copy)?,
            Some(length) => {
                if !holds(file, length).map_err(reading)? {
                    return Err(damaged("its bytes are not those that were exported".into()));
                }
                let from = File::open(file).map_err(reading)?;
                let mut into = File::create(&copy).map_err(writing)?;
                io::copy(&mut from.take(length), &mut into).map_err(writing)?;
            }
        }
        let store = SqliteStore::open_existing(&copy, wait).map_err(|e| match e {
            StoreError::Foreign { .. } => StoreError::Foreign { path: file.to_path_buf() },
            StoreError::Newer { found, known, .. } => StoreError::Newer { path: file.to_path_buf(), found, known },
            StoreError::Database { source, .. } => damaged(source.to_string()),
            // the copies that it names are gone when it is read
            StoreError::Migration { source, .. } => match *source {
                full @ (StoreError::Full { .. } | StoreError::Busy { .. }) => full,
                other => damaged(other.to_string()),
            },
            other => other,
        })?;
        let store = store.ok_or_else(|| damaged("its copy is gone".into()))?;
        // what is still to be overwritten is no damage
        let fault = store.faults().into_iter().find(|finding| finding.remedy != Remedy::Rewrite);
        if let Some(Finding { what, origin, .. }) = fault {
            return Err(damaged(origin.map_or(what.clone(), |origin| format!("{origin}: {what}"))));
        }
        Ok(Self { store, room })
    }

    /// What it holds.
    pub fn store(&self) -> &SqliteStore {
        &self.store
    }

    /// Makes the copy the knowledge base `kb`, which must not be there yet.
    ///
    /// # Errors
    /// When it is, when the log of another one lies there, or the file cannot be put there.
    pub fn keep_as(self, kb: &Path) -> Result<(), StoreError> {
        for path in ["-wal", "-shm"].map(|suffix| beside(kb, suffix)) {
            if path.exists() {
                return Err(StoreError::Leftover { path });
            }
        }
        // the last to close it empties the log into it
        drop(self.store);
        put(&self.room.copy(), kb).map_err(|source| StoreError::File {
            path: kb.to_path_buf(),
            doing: "written",
            source,
        })
    }
}

/// A folder in which a copy is made, gone with the value.
#[derive(Debug)]
struct Room {
    // held as long as the process lives, whatever number and machine it has; let go before the folder goes
    _lock: File,
    folder: TempDir,
}

/// How such a folder's name begins.
const ROOM: &str = ".qiao-copy-";
/// And how the files in it are called.
const LOCK: &str = "lock";
const COPY: &str = "copy";

impl Room {
    /// In `folder`. Those that processes left which are no more go.
    fn new(folder: &Path) -> io::Result<Self> {
        for entry in std::fs::read_dir(folder)?.flatten() {
            let is_room = entry.file_name().to_string_lossy().starts_with(ROOM);
            let lock = is_room.then(|| File::open(entry.path().join(LOCK)).ok()).flatten();
            if lock.is_some_and(|lock| lock.try_lock().is_ok()) {
                // it is in nobody's way
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
        let room = tempfile::Builder::new().prefix(ROOM).tempdir_in(folder)?;
        let lock = File::create(room.path().join(LOCK))?;
        // file systems without locks do without
        let _ = lock.try_lock();
        Ok(Self { _lock: lock, folder: room })
    }

    fn copy(&self) -> PathBuf {
        self.folder.path().join(COPY)
    }
}

/// Gives a whole file its name, on the disk for certain when it returns; never in the place of what is there.
fn put(copy: &Path, to: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).open(copy)?.sync_all()?;
    // unlike renaming, this does not replace what came there meanwhile
    std::fs::hard_link(copy, to).or_else(|_| rename_new(copy, to))?;
    sync_folder(folder_of(to))
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
    let hash = hash(File::open(path)?)?;
    let mut file = OpenOptions::new().append(true).open(path)?;
    file.write_all(MARK)?;
    file.write_all(&hash)
}

/// The length of what is sealed in a file; `None` where there is no seal, or it was opened and may have been changed.
fn sealed(path: &Path) -> io::Result<Option<u64>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let sealed = length.checked_sub(SEAL).filter(|_| !beside(path, "-wal").exists());
    let Some(sealed) = sealed else { return Ok(None) };
    file.seek(SeekFrom::Start(sealed))?;
    let mut mark = [0; MARK.len()];
    file.read_exact(&mut mark)?;
    Ok((mark == *MARK).then_some(sealed))
}

/// Whether the first `length` bytes of a file are those of its seal.
fn holds(path: &Path, length: u64) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let found = hash((&mut file).take(length))?;
    let mut seal = [0; SEAL as usize];
    file.seek(SeekFrom::Start(length))?;
    file.read_exact(&mut seal)?;
    Ok(seal[MARK.len()..] == found)
}

/// The SHA-256 of what `from` gives.
pub(super) fn hash(mut from: impl Read) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(hash.finalize().into()),
            n => hash.update(&buffer[..n]),
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
    open.execute("VACUUM INTO ?1", [copy.to_string_lossy()]).map_err(|e| match e.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseCorrupt) => failed(e),
        _ => database(copy, "written", e),
    })?;
    Ok(())
}
