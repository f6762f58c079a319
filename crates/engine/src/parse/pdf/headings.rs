//! Which lines are headings: those that the outline names, or else those that look and stand as headings do.

use std::collections::{BTreeSet, HashMap};

use super::blocks::{Block, Glue, Kind, Known, Measure};
use super::numbering::{is_caption, numbered};
use super::outline::OutlineEntry;
use super::page::{Line, Style};
use super::script::{fold, is_cjk, letters};

/// A heading has at most so many lines.
const MAX_LINES: usize = 4;
/// A heading has at most so many letters.
const MAX_LETTERS: usize = 200;
/// Deepest level told apart.
const MAX_LEVEL: u8 = 6;

/// The style of most letters of `lines`.
pub(super) fn body_style(lines: &[Line]) -> Style {
    let mut weight: HashMap<(i32, bool), usize> = HashMap::new();
    for line in lines {
        *weight.entry((line.style.step(), line.style.bold)).or_default() += letters(&line.text);
    }
    let most = weight.into_iter().max_by_key(|(key, weight)| (*weight, std::cmp::Reverse(key.0)));
    let (step, bold) = most.map_or((20, false), |(key, _)| key);
    Style { size: step as f32 / 2.0, bold, mono: false }
}

fn stands_out(style: Style, body: Style) -> bool {
    style.size > 1.08 * body.size || (style.bold && !body.bold && style.size > 0.93 * body.size)
}

/// For each line the heading of the outline that it belongs to; all `None` where the outline names less than half of
/// its entries as the pages do.
pub(super) fn from_outline(lines: &[Line], outline: &[OutlineEntry], body: Style) -> Vec<Option<Known>> {
    let places = places(lines, body);
    let mut known: Vec<Option<Known>> = vec![None; lines.len()];
    let mut cursor = 0;
    let mut found = 0;
    for (heading, entry) in outline.iter().enumerate() {
        let Some(place) = find(&places, entry, cursor) else { continue };
        found += 1;
        cursor = place.end;
        let level = entry.level.min(MAX_LEVEL);
        known[place.start..place.end].fill(Some(Known { heading, level }));
    }
    if found * 2 < outline.len() { vec![None; lines.len()] } else { known }
}

/// Lines `start..end`, which together say something that an outline may say.
#[derive(Debug, Clone, Copy)]
struct Place {
    start: usize,
    end: usize,
    prominent: bool,
}

/// All lines, and all short runs of prominent lines, by what they say; with and without a number before it.
fn places(lines: &[Line], body: Style) -> HashMap<String, Vec<Place>> {
    let mut places: HashMap<String, Vec<Place>> = HashMap::new();
    for start in 0..lines.len() {
        let prominent = stands_out(lines[start].style, body);
        let mut words = String::new();
        for (n, line) in lines[start..].iter().take(MAX_LINES).enumerate() {
            let alike = line.area == lines[start].area && line.style.same_size(lines[start].style);
            if letters(&words) > MAX_LETTERS || !alike || (n > 0 && !prominent) {
                break;
            }
            words.push_str(&line.text);
            for said in ways_to_say(&words) {
                places.entry(said).or_default().push(Place { start, end: start + n + 1, prominent });
            }
        }
    }
    places
}

/// `title` folded, and once more without its number.
fn ways_to_say(title: &str) -> Vec<String> {
    let mut ways = vec![fold(title)];
    ways.extend(numbered(title).map(|n| fold(n.rest)));
    ways.retain(|w| !w.is_empty());
    ways
}

/// Where `entry` stands from line `cursor` on: the first place that stands out, or else the first one.
fn find(places: &HashMap<String, Vec<Place>>, entry: &OutlineEntry, cursor: usize) -> Option<Place> {
    ways_to_say(&entry.title).iter().find_map(|said| {
        let after = places.get(said)?.iter().filter(|p| p.start >= cursor);
        after.clone().find(|p| p.prominent).or_else(|| after.clone().next()).copied()
    })
}

/// Makes those of `blocks` headings that look and stand as headings do.
pub(super) fn from_looks(blocks: &mut [Block], body: Style, measure: &Measure) {
    let looks: Vec<bool> = (0..blocks.len()).map(|at| looks_like_heading(blocks, at, body, measure)).collect();
    let leads: Vec<bool> = (0..blocks.len()).map(|at| looks[at] && leads_to_text(blocks, &looks, at, body)).collect();
    let styles: BTreeSet<(i32, bool)> =
        blocks.iter().zip(&leads).filter(|(_, leads)| **leads).filter_map(|(b, _)| rank(b)).collect();
    for (block, _) in blocks.iter_mut().zip(leads).filter(|(_, leads)| *leads) {
        let level = rank(block).map_or(1, |own| styles.iter().rev().position(|s| *s == own).unwrap_or(0) + 1);
        block.kind = Kind::Heading((level as u8).min(MAX_LEVEL));
        block.lines.iter_mut().for_each(|(glue, _)| *glue = Glue::Flow);
    }
}

/// Larger is higher; of one size, bold.
fn rank(block: &Block) -> Option<(i32, bool)> {
    block.first().map(|l| (l.style.step(), l.style.bold))
}

fn looks_like_heading(blocks: &[Block], at: usize, body: Style, measure: &Measure) -> bool {
    let block = &blocks[at];
    let (Some(first), Some(last)) = (block.first(), block.last()) else { return false };
    let words = block.words();
    let number = numbered(&words);
    let shape = block.lines.len() <= MAX_LINES && letters(&words) <= MAX_LETTERS && !first.style.mono;
    let counted = words.ends_with(|c: char| c.is_ascii_digit());
    let row = words.contains(" …") || (block.lines.iter().any(|(_, l)| l.cells > 1) && (number.is_none() || counted));
    if !shape
        || row
        || block.kind != Kind::Text
        || is_caption(&words)
        || !says_something(&words)
        || ends_as_prose(&last.text)
    {
        return false;
    }
    let alike = block.lines.iter().all(|(_, l)| l.style.bold == first.style.bold);
    let larger = first.style.size > 1.12 * body.size;
    let bold = first.style.bold && !body.bold && first.style.size > 0.95 * body.size && alike;
    let plain = number.is_some_and(|n| n.depth > 1 || words.starts_with('第') || is_cjk_list(&words));
    let alone = block.lines.len() == 1 && stands_alone(blocks, at, measure) && first.style.size > 0.95 * body.size;
    larger || bold || (plain && alone && letters(&words) <= 60)
}

/// "一、" and "（一）" before a title.
fn is_cjk_list(words: &str) -> bool {
    words.starts_with(|c: char| is_cjk(c))
}

/// Whether `words` hold a word rather than a formula or a number.
fn says_something(words: &str) -> bool {
    let alphabetic = words.chars().filter(|c| c.is_alphabetic()).count();
    let cjk = words.chars().filter(|c| is_cjk(*c)).count();
    (alphabetic >= 3 || cjk >= 2) && alphabetic * 2 >= words.chars().filter(|c| !c.is_whitespace()).count()
}

fn ends_as_prose(text: &str) -> bool {
    text.ends_with(['.', ',', ';', '。', '，', '；', '、']) && !text.ends_with("...")
}

/// Whether more white than between lines parts the block from its neighbours.
fn stands_alone(blocks: &[Block], at: usize, measure: &Measure) -> bool {
    let Some(own) = blocks[at].first() else { return false };
    let far = |a: Option<&Line>, b: Option<&Line>| match (a, b) {
        (Some(a), Some(b)) if a.area == b.area => b.baseline - a.baseline > 1.25 * measure.pitch(own.style),
        _ => true,
    };
    let above = at.checked_sub(1).and_then(|i| blocks[i].last());
    far(above, Some(own)) && far(Some(own), blocks.get(at + 1).and_then(Block::first))
}

/// Whether text follows, right away or after further headings: the labels of a drawing lead to nothing.
fn leads_to_text(blocks: &[Block], looks: &[bool], at: usize, body: Style) -> bool {
    let next = (at + 1..blocks.len()).find(|&i| !looks[i]);
    let size = blocks[at].first().map_or(0.0, |l| l.style.size);
    next.and_then(|i| Some((i, blocks[i].first()?))).is_some_and(|(i, line)| {
        let prose = letters(&blocks[i].words()) >= 40 && line.style.size > 0.8 * body.size;
        prose || (size > 1.3 * body.size && line.text.chars().any(char::is_alphabetic))
    })
}

/// The largest text of the first page, where it clearly is a title: nothing is as large later on, and no number
/// makes it a chapter.
pub(super) fn title(blocks: &[Block], body: Style) -> Option<usize> {
    let size = |b: &Block| b.first().map_or(0, |l| l.style.step());
    let on_first = |b: &Block| b.first().is_some_and(|l| l.page == 1);
    let largest = blocks.iter().filter(|b| on_first(b)).map(size).max()?;
    let at = blocks.iter().position(|b| on_first(b) && size(b) == largest)?;
    let words = blocks[at].words();
    let unique = !blocks.iter().any(|b| !on_first(b) && size(b) >= largest);
    let clear = largest as f32 / 2.0 > 1.25 * body.size
        && blocks[at].lines.len() <= MAX_LINES
        && letters(&words) <= MAX_LETTERS;
    (unique && clear && says_something(&words) && numbered(&words).is_none() && at < 8).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::super::blocks::blocks;
    use super::super::testing::{line, sized};
    use super::*;

    const FULL: &str = "a line of words that fills the whole width";

    fn prose(page: u32, top: f32) -> Vec<Line> {
        (0..4).map(|n| line(FULL, (page, 50.0, top + 12.0 * n as f32))).collect()
    }

    fn found(lines: Vec<Line>) -> Vec<(u8, String)> {
        let (measure, body) = (Measure::of(&lines), body_style(&lines));
        let mut blocks = blocks(lines.clone(), &vec![None; lines.len()], &measure);
        from_looks(&mut blocks, body, &measure);
        let headings = blocks.iter().filter_map(|b| match b.kind {
            Kind::Heading(level) => Some((level, b.words())),
            _ => None,
        });
        headings.collect()
    }

    #[test]
    fn larger_lines_before_text_are_headings_by_rank() {
        let mut lines = vec![
            sized(line("3 Lookup tables", (1, 50.0, 80.0)), 16.0),
            sized(line("3.1 Rows", (1, 50.0, 105.0)), 12.0),
        ];
        lines.extend(prose(1, 125.0));
        assert_eq!(found(lines), [(1, "3 Lookup tables".into()), (2, "3.1 Rows".into())]);
    }

    #[test]
    fn contents_lines_and_captions_are_none() {
        let mut lines =
            vec![line("3.1 Rows … 7", (1, 50.0, 50.0)), sized(line("Figure 2 Rivers", (1, 50.0, 80.0)), 12.0)];
        lines.extend(prose(1, 125.0));
        assert!(found(lines).is_empty());
    }

    #[test]
    fn a_chinese_chapter_of_body_size_is_a_heading() {
        let mut lines = prose(1, 50.0);
        lines.push(line("第三章 查表", (1, 50.0, 110.0)));
        lines.extend(prose(1, 140.0));
        assert_eq!(found(lines), [(1, "第三章 查表".into())]);
    }

    #[test]
    fn the_outline_names_headings_with_or_without_their_numbers() {
        let mut lines = vec![line("Rivers … 1", (1, 50.0, 50.0)), sized(line("1 Rivers", (1, 50.0, 80.0)), 16.0)];
        lines.extend(prose(1, 100.0));
        lines.push(sized(line("1.1 Long", (1, 50.0, 170.0)), 12.0));
        let entries = [(1, "Rivers"), (2, "1.1 Long")];
        let outline = entries.map(|(level, title)| OutlineEntry { level, title: title.into() });
        let known = from_outline(&lines, &outline, body_style(&lines));
        assert_eq!(known[0], None);
        assert_eq!(known[1], Some(Known { heading: 0, level: 1 }));
        assert_eq!(known[6], Some(Known { heading: 1, level: 2 }));
    }
}
