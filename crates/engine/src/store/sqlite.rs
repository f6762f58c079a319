use std::path::{Path, PathBuf};
use std::time::Duration;

use qiao_model::EncoderId;
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use crate::error::{DatabaseError, StoreError};

/// "qiao" in ASCII: how the file says whose it is.
const APPLICATION_ID: i64 = 0x7169_616f;
/// The latest format this program writes and reads.
const FORMAT: i64 = 1;
/// How long a writer waits for another one.
const PATIENCE: Duration = Duration::from_secs(10);

/// A knowledge base in a SQLite file: WAL, `synchronous = FULL`, deleted content overwritten.
#[derive(Debug)]
pub struct SqliteStore {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
}

impl SqliteStore {
    /// Opens `path`, and makes it where there is none.
    ///
    /// # Errors
    /// When the file is another program's, of a later format, or cannot be opened.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .map_err(|source| StoreError::Folder { path: folder.to_path_buf(), source })?;
        }
        Self::open_with(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
    }

    /// Opens `path`, or says `None` where there is no such file.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn open_existing(path: &Path) -> Result<Option<Self>, StoreError> {
        match path.exists() {
            true => Self::open_with(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map(Some),
            false => Ok(None),
        }
    }

    /// A knowledge base that is gone with the value: for stages that keep nothing.
    ///
    /// # Errors
    /// When SQLite cannot be started.
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::open_with(Path::new(":memory:"), OpenFlags::SQLITE_OPEN_READ_WRITE)
    }

    fn open_with(path: &Path, flags: OpenFlags) -> Result<Self, StoreError> {
        let failed = |source| database(path, "opened", source);
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        let mut store = Self { connection, path: path.to_path_buf() };
        store.prepare()?;
        Ok(store)
    }

    fn prepare(&mut self) -> Result<(), StoreError> {
        let path = self.path.clone();
        let failed = |source: rusqlite::Error| match source.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => StoreError::Foreign { path: path.clone() },
            _ => database(&path, "opened", source),
        };
        let read = |name| self.connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
        let (owner, format) = (read("application_id").map_err(failed)?, read("user_version").map_err(failed)?);
        let tables: i64 =
            self.connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(failed)?;
        if owner != APPLICATION_ID && (owner != 0 || tables > 0) {
            return Err(StoreError::Foreign { path });
        }
        if format > FORMAT {
            return Err(StoreError::Newer { path, found: format, known: FORMAT });
        }
        self.use_wal().map_err(failed)?;
        self.connection
            .execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;")
            .map_err(failed)?;
        if format == 0 { self.create().map_err(failed) } else { Ok(()) }
    }

    /// Switches to the write-ahead log. SQLite does not wait for another process at this one statement, so this does.
    fn use_wal(&self) -> Result<(), rusqlite::Error> {
        let switch = || self.connection.execute_batch("PRAGMA journal_mode = WAL");
        let pause = Duration::from_millis(50);
        for _ in 0..PATIENCE.as_millis() / pause.as_millis() {
            match switch() {
                Err(e) if e.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => std::thread::sleep(pause),
                done => return done,
            }
        }
        switch()
    }

    /// Makes the tables, unless another process did so first.
    fn create(&mut self) -> Result<(), rusqlite::Error> {
        let make = self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        if make.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))? == 0 {
            make.execute_batch(include_str!("schema.sql"))?;
            make.pragma_update(None, "application_id", APPLICATION_ID)?;
            make.pragma_update(None, "user_version", FORMAT)?;
        }
        make.commit()
    }

    pub(super) fn reading(&self, source: rusqlite::Error) -> StoreError {
        database(&self.path, "read", source)
    }

    pub(super) fn writing(&self, source: rusqlite::Error) -> StoreError {
        database(&self.path, "written", source)
    }
}

/// Names what was being done to the file; a lock held by another process is an error of its own.
pub(super) fn database(path: &Path, doing: &'static str, source: rusqlite::Error) -> StoreError {
    let path = path.to_path_buf();
    match source.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseBusy) => StoreError::Busy { path, seconds: PATIENCE.as_secs() },
        _ => StoreError::Database { path, doing, source: DatabaseError(source) },
    }
}

/// The one space of a knowledge base: its row and encoder.
pub(super) fn space(connection: &Connection) -> Result<Option<(i64, EncoderId)>, rusqlite::Error> {
    let row = connection.query_row("SELECT id, encoder FROM space ORDER BY id LIMIT 1", [], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
    });
    let Some((id, json)) = row.optional()? else { return Ok(None) };
    let encoder = serde_json::from_str(&json)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, Box::new(e)))?;
    Ok(Some((id, encoder)))
}
