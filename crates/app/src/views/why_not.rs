//! What became of what a person expected to find.

use qiao::retrieve::{End, Rank, Trail, WhyNot};
use qiao::types::{ChunkId, LedgerEntry, Locator, Span, Unread};
use serde::Serialize;

use super::{folded, place, shortened};

/// `qiao search --why-not --json`.
#[derive(Debug, Serialize)]
pub(crate) struct WhyNotView<'a> {
    /// Whether it stands in a text.
    read: bool,
    chunks: Vec<TrailView<'a>>,
    #[serde(skip_serializing_if = "<[LedgerEntry]>::is_empty")]
    failed: &'a [LedgerEntry],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unread: Vec<UnreadView<'a>>,
}

#[derive(Debug, Serialize)]
struct UnreadView<'a> {
    path: &'a str,
    pages: &'a [Unread],
}

#[derive(Debug, Serialize)]
struct TrailView<'a> {
    end: End,
    cut: bool,
    document: &'a str,
    path: &'a str,
    chunk: ChunkId,
    span: Span,
    locator: &'a Locator,
    dense: Option<Rank>,
    lexical: Option<Rank>,
    fused: Option<Rank>,
}

impl<'a> WhyNotView<'a> {
    pub(crate) fn of(lost: &'a WhyNot) -> Self {
        let trail = |trail: &'a Trail| TrailView {
            end: trail.end,
            cut: trail.cut,
            document: name(trail),
            path: &trail.found.origin,
            chunk: trail.found.chunk.id,
            span: trail.found.chunk.piece.span,
            locator: &trail.found.locator,
            dense: trail.dense,
            lexical: trail.lexical,
            fused: trail.fused,
        };
        let unread = |(path, pages): &'a (String, Vec<Unread>)| UnreadView { path, pages };
        Self {
            read: !lost.places.is_empty(),
            chunks: lost.trails.iter().map(trail).collect(),
            failed: &lost.failures,
            unread: lost.unread.iter().map(unread).collect(),
        }
    }
}

/// The same for a reader; `hits` were asked for.
pub(crate) fn why_not_text(lost: &WhyNot, hits: usize) -> String {
    if lost.places.is_empty() {
        return not_read(lost);
    }
    if lost.trails.is_empty() {
        return "It stands in a text, but only in what repeats on its pages, which is in no chunk and is not searched.\n"
            .to_owned();
    }
    lost.trails.iter().map(|trail| trail_text(trail, hits)).collect::<Vec<_>>().join("\n")
}

fn not_read(lost: &WhyNot) -> String {
    let mut out = "It was not read: no document is called so, and no text holds it.\n".to_owned();
    for LedgerEntry { origin, detail, .. } in &lost.failures {
        out += &format!("    {origin} could not be read: {}\n", folded(detail));
    }
    for (origin, pages) in &lost.unread {
        let numbers: Vec<String> = pages.iter().take(12).map(|unread| unread.page.to_string()).collect();
        let more = if pages.len() > 12 { ", …" } else { "" };
        out += &format!("    {origin}: no text on page(s) {}{more}\n", numbers.join(", "));
    }
    out
}

fn trail_text(trail: &Trail, hits: usize) -> String {
    let found = &trail.found;
    let place = place(name(trail), &found.locator, &found.chunk.piece.heading_path);
    let mut out = format!("{place}\n    {}\n", shortened(&folded(&found.text), 120));
    if trail.cut {
        out += "    cut: what is sought goes on in the next chunk\n";
    }
    for (list, rank) in [("by meaning", trail.dense), ("by words", trail.lexical), ("together", trail.fused)] {
        if let Some(Rank { rank, of, score }) = rank {
            out += &format!("    {list}: {rank} of {of} ({score:.3})\n");
        }
    }
    out + &format!("    {}\n", end_text(trail.end, hits))
}

fn end_text(end: End, hits: usize) -> String {
    match end {
        End::Found => "found: it is among the hits".to_owned(),
        End::Filtered => "lost to the filter: its document is not among those searched".to_owned(),
        End::LacksPhrase => "lost to the quotes: it does not hold what stands in them word for word".to_owned(),
        End::SharesNoWord => "lost to --lexical: it shares no word with the query".to_owned(),
        End::BelowScore => "lost to --min-score: its score is below it".to_owned(),
        End::Displaced => {
            "displaced: it ranks high enough, but --per-document, --mmr or --rerank put others in its place".to_owned()
        }
        End::TooFarDown => format!("too far down: {hits} hits were asked for, more (-k) would show it"),
    }
}

fn name(trail: &Trail) -> &str {
    trail.found.origin.rsplit(['/', '\\']).next().unwrap_or(&trail.found.origin)
}
