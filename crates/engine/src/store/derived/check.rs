//! Whether the indexes say what the file says.

use std::fs::File;
use std::io;
use std::path::Path;

use rusqlite::{Connection, Error, params};

use super::super::portable::hash;
use super::super::postings::{Builder, Segment, merge};
use super::state::{State, hex};
use super::{Derived, Mapped, Range, words};

/// Chunks that are compared at once.
const AT_ONCE: i64 = 1 << 15;

impl Derived {
    /// What is wrong with the indexes, for a person; nothing where there are none.
    pub(in crate::store) fn faults(&self, connection: &Connection) -> Result<Vec<String>, Error> {
        let Some(folder) = self.folder.as_ref().filter(|folder| folder.exists()) else { return Ok(Vec::new()) };
        let state = State::read(folder);
        let mut faults = Vec::new();
        for entry in state.entries() {
            let path = folder.join(&entry.name);
            if digest(&path).ok().as_ref() != Some(&entry.sha256) {
                faults.push(format!("{} is not what was written", path.display()));
            }
        }
        let Some(part) = state.words.as_ref().filter(|_| faults.is_empty()) else { return Ok(faults) };
        // one of another history is of no use, and does no harm
        let Some(gone) = part.moment.gone_since(connection)? else { return Ok(faults) };
        let through = part.through;
        let Some(mapped) = Mapped::open(folder, state) else {
            faults.push(format!("{} cannot be read", folder.display()));
            return Ok(faults);
        };
        let segments: Vec<Segment<'_>> =
            mapped.words.iter().filter_map(|file| Segment::open(file.bytes()).ok()).collect();
        if let Some(range) = differs(connection, &segments, &gone, through)? {
            let (first, last) = (range.start(), range.end());
            faults.push(format!("the lexical index is not that of the chunks {first} to {last}"));
        }
        Ok(faults)
    }
}

/// The first chunks whose words are not those of the segments.
fn differs(
    connection: &Connection,
    segments: &[Segment<'_>],
    gone: &[Range],
    through: i64,
) -> Result<Option<Range>, Error> {
    let mut first = 0;
    while first <= through {
        let sql = "SELECT max(id) FROM (SELECT id FROM chunk WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT ?3)";
        let last: Option<i64> = connection.query_row(sql, params![first, through, AT_ONCE], |row| row.get(0))?;
        // the last also has what the segments hold and the file does not
        let last = last.filter(|last| *last < through).unwrap_or(through);
        let mut builder = Builder::default();
        words::add(connection, &(first..=last), &mut builder, usize::MAX)?;
        let written = |e: io::Error| Error::ToSqlConversionFailure(Box::new(e));
        let (mut own, mut indexed) = (Vec::new(), Vec::new());
        builder.finish(&mut own).map_err(written)?;
        let mut outside: Vec<Range> = vec![i64::MIN..=first - 1, last + 1..=i64::MAX];
        outside.extend(gone.iter().cloned());
        outside.sort_by_key(|range| *range.start());
        merge(segments, &super::joined(outside), &mut indexed).map_err(written)?;
        if own != indexed {
            return Ok(Some(first..=last));
        }
        first = last + 1;
    }
    Ok(None)
}

fn digest(path: &Path) -> io::Result<String> {
    hash(File::open(path)?).map(|hash| hex(&hash))
}
