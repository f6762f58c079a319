//! The writing half.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use qiao_model::{EncoderId, Receipt};
use rusqlite::{Connection, Error, OptionalExtension, params};

use super::read::SqliteSnapshot;
use super::rows::{labels, receipt, space};
use super::sqlite::SqliteStore;
use crate::error::StoreError;
use crate::seams::{Batch, NewContent, NewDocument, Relabel, Snapshot, Staged, Store};
use crate::types::{Content, ContentHash, DocumentId, Finding, Labels, LedgerEntry, Metadata, Outcome, Piece, Place};

impl Store for SqliteStore {
    fn encoder(&self) -> Result<Option<EncoderId>, StoreError> {
        Ok(space(&self.connection).map_err(|e| self.reading(e))?.map(|(_, encoder)| encoder))
    }

    fn keep(
        &mut self,
        origin: &str,
        encoder: &EncoderId,
        texts: &[ContentHash],
    ) -> Result<BTreeMap<ContentHash, Receipt>, StoreError> {
        let write = self.begin()?;
        let found = keep(&write, origin, encoder, texts).map_err(|e| self.writing(e))?;
        write.commit()?;
        Ok(found)
    }

    fn stage(&mut self, origin: &str, vectors: &[Staged]) -> Result<(), StoreError> {
        let Some(first) = vectors.first() else { return Ok(()) };
        let write = self.begin()?;
        adopt(&write, first.embedding.encoder()).map_err(|e| self.writing(e))??;
        stage(&write, origin, vectors).map_err(|e| self.writing(e))?;
        write.commit()
    }

    fn commit(&mut self, batch: &Batch) -> Result<Vec<DocumentId>, StoreError> {
        let write = self.begin()?;
        let mut gone = false;
        let published = apply(&write, batch, &mut gone).map_err(|e| match overtaken(&e) {
            true => StoreError::Overtaken { path: self.path.clone() },
            false => self.writing(e),
        })?;
        if gone {
            mark_for_scrubbing(&write).map_err(|e| self.writing(e))?;
        }
        write.commit()?;
        Ok(published)
    }

    fn scrub(&mut self) -> Result<bool, StoreError> {
        SqliteStore::scrub(self)
    }

    fn index(&self, least: usize, done: &mut dyn FnMut(usize, usize)) -> Result<bool, StoreError> {
        match self.derived.lacks(self)? >= least {
            true => self.derived.update(self, done),
            false => Ok(true),
        }
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        Ok(Box::new(SqliteSnapshot::new(self)?))
    }

    fn mend(&mut self, findings: &[Finding]) -> Result<(), StoreError> {
        SqliteStore::mend(self, findings)
    }

    fn put_back(
        &mut self,
        bytes: &ContentHash,
        content: &Content,
        pieces: &[(Piece, ContentHash)],
    ) -> Result<(), StoreError> {
        SqliteStore::put_back(self, bytes, content, pieces)
    }
}

/// Something went, and may have left traces.
pub(super) fn mark_for_scrubbing(write: &Connection) -> Result<(), Error> {
    // counted, so that a rewriting that began before does not take it off
    write.execute_batch(
        "INSERT INTO upkeep (task, times, done) VALUES ('rewrite', 1, 0) ON CONFLICT DO UPDATE SET times = times + 1",
    )
}

/// Whether a batch failed since what it builds on went meanwhile: staged vectors, the text that it shares, or a document that
/// is to be removed or labelled.
fn overtaken(error: &Error) -> bool {
    if matches!(error, Error::StatementChangedRows(_)) {
        return true;
    }
    let said = error.to_string();
    // in a batch, a foreign key can fail only for a document that is to be labelled
    ["chunk.vector", "document.content", "FOREIGN KEY"].iter().any(|part| said.contains(part))
}

fn keep(
    write: &Connection,
    origin: &str,
    encoder: &EncoderId,
    texts: &[ContentHash],
) -> Result<BTreeMap<ContentHash, Receipt>, Error> {
    let mut found = BTreeMap::new();
    let Some((space, stored)) = space(write)? else { return Ok(found) };
    if !stored.same_space(encoder) {
        return Ok(found);
    }
    let sql = "SELECT id, tokens, dropped, unknown FROM vector WHERE space = ?1 AND text_hash = ?2";
    let mut find = write.prepare(sql)?;
    let mut hold = write.prepare("INSERT OR IGNORE INTO staging (origin, vector) VALUES (?1, ?2)")?;
    for hash in texts {
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, receipt(row, 1)?));
        if let Some((vector, receipt)) = find.query_row(params![space, hash.as_str()], read).optional()? {
            hold.execute(params![origin, vector])?;
            found.insert(hash.clone(), receipt);
        }
    }
    Ok(found)
}

/// Makes `encoder` the store's own while it has none; refuses any other afterwards.
fn adopt(write: &Connection, encoder: &EncoderId) -> Result<Result<(), StoreError>, Error> {
    let stored = match space(write)? {
        Some((_, stored)) => stored,
        None => {
            let json = serde_json::to_string(encoder).map_err(|e| Error::ToSqlConversionFailure(Box::new(e)))?;
            write.execute("INSERT INTO space (key, encoder) VALUES (?1, ?2)", params![encoder.space_key(), json])?;
            return Ok(Ok(()));
        }
    };
    Ok(match stored.same_space(encoder) {
        true => Ok(()),
        false => Err(StoreError::OtherEncoder { stored: stored.label(), given: encoder.label() }),
    })
}

fn stage(write: &Connection, origin: &str, vectors: &[Staged]) -> Result<(), Error> {
    let space: i64 = write.query_row("SELECT id FROM space ORDER BY id LIMIT 1", [], |row| row.get(0))?;
    let mut insert = write.prepare(
        "INSERT OR IGNORE INTO vector (space, text_hash, numbers, tokens, dropped, unknown)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let mut hold = write.prepare(
        "INSERT OR IGNORE INTO staging (origin, vector) SELECT ?1, id FROM vector WHERE space = ?2 AND text_hash = ?3",
    )?;
    for staged in vectors {
        let numbers: Vec<u8> = staged.embedding.vector().iter().flat_map(|v| v.to_le_bytes()).collect();
        let receipt = staged.receipt;
        let (tokens, dropped, unknown) = (receipt.tokens as i64, receipt.dropped as i64, receipt.unknown as i64);
        insert.execute(params![space, staged.text_hash.as_str(), numbers, tokens, dropped, unknown])?;
        hold.execute(params![origin, space, staged.text_hash.as_str()])?;
    }
    Ok(())
}

/// All of a batch; `gone` says whether something was there before that is not any more.
fn apply(write: &Connection, batch: &Batch, gone: &mut bool) -> Result<Vec<DocumentId>, Error> {
    for id in &batch.remove {
        if !remove(write, *id)? {
            return Err(Error::StatementChangedRows(0));
        }
        *gone = true;
    }
    for origin in &batch.forget {
        *gone |= forget(write, origin)?;
    }
    let published = batch.publish.iter().map(|document| publish(write, document, gone));
    let published = published.collect::<Result<_, _>>()?;
    for Relabel { id, labels: more, added_at } in &batch.label {
        let before = labels(write, id.0)?;
        let mut all = before.clone();
        all.extend(more);
        *gone |= all != before;
        set_labels(write, id.0, &all)?;
        let sql = "UPDATE document SET added_at = coalesce(?2, added_at) WHERE id = ?1";
        write.execute(sql, params![id.0, added_at])?;
    }
    batch.ledger.iter().try_for_each(|entry| note(write, entry))?;
    Ok(published)
}

/// Puts a document in the place of the one with the same origin. A vector that is not staged fails the `NOT NULL` of
/// `chunk.vector`, content that is not there that of `document.content`, and either the whole transaction.
fn publish(write: &Connection, new: &NewDocument, gone: &mut bool) -> Result<DocumentId, Error> {
    let old = write
        .query_row("SELECT id, content FROM document WHERE origin = ?1", [&new.origin], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        })
        .optional()?;
    let mut said = old.map_or(Ok(Labels::default()), |(id, _)| labels(write, id))?;
    said.extend(&new.labels);
    if let Some((id, _)) = old {
        write.execute("DELETE FROM document WHERE id = ?1", [id])?;
        *gone = true;
    }
    let hash = new.content_hash.as_str();
    let media = match &new.content {
        NewContent::Read(content, pieces) => {
            let media = content.media.name();
            // another process may have read the same bytes meanwhile
            if content_of(write, hash, media)?.is_none() {
                insert_content(write, hash, content, pieces)?;
            }
            media
        }
        NewContent::Shared(media) => media.name(),
    };
    let sql = "INSERT INTO document (origin, content, added_at) VALUES (?1, ?2, ?3)";
    let added_at = new.added_at.unwrap_or_else(now);
    write.execute(sql, params![new.origin, content_of(write, hash, media)?, added_at])?;
    let id = write.last_insert_rowid();
    set_labels(write, id, &said)?;
    // only now: the new version may use the old one's vectors
    if let Some((_, content)) = old {
        drop_unused_content(write, content)?;
    }
    *gone |= unstage(write, &new.origin)? > 0;
    Ok(DocumentId(id))
}

pub(super) fn content_of(write: &Connection, hash: &str, media: &str) -> Result<Option<i64>, Error> {
    let sql = "SELECT id FROM content WHERE hash = ?1 AND media = ?2";
    write.query_row(sql, params![hash, media], |row| row.get(0)).optional()
}

fn insert_content(
    write: &Connection,
    hash: &str,
    content: &Content,
    pieces: &[(Piece, ContentHash)],
) -> Result<(), Error> {
    write.execute(
        "INSERT INTO content (hash, media, title, language, pages, text, digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            hash,
            content.media.name(),
            content.title,
            content.language,
            content.pages,
            content.text,
            content.digest().as_str()
        ],
    )?;
    insert_parts(write, write.last_insert_rowid(), content, pieces)
}

/// Puts what was read again in the place of a content whose chunks are gone.
pub(super) fn replace_content(
    write: &Connection,
    id: i64,
    content: &Content,
    pieces: &[(Piece, ContentHash)],
) -> Result<(), Error> {
    for table in ["section", "furniture", "anchor", "unread", "property"] {
        write.execute(&format!("DELETE FROM {table} WHERE content = ?1"), [id])?;
    }
    write.execute(
        "UPDATE content SET title = ?2, language = ?3, pages = ?4, text = ?5, digest = ?6 WHERE id = ?1",
        params![id, content.title, content.language, content.pages, content.text, content.digest().as_str()],
    )?;
    insert_parts(write, id, content, pieces)
}

fn insert_parts(write: &Connection, id: i64, content: &Content, pieces: &[(Piece, ContentHash)]) -> Result<(), Error> {
    insert_places(write, id, content)?;
    let sql = "INSERT INTO property (content, key, place, value) VALUES (?1, ?2, ?3, ?4)";
    insert_values(write, sql, id, &content.properties)?;
    insert_chunks(write, id, pieces)
}

fn insert_places(write: &Connection, id: i64, content: &Content) -> Result<(), Error> {
    let mut section = write.prepare("INSERT INTO section (content, start, end, level) VALUES (?1, ?2, ?3, ?4)")?;
    for s in &content.sections {
        section.execute(params![id, s.heading.start as i64, s.heading.end as i64, s.level])?;
    }
    let mut furniture = write.prepare("INSERT INTO furniture (content, start, end) VALUES (?1, ?2, ?3)")?;
    for f in &content.furniture {
        furniture.execute(params![id, f.start as i64, f.end as i64])?;
    }
    let mut anchor = write.prepare(
        "INSERT INTO anchor (content, start, end, page, x0, y0, x1, y1, line) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
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
    let mut unread = write.prepare("INSERT OR REPLACE INTO unread (content, page, reason) VALUES (?1, ?2, ?3)")?;
    for u in &content.unread {
        unread.execute(params![id, u.page, u.reason])?;
    }
    Ok(())
}

fn insert_values(write: &Connection, sql: &str, id: i64, values: &Metadata) -> Result<(), Error> {
    let mut insert = write.prepare(sql)?;
    for (key, values) in values {
        for (place, value) in values.iter().enumerate() {
            insert.execute(params![id, key, place as i64, value])?;
        }
    }
    Ok(())
}

fn set_labels(write: &Connection, document: i64, labels: &Labels) -> Result<(), Error> {
    write.execute("DELETE FROM tag WHERE document = ?1", [document])?;
    write.execute("DELETE FROM metadata WHERE document = ?1", [document])?;
    let mut tag = write.prepare("INSERT INTO tag (document, name) VALUES (?1, ?2)")?;
    for name in &labels.tags {
        tag.execute(params![document, name])?;
    }
    let sql = "INSERT INTO metadata (document, key, place, value) VALUES (?1, ?2, ?3, ?4)";
    insert_values(write, sql, document, &labels.metadata)
}

/// The chunks of a content, each with the vector of its text.
fn insert_chunks(write: &Connection, content: i64, pieces: &[(Piece, ContentHash)]) -> Result<(), Error> {
    let mut insert = write.prepare(
        "INSERT INTO chunk (content, vector, start, end, tokens, heading_path)
         VALUES (?1, (SELECT id FROM vector WHERE space = (SELECT id FROM space ORDER BY id LIMIT 1) AND text_hash = ?2),
                 ?3, ?4, ?5, ?6)",
    )?;
    for (piece, hash) in pieces {
        let path = serde_json::Value::from(piece.heading_path.clone()).to_string();
        let (start, end) = (piece.span.start as i64, piece.span.end as i64);
        insert.execute(params![content, hash.as_str(), start, end, piece.tokens as i64, path])?;
    }
    log_change(write, None)
}

/// Changes that are kept: an index that is older than these is made anew.
const CHANGES: i64 = 1 << 14;

/// Logs that chunks came, or that those of a range are gone.
pub(super) fn log_change(write: &Connection, gone: Option<(i64, i64)>) -> Result<(), Error> {
    let (first, last) = gone.unzip();
    write.execute("INSERT INTO change (stamp, first, last) VALUES (random(), ?1, ?2)", params![first, last])?;
    write.execute("DELETE FROM change WHERE id <= ?1", [write.last_insert_rowid() - CHANGES]).map(|_| ())
}

/// Deletes a document with all that only it used; the ledger keeps that something went. False where it is not there.
fn remove(write: &Connection, id: DocumentId) -> Result<bool, Error> {
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?));
    let found = write.query_row("SELECT origin, content FROM document WHERE id = ?1", [id.0], read).optional()?;
    let Some((origin, content)) = found else { return Ok(false) };
    write.execute("DELETE FROM document WHERE id = ?1", [id.0])?;
    drop_unused_content(write, content)?;
    forget(write, &origin)?;
    let (origin, detail) = (String::new(), format!("document {id}"));
    note(write, &LedgerEntry { origin, outcome: Outcome::Removed, detail })?;
    Ok(true)
}

/// Deletes what is known of an origin that no document has; false where there was nothing.
fn forget(write: &Connection, origin: &str) -> Result<bool, Error> {
    let lines = write.execute("DELETE FROM ledger WHERE origin = ?1", [origin])?;
    let staged = "SELECT count(*) FROM staging WHERE origin = ?1";
    let staged: usize = write.query_row(staged, [origin], |row| row.get::<_, i64>(0))? as usize;
    unstage(write, origin)?;
    Ok(lines + staged > 0)
}

/// Takes from an origin the vectors that were kept for it, and deletes those that nothing else uses; returns how many.
fn unstage(write: &Connection, origin: &str) -> Result<usize, Error> {
    let mut staged = write.prepare("SELECT vector FROM staging WHERE origin = ?1")?;
    let vectors = staged.query_map([origin], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    write.execute("DELETE FROM staging WHERE origin = ?1", [origin])?;
    drop_unused_vectors(write, &vectors)
}

/// Deletes a content that no document has any more, with its chunks and the vectors that nothing else uses.
fn drop_unused_content(write: &Connection, content: i64) -> Result<(), Error> {
    let used = "SELECT EXISTS (SELECT 1 FROM document WHERE content = ?1)";
    if write.query_row(used, [content], |row| row.get(0))? {
        return Ok(());
    }
    let vectors = drop_chunks(write, content)?;
    write.execute("DELETE FROM content WHERE id = ?1", [content])?;
    drop_unused_vectors(write, &vectors).map(|_| ())
}

/// Deletes the chunks of a content; returns the vectors they used.
pub(super) fn drop_chunks(write: &Connection, content: i64) -> Result<Vec<i64>, Error> {
    // no other content's chunks stand between them: they were put in at once
    let ends = "SELECT min(id), max(id) FROM chunk WHERE content = ?1";
    let ends = write.query_row(ends, [content], |row| Ok(row.get::<_, Option<i64>>(0)?.zip(row.get(1)?)))?;
    if ends.is_some() {
        log_change(write, ends)?;
    }
    let mut used = write.prepare("SELECT DISTINCT vector FROM chunk WHERE content = ?1")?;
    let vectors = used.query_map([content], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    write.execute("DELETE FROM chunk WHERE content = ?1", [content])?;
    Ok(vectors)
}

/// Deletes those of some vectors that nothing uses; returns how many.
pub(super) fn drop_unused_vectors(write: &Connection, vectors: &[i64]) -> Result<usize, Error> {
    let mut drop = write.prepare(
        "DELETE FROM vector WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM chunk WHERE vector = ?1)
                                          AND NOT EXISTS (SELECT 1 FROM staging WHERE vector = ?1)",
    )?;
    vectors.iter().map(|vector| drop.execute([vector])).sum()
}

fn note(write: &Connection, entry: &LedgerEntry) -> Result<(), Error> {
    write.execute(
        "INSERT INTO ledger (at, origin, outcome, detail) VALUES (?1, ?2, ?3, ?4)",
        params![now(), entry.origin, entry.outcome.name(), entry.detail],
    )?;
    Ok(())
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs() as i64)
}
