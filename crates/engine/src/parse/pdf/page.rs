//! What the layout works on: pages, the runs of text drawn on them, and the lines they make.
//!
//! A page may hold text in several directions. Each direction is laid out in its own *reading frame*: the page as a
//! reader would turn it, points, origin top left, `x` along the writing, `y` down. Boxes are turned back at the end.

use crate::types::Rect;

/// How far a reader turns the page clockwise before a text stands upright.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Turn {
    /// Not at all.
    None,
    /// A quarter: the text climbs the page.
    Quarter,
    /// Half.
    Half,
    /// Three quarters: the text descends the page.
    ThreeQuarters,
    /// At no right angle (a watermark), or in vertical writing: read run by run in the order given.
    Loose,
}

/// The width and height of a page as displayed, in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Extent {
    pub(super) width: f32,
    pub(super) height: f32,
}

impl Turn {
    /// A point of the displayed page, in the reading frame.
    pub(super) fn reading(self, (x, y): (f32, f32), page: Extent) -> (f32, f32) {
        match self {
            Self::None | Self::Loose => (x, y),
            Self::Quarter => (page.height - y, x),
            Self::Half => (page.width - x, page.height - y),
            Self::ThreeQuarters => (y, page.width - x),
        }
    }

    /// A point of the reading frame, on the displayed page.
    fn displayed(self, (x, y): (f32, f32), page: Extent) -> (f32, f32) {
        match self {
            Self::None | Self::Loose => (x, y),
            Self::Quarter => (y, page.height - x),
            Self::Half => (page.width - x, page.height - y),
            Self::ThreeQuarters => (page.width - y, x),
        }
    }

    /// A box of the reading frame, on the displayed page.
    pub(super) fn display_box(self, rect: Rect, page: Extent) -> Rect {
        let (ax, ay) = self.displayed((rect.x0, rect.y0), page);
        let (bx, by) = self.displayed((rect.x1, rect.y1), page);
        // SQLite keeps no negative zero, and what is stored must be what was read
        Rect { x0: ax.min(bx) + 0.0, y0: ay.min(by) + 0.0, x1: ax.max(bx) + 0.0, y1: ay.max(by) + 0.0 }
    }
}

/// How a run or a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Style {
    /// Font size in points.
    pub(super) size: f32,
    pub(super) bold: bool,
    /// A typewriter face.
    pub(super) mono: bool,
}

impl Style {
    /// The size to half a point: what a person takes for one size.
    pub(super) fn step(self) -> i32 {
        (self.size * 2.0).round() as i32
    }

    /// Whether two sizes look the same.
    pub(super) fn same_size(self, other: Style) -> bool {
        (self.size - other.size).abs() <= 0.08 * self.size.max(other.size)
    }
}

/// Text drawn in one font at one place of the reading frame.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Run {
    pub(super) text: String,
    /// Left edge.
    pub(super) x0: f32,
    /// Right edge.
    pub(super) x1: f32,
    /// Height of the baseline below the page's top.
    pub(super) baseline: f32,
    pub(super) style: Style,
}

impl Run {
    /// Top of the letters.
    pub(super) fn top(&self) -> f32 {
        self.baseline - 0.8 * self.style.size
    }

    /// Bottom of the letters.
    pub(super) fn bottom(&self) -> f32 {
        self.baseline + 0.2 * self.style.size
    }
}

/// All text of one direction on a page.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sheet {
    pub(super) turn: Turn,
    pub(super) runs: Vec<Run>,
}

/// A page as it comes out of the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Page {
    /// Physical number, from 1.
    pub(super) number: u32,
    pub(super) extent: Extent,
    /// Upright text first.
    pub(super) sheets: Vec<Sheet>,
}

/// A line of text as a reader sees it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) page: u32,
    /// Counts the areas (columns, bands) of the document in reading order; lines of one area share a number.
    pub(super) area: u32,
    pub(super) text: String,
    /// Left edge in the reading frame.
    pub(super) x0: f32,
    /// Right edge in the reading frame.
    pub(super) x1: f32,
    /// Baseline in the reading frame.
    pub(super) baseline: f32,
    /// The style of most of its letters.
    pub(super) style: Style,
    /// Whether it begins bold and goes on otherwise, as an entry of a glossary does.
    pub(super) opens_bold: bool,
    /// Number of pieces that stand apart by more than word gaps; more than one in the rows of a table.
    pub(super) cells: u32,
    /// Its box on the displayed page.
    pub(super) rect: Rect,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_come_back_from_every_turn() {
        let page = Extent { width: 200.0, height: 300.0 };
        for turn in [Turn::None, Turn::Quarter, Turn::Half, Turn::ThreeQuarters, Turn::Loose] {
            let (x, y) = turn.reading((20.0, 30.0), page);
            assert_eq!(turn.displayed((x, y), page), (20.0, 30.0), "{turn:?}");
            assert!(x >= 0.0 && y >= 0.0 && x.max(y) <= 300.0, "{turn:?}");
        }
    }
}
