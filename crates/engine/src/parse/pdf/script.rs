//! What the layout must know of characters: which scripts set no spaces, what ends a sentence, what to clean away.

/// Whether the script of `c` sets no space between words: Han, kana, bopomofo and their full-width punctuation.
pub(super) fn is_cjk(c: char) -> bool {
    matches!(u32::from(c),
        0x2E80..=0x2FDF | 0x2FF0..=0x303F | 0x3040..=0x30FF | 0x3100..=0x312F | 0x31A0..=0x31FF | 0x3400..=0x4DBF
        | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0xFE30..=0xFE4F | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6 | 0x20000..=0x3FFFF)
}

/// Punctuation that Chinese shares with European languages.
fn is_shared_punctuation(c: char) -> bool {
    matches!(c, '“' | '”' | '‘' | '’' | '…' | '—' | '·')
}

/// Whether nothing stands between `a` at a line's end and `b` at the next one's start.
pub(super) fn joins_without_space(a: char, b: char) -> bool {
    match (is_cjk(a), is_cjk(b)) {
        (true, true) => true,
        (true, false) => is_shared_punctuation(b) || is_cjk_punctuation(a),
        (false, true) => is_shared_punctuation(a) || is_cjk_punctuation(b),
        (false, false) => false,
    }
}

/// Full-width punctuation, which carries its own white space.
fn is_cjk_punctuation(c: char) -> bool {
    matches!(u32::from(c), 0x3001..=0x3003 | 0x3008..=0x3011 | 0x3014..=0x301F | 0xFF01..=0xFF0F | 0xFF1A..=0xFF20
        | 0xFF3B..=0xFF40 | 0xFF5B..=0xFF60)
}

/// Whether `text` ends as a sentence does, closing quotes and brackets aside.
pub(super) fn ends_sentence(text: &str) -> bool {
    let closing = |c: char| matches!(c, '"' | '\'' | ')' | ']' | '”' | '’' | '»' | '」' | '』' | '）' | '】' | '》');
    let last = text.trim_end().trim_end_matches(closing).chars().next_back();
    matches!(last, Some('.' | '!' | '?' | '…' | '。' | '！' | '？' | '؟' | '।' | '．'))
}

/// Whether a paragraph stops at the end of `text`: a sentence's end, or a colon before what it announces.
pub(super) fn ends_paragraph(text: &str) -> bool {
    ends_sentence(text) || text.trim_end().ends_with([':', '：', ';', '；'])
}

/// Whether `text` starts in lower case, as the rest of a sentence does.
pub(super) fn starts_lower(text: &str) -> bool {
    text.trim_start_matches(['(', '"', '“', '‘', '\'']).chars().next().is_some_and(char::is_lowercase)
}

/// `text` with ligatures spelled out, Kangxi radicals as the ideographs they depict, and what no reader sees dropped.
pub(super) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match ligature(c) {
            Some(letters) => out.push_str(letters),
            None if c.is_whitespace() || is_odd_space(c) => out.push(' '),
            None if is_invisible(c) => {}
            None => out.push(c),
        }
    }
    out
}

fn ligature(c: char) -> Option<&'static str> {
    Some(match c {
        'ﬀ' => "ff",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬃ' => "ffi",
        'ﬄ' => "ffl",
        'ﬅ' | 'ﬆ' => "st",
        '\u{F0B7}' | '\u{F0A7}' => "•",
        _ => return None,
    })
}

/// Spaces that Unicode does not call white space, among them the one left of a zero-width break.
fn is_odd_space(c: char) -> bool {
    matches!(c, '\u{2060}' | '\u{3164}')
}

/// Control and format characters (soft hyphens aside, which the joining of lines reads), marks of missing glyphs, and
/// glyphs without a meaning outside their font.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c), 0x200B..=0x200F | 0x202A..=0x202E | 0x2061..=0x206F | 0xFEFF | 0xFFF0..=0xFFFD
            | 0xE000..=0xF8FF | 0xF0000..=0x10FFFF)
}

/// `text` with runs of white space as one space, none at its ends, and dot leaders as one ellipsis.
pub(super) fn squeeze(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    collapse_leaders(&words.join(" "))
}

/// Replaces four or more dots, spaced or not, by ` … `: a reader skips them, and each would cost a token.
fn collapse_leaders(text: &str) -> String {
    if !has_leader(text) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = split_leader(rest) {
        out.push_str(before.trim_end());
        out.push_str(" … ");
        rest = after.trim_start();
    }
    out.push_str(rest);
    out.trim().to_owned()
}

/// Whether `text` holds a dot leader, as a line of a table of contents does.
pub(super) fn has_leader(text: &str) -> bool {
    split_leader(text).is_some()
}

/// The text before and after the first dot leader.
fn split_leader(text: &str) -> Option<(&str, &str)> {
    let mut start = None;
    let mut dots = 0;
    for (at, c) in text.char_indices() {
        match c {
            '.' | '·' | '…' | '․' | '‥' => {
                start = start.or(Some(at));
                dots += if c == '…' { 2 } else { 1 };
            }
            ' ' => {}
            _ if dots >= 4 => return start.map(|from| (&text[..from], &text[at..])),
            _ => (start, dots) = (None, 0),
        }
    }
    start.filter(|_| dots >= 4).map(|from| (&text[..from], ""))
}

/// Letters and digits only, lower case: what is compared where spacing and punctuation may differ.
pub(super) fn fold(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// How wide `text` is, in letters: an ideograph counts as two.
pub(super) fn letters(text: &str) -> usize {
    text.chars().map(|c| if is_cjk(c) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaders_shrink_and_sentences_stay() {
        assert_eq!(squeeze("1.1 Words . . . . . . 12"), "1.1 Words … 12");
        assert_eq!(squeeze("Words....... 12"), "Words … 12");
        assert_eq!(squeeze("目录…… 3"), "目录 … 3");
        assert_eq!(squeeze("Well ... then, v. 1.2."), "Well ... then, v. 1.2.");
        assert!(!has_leader("a.b.c.d.e"));
    }

    #[test]
    fn cleaning_spells_ligatures_and_drops_what_is_not_seen() {
        assert_eq!(clean("ﬁnd the oﬃce\u{0}\u{feff}\u{a0}x"), "find the office x");
    }

    #[test]
    fn chinese_joins_tight_and_english_does_not() {
        assert!(joins_without_space('桥', '接'));
        assert!(joins_without_space('。', 'T'));
        assert!(joins_without_space('”', '的'));
        assert!(!joins_without_space('用', 'B'));
        assert!(!joins_without_space('a', 'b'));
    }

    #[test]
    fn a_quoted_sentence_ends_as_a_sentence() {
        assert!(ends_sentence("He said “no.”"));
        assert!(ends_sentence("如此。」"));
        assert!(!ends_sentence("for example,"));
        assert!(ends_paragraph("as follows:"));
    }
}
