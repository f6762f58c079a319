//! Numbers before headings, marks before list items, labels before captions.

/// A heading's number: how deep it is, and the words after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Numbered<'a> {
    /// 1 for "3" and "第三章", 2 for "3.2" and "第二节".
    pub(super) depth: u8,
    pub(super) rest: &'a str,
}

/// The number that opens a heading: "3.2 Title", "Chapter 4", "IV. Title", "第三章", "一、".
pub(super) fn numbered(text: &str) -> Option<Numbered<'_>> {
    decimal(text).or_else(|| chinese(text)).or_else(|| roman(text)).or_else(|| named(text))
}

/// "3", "3.2", "3.2.1." before a space, or before an ideograph.
fn decimal(text: &str) -> Option<Numbered<'_>> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    let spaced = rest.starts_with(' ') || rest.starts_with(super::script::is_cjk);
    let parts: Vec<&str> = number.trim_end_matches('.').split('.').collect();
    let plain = parts.iter().all(|p| (1..=3).contains(&p.len())) && parts.len() <= 6;
    (spaced && plain && rest.contains(char::is_alphabetic))
        .then(|| Numbered { depth: parts.len() as u8, rest: rest.trim_start() })
}

/// "第三章", "第2节", "一、", "（二）".
fn chinese(text: &str) -> Option<Numbered<'_>> {
    let counts = |c: char| "〇零一二三四五六七八九十百0123456789".contains(c);
    if let Some(rest) = text.strip_prefix('第') {
        let after = rest.trim_start_matches(|c| counts(c) || c == ' ');
        let unit = after.chars().next().filter(|_| after.len() < rest.len())?;
        let depth = match unit {
            '章' | '编' | '篇' | '部' | '卷' | '回' | '讲' => 1,
            '节' | '節' => 2,
            _ => return None,
        };
        return Some(Numbered { depth, rest: after[unit.len_utf8()..].trim_start() });
    }
    if let Some(rest) = text.strip_prefix(['（', '(']) {
        let after = rest.trim_start_matches(|c: char| counts(c) && !c.is_ascii_digit());
        let rest = after.strip_prefix(['）', ')']).filter(|_| after.len() < rest.len())?;
        return Some(Numbered { depth: 2, rest: rest.trim_start() });
    }
    let after = text.trim_start_matches(|c: char| counts(c) && !c.is_ascii_digit());
    let rest = after.strip_prefix('、').filter(|_| after.len() < text.len())?;
    Some(Numbered { depth: 1, rest: rest.trim_start() })
}

/// "IV. Title".
fn roman(text: &str) -> Option<Numbered<'_>> {
    let (number, rest) = text.split_once(". ")?;
    let is_roman = (1..=6).contains(&number.len()) && number.bytes().all(|b| matches!(b, b'I' | b'V' | b'X'));
    is_roman.then_some(Numbered { depth: 1, rest })
}

/// "Chapter 4", "Appendix B: Title".
fn named(text: &str) -> Option<Numbered<'_>> {
    const NAMES: [&str; 8] =
        ["chapter ", "part ", "section ", "appendix ", "kapitel ", "anhang ", "chapitre ", "capítulo "];
    let lower = text.to_lowercase();
    let name = NAMES.iter().find(|n| lower.starts_with(**n))?;
    let rest = text.get(name.len()..)?;
    let number = rest.split([' ', ':', '.']).next()?;
    let counts =
        !number.is_empty() && number.len() <= 4 && number.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase());
    counts.then(|| Numbered { depth: 1, rest: rest[number.len()..].trim_start_matches([' ', ':', '.']) })
}

/// What opens a list item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    /// A bullet; nothing else starts a line so.
    Bullet,
    /// A dash, which prose and formulas may start a line with as well.
    Dash,
    /// A number or letter, likewise.
    Count,
}

/// The mark that opens a list item, if one does.
pub(super) fn marker(text: &str) -> Option<Marker> {
    let first = text.chars().next()?;
    if matches!(first, '•' | '◦' | '▪' | '‣' | '●' | '○' | '■' | '□' | '►' | '➢' | '✓' | '∙' | '◆' | '★')
    {
        return Some(Marker::Bullet);
    }
    let after = &text[first.len_utf8()..];
    if matches!(first, '-' | '–' | '—' | '*' | '·') && after.starts_with(' ') {
        return Some(Marker::Dash);
    }
    if matches!(u32::from(first), 0x2460..=0x24FF) {
        return Some(Marker::Count);
    }
    let inner = text.strip_prefix(['(', '（', '[']).unwrap_or(text);
    let count = inner.trim_start_matches(|c: char| c.is_ascii_digit());
    let count =
        if count.len() == inner.len() { inner.trim_start_matches(|c: char| c.is_ascii_lowercase()) } else { count };
    let length = inner.len() - count.len();
    let closed = count.starts_with([')', '）', ']', '、']) || count.starts_with(". ");
    let short = if inner.starts_with(|c: char| c.is_ascii_digit()) { length <= 3 } else { length == 1 };
    (length > 0 && short && closed).then_some(Marker::Count)
}

/// Whether `text` opens a caption: "Figure 3", "Table 2:", "图 3".
pub(super) fn is_caption(text: &str) -> bool {
    const LABELS: [&str; 12] = [
        "figure",
        "fig.",
        "table",
        "tab.",
        "listing",
        "algorithm",
        "scheme",
        "abbildung",
        "abb.",
        "tabelle",
        "图",
        "表",
    ];
    let lower = text.to_lowercase();
    let Some(label) = LABELS.iter().find(|l| lower.starts_with(**l)) else { return false };
    let rest = lower[label.len()..].trim_start();
    rest.starts_with(|c: char| c.is_ascii_digit()) || rest.starts_with(['i', 'v']) && label.is_ascii() && rest.len() < 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_give_depth_and_words() {
        for (text, depth, rest) in [
            ("3 Lookup tables", 1, "Lookup tables"),
            ("3.2 Title", 2, "Title"),
            ("3.2.1. Title", 3, "Title"),
            ("2.3稠密向量", 2, "稠密向量"),
            ("第三章 查表", 1, "查表"),
            ("第2节 距离", 2, "距离"),
            ("一、引言", 1, "引言"),
            ("（二）方法", 2, "方法"),
            ("IV. Results", 1, "Results"),
            ("Chapter 4: Rivers", 1, "Rivers"),
        ] {
            assert_eq!(numbered(text), Some(Numbered { depth, rest }), "{text}");
        }
        for text in ["1984", "3.5%", "12 345", "Parts of it", "第三者", "I think. So"] {
            assert_eq!(numbered(text), None, "{text}");
        }
    }

    #[test]
    fn list_items_and_captions() {
        assert_eq!(marker("• one"), Some(Marker::Bullet));
        assert_eq!(marker("- one"), Some(Marker::Dash));
        for text in ["1. one", "(a) one", "12) one", "① one", "[3] Smith"] {
            assert_eq!(marker(text), Some(Marker::Count), "{text}");
        }
        for text in ["-5 degrees", "1.5 km", "and) so", "2024. It", "one"] {
            assert_eq!(marker(text), None, "{text}");
        }
        assert!(is_caption("Figure 2 Six") && is_caption("图 3 五个字") && is_caption("Table 1: x"));
        assert!(!is_caption("Tables are") && !is_caption("图书馆"));
    }
}
