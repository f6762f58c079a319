//! The reading half: one read transaction, so that everything read through it is of one moment.

use std::collections::BTreeSet;
use std::sync::Arc;

use qiao_model::{TopK, dot};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::rows::{self, numbers, receipt, space, span};
use super::sqlite::SqliteStore;
use crate::error::StoreError;
use crate::seams::{Filter, FoundChunk, Nearest, Snapshot, Staged};
use crate::types::{
    Chunk, ChunkId, ContentHash, Document, DocumentId, DocumentSummary, Embedding, Labels, Locator, Media, Piece, Span,
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
        let mut vector = Vec::with_capacity(query.vector().len());
        let all = "SELECT chunk.id, vector.numbers FROM chunk JOIN vector ON vector.id = chunk.vector
                   WHERE vector.space = ?1 AND ?2 IS NULL";
        let of_one = "SELECT chunk.id, vector.numbers FROM chunk JOIN vector ON vector.id = chunk.vector
                      WHERE vector.space = ?1 AND chunk.content = ?2";
        let (sql, contents) = match filter {
            Filter::All => (all, vec![None]),
            Filter::Documents(ids) => (of_one, self.contents(ids)?.into_iter().map(Some).collect()),
        };
        let mut statement = self.transaction.prepare(sql)?;
        for content in contents {
            let mut rows = statement.query(params![space, content])?;
            while let Some(row) = rows.next()? {
                numbers(row, 1, &mut vector)?;
                if vector.len() != query.vector().len() {
                    return Err(rusqlite::Error::InvalidColumnType(1, "numbers".into(), rusqlite::types::Type::Blob));
                }
                best.push(ChunkId(row.get(0)?), dot(query.vector(), &vector));
                compared += 1;
            }
        }
        Ok(Some(Nearest { scored: best.into_sorted(), compared }))
    }

    fn contents(&self, documents: &BTreeSet<DocumentId>) -> Result<BTreeSet<i64>, rusqlite::Error> {
        let mut find = self.transaction.prepare_cached("SELECT content FROM document WHERE id = ?1")?;
        let found = documents.iter().map(|id| find.query_row([id.0], |row| row.get(0)).optional());
        found.filter_map(Result::transpose).collect()
    }

    fn chunk(&self, id: ChunkId, filter: &Filter) -> Result<FoundChunk, rusqlite::Error> {
        let sql = "SELECT content, start, end, tokens, heading_path FROM chunk WHERE id = ?1";
        let (content, piece) = self.transaction.prepare_cached(sql)?.query_row([id.0], |row| {
            let heading_path = serde_json::from_str(&row.get::<_, String>(4)?).unwrap_or_default();
            let piece = Piece { span: span(row, 1)?, heading_path, tokens: row.get::<_, i64>(3)? as usize };
            Ok((row.get::<_, i64>(0)?, piece))
        })?;
        let sql = "SELECT id, origin FROM document WHERE content = ?1 ORDER BY id";
        let mut holders = self.transaction.prepare_cached(sql)?;
        let all = holders.query_map([content], |row| Ok((DocumentId(row.get(0)?), row.get::<_, String>(1)?)))?;
        let all: Vec<(DocumentId, String)> = all.collect::<Result<_, _>>()?;
        let mut passing = all.into_iter().filter(|(id, _)| filter.passes(*id));
        let (document, origin) = passing.next().ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        let also = passing.map(|(_, origin)| origin).collect();
        let locator = Locator::of(piece.span, &rows::anchors(&self.transaction, content, piece.span)?);
        let text = rows::text(&self.transaction, content, piece.span)?;
        Ok(FoundChunk { chunk: Chunk { id, document, piece }, origin, also, text, locator })
    }

    fn staged(&self, id: DocumentId) -> Result<Option<Vec<(Piece, Staged)>>, rusqlite::Error> {
        let Some((_, encoder)) = space(&self.transaction)? else { return Ok(None) };
        let encoder = Arc::new(encoder);
        let sql = "SELECT start, end, chunk.tokens, heading_path, text_hash, numbers, vector.tokens, dropped, unknown
                   FROM chunk JOIN vector ON vector.id = chunk.vector JOIN document ON document.content = chunk.content
                   WHERE document.id = ?1 ORDER BY start";
        let mut statement = self.transaction.prepare_cached(sql)?;
        let mut rows = statement.query([id.0])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let heading_path = serde_json::from_str(&row.get::<_, String>(3)?).unwrap_or_default();
            let piece = Piece { span: span(row, 0)?, heading_path, tokens: row.get::<_, i64>(2)? as usize };
            let mut vector = Vec::new();
            numbers(row, 5, &mut vector)?;
            let Ok(embedding) = Embedding::new(encoder.clone(), vector) else { return Ok(None) };
            let text_hash = ContentHash::from_stored(row.get(4)?);
            found.push((piece, Staged { text_hash, embedding, receipt: receipt(row, 6)? }));
        }
        Ok(Some(found))
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

    fn chunks(&self, ids: &[ChunkId], filter: &Filter) -> Result<Vec<FoundChunk>, StoreError> {
        ids.iter().map(|id| self.read(self.chunk(*id, filter))).collect()
    }

    fn documents(&self, filter: &Filter) -> Result<Vec<DocumentSummary>, StoreError> {
        self.read(match filter {
            Filter::All => rows::summaries(&self.transaction),
            Filter::Documents(ids) => {
                ids.iter().filter_map(|id| rows::summary(&self.transaction, id.0).transpose()).collect()
            }
        })
    }

    fn find(&self, origin: &str) -> Result<Option<(DocumentId, ContentHash)>, StoreError> {
        let sql = "SELECT document.id, hash FROM document JOIN content ON content.id = content WHERE origin = ?1";
        let read = |row: &Row<'_>| Ok((DocumentId(row.get(0)?), ContentHash::from_stored(row.get(1)?)));
        self.read(self.transaction.query_row(sql, [origin], read).optional())
    }

    fn twin(&self, bytes: &ContentHash, media: Media) -> Result<Option<DocumentSummary>, StoreError> {
        Ok(self.read(rows::holders(&self.transaction, bytes, media, 1))?.into_iter().next())
    }

    fn holders(&self, bytes: &ContentHash, media: Media) -> Result<Vec<DocumentSummary>, StoreError> {
        self.read(rows::holders(&self.transaction, bytes, media, i64::MAX))
    }

    fn is_empty(&self) -> Result<bool, StoreError> {
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM document)";
        self.read(self.transaction.query_row(sql, [], |row| row.get(0)))
    }

    fn pieces(&self, id: DocumentId) -> Result<Vec<(Piece, Staged)>, StoreError> {
        let found = self.read(self.staged(id))?;
        found.ok_or(StoreError::Corrupt { what: "a vector" })
    }

    fn remembers(&self, origin: &str) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM ledger WHERE origin = ?1)
                       OR EXISTS (SELECT 1 FROM staging WHERE origin = ?1)";
        self.read(self.transaction.query_row(sql, [origin], |row| row.get(0)))
    }

    fn labels(&self, id: DocumentId) -> Result<Labels, StoreError> {
        self.read(rows::labels(&self.transaction, id.0))
    }

    fn document(&self, id: DocumentId) -> Result<Option<Document>, StoreError> {
        let sql = "SELECT origin, hash, content.id FROM document JOIN content ON content.id = content
                   WHERE document.id = ?1";
        let found = self.transaction.query_row(sql, [id.0], |row| {
            let (origin, content_hash) = (row.get(0)?, ContentHash::from_stored(row.get(1)?));
            let content = rows::content(&self.transaction, row.get(2)?)?;
            Ok(Document { id, origin, content_hash, content })
        });
        self.read(found.optional())
    }

    fn headings(&self, id: DocumentId, part: Span) -> Result<Vec<Span>, StoreError> {
        let sql = "SELECT start, end FROM section JOIN document ON document.content = section.content
                   WHERE document.id = ?1 AND start < ?3 AND end > ?2 ORDER BY start";
        let found = self.transaction.prepare_cached(sql).and_then(|mut statement| {
            let rows = statement.query_map(params![id.0, part.start as i64, part.end as i64], |row| span(row, 0))?;
            rows.collect::<Result<Vec<_>, _>>()
        });
        self.read(found)
    }
}
