//! Chunks of the file into segments of the lexical index.

use rusqlite::{Connection, Error};

use super::super::postings::{Bm25, Builder};
use super::super::rows::{self, span};
use super::Range;
use crate::language::{B, K1, counted};

/// Those that terms and their weights were chosen with.
pub(in crate::store) const CONSTANTS: Bm25 = Bm25 { k1: K1, b: B };

/// What of a chunk is searched by words: its text, and above it those of its headings that do not stand in it.
pub(in crate::store) fn searchable(text: &str, headings: &[String]) -> String {
    let above = headings.iter().filter(|heading| !text.contains(heading.as_str()));
    above.map(String::as_str).chain([text]).collect::<Vec<_>>().join("\n")
}

/// A segment of all chunks after `after`, in memory.
pub(super) fn in_memory(connection: &Connection, after: i64) -> Result<Vec<u8>, Error> {
    let mut builder = Builder::default();
    add(connection, &(after.saturating_add(1)..=i64::MAX), &mut builder, usize::MAX)?;
    let mut bytes = Vec::new();
    builder.finish(&mut bytes).map_err(|e| Error::ToSqlConversionFailure(Box::new(e)))?;
    Ok(bytes)
}

/// Adds chunks of a range to a segment that is to be, until that takes some number of bytes of memory. Returns the last one's number, or
/// `None` where there was none.
pub(super) fn add(
    connection: &Connection,
    range: &Range,
    builder: &mut Builder,
    most: usize,
) -> Result<Option<i64>, Error> {
    let sql = "SELECT id, content, start, end, heading_path FROM chunk WHERE id BETWEEN ?1 AND ?2 ORDER BY id";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([range.start(), range.end()])?;
    let mut last = None;
    while builder.bytes() < most {
        let Some(row) = rows.next()? else { break };
        let text = rows::text(connection, row.get(1)?, span(row, 2)?)?;
        let headings: Vec<String> = serde_json::from_str(row.get_ref(4)?.as_str()?).unwrap_or_default();
        let counted = counted(&searchable(&text, &headings));
        let id = row.get(0)?;
        builder.add(id, counted.length(), counted.iter().map(|(term, count)| (term.as_bytes(), count)));
        last = Some(id);
    }
    Ok(last)
}
