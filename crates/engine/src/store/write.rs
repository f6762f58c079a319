//! The writing half.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use qiao_model::{EncoderId, Receipt};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::read::SqliteSnapshot;
use super::sqlite::{SqliteStore, space};
use crate::error::StoreError;
use crate::seams::{Batch, NewDocument, Snapshot, Staged, Store};
use crate::types::{Content, ContentHash, DocumentId, LedgerEntry, Outcome, Place};

impl Store for SqliteStore {
    fn encoder(&self) -> Result<Option<EncoderId>, StoreError> {
        Ok(space(&self.connection).map_err(|e| self.reading(e))?.map(|(_, encoder)| encoder))
    }

    fn staged(&self, encoder: &EncoderId, texts: &[ContentHash]) -> Result<BTreeMap<ContentHash, Receipt>, StoreError> {
        self.receipts(encoder, texts).map_err(|e| self.reading(e))
    }

    fn stage(&mut self, vectors: &[Staged]) -> Result<(), StoreError> {
        let Some(first) = vectors.first() else { return Ok(()) };
        self.adopt(first.embedding.encoder())?;
        let path = self.path.clone();
        insert_vectors(&mut self.connection, vectors).map_err(|e| super::sqlite::database(&path, "written", e))
    }

    fn commit(&mut self, batch: &Batch) -> Result<Vec<DocumentId>, StoreError> {
        let path = self.path.clone();
        let failed = |e| super::sqlite::database(&path, "written", e);
        let removes = !batch.remove.is_empty();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        for id in &batch.remove {
            remove(&transaction, *id).map_err(failed)?;
        }
        let published = batch.publish.iter().map(|document| publish(&transaction, document));
        let ids = published.collect::<Result<Vec<_>, _>>().map_err(failed)?;
        for entry in &batch.ledger {
            note(&transaction, entry).map_err(failed)?;
        }
        transaction.commit().map_err(failed)?;
        if removes {
            self.forget()?;
        }
        Ok(ids)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        Ok(Box::new(SqliteSnapshot::new(self)?))
    }
}

impl SqliteStore {
    fn receipts(
        &self,
        encoder: &EncoderId,
        texts: &[ContentHash],
    ) -> Result<BTreeMap<ContentHash, Receipt>, rusqlite::Error> {
        let mut found = BTreeMap::new();
        let Some((space, stored)) = space(&self.connection)? else { return Ok(found) };
        if !stored.same_space(encoder) {
            return Ok(found);
        }
        let sql = "SELECT tokens, dropped, unknown FROM vector WHERE space = ?1 AND text_hash = ?2";
        let mut find = self.connection.prepare(sql)?;
        let count = |row: &rusqlite::Row<'_>, at| row.get::<_, i64>(at).map(|n| usize::try_from(n).unwrap_or(0));
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Receipt { tokens: count(row, 0)?, dropped: count(row, 1)?, unknown: count(row, 2)? })
        };
        for hash in texts {
            if let Some(receipt) = find.query_row(params![space, hash.as_str()], read).optional()? {
                found.insert(hash.clone(), receipt);
            }
        }
        Ok(found)
    }

    /// Makes `encoder` the store's own while it has none; refuses any other afterwards.
    fn adopt(&mut self, encoder: &EncoderId) -> Result<(), StoreError> {
        let json = serde_json::to_string(encoder).map_err(|_| StoreError::Corrupt { what: "an encoder's identity" })?;
        self.connection
            .execute(
                "INSERT INTO space (key, encoder) SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM space)",
                params![encoder.space_key(), json],
            )
            .map_err(|e| self.writing(e))?;
        match self.encoder()? {
            Some(stored) if stored.same_space(encoder) => Ok(()),
            Some(stored) => Err(StoreError::OtherEncoder { stored: stored.label(), given: encoder.label() }),
            None => Err(StoreError::Corrupt { what: "no encoder" }),
        }
    }

    /// Empties the log, where removed pages still lie. Readers may hold it back; then the next writer empties it.
    fn forget(&self) -> Result<(), StoreError> {
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(|e| self.writing(e))
    }
}

fn insert_vectors(connection: &mut Connection, vectors: &[Staged]) -> Result<(), rusqlite::Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let space: i64 = transaction.query_row("SELECT id FROM space ORDER BY id LIMIT 1", [], |row| row.get(0))?;
    {
        let mut insert = transaction.prepare(
            "INSERT OR IGNORE INTO vector (space, text_hash, numbers, tokens, dropped, unknown)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        for staged in vectors {
            let numbers: Vec<u8> = staged.embedding.vector().iter().flat_map(|v| v.to_le_bytes()).collect();
            let receipt = staged.receipt;
            let (tokens, dropped, unknown) = (receipt.tokens as i64, receipt.dropped as i64, receipt.unknown as i64);
            insert.execute(params![space, staged.text_hash.as_str(), numbers, tokens, dropped, unknown])?;
        }
    }
    transaction.commit()
}

/// Puts a document in the place of the one with the same origin. A vector that is not staged fails the `NOT NULL` of
/// `chunk.vector`, and with it the whole transaction.
fn publish(transaction: &Connection, new: &NewDocument) -> Result<DocumentId, rusqlite::Error> {
    let old = transaction
        .query_row("SELECT id FROM document WHERE origin = ?1", [&new.origin], |row| row.get(0))
        .optional()?;
    let orphans = old.map_or(Ok(Vec::new()), |old| delete(transaction, DocumentId(old)))?;
    let content = &new.content;
    transaction.execute(
        "INSERT INTO document (origin, content_hash, media, title, language, pages, added_at, text)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            new.origin,
            new.content_hash.as_str(),
            content.media.name(),
            content.title,
            content.language,
            content.pages,
            now(),
            content.text
        ],
    )?;
    let id = transaction.last_insert_rowid();
    insert_content(transaction, id, content)?;
    insert_chunks(transaction, id, new)?;
    // only now: the new version may use the old one's vectors
    drop_unused(transaction, &orphans)?;
    Ok(DocumentId(id))
}

fn insert_content(transaction: &Connection, id: i64, content: &Content) -> Result<(), rusqlite::Error> {
    let mut section =
        transaction.prepare("INSERT INTO section (document, start, end, level) VALUES (?1, ?2, ?3, ?4)")?;
    for s in &content.sections {
        section.execute(params![id, s.heading.start as i64, s.heading.end as i64, s.level])?;
    }
    let mut furniture = transaction.prepare("INSERT INTO furniture (document, start, end) VALUES (?1, ?2, ?3)")?;
    for f in &content.furniture {
        furniture.execute(params![id, f.start as i64, f.end as i64])?;
    }
    let mut anchor = transaction.prepare(
        "INSERT INTO anchor (document, start, end, page, x0, y0, x1, y1, line) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    for a in &content.anchors {
        let (start, end) = (a.span.start as i64, a.span.end as i64);
        match a.place {
            Place::Box { page, rect: r } => {
                anchor.execute(params![id, start, end, page, r.x0, r.y0, r.x1, r.y1, None::<u32>])?
            }
            Place::Line { line } => {
                let no = None::<f32>;
                anchor.execute(params![id, start, end, None::<u32>, no, no, no, no, line])?
            }
        };
    }
    let mut unread =
        transaction.prepare("INSERT OR REPLACE INTO unread (document, page, reason) VALUES (?1, ?2, ?3)")?;
    for u in &content.unread {
        unread.execute(params![id, u.page, u.reason])?;
    }
    Ok(())
}

fn insert_chunks(transaction: &Connection, id: i64, new: &NewDocument) -> Result<(), rusqlite::Error> {
    let mut insert = transaction.prepare(
        "INSERT INTO chunk (document, vector, start, end, tokens, heading_path)
         VALUES (?1, (SELECT vector.id FROM vector JOIN space ON space.id = vector.space
                      WHERE text_hash = ?2 ORDER BY space.id LIMIT 1), ?3, ?4, ?5, ?6)",
    )?;
    for (piece, hash) in &new.pieces {
        let path = serde_json::Value::from(piece.heading_path.clone()).to_string();
        let (start, end) = (piece.span.start as i64, piece.span.end as i64);
        insert.execute(params![id, hash.as_str(), start, end, piece.tokens as i64, path])?;
    }
    Ok(())
}

/// Deletes a document, its ledger lines, and the vectors that nothing else uses; the ledger keeps that something went.
fn remove(transaction: &Connection, id: DocumentId) -> Result<(), rusqlite::Error> {
    transaction.execute("DELETE FROM ledger WHERE origin = (SELECT origin FROM document WHERE id = ?1)", [id.0])?;
    let orphans = delete(transaction, id)?;
    drop_unused(transaction, &orphans)?;
    let (origin, detail) = (String::new(), format!("document {id}"));
    note(transaction, &LedgerEntry { origin, outcome: Outcome::Removed, detail })
}

/// Deletes a document and its chunks; returns the vectors they used.
fn delete(transaction: &Connection, id: DocumentId) -> Result<Vec<i64>, rusqlite::Error> {
    let mut used = transaction.prepare("SELECT DISTINCT vector FROM chunk WHERE document = ?1")?;
    let vectors = used.query_map([id.0], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    transaction.execute("DELETE FROM chunk WHERE document = ?1", [id.0])?;
    transaction.execute("DELETE FROM document WHERE id = ?1", [id.0])?;
    Ok(vectors)
}

fn drop_unused(transaction: &Connection, vectors: &[i64]) -> Result<(), rusqlite::Error> {
    let mut drop = transaction
        .prepare("DELETE FROM vector WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM chunk WHERE vector = ?1)")?;
    vectors.iter().try_for_each(|vector| drop.execute([vector]).map(|_| ()))
}

fn note(transaction: &Connection, entry: &LedgerEntry) -> Result<(), rusqlite::Error> {
    transaction.execute(
        "INSERT INTO ledger (at, origin, outcome, detail) VALUES (?1, ?2, ?3, ?4)",
        params![now(), entry.origin, entry.outcome.name(), entry.detail],
    )?;
    Ok(())
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs() as i64)
}
