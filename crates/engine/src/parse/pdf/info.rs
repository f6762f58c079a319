//! What a PDF's information dictionary says, under the keys that front matter uses.

use super::super::properties::{Properties, items};
use super::script::{clean, squeeze};
use crate::types::Metadata;

/// Entries of the information dictionary (ISO 32000-1, table 317) and their keys; the title goes its own way.
const ENTRIES: [(&str, &str); 5] = [
    ("Author", "author"),
    ("Subject", "subject"),
    ("Keywords", "keywords"),
    ("CreationDate", "created"),
    ("ModDate", "modified"),
];

/// The properties, from what `entry` finds under the dictionary's names.
pub(super) fn properties(entry: impl Fn(&str) -> Option<String>) -> Metadata {
    let mut found = Properties::default();
    for (name, key) in ENTRIES {
        let text = entry(name).map(|text| squeeze(&clean(&text))).unwrap_or_default();
        match key {
            "keywords" => items(&text).for_each(|word| found.add(key, word)),
            "created" | "modified" => found.add(key, &date(&text).unwrap_or_default()),
            _ => found.add(key, &text),
        }
    }
    found.into_metadata()
}

/// The day in a PDF date such as `D:20261125103000+08'00'`, as `2026-11-25`, in the time zone it names.
///
/// The mark `D:` may be missing, as in old files; a missing month or day is the first (ISO 32000-1, 7.9.4).
fn date(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches("D:");
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number = |from: usize, to: usize| text.get(from..to).filter(|_| to <= digits)?.parse::<u32>().ok();
    if digits % 2 == 1 || !text[digits..].is_empty() && !text[digits..].starts_with(['Z', 'z', '+', '-', '\'']) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(4, 6).unwrap_or(1), number(6, 8).unwrap_or(1));
    let exists = year > 0 && (1..=12).contains(&month) && (1..=days(year, month)).contains(&day);
    exists.then(|| format!("{year:04}-{month:02}-{day:02}"))
}

/// Days of a month.
fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_become_days() {
        let cases = [
            ("D:20261125103000+08'00'", Some("2026-11-25")),
            ("D:20261125103000Z00'00'", Some("2026-11-25")),
            ("D:20261125", Some("2026-11-25")),
            ("20261125103000", Some("2026-11-25")),
            ("D:202611", Some("2026-11-01")),
            ("D:2026", Some("2026-01-01")),
            ("D:20240229120000-05'00", Some("2024-02-29")),
            ("D:20230229", None),
            ("D:20261301", None),
            ("D:20260431", None),
            ("D:20261100", None),
            ("D:00000101", None),
            ("D:191001125103000", None),
            ("D:202", None),
            ("Wed Nov 25 10:30:00 2026", None),
            ("25/11/2026", None),
            ("D:２０２６", None),
            ("D:", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(date(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn entries_take_the_keys_of_front_matter() {
        let entry = |name: &str| {
            let text = match name {
                "Author" => "  李春,\nAda ",
                "Subject" => "\u{feff}",
                "Keywords" => "bridge, stone arch; 石拱桥，隋朝、赵州；",
                "CreationDate" => "D:20261125103000+08'00'",
                "ModDate" => "yesterday",
                _ => return None,
            };
            Some(text.to_owned())
        };
        let found = properties(entry);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["author", "created", "keywords"]);
        assert_eq!(found["author"], ["李春, Ada"]);
        assert_eq!(found["created"], ["2026-11-25"]);
        assert_eq!(found["keywords"], ["bridge", "stone arch", "石拱桥", "隋朝", "赵州"]);
    }

    proptest! {
        #[test]
        fn any_date_is_a_day_or_nothing(text in any::<String>(), digits in "(D:)?[0-9]{0,16}[-Z+']?[0-9'桥]{0,6}") {
            for text in [&text, &digits] {
                prop_assert!(date(text).is_none_or(|day| day.len() == 10));
            }
        }
    }
}
