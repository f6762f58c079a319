//! Runs into rows: what stands on one baseline, from left to right.

use super::page::{Run, Style};
use super::script::{is_cjk, joins_without_space, letters, squeeze};
use crate::types::Rect;

/// Narrowest gap, in font sizes, that separates words drawn as two runs.
const WORD_GAP: f32 = 0.15;
/// The same between two ideographs, which stand apart in spaced headings without being two words.
const IDEOGRAPH_GAP: f32 = 0.75;
/// Narrowest gap that separates the cells of a table row.
pub(super) const CELL_GAP: f32 = 1.5;
/// Height of the buckets that find the rows near a run, in points.
const BUCKET: f32 = 8.0;

/// Runs that share a baseline, left to right, except a row of right-to-left script.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) runs: Vec<Run>,
}

/// The rows of `runs`, top to bottom.
///
/// The longest runs open rows first; smaller ones (superscripts, drop caps) join the row that they overlap most.
pub(super) fn rows(runs: Vec<Run>) -> Vec<Row> {
    let mut order: Vec<usize> = (0..runs.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(letters(runs[i].text.trim())));
    let mut found = Clusters::default();
    for &i in &order {
        found.place(i, &runs);
    }
    let mut members: Vec<(usize, usize)> = found.row_of.into_iter().map(|(run, row)| (row, run)).collect();
    members.sort_unstable();
    let mut rows: Vec<Row> = found.leaders.iter().map(|_| Row { runs: Vec::new() }).collect();
    let mut runs: Vec<Option<Run>> = runs.into_iter().map(Some).collect();
    for (row, run) in members {
        rows[row].runs.extend(runs[run].take());
    }
    rows.iter_mut().for_each(Row::sort);
    rows.sort_by(|a, b| a.baseline().total_cmp(&b.baseline()).then(a.x0().total_cmp(&b.x0())));
    rows
}

/// Rows being gathered: each is led by its longest run.
#[derive(Default)]
struct Clusters {
    leaders: Vec<usize>,
    row_of: Vec<(usize, usize)>,
    buckets: std::collections::HashMap<i64, Vec<usize>>,
}

impl Clusters {
    fn place(&mut self, run: usize, runs: &[Run]) {
        let row = self.best(run, runs).unwrap_or_else(|| self.open(run, runs));
        self.row_of.push((run, row));
    }

    fn best(&self, run: usize, runs: &[Run]) -> Option<usize> {
        let near = buckets(&runs[run]).filter_map(|b| self.buckets.get(&b)).flatten().copied();
        let fits =
            near.map(|row| (overlap(&runs[self.leaders[row]], &runs[run]), row)).filter(|(share, _)| *share >= 0.5);
        fits.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))).map(|(_, row)| row)
    }

    fn open(&mut self, run: usize, runs: &[Run]) -> usize {
        let row = self.leaders.len();
        self.leaders.push(run);
        for bucket in buckets(&runs[run]) {
            self.buckets.entry(bucket).or_default().push(row);
        }
        row
    }
}

fn buckets(run: &Run) -> impl Iterator<Item = i64> + use<> {
    let top = (run.top() / BUCKET).floor() as i64;
    let bottom = (run.bottom() / BUCKET).floor() as i64;
    top..=bottom.min(top + 300)
}

/// Share of the lower run's height that the other one covers.
fn overlap(a: &Run, b: &Run) -> f32 {
    let common = a.bottom().min(b.bottom()) - a.top().max(b.top());
    common / a.style.size.min(b.style.size)
}

impl Row {
    fn sort(&mut self) {
        self.runs.sort_by(|a, b| a.x0.total_cmp(&b.x0));
        if self.is_right_to_left() {
            self.runs.reverse();
        }
    }

    fn is_right_to_left(&self) -> bool {
        let strong = self.runs.iter().flat_map(|r| r.text.chars()).filter(|c| c.is_alphabetic());
        let (mut rtl, mut all) = (0, 0);
        strong.for_each(|c| {
            all += 1;
            rtl += usize::from(matches!(u32::from(c), 0x590..=0x8FF | 0xFB1D..=0xFDFF | 0xFE70..=0xFEFC));
        });
        rtl * 2 > all
    }

    /// Left edge.
    pub(super) fn x0(&self) -> f32 {
        self.runs.iter().map(|r| r.x0).fold(f32::INFINITY, f32::min)
    }

    /// Right edge.
    pub(super) fn x1(&self) -> f32 {
        self.runs.iter().map(|r| r.x1).fold(f32::NEG_INFINITY, f32::max)
    }

    /// The baseline of most of its letters.
    pub(super) fn baseline(&self) -> f32 {
        self.main().map_or(0.0, |r| r.baseline)
    }

    fn main(&self) -> Option<&Run> {
        self.runs.iter().max_by_key(|r| letters(r.text.trim()))
    }

    /// The size of the longest run; bold and typewriter where more than half of the letters are.
    pub(super) fn style(&self) -> Style {
        let share = |has: fn(&Style) -> bool| {
            let count =
                |keep: bool| self.runs.iter().filter(|r| !keep || has(&r.style)).map(|r| letters(&r.text)).sum();
            let (some, all): (usize, usize) = (count(true), count(false));
            some * 2 > all
        };
        let size = self.main().map_or(1.0, |r| r.style.size);
        Style { size, bold: share(|s| s.bold), mono: share(|s| s.mono) }
    }

    /// Whether it begins bold and goes on otherwise.
    pub(super) fn opens_bold(&self) -> bool {
        self.runs.first().is_some_and(|r| r.style.bold) && self.runs.iter().any(|r| !r.style.bold)
    }

    /// Number of pieces that stand apart by more than word gaps.
    pub(super) fn cells(&self) -> u32 {
        let gaps = self.runs.windows(2).filter(|w| gap(&w[0], &w[1]) > CELL_GAP * w[0].style.size.max(w[1].style.size));
        1 + gaps.count() as u32
    }

    /// Its words, one space apart.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let mut before: Option<&Run> = None;
        for run in &self.runs {
            if before.is_some_and(|b| parts_words(b, run)) {
                text.push(' ');
            }
            text.push_str(&run.text);
            before = Some(run);
        }
        squeeze(&text)
    }

    /// The box of its letters in the reading frame.
    pub(super) fn rect(&self) -> Rect {
        let style = self.style();
        let baseline = self.baseline();
        Rect { x0: self.x0(), y0: baseline - 0.85 * style.size, x1: self.x1(), y1: baseline + 0.25 * style.size }
    }
}

/// The white between two neighbours of a row, whichever way they run.
fn gap(a: &Run, b: &Run) -> f32 {
    (b.x0 - a.x1).max(a.x0 - b.x1)
}

/// Whether a word ends between two neighbours of a row.
fn parts_words(a: &Run, b: &Run) -> bool {
    let size = a.style.size.min(b.style.size);
    let ends = (a.text.chars().next_back(), b.text.chars().next());
    let white = gap(a, b);
    match ends {
        (Some(last), Some(first)) if is_cjk(last) && is_cjk(first) => white > IDEOGRAPH_GAP * size,
        (Some(last), Some(first)) if joins_without_space(last, first) => white > 0.5 * size,
        _ => white > WORD_GAP * size || white < -2.0 * size,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::run;
    use super::*;

    fn texts(runs: Vec<Run>) -> Vec<String> {
        rows(runs).iter().map(Row::text).collect()
    }

    #[test]
    fn runs_on_a_baseline_make_a_row_from_left_to_right() {
        let runs = vec![run("world", 40.0, 100.0), run("Hello", 10.0, 100.3), run("below", 10.0, 114.0)];
        assert_eq!(texts(runs), ["Hello world", "below"]);
    }

    #[test]
    fn a_font_change_inside_a_word_sets_no_space() {
        let mut second = run("ness", 10.0, 100.0);
        let first = run("Good", 10.0, 100.0);
        (second.x0, second.x1) = (first.x1 + 0.2, first.x1 + 20.0);
        assert_eq!(texts(vec![first, second]), ["Goodness"]);
    }

    #[test]
    fn a_superscript_stays_on_its_line_and_a_drop_cap_on_the_first() {
        let mut mark = run("2", 150.0, 96.0);
        mark.style.size = 6.0;
        let mut cap = run("T", 0.0, 112.0);
        cap.style.size = 30.0;
        let runs = vec![cap, run("he long first line", 20.0, 100.0), mark, run("and the second one", 20.0, 112.0)];
        let found = texts(runs);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].ends_with("line 2"), "{found:?}");
    }

    #[test]
    fn ideographs_drawn_apart_stay_together() {
        let mut second = run("结", 10.0, 100.0);
        let first = run("总", 10.0, 100.0);
        (second.x0, second.x1) = (first.x1 + 3.0, first.x1 + 13.0);
        assert_eq!(texts(vec![first, second]), ["总结"]);
    }
}
