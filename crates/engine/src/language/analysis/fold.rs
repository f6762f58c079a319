//! One spelling for what readers take for the same: of characters, of their case and of their accents.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, is_combining_mark};

use super::simplified::simplified;

/// A text in one spelling, its case kept: Unicode's NFKC (so widths, ligatures and composed accents are one), without
/// characters that are not seen (soft hyphens, joiners, variation selectors), traditional Chinese characters simplified,
/// typographic apostrophes and hyphens as in ASCII.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    match text.is_ascii() {
        true => Cow::Borrowed(text),
        false => Cow::Owned(respelled(text)),
    }
}

/// Normalises only about the characters that need it, which most texts have few of.
fn respelled(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(odd) = rest.find(|c| !is_settled(c)) {
        // what follows may join the character before it
        let joined = rest[..odd].char_indices().next_back().map_or(odd, |(at, _)| at);
        let end = rest[odd..].find(is_settled).map_or(rest.len(), |length| odd + length);
        out.extend(rest[..joined].chars().map(tidy));
        out.extend(rest[joined..end].nfkd().filter(|c| !is_unseen(*c)).nfc().map(tidy));
        // a soft hyphen is seen where a line ends with it
        if rest[..end].ends_with('\u{AD}') && rest[end..].starts_with(['\n', '\r']) {
            out.push('-');
        }
        rest = &rest[end..];
    }
    out.extend(rest.chars().map(tidy));
    out
}

/// Whether normalisation gives this character itself (or, of full width, what [`tidy`] gives) whatever stands before it.
fn is_settled(c: char) -> bool {
    matches!(u32::from(c),
        0..=0x7F | 0xC0..=0x131 | 0x391..=0x3A1 | 0x3A3..=0x3CE | 0x400..=0x45F | 0x2013..=0x2016 | 0x2018..=0x201F
        | 0x3000..=0x3029 | 0x3041..=0x3096 | 0x30A1..=0x30FA | 0x4E00..=0x9FFF | 0xAC00..=0xD7A3 | 0xFF01..=0xFF5E)
}

/// A settled character's spelling.
fn tidy(c: char) -> char {
    match c {
        ..='\u{7F}' => c,
        '\u{3000}' => ' ',
        '\u{2018}' | '\u{2019}' | '\u{201B}' | '\u{2BC}' => '\'',
        '\u{2010}' => '-',
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        _ => simplified(c),
    }
}

/// Whether a reader does not see the character (Unicode's Default_Ignorable_Code_Point, as far as texts have them).
fn is_unseen(c: char) -> bool {
    matches!(u32::from(c),
        0xAD | 0x34F | 0x61C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F | 0x202A..=0x202E
        | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFF8 | 0x1BCA0..=0x1BCA3
        | 0x1D173..=0x1D17A | 0xE0000..=0xE0FFF)
}

/// Appends a plain text in lower case; ß as ss.
pub(super) fn push_lower(plain: &str, out: &mut String) {
    let start = out.len();
    if plain.is_ascii() {
        out.push_str(plain);
        out[start..].make_ascii_lowercase();
        return;
    }
    for c in plain.chars() {
        match c {
            'ß' | 'ẞ' => out.push_str("ss"),
            'ς' => out.push('σ'),
            _ => out.extend(c.to_lowercase()),
        }
    }
    // few letters have an accented form in lower case only
    if out[start..].chars().any(is_combining_mark) {
        let composed: String = out[start..].nfc().collect();
        out.truncate(start);
        out.push_str(&composed);
    }
}

/// A word in lower case without its accents and points, where it has any: café is cafe, Łódź is lodz.
pub(super) fn without_accents(word: &str) -> Option<String> {
    if word.is_ascii() {
        return None;
    }
    // marks of lower classes belong to the letters of Indic and other scripts
    let bare = word.nfd().filter(|c| !(is_combining_mark(*c) && canonical_combining_class(*c) >= 10));
    let mut out = String::with_capacity(word.len());
    for c in bare.nfc() {
        match c {
            'æ' => out.push_str("ae"),
            'œ' => out.push_str("oe"),
            'ø' => out.push('o'),
            'ł' => out.push('l'),
            'đ' | 'ð' => out.push('d'),
            'ı' => out.push('i'),
            'þ' => out.push_str("th"),
            _ => out.push(c),
        }
    }
    (out != word && !out.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::text;
    use super::*;

    #[test]
    fn widths_ligatures_and_scripts_are_one() {
        assert_eq!(plain("ＡＢＣ１２３，ﬁn資料\u{3000}庫"), "ABC123,fin资料 库");
        assert_eq!(plain("e\u{301} don’t e‐mail so\u{AD}ft"), "é don't e-mail soft");
        assert_eq!(plain("so\u{AD}\nft"), "so-\nft");
        assert!(matches!(plain("ascii"), Cow::Borrowed("ascii")));
    }

    #[test]
    fn case_and_accents_go() {
        let lower = |text: &str| {
            let mut out = "é".to_owned();
            push_lower(text, &mut out);
            out[2..].to_owned()
        };
        assert_eq!(lower("Straße ΟΔΟΣ ÉCOLE"), "strasse οδοσ école");
        assert_eq!(lower("H\u{331}"), "ẖ");
        assert_eq!(without_accents("école").as_deref(), Some("ecole"));
        assert_eq!(without_accents("møller").as_deref(), Some("moller"));
        assert_eq!(without_accents("مُحَمَّد").as_deref(), Some("محمد"));
        assert_eq!(without_accents("हिन्दी"), None);
        assert_eq!(without_accents("школа"), None);
        assert_eq!(without_accents("plain"), None);
    }

    proptest! {
        #[test]
        fn a_text_is_respelled_as_if_all_of_it_were_normalised(text in text()) {
            let seen = text.replace('\u{AD}', "");
            let whole: String = seen.nfkd().filter(|c| !is_unseen(*c)).nfc().map(tidy).collect();
            prop_assert_eq!(&plain(&seen), &whole);
            prop_assert_eq!(plain(&whole), whole.as_str(), "once is enough");
        }
    }
}
