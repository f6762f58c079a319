use std::fmt;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::derived::Derived;
use super::migrate;
use crate::error::{DatabaseError, StoreError};

/// "qiao" in ASCII: how the file says whose it is.
pub(super) const APPLICATION_ID: i64 = 0x7169_616f;
/// The format this program writes; those before it are brought up to it when a file is opened.
pub(super) const FORMAT: i64 = 3;
/// All tables.
pub(super) const SCHEMA: &str = concat!(include_str!("schema.sql"), include_str!("change.sql"));
/// How long another process may hold the file before a person is told, who else would wonder.
const SILENCE: Duration = Duration::from_secs(1);
/// SQLite's own wait between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// A knowledge base in a SQLite file: WAL, `synchronous = FULL`, deleted content overwritten.
#[derive(Debug)]
pub struct SqliteStore {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    pub(super) derived: Derived,
    wait: Wait,
}

/// Told of a wait: the file, and the longest it may take.
pub type OnWait = dyn Fn(&Path, Duration) + Send + Sync;

/// How to wait for another process that writes to the same file.
#[derive(Clone)]
pub struct Wait {
    /// How long at most.
    pub most: Duration,
    /// Told once for each wait of more than a second.
    pub on_wait: Arc<OnWait>,
}

impl Default for Wait {
    /// 30 seconds, in silence.
    fn default() -> Self {
        Self { most: Duration::from_secs(30), on_wait: Arc::new(|_, _| {}) }
    }
}

impl fmt::Debug for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").field("most", &self.most).finish_non_exhaustive()
    }
}

/// A transaction that writes: rolled back unless it is committed.
pub(super) struct Write<'a> {
    store: &'a SqliteStore,
    open: bool,
}

impl Write<'_> {
    pub(super) fn commit(mut self) -> Result<(), StoreError> {
        self.store.patiently("COMMIT")?;
        self.open = false;
        Ok(())
    }
}

impl Deref for Write<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.store.connection
    }
}

impl Drop for Write<'_> {
    fn drop(&mut self) {
        // SQLite has rolled back by itself after some failures, and says so here
        if self.open {
            let _ = self.store.connection.execute_batch("ROLLBACK");
        }
    }
}

impl SqliteStore {
    /// Opens `path`, and makes it where there is none. A file of an earlier format is brought up to this one.
    ///
    /// # Errors
    /// When the file is another program's, of a later format, or cannot be opened.
    pub fn open(path: &Path, wait: Wait) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .map_err(|source| StoreError::Folder { path: folder.to_path_buf(), source })?;
        }
        Self::open_with(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE, wait)
    }

    /// Opens `path`, or says `None` where there is no such file.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn open_existing(path: &Path, wait: Wait) -> Result<Option<Self>, StoreError> {
        match path.exists() {
            true => Self::open_with(path, OpenFlags::SQLITE_OPEN_READ_WRITE, wait).map(Some),
            false => Ok(None),
        }
    }

    /// A knowledge base that is gone with the value: for stages that keep nothing.
    ///
    /// # Errors
    /// When SQLite cannot be started.
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::open_with(Path::new(":memory:"), OpenFlags::SQLITE_OPEN_READ_WRITE, Wait::default())
    }

    fn open_with(path: &Path, flags: OpenFlags, wait: Wait) -> Result<Self, StoreError> {
        let failed = |source| database(path, "opened", source);
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        connection.busy_timeout(PAUSE).map_err(failed)?;
        let store = Self { connection, path: path.to_path_buf(), derived: Derived::beside(path), wait };
        store.prepare()?;
        Ok(store)
    }

    fn prepare(&self) -> Result<(), StoreError> {
        let failed = |source: rusqlite::Error| match source.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => StoreError::Foreign { path: self.path.clone() },
            _ => database(&self.path, "opened", source),
        };
        let number = |sql: &str| self.connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        // of one moment: another process may be making the tables
        let read = || {
            let _moment = self.connection.unchecked_transaction()?;
            let tables = number("SELECT count(*) FROM sqlite_schema")?;
            Ok((number("PRAGMA application_id")?, number("PRAGMA user_version")?, tables))
        };
        let (owner, format, tables) = self.patient(read, failed)?;
        if owner != APPLICATION_ID && (owner != 0 || tables > 0) {
            return Err(StoreError::Foreign { path: self.path.clone() });
        }
        if format > FORMAT {
            return Err(StoreError::Newer { path: self.path.clone(), found: format, known: FORMAT });
        }
        self.patiently("PRAGMA journal_mode = WAL")?;
        self.connection
            .execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA cache_size = -65536")
            .map_err(failed)?;
        match format {
            0 => self.create(),
            FORMAT => Ok(()),
            _ => migrate::run(self),
        }
    }

    /// Makes the tables, unless another process did so first.
    fn create(&self) -> Result<(), StoreError> {
        let write = self.begin()?;
        let make = || {
            if write.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))? == 0 {
                write.execute_batch(SCHEMA)?;
                write.pragma_update(None, "application_id", APPLICATION_ID)?;
                write.pragma_update(None, "user_version", FORMAT)?;
            }
            Ok(())
        };
        make().map_err(|e| self.writing(e))?;
        write.commit()
    }

    /// Begins to write, as soon as no other process does.
    pub(super) fn begin(&self) -> Result<Write<'_>, StoreError> {
        self.patiently("BEGIN IMMEDIATE")?;
        Ok(Write { store: self, open: true })
    }

    /// Runs a statement that another process may hold up.
    pub(super) fn patiently(&self, sql: &str) -> Result<(), StoreError> {
        self.patient(|| self.connection.execute_batch(sql), |e| self.writing(e))
    }

    fn patient<T>(
        &self,
        mut attempt: impl FnMut() -> Result<T, rusqlite::Error>,
        failed: impl Fn(rusqlite::Error) -> StoreError,
    ) -> Result<T, StoreError> {
        let begun = Instant::now();
        let mut told = false;
        loop {
            match attempt() {
                Err(e) if busy(&e) => {
                    if begun.elapsed() >= self.wait.most {
                        let (path, seconds) = (self.path.clone(), self.wait.most.as_secs());
                        return Err(StoreError::Busy { path, seconds });
                    }
                    if !told && begun.elapsed() >= SILENCE {
                        told = true;
                        (self.wait.on_wait)(&self.path, self.wait.most);
                    }
                    // SQLite does not wait at every statement by itself
                    std::thread::sleep(PAUSE);
                }
                done => return done.map_err(failed),
            }
        }
    }

    /// Writes the file anew if anything went since that was done last, empties the log, and takes what went out of the indexes. `secure_delete` alone does not do:
    /// when SQLite balances its trees, rows that move leave copies behind in the unused part of a page.
    pub(super) fn scrub(&self) -> Result<bool, StoreError> {
        let times = "SELECT times FROM upkeep WHERE task = 'rewrite' AND times > done";
        let due = self.connection.query_row(times, [], |row| row.get::<_, i64>(0)).optional();
        let Some(times) = due.map_err(|e| self.reading(e))? else { return Ok(true) };
        self.patiently("VACUUM")?;
        let emptied = self.empty_log()? && self.derived.update(self, &mut |_, _| {})?;
        if emptied {
            // not what went since: that is another's to overwrite
            self.patiently(&format!("UPDATE upkeep SET done = max(done, {times}) WHERE task = 'rewrite'"))?;
            self.empty_log()?;
        }
        Ok(emptied)
    }

    /// Empties the log, where pages that went still lie; false where another process reads from it.
    pub(super) fn empty_log(&self) -> Result<bool, StoreError> {
        // a second is long enough for a search, and a person need not wait for a reader that stays
        for _ in 0..20 {
            let held = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
            match held {
                Ok(0) => return Ok(true),
                // another process that does the same is not waited for by SQLite
                Ok(_) => std::thread::sleep(PAUSE),
                Err(e) if busy(&e) => std::thread::sleep(PAUSE),
                Err(e) => return Err(self.writing(e)),
            }
        }
        Ok(false)
    }

    pub(super) fn reading(&self, source: rusqlite::Error) -> StoreError {
        database(&self.path, "read", source)
    }

    pub(super) fn writing(&self, source: rusqlite::Error) -> StoreError {
        database(&self.path, "written", source)
    }
}

/// `path` with `suffix` at the end of its name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
}

/// Names what was being done to the file; a full disk is an error of its own.
pub(super) fn database(path: &Path, doing: &'static str, source: rusqlite::Error) -> StoreError {
    let path = path.to_path_buf();
    match source.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => StoreError::Full { path, source: DatabaseError(source) },
        // a limit on the size of files is told so
        Some(rusqlite::ErrorCode::SystemIoFailure) if doing == "written" => {
            StoreError::Full { path, source: DatabaseError(source) }
        }
        _ => StoreError::Database { path, doing, source: DatabaseError(source) },
    }
}
