//! The indexes brought up to the file.

use std::io;
use std::path::Path;

use qiao_model::ivf::{Index, IvfError};
use rusqlite::Connection;

use super::super::postings::{Builder, Segment, merge};
use super::super::rows::space;
use super::super::sqlite::SqliteStore;
use super::state::{Entry, Moment, NewFile, Part, State};
use super::{Derived, Mapped, Range, try_lock, vectors, words};
use crate::error::StoreError;

/// Bytes of memory in which a segment is built at once.
const AT_ONCE: usize = 128 << 20;
/// A segment is merged with the one before it unless that is so many times as large.
const APART: u64 = 4;
/// How the files are called.
const WORDS: &str = "words";
const VECTORS: &str = "vectors";

impl Derived {
    /// How many chunks are in no index.
    pub(in crate::store) fn lacks(&self, store: &SqliteStore) -> Result<usize, StoreError> {
        if self.folder.is_none() {
            return Ok(0);
        }
        let count = || {
            let moment = store.connection.unchecked_transaction()?;
            let after = self.through(&moment)?;
            let sql = "SELECT count(*) FROM chunk WHERE id > ?1";
            moment.query_row(sql, [after], |row| row.get::<_, i64>(0))
        };
        count().map(|n| n as usize).map_err(|e| store.reading(e))
    }

    /// Builds all of it anew. False where another process is at it.
    pub(in crate::store) fn rebuild(&self, store: &SqliteStore) -> Result<bool, StoreError> {
        let Some(folder) = &self.folder else { return Ok(true) };
        let failed = |source| StoreError::File { path: folder.clone(), doing: "written", source };
        let Some(lock) = try_lock(folder).map_err(failed)? else { return Ok(false) };
        State::default().write(folder).map_err(failed)?;
        drop(lock);
        self.update(store, &mut |_, _| {})
    }

    /// Builds what is missing, leaves out what is gone, and removes what no longer counts. False where another process is at it.
    pub(in crate::store) fn update(
        &self,
        store: &SqliteStore,
        done: &mut dyn FnMut(usize, usize),
    ) -> Result<bool, StoreError> {
        let Some(folder) = &self.folder else { return Ok(true) };
        let failed = |source| StoreError::File { path: folder.clone(), doing: "written", source };
        let Some(_lock) = try_lock(folder).map_err(failed)? else { return Ok(false) };
        let moment = store.connection.unchecked_transaction().map_err(|e| store.reading(e))?;
        let mapped = Mapped::open(folder, State::read(folder)).unwrap_or_default();
        let mut update = Update { store, connection: &moment, folder, done };
        let (words, vectors) = (update.words(&mapped)?, update.vectors(&mapped)?);
        let state = State { words, vectors, ..State::default() };
        if state == mapped.state {
            return state.sweep(folder).map_err(failed).map(|()| true);
        }
        state.write(folder).map_err(failed)?;
        Ok(true)
    }
}

struct Update<'a> {
    store: &'a SqliteStore,
    connection: &'a Connection,
    folder: &'a Path,
    done: &'a mut dyn FnMut(usize, usize),
}

impl Update<'_> {
    fn words(&mut self, mapped: &Mapped) -> Result<Option<Part>, StoreError> {
        let reading = |e| self.store.reading(e);
        let moment = Moment::of(self.connection).map_err(reading)?;
        let known = mapped.state.words.as_ref();
        let gone = known.map_or(Ok(None), |part| part.moment.gone_since(self.connection)).map_err(reading)?;
        let (mut files, mut through) = match (known, &gone) {
            (Some(part), Some(gone)) => (self.without(part, gone, mapped)?, part.through),
            _ => (Vec::new(), 0),
        };
        let all: i64 = self
            .connection
            .query_row("SELECT count(*) FROM chunk WHERE id > ?1", [through], |row| row.get(0))
            .map_err(reading)?;
        let mut built = 0;
        loop {
            let mut builder = Builder::default();
            let last =
                words::add(self.connection, &(through + 1..=i64::MAX), &mut builder, AT_ONCE).map_err(reading)?;
            let Some(last) = last else { break };
            built += builder.len();
            through = last;
            let chunks = builder.len();
            files.push(self.write(WORDS, chunks, |file| builder.finish(file).map_err(|e| self.unwritten(e)))?);
            (self.done)(built, all as usize);
        }
        self.tidy(&mut files)?;
        Ok((!files.is_empty()).then_some(Part { moment, through, files }))
    }

    /// The files of a part, those written anew that held something which is gone.
    fn without(&self, part: &Part, gone: &[Range], mapped: &Mapped) -> Result<Vec<Entry>, StoreError> {
        let mut files = Vec::new();
        for (entry, file) in part.files.iter().zip(&mapped.words) {
            let segment = Segment::open(file.bytes()).map_err(|_| StoreError::Corrupt { what: "an index" })?;
            let Some(ends) = segment.ends() else { continue };
            match gone.iter().any(|range| range.start() <= ends.end() && ends.start() <= range.end()) {
                false => files.push(entry.clone()),
                true => files.extend(self.merged(&[segment], gone)?),
            }
        }
        Ok(files)
    }

    /// Merges the last files into one until each is some times as large as the next, so that there are few, and each chunk is
    /// written again few times.
    fn tidy(&self, files: &mut Vec<Entry>) -> Result<(), StoreError> {
        let mut from = files.len();
        let mut size = 0;
        while let Some(before) = from.checked_sub(1).and_then(|before| files.get(before)) {
            if size > 0 && before.chunks > size * APART {
                break;
            }
            size += before.chunks;
            from -= 1;
        }
        if files.len() - from < 2 {
            return Ok(());
        }
        let last = files.split_off(from);
        let state = State { words: Some(Part { files: last, ..Part::default() }), ..State::default() };
        let mapped = Mapped::open(self.folder, state).ok_or(StoreError::Corrupt { what: "an index" })?;
        let segments: Result<Vec<Segment<'_>>, _> =
            mapped.words.iter().map(|file| Segment::open(file.bytes())).collect();
        let segments = segments.map_err(|_| StoreError::Corrupt { what: "an index" })?;
        files.extend(self.merged(&segments, &[])?);
        Ok(())
    }

    /// One file of some segments, or none where nothing of them stays.
    fn merged(&self, segments: &[Segment<'_>], gone: &[Range]) -> Result<Option<Entry>, StoreError> {
        let entry = self.write(WORDS, 0, |file| merge(segments, gone, file).map_err(|e| self.unwritten(e)))?;
        let file = Mapped::map(self.folder, &entry).ok_or(StoreError::Corrupt { what: "an index" })?;
        let chunks = Segment::open(file.bytes()).map_or(0, |segment| segment.len());
        Ok((chunks > 0).then_some(Entry { chunks: chunks as u64, ..entry }))
    }

    fn vectors(&self, mapped: &Mapped) -> Result<Option<Part>, StoreError> {
        let reading = |e| self.store.reading(e);
        let number = |sql: &str| self.connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(reading);
        let chunks = number("SELECT count(*) FROM chunk")? as usize;
        let Some((_, encoder)) = space(self.connection).map_err(reading)?.filter(|_| chunks >= vectors::LEAST) else {
            return Ok(None);
        };
        let moment = Moment::of(self.connection).map_err(reading)?;
        let through = number("SELECT coalesce(max(id), 0) FROM chunk")?;
        let known = mapped.state.vectors.as_ref().zip(mapped.vectors.as_ref());
        let known = known.and_then(|(part, file)| Some((part, Index::open(file.bytes()).ok()?)));
        let gone = known.as_ref().map_or(Ok(None), |(part, _)| part.moment.gone_since(self.connection));
        let entry = match known.zip(gone.map_err(reading)?) {
            Some(((part, index), gone)) if !index.drifted() => {
                let late = chunks.saturating_sub(index.len());
                if gone.is_empty() && late <= vectors::MOST_LATE {
                    return Ok(Some(part.clone()));
                }
                let late = part.through + 1..=through;
                self.write(VECTORS, chunks, |file| {
                    vectors::rewrite(self.connection, (&index, &gone), &late, file).map_err(|e| self.failed(e))
                })?
            }
            _ => self.write(VECTORS, chunks, |file| {
                let shape = (encoder.dimension, chunks);
                vectors::build(self.connection, shape, file).map_err(|e| self.failed(e))
            })?,
        };
        Ok(Some(Part { moment, through, files: vec![entry] }))
    }

    fn write(
        &self,
        kind: &str,
        chunks: usize,
        fill: impl FnOnce(&mut NewFile) -> Result<(), StoreError>,
    ) -> Result<Entry, StoreError> {
        let mut file = NewFile::create(self.folder, kind).map_err(|e| self.unwritten(e))?;
        fill(&mut file)?;
        file.finish(kind, chunks).map_err(|e| self.unwritten(e))
    }

    fn failed(&self, failed: vectors::Failed) -> StoreError {
        match failed {
            vectors::Failed::Read(e) => self.store.reading(e),
            vectors::Failed::Index(IvfError::Write(e)) => self.unwritten(e),
            vectors::Failed::Index(_) => StoreError::Corrupt { what: "a vector" },
        }
    }

    fn unwritten(&self, source: io::Error) -> StoreError {
        StoreError::File { path: self.folder.to_path_buf(), doing: "written", source }
    }
}
