use std::ops::Range;

use super::is_cjk;
use crate::types::Span;

/// Words whose full stop does not end a sentence, lower case, without the stop.
const ABBREVIATIONS: [&str; 43] = [
    "al", "approx", "ca", "cf", "ch", "chap", "co", "corp", "dept", "dr", "e.g", "eq", "eqs", "est", "etc", "fig",
    "figs", "gen", "gov", "i.e", "inc", "jr", "ltd", "mr", "mrs", "ms", "op", "p", "pp", "prof", "ref", "refs", "resp",
    "sec", "sect", "sen", "sr", "st", "tab", "univ", "v", "vol", "vs",
];

/// Words whose full stop does not end a sentence where a number follows.
const BEFORE_NUMBERS: [&str; 3] = ["art", "no", "nos"];

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
    let (mut start, mut at) = (0, 0);
    let mut line = indented(text, 0);
    while let Some(c) = text[at..].chars().next() {
        let next = at + c.len_utf8();
        let (ends, end) = match c {
            '。' | '！' | '？' | '!' | '?' | '…' | '.' | '．' | '｡' => stop(text, line, at..next),
            '\n' => line_end(text, line, at),
            _ => (false, next),
        };
        if ends {
            push_trimmed(text, start, end, &mut out);
            start = end;
        }
        if c == '\n' {
            line = indented(text, end);
        }
        at = end;
    }
    push_trimmed(text, start, text.len(), &mut out);
    out
}

/// The first byte of a line that is not white space.
fn indented(text: &str, line: usize) -> usize {
    let rest = &text[line..];
    line + rest.len() - rest.trim_start_matches(|c: char| c.is_whitespace() && c != '\n').len()
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

/// Whether `sentence` says something by itself: it ends as sentences do, and has four words or eight characters of a
/// script without spaces. A figure's labels, an entry of a table of contents and a lone term are none.
pub fn is_whole(sentence: &str) -> bool {
    let last = sentence.trim_end_matches(is_closing_or_stop).len();
    let ending = &sentence[last..];
    let ends = ending.contains(['.', '!', '?', '。', '！', '？']) && !ending.ends_with('…');
    let cjk = sentence.chars().filter(|c| c.is_alphanumeric() && is_cjk(*c)).count();
    let words = sentence.split(|c: char| is_cjk(c) || !c.is_alphanumeric()).filter(|word| !word.is_empty()).count();
    ends && words + cjk / 2 >= 4
}

fn clause_end(window: &str) -> Option<usize> {
    let after =
        |found: Option<(usize, &str)>| found.map(|(at, mark)| at + mark.len()).filter(|end| *end > window.len() / 4);
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

/// Whether the sentence ends with the mark at `mark`, on a line whose words begin at `line`; and where to read on: after
/// all that closes with it.
fn stop(text: &str, line: usize, mark: Range<usize>) -> (bool, usize) {
    let rest = &text[mark.end..];
    let closers = rest.len() - rest.trim_start_matches(is_closing_or_stop).len();
    let end = mark.end + closers;
    let full_width = matches!(text[mark.clone()].chars().next(), Some('。' | '！' | '？' | '｡'));
    if full_width || text[mark.end..end].contains(['。', '！', '？']) {
        return (true, end);
    }
    let follower = text[end..].chars().next();
    let free = follower.is_none_or(|c| c.is_whitespace() || is_cjk(c));
    // “Why?” she asked.
    let goes_on = closers > 0 && text[end..].trim_start().starts_with(char::is_lowercase);
    let is_full_stop = text[mark.start..].starts_with(['.', '．']);
    let of_a_word = || is_full_stop && continues(&text[line.min(mark.start)..mark.start], &text[end..]);
    (free && !goes_on && !of_a_word(), end)
}

fn is_closing_or_stop(c: char) -> bool {
    matches!(c, '”' | '’' | '"' | '\'' | ')' | ']' | '}' | '»' | '」' | '』' | '）' | '】' | '》' | '〉' | '〕')
        || matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？')
}

/// Whether a full stop between `line` and `after` belongs to a word, so that the sentence goes on.
fn continues(line: &str, after: &str) -> bool {
    let follower = after.trim_start();
    if follower.starts_with(char::is_lowercase) {
        return true;
    }
    let opens = |c: char| c.is_whitespace() || matches!(c, '(' | '[' | '“' | '"' | '（');
    let word = line.rsplit(opens).next().unwrap_or_default();
    let number = !word.is_empty() && word.chars().all(|c| c.is_ascii_digit() || c == '.');
    let enumerates = number && word.len() == line.len() && !after.starts_with('\n');
    let lower = word.to_lowercase();
    let counted = BEFORE_NUMBERS.contains(&lower.as_str()) && follower.starts_with(|c: char| c.is_ascii_digit());
    enumerates || counted || is_initials(word) || ABBREVIATIONS.contains(&lower.as_str())
}

/// `J`, `U.S`, `Ph.D`: capitals, each with a letter more at most.
fn is_initials(word: &str) -> bool {
    let initial = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_uppercase())
            && part.len() <= 2
            && part.chars().all(|c| c.is_ascii_alphabetic())
    };
    match word.contains('.') {
        true => word.split('.').all(initial),
        false => word.len() == 1 && initial(word),
    }
}

/// Whether a sentence ends with the line that ends at `at`, whose words begin at `line`; and where to read on.
fn line_end(text: &str, line: usize, at: usize) -> (bool, usize) {
    let rest = &text[at..];
    let gap = rest.len() - rest.trim_start().len();
    let empty_line = rest[..gap].matches('\n').count() > 1;
    let wide = || width(&text[line.min(at)..at]) >= WRAPPED_WIDTH && !is_bullet(&rest[gap..]);
    let wrapped = rest[gap..].starts_with(char::is_lowercase) || wide();
    (empty_line || gap == rest.len() || !wrapped, at + gap)
}

fn width(line: &str) -> usize {
    line.chars().map(|c| if is_cjk(c) { 2 } else { 1 }).sum()
}

fn is_bullet(line: &str) -> bool {
    let mut chars = line.chars();
    matches!(chars.next(), Some('-' | '*' | '•' | '‣' | '·' | '–' | '+'))
        && chars.next().is_some_and(char::is_whitespace)
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
    fn initials_and_numbers() {
        assert_eq!(
            cut("The U.S. Army met J.R.R. Tolkien, Ph.D. Smith said. See No. 5 here."),
            ["The U.S. Army met J.R.R. Tolkien, Ph.D. Smith said.", "See No. 5 here."]
        );
        assert_eq!(cut("It is modern art. It hangs there. He said no. We left.").len(), 4);
    }

    #[test]
    fn a_vast_line_of_stops_takes_no_longer_than_it_must() {
        let dots = format!("{}x {}", ".".repeat(300_000), "word. Word. ".repeat(30_000));
        assert!(sentences(&dots).len() >= 30_000);
    }

    #[test]
    fn chinese() {
        let text = "他说：“好的。”然后走了！真的吗？版本是v2.5.1。最后一句没有标点";
        assert_eq!(cut(text), ["他说：“好的。”", "然后走了！", "真的吗？", "版本是v2.5.1。", "最后一句没有标点"]);
    }

    #[test]
    fn enumerations_and_lines() {
        assert_eq!(
            cut("1. First thing.\n2. Second thing.\n\nA title\n\nBody text."),
            ["1. First thing.", "2. Second thing.", "A title", "Body text."]
        );
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

    #[test]
    fn whole_sentences_are_told_from_labels() {
        assert!(is_whole("One-hot codes do not scale.") && is_whole("“独热编码难以扩展。”"));
        for label in
            ["Embedding.", "文档 分块 向量 索引", "9.2 Long contexts and late interaction …", "Figure 3 A table"]
        {
            assert!(!is_whole(label), "{label}");
        }
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
