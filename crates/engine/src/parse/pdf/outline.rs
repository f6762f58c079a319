//! The outline (bookmarks) of a PDF, flattened. Walked here because the library's own walk does not end on an outline
//! that loops.

use std::collections::HashSet;

use pdf_oxide::object::{Object, ObjectRef};

use super::script::squeeze;
use super::source::Source;

/// More entries than any real outline has.
const MAX_ENTRIES: usize = 20_000;
/// Deeper than any real outline is.
const MAX_DEPTH: u8 = 12;

/// An entry of the outline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OutlineEntry {
    /// 1 for the topmost.
    pub(super) level: u8,
    pub(super) title: String,
}

/// The outline in reading order, empty where there is none.
pub(super) fn outline(source: &Source) -> Vec<OutlineEntry> {
    let mut walk = Walk { source, seen: HashSet::new(), entries: Vec::new() };
    let root = source.document.catalog().ok().and_then(|catalog| {
        let outlines = source.resolved(catalog.as_dict()?.get("Outlines")?)?;
        outlines.as_dict()?.get("First")?.as_reference()
    });
    if let Some(first) = root {
        walk.siblings(first, 1);
    }
    walk.entries
}

struct Walk<'a> {
    source: &'a Source,
    seen: HashSet<ObjectRef>,
    entries: Vec<OutlineEntry>,
}

impl Walk<'_> {
    fn siblings(&mut self, first: ObjectRef, level: u8) {
        let mut next = Some(first);
        while let Some(at) = next {
            if level > MAX_DEPTH || self.entries.len() >= MAX_ENTRIES || !self.seen.insert(at) {
                return;
            }
            let Ok(item) = self.source.document.load_object(at) else { return };
            self.entry(&item, level);
            next = reference(&item, "Next");
        }
    }

    fn entry(&mut self, item: &Object, level: u8) {
        let title = item.as_dict().and_then(|d| d.get("Title")).and_then(|t| self.source.resolved(t));
        let title = title.as_ref().and_then(Object::as_string).map(pdf_oxide::optional_content::decode_pdf_text_string);
        self.entries.push(OutlineEntry { level, title: squeeze(&super::script::clean(&title.unwrap_or_default())) });
        if let Some(child) = reference(item, "First") {
            self.siblings(child, level + 1);
        }
    }
}

fn reference(item: &Object, key: &str) -> Option<ObjectRef> {
    item.as_dict()?.get(key)?.as_reference()
}
