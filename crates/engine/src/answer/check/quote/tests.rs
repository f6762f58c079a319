use proptest::prelude::*;

use super::*;

fn found<'a>(quote: &str, source: &'a str) -> Vec<&'a str> {
    find_quote(quote, source).into_iter().map(|range| &source[range]).collect()
}

#[test]
fn quotations_between_marks() {
    for (text, expected) in [
        ("He said “it is very cold” and left.", &["it is very cold"][..]),
        ("He said \"it is very cold\" and \"so do I say\".", &["it is very cold", "so do I say"]),
        ("A “word” alone", &[]),
        ("Er sagte: „Es ist sehr kalt.“", &["Es ist sehr kalt."]),
        ("Il dit « il fait très froid ».", &["il fait très froid"]),
        ("他说：“今天很冷。”然后走了。", &["今天很冷。"]),
        ("他說：「今天很冷『非常冷』。」", &["今天很冷『非常冷』。"]),
        ("《红楼梦第一回》是书", &[]),
        ("He said ‘it’s a very cold day’ again.", &["it’s a very cold day"]),
        ("the dogs’ bones and the cats’ toys", &[]),
        ("It's the dog's bone, isn't it? The boys' too.", &[]),
        ("> It is very cold\n> today, he said.\n\nYes.", &["It is very cold\n> today, he said."]),
        ("“never closed and so on", &[]),
    ] {
        let spans = quotations(text);
        assert_eq!(spans.iter().map(|span| &text[span.range()]).collect::<Vec<_>>(), expected, "{text}");
    }
}

#[test]
fn quotations_found_in_sources() {
    for (quote, source, expected) in [
        ("an exam-\nple of it", "This is an example of it.", &["an example of it"][..]),
        ("an example of it", "This is an exam-\nple of it.", &["an exam-\nple of it"]),
        ("a well-known man", "a well-\nknown man", &["a well-\nknown man"]),
        ("an ex\u{AD}ample", "an example", &["an example"]),
        ("he said 'yes, I do'", "He said “yes,  I\ndo”.", &["He said “yes,  I\ndo"]),
        ("the first - the best", "the first—the best", &["the first—the best"]),
        ("ﬁve oﬃces", "five offices", &["five offices"]),
        ("five offices", "ﬁve oﬃces", &["ﬁve oﬃces"]),
        ("今天很冷，非常冷", "今天 很冷,\n非常冷。", &["今天 很冷,\n非常冷"]),
        ("ＡＢＣ１２３", "abc ABC123", &["ABC123"]),
        ("It was cold.", "and it was cold, too", &["it was cold"]),
        ("[T]he man … was old", "So the man, he said, was old.", &["the man", "was old"]),
        ("the man [...] was old", "the man, he said, was old.", &["the man", "was old"]),
        ("was old ... the man", "the man was old.", &[]),
        ("It Was Cold", "it was cold", &[]),
        ("cafe", "café", &[]),
        ("café", "cafe\u{301} noir", &["cafe\u{301}"]),
        ("art of war", "part of war, art of war", &["art of war"]),
        ("가", "각", &[]),
        ("...", "a...b", &[]),
        ("", "abc", &[]),
        ("abc", "", &[]),
    ] {
        assert_eq!(found(quote, source), expected, "{quote} in {source}");
    }
}

/// Pieces of text that fold to themselves or to something else.
fn source() -> impl Strategy<Value = Vec<&'static str>> {
    const PIECES: &[&str] = &[
        "word", "Word", "exam", "ple", " ", " ", "\n", "-", "—", "–", "“", "”", "'", "’", "ﬁ", "fi", "é", "e\u{301}",
        "今天", "很冷", "，", ",", ".", "...", "…", "[", "]", "(", "１２", "12", "½", "ガ", "ｶﾞ", "한", "😀", "\u{AD}",
        "\u{200B}", "İ", "ß", "a", "a", "aa",
    ];
    prop::collection::vec(prop::sample::select(PIECES), 1..40)
}

/// The same to a reader, in other characters.
fn disturbed(text: &str, choices: u64) -> String {
    let mut out = String::new();
    for (i, c) in text.chars().enumerate() {
        let other = choices.rotate_right(u32::try_from(i % 64).unwrap()) & 1 == 1;
        match c {
            ' ' if other => out.push_str("\u{3000} "),
            '“' | '”' if other => out.push('"'),
            '’' if other => out.push('\''),
            'ﬁ' if other => out.push_str("fi"),
            'é' if other => out.push_str("e\u{301}"),
            '，' if other => out.push(','),
            '１' if other => out.push('1'),
            'w' if other => out.push_str("w\u{AD}"),
            '今' if other => out.push_str("今 "),
            c => out.push(c),
        }
    }
    out
}

/// What a text is compared as, ends and white space off.
fn bare(text: &str) -> String {
    Folded::of(text).parts().concat().into_iter().collect()
}

proptest! {
    #[test]
    fn any_part_of_a_source_is_found_as_it_folds(pieces in source(), from in 0_usize..40, length in 1_usize..20, choices: u64) {
        let text = pieces.concat();
        let from = from.min(pieces.len() - 1);
        let part = pieces[from..(from + length).min(pieces.len())].concat();
        // a part that begins or ends inside a grapheme, or at a hyphen inside a word, is no part to a reader
        let start: usize = pieces[..from].iter().map(|piece| piece.len()).sum();
        let whole = [start, start + part.len()].iter().all(|at| {
            unicode_segmentation::UnicodeSegmentation::grapheme_indices(text.as_str(), true).any(|(i, _)| i == *at) || *at == text.len()
        });
        prop_assume!(whole && part.chars().any(char::is_alphanumeric));
        let quote = disturbed(&part, choices);
        let ranges = find_quote(&quote, &text);
        prop_assert!(!ranges.is_empty(), "{:?} in {:?}", quote, text);
        let back: String = ranges.iter().map(|range| bare(&text[range.clone()])).collect();
        prop_assert_eq!(back.to_lowercase(), bare(&quote).to_lowercase());
        prop_assert!(ranges.is_sorted_by(|one, two| one.end <= two.start));
    }

    #[test]
    fn what_does_not_stand_there_is_not_found(pieces in source(), quote in source()) {
        let (text, quote) = (pieces.concat(), quote.concat());
        let ranges = find_quote(&quote, &text);
        let parts = Folded::of(&quote).parts();
        let folded: String = text_of(&text);
        let has = |part: &Vec<char>| {
            let (first, rest) = part.split_first().unwrap();
            let tail: String = rest.iter().collect();
            [*first].into_iter().chain(first.to_lowercase()).chain(first.to_uppercase()).any(|first| folded.contains(&format!("{first}{tail}")))
        };
        if !ranges.is_empty() {
            prop_assert!(parts.iter().all(has));
            prop_assert_eq!(ranges.len(), parts.len());
        } else if parts.len() == 1 && parts[0].len() > 1 && parts[0].iter().all(|c| c.is_ascii()) && text.is_ascii() {
            prop_assert!(!has(&parts[0]));
        }
    }

    #[test]
    fn nothing_panics(quote in ".{0,20}", text in ".{0,40}") {
        for range in find_quote(&quote, &text) {
            prop_assert!(text.get(range).is_some());
        }
        for span in quotations(&text) {
            prop_assert!(text.get(span.range()).is_some());
        }
    }
}

/// The folded text, ellipses as such.
fn text_of(text: &str) -> String {
    Folded::of(text).chars().collect()
}
