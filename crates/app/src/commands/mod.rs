//! One file a verb.

pub(crate) mod add;
pub(crate) mod ask;
pub(crate) mod chunk;
pub(crate) mod docs;
pub(crate) mod embed;
pub(crate) mod eval;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod inspect;
pub(crate) mod list;
pub(crate) mod model;
pub(crate) mod parse;
pub(crate) mod remove;
pub(crate) mod search;
pub(crate) mod show;
pub(crate) mod similarity;
pub(crate) mod tour;
pub(crate) mod verify;
pub(crate) mod worker;

use qiao::types::{DocumentId, DocumentSummary};
use qiao::{Engine, Error, Kind};

use crate::out::Printer;
use crate::settings::Settings;

/// A document that a person names in a way that fits none, or several.
#[derive(Debug)]
struct NoSuchDocument {
    named: String,
    several: usize,
}

impl std::fmt::Display for NoSuchDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.several {
            0 => write!(f, "no document is called {}; `qiao list` shows all", self.named),
            n => write!(f, "{n} documents are called {}; give a number or a path from `qiao list`", self.named),
        }
    }
}

impl std::error::Error for NoSuchDocument {}

/// The document meant by a number, a path, or a name that only one has.
fn document(engine: &Engine, named: &str) -> Result<DocumentSummary, Error> {
    if let Some(found) = named.parse().ok().map(|number| engine.summary(DocumentId(number))).transpose()?.flatten() {
        return Ok(found);
    }
    for origin in [Some(named.to_owned()), absolute(named)].into_iter().flatten() {
        if let Some(found) = engine.find(&origin)? {
            return Ok(found);
        }
    }
    let mut all = engine.documents()?;
    all.retain(|d| d.name() == named);
    match all.len() {
        1 => Ok(all.swap_remove(0)),
        several => Err(missing(named, several)),
    }
}

/// Warns where a search will be slow for want of an index.
fn not_indexed(why: &Error, printer: &Printer) {
    printer.warn(&format!(
        "all is added, but what makes searches fast could not be written; they go on without it, and slower: {}",
        why.reason()
    ));
}

/// Warns where what went may still be found in the bytes of the file.
fn not_scrubbed(settings: &Settings, printer: &Printer) {
    printer.warn(&format!(
        "another process reads from {}, and so what went still lies in its unused bytes; the next change overwrites it, or \
         `qiao verify --repair` once that process is done",
        settings.kb().display()
    ));
}

/// The path as the knowledge base knows it; a file that has left the disk can still be named.
fn absolute(named: &str) -> Option<String> {
    let path = std::fs::canonicalize(named).or_else(|_| std::path::absolute(named));
    path.map(|path| path.to_string_lossy().into_owned()).ok()
}

fn missing(named: &str, several: usize) -> Error {
    Error::new(Kind::NotFound, "cannot find the document", NoSuchDocument { named: named.to_owned(), several })
}

fn ids(engine: &Engine, named: &[String]) -> Result<Vec<DocumentId>, Error> {
    named.iter().map(|name| document(engine, name).map(|d| d.id)).collect()
}
