//! Whether a file holds what it must, and nothing else.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::{Connection, Error, Row};

use super::rows::{self, numbers, space, span};
use super::sqlite::{SqliteStore, Wait};
use super::{pages, write};
use crate::error::StoreError;
use crate::types::{Content, ContentHash, Finding, Media, Piece, Remedy, Span};

/// How far from 1 the length of a stored vector may be: the rounding of a thousand single floats.
const LENGTH_TOLERANCE: f64 = 1e-5;
/// Faults of SQLite's own structure that are named.
const NAMED: usize = 100;

impl SqliteStore {
    /// All that is wrong with the file at `path`: SQLite's own structure, references, texts against their digests, places
    /// within their texts, chunks against their texts and vectors, vectors, what nothing uses, and pages that are free but
    /// not empty. The latter are looked at only while no other process has the file open; the second part is false where
    /// that would be wanted and could not be.
    ///
    /// This process must not have the file open otherwise.
    ///
    /// # Errors
    /// When the file is no knowledge base, or cannot be opened.
    pub fn verify(path: &Path, wait: Wait) -> Result<Option<(Vec<Finding>, bool)>, StoreError> {
        let Some(store) = Self::open_existing(path, wait)? else { return Ok(None) };
        let mut findings = store.faults();
        // the last one to close a file empties its log and removes it
        drop(store);
        if findings.iter().any(|finding| finding.remedy == Remedy::Backup) {
            return Ok(Some((findings, true)));
        }
        let unclean = pages::unclean(path).map_err(|source| StoreError::File {
            path: path.to_path_buf(),
            doing: "read",
            source,
        })?;
        if let Some(pages) = unclean.filter(|pages| *pages > 0) {
            let what = format!("{pages} free page(s) still hold what was deleted");
            findings.push(Finding { origin: None, what, remedy: Remedy::Rewrite });
        }
        Ok(Some((findings, unclean.is_some())))
    }

    /// All but the free pages.
    pub(super) fn faults(&self) -> Vec<Finding> {
        let mut check = Check { connection: &self.connection, findings: Vec::new() };
        // of one moment, whatever another process writes meanwhile
        let moment = self.connection.unchecked_transaction();
        if let Err(e) = &moment {
            check.fault(None, format!("it cannot be read: {e}"), Remedy::Backup);
            return check.findings;
        }
        let sound = check.all().and_then(|()| match check.findings.is_empty() {
            true => self.derived.faults(&self.connection),
            // what a faulty file says is no measure
            false => Ok(Vec::new()),
        });
        match sound {
            Ok(faults) => faults.into_iter().for_each(|what| check.fault(None, what, Remedy::Rebuild)),
            Err(e) => check.fault(None, format!("it cannot be read: {e}"), Remedy::Backup),
        }
        check.findings
    }

    pub(super) fn mend(&self, findings: &[Finding]) -> Result<(), StoreError> {
        let remedies: BTreeSet<&Remedy> = findings.iter().map(|finding| &finding.remedy).collect();
        if remedies.contains(&Remedy::Backup) {
            // what a broken file says of itself is no ground to delete anything
            return Ok(());
        }
        if remedies.contains(&Remedy::Rebuild) {
            self.derived.rebuild(self)?;
        }
        if remedies.contains(&Remedy::Reindex) {
            self.patiently("REINDEX")?;
        }
        let write = self.begin()?;
        let sweep = || {
            if remedies.contains(&Remedy::Unstage) {
                write.execute_batch("DELETE FROM staging")?;
            }
            for remedy in &remedies {
                if let Remedy::Embed(hash, media) = remedy {
                    uncut(&write, hash, *media)?;
                }
            }
            // only what was found: after a reindexing, the next verification sees what the index hid
            match remedies.iter().any(|remedy| matches!(remedy, Remedy::Sweep | Remedy::Unstage)) {
                true => self::sweep(&write),
                false => Ok(()),
            }
        };
        sweep().map_err(|e| self.writing(e))?;
        if !findings.is_empty() {
            write::mark_for_scrubbing(&write).map_err(|e| self.writing(e))?;
        }
        write.commit()?;
        self.scrub().map(|_| ())
    }

    pub(super) fn put_back(
        &self,
        hash: &ContentHash,
        content: &Content,
        pieces: &[(Piece, ContentHash)],
    ) -> Result<(), StoreError> {
        let write = self.begin()?;
        let put = || {
            let id = write::content_of(&write, hash.as_str(), content.media.name())?;
            let id = id.ok_or(Error::QueryReturnedNoRows)?;
            let vectors = write::drop_chunks(&write, id)?;
            write::replace_content(&write, id, content, pieces)?;
            write.execute(
                "DELETE FROM staging WHERE origin IN (SELECT origin FROM document WHERE content = ?1)
                                       AND vector IN (SELECT vector FROM chunk WHERE content = ?1)",
                [id],
            )?;
            write::drop_unused_vectors(&write, &vectors)?;
            write::mark_for_scrubbing(&write)
        };
        put().map_err(|e| self.writing(e))?;
        write.commit()
    }
}

/// Deletes the chunks of a content, with the vectors that no other chunk uses, so that none is found again.
fn uncut(write: &Connection, hash: &ContentHash, media: Media) -> Result<(), Error> {
    let Some(id) = write::content_of(write, hash.as_str(), media.name())? else { return Ok(()) };
    let vectors = write::drop_chunks(write, id)?;
    let mut unstage = write.prepare("DELETE FROM staging WHERE vector = ?1")?;
    for vector in &vectors {
        unstage.execute([vector])?;
    }
    write::drop_unused_vectors(write, &vectors).map(|_| ())
}

/// Deletes what nothing uses, and rows that refer to none.
fn sweep(write: &Connection) -> Result<(), Error> {
    write.execute_batch(
        "DELETE FROM tag WHERE document NOT IN (SELECT id FROM document);
         DELETE FROM metadata WHERE document NOT IN (SELECT id FROM document);
         DELETE FROM document WHERE content NOT IN (SELECT id FROM content);
         DELETE FROM content WHERE id NOT IN (SELECT content FROM document);
         DELETE FROM chunk WHERE content NOT IN (SELECT id FROM content) OR vector NOT IN (SELECT id FROM vector);
         DELETE FROM section WHERE content NOT IN (SELECT id FROM content);
         DELETE FROM furniture WHERE content NOT IN (SELECT id FROM content);
         DELETE FROM anchor WHERE content NOT IN (SELECT id FROM content);
         DELETE FROM unread WHERE content NOT IN (SELECT id FROM content);
         DELETE FROM property WHERE content NOT IN (SELECT id FROM content);
         DELETE FROM staging WHERE vector NOT IN (SELECT id FROM vector);
         DELETE FROM vector WHERE id NOT IN (SELECT vector FROM chunk) AND id NOT IN (SELECT vector FROM staging);",
    )?;
    // whatever went: no index that was made before is to be believed
    write::log_change(write, Some((0, i64::MAX)))
}

struct Check<'a> {
    connection: &'a Connection,
    findings: Vec<Finding>,
}

/// What a check of texts needs to know of a content.
struct Known {
    id: i64,
    hash: ContentHash,
    media: Media,
    digest: String,
    origin: Option<String>,
}

impl Check<'_> {
    fn fault(&mut self, origin: Option<String>, what: impl Into<String>, remedy: Remedy) {
        self.findings.push(Finding { origin, what: what.into(), remedy });
    }

    fn all(&mut self) -> Result<(), Error> {
        self.structure()?;
        if !self.findings.is_empty() {
            // what broken pages and indexes say of the rest is not to be believed
            return Ok(());
        }
        self.references()?;
        self.spaces()?;
        let bad_vectors = self.vectors()?;
        for known in self.contents()? {
            self.content(&known, &bad_vectors)?;
        }
        self.unused()
    }

    /// SQLite's own: pages, rows, indexes.
    fn structure(&mut self) -> Result<(), Error> {
        let mut statement = self.connection.prepare(&format!("PRAGMA integrity_check({NAMED})"))?;
        let found = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
        for what in found.into_iter().filter(|line| line != "ok") {
            let remedy = if what.contains(" index ") { Remedy::Reindex } else { Remedy::Backup };
            self.fault(None, format!("SQLite: {what}"), remedy);
        }
        Ok(())
    }

    fn references(&mut self) -> Result<(), Error> {
        let sql = "SELECT \"table\", count(*), \"parent\" FROM pragma_foreign_key_check GROUP BY 1, 3";
        let mut statement = self.connection.prepare(sql)?;
        let read = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?));
        for (table, rows, parent) in statement.query_map([], read)?.collect::<Result<Vec<_>, _>>()? {
            let remedy = if parent == "space" { Remedy::Backup } else { Remedy::Sweep };
            self.fault(None, format!("{rows} row(s) of {table} refer to no {parent}"), remedy);
        }
        Ok(())
    }

    fn spaces(&mut self) -> Result<(), Error> {
        let of_none = "SELECT (SELECT count(*) FROM space) = 0 AND EXISTS (SELECT 1 FROM vector)";
        if self.connection.query_row(of_none, [], |row| row.get(0))? {
            self.fault(None, "vectors of no known model", Remedy::Backup);
        }
        let several: i64 = self.connection.query_row("SELECT count(*) FROM space", [], |row| row.get(0))?;
        if several > 1 {
            self.fault(None, format!("vectors of {several} models"), Remedy::Backup);
        }
        match space(self.connection) {
            Ok(None) => {}
            Ok(Some((id, encoder))) => {
                let sql = "SELECT key FROM space WHERE id = ?1";
                let key: String = self.connection.query_row(sql, [id], |row| row.get(0))?;
                if key != encoder.space_key() {
                    self.fault(None, "the model's description does not fit its hash", Remedy::Backup);
                }
            }
            Err(e) => self.fault(None, format!("the model's description cannot be read: {e}"), Remedy::Backup),
        }
        Ok(())
    }

    /// The numbers of vectors that are not what an encoder gives.
    fn vectors(&mut self) -> Result<BTreeSet<i64>, Error> {
        let dimension = space(self.connection).ok().flatten().map(|(_, encoder)| encoder.dimension);
        let mut statement = self.connection.prepare("SELECT id, numbers FROM vector")?;
        let mut rows = statement.query([])?;
        let (mut bad, mut unused_bad, mut vector) = (BTreeSet::new(), 0, Vec::new());
        while let Some(row) = rows.next()? {
            let read = numbers(row, 1, &mut vector);
            let length = vector.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt();
            // what is no number is not within the tolerance either
            let sound = read.is_ok() && dimension == Some(vector.len()) && (length - 1.0).abs() <= LENGTH_TOLERANCE;
            if !sound {
                let id: i64 = row.get(0)?;
                bad.insert(id);
                let used = "SELECT EXISTS (SELECT 1 FROM chunk WHERE vector = ?1)";
                unused_bad += i64::from(!self.connection.query_row(used, [id], |row| row.get::<_, bool>(0))?);
            }
        }
        if unused_bad > 0 {
            let what = format!("{unused_bad} staged vector(s) of another dimension or length than the model's");
            self.fault(None, what, Remedy::Unstage);
        }
        Ok(bad)
    }

    fn contents(&mut self) -> Result<Vec<Known>, Error> {
        let sql = "SELECT id, hash, media, digest,
                          (SELECT origin FROM document WHERE content = content.id ORDER BY id LIMIT 1)
                   FROM content ORDER BY id";
        let mut statement = self.connection.prepare(sql)?;
        let read = |row: &Row<'_>| {
            let hash = ContentHash::from_stored(row.get(1)?);
            Ok(Known { id: row.get(0)?, hash, media: rows::media(row, 2)?, digest: row.get(3)?, origin: row.get(4)? })
        };
        statement.query_map([], read)?.collect()
    }

    fn content(&mut self, known: &Known, bad_vectors: &BTreeSet<i64>) -> Result<(), Error> {
        let read = || Remedy::Read(known.hash.clone(), known.media);
        let content = match rows::content(self.connection, known.id) {
            Ok(content) => content,
            Err(e) => {
                self.fault(known.origin.clone(), format!("its text cannot be read: {e}"), read());
                return Ok(());
            }
        };
        if content.digest().as_str() != known.digest {
            self.fault(known.origin.clone(), "its text or places are not what was read", read());
        } else if let Err(e) = content.check() {
            self.fault(known.origin.clone(), e.to_string(), read());
        } else if let Some(what) = self.chunks(known.id, &content, bad_vectors)? {
            self.fault(known.origin.clone(), what, Remedy::Embed(known.hash.clone(), known.media));
        }
        Ok(())
    }

    /// What is wrong with the chunks of a sound text, if anything.
    fn chunks(&self, id: i64, content: &Content, bad_vectors: &BTreeSet<i64>) -> Result<Option<String>, Error> {
        let sql = "SELECT chunk.id, start, end, heading_path, vector, text_hash FROM chunk
                   LEFT JOIN vector ON vector.id = chunk.vector WHERE content = ?1 ORDER BY start";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([id])?;
        let mut free = 0;
        while let Some(row) = rows.next()? {
            let number: i64 = row.get(0)?;
            let Ok(part) = span(row, 1) else { return Ok(Some(format!("chunk {number} has no place"))) };
            let Some(text) = part.of(&content.text).filter(|_| part.start >= free && part.start < part.end) else {
                return Ok(Some(format!("chunk {number} is no part of its text, or overlaps another")));
            };
            if let Some(lost) = lost(content, Span::new(free, part.start)) {
                return Ok(Some(format!("{lost} byte(s) before chunk {number} are in no chunk")));
            }
            if serde_json::from_str::<Vec<String>>(&row.get::<_, String>(3)?).is_err() {
                return Ok(Some(format!("the headings above chunk {number} cannot be read")));
            }
            if row.get::<_, Option<String>>(5)?.as_deref() != Some(ContentHash::of(text.as_bytes()).as_str()) {
                return Ok(Some(format!("the vector of chunk {number} is another text's, or is not there")));
            }
            if bad_vectors.contains(&row.get(4)?) {
                return Ok(Some(format!(
                    "the vector of chunk {number} is not one of the model's dimension and unit length"
                )));
            }
            free = part.end;
        }
        let rest = lost(content, Span::new(free, content.text.len()));
        Ok(rest.map(|bytes| format!("{bytes} byte(s) at its end are in no chunk")))
    }

    fn unused(&mut self) -> Result<(), Error> {
        let due = "SELECT EXISTS (SELECT 1 FROM upkeep WHERE task = 'rewrite' AND times > done)";
        if self.connection.query_row(due, [], |row| row.get(0))? {
            self.fault(None, "what was deleted may still lie in parts of pages that are not used", Remedy::Rewrite);
        }
        let count = |sql: &str| self.connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        let texts = count("SELECT count(*) FROM content WHERE id NOT IN (SELECT content FROM document)")?;
        let vectors = count(
            "SELECT count(*) FROM vector WHERE id NOT IN (SELECT vector FROM chunk) AND id NOT IN (SELECT vector FROM staging)",
        )?;
        for (number, what) in [(texts, "text(s) of no document"), (vectors, "vector(s) that nothing uses")] {
            if number > 0 {
                self.fault(None, format!("{number} {what}"), Remedy::Sweep);
            }
        }
        Ok(())
    }
}

/// How many bytes of `part` are neither white space nor furniture, if any: they ought to be in a chunk.
fn lost(content: &Content, part: Span) -> Option<usize> {
    let text = part.of(&content.text)?;
    let in_furniture = |at: usize| {
        let behind = content.furniture.partition_point(|f| f.start <= at);
        behind.checked_sub(1).is_some_and(|before| at < content.furniture[before].end)
    };
    let lost = text.char_indices().filter(|(at, c)| !c.is_whitespace() && !in_furniture(part.start + at));
    let bytes: usize = lost.map(|(_, c)| c.len_utf8()).sum();
    (bytes > 0).then_some(bytes)
}
