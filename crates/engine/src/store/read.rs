//! The reading half: one read transaction, so that everything read through it is of one moment.

use std::io::{Read, Seek, SeekFrom};

use qiao_model::{TopK, dot};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::sqlite::{SqliteStore, space};
use crate::error::StoreError;
use crate::seams::{Filter, FoundChunk, Nearest, Snapshot};
use crate::types::{
    Anchor, Chunk, ChunkId, Content, ContentHash, Document, DocumentId, DocumentSummary, Embedding, Locator, Media,
    Piece, Place, Rect, Section, Span, Unread,
};

pub(super) struct SqliteSnapshot<'a> {
    store: &'a SqliteStore,
    transaction: Transaction<'a>,
}

impl<'a> SqliteSnapshot<'a> {
    pub(super) fn new(store: &'a SqliteStore) -> Result<Self, StoreError> {
        let transaction = store.connection.unchecked_transaction().map_err(|e| store.reading(e))?;
        Ok(Self { store, transaction })
    }

    fn read<T>(&self, result: Result<T, rusqlite::Error>) -> Result<T, StoreError> {
        result.map_err(|e| self.store.reading(e))
    }

    fn scan(&self, query: &Embedding, k: usize, filter: &Filter) -> Result<Option<Nearest>, rusqlite::Error> {
        let Some((space, _)) = space(&self.transaction)? else { return Ok(None) };
        let mut best = TopK::new(k);
        let mut compared = 0;
        let mut numbers = vec![0f32; query.vector().len()];
        let sql = "SELECT chunk.id, vector.numbers FROM chunk JOIN vector ON vector.id = chunk.vector
                   WHERE vector.space = ?1 AND (?2 IS NULL OR chunk.document = ?2)";
        let mut statement = self.transaction.prepare(sql)?;
        let documents: Vec<Option<i64>> = match filter {
            Filter::All => vec![None],
            Filter::Documents(ids) => ids.iter().map(|id| Some(id.0)).collect(),
        };
        for document in documents {
            let mut rows = statement.query(params![space, document])?;
            while let Some(row) = rows.next()? {
                let bytes = row.get_ref(1)?.as_blob()?;
                if bytes.len() != numbers.len() * 4 {
                    return Err(rusqlite::Error::InvalidColumnType(1, "numbers".into(), rusqlite::types::Type::Blob));
                }
                for (n, b) in numbers.iter_mut().zip(bytes.chunks_exact(4)) {
                    *n = f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
                }
                best.push(ChunkId(row.get(0)?), dot(query.vector(), &numbers));
                compared += 1;
            }
        }
        Ok(Some(Nearest { scored: best.into_sorted(), compared }))
    }

    fn chunk(&self, id: ChunkId) -> Result<FoundChunk, rusqlite::Error> {
        let sql = "SELECT document, start, end, tokens, heading_path, origin FROM chunk
                   JOIN document ON document.id = chunk.document WHERE chunk.id = ?1";
        let (document, span, tokens, path, origin) =
            self.transaction.prepare_cached(sql)?.query_row([id.0], |row| {
                let span = span(row, 1)?;
                Ok((DocumentId(row.get(0)?), span, row.get::<_, i64>(3)?, row.get::<_, String>(4)?, row.get(5)?))
            })?;
        let heading_path = serde_json::from_str(&path).unwrap_or_default();
        let locator = Locator::of(span, &self.anchors(document, span)?);
        let text = self.text(document, span)?;
        let piece = Piece { span, heading_path, tokens: tokens as usize };
        Ok(FoundChunk { chunk: Chunk { id, document, piece }, origin, text, locator })
    }

    /// A part of a document's text, read in place: the text of a long document is never loaded for one chunk.
    fn text(&self, document: DocumentId, span: Span) -> Result<String, rusqlite::Error> {
        let corrupt =
            |e: std::io::Error| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(e));
        let mut blob = self.transaction.blob_open("main", "document", "text", document.0, true)?;
        if span.end > blob.len() {
            return Err(rusqlite::Error::IntegralValueOutOfRange(1, span.end as i64));
        }
        let mut bytes = vec![0; span.len()];
        blob.seek(SeekFrom::Start(span.start as u64)).map_err(corrupt)?;
        blob.read_exact(&mut bytes).map_err(corrupt)?;
        String::from_utf8(bytes).map_err(|e| rusqlite::Error::Utf8Error(0, e.utf8_error()))
    }

    /// The anchors that overlap `part`; they are disjoint, so only one may begin before it.
    fn anchors(&self, document: DocumentId, part: Span) -> Result<Vec<Anchor>, rusqlite::Error> {
        let sql = "SELECT start, end, page, x0, y0, x1, y1, line FROM anchor WHERE document = ?1 AND start < ?3
                   AND start >= coalesce((SELECT max(start) FROM anchor WHERE document = ?1 AND start <= ?2), 0)
                   ORDER BY start";
        let mut statement = self.transaction.prepare_cached(sql)?;
        let rows = statement.query_map(params![document.0, part.start as i64, part.end as i64], anchor)?;
        rows.collect()
    }

    fn content(&self, id: DocumentId, row: &Row<'_>) -> Result<Content, rusqlite::Error> {
        let text: String = row.get("text")?;
        let anchors = self.anchors(id, Span::new(0, text.len() + 1))?;
        let section = |row: &Row<'_>| Ok(Section { heading: span(row, 0)?, level: row.get(2)? });
        let unread = |row: &Row<'_>| Ok(Unread { page: row.get(0)?, reason: row.get(1)? });
        Ok(Content {
            media: media(row)?,
            title: row.get("title")?,
            language: row.get("language")?,
            pages: row.get("pages")?,
            text,
            sections: self.all(
                id,
                "SELECT start, end, level FROM section WHERE document = ?1 ORDER BY start",
                section,
            )?,
            furniture: self
                .all(id, "SELECT start, end FROM furniture WHERE document = ?1 ORDER BY start", |r| span(r, 0))?,
            anchors,
            unread: self.all(id, "SELECT page, reason FROM unread WHERE document = ?1 ORDER BY page", unread)?,
        })
    }

    fn all<T>(
        &self,
        id: DocumentId,
        sql: &str,
        read: impl Fn(&Row<'_>) -> Result<T, rusqlite::Error>,
    ) -> Result<Vec<T>, rusqlite::Error> {
        self.transaction.prepare_cached(sql)?.query_map([id.0], |row| read(row))?.collect()
    }

    fn summaries(&self) -> Result<Vec<DocumentSummary>, rusqlite::Error> {
        let sql = "SELECT id, origin, content_hash, media, title, language, pages, added_at,
                   octet_length(text) AS bytes,
                   (SELECT count(*) FROM chunk WHERE chunk.document = document.id) AS chunks
                   FROM document ORDER BY id";
        let mut statement = self.transaction.prepare(sql)?;
        let rows = statement.query_map([], |row| {
            Ok(DocumentSummary {
                id: DocumentId(row.get("id")?),
                origin: row.get("origin")?,
                content_hash: ContentHash::from_stored(row.get("content_hash")?),
                media: media(row)?,
                title: row.get("title")?,
                language: row.get("language")?,
                pages: row.get("pages")?,
                chunks: row.get::<_, i64>("chunks")? as u64,
                text_bytes: row.get::<_, i64>("bytes")? as u64,
                added_at: row.get("added_at")?,
            })
        })?;
        rows.collect()
    }
}

impl Snapshot for SqliteSnapshot<'_> {
    fn nearest(&self, query: &Embedding, k: usize, filter: &Filter) -> Result<Nearest, StoreError> {
        let stored = self.read(space(&self.transaction))?.map(|(_, encoder)| encoder);
        if let Some(stored) = stored.filter(|stored| !stored.same_space(query.encoder())) {
            return Err(StoreError::OtherEncoder { stored: stored.label(), given: query.encoder().label() });
        }
        let found = self.read(self.scan(query, k, filter))?;
        Ok(found.unwrap_or(Nearest { scored: Vec::new(), compared: 0 }))
    }

    fn chunks(&self, ids: &[ChunkId]) -> Result<Vec<FoundChunk>, StoreError> {
        ids.iter().map(|id| self.read(self.chunk(*id))).collect()
    }

    fn documents(&self, filter: &Filter) -> Result<Vec<DocumentSummary>, StoreError> {
        let mut all = self.read(self.summaries())?;
        if let Filter::Documents(ids) = filter {
            all.retain(|document| ids.contains(&document.id));
        }
        Ok(all)
    }

    fn find(&self, origin: &str) -> Result<Option<(DocumentId, ContentHash)>, StoreError> {
        let sql = "SELECT id, content_hash FROM document WHERE origin = ?1";
        let read = |row: &Row<'_>| Ok((DocumentId(row.get(0)?), ContentHash::from_stored(row.get(1)?)));
        self.read(self.transaction.query_row(sql, [origin], read).optional())
    }

    fn document(&self, id: DocumentId) -> Result<Option<Document>, StoreError> {
        let found = self.transaction.prepare("SELECT * FROM document WHERE id = ?1").and_then(|mut statement| {
            let read = |row: &Row<'_>| {
                let (origin, hash) = (row.get("origin")?, ContentHash::from_stored(row.get("content_hash")?));
                Ok(Document { id, origin, content_hash: hash, content: self.content(id, row)? })
            };
            statement.query_row([id.0], read).optional()
        });
        self.read(found)
    }

    fn headings(&self, id: DocumentId, part: Span) -> Result<Vec<Span>, StoreError> {
        let sql = "SELECT start, end FROM section WHERE document = ?1 AND start < ?3 AND end > ?2 ORDER BY start";
        let found = self.transaction.prepare_cached(sql).and_then(|mut statement| {
            let rows = statement.query_map(params![id.0, part.start as i64, part.end as i64], |row| span(row, 0))?;
            rows.collect::<Result<Vec<_>, _>>()
        });
        self.read(found)
    }
}

fn span(row: &Row<'_>, first: usize) -> Result<Span, rusqlite::Error> {
    Ok(Span::new(row.get::<_, i64>(first)? as usize, row.get::<_, i64>(first + 1)? as usize))
}

fn media(row: &Row<'_>) -> Result<Media, rusqlite::Error> {
    let name: String = row.get("media")?;
    let unknown = || rusqlite::Error::InvalidColumnType(0, "media".into(), rusqlite::types::Type::Text);
    Media::from_name(&name).ok_or_else(unknown)
}

fn anchor(row: &Row<'_>) -> Result<Anchor, rusqlite::Error> {
    let place = match row.get::<_, Option<u32>>(2)? {
        Some(page) => {
            let rect = Rect { x0: row.get(3)?, y0: row.get(4)?, x1: row.get(5)?, y1: row.get(6)? };
            Place::Box { page, rect }
        }
        None => Place::Line { line: row.get(7)? },
    };
    Ok(Anchor { span: span(row, 0)?, place })
}
