//! Vectors of the file into an index that finds the near ones.

use std::io::Write;
use std::num::NonZeroUsize;

use qiao_model::ivf::{Index, IvfError, Sample, Writer};
use rusqlite::Connection;

use super::super::rows::numbers;
use super::Range;

/// Chunks from which on there is an index of their vectors: below, comparing all takes some milliseconds.
pub(super) const LEAST: usize = 20_000;

/// Chunks that may have come after the index before they are put into it: to compare them all takes some milliseconds, to write the
/// index anew half a second for a million.
pub(super) const MOST_LATE: usize = 1024;

/// An index could not be built.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    /// The file could not be read.
    #[error(transparent)]
    Read(#[from] rusqlite::Error),
    /// The index could not be made or written.
    #[error(transparent)]
    Index(#[from] IvfError),
}

/// Writes an index of all vectors of chunks, of which there are about `expected`.
pub(super) fn build(
    connection: &Connection,
    (dimension, expected): (usize, usize),
    out: &mut dyn Write,
) -> Result<(), Failed> {
    let mut sample = Sample::new(dimension, expected)?;
    each(connection, &(0..=i64::MAX), &mut |id, vector| match sample.wants(id) {
        true => sample.push(id, vector),
        false => Ok(()),
    })?;
    let mut writer = Writer::new(sample.train(threads()), threads());
    each(connection, &(0..=i64::MAX), &mut |id, vector| writer.push(id, vector))?;
    Ok(writer.finish(out)?)
}

/// Writes what an index holds, without what is gone, and the vectors of a range of chunks.
pub(super) fn rewrite(
    connection: &Connection,
    (index, gone): (&Index<'_>, &[Range]),
    late: &Range,
    out: &mut dyn Write,
) -> Result<(), Failed> {
    let mut writer = Writer::onto(index, gone, threads());
    each(connection, late, &mut |id, vector| writer.push(id, vector))?;
    Ok(writer.finish(out)?)
}

fn threads() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// What becomes of a chunk's vector.
type Take<'t> = dyn FnMut(i64, &[f32]) -> Result<(), IvfError> + 't;

/// Calls `take` with each chunk of a range and its vector, by ascending chunks.
fn each(connection: &Connection, range: &Range, take: &mut Take<'_>) -> Result<(), Failed> {
    let sql = "SELECT chunk.id, numbers FROM chunk JOIN vector ON vector.id = chunk.vector
               WHERE chunk.id BETWEEN ?1 AND ?2 ORDER BY chunk.id";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([range.start(), range.end()])?;
    let mut vector = Vec::new();
    while let Some(row) = rows.next()? {
        numbers(row, 1, &mut vector)?;
        take(row.get(0)?, &vector)?;
    }
    Ok(())
}
