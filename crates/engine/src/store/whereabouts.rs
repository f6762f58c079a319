//! Where a text stands, and what could not be read: for a person who misses something.

use rusqlite::{Connection, Error, Row, params};
use unicode_normalization::char::{decompose_compatible, is_combining_mark};

use crate::types::{ChunkId, DocumentId, LedgerEntry, Outcome, Span, Unread};

/// The chunks of a document that hold some of `part`.
pub(super) fn chunks_at(connection: &Connection, id: DocumentId, part: Span) -> Result<Vec<ChunkId>, Error> {
    let sql = "SELECT chunk.id FROM document JOIN chunk ON chunk.content = document.content
               WHERE document.id = ?1 AND start < ?3 AND end > ?2 ORDER BY start";
    let ends = params![id.0, part.start as i64, part.end.min(usize::MAX >> 1) as i64];
    connection.prepare_cached(sql)?.query_map(ends, |row| row.get(0).map(ChunkId))?.collect()
}

/// The first places where documents hold `text`.
pub(super) fn occurrences(connection: &Connection, text: &str, most: usize) -> Result<Vec<(DocumentId, Span)>, Error> {
    let wanted = Plain::of(text).characters;
    let mut found = Vec::new();
    let sql = "SELECT min(document.id), text FROM content JOIN document ON document.content = content.id
               GROUP BY content.id ORDER BY 1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    while let (Some(row), true) = (rows.next()?, found.len() < most) {
        let places = Plain::of(row.get_ref(1)?.as_str()?).places(&wanted);
        found.extend(
            places.into_iter().take(most - found.len()).map(|place| (DocumentId(row.get(0).unwrap_or(0)), place)),
        );
    }
    Ok(found)
}

/// Files whose last line in the ledger says that they could not be read.
pub(super) fn failures(connection: &Connection) -> Result<Vec<LedgerEntry>, Error> {
    let sql = "SELECT origin, detail, max(id) FROM ledger WHERE origin <> '' GROUP BY origin HAVING outcome = 'failed'
               ORDER BY origin";
    let read = |row: &Row<'_>| Ok(LedgerEntry { origin: row.get(0)?, outcome: Outcome::Failed, detail: row.get(1)? });
    connection.prepare_cached(sql)?.query_map([], read)?.collect()
}

/// Documents of which pages gave no text.
pub(super) fn unread(connection: &Connection) -> Result<Vec<(String, Vec<Unread>)>, Error> {
    let sql = "SELECT origin, page, reason FROM document JOIN unread ON unread.content = document.content
               ORDER BY document.id, page";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let mut all: Vec<(String, Vec<Unread>)> = Vec::new();
    while let Some(row) = rows.next()? {
        let (origin, page): (String, Unread) = (row.get(0)?, Unread { page: row.get(1)?, reason: row.get(2)? });
        match all.last_mut().filter(|(last, _)| *last == origin) {
            Some((_, pages)) => pages.push(page),
            None => all.push((origin, vec![page])),
        }
    }
    Ok(all)
}

/// A text without what does not count: white space, case, width, marks on letters.
struct Plain {
    characters: Vec<char>,
    /// Of each character, the bytes it was made of.
    from: Vec<(usize, usize)>,
}

impl Plain {
    fn of(text: &str) -> Self {
        let mut plain = Self { characters: Vec::with_capacity(text.len()), from: Vec::with_capacity(text.len()) };
        for (at, whole) in text.char_indices() {
            decompose_compatible(whole, |part| {
                for part in part.to_lowercase().filter(|c| !c.is_whitespace() && !is_combining_mark(*c)) {
                    plain.characters.push(part);
                    plain.from.push((at, at + whole.len_utf8()));
                }
            });
        }
        plain
    }

    /// Where `wanted` stands, in bytes of the text; nowhere where it says nothing.
    fn places(&self, wanted: &[char]) -> Vec<Span> {
        if wanted.is_empty() {
            return Vec::new();
        }
        let windows = self.characters.windows(wanted.len()).enumerate();
        let here = windows.filter(|(_, window)| *window == wanted).map(|(at, _)| at);
        here.map(|at| Span::new(self.from[at].0, self.from[at + wanted.len() - 1].1)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_however_it_is_spaced_and_written() {
        let text = "The  Ｔoll\nfor a café: 赵州\n桥。";
        let at = |wanted: &str| Plain::of(text).places(&Plain::of(wanted).characters).first().and_then(|s| s.of(text));
        assert_eq!(at("toll for"), Some("Ｔoll\nfor"));
        assert_eq!(at("cafe"), Some("café"));
        assert_eq!(at("赵州桥"), Some("赵州\n桥"));
        assert_eq!((at("tool"), at("  ")), (None, None));
    }
}
