//! What `verify` found, mended.

use std::collections::BTreeSet;
use std::path::Path;

use super::Engine;
use crate::error::Error;
use crate::source;
use crate::types::{Content, ContentHash, DocumentSummary, Finding, Media, Remedy};

/// What happens while repairing.
#[derive(Debug)]
pub enum RepairEvent<'a> {
    /// A text's chunks are being embedded again.
    Embedding {
        /// Where it came from.
        origin: &'a str,
        /// Chunks that have their vectors.
        done: usize,
        /// All its chunks.
        total: usize,
    },
    /// An original is not there any more, cannot be read, or is another now.
    Unread {
        /// Where the text came from.
        origin: &'a str,
    },
}

/// How repairing went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RepairReport {
    /// Texts read again.
    pub read: usize,
    /// Texts cut and embedded again.
    pub embedded: usize,
}

impl Engine {
    /// Does what can be done about `findings`: nothing where one of them is beyond repair. What could not be is found again by the
    /// next verification.
    ///
    /// # Errors
    /// When no encoder is to be had, or the store fails.
    pub fn repair(
        &mut self,
        findings: &[Finding],
        on_event: &mut dyn FnMut(&RepairEvent<'_>),
    ) -> Result<RepairReport, Error> {
        let mut report = RepairReport::default();
        let todo: BTreeSet<&Remedy> = findings.iter().map(|finding| &finding.remedy).collect();
        if todo.contains(&Remedy::Backup) {
            // to write over a broken file makes what it lost look as if it had never been there
            return Ok(report);
        }
        let of = |rewrites: bool| {
            let wanted = |finding: &&Finding| (finding.remedy == Remedy::Rewrite) == rewrites;
            findings.iter().filter(wanted).cloned().collect::<Vec<_>>()
        };
        if todo.iter().any(|remedy| matches!(remedy, Remedy::Embed(..) | Remedy::Read(..))) {
            // what cannot be embedded again keeps the chunks it has
            self.encoder()?;
        }
        self.store.mend(&of(false))?;
        for remedy in todo {
            match remedy {
                Remedy::Embed(bytes, media) => {
                    let Some((origin, content)) = self.stored(bytes, *media)? else { continue };
                    self.embed_again((&origin, bytes), &content, on_event)?;
                    report.embedded += 1;
                }
                Remedy::Read(bytes, media) => match self.read_again(bytes, *media, on_event)? {
                    Some((origin, content)) => {
                        self.embed_again((&origin, bytes), &content, on_event)?;
                        report.read += 1;
                    }
                    // as it is, it can still be found
                    None => continue,
                },
                Remedy::Reindex
                | Remedy::Rebuild
                | Remedy::Sweep
                | Remedy::Unstage
                | Remedy::Rewrite
                | Remedy::Backup => {}
            }
        }
        // last, so that what was deleted meanwhile goes as well
        self.store.mend(&of(true))?;
        Ok(report)
    }

    fn holders(&self, bytes: &ContentHash, media: Media) -> Result<Vec<DocumentSummary>, Error> {
        Ok(self.store.snapshot()?.holders(bytes, media)?)
    }

    fn stored(&self, bytes: &ContentHash, media: Media) -> Result<Option<(String, Content)>, Error> {
        let Some(holder) = self.holders(bytes, media)?.into_iter().next() else { return Ok(None) };
        let document = self.store.snapshot()?.document(holder.id)?;
        Ok(document.map(|document| (holder.origin, document.content)))
    }

    /// What the first original that still has these bytes gives.
    fn read_again(
        &self,
        bytes: &ContentHash,
        media: Media,
        on_event: &mut dyn FnMut(&RepairEvent<'_>),
    ) -> Result<Option<(String, Content)>, Error> {
        for holder in self.holders(bytes, media)? {
            let source = source::file(Path::new(&holder.origin)).ok().filter(|source| source.media == media);
            let read = source.and_then(|source| Some((source::read(&source).ok()?, source)));
            if let Some((original, source)) = read.filter(|(original, _)| ContentHash::of(original) == *bytes)
                && let Ok(content) = self.parse(&source, &original)
            {
                return Ok(Some((holder.origin, content)));
            }
            on_event(&RepairEvent::Unread { origin: &holder.origin });
        }
        Ok(None)
    }

    fn embed_again(
        &mut self,
        (origin, bytes): (&str, &ContentHash),
        content: &Content,
        on_event: &mut dyn FnMut(&RepairEvent<'_>),
    ) -> Result<(), Error> {
        let mut progress = |done, total| on_event(&RepairEvent::Embedding { origin, done, total });
        let (pieces, _) = self.embed(origin, content, &mut progress)?;
        Ok(self.store.put_back(bytes, content, &pieces)?)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use rusqlite::Connection;

    use super::*;
    use crate::embed::HashingEncoder;
    use crate::engine::Settings;
    use crate::parse::AllParsers;
    use crate::seams::Encoder;
    use crate::store::{SqliteStore, Wait};
    use crate::types::Labels;

    const NOTES: &str =
        "# Bridges\n\nThe stone bridge of Zhaozhou has one arch.\n\n## Tolls\n\nThe toll was two coins.\n";

    fn engine(kb: &Path) -> Engine {
        let encoder: Arc<dyn Encoder> = Arc::new(HashingEncoder::default());
        let store = SqliteStore::open(kb, Wait::default()).unwrap();
        Engine::new(Box::new(store), Box::new(AllParsers), Box::new(move |_| Ok(encoder.clone())), Settings::default())
    }

    fn verify(kb: &Path) -> Vec<Finding> {
        let (findings, pages_seen) = SqliteStore::verify(kb, Wait::default()).unwrap().unwrap();
        assert!(pages_seen);
        findings
    }

    /// A knowledge base of two files, one of them twice, and the first file.
    fn filled(folder: &Path) -> (PathBuf, PathBuf) {
        let (kb, notes) = (folder.join("kb.qiao"), folder.join("notes.md"));
        std::fs::write(&notes, NOTES).unwrap();
        std::fs::write(folder.join("copy.md"), NOTES).unwrap();
        std::fs::write(folder.join("other.txt"), "赵州桥只有一个拱。").unwrap();
        let paths = ["notes.md", "copy.md", "other.txt"].map(|name| folder.join(name));
        engine(&kb).add(&paths, &Labels::default(), &mut |_| {}).unwrap();
        assert_eq!(verify(&kb), []);
        (kb, notes)
    }

    fn tamper(kb: &Path, sql: &str) {
        let connection = Connection::open(kb).unwrap();
        connection.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON").unwrap();
        connection.execute_batch(sql).unwrap();
    }

    #[test]
    fn each_fault_is_found_and_mended() {
        let embed = |finding: &Remedy| matches!(finding, Remedy::Embed(..));
        let read = |finding: &Remedy| matches!(finding, Remedy::Read(..));
        let sweep = |finding: &Remedy| *finding == Remedy::Sweep;
        type Expected<'a> = (&'a str, &'a dyn Fn(&Remedy) -> bool);
        let is: [Expected<'_>; 19] = [
            ("UPDATE vector SET numbers = zeroblob(length(numbers)) WHERE id = 1", &embed),
            ("UPDATE vector SET numbers = zeroblob(5) WHERE id = 1", &embed),
            ("UPDATE vector SET text_hash = 'x' WHERE id = 2", &embed),
            ("UPDATE chunk SET start = 1 WHERE id = 1", &embed),
            ("UPDATE chunk SET end = 99999 WHERE id = 2", &embed),
            ("UPDATE chunk SET heading_path = 'x' WHERE id = 1", &embed),
            ("DELETE FROM chunk WHERE id = 3", &embed),
            ("UPDATE chunk SET start = start + 1 WHERE content = 2", &embed),
            ("UPDATE content SET text = replace(text, 'two', 'ten')", &read),
            ("UPDATE content SET title = 'Another'", &read),
            ("UPDATE anchor SET line = line + 1", &read),
            ("DELETE FROM section", &read),
            ("UPDATE content SET media = 'x' WHERE id = 1", &|remedy| *remedy == Remedy::Backup),
            ("INSERT INTO property VALUES (1, 'author', 0, 'nobody')", &read),
            ("DELETE FROM document WHERE origin LIKE '%other.txt'", &sweep),
            ("INSERT INTO vector SELECT 99, space, 'y', numbers, 1, 0, 0 FROM vector LIMIT 1", &sweep),
            ("INSERT INTO tag VALUES (77, 'nobody''s')", &sweep),
            (
                "INSERT INTO vector SELECT 99, space, 'y', zeroblob(length(numbers)), 1, 0, 0 FROM vector LIMIT 1;
                 INSERT INTO staging VALUES ('/x', 99)",
                &|remedy| *remedy == Remedy::Unstage,
            ),
            (
                "PRAGMA secure_delete = OFF; CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(9000) || 'secret');
                 DROP TABLE t",
                &|remedy| *remedy == Remedy::Rewrite,
            ),
        ];
        for (sql, expected) in is {
            let folder = tempfile::tempdir().unwrap();
            let (kb, _) = filled(folder.path());
            tamper(&kb, sql);
            let findings = verify(&kb);
            assert!(findings.iter().any(|finding| expected(&finding.remedy)), "{sql}: {findings:?}");
            engine(&kb).repair(&findings, &mut |_| {}).unwrap();
            let left = verify(&kb);
            match findings.iter().any(|finding| finding.remedy == Remedy::Backup) {
                true => assert!(!left.is_empty(), "{sql}"),
                false => assert_eq!(left, [], "{sql}"),
            }
        }
    }

    #[test]
    fn an_index_that_lost_a_row_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let (kb, _) = filled(folder.path());
        // an index of fewer rows than it says
        tamper(
            &kb,
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = sql || ' WHERE id > 1' WHERE name = 'chunk_by_vector';
             PRAGMA writable_schema = RESET;
             REINDEX chunk_by_vector;
             PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = replace(sql, ' WHERE id > 1', '') WHERE name = 'chunk_by_vector';
             PRAGMA writable_schema = RESET;",
        );
        let findings = verify(&kb);
        assert!(
            findings.iter().all(|finding| finding.remedy == Remedy::Reindex) && !findings.is_empty(),
            "{findings:?}"
        );
        engine(&kb).repair(&findings, &mut |_| {}).unwrap();
        assert_eq!(verify(&kb), []);
    }

    #[test]
    fn a_damaged_text_whose_original_has_changed_stays_found_and_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let (kb, notes) = filled(folder.path());
        tamper(&kb, "UPDATE content SET text = replace(text, 'two', 'ten')");
        std::fs::write(notes, "Changed.").unwrap();
        // its twin is still there
        let mut unread = Vec::new();
        let mut engine = engine(&kb);
        let mut note = |event: &RepairEvent<'_>| {
            if let RepairEvent::Unread { origin } = event {
                unread.push((*origin).to_owned());
            }
        };
        assert_eq!(engine.repair(&verify_open(&kb), &mut note).unwrap().read, 1);
        assert!(unread[0].ends_with("notes.md"));
        drop(engine);
        assert_eq!(verify(&kb), []);
        tamper(&kb, "UPDATE content SET text = replace(text, 'two', 'ten')");
        std::fs::remove_file(folder.path().join("copy.md")).unwrap();
        let findings = verify(&kb);
        self::engine(&kb).repair(&findings, &mut |_| {}).unwrap();
        assert_eq!(verify(&kb), findings);
    }

    /// As [`verify`], while the engine has the file open.
    fn verify_open(kb: &Path) -> Vec<Finding> {
        SqliteStore::verify(kb, Wait::default()).unwrap().unwrap().0
    }

    #[test]
    fn a_file_that_is_beyond_repair_is_not_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let (kb, _) = filled(folder.path());
        tamper(
            &kb,
            "UPDATE space SET key = 'x'; INSERT INTO upkeep VALUES ('rewrite', 1, 0);
             UPDATE vector SET numbers = zeroblob(5) WHERE id = 1",
        );
        let (findings, before) = (verify(&kb), std::fs::read(&kb).unwrap());
        assert_eq!(engine(&kb).repair(&findings, &mut |_| {}).unwrap(), RepairReport::default());
        assert!(findings.len() > 2 && before == std::fs::read(&kb).unwrap());
    }

    #[test]
    fn broken_pages_are_found_and_cannot_be_mended() {
        let folder = tempfile::tempdir().unwrap();
        let (kb, _) = filled(folder.path());
        let mut bytes = std::fs::read(&kb).unwrap();
        // the page after the schema's first
        bytes[4096 + 8..4096 + 600].fill(0xff);
        std::fs::write(&kb, bytes).unwrap();
        let findings = verify(&kb);
        assert!(findings.iter().any(|finding| finding.remedy == Remedy::Backup), "{findings:?}");
    }
}
