//! Reading order: a sheet's runs into areas, each of which is read row by row, in the order in which a person reads.
//!
//! A page is cut where a gutter has prose on both sides; what crosses the gutter (a title, a wide figure) cuts the
//! columns into bands. Tables have gutters too, but no prose beside them, and are left to be read by rows.

use super::page::Run;
use super::rows::rows;
use super::script::letters;

/// Narrowest gutter, in font sizes.
const GUTTER: f32 = 0.75;
/// A column has at least so many lines.
const MIN_LINES: usize = 3;
/// The lines of a column of prose hold on average at least so many letters.
const MIN_LETTERS: usize = 15;
/// Columns within columns within columns are no columns.
const MAX_DEPTH: u8 = 6;
/// How many left edges are tried as the start of a right column.
const CANDIDATES: usize = 12;

/// Neighbouring runs of a row without a gutter between them: a line of a column, or a cell.
#[derive(Debug, Clone)]
struct Segment {
    runs: Vec<Run>,
    x0: f32,
    x1: f32,
    top: f32,
    bottom: f32,
    size: f32,
    letters: usize,
}

/// The areas of `runs` in reading order.
pub(super) fn areas(runs: Vec<Run>) -> Vec<Vec<Run>> {
    let mut areas = Vec::new();
    cut(segments(runs), 0, &mut areas);
    areas.into_iter().map(|a| a.into_iter().flat_map(|s| s.runs).collect()).collect()
}

fn segments(runs: Vec<Run>) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    for row in rows(runs) {
        let mut open: Option<Segment> = None;
        let mut members = row.runs;
        members.sort_by(|a, b| a.x0.total_cmp(&b.x0));
        for run in members {
            match &mut open {
                Some(segment) if run.x0 - segment.x1 < GUTTER * run.style.size.max(segment.size) => segment.add(run),
                _ => segments.extend(open.replace(Segment::of(run))),
            }
        }
        segments.extend(open);
    }
    segments
}

impl Segment {
    fn of(run: Run) -> Self {
        Self {
            x0: run.x0,
            x1: run.x1,
            top: run.top(),
            bottom: run.bottom(),
            size: run.style.size,
            letters: letters(run.text.trim()),
            runs: vec![run],
        }
    }

    fn add(&mut self, run: Run) {
        self.x1 = self.x1.max(run.x1);
        self.top = self.top.min(run.top());
        self.bottom = self.bottom.max(run.bottom());
        self.letters += letters(run.text.trim());
        self.runs.push(run);
    }

    fn middle(&self) -> f32 {
        f32::midpoint(self.top, self.bottom)
    }
}

/// Where two columns part: nothing of them stands between `left` and `right`.
#[derive(Debug, Clone, Copy)]
struct Gutter {
    left: f32,
    right: f32,
}

/// A stretch of a page from top to bottom.
enum Band {
    /// Two columns.
    Columns(Vec<Segment>, Vec<Segment>),
    /// Anything else.
    Whole(Vec<Segment>),
}

fn cut(segments: Vec<Segment>, depth: u8, areas: &mut Vec<Vec<Segment>>) {
    let gutter = if depth < MAX_DEPTH { best_gutter(&segments) } else { None };
    let Some(gutter) = gutter else {
        if !segments.is_empty() {
            areas.push(segments);
        }
        return;
    };
    for band in bands(segments, gutter) {
        match band {
            Band::Columns(left, right) => {
                cut(left, depth + 1, areas);
                cut(right, depth + 1, areas);
            }
            Band::Whole(rest) => cut(rest, depth + 1, areas),
        }
    }
}

/// The gutter with most lines beside it, if there is one at all.
fn best_gutter(segments: &[Segment]) -> Option<Gutter> {
    let tried = candidates(segments).into_iter().map(|gutter| (beside(segments, gutter), gutter));
    tried.filter(|(lines, _)| *lines > 0).max_by_key(|(lines, _)| *lines).map(|(_, gutter)| gutter)
}

/// Left edges that several lines share, the leftmost aside, as the right sides of gutters.
fn candidates(segments: &[Segment]) -> Vec<Gutter> {
    let mut edges: Vec<(f32, f32)> = segments.iter().map(|s| (s.x0, s.size)).collect();
    edges.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut groups: Vec<(usize, Gutter)> = Vec::new();
    for group in edges.chunk_by(|a, b| b.0 - a.0 < 2.0) {
        let (edge, size) = group[0];
        groups.push((group.len(), Gutter { left: edge - GUTTER * size, right: edge }));
    }
    groups.retain(|(lines, _)| *lines >= MIN_LINES);
    groups.sort_by_key(|(lines, _)| std::cmp::Reverse(*lines));
    groups.truncate(CANDIDATES);
    groups.into_iter().map(|(_, gutter)| gutter).collect()
}

/// Number of lines that `gutter` would put into columns.
fn beside(segments: &[Segment], gutter: Gutter) -> usize {
    let refs: Vec<&Segment> = segments.iter().collect();
    let spans = stretches(&refs, gutter);
    spans.iter().filter(|s| s.is_columns(gutter)).map(|s| s.left.len() + s.right.len()).sum()
}

/// What stands between two things that cross a gutter.
#[derive(Default)]
struct Stretch<'a> {
    crossing: Vec<&'a Segment>,
    left: Vec<&'a Segment>,
    right: Vec<&'a Segment>,
}

/// The page from top to bottom, a new stretch after each thing that crosses.
fn stretches<'a>(segments: &[&'a Segment], gutter: Gutter) -> Vec<Stretch<'a>> {
    let crosses = |s: &Segment| s.x0 < gutter.right - 0.5 && s.x1 > gutter.left + 0.1;
    let barriers: Vec<(f32, f32)> = segments.iter().filter(|s| crosses(s)).map(|s| (s.top, s.bottom)).collect();
    let mut sorted = segments.to_vec();
    sorted.sort_by(|a, b| a.middle().total_cmp(&b.middle()));
    let mut all: Vec<Stretch<'a>> = vec![Stretch::default()];
    let mut barrier = 0;
    for segment in sorted {
        while barriers.get(barrier).is_some_and(|b| b.1 < segment.middle()) {
            barrier += 1;
        }
        let beside_crossing = barriers.get(barrier).is_some_and(|b| b.0 < segment.middle());
        let last = all.len() - 1;
        if crosses(segment) || beside_crossing {
            if !(all[last].left.is_empty() && all[last].right.is_empty()) {
                all.push(Stretch::default());
            }
            if let Some(stretch) = all.last_mut() {
                stretch.crossing.push(segment);
            }
        } else if let Some(stretch) = all.last_mut() {
            if segment.x0 < gutter.right - 0.5 { stretch.left.push(segment) } else { stretch.right.push(segment) }
        }
    }
    all
}

impl Stretch<'_> {
    /// Whether both sides read as prose, and stand beside each other.
    fn is_columns(&self, gutter: Gutter) -> bool {
        is_prose(&self.left)
            && is_prose(&self.right)
            && stand_side_by_side(&self.left, &self.right)
            && gutter.right > gutter.left
    }
}

fn is_prose(side: &[&Segment]) -> bool {
    let width = side.iter().map(|s| s.x1).fold(f32::MIN, f32::max) - side.iter().map(|s| s.x0).fold(f32::MAX, f32::min);
    let total: usize = side.iter().map(|s| s.letters).sum();
    let filled = side.iter().filter(|s| s.x1 - s.x0 > 0.5 * width).count();
    side.len() >= MIN_LINES && total >= MIN_LETTERS * side.len() && filled * 2 >= side.len()
}

fn stand_side_by_side(left: &[&Segment], right: &[&Segment]) -> bool {
    let extent = |side: &[&Segment]| {
        let top = side.iter().map(|s| s.top).fold(f32::MAX, f32::min);
        (top, side.iter().map(|s| s.bottom).fold(f32::MIN, f32::max))
    };
    let ((left_top, left_bottom), (right_top, right_bottom)) = (extent(left), extent(right));
    let common = left_bottom.min(right_bottom) - left_top.max(right_top);
    common >= 0.4 * (left_bottom - left_top).min(right_bottom - right_top)
}

/// The page cut at `gutter`, where that makes columns.
fn bands(segments: Vec<Segment>, gutter: Gutter) -> Vec<Band> {
    let refs: Vec<&Segment> = segments.iter().collect();
    let mut bands: Vec<Band> = Vec::new();
    let owned = |side: &[&Segment]| side.iter().map(|s| (*s).clone()).collect::<Vec<_>>();
    for stretch in stretches(&refs, gutter) {
        let columns = stretch.is_columns(gutter);
        let mut rest = owned(&stretch.crossing);
        if !columns {
            rest.extend(owned(&stretch.left));
            rest.extend(owned(&stretch.right));
        }
        match bands.last_mut() {
            Some(Band::Whole(before)) => before.extend(rest),
            _ if rest.is_empty() => {}
            _ => bands.push(Band::Whole(rest)),
        }
        if columns {
            bands.push(Band::Columns(owned(&stretch.left), owned(&stretch.right)));
        }
    }
    bands
}

#[cfg(test)]
mod tests {
    use super::super::testing::{column, run};
    use super::*;

    fn read(runs: Vec<Run>) -> Vec<Vec<String>> {
        areas(runs).into_iter().map(|a| rows(a).iter().map(|r| r.text()).collect()).collect()
    }

    #[test]
    fn two_columns_are_read_one_after_the_other() {
        let mut runs = column("left", (0.0, 100.0), 6);
        runs.extend(column("right", (260.0, 100.0), 6));
        let read = read(runs);
        assert_eq!(read.len(), 2);
        assert!(read[0].iter().all(|l| l.starts_with("left")) && read[1].iter().all(|l| l.starts_with("right")));
    }

    #[test]
    fn a_title_above_and_a_figure_between_cut_the_columns_into_bands() {
        let mut runs = vec![run("A title over both of the columns, which is rather long indeed", 60.0, 50.0)];
        for (name, top) in [("upper", 100.0), ("lower", 300.0)] {
            runs.extend(column(&format!("{name} left"), (0.0, top), 5));
            runs.extend(column(&format!("{name} right"), (260.0, top), 5));
        }
        runs.push(run("Figure 1: a caption over both of the columns, which is rather long", 60.0, 200.0));
        let starts: Vec<String> =
            read(runs).into_iter().map(|a| a[0].split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(starts, ["A title", "upper left", "upper right", "Figure 1:", "lower left", "lower right"]);
    }

    #[test]
    fn a_table_is_read_by_rows() {
        let mut runs = Vec::new();
        for row in 0..8 {
            let y = 100.0 + 14.0 * row as f32;
            runs.extend([run("river", 0.0, y), run("0.62", 200.0, y), run("0.11", 300.0, y)]);
        }
        let read = read(runs);
        assert_eq!(read.len(), 1);
        assert_eq!(read[0][0], "river 0.62 0.11");
    }
}
