//! For a browser.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use super::story::{Bars, Block, Cell, Curves, Found, Growth, Letter, Map, Profiles, Quote, Step, Table};
use super::text::Words;
use crate::html::{self, escaped};

/// Of every plot, in pixels.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 240.0;
/// Room for the numbers beside a plot.
const MARGIN: f64 = 60.0;
/// From a label to the one below it.
const LINE: f64 = 13.0;
/// Rows of a table that are drawn: each number of a vector is an element of the page.
pub(super) const ROWS: usize = 64;
/// Numbers of a vector that are drawn.
const NUMBERS: usize = 384;

const COLOURS: [&str; 4] = ["rgb(9,105,218)", "rgb(207,84,26)", "rgb(26,127,55)", "rgb(130,80,223)"];

pub(super) fn page(title: &str, language: &str, steps: &[Step], words: &Words) -> String {
    let mut body = format!("<h1>{}</h1>", escaped(title));
    for step in steps {
        let _ = write!(body, "<h2>{}</h2><p>{}</p>", escaped(&step.title), escaped(&step.text));
        step.blocks.iter().for_each(|block| body.push_str(&drawn(block, words)));
        step.notice.iter().for_each(|notice| {
            let _ = write!(body, "<p class=\"note\">{}</p>", escaped(notice));
        });
        if !step.further.is_empty() {
            let commands: String = step.further.iter().map(|command| escaped(command) + "\n").collect();
            let _ = write!(body, "<p>{}</p><pre>{commands}</pre>", words.further);
        }
    }
    html::page(title, language, &body)
}

fn drawn(block: &Block, words: &Words) -> String {
    match block {
        Block::Table(table) => self::table(table, words),
        Block::Growth(growth) => self::growth(growth),
        Block::Bars(bars) => self::bars(bars),
        Block::Curves(curves) => self::curves(curves),
        Block::Map(map) => self::map(map),
        Block::Profiles(profiles) => self::profiles(profiles),
        Block::Passages(found) => {
            format!(
                "<div class=\"beside\">{}</div>",
                found.iter().map(|found| passages(found, words)).collect::<String>()
            )
        }
        Block::Quotes(quotes) => quotes.iter().map(quote).collect(),
        Block::Letter(Letter { title, text }) => {
            let lines: Vec<String> = text.lines().map(escaped).collect();
            format!("<h3>{}</h3><pre class=\"letter\">{}</pre>", escaped(title), lines.join("\n"))
        }
    }
}

fn plot(height: f64, inside: &str) -> String {
    format!(
        "<div class=\"wide\"><svg width=\"{}\" height=\"{:.0}\" role=\"img\">{inside}</svg></div>",
        WIDTH + 2.0 * MARGIN + 80.0,
        height + 50.0
    )
}

fn label(x: f64, y: f64, anchor: &str, text: &str) -> String {
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>", escaped(text))
}

/// How wide a label is drawn, nearly.
fn wide(text: &str) -> f64 {
    text.width() as f64 * 7.0
}

/// How far down a label must begin so that none of those before is overwritten; `at` is where it would begin.
fn free(taken: &mut Vec<[f64; 3]>, at: (f64, f64), text: &str) -> f64 {
    let (left, mut top) = at;
    let right = left + wide(text);
    let mut below: Vec<f64> =
        taken.iter().filter(|[from, to, _]| left < *to && *from < right).map(|[_, _, top]| *top).collect();
    below.sort_by(f64::total_cmp);
    for other in below {
        if (other - top).abs() < LINE {
            top = other + LINE;
        }
    }
    taken.push([left, right, top]);
    top
}

fn table(table: &Table, words: &Words) -> String {
    let class = |column: usize| if table.is_numeric(column) { "" } else { " class=\"t\"" };
    let mut out = String::from("<div class=\"wide\"><table><tr>");
    table.head.iter().enumerate().for_each(|(i, head)| {
        let _ = write!(out, "<th{}>{}", class(i), escaped(head));
    });
    for row in table.rows.iter().take(ROWS) {
        out.push_str("</tr><tr>");
        row.iter().enumerate().for_each(|(i, cell)| {
            let _ = write!(out, "<td{}>{}", class(i), self::cell(cell));
        });
    }
    out.push_str("</tr></table></div>");
    let left = table.left + table.rows.len().saturating_sub(ROWS);
    if left > 0 {
        let _ = write!(out, "<p>{} {left}</p>", words.more);
    }
    out
}

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Vector(vector) => strip(vector),
        other => escaped(&other.shown(0)),
    }
}

/// A vector as colours: blue above zero, orange below, stronger the further from it.
fn strip(vector: &[f32]) -> String {
    let shown = &vector[..vector.len().min(NUMBERS)];
    let top = shown.iter().fold(f32::MIN_POSITIVE, |top, v| top.max(v.abs()));
    let each = (WIDTH / shown.len().max(1) as f64).min(24.0);
    let mut out = format!("<svg width=\"{:.0}\" height=\"18\" role=\"img\">", each * shown.len() as f64);
    for (i, v) in shown.iter().enumerate() {
        let colour = if *v < 0.0 { COLOURS[1] } else { COLOURS[0] };
        let (x, strength) = (i as f64 * each, v.abs() / top);
        let _ = write!(
            out,
            "<rect x=\"{x:.1}\" width=\"{each:.2}\" height=\"18\" fill=\"{colour}\" fill-opacity=\"{strength:.2}\">\
             <title>{i}: {v:.4}</title></rect>"
        );
    }
    out + "</svg>"
}

fn growth(growth: &Growth) -> String {
    let most = growth.most() as f64;
    let y = |value: usize| 20.0 + HEIGHT - value as f64 / most * HEIGHT;
    let each = WIDTH / growth.points.len().max(1) as f64;
    let mut inside = label(MARGIN, 12.0, "start", &growth.up);
    for (i, (across, up)) in growth.points.iter().enumerate() {
        let x = MARGIN + i as f64 * each;
        let _ = write!(
            inside,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{}\"><title>{across}: {up}</title></rect>",
            x + 1.0,
            y(*up),
            each - 2.0,
            20.0 + HEIGHT - y(*up),
            COLOURS[0]
        );
        if i == 0 || i + 1 == growth.points.len() {
            inside += &label(x + each / 2.0, HEIGHT + 36.0, "middle", &across.to_string());
        }
    }
    let level = y(growth.level.1);
    let right = MARGIN + WIDTH;
    let _ = write!(
        inside,
        "<line x1=\"{MARGIN}\" x2=\"{right}\" y1=\"{level:.1}\" y2=\"{level:.1}\" stroke=\"{}\" stroke-width=\"2\"/>",
        COLOURS[1]
    );
    inside += &label(right + 6.0, level + 4.0, "start", &growth.level.0);
    inside += &label(MARGIN - 6.0, level + 4.0, "end", &growth.level.1.to_string());
    inside += &label(MARGIN - 6.0, 28.0, "end", &format!("{most}"));
    inside += &label(MARGIN + WIDTH / 2.0, HEIGHT + 46.0, "middle", &growth.across);
    plot(HEIGHT, &inside)
}

fn bars(bars: &Bars) -> String {
    let mut out = String::from("<div class=\"wide\"><table>");
    for (name, share) in &bars.rows {
        let _ = write!(
            out,
            "<tr><td class=\"t\">{}<td>{share:.3}<td class=\"t\"><svg width=\"400\" height=\"14\"><rect width=\"{:.0}\" \
             height=\"14\" fill=\"{}\"/></svg></tr>",
            escaped(name),
            share.clamp(0.0, 1.0) * 400.0,
            COLOURS[0]
        );
    }
    out + "</table></div>"
}

fn curves(curves: &Curves) -> String {
    let (least, most) = curves.ends();
    let spread = (most - least).max(f64::MIN_POSITIVE);
    let last = curves.steps.len().saturating_sub(1).max(1) as f64;
    let (x, y) = (|i: usize| MARGIN + i as f64 / last * WIDTH, |v: f64| 20.0 + HEIGHT - (v - least) / spread * HEIGHT);
    let mut inside = label(MARGIN - 6.0, 24.0, "end", &format!("{most:.3}"));
    inside += &label(MARGIN - 6.0, 24.0 + HEIGHT, "end", &format!("{least:.3}"));
    let every = curves.steps.len().div_ceil(8).max(1);
    for (i, step) in curves.steps.iter().enumerate().step_by(every) {
        inside += &label(x(i), HEIGHT + 40.0, "middle", step);
    }
    let mut labels: Vec<[f64; 3]> = Vec::new();
    for (n, (name, values)) in curves.series.iter().enumerate() {
        let colour = COLOURS[n % COLOURS.len()];
        let points: Vec<String> = values.iter().enumerate().map(|(i, v)| format!("{:.1},{:.1}", x(i), y(*v))).collect();
        let _ = write!(
            inside,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            points.join(" ")
        );
        for (i, v) in values.iter().enumerate() {
            let title = curves.steps.get(i).map_or_else(String::new, |step| escaped(step));
            let _ = write!(
                inside,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"><title>{title}: {v:.4}</title></circle>",
                x(i),
                y(*v)
            );
        }
        if let Some(end) = values.len().checked_sub(1) {
            let top = free(&mut labels, (x(end) + 8.0, y(values[end]) + 4.0), name);
            let _ = write!(inside, "<g fill=\"{colour}\">{}</g>", label(x(end) + 8.0, top, "start", name));
        }
    }
    plot(HEIGHT, &inside)
}

fn map(map: &Map) -> String {
    let mut inside = String::new();
    let mut labels: Vec<[f64; 3]> = Vec::new();
    for (name, [x, y]) in map.shares() {
        let (x, y) = (MARGIN + f64::from(x) * WIDTH, 20.0 + (1.0 - f64::from(y)) * HEIGHT);
        let _ = write!(inside, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{}\"/>", COLOURS[0]);
        // names at the right edge stand to the left of their points
        let to_the_left = x > MARGIN + 0.8 * WIDTH;
        let start = if to_the_left { x - 8.0 - wide(name) } else { x + 8.0 };
        let top = free(&mut labels, (start, y + 4.0), name);
        inside += &match to_the_left {
            true => label(x - 8.0, top, "end", name),
            false => label(start, top, "start", name),
        };
    }
    format!("<h3>{}</h3>{}", escaped(&map.title), plot(HEIGHT, &inside))
}

fn profiles(profiles: &Profiles) -> String {
    let mut out = String::new();
    let height = 80.0;
    for (n, (name, scores)) in profiles.series.iter().enumerate() {
        let least = scores.iter().copied().fold(f32::INFINITY, f32::min);
        let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let spread = f64::from((most - least).max(f32::MIN_POSITIVE));
        let each = WIDTH / scores.len().max(1) as f64;
        let mut inside = label(MARGIN - 6.0, 24.0, "end", &format!("{most:.2}"));
        inside += &label(MARGIN - 6.0, 20.0 + height, "end", &format!("{least:.2}"));
        for (i, score) in scores.iter().enumerate() {
            let tall = f64::from(score - least) / spread * (height - 2.0) + 2.0;
            let (x, y) = (MARGIN + i as f64 * each, 20.0 + height - tall);
            let strength = if *score == most { "1" } else { "0.45" };
            let _ = write!(
                inside,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{tall:.1}\" fill=\"{}\" \
                 fill-opacity=\"{strength}\"><title>{}: {score:.3}</title></rect>",
                (each - 1.0).max(0.5),
                COLOURS[n % COLOURS.len()],
                i + 1
            );
        }
        let _ = write!(out, "<h3>{}</h3>{}", escaped(name), plot(height, &inside));
    }
    out
}

fn passages(found: &Found, words: &Words) -> String {
    let mut out = format!("<div><h3>{}</h3>", escaped(&found.title));
    if found.passages.is_empty() {
        let _ = write!(out, "<p>{}</p>", escaped(&found.none));
    }
    for passage in &found.passages {
        let _ = write!(
            out,
            "<figure><figcaption>{:.3} · {}{}</figcaption><blockquote>{}</blockquote></figure>",
            passage.score,
            escaped(&passage.place),
            escaped(&words.aside(&passage.remark)),
            escaped(&passage.text)
        );
    }
    out + "</div>"
}

fn quote(quote: &Quote) -> String {
    format!(
        "<figure><blockquote>“{}”</blockquote><figcaption>{}</figcaption></figure>",
        escaped(&quote.quote),
        escaped(&quote.place)
    )
}
