//! Runs and lines made up for tests: letters half as wide as high.

use super::page::{Line, Run, Style};
use super::script::letters;
use crate::types::Rect;

const SIZE: f32 = 10.0;

/// A run of ten points from `x` on.
pub(super) fn run(text: &str, x: f32, baseline: f32) -> Run {
    let x1 = x + letters(text) as f32 * SIZE / 2.0;
    Run { text: text.into(), x0: x, x1, baseline, style: Style { size: SIZE, bold: false, mono: false } }
}

/// A column of prose, 200 points wide, a line every 12 points.
pub(super) fn column(name: &str, (x, top): (f32, f32), lines: usize) -> Vec<Run> {
    (0..lines).map(|n| run(&format!("{name} {n} {}", "words ".repeat(5)), x, top + 12.0 * n as f32)).collect()
}

/// A line of ten points on `page`.
pub(super) fn line(text: &str, (page, x, baseline): (u32, f32, f32)) -> Line {
    let Run { x0, x1, style, .. } = run(text, x, baseline);
    let rect = Rect { x0, y0: baseline - 8.0, x1, y1: baseline + 2.0 };
    Line { page, area: page, text: text.into(), x0, x1, baseline, style, opens_bold: false, cells: 1, rect }
}

/// The same in another size.
pub(super) fn sized(mut line: Line, size: f32) -> Line {
    line.x1 = line.x0 + (line.x1 - line.x0) * size / line.style.size;
    line.style.size = size;
    line
}
