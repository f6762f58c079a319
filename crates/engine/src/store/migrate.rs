//! Files of earlier formats, brought up to this one: forward only, in one transaction, after a copy.

use std::path::PathBuf;

use rusqlite::{Connection, Error, params};

use super::rows::content;
use super::sqlite::{FORMAT, SCHEMA, SqliteStore, Write, beside};
use crate::error::StoreError;

/// Brings the file up to [`FORMAT`], unless another process did so first. The copy beside it is removed when that succeeded.
pub(super) fn run(store: &SqliteStore) -> Result<(), StoreError> {
    // whoever cannot write now would only leave a copy behind
    drop(store.begin()?);
    let copy = copy_of(store);
    let into = |path: &PathBuf| store.connection.execute("VACUUM INTO ?1", [path.to_string_lossy()]);
    if let Err(e) = into(&copy) {
        // half a copy is of no use, and takes the room that is wanted
        let _ = std::fs::remove_file(&copy);
        let _ = std::fs::remove_file(beside(&copy, "-journal"));
        return Err(store.writing(e));
    }
    // tables that are about to be renamed refer to each other
    store.patiently("PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON")?;
    let migrated = migrate(store);
    store.patiently("PRAGMA foreign_keys = ON; PRAGMA legacy_alter_table = OFF")?;
    let removed = || std::fs::remove_file(&copy).map_err(|source| StoreError::Copy { copy: copy.clone(), source });
    match migrated {
        Ok(()) => {
            removed()?;
            // the old tables left as much room as the new ones take
            store.scrub().map(|_| ())
        }
        Err(busy @ StoreError::Busy { .. }) => removed().and(Err(busy)),
        Err(source) => {
            Err(StoreError::Migration { path: store.path.clone(), copy: copy.clone(), source: Box::new(source) })
        }
    }
}

/// `NAME.before-3`, with the number of this process where two of them begin at once.
fn copy_of(store: &SqliteStore) -> PathBuf {
    let copy = beside(&store.path, &format!(".before-{FORMAT}"));
    match copy.exists() {
        true => beside(&copy, &format!(".{}", std::process::id())),
        false => copy,
    }
}

fn migrate(store: &SqliteStore) -> Result<(), StoreError> {
    let write = store.begin()?;
    let steps = |write: &Write<'_>| -> Result<(), Error> {
        let format: i64 = write.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        match format {
            1 => from_1(write)?,
            2 => write.execute_batch(include_str!("change.sql"))?,
            _ => {}
        }
        write.pragma_update(None, "user_version", FORMAT)
    };
    steps(&write).map_err(|e| store.writing(e))?;
    let broken = write.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get::<_, i64>(0));
    match broken {
        Ok(0) => write.commit(),
        Ok(_) => Err(StoreError::Corrupt { what: "rows that refer to none" }),
        Err(e) => Err(store.writing(e)),
    }
}

/// Format 1 kept what was read with each document. Documents of the same bytes come to share it, those after the first as the
/// first was read; vectors that no chunk uses, which format 1 kept without saying for whom, go.
fn from_1(write: &Connection) -> Result<(), Error> {
    const TABLES: [&str; 9] =
        ["space", "document", "section", "furniture", "anchor", "unread", "vector", "chunk", "ledger"];
    write.execute_batch("DROP INDEX chunk_by_document; DROP INDEX chunk_by_vector; DROP INDEX ledger_by_origin")?;
    for table in TABLES {
        write.execute_batch(&format!("ALTER TABLE {table} RENAME TO old_{table}"))?;
    }
    write.execute_batch(SCHEMA)?;
    write.execute_batch(
        "INSERT INTO space SELECT id, key, encoder FROM old_space;
         INSERT INTO content (id, hash, media, title, language, pages, text, digest)
             SELECT id, content_hash, media, title, language, pages, text, '' FROM old_document
             WHERE id IN (SELECT min(id) FROM old_document GROUP BY content_hash, media);
         INSERT INTO section SELECT * FROM old_section WHERE document IN (SELECT id FROM content);
         INSERT INTO furniture SELECT * FROM old_furniture WHERE document IN (SELECT id FROM content);
         INSERT INTO anchor SELECT * FROM old_anchor WHERE document IN (SELECT id FROM content);
         INSERT INTO unread SELECT * FROM old_unread WHERE document IN (SELECT id FROM content);
         INSERT INTO document (id, origin, content, added_at)
             SELECT old.id, old.origin, content.id, old.added_at FROM old_document AS old
             JOIN content ON content.hash = old.content_hash AND content.media = old.media;
         INSERT INTO vector SELECT id, space, text_hash, numbers, tokens, dropped, unknown FROM old_vector
             WHERE id IN (SELECT vector FROM old_chunk);
         INSERT INTO chunk SELECT id, document, vector, start, end, tokens, heading_path FROM old_chunk
             WHERE document IN (SELECT id FROM content);
         INSERT INTO ledger SELECT id, at, origin, outcome, detail FROM old_ledger;
         DELETE FROM vector WHERE id NOT IN (SELECT vector FROM chunk);
         INSERT INTO upkeep VALUES ('rewrite', 1, 0);",
    )?;
    // numbers are never used again, those of the last ones that went neither
    write.execute_batch(
        "DELETE FROM sqlite_sequence WHERE name NOT LIKE 'old_%';
         UPDATE sqlite_sequence SET name = substr(name, 5) WHERE name LIKE 'old_%';",
    )?;
    for table in TABLES.iter().rev() {
        write.execute_batch(&format!("DROP TABLE old_{table}"))?;
    }
    let mut contents = write.prepare("SELECT id FROM content")?;
    for id in contents.query_map([], |row| row.get::<_, i64>(0))?.collect::<Result<Vec<_>, _>>()? {
        let digest = content(write, id)?.digest();
        write.execute("UPDATE content SET digest = ?2 WHERE id = ?1", params![id, digest.as_str()])?;
    }
    Ok(())
}
