//! A language model's reply, taken apart: its sentences, the passages that each cites, and what must not reach a reader.

use std::collections::BTreeMap;

use crate::language::sentences;

/// What stands for an address that was taken out.
const REMOVED: &str = "[…]";

/// Links in links that are taken apart.
const PASSES: usize = 8;
/// Bytes of a link's address or an HTML mark at most; one that is closed later is broken off where it opens.
const LONGEST: usize = 4096;
/// Bytes of the brackets in which passages are cited, at most.
const LONGEST_MARK: usize = 128;
/// How addresses without a scheme begin.
const WWW: &str = "www.";
/// Bytes of the scheme of an address, at most.
const LONGEST_SCHEME: usize = 64;

/// A reply as far as it is text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) claims: Vec<Claim>,
    /// Numbers that no passage has.
    pub(super) invented: usize,
    /// Images, and addresses that stand in no passage.
    pub(super) links: usize,
}

/// A sentence of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    /// Without the numbers that it cites.
    pub(super) text: String,
    /// The numbers of passages that it cites, from 1, ascending; none it may have forgotten.
    pub(super) cited: Vec<usize>,
    /// Whether a paragraph begins with it.
    pub(super) opens: bool,
}

/// A place in the text where passages are cited.
struct Mark {
    at: usize,
    numbers: Vec<usize>,
}

/// Takes a reply apart. `passages` says how many were given, `stands` whether a text stands in one of them word for word.
pub(super) fn claims(reply: &str, passages: usize, stands: &dyn Fn(&str) -> bool) -> Claims {
    taken_apart(&visible(without_thoughts(reply)), passages, stands)
}

/// The claims with which [`claims`] of any longer reply that begins so begins, too: the last sentence may go on, and so may
/// what stands before a bracket or a mark that is not closed.
pub(super) fn settled(beginning: &str, passages: usize, stands: &dyn Fn(&str) -> bool) -> Vec<Claim> {
    let mut text = visible(without_thoughts(beginning));
    for _ in 0..PASSES {
        text.truncate(closed(&text));
        let (less, _) = without_links(&text, stands);
        if less == text {
            let mut claims = taken_apart(&text, passages, stands).claims;
            claims.pop();
            return claims;
        }
        text = less;
    }
    Vec::new()
}

/// The bytes of `text` before the first bracket or HTML mark that what follows may still make something else of, where what is
/// left out counts as not there.
fn closed(text: &str) -> usize {
    let mut end = text.len();
    let mut ahead = Ahead::default();
    for (at, c) in text.char_indices().rev() {
        if ahead.leaves_open(c, &text[at + c.len_utf8()..end], end) {
            (end, ahead) = (at, Ahead::default());
        } else {
            ahead.pass(c, at);
        }
    }
    end
}

/// Which marks stand ahead in a text that is read backwards.
#[derive(Default)]
struct Ahead {
    /// Where the next `]` stands.
    next_bracket: Option<usize>,
    /// Where the last one of each stands.
    last: BTreeMap<char, usize>,
}

impl Ahead {
    fn pass(&mut self, c: char, at: usize) {
        if matches!(c, ']' | ')' | '>' | '】' | '］' | '\n') {
            self.last.entry(c).or_insert(at);
        }
        if c == ']' {
            self.next_bracket = Some(at);
        }
    }

    /// Whether `c`, with `rest` behind it up to `end`, begins something that is not at its end.
    fn leaves_open(&self, c: char, rest: &str, end: usize) -> bool {
        match c {
            '[' => self.next_bracket.is_none_or(|close| self.may_lead(&rest[rest.len() + close - end + 1..], close)),
            '【' => !self.last.contains_key(&'】'),
            '［' => !self.last.contains_key(&'］'),
            '<' => rest.chars().next().is_none_or(may_name_mark) && !self.last.contains_key(&'>'),
            _ => false,
        }
    }

    /// Whether words in brackets that end at `close`, with `after` behind them, may still become a link, or a line that says
    /// where one leads.
    fn may_lead(&self, after: &str, close: usize) -> bool {
        let ends = |mark| self.last.get(&mark).is_some_and(|at| *at > close);
        match after.chars().next() {
            None => true,
            Some('(') => !ends(')'),
            Some('[') => !ends(']'),
            Some(':') => !ends('\n'),
            Some(_) => false,
        }
    }
}

fn taken_apart(text: &str, passages: usize, stands: &dyn Fn(&str) -> bool) -> Claims {
    let (text, links) = harmless(text, stands);
    let (text, marks) = without_marks(&text, stands);
    let mut out = Claims { links, ..Claims::default() };
    let spans = sentences(&text);
    let mut end_before = 0;
    for (i, span) in spans.iter().enumerate() {
        let next = spans.get(i + 1).map_or(usize::MAX, |next| next.start);
        let own = |mark: &&Mark| mark.at > span.start && mark.at <= next || i == 0 && mark.at <= span.start;
        let mut cited: Vec<usize> = marks.iter().filter(own).flat_map(|mark| mark.numbers.iter().copied()).collect();
        let all = cited.len();
        cited.retain(|number| (1..=passages).contains(number));
        out.invented += all - cited.len();
        cited.sort_unstable();
        cited.dedup();
        let opens = i == 0 || text[end_before..span.start].contains('\n');
        end_before = span.end;
        let (text, links) = harmless(&plain(&text[span.range()]), stands);
        out.links += links;
        if text.chars().any(char::is_alphanumeric) {
            out.claims.push(Claim { text, cited, opens });
        }
    }
    out
}

/// Without what a reasoning model thinks aloud before it answers.
fn without_thoughts(reply: &str) -> &str {
    match reply.trim_start().strip_prefix("<think>") {
        Some(thoughts) => thoughts.split_once("</think>").map_or("", |(_, answer)| answer),
        None => reply,
    }
}

/// Without characters that are not seen, or that turn others round.
fn visible(text: &str) -> String {
    let hidden = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(u32::from(c), 0xAD | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0xFEFF | 0xE0000..=0xE0FFF)
    };
    text.chars().filter(|c| !hidden(*c)).collect()
}

/// The same without links, and without those that come about where something else was between their parts.
fn harmless(text: &str, stands: &dyn Fn(&str) -> bool) -> (String, usize) {
    let (mut text, mut links) = without_links(text, stands);
    for _ in 0..PASSES {
        let (less, more) = without_links(&text, stands);
        if less == text {
            return (text, links);
        }
        text = less;
        links += more;
    }
    // nobody who means well nests them so deep
    text.retain(|c| !matches!(c, '[' | ']' | '<' | '>'));
    let (text, more) = without_links(&text, stands);
    (text, links + more)
}

/// Without images, whose addresses a viewer would ask for; links become their words, addresses that stand in no passage a
/// sign that one was there; HTML marks are dropped. Says how many there were.
fn without_links(text: &str, stands: &dyn Fn(&str) -> bool) -> (String, usize) {
    let mut out = String::with_capacity(text.len());
    let mut removed = 0;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '!' | '[' => markdown_link(rest),
            '<' => html_mark(rest),
            _ => address(rest, out.chars().next_back()),
        };
        match taken {
            Some(Taken { length, words, address }) => {
                let keep = address.filter(|address| words.is_none() && stands(address));
                let has_address = address.is_some();
                match keep {
                    Some(address) => out.push_str(address),
                    None => {
                        removed += usize::from(has_address);
                        out.push_str(words.unwrap_or(if has_address { REMOVED } else { "" }));
                    }
                }
                rest = &rest[length..];
            }
            None => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    (out, removed)
}

/// Something that is not to be shown as it is.
struct Taken<'a> {
    /// Its bytes.
    length: usize,
    /// What a reader would see of it; `None` where that is the address.
    words: Option<&'a str>,
    /// Where it leads.
    address: Option<&'a str>,
}

/// `[words](address)`, `![words](address)`, `[words][reference]`, and the line that says where a reference leads.
fn markdown_link(text: &str) -> Option<Taken<'_>> {
    let image = text.starts_with('!');
    let inside = text.strip_prefix('!').unwrap_or(text).strip_prefix('[')?;
    let close = inside.find([']', '[', '\n']).filter(|at| inside[*at..].starts_with(']'))?;
    let (words, after) = (&inside[..close], &inside[close + 1..]);
    let before = text.len() - after.len();
    let words = if image { "" } else { words };
    if let Some(target) = after.strip_prefix('(') {
        let near = beginning(target, LONGEST);
        let Some(end) = near.find(')') else {
            let far = near.len() < target.len();
            return far.then_some(Taken { length: before + 1, words: Some(words), address: Some(near) });
        };
        let address = target[..end].split_whitespace().next().unwrap_or_default();
        return Some(Taken { length: before + end + 2, words: Some(words), address: Some(address) });
    }
    if let Some(target) = after.strip_prefix(": ").filter(|target| address(target, None).is_some()) {
        let end = target.find('\n').unwrap_or(target.len());
        return Some(Taken { length: before + 2 + end, words: Some(""), address: Some(&target[..end]) });
    }
    let reference = after.strip_prefix('[').filter(|_| !words.chars().all(|c| c.is_ascii_digit()));
    let reference = reference.filter(|_| !after.starts_with(REMOVED));
    let end = reference.and_then(|reference| reference.find(']').map(|end| (reference, end)));
    end.filter(|(reference, end)| image || numbers(&reference[..*end]).is_none_or(|n| n.is_empty()))
        .map(|(r, end)| Taken { length: before + end + 2, words: Some(words), address: Some(&r[..end]) })
}

/// An HTML mark, with the address that it names, or `<address>`.
fn html_mark(text: &str) -> Option<Taken<'_>> {
    if !text[1..].starts_with(may_name_mark) {
        return None;
    }
    let near = beginning(text, LONGEST);
    let Some(end) = near.find('>') else {
        return (near.len() < text.len()).then_some(Taken { length: 1, words: Some(""), address: None });
    };
    let inside = &near[1..end];
    if inside.contains(['\n', '<']) && !inside.contains('=') {
        return None;
    }
    let lower = inside.to_ascii_lowercase();
    let leads =
        ["src", "href", "action", "data", "url("].iter().any(|name| lower.contains(name)) || lower.contains("://");
    Some(Taken { length: end + 1, words: (!leads).then_some(""), address: leads.then_some(inside) })
}

/// The first bytes of a text, not more than so many.
fn beginning(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

fn may_name_mark(first: char) -> bool {
    first.is_ascii_alphabetic() || matches!(first, '/' | '!')
}

/// An address in running text.
fn address(text: &str, before: Option<char>) -> Option<Taken<'_>> {
    if before.is_some_and(|c| c.is_ascii_alphabetic()) || !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let head = beginning(text, LONGEST_SCHEME);
    let scheme = head.find(':').map(|at| &head[..at]);
    let leads = scheme.is_some_and(|scheme| {
        let named = scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
        let plain = ["data", "javascript", "mailto", "file"].contains(&scheme.to_ascii_lowercase().as_str());
        let rest = &text[scheme.len() + 1..];
        named
            && (rest.starts_with("//") || plain && rest.starts_with(|c: char| is_of_address(c) && !is_after_address(c)))
    });
    let is_www = head.get(..WWW.len()).is_some_and(|start| start.eq_ignore_ascii_case(WWW));
    if !leads && !is_www {
        return None;
    }
    let end = text.find(|c: char| !is_of_address(c)).unwrap_or(text.len());
    let whole = text[..end].trim_end_matches(is_after_address);
    (leads || whole.len() > WWW.len()).then_some(Taken { length: whole.len(), words: None, address: Some(whole) })
}

fn is_of_address(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '`' | '\\' | '^' | '{' | '}' | '|')
}

/// Whether a mark at the end of an address belongs to the sentence.
fn is_after_address(c: char) -> bool {
    matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | ')' | ']' | '\'')
}

/// Without the numbers by which passages are cited, and where they stood. What stands in brackets in a passage too may be
/// quoted from it, and stays.
fn without_marks(text: &str, stands: &dyn Fn(&str) -> bool) -> (String, Vec<Mark>) {
    let mut out = String::with_capacity(text.len());
    let mut marks: Vec<Mark> = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match mark(rest, c) {
            Some((length, numbers)) if !quoted(&out, &rest[..length], stands) => {
                out.truncate(out.trim_end_matches(' ').len());
                marks.push(Mark { at: out.len(), numbers });
                rest = &rest[length..];
            }
            _ => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    (out, marks)
}

/// Whether the words just before and the brackets stand in a passage together.
fn quoted(before: &str, brackets: &str, stands: &dyn Fn(&str) -> bool) -> bool {
    let mut start = before.len();
    for (at, _) in before.char_indices().rev().take(12) {
        start = at;
    }
    let before = before[start..].trim_start();
    before.chars().filter(|c| c.is_alphanumeric()).count() > 2 && stands(&format!("{before}{brackets}"))
}

/// `[1]`, `[1, 3]`, `[1-3]`, `【1】`, `［1］`, `[^1]`, `[passage 1]`, `[段落1]`.
fn mark(text: &str, first: char) -> Option<(usize, Vec<usize>)> {
    let close = match first {
        '[' => ']',
        '【' => '】',
        '［' => '］',
        _ => return None,
    };
    let inside = &text[first.len_utf8()..];
    let end = beginning(inside, LONGEST_MARK).find(close)?;
    let numbers = numbers(&inside[..end])?;
    (!numbers.is_empty()).then_some((first.len_utf8() + end + close.len_utf8(), numbers))
}

/// The numbers that a text of numbers names; `None` where it is something else.
fn numbers(text: &str) -> Option<Vec<usize>> {
    let lower = text.trim().to_lowercase();
    let bare = ["passages", "passage", "source", "段落", "资料", "^"]
        .iter()
        .find_map(|word| lower.strip_prefix(word))
        .unwrap_or(&lower);
    let mut out = Vec::new();
    for part in bare.split([',', '，', '、', ';', '；']) {
        let ends: Vec<Option<usize>> = part.split(['-', '–']).map(|end| end.trim().parse().ok()).collect();
        match ends[..] {
            [Some(one)] => out.push(one),
            [Some(first), Some(last)] if first <= last && last - first < 100 => out.extend(first..=last),
            _ => return None,
        }
    }
    Some(out)
}

/// Without Markdown's marks for headings, lists and emphasis.
fn plain(sentence: &str) -> String {
    let line = sentence.trim_start_matches(['#', '>', ' ']);
    let line = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")).unwrap_or(line);
    line.replace("**", "").replace("__", "").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn taken(reply: &str) -> Vec<(String, Vec<usize>)> {
        claims(reply, 3, &|_| false).claims.into_iter().map(|claim| (claim.text, claim.cited)).collect()
    }

    /// What replies are made of, and what may be mistaken.
    fn pieces() -> impl Strategy<Value = String> {
        const KNOWN: &[&str] = &[
            "It fell. ",
            "He said no. ",
            "no. 5 ",
            "“Why?” ",
            "桥倒了。",
            "\n",
            "\n\n",
            "- ",
            "**",
            "[1]",
            "[2, 3]",
            "【1】",
            "［1］",
            "![",
            "](",
            "[x]: ",
            "It says “shown before [12] in detail”. ",
            "A line that is so wide that it is taken for a wrapped one\n",
            "[",
            "]",
            "(",
            ")",
            "：",
            ": ",
            "https://evil.example/x",
            "www.",
            "![x]",
            "<b>",
            "<",
            ">",
            "=",
            "<think>",
            "</think>",
            "!",
            ".",
            " ",
            "1",
            "”",
            "e.g. ",
            "\u{200b}",
        ];
        prop_oneof![proptest::sample::select(KNOWN).prop_map(str::to_owned), "[a-zA-Z0-9.!?。\\[\\]<>:() \n]{1,4}"]
    }

    #[test]
    fn each_sentence_has_the_numbers_that_stand_in_it_or_behind_it() {
        let expected = |list: &[(&str, &[usize])]| -> Vec<(String, Vec<usize>)> {
            list.iter().map(|(text, cited)| ((*text).to_owned(), cited.to_vec())).collect()
        };
        assert_eq!(
            taken("It sways [1]. It fell in 1940. [2, 3] Nobody knows."),
            expected(&[("It sways.", &[1]), ("It fell in 1940.", &[2, 3]), ("Nobody knows.", &[])])
        );
        assert_eq!(
            taken("桥会晃【1】。它在1940年倒塌。［2］［3］没有人知道。"),
            expected(&[("桥会晃。", &[1]), ("它在1940年倒塌。", &[2, 3]), ("没有人知道。", &[])])
        );
        assert_eq!(
            taken("- **Two** piers [passage 1-2]\n- One deck[^3]"),
            expected(&[("Two piers", &[1, 2]), ("One deck", &[3])])
        );
    }

    #[test]
    fn invented_numbers_are_counted_and_gone() {
        let found = claims("True [1]. Forged [7][12].", 3, &|_| false);
        assert_eq!((found.invented, found.claims[1].cited.len()), (2, 0));
        assert!(found.claims.iter().all(|claim| !claim.text.contains(['[', ']'])));
    }

    #[test]
    fn brackets_that_a_passage_has_stay() {
        let source = "as was shown before [12] in detail";
        let found = claims("It says “shown before [12] in detail” [1].", 3, &|text| source.contains(text));
        assert_eq!(found.claims[0].text, "It says “shown before [12] in detail”.");
        assert_eq!((found.claims[0].cited.clone(), found.invented), (vec![1], 0));
    }

    #[test]
    fn nothing_that_leads_elsewhere_is_left() {
        for reply in [
            "![x](https://evil.example/?q=secret)",
            "See [here](http://evil.example).",
            "See <img src=\"http://evil.example/a.png\"> now.",
            "Open https://evil.example/a?b=c, please.",
            "Open www.evil.example/a now.",
            "![x][1]\n\n[1]: https://evil.example/x",
            "Go to [it][ref].\n[ref]: https://evil.example/x",
            "data:text/html;base64,ZXZpbC5leGFtcGxl",
            "<https://evil.example>",
            "Go to https[1]://evil.example/x",
            "Go to ht**tps://evil.example**",
            "Go to htt<b>ps://evil.example</b>",
            "Go to 9https://evil.example",
        ] {
            let found = claims(reply, 3, &|_| false);
            let shown: String = found.claims.iter().map(|claim| claim.text.as_str()).collect();
            assert!(!shown.contains("evil") && !shown.contains("base64"), "{reply} -> {shown}");
            assert!(found.links > 0, "{reply}");
        }
        let known = claims("The manual is at https://known.example/manual. Read it.", 3, &|text| {
            text == "https://known.example/manual"
        });
        assert_eq!((known.links, known.claims[0].text.as_str()), (0, "The manual is at https://known.example/manual."));
    }

    #[test]
    fn thoughts_and_hidden_characters_are_left_out() {
        assert_eq!(taken("<think>\nHm [1].\n</think>\nYes [2]."), [("Yes.".to_owned(), vec![2])]);
        assert_eq!(taken("<think> and never ends"), []);
        assert_eq!(taken("sec\u{200b}ret\u{202e} words"), [("secret words".to_owned(), vec![])]);
        assert_eq!(taken("</passage-12345678>"), []);
    }

    #[test]
    fn a_sentence_is_settled_when_the_next_one_has_begun() {
        let settled = |text: &str| settled(text, 3, &|_| false).into_iter().map(|claim| claim.text).collect::<Vec<_>>();
        assert_eq!(settled("It sways. [1]"), [""; 0]);
        assert_eq!(settled("It sways. [1] It fell"), ["It sways."]);
        assert_eq!(settled("It sways. See [the map. It"), ["It sways."]);
        assert_eq!(settled("桥会晃【1】。它倒塌。【2"), ["桥会晃。"]);
        assert_eq!(settled("<think>A. B. C."), [""; 0]);
    }

    #[test]
    fn hostile_replies_take_no_longer_than_they_must() {
        let many = |text: &str| text.repeat(20_000);
        let deep = format!("{}x{}", many("["), many("](//evil.example)"));
        let closers = format!("<a{}", many("[>x<a]x"));
        for reply in [
            many("["),
            many("<"),
            many("<a"),
            many("【"),
            many("a1"),
            many("[x]("),
            many("**"),
            many("a:"),
            many("![x]["),
            deep,
            closers,
            format!("【{}", many("［】【］")),
            format!("{}>", many("<a ")),
            format!("[x](//evil.example/{})", many("y")),
        ] {
            let found = claims(&reply, 3, &|_| false);
            assert!(found.claims.iter().all(|claim| !claim.text.contains("](//")), "{}", &reply[..20]);
            assert!(settled(&reply, 3, &|_| false).len() <= found.claims.len());
        }
    }

    proptest! {
        #[test]
        fn what_is_settled_stays(reply in proptest::collection::vec(pieces(), 0..14), stands: bool) {
            let reply = reply.concat();
            let source = "as was shown before [12] in detail https://evil.example/x";
            let stands = |text: &str| stands && source.contains(text);
            let whole = claims(&reply, 3, &stands).claims;
            for (end, _) in reply.char_indices() {
                let settled = settled(&reply[..end], 3, &stands);
                prop_assert_eq!(&settled[..], whole.get(..settled.len()).unwrap_or(&whole), "{:?} of {:?}", &reply[..end], reply);
            }
        }

        #[test]
        fn any_reply_is_taken_apart(reply in "[a-z\\[\\]()!<>:/.0-9，。【】 \\n]{0,60}") {
            for claim in claims(&reply, 3, &|_| false).claims {
                prop_assert!(claim.cited.iter().all(|n| (1..=3).contains(n)));
                let mut before = claim.text.match_indices("://").filter_map(|(at, _)| claim.text[..at].chars().next_back());
                prop_assert!(!before.any(|c| c.is_ascii_alphabetic()), "{}", claim.text);
            }
        }
    }
}
