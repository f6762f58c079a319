//! The shapes of JSON that others build on, and their plain twins. docs/json.md describes them.

pub(crate) mod answer;
pub(crate) mod why_not;

use qiao::model::EncoderId;
use qiao::types::{ChunkId, DocumentSummary, Hit, Locator, Span, Why};
use serde::Serialize;

/// A hit, as in `qiao search --json`.
#[derive(Debug, Serialize)]
pub(crate) struct HitView<'a> {
    rank: usize,
    score: f32,
    document: &'a str,
    path: &'a str,
    heading_path: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    also: &'a [String],
    chunk: i64,
    #[serde(skip_serializing_if = "is_one")]
    chunks: &'a [ChunkId],
    span: Span,
    text: &'a str,
    locator: &'a Locator,
    why: Why,
}

fn is_one(chunks: &&[ChunkId]) -> bool {
    chunks.len() < 2
}

/// `qiao search --json`.
#[derive(Debug, Serialize)]
pub(crate) struct HitsView<'a> {
    hits: Vec<HitView<'a>>,
    encoder: Option<&'a EncoderId>,
}

impl<'a> HitsView<'a> {
    pub(crate) fn of(hits: &'a [Hit], encoder: Option<&'a EncoderId>) -> Self {
        let view = |(i, hit): (usize, &'a Hit)| HitView {
            rank: i + 1,
            score: hit.score,
            document: hit.document(),
            path: &hit.origin,
            heading_path: &hit.chunk.piece.heading_path,
            also: &hit.also,
            chunk: hit.chunk.id.0,
            chunks: &hit.chunks,
            span: hit.chunk.piece.span,
            text: &hit.text,
            locator: &hit.locator,
            why: hit.why,
        };
        Self { hits: hits.iter().enumerate().map(view).collect(), encoder }
    }
}

/// Hits for a reader.
pub(crate) fn hits_text(hits: &[Hit]) -> String {
    let line = |(i, hit): (usize, &Hit)| {
        let place = place(hit.document(), &hit.locator, &hit.chunk.piece.heading_path);
        let also = match hit.also.len() {
            0 => String::new(),
            1 => format!("    (also {})\n", hit.also[0]),
            n => format!("    (also {} and {} more)\n", hit.also[0], n - 1),
        };
        format!("{}. {:.3}  {place}\n    {}\n{also}", i + 1, hit.score, shortened(&folded(&hit.text), 240))
    };
    hits.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

/// A document as a line of `qiao list`.
pub(crate) fn document_line(d: &DocumentSummary) -> String {
    let pages = d.pages.map_or_else(String::new, |n| format!(", {n} pages"));
    let title = d.title.as_deref().map_or_else(String::new, |t| format!("  “{}”", shortened(t, 60)));
    let tags: String = d.tags.iter().map(|tag| format!(" #{tag}")).collect();
    let value = |(key, values): (&String, &Vec<String>)| format!("{key}: {}", values.join(", "));
    let metadata = d.metadata.iter().map(value).collect::<Vec<_>>().join("; ");
    let metadata = if metadata.is_empty() { metadata } else { format!("       {}\n", folded(&metadata)) };
    let (id, name, media, chunks, origin) = (d.id, d.name(), d.media.name(), d.chunks, &d.origin);
    format!("{id:>5}  {name}{title}{tags}\n       {media}{pages}, {chunks} chunks, {origin}\n{metadata}")
}

/// Where a quotation stands: document, page or lines, headings.
pub(crate) fn place(document: &str, locator: &Locator, headings: &[String]) -> String {
    let at = match locator {
        Locator::Page { first, continued } => match continued.last() {
            Some(last) => format!(", pages {}–{}", first.page, last.page),
            None => format!(", page {}", first.page),
        },
        Locator::Lines { line, last_line } if line == last_line => format!(", line {line}"),
        Locator::Lines { line, last_line } => format!(", lines {line}–{last_line}"),
        Locator::Nowhere {} => String::new(),
    };
    let headings = headings.join(" › ");
    let under = if headings.is_empty() { String::new() } else { format!(" · {}", folded(&headings)) };
    format!("{document}{at}{under}")
}

/// White space as single spaces, so that a quotation over several lines reads as one; control characters, which a
/// terminal would obey, left out.
pub(crate) fn folded(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().filter(|c| !c.is_control()).collect()
}

fn shortened(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
