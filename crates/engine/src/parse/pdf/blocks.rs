//! Lines into blocks: paragraphs, lists, tables, headings; and paragraphs that a page's end cuts made one again.

use std::collections::HashMap;

use super::furniture::median;
use super::numbering::{Marker, is_caption, marker};
use super::page::{Line, Style};
use super::script::{ends_paragraph, is_cjk, letters, starts_lower};

/// How a line follows the one before it in its block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Glue {
    /// As the words of one sentence.
    Flow,
    /// On a line of its own: an item, a row, a line of code.
    Break,
}

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Paragraphs, lists, tables.
    Text,
    /// A heading of a level, 1 for the topmost.
    Heading(u8),
    /// A header, a footer, a page number.
    Furniture,
}

/// A block of lines, with how each follows the one before; the first one's glue says nothing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    pub(super) kind: Kind,
    pub(super) lines: Vec<(Glue, Line)>,
}

impl Block {
    /// A block of its first line.
    pub(super) fn of(kind: Kind, line: Line) -> Self {
        Self { kind, lines: vec![(Glue::Flow, line)] }
    }

    /// The first line.
    pub(super) fn first(&self) -> Option<&Line> {
        self.lines.first().map(|(_, line)| line)
    }

    /// The last line.
    pub(super) fn last(&self) -> Option<&Line> {
        self.lines.last().map(|(_, line)| line)
    }

    /// Its words, one space between lines.
    pub(super) fn words(&self) -> String {
        let texts: Vec<&str> = self.lines.iter().map(|(_, l)| l.text.as_str()).collect();
        texts.join(" ")
    }
}

/// What the lines of a document have in common: where they begin and end, and how far they stand apart.
pub(super) struct Measure {
    margins: HashMap<(u32, i32), (f32, f32)>,
    pitches: HashMap<i32, f32>,
}

impl Measure {
    /// The measure of `lines`.
    pub(super) fn of(lines: &[Line]) -> Self {
        Self { margins: margins(lines), pitches: pitches(lines) }
    }

    /// Left and right margin of the lines like `line` in its area.
    fn margins(&self, line: &Line) -> (f32, f32) {
        let found = self.margins.get(&(line.area, line.style.step())).copied();
        found.unwrap_or((line.x0, line.x1))
    }

    /// Usual distance of baselines in lines of this style.
    pub(super) fn pitch(&self, style: Style) -> f32 {
        self.pitches.get(&style.step()).copied().unwrap_or(1.25 * style.size)
    }

    /// Whether the first word of `next` would have had room at the end of `line`.
    fn ends_early(&self, line: &Line, next: &Line) -> bool {
        let (_, right) = self.margins(line);
        line.x1 + 0.25 * line.style.size + first_word(next) < right - line.style.size
    }
}

/// The width of a line's first word; of its first letter in scripts without spaces.
fn first_word(line: &Line) -> f32 {
    let word = line.text.split(' ').next().unwrap_or_default();
    let count = if word.starts_with(is_cjk) { 2 } else { letters(word) };
    (line.x1 - line.x0) * count as f32 / letters(&line.text).max(1) as f32
}

fn margins(lines: &[Line]) -> HashMap<(u32, i32), (f32, f32)> {
    let mut edges: HashMap<(u32, i32), (f32, Vec<f32>)> = HashMap::new();
    for line in lines {
        let entry = edges.entry((line.area, line.style.step())).or_insert((f32::INFINITY, Vec::new()));
        entry.0 = entry.0.min(line.x0);
        entry.1.push(line.x1);
    }
    let right = |mut rights: Vec<f32>| {
        rights.sort_by(f32::total_cmp);
        rights[(rights.len() - 1) * 19 / 20]
    };
    edges.into_iter().map(|(key, (left, rights))| (key, (left, right(rights)))).collect()
}

fn pitches(lines: &[Line]) -> HashMap<i32, f32> {
    let mut gaps: HashMap<i32, Vec<f32>> = HashMap::new();
    for pair in lines.windows(2) {
        let gap = pair[1].baseline - pair[0].baseline;
        let size = pair[0].style.size;
        if pair[0].area == pair[1].area
            && pair[0].style.step() == pair[1].style.step()
            && gap > 0.7 * size
            && gap < 2.2 * size
        {
            gaps.entry(pair[0].style.step()).or_default().push(gap);
        }
    }
    gaps.into_iter().filter_map(|(step, gaps)| Some((step, median(gaps)?))).collect()
}

/// How one line stands to the line before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Same(Glue),
    /// Another block begins.
    Part,
}

const FLOW: Step = Step::Same(Glue::Flow);
const BREAK: Step = Step::Same(Glue::Break);

/// The blocks of `lines`. `levels` holds the heading each line is known to belong to, if any.
pub(super) fn blocks(lines: Vec<Line>, levels: &[Option<Known>], measure: &Measure) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut before: Option<Known> = None;
    for (line, known) in lines.into_iter().zip(levels) {
        let step = match (&before, known) {
            (Some(a), Some(b)) if a.heading == b.heading => FLOW,
            (None, None) => blocks.last().map_or(Step::Part, |block| step(block, &line, measure)),
            _ => Step::Part,
        };
        match (step, blocks.last_mut()) {
            (Step::Same(glue), Some(block)) => block.lines.push((glue, line)),
            _ => blocks.push(Block::of(known.map_or(Kind::Text, |k| Kind::Heading(k.level)), line)),
        }
        before = *known;
    }
    blocks
}

/// A line known to belong to a heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    /// Which one; lines of one heading share it.
    pub(super) heading: usize,
    /// Its level, 1 for the topmost.
    pub(super) level: u8,
}

fn step(block: &Block, next: &Line, measure: &Measure) -> Step {
    let Some(last) = block.last() else { return Step::Part };
    let pitch = next.baseline - last.baseline;
    let rows = last.cells > 1 && next.cells > 1;
    let widest = if rows { 3.0 * last.style.size } else { 1.3 * measure.pitch(last.style) + 0.5 };
    if last.area != next.area || pitch <= 0.0 || pitch > widest || !last.style.same_size(next.style) {
        return Step::Part;
    }
    if changes_face(last, next, measure) || (ends_paragraph(&last.text) && (is_caption(&next.text) || next.opens_bold))
    {
        return Step::Part;
    }
    if last.style.mono || is_row(last, measure) || is_row(next, measure) || begins_item(block, last, next) {
        return BREAK;
    }
    by_edges(block, last, next, measure)
}

/// Whether the face changes as between two blocks: to or from code, or after a bold line that stops short.
fn changes_face(last: &Line, next: &Line, measure: &Measure) -> bool {
    last.style.mono != next.style.mono || (last.style.bold != next.style.bold && measure.ends_early(last, next))
}

/// A row of a table, or a line of a table of contents.
fn is_row(line: &Line, measure: &Measure) -> bool {
    let (left, right) = measure.margins(line);
    let full = line.x1 - line.x0 > 0.9 * (right - left) && letters(&line.text) > 40 && line.cells == 2;
    line.text.contains(" … ") || line.text.ends_with(" …") || (line.cells > 1 && !full)
}

fn begins_item(block: &Block, last: &Line, next: &Line) -> bool {
    match marker(&next.text) {
        Some(Marker::Bullet) => true,
        Some(Marker::Count | Marker::Dash) => {
            ends_paragraph(&last.text) || block.first().is_some_and(|l| marker(&l.text).is_some())
        }
        None => false,
    }
}

fn by_edges(block: &Block, last: &Line, next: &Line, measure: &Measure) -> Step {
    let em = last.style.size;
    let (left, _) = measure.margins(last);
    let opens = block.lines.len() == 1 || block.lines.last().is_some_and(|(glue, _)| *glue == Glue::Break);
    let in_item = block.lines.iter().any(|(_, l)| marker(&l.text).is_some());
    let early = measure.ends_early(last, next);
    let moved = next.x0 - last.x0;
    let centred = (next.x0 + next.x1 - last.x0 - last.x1).abs() < em && moved.abs() > 0.8 * em;
    let sets_in = moved > 0.8 * em && last.x0 < left + 0.5 * em && (early || ends_paragraph(&last.text) || !opens);
    if !centred && ((!in_item && sets_in) || (!opens && moved < -0.8 * em)) {
        return Step::Part;
    }
    match early {
        false => FLOW,
        true if ends_paragraph(&last.text) => Step::Part,
        true if starts_lower(&next.text) && last.x1 - last.x0 > 8.0 * em => FLOW,
        true => BREAK,
    }
}

/// Makes paragraphs that stop at the end of a column or page one with what goes on elsewhere: in the next area with
/// text of the same kind. What stands between (captions, footnotes, figures) comes after the paragraph.
pub(super) fn stitch(mut blocks: Vec<Block>, measure: &Measure, body: Style) -> Vec<Block> {
    let mut at = 0;
    while at < blocks.len() {
        match continuation(&blocks, at, (measure, body)) {
            Some(next) => {
                let rest = blocks.remove(next);
                blocks[at].lines.extend(rest.lines);
            }
            None => at += 1,
        }
    }
    blocks
}

/// How many blocks may stand between the halves of a paragraph.
const MAX_BETWEEN: usize = 200;

/// The block with which block `at` goes on, if it stops in mid-sentence.
fn continuation(blocks: &[Block], at: usize, (measure, body): (&Measure, Style)) -> Option<usize> {
    let last = blocks[at].last().filter(|_| blocks[at].kind == Kind::Text && is_open(&blocks[at], body, measure))?;
    let like = |block: &Block| block.first().is_some_and(|l| is_prose(l) && l.style.same_size(last.style));
    let stops = |block: &Block| matches!(block.kind, Kind::Heading(_));
    let (next, block) = blocks.iter().enumerate().skip(at + 1).take(MAX_BETWEEN).find(|(_, b)| stops(b) || like(b))?;
    let first = block.first()?;
    let near = first.area > last.area && first.page <= last.page + 2;
    (near && !stops(block) && goes_on(block, first, measure)).then_some(next)
}

/// Whether a block of body text stops in mid-sentence at the end of a full line.
fn is_open(block: &Block, body: Style, measure: &Measure) -> bool {
    let (Some(first), Some(last)) = (block.first(), block.last()) else { return false };
    let (left, right) = measure.margins(last);
    let full = last.x1 > right - 0.25 * (right - left) || last.text.ends_with('-');
    let at_left = last.x0 < left + 3.0 * last.style.size;
    let prose = is_prose(last) && last.style.same_size(body) && !is_caption(&first.text);
    prose && full && at_left && !ends_paragraph(&last.text)
}

/// Whether a line may be one of a paragraph, rather than of a table, a figure or code.
fn is_prose(line: &Line) -> bool {
    line.cells == 1
        && !line.style.mono
        && (letters(&line.text) >= 12 || ends_paragraph(&line.text))
        && line.text.chars().any(char::is_alphabetic)
}

/// Whether `block` reads as the rest of a paragraph: no item, no caption, no first line set in.
fn goes_on(block: &Block, first: &Line, measure: &Measure) -> bool {
    let (left, _) = measure.margins(first);
    let second = block.lines.get(1).map_or(left, |(_, l)| l.x0);
    let set_in = first.x0 > left.min(second) + 0.8 * first.style.size;
    marker(&first.text).is_none() && !is_caption(&first.text) && !set_in
}

#[cfg(test)]
mod tests {
    use super::super::testing::{line, sized};
    use super::*;

    fn read(lines: Vec<Line>) -> Vec<Vec<String>> {
        let measure = Measure::of(&lines);
        let levels = vec![None; lines.len()];
        let body = lines[0].style;
        let blocks = stitch(blocks(lines, &levels, &measure), &measure, body);
        blocks.iter().map(|b| b.lines.iter().map(|(_, l)| l.text.clone()).collect()).collect()
    }

    const FULL: &str = "a line of words that fills the whole width";

    #[test]
    fn a_gap_parts_paragraphs() {
        let lines = [100.0, 112.0, 124.0, 148.0, 160.0].map(|y| line(FULL, (1, 50.0, y)));
        let read = read(lines.to_vec());
        assert_eq!(read.iter().map(Vec::len).collect::<Vec<_>>(), [3, 2]);
    }

    #[test]
    fn an_indent_parts_paragraphs() {
        let lines = [(70.0, 100.0), (50.0, 112.0), (50.0, 124.0), (70.0, 136.0), (50.0, 148.0)];
        let read = read(lines.map(|(x, y)| line(FULL, (1, x, y))).to_vec());
        assert_eq!(read.iter().map(Vec::len).collect::<Vec<_>>(), [3, 2]);
    }

    #[test]
    fn a_short_line_with_a_full_stop_ends_a_paragraph() {
        let texts = [FULL, "and ends.", "Another line of words that fills the width", FULL];
        let lines = texts.iter().enumerate().map(|(n, t)| line(t, (1, 50.0, 100.0 + 12.0 * n as f32)));
        assert_eq!(read(lines.collect()).iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
    }

    #[test]
    fn list_items_break_but_stay_one_block() {
        let texts = ["We need a few things at once and for all:", "• one", "• two", "• three"];
        let lines: Vec<Line> =
            texts.iter().enumerate().map(|(n, t)| line(t, (1, 50.0, 100.0 + 12.0 * n as f32))).collect();
        let measure = Measure::of(&lines);
        let blocks = blocks(lines, &[None; 4], &measure);
        assert_eq!(blocks.len(), 1);
        assert!(blocks[0].lines[1..].iter().all(|(glue, _)| *glue == Glue::Break));
    }

    #[test]
    fn a_paragraph_goes_on_over_the_page_and_over_a_caption() {
        let mut caption = sized(line("Figure 1 Something drawn here, with a caption.", (1, 50.0, 300.0)), 8.0);
        caption.area = 1;
        let lines = vec![
            line(FULL, (1, 50.0, 100.0)),
            line(FULL, (1, 50.0, 112.0)),
            caption,
            line("of the page after it.", (2, 50.0, 50.0)),
        ];
        let read = read(lines);
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].last().unwrap(), "of the page after it.");
    }

    #[test]
    fn a_finished_paragraph_does_not_go_on() {
        let ended = "a line of words that fills the whole width.";
        let lines = vec![line(FULL, (1, 50.0, 100.0)), line(ended, (1, 50.0, 112.0)), line(FULL, (2, 50.0, 50.0))];
        assert_eq!(read(lines).len(), 2);
    }
}
