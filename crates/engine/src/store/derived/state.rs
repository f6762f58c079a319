//! What stands in the folder beside a knowledge base, and of which moment of it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Error, OptionalExtension};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The file that says which others count.
const STATE: &str = "state";
/// How unfinished files are called.
const UNFINISHED: &str = ".part";
/// Raised when the state, or what words are made of, comes to mean something else: then all is built anew.
pub(super) const FORMAT: u32 = 1;

/// All that counts in the folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) format: u32,
    /// Segments of the lexical index, by ascending chunks.
    pub(super) words: Option<Part>,
    /// The vector index, where there is one.
    pub(super) vectors: Option<Part>,
}

/// One of the two indexes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    /// What it is up to.
    pub(super) moment: Moment,
    /// Chunks up to this number are in it.
    pub(super) through: i64,
    /// Its files.
    pub(super) files: Vec<Entry>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// In the folder.
    pub(super) name: String,
    /// Its length.
    pub(super) bytes: u64,
    /// SHA-256, hexadecimal.
    pub(super) sha256: String,
    /// Chunks in it.
    pub(super) chunks: u64,
}

/// A point in the history of a knowledge base: a row of `change`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Moment {
    id: i64,
    stamp: i64,
}

impl Moment {
    /// Of what the connection sees.
    pub(super) fn of(connection: &Connection) -> Result<Self, Error> {
        let sql = "SELECT id, stamp FROM change ORDER BY id DESC LIMIT 1";
        let read = |row: &rusqlite::Row<'_>| Ok(Self { id: row.get(0)?, stamp: row.get(1)? });
        Ok(connection.query_row(sql, [], read).optional()?.unwrap_or(Self { id: 0, stamp: 0 }))
    }

    /// The chunks that are gone since then, sorted and disjoint; `None` where the connection sees a file whose history does
    /// not hold this moment, or not any more.
    pub(super) fn gone_since(self, connection: &Connection) -> Result<Option<Vec<RangeInclusive<i64>>>, Error> {
        let known = "SELECT EXISTS (SELECT 1 FROM change WHERE id = ?1 AND stamp = ?2)";
        if !connection.prepare_cached(known)?.query_row([self.id, self.stamp], |row| row.get(0))? {
            return Ok(None);
        }
        let sql = "SELECT first, last FROM change WHERE id > ?1 AND first IS NOT NULL ORDER BY first";
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map([self.id], |row| Ok(row.get::<_, i64>(0)?..=row.get(1)?))?;
        Ok(Some(joined(rows.collect::<Result<Vec<_>, _>>()?)))
    }
}

/// Ranges, sorted by their beginnings, that touch or overlap become one.
pub(in crate::store) fn joined(sorted: Vec<RangeInclusive<i64>>) -> Vec<RangeInclusive<i64>> {
    let mut all: Vec<RangeInclusive<i64>> = Vec::with_capacity(sorted.len());
    for range in sorted {
        match all.last_mut() {
            Some(last) if *range.start() <= last.end().saturating_add(1) => {
                *last = *last.start()..=*last.end().max(range.end());
            }
            _ => all.push(range),
        }
    }
    all
}

/// What of some sorted, disjoint ranges lies in another.
pub(in crate::store) fn within(ranges: &[RangeInclusive<i64>], one: &RangeInclusive<i64>) -> Vec<RangeInclusive<i64>> {
    let from = ranges.partition_point(|range| range.end() < one.start());
    let parts = ranges[from..].iter().take_while(|range| range.start() <= one.end());
    parts.map(|range| *range.start().max(one.start())..=*range.end().min(one.end())).collect()
}

impl Default for State {
    /// Nothing.
    fn default() -> Self {
        Self { format: FORMAT, words: None, vectors: None }
    }
}

impl State {
    /// What the folder says; nothing where it says nothing, or what it says is torn or of another format.
    pub(super) fn read(folder: &Path) -> Self {
        fs::read(folder.join(STATE)).ok().and_then(|bytes| Self::parse(&bytes)).unwrap_or_default()
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (digest, json) = bytes.split_at_checked(64)?;
        if hex(&Sha256::digest(json)).as_bytes() != digest {
            return None;
        }
        serde_json::from_slice(json).ok().filter(|state: &Self| state.format == FORMAT)
    }

    /// Makes this what counts, for certain, then removes every other file.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        let json = serde_json::to_vec(self)?;
        let unfinished = folder.join(format!("{STATE}{UNFINISHED}"));
        let mut file = File::create(&unfinished)?;
        file.write_all(hex(&Sha256::digest(&json)).as_bytes())?;
        file.write_all(&json)?;
        file.sync_all()?;
        fs::rename(&unfinished, folder.join(STATE))?;
        if cfg!(unix) {
            File::open(folder)?.sync_all()?;
        }
        self.sweep(folder)
    }

    /// Removes what does not count.
    pub(super) fn sweep(&self, folder: &Path) -> io::Result<()> {
        let own: BTreeSet<&str> = self.entries().map(|entry| entry.name.as_str()).chain([STATE, super::LOCK]).collect();
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            if !name.to_str().is_some_and(|name| own.contains(name)) {
                fs::remove_file(folder.join(name))?;
            }
        }
        Ok(())
    }

    /// All files that count.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        [&self.words, &self.vectors].into_iter().flatten().flat_map(|part| &part.files)
    }
}

/// A file that is being written: kept only once it is whole.
pub(super) struct NewFile {
    folder: PathBuf,
    unfinished: PathBuf,
    file: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
}

impl NewFile {
    /// Begins a file; `kind` is how its name begins.
    pub(super) fn create(folder: &Path, kind: &str) -> io::Result<Self> {
        let unfinished = folder.join(format!("{kind}{UNFINISHED}"));
        let file = BufWriter::with_capacity(1 << 18, File::create(&unfinished)?);
        Ok(Self { folder: folder.to_path_buf(), unfinished, file, hash: Sha256::new(), bytes: 0 })
    }

    /// Gives it a name that follows from its bytes; on the disk for certain when it returns.
    pub(super) fn finish(mut self, kind: &str, chunks: usize) -> io::Result<Entry> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        let sha256 = hex(&self.hash.finalize());
        let name = format!("{kind}-{}", &sha256[..16]);
        fs::rename(&self.unfinished, self.folder.join(&name))?;
        Ok(Entry { name, bytes: self.bytes, sha256, chunks: chunks as u64 })
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_touch_are_joined() {
        assert_eq!(joined(vec![1..=2, 3..=4, 6..=9, 7..=8, 20..=i64::MAX, 30..=31]), [1..=4, 6..=9, 20..=i64::MAX]);
    }

    #[test]
    fn what_lies_within_is_cut_to_it() {
        assert_eq!(within(&[1..=4, 6..=9, 20..=30], &(3..=25)), [3..=4, 6..=9, 20..=25]);
        assert_eq!(within(&[1..=4], &(5..=9)), []);
    }

    #[test]
    fn a_torn_state_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let part = Part { moment: Moment { id: 3, stamp: -7 }, through: 9, files: Vec::new() };
        let state = State { words: Some(part), ..State::default() };
        state.write(folder.path()).unwrap();
        let file = folder.path().join(STATE);
        let bytes = fs::read(&file).unwrap();
        assert_eq!(State::read(folder.path()).words, state.words);
        for end in [0, 63, 64, bytes.len() - 1] {
            fs::write(&file, &bytes[..end]).unwrap();
            assert_eq!(State::read(folder.path()), State::default());
        }
    }

    #[test]
    fn what_does_not_count_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let mut new = NewFile::create(folder.path(), "words").unwrap();
        new.write_all(b"all of it").unwrap();
        let entry = new.finish("words", 1).unwrap();
        assert_eq!((entry.bytes, &entry.sha256[..]), (9, &hex(&Sha256::digest(b"all of it"))[..]));
        drop(NewFile::create(folder.path(), "words").unwrap());
        let part = |files| Some(Part { moment: Moment { id: 1, stamp: 1 }, through: 1, files });
        State { words: part(vec![entry]), ..State::default() }.write(folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        State { words: part(Vec::new()), ..State::default() }.write(folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
