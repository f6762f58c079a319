//! Running headers, footers and page numbers: the rows at a page's edges that other pages repeat at the same height.
//!
//! A heading that opens every page is no furniture. It stands out (larger or bolder than the text) and says something
//! else on each page, or it stands as near to the text as a line does.

use std::collections::HashMap;

use super::page::{Page, Run, Sheet, Style, Turn};
use super::rows::{CELL_GAP, Row, rows};
use super::script::{ends_sentence, fold, letters};

/// How many rows at each edge may be furniture.
const EDGE_ROWS: usize = 3;
/// The same height, in points.
const SAME_HEIGHT: f32 = 2.5;
/// Repetition means something from so many pages on.
const MIN_PAGES: usize = 3;
/// Share of the page's height, from its edge, where a lone page number stands.
const NUMBER_MARGIN: f32 = 0.13;
/// Share of the page's height, from its edge, where anything that repeats is furniture.
const MARGIN: f32 = 0.2;

/// A page with its furniture taken off.
pub(super) struct Stripped {
    pub(super) page: Page,
    /// From top to bottom.
    pub(super) furniture: Vec<Row>,
}

/// The style of most letters of a document, and how far its lines stand apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Body {
    pub(super) style: Style,
    pub(super) pitch: f32,
}

/// A row at a page's edge, with what tells furniture from text.
struct Edge {
    page: usize,
    row: usize,
    /// Distance of the baseline from the edge of the page.
    height: f32,
    style: Style,
    /// What it says, folded; digits kept.
    said: String,
    /// The same for its pieces, where it has several.
    pieces: Vec<String>,
    text: String,
    /// White up to the next row inwards, as baseline distance; infinite where there is none.
    gap: f32,
    /// Whether it stands where furniture does.
    outer: bool,
    /// Whether it stands where page numbers do.
    marginal: bool,
}

/// Takes the furniture off all pages.
pub(super) fn strip(pages: Vec<Page>) -> Vec<Stripped> {
    let upright: Vec<Vec<Row>> = pages.iter().map(upright_rows).collect();
    let body = Body::of(upright.iter().map(Vec::as_slice));
    let mut taken: Vec<Vec<usize>> = vec![Vec::new(); pages.len()];
    for side in [Side::Top, Side::Bottom] {
        let edges: Vec<Vec<Edge>> = (0..pages.len()).map(|p| edges(side, (p, &pages[p]), &upright[p])).collect();
        let census = Census::of(&edges, body);
        for (page, rows) in edges.iter().enumerate() {
            let count = census.furniture(rows);
            taken[page].extend(rows[..count].iter().map(|e| e.row));
        }
    }
    let parts = pages.into_iter().zip(upright).zip(taken);
    parts.map(|((page, rows), taken)| take(page, rows, &taken)).collect()
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Top,
    Bottom,
}

fn upright_rows(page: &Page) -> Vec<Row> {
    page.sheets.iter().find(|s| s.turn == Turn::None).map(|s| rows(s.runs.clone())).unwrap_or_default()
}

impl Body {
    /// The body of a document, from its rows page by page.
    fn of<'a>(pages: impl Iterator<Item = &'a [Row]> + Clone) -> Self {
        let mut weight: HashMap<(i32, bool), usize> = HashMap::new();
        for row in pages.clone().flatten() {
            let style = row.style();
            *weight.entry((style.step(), style.bold)).or_default() +=
                row.runs.iter().map(|r| letters(&r.text)).sum::<usize>();
        }
        let most = weight.into_iter().max_by_key(|(key, weight)| (*weight, key.0));
        let (step, bold) = most.map_or((20, false), |(key, _)| key);
        let style = Style { size: step as f32 / 2.0, bold, mono: false };
        let gaps = pages.flat_map(|rows| rows.windows(2)).filter(|w| w.iter().all(|r| r.style().same_size(style)));
        let gaps = gaps.map(|w| w[1].baseline() - w[0].baseline()).filter(|gap| *gap > 0.8 * style.size);
        Self { style, pitch: median(gaps.collect()).unwrap_or(1.25 * style.size) }
    }

    fn is_prominent(&self, style: Style) -> bool {
        self.is_larger(style) || (style.bold && !self.style.bold)
    }

    fn is_larger(&self, style: Style) -> bool {
        style.size > 1.1 * self.style.size
    }
}

/// The middle value.
pub(super) fn median(mut values: Vec<f32>) -> Option<f32> {
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied()
}

/// The outermost rows of a page, from its edge inwards. A page's only row is text, not its furniture.
fn edges(side: Side, (index, page): (usize, &Page), rows: &[Row]) -> Vec<Edge> {
    let height = page.extent.height;
    let inwards: Vec<usize> = match side {
        Side::Top => (0..rows.len()).collect(),
        Side::Bottom => (0..rows.len()).rev().collect(),
    };
    let outer = inwards.iter().take(EDGE_ROWS.min(rows.len().saturating_sub(1)));
    outer
        .enumerate()
        .map(|(n, &row)| {
            let next = inwards.get(n + 1).map(|&r| rows[r].baseline());
            let gap = next.map_or(f32::INFINITY, |b| (b - rows[row].baseline()).abs());
            let from_edge = match side {
                Side::Top => rows[row].baseline(),
                Side::Bottom => height - rows[row].baseline(),
            };
            Edge::of(&rows[row], (index, row), (from_edge, gap), from_edge / height)
        })
        .collect()
}

impl Edge {
    fn of(row: &Row, (page, at): (usize, usize), (height, gap): (f32, f32), share: f32) -> Self {
        let text = row.text();
        let pieces = pieces(row).iter().map(|p| fold(p)).collect();
        let (outer, marginal) = (share < MARGIN, share < NUMBER_MARGIN);
        Self { page, row: at, height, style: row.style(), said: fold(&text), pieces, text, gap, outer, marginal }
    }

    /// What it says with all digits alike.
    fn pattern(&self) -> String {
        digits_alike(&self.said)
    }
}

fn digits_alike(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_numeric() {
            true if out.ends_with('#') => {}
            true => out.push('#'),
            false => out.push(c),
        }
    }
    out
}

/// The texts of the pieces of a row that stand far apart, where there are several.
fn pieces(row: &Row) -> Vec<String> {
    let apart = |a: &Run, b: &Run| b.x0 - a.x1 > CELL_GAP * a.style.size.max(b.style.size);
    let pieces: Vec<&[Run]> = row.runs.chunk_by(|a, b| !apart(a, b)).collect();
    if pieces.len() < 2 {
        return Vec::new();
    }
    pieces.into_iter().map(|runs| Row { runs: runs.to_vec() }.text()).collect()
}

/// What all pages have at one of their edges.
struct Census {
    body: Body,
    pages: usize,
    /// Heights and pages at which a text stands, by text.
    said: HashMap<String, Vec<(f32, usize)>>,
    /// The same with all digits alike.
    patterns: HashMap<String, Vec<(f32, usize)>>,
    /// Heights and size steps of the outermost rows that could be headers by their place.
    placed: Vec<(f32, i32)>,
}

impl Census {
    fn of(edges: &[Vec<Edge>], body: Body) -> Self {
        let mut census =
            Self { body, pages: edges.len(), said: HashMap::new(), patterns: HashMap::new(), placed: Vec::new() };
        for edge in edges.iter().flatten() {
            let place = (edge.height, edge.page);
            census.said.entry(edge.said.clone()).or_default().push(place);
            census.patterns.entry(edge.pattern()).or_default().push(place);
            for piece in edge.pieces.iter().filter(|p| letters(p) >= 4) {
                census.said.entry(piece.clone()).or_default().push(place);
            }
        }
        let outermost = edges.iter().filter_map(|rows| rows.first()).filter(|e| census.could_be_header(e));
        census.placed = outermost.map(|e| (e.height, e.style.step())).collect();
        census
    }

    /// How many of `rows`, from the edge inwards, are furniture.
    fn furniture(&self, rows: &[Edge]) -> usize {
        let mut count = rows.iter().take_while(|e| self.repeats(e) || self.is_number(e)).count();
        while count > 0 && !self.is_detached(&rows[count - 1]) {
            count -= 1;
        }
        let by_place =
            count == 0 && rows.first().is_some_and(|e| self.could_be_header(e) && self.holds_a_common_place(e));
        if by_place { 1 } else { count }
    }

    /// Whether more than a line's distance parts it from the text.
    fn is_detached(&self, edge: &Edge) -> bool {
        edge.gap > 1.15 * self.body.pitch
    }

    fn repeats(&self, edge: &Edge) -> bool {
        if self.pages < MIN_PAGES || edge.said.is_empty() || !edge.outer {
            return false;
        }
        let alike = self.on_pages(self.said.get(&edge.said), edge);
        let enough = if self.body.is_larger(edge.style) { MIN_PAGES.max(self.pages * 3 / 5) } else { 2 };
        let by_piece = edge.pieces.iter().any(|p| self.on_pages(self.said.get(p), edge) >= 2);
        alike >= enough || by_piece || self.repeats_but_for_digits(edge)
    }

    fn repeats_but_for_digits(&self, edge: &Edge) -> bool {
        let pattern = edge.pattern();
        pattern.contains('#')
            && !self.body.is_prominent(edge.style)
            && self.on_pages(self.patterns.get(&pattern), edge) >= MIN_PAGES
    }

    /// On how many pages one of `places` lies at the height of `edge`.
    fn on_pages(&self, places: Option<&Vec<(f32, usize)>>, edge: &Edge) -> usize {
        let near = places.into_iter().flatten().filter(|(height, _)| (height - edge.height).abs() < SAME_HEIGHT);
        let mut pages: Vec<usize> = near.map(|(_, page)| *page).collect();
        pages.dedup();
        pages.len()
    }

    fn is_number(&self, edge: &Edge) -> bool {
        edge.marginal && is_page_number(&edge.text) && !self.body.is_larger(edge.style)
    }

    /// Whether nothing but its words tells it from a running header.
    fn could_be_header(&self, edge: &Edge) -> bool {
        let modest = !self.body.is_prominent(edge.style) && letters(&edge.text) < 120 && !ends_sentence(&edge.text);
        modest && edge.marginal && edge.gap > 1.3 * self.body.pitch && edge.gap.is_finite()
    }

    fn holds_a_common_place(&self, edge: &Edge) -> bool {
        let alike = |(height, step): &&(f32, i32)| (height - edge.height).abs() < 1.5 && *step == edge.style.step();
        let count = self.placed.iter().filter(alike).count();
        count >= MIN_PAGES && count * 2 >= self.pages
    }
}

/// Whether `text` is a page number and no more: "12", "- 12 -", "Page 3 of 9", "第 3 页", "xii".
fn is_page_number(text: &str) -> bool {
    const WORDS: [&str; 14] =
        ["page", "seite", "p", "pag", "página", "of", "von", "de", "sur", "第", "页", "頁", "共", "s"];
    let bare = text
        .trim_matches(|c: char| matches!(c, '-' | '–' | '—' | '·' | '|' | '[' | ']' | '(' | ')' | ' ' | '.'))
        .to_lowercase();
    if is_roman(&bare) {
        return true;
    }
    let tokens = tokens(&bare);
    let numbers = tokens.iter().filter(|t| t.starts_with(|c: char| c.is_ascii_digit())).count();
    let known = |t: &String| (t.len() <= 4 && t.bytes().all(|b| b.is_ascii_digit())) || WORDS.contains(&t.as_str());
    (1..=2).contains(&numbers) && tokens.iter().all(known)
}

/// Numbers, words and single ideographs; dashes and slashes between them dropped.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut kind = ' ';
    for c in text.chars() {
        let this = if c.is_ascii_digit() {
            '0'
        } else if super::script::is_cjk(c) {
            '字'
        } else if c.is_alphanumeric() {
            'a'
        } else {
            ' '
        };
        match tokens.last_mut() {
            Some(last) if this == kind && this != '字' && this != ' ' => last.push(c),
            _ if this != ' ' => tokens.push(c.to_string()),
            _ if !matches!(c, ' ' | '/' | '-' | '–' | '.' | '|') => tokens.push(c.to_string()),
            _ => {}
        }
        kind = this;
    }
    tokens
}

fn is_roman(text: &str) -> bool {
    (1..=7).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'i' | b'v' | b'x' | b'l'))
}

/// Takes rows `taken` out of the page's upright sheet.
fn take(mut page: Page, rows: Vec<Row>, taken: &[usize]) -> Stripped {
    if taken.is_empty() {
        return Stripped { page, furniture: Vec::new() };
    }
    let mut furniture = Vec::new();
    let mut runs = Vec::new();
    for (n, row) in rows.into_iter().enumerate() {
        if taken.contains(&n) { furniture.push(row) } else { runs.extend(row.runs) }
    }
    page.sheets.retain(|s| s.turn != Turn::None);
    page.sheets.insert(0, Sheet { turn: Turn::None, runs });
    Stripped { page, furniture }
}

#[cfg(test)]
mod tests {
    use super::super::page::Extent;
    use super::super::testing::{column, run};
    use super::*;

    fn page(number: u32, extra: Vec<Run>) -> Page {
        let mut runs = column("body", (50.0, 100.0), 12);
        runs.extend(extra);
        Page { number, extent: Extent { width: 400.0, height: 600.0 }, sheets: vec![Sheet { turn: Turn::None, runs }] }
    }

    fn furniture(pages: Vec<Page>) -> Vec<Vec<String>> {
        strip(pages).iter().map(|s| s.furniture.iter().map(Row::text).collect()).collect()
    }

    #[test]
    fn headers_and_numbers_that_repeat_are_furniture() {
        let made = |n: u32| page(n, vec![run("The Bridge", 50.0, 40.0), run(&n.to_string(), 200.0, 570.0)]);
        let found = furniture((1..=3).map(made).collect());
        assert_eq!(found, [["The Bridge", "1"], ["The Bridge", "2"], ["The Bridge", "3"]]);
    }

    #[test]
    fn left_and_right_pages_may_differ() {
        let made = |n: u32| page(n, vec![run(if n.is_multiple_of(2) { "An author" } else { "A title" }, 50.0, 40.0)]);
        assert!(furniture((1..=3).map(made).collect()).iter().all(|f| f.len() == 1));
    }

    #[test]
    fn a_chapter_name_beside_a_repeated_title_goes_with_it() {
        let name = ["Rivers", "Lakes", "Seas", "Oceans"];
        let made = |n: u32| page(n, vec![run("The Bridge", 50.0, 40.0), run(name[n as usize - 1], 250.0, 40.0)]);
        let found = furniture((1..=4).map(made).collect());
        assert_eq!(found[2], ["The Bridge Seas"]);
    }

    #[test]
    fn a_heading_that_opens_each_page_is_text() {
        let large = |n: u32| {
            let mut heading = run(&format!("Exercise {n}"), 50.0, 70.0);
            heading.style.size = 14.0;
            page(n, vec![heading])
        };
        assert!(furniture((1..=5).map(large).collect()).iter().all(Vec::is_empty));
        let bold = |n: u32| {
            let mut heading = run(&format!("Exercise {n}"), 50.0, 80.0);
            heading.style.bold = true;
            page(n, vec![heading])
        };
        assert!(furniture((1..=5).map(bold).collect()).iter().all(Vec::is_empty));
    }

    #[test]
    fn lines_that_begin_pages_at_one_height_are_text() {
        let made = |n: u32| page(n, vec![run("words at the top of this page go on", 50.0, 88.0)]);
        assert!(furniture((1..=5).map(made).collect()).iter().all(Vec::is_empty));
    }

    #[test]
    fn page_numbers_are_known_by_their_pattern() {
        for text in ["12", "- 3 -", "Page 3 of 9", "3/9", "第 3 页", "第3页 共9页", "xii", "Seite 4"] {
            assert!(is_page_number(text), "{text}");
        }
        for text in ["1984 was", "3.2 Title", "第三章", "mix it", "Table 4", "12345"] {
            assert!(!is_page_number(text), "{text}");
        }
    }
}
