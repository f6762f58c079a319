//! Rows into what they mean: functions over a connection, whatever transaction it is in.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek, SeekFrom};

use qiao_model::{EncoderId, Receipt};
use rusqlite::types::Type;
use rusqlite::{Connection, Error, OptionalExtension, Row, params};

use crate::types::{
    Anchor, Content, ContentHash, DocumentId, DocumentSummary, Labels, Media, Metadata, Place, Rect, Section, Span,
    Unread,
};

/// The one space of a knowledge base: its row and encoder.
pub(super) fn space(connection: &Connection) -> Result<Option<(i64, EncoderId)>, Error> {
    let row = connection.query_row("SELECT id, encoder FROM space ORDER BY id LIMIT 1", [], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
    });
    let Some((id, json)) = row.optional()? else { return Ok(None) };
    let encoder =
        serde_json::from_str(&json).map_err(|e| Error::FromSqlConversionFailure(1, Type::Text, Box::new(e)))?;
    Ok(Some((id, encoder)))
}

/// A content whole.
pub(super) fn content(connection: &Connection, id: i64) -> Result<Content, Error> {
    let section = |row: &Row<'_>| Ok(Section { heading: span(row, 0)?, level: row.get(2)? });
    let unread = |row: &Row<'_>| Ok(Unread { page: row.get(0)?, reason: row.get(1)? });
    let sql = "SELECT start, end, level FROM section WHERE content = ?1 ORDER BY start";
    let sections = all(connection, sql, id, section)?;
    let sql = "SELECT start, end FROM furniture WHERE content = ?1 ORDER BY start";
    let furniture = all(connection, sql, id, |row| span(row, 0))?;
    let unread = all(connection, "SELECT page, reason FROM unread WHERE content = ?1 ORDER BY page", id, unread)?;
    let properties = metadata(connection, PROPERTIES, id)?;
    let anchors = anchors(connection, id, Span::new(0, usize::MAX >> 1))?;
    connection.query_row("SELECT media, title, language, pages, text FROM content WHERE id = ?1", [id], |row| {
        let (title, language, pages) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let (media, text) = (media(row, 0)?, row.get(4)?);
        Ok(Content { media, title, language, pages, text, sections, furniture, anchors, unread, properties })
    })
}

/// What a file says of itself.
const PROPERTIES: &str = "SELECT key, value FROM property WHERE content = ?1 ORDER BY key, place";

/// The rows that `sql` gives for the number `of`.
fn all<T>(
    connection: &Connection,
    sql: &str,
    of: i64,
    read: impl FnMut(&Row<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    connection.prepare_cached(sql)?.query_map([of], read)?.collect()
}

/// Keys with their values, as `sql` orders them.
fn metadata(connection: &Connection, sql: &str, of: i64) -> Result<Metadata, Error> {
    let mut found = Metadata::new();
    for (key, value) in all(connection, sql, of, |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))? {
        found.entry(key).or_default().push(value);
    }
    Ok(found)
}

/// What a person says of a document.
pub(super) fn labels(connection: &Connection, document: i64) -> Result<Labels, Error> {
    let tags = all(connection, "SELECT name FROM tag WHERE document = ?1", document, |row| row.get(0))?;
    let sql = "SELECT key, value FROM metadata WHERE document = ?1 ORDER BY key, place";
    Ok(Labels { tags: tags.into_iter().collect(), metadata: metadata(connection, sql, document)? })
}

/// A part of a content's text, read in place: the text of a long document is never loaded for one chunk.
pub(super) fn text(connection: &Connection, content: i64, span: Span) -> Result<String, Error> {
    let corrupt = |e: std::io::Error| Error::FromSqlConversionFailure(0, Type::Text, Box::new(e));
    let mut blob = connection.blob_open("main", "content", "text", content, true)?;
    if span.end > blob.len() {
        return Err(Error::IntegralValueOutOfRange(1, span.end as i64));
    }
    let mut bytes = vec![0; span.len()];
    blob.seek(SeekFrom::Start(span.start as u64)).map_err(corrupt)?;
    blob.read_exact(&mut bytes).map_err(corrupt)?;
    String::from_utf8(bytes).map_err(|e| Error::Utf8Error(0, e.utf8_error()))
}

/// The anchors that overlap `part`; they are disjoint, so only one may begin before it.
pub(super) fn anchors(connection: &Connection, content: i64, part: Span) -> Result<Vec<Anchor>, Error> {
    let sql = "SELECT start, end, page, x0, y0, x1, y1, line FROM anchor WHERE content = ?1 AND start < ?3
               AND start >= coalesce((SELECT max(start) FROM anchor WHERE content = ?1 AND start <= ?2), 0)
               ORDER BY start";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(params![content, part.start as i64, part.end as i64], anchor)?;
    rows.collect()
}

/// A document without what is said of it, and the number of its content.
const SUMMARY: &str = "SELECT document.id, origin, hash, media, title, language, pages, added_at, octet_length(text),
                              (SELECT count(*) FROM chunk WHERE chunk.content = content.id), content.id
                       FROM document JOIN content ON content.id = document.content";

/// All documents, by ascending number.
pub(super) fn summaries(connection: &Connection) -> Result<Vec<DocumentSummary>, Error> {
    let mut tags: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    for (document, name) in rows(connection, "SELECT document, name FROM tag", |row| Ok((row.get(0)?, row.get(1)?)))? {
        tags.entry(document).or_default().insert(name);
    }
    let mut said =
        metadata_of_all(connection, "SELECT document, key, value FROM metadata ORDER BY document, key, place")?;
    let properties =
        metadata_of_all(connection, "SELECT content, key, value FROM property ORDER BY content, key, place")?;
    let sql = format!("{SUMMARY} ORDER BY document.id");
    let found = rows(connection, &sql, bare_summary)?;
    let labelled = |(summary, content): (DocumentSummary, i64)| {
        let (tags, metadata) = (tags.remove(&summary.id.0), said.remove(&summary.id.0));
        let own = Labels { tags: tags.unwrap_or_default(), metadata: metadata.unwrap_or_default() };
        labelled(summary, own, properties.get(&content).cloned().unwrap_or_default())
    };
    Ok(found.into_iter().map(labelled).collect())
}

fn rows<T>(
    connection: &Connection,
    sql: &str,
    read: impl FnMut(&Row<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    connection.prepare_cached(sql)?.query_map([], read)?.collect()
}

fn metadata_of_all(connection: &Connection, sql: &str) -> Result<BTreeMap<i64, Metadata>, Error> {
    let mut found: BTreeMap<i64, Metadata> = BTreeMap::new();
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    for (of, key, value) in rows(connection, sql, read)? {
        found.entry(of).or_default().entry(key).or_default().push(value);
    }
    Ok(found)
}

/// The first `most` documents of these bytes, read as `media`, by ascending number.
pub(super) fn holders(
    connection: &Connection,
    bytes: &ContentHash,
    media: Media,
    most: i64,
) -> Result<Vec<DocumentSummary>, Error> {
    let sql = "SELECT document.id FROM document JOIN content ON content.id = content
               WHERE hash = ?1 AND media = ?2 ORDER BY document.id LIMIT ?3";
    let mut find = connection.prepare_cached(sql)?;
    let ids = find
        .query_map(params![bytes.as_str(), media.name(), most], |row| row.get::<_, i64>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    ids.into_iter().filter_map(|id| summary(connection, id).transpose()).collect()
}

/// One document, or `None`.
pub(super) fn summary(connection: &Connection, id: i64) -> Result<Option<DocumentSummary>, Error> {
    let sql = format!("{SUMMARY} WHERE document.id = ?1");
    let found = connection.prepare_cached(&sql)?.query_row([id], bare_summary).optional()?;
    let Some((summary, content)) = found else { return Ok(None) };
    let (own, properties) = (labels(connection, id)?, metadata(connection, PROPERTIES, content)?);
    Ok(Some(labelled(summary, own, properties)))
}

/// A row of [`SUMMARY`].
fn bare_summary(row: &Row<'_>) -> Result<(DocumentSummary, i64), Error> {
    let summary = DocumentSummary {
        id: DocumentId(row.get(0)?),
        origin: row.get(1)?,
        content_hash: ContentHash::from_stored(row.get(2)?),
        media: media(row, 3)?,
        title: row.get(4)?,
        language: row.get(5)?,
        pages: row.get(6)?,
        added_at: row.get(7)?,
        text_bytes: row.get::<_, i64>(8)? as u64,
        chunks: row.get::<_, i64>(9)? as u64,
        tags: Vec::new(),
        metadata: Metadata::new(),
    };
    Ok((summary, row.get(10)?))
}

/// With what the file says of itself, and over it what a person says.
fn labelled(mut summary: DocumentSummary, mut own: Labels, mut properties: Metadata) -> DocumentSummary {
    own.tags.extend(properties.remove(TAGS).unwrap_or_default());
    summary.tags = own.tags.into_iter().collect();
    properties.extend(own.metadata);
    summary.metadata = properties;
    summary
}

/// The property of a file that holds its tags.
const TAGS: &str = "tags";

/// The numbers of a vector.
pub(super) fn numbers(row: &Row<'_>, column: usize, into: &mut Vec<f32>) -> Result<(), Error> {
    let bytes = row.get_ref(column)?.as_blob()?;
    let (numbers, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(Error::InvalidColumnType(column, "numbers".into(), Type::Blob));
    }
    into.clear();
    into.extend(numbers.iter().map(|number| f32::from_le_bytes(*number)));
    Ok(())
}

/// Tokens, dropped, unknown.
pub(super) fn receipt(row: &Row<'_>, first: usize) -> Result<Receipt, Error> {
    let count = |at| row.get::<_, i64>(at).map(|n| usize::try_from(n).unwrap_or(0));
    Ok(Receipt { tokens: count(first)?, dropped: count(first + 1)?, unknown: count(first + 2)? })
}

pub(super) fn span(row: &Row<'_>, first: usize) -> Result<Span, Error> {
    let place = |at| {
        let number = row.get::<_, i64>(at)?;
        usize::try_from(number).map_err(|_| Error::IntegralValueOutOfRange(at, number))
    };
    Ok(Span::new(place(first)?, place(first + 1)?))
}

pub(super) fn media(row: &Row<'_>, column: usize) -> Result<Media, Error> {
    let name: String = row.get(column)?;
    Media::from_name(&name).ok_or_else(|| Error::InvalidColumnType(column, "media".into(), Type::Text))
}

fn anchor(row: &Row<'_>) -> Result<Anchor, Error> {
    let place = match row.get::<_, Option<u32>>(2)? {
        Some(page) => {
            let rect = Rect { x0: row.get(3)?, y0: row.get(4)?, x1: row.get(5)?, y1: row.get(6)? };
            Place::Box { page, rect }
        }
        None => Place::Line { line: row.get(7)? },
    };
    Ok(Anchor { span: span(row, 0)?, place })
}
