//! For a terminal: text in columns, numbers as bars. Every script takes the room it is drawn in.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that a paragraph or a table may take.
pub(crate) const WIDTH: usize = 100;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// `text` without what a terminal would obey.
pub(crate) fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// `name` in exactly `columns` columns, cut where it is longer.
pub(crate) fn padded(name: &str, columns: usize) -> String {
    let clean = clean(name);
    let mut shown = String::new();
    let whole = clean.width() <= columns;
    for c in clean.chars() {
        if !whole && shown.width() + c.width().unwrap_or(0) >= columns {
            shown.push('…');
            break;
        }
        shown.push(c);
    }
    let missing = columns.saturating_sub(shown.width());
    shown + &" ".repeat(missing)
}

/// From the least to the greatest of `numbers`.
pub(crate) fn bars(numbers: &[f32]) -> String {
    let least = numbers.iter().copied().fold(f32::INFINITY, f32::min);
    let most = numbers.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let spread = (most - least).max(f32::MIN_POSITIVE);
    numbers.iter().map(|v| BARS[((v - least) / spread * 7.0).round() as usize]).collect()
}

/// `share` of `columns`, from 0 to 1, to an eighth of a column.
pub(crate) fn bar(share: f64, columns: usize) -> String {
    let eighths = (share.clamp(0.0, 1.0) * columns as f64 * 8.0).round() as usize;
    let part = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
    "█".repeat(eighths / 8) + part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_take_the_same_room_in_any_script() {
        for name in ["a", "桥梁", "a very long name indeed", "一个很长很长的名字啊", "e\u{301}", ""] {
            assert_eq!(padded(name, 14).width(), 14, "{name}");
        }
    }

    #[test]
    fn bars_reach_from_the_least_to_the_greatest() {
        assert_eq!(bars(&[-1.0, 0.0, 1.0]), "▁▅█");
        assert_eq!(bars(&[2.0, 2.0]), "▁▁");
        assert_eq!(bars(&[]), "");
        assert_eq!((bar(0.5, 3), bar(2.0, 2), bar(-1.0, 2)), ("█▌".into(), "██".into(), String::new()));
    }
}
