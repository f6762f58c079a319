use serde::{Deserialize, Serialize};

use super::Span;

/// A rectangle on a page `[x0, y0, x1, y1]`, in points (1/72 inch), origin at the page's top left.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f32; 4]", into = "[f32; 4]")]
pub struct Rect {
    /// Left edge.
    pub x0: f32,
    /// Top edge.
    pub y0: f32,
    /// Right edge.
    pub x1: f32,
    /// Bottom edge.
    pub y1: f32,
}

impl From<[f32; 4]> for Rect {
    fn from([x0, y0, x1, y1]: [f32; 4]) -> Self {
        Self { x0, y0, x1, y1 }
    }
}

impl From<Rect> for [f32; 4] {
    fn from(r: Rect) -> Self {
        [r.x0, r.y0, r.x1, r.y1]
    }
}

/// Where one line of the original stands.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A line of a page: physical page number from 1, and the line's box.
    Box {
        /// Physical page number, from 1.
        page: u32,
        /// The line's box.
        rect: Rect,
    },
    /// A line of a text file, from 1.
    Line {
        /// Line number, from 1.
        line: u32,
    },
}

/// One line of the original: the bytes of the text it became, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Anchor {
    /// Bytes of the document's text.
    pub span: Span,
    /// Where they stand in the original.
    pub place: Place,
}

/// The boxes of a span on one page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PageBoxes {
    /// Physical page number, from 1.
    pub page: u32,
    /// One box a line, in reading order; points, origin top left.
    pub boxes: Vec<Rect>,
}

/// Where a span stands in the original; one answer for every format.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Locator {
    /// On pages: the page on which the span begins.
    Page {
        /// That page and its boxes.
        #[serde(flatten)]
        first: PageBoxes,
        /// The further pages of a span that goes on over a page's end.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        continued: Vec<PageBoxes>,
    },
    /// In the lines of a text file, from 1, last one included.
    Lines {
        /// First line.
        line: u32,
        /// Last line.
        last_line: u32,
    },
    /// The original has no place to name (an empty file).
    Nowhere {},
}

impl Locator {
    /// The place of `span`, from the anchors that overlap it, which must be in ascending order of their spans.
    pub fn of(span: Span, anchors: &[Anchor]) -> Self {
        let mut pages: Vec<PageBoxes> = Vec::new();
        let mut lines: Option<(u32, u32)> = None;
        for anchor in anchors.iter().filter(|a| a.span.overlaps(span)) {
            match anchor.place {
                Place::Box { page, rect } => match pages.iter_mut().find(|p| p.page == page) {
                    Some(entry) => entry.boxes.push(rect),
                    None => pages.push(PageBoxes { page, boxes: vec![rect] }),
                },
                Place::Line { line } => {
                    let (first, last) = lines.unwrap_or((line, line));
                    lines = Some((first.min(line), last.max(line)));
                }
            }
        }
        if !pages.is_empty() {
            let first = pages.remove(0);
            return Self::Page { first, continued: pages };
        }
        match lines {
            Some((line, last_line)) => Self::Lines { line, last_line },
            None => Self::Nowhere {},
        }
    }

    /// The page on which the span begins, where the original has pages.
    pub fn page(&self) -> Option<u32> {
        match self {
            Self::Page { first, .. } => Some(first.page),
            Self::Lines { .. } | Self::Nowhere {} => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(start: usize, end: usize, page: u32) -> Anchor {
        let rect = Rect { x0: 1.0, y0: start as f32, x1: 2.0, y1: end as f32 };
        Anchor { span: Span::new(start, end), place: Place::Box { page, rect } }
    }

    #[test]
    fn a_span_over_a_page_break_names_both_pages() {
        let anchors = [boxed(0, 5, 1), boxed(5, 9, 1), boxed(9, 12, 2)];
        let locator = Locator::of(Span::new(6, 11), &anchors);
        assert_eq!(locator.page(), Some(1));
        let json = serde_json::to_value(&locator).unwrap();
        assert_eq!(json["boxes"].as_array().unwrap().len(), 1);
        assert_eq!(json["continued"][0]["page"], 2);
        assert_eq!(serde_json::from_value::<Locator>(json).unwrap(), locator);
    }

    #[test]
    fn lines_are_first_to_last() {
        let line = |n: u32, start, end| Anchor { span: Span::new(start, end), place: Place::Line { line: n } };
        let locator = Locator::of(Span::new(3, 9), &[line(1, 0, 2), line(2, 2, 4), line(3, 4, 9)]);
        assert_eq!(locator, Locator::Lines { line: 2, last_line: 3 });
    }
}
