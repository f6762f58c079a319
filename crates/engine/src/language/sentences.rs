use super::is_cjk;
use crate::types::Span;

/// Words whose full stop does not end a sentence, lower case, without the stop.
const ABBREVIATIONS: [&str; 46] = [
    "al", "approx", "art", "ca", "cf", "ch", "chap", "co", "corp", "dept", "dr", "e.g", "eq", "eqs", "est", "etc", "fig",
    "figs", "gen", "gov", "i.e", "inc", "jr", "ltd", "mr", "mrs", "ms", "no", "nos", "op", "p", "pp", "prof", "ref",
    "refs", "resp", "sec", "sect", "sen", "sr", "st", "tab", "univ", "v", "vol", "vs",
];

/// Lines at least this wide (Latin letters count one, Han two) are taken for wrapped, not for a list's rows.
const WRAPPED_WIDTH: usize = 50;

/// The sentences of `text`: ascending, disjoint spans without white space at their ends, which cover all of it that is
/// not white space.
///
/// A sentence ends at `。！？` and at `.!?…` before white space, closing quotes and brackets included; not at the stop of an
/// abbreviation, an initial, a number or an enumeration. An empty line ends one too, and so does a line's end where the
/// line is no part of a wrapped paragraph.
pub fn sentences(text: &str) -> Vec<Span> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let next = at + c.len_utf8();
        let end = match c {
            '。' | '！' | '？' | '!' | '?' | '…' | '.' | '．' | '｡' => stop_end(text, at, next),
            '\n' => line_end(text, at),
            _ => None,
        };
        if let Some(end) = end {
            push_trimmed(text, start, end, &mut out);
            start = end;
        }
        at = end.unwrap_or(next);
    }
    push_trimmed(text, start, text.len(), &mut out);
    out
}

/// Cuts `sentence` into parts of at most `limit` characters, after the last comma or the like that fits, else at the last
/// white space, else anywhere between characters.
pub fn clauses(text: &str, sentence: Span, limit: usize) -> Vec<Span> {
    let mut out = Vec::new();
    let mut start = sentence.start;
    while start < sentence.end {
        let rest = &text[start..sentence.end];
        let Some((fits, _)) = rest.char_indices().nth(limit) else {
            push_trimmed(text, start, sentence.end, &mut out);
            break;
        };
        let window = &rest[..fits];
        let end = start + clause_end(window).unwrap_or(fits);
        push_trimmed(text, start, end, &mut out);
        start = end;
    }
    out
}

fn clause_end(window: &str) -> Option<usize> {
    let after = |found: Option<(usize, &str)>| found.map(|(at, mark)| at + mark.len()).filter(|end| *end > window.len() / 4);
    let mark = window.rmatch_indices(['；', '，', '：', ';', ',', ':', '—']).next();
    after(mark).or_else(|| after(window.rmatch_indices(char::is_whitespace).next()))
}

fn push_trimmed(text: &str, start: usize, end: usize, out: &mut Vec<Span>) {
    let part = &text[start..end];
    let trimmed = part.trim();
    if !trimmed.is_empty() {
        let from = start + (part.len() - part.trim_start().len());
        out.push(Span::new(from, from + trimmed.len()));
    }
}

/// Where the sentence ends whose possible last mark stands at `at..next`.
fn stop_end(text: &str, at: usize, next: usize) -> Option<usize> {
    let rest = &text[next..];
    let closers = rest.len() - rest.trim_start_matches(is_closing_or_stop).len();
    let end = next + closers;
    let full_width = matches!(text[at..next].chars().next(), Some('。' | '！' | '？' | '｡'));
    if full_width || text[next..end].contains(['。', '！', '？']) {
        return Some(end);
    }
    let follower = text[end..].chars().next();
    let free = follower.is_none_or(|c| c.is_whitespace() || is_cjk(c));
    if !free {
        return None;
    }
    let said = closers > 0 && text[end..].trim_start().starts_with(char::is_lowercase);
    if said {
        // “Why?” she asked.
        return None;
    }
    let is_stop = text[at..].starts_with(['.', '．']);
    (!is_stop || !continues(text, at, end)).then_some(end)
}

fn is_closing_or_stop(c: char) -> bool {
    matches!(c, '”' | '’' | '"' | '\'' | ')' | ']' | '}' | '»' | '」' | '』' | '）' | '】' | '》' | '〉' | '〕')
        || matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？')
}

/// Whether the full stop at `at` belongs to a word, so that the sentence goes on after `end`.
fn continues(text: &str, at: usize, end: usize) -> bool {
    let after = text[end..].trim_start();
    if after.starts_with(char::is_lowercase) {
        return true;
    }
    let line = &text[text[..at].rfind('\n').map_or(0, |n| n + 1)..at];
    let word = line.rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | '[' | '“' | '"' | '（')).next().unwrap_or_default();
    let enumerates = word.len() == line.trim_start().len()
        && !word.is_empty()
        && word.chars().all(|c| c.is_ascii_digit() || c == '.')
        && !text[end..].starts_with('\n');
    let initial = word.chars().count() == 1 && word.chars().all(|c| c.is_uppercase() && c.is_ascii());
    enumerates || initial || ABBREVIATIONS.contains(&word.to_lowercase().as_str())
}

/// Where the sentence ends when its line ends at `at`, if it does there.
fn line_end(text: &str, at: usize) -> Option<usize> {
    let rest = &text[at..];
    let gap = rest.len() - rest.trim_start().len();
    let empty_line = rest[..gap].matches('\n').count() > 1;
    if empty_line || gap == rest.len() {
        return Some(at + gap);
    }
    let before = &text[text[..at].rfind('\n').map_or(0, |n| n + 1)..at];
    let next = rest[gap..].chars().next()?;
    let wrapped = next.is_lowercase() || (width(before) >= WRAPPED_WIDTH && !is_bullet(&rest[gap..]));
    (!wrapped).then_some(at + gap)
}

fn width(line: &str) -> usize {
    line.chars().map(|c| if is_cjk(c) { 2 } else { 1 }).sum()
}

fn is_bullet(line: &str) -> bool {
    let mut chars = line.chars();
    matches!(chars.next(), Some('-' | '*' | '•' | '‣' | '·' | '–' | '+')) && chars.next().is_some_and(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        sentences(text).iter().map(|s| &text[s.range()]).collect()
    }

    #[test]
    fn english() {
        let text = "Dr. Smith paid 3.14 dollars (approx. half). He left! \"Why?\" she asked. See Fig. 3 and e.g. J. Doe et al. 2020. Done";
        assert_eq!(
            cut(text),
            [
                "Dr. Smith paid 3.14 dollars (approx. half).",
                "He left!",
                "\"Why?\" she asked.",
                "See Fig. 3 and e.g. J. Doe et al. 2020.",
                "Done"
            ]
        );
    }

    #[test]
    fn chinese() {
        let text = "他说：“好的。”然后走了！真的吗？版本是v2.5.1。最后一句没有标点";
        assert_eq!(cut(text), ["他说：“好的。”", "然后走了！", "真的吗？", "版本是v2.5.1。", "最后一句没有标点"]);
    }

    #[test]
    fn enumerations_and_lines() {
        assert_eq!(cut("1. First thing.\n2. Second thing.\n\nA title\n\nBody text."), [
            "1. First thing.",
            "2. Second thing.",
            "A title",
            "Body text."
        ]);
        let wrapped = "This line of a plain text file is wrapped at about seventy letters\nAnd goes on here.";
        assert_eq!(cut(wrapped).len(), 1);
        assert_eq!(cut("Apples\nPears\n- plums").len(), 3);
    }

    #[test]
    fn long_sentences_are_cut_at_commas() {
        let text = "一二三四五，六七八九十，甲乙丙丁";
        let all = Span::new(0, text.len());
        let parts: Vec<&str> = clauses(text, all, 12).iter().map(|s| &text[s.range()]).collect();
        assert_eq!(parts, ["一二三四五，六七八九十，", "甲乙丙丁"]);
    }

    proptest! {
        #[test]
        fn cover_all_but_white_space(text in "[a-zA-Z0-9.!?。！？，\u{201d}\u{4e00}-\u{4e10} \n]{0,80}", limit in 1usize..20) {
            for spans in [sentences(&text), clauses(&text, Span::new(0, text.len()), limit)] {
                let mut free = 0;
                for span in &spans {
                    prop_assert!(span.start >= free && span.start < span.end);
                    prop_assert!(text[free..span.start].trim().is_empty());
                    free = span.end;
                }
                prop_assert!(text[free..].trim().is_empty());
            }
        }
    }
}
