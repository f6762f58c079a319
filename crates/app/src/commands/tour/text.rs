//! For a terminal.

use std::fmt::Write;

use textwrap::{Options, fill};
use unicode_width::UnicodeWidthStr;

use super::story::{Bars, Block, Curves, Found, Growth, Letter, Map, Profiles, Quote, Step, Table};
use crate::terminal::{WIDTH, bar, bars, clean, padded};

/// Lines of a plot.
const HEIGHT: usize = 8;
/// Lines of a map.
const MAP_HEIGHT: usize = 14;
/// Columns of a map, and of a plot's columns together.
const MAP_WIDTH: usize = 78;
/// Numbers shown of a vector.
const NUMBERS: usize = 5;
/// Rows shown of a table.
const ROWS: usize = 16;
/// Columns of a name beside a bar.
const NAME: usize = 26;
/// Bytes shown of a passage; lines of a letter are not cut.
const PASSAGE: usize = 360;

pub(super) fn text(step: &Step, words: &Words) -> String {
    let title = clean(&step.title);
    let title = padded(&title, title.width().min(WIDTH));
    let mut out = format!("{title}\n{}\n\n{}\n\n", "─".repeat(title.width()), paragraph(&step.text, ""));
    for block in &step.blocks {
        let drawn = match block {
            Block::Table(table) => self::table(table, words),
            Block::Growth(growth) => self::growth(growth),
            Block::Bars(bars) => self::bar_rows(bars),
            Block::Curves(curves) => self::curves(curves),
            Block::Map(map) => self::map(map),
            Block::Profiles(profiles) => self::profiles(profiles),
            Block::Passages(found) => found.iter().map(|found| passages(found, words)).collect(),
            Block::Quotes(quotes) => quotes.iter().map(quote).collect(),
            Block::Letter(letter) => self::letter(letter),
        };
        let _ = writeln!(out, "{drawn}");
    }
    for notice in &step.notice {
        let _ = writeln!(out, "{}", paragraph(notice, "→ "));
    }
    if !step.further.is_empty() {
        let _ = writeln!(out, "\n{}", words.further);
        step.further.iter().for_each(|command| {
            let _ = writeln!(out, "    {}", clean(command));
        });
    }
    out + "\n\n"
}

/// What the drawing itself has to say.
pub(super) struct Words {
    pub(super) further: &'static str,
    /// Before the number of rows that are not shown.
    pub(super) more: &'static str,
    /// What stands around a remark.
    pub(super) brackets: [&'static str; 2],
}

impl Words {
    pub(super) fn aside(&self, remark: &str) -> String {
        format!("{}{remark}{}", self.brackets[0], self.brackets[1])
    }
}

/// Wrapped, `mark` before its first line and its room before the others.
fn paragraph(text: &str, mark: &str) -> String {
    wrapped(text, mark, &" ".repeat(mark.width()))
}

fn wrapped(text: &str, first: &str, others: &str) -> String {
    fill(&clean(text), Options::new(WIDTH).initial_indent(first).subsequent_indent(others))
}

fn table(table: &Table, words: &Words) -> String {
    let shown: Vec<Vec<String>> =
        table.rows.iter().take(ROWS).map(|row| row.iter().map(|cell| clean(&cell.shown(NUMBERS))).collect()).collect();
    let widths = widths(table, &shown);
    let line = |cells: &[String]| {
        let cell = |(column, cell): (usize, &String)| {
            let room = " ".repeat(widths[column].saturating_sub(cell.width()));
            if table.is_numeric(column) { format!("{room}{cell}") } else { padded(cell, widths[column]) }
        };
        let joined: Vec<String> = cells.iter().enumerate().map(cell).collect();
        format!("    {}\n", joined.join("  ").trim_end())
    };
    let mut out = line(&table.head.iter().map(|head| clean(head)).collect::<Vec<_>>());
    shown.iter().for_each(|row| out.push_str(&line(row)));
    let left = table.left + table.rows.len().saturating_sub(ROWS);
    if left > 0 {
        let _ = writeln!(out, "    {} {left}", words.more);
    }
    out
}

/// As wide as its cells, each column; the widest are cut until a line fits.
fn widths(table: &Table, shown: &[Vec<String>]) -> Vec<usize> {
    let width = |column: usize| {
        let cells = shown.iter().filter_map(|row| row.get(column)).map(|cell| cell.width());
        cells.chain([clean(&table.head[column]).width()]).max().unwrap_or(0)
    };
    let mut widths: Vec<usize> = (0..table.head.len()).map(width).collect();
    let room = (WIDTH - 4).saturating_sub(2 * widths.len());
    while widths.iter().sum::<usize>() > room {
        let widest = widths.iter_mut().enumerate().filter(|(i, _)| !table.is_numeric(*i)).max_by_key(|(_, w)| **w);
        match widest {
            Some((_, width)) if *width > 4 => *width -= 1,
            _ => break,
        }
    }
    widths
}

/// Columns from the bottom, with the level drawn through them.
fn growth(growth: &Growth) -> String {
    let most = growth.most();
    let left = most.to_string().len().max(5);
    let each = (MAP_WIDTH / growth.points.len().max(1)).clamp(1, 3);
    let level = (growth.level.1 * HEIGHT).div_ceil(most);
    let mut out = format!("    {}\n", growth.up);
    for line in (1..=HEIGHT).rev() {
        let label = if line == HEIGHT { most.to_string() } else { String::new() };
        let label = if line == level { growth.level.1.to_string() } else { label };
        let column = |(_, up): &(usize, usize)| {
            let full = *up as f64 / most as f64 * HEIGHT as f64 - (line - 1) as f64;
            let eighth = (full.clamp(0.0, 1.0) * 8.0).round() as usize;
            let glyph = ["", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"][eighth];
            let empty = if line == level { "─" } else { " " };
            let glyph = if glyph.is_empty() { empty } else { glyph };
            glyph.repeat(each.max(2) - 1) + empty
        };
        let row: String = growth.points.iter().map(column).collect();
        let name = if line == level { format!(" {}", growth.level.0) } else { String::new() };
        let _ = writeln!(out, "    {label:>left$} │{}{name}", row.trim_end());
    }
    let across = growth.points.len() * each.max(2);
    let ends = growth.points.first().zip(growth.points.last());
    let _ = writeln!(out, "    {:>left$} └{}", "", "─".repeat(across));
    if let Some((first, last)) = ends {
        let (first, last) = (first.0.to_string(), last.0.to_string());
        let room = across.saturating_sub(first.len() + last.len());
        let _ = writeln!(out, "    {:>left$}  {first}{}{last} {}", "", " ".repeat(room), growth.across);
    }
    out
}

fn bar_rows(rows: &Bars) -> String {
    let name = rows.rows.iter().map(|(name, _)| name.width()).max().unwrap_or(0).min(NAME);
    let row = |(own, share): &(String, f32)| {
        format!("    {}  {share:>6.3}  {}\n", padded(own, name), bar(f64::from(*share), 50))
    };
    rows.rows.iter().map(row).collect()
}

/// A row a step: the numbers of each line, and as bars from the least of all to the greatest.
fn curves(curves: &Curves) -> String {
    let (least, most) = curves.ends();
    let spread = (most - least).max(f64::MIN_POSITIVE);
    let name = curves.steps.iter().map(|step| step.width()).max().unwrap_or(0);
    let column = (WIDTH - 8 - name) / curves.series.len().max(1);
    let mut out = format!("    {}", " ".repeat(name));
    curves.series.iter().for_each(|(own, _)| {
        let _ = write!(out, "  {}", padded(own, column - 2));
    });
    out.truncate(out.trim_end().len());
    out.push('\n');
    let shown = shown_steps(curves.steps.len());
    for i in shown {
        let mut line = format!("    {}", padded(&curves.steps[i], name));
        for (_, values) in &curves.series {
            let Some(value) = values.get(i) else { continue };
            let drawn = bar((value - least) / spread, column.saturating_sub(12));
            let _ = write!(line, "  {}", padded(&format!("{value:.3} {drawn}"), column - 2));
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

/// Some of many steps, the first and the last among them.
fn shown_steps(count: usize) -> Vec<usize> {
    match count {
        0..=ROWS => (0..count).collect(),
        _ => (0..ROWS).map(|i| i * (count - 1) / (ROWS - 1)).collect(),
    }
}

/// Each name where its point lies, or a line or two beside it; one that has no room there is left out.
fn map(map: &Map) -> String {
    let widest = map.points.iter().map(|(name, _)| name.width().min(NAME)).max().unwrap_or(0);
    let mut lines: Vec<Vec<(usize, String)>> = vec![Vec::new(); MAP_HEIGHT];
    for (name, [x, y]) in map.shares() {
        let name = clean(name);
        let name = padded(&name, name.width().min(NAME));
        let column = (x * (MAP_WIDTH - widest) as f32) as usize;
        let line = ((1.0 - y) * (MAP_HEIGHT - 1) as f32).round() as usize;
        let taken = |(at, other): &(usize, String)| *at < column + name.width() + 1 && column < *at + other.width() + 1;
        let near = [0, 1, -1, 2, -2].into_iter().filter_map(|by| line.checked_add_signed(by));
        let free = near.filter(|line| *line < MAP_HEIGHT).find(|line| !lines[*line].iter().any(taken));
        if let Some(line) = free {
            lines[line].push((column, name));
        }
    }
    let mut out = format!("    {}\n", clean(&map.title));
    for mut line in lines {
        line.sort_unstable();
        let mut row = String::new();
        for (column, name) in line {
            let room = column.saturating_sub(row.width());
            row = row + &" ".repeat(room) + &name;
        }
        let _ = writeln!(out, "    │ {}", row.trim_end());
    }
    out
}

fn profiles(profiles: &Profiles) -> String {
    let name = profiles.series.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
    let row = |(own, scores): &(String, Vec<f32>)| {
        let each = scores.len().div_ceil(WIDTH - name - 6).max(1);
        let greatest: Vec<f32> =
            scores.chunks(each).map(|some| some.iter().copied().fold(f32::NEG_INFINITY, f32::max)).collect();
        format!("    {}  {}\n", padded(own, name), bars(&greatest))
    };
    profiles.series.iter().map(row).collect()
}

fn passages(found: &Found, words: &Words) -> String {
    let mut out = format!("    {}\n", found.title);
    if found.passages.is_empty() {
        let _ = writeln!(out, "    {}", found.none);
    }
    for (i, passage) in found.passages.iter().enumerate() {
        let folded = passage.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let shown = &folded[..folded.floor_char_boundary(PASSAGE)];
        let more = if shown.len() < folded.len() { "…" } else { "" };
        let head = format!("{}. {:.3}  {}{}", i + 1, passage.score, passage.place, words.aside(&passage.remark));
        let _ = writeln!(out, "{}", wrapped(&head, "    ", "       "));
        let _ = writeln!(out, "{}", paragraph(&format!("{shown}{more}"), "       "));
    }
    out + "\n"
}

fn quote(quote: &Quote) -> String {
    format!("{}\n        {}\n", paragraph(&format!("“{}”", quote.quote), "    "), clean(&quote.place))
}

fn letter(letter: &Letter) -> String {
    let mut out = format!("    {}\n", letter.title);
    for line in letter.text.lines() {
        let _ = writeln!(out, "{}", wrapped(line, "    │ ", "    │ ").trim_end());
    }
    out
}
