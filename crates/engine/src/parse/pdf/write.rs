//! Blocks into the final text, with the place of every line in it.

use std::collections::HashSet;

use super::blocks::{Block, Glue, Kind};
use super::page::Line;
use super::script::joins_without_space;
use crate::types::{Anchor, Place, Section, Span};

/// A hyphen that shows only where a line ends.
const SOFT_HYPHEN: char = '\u{AD}';

/// The text of a document and what is known of its parts.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) text: String,
    pub(super) sections: Vec<Section>,
    pub(super) furniture: Vec<Span>,
    pub(super) anchors: Vec<Anchor>,
}

/// Writes `blocks` one after the other, an empty line between them.
pub(super) fn write(blocks: &[Block]) -> Written {
    let mut written = Written::default();
    let compounds = compounds(blocks);
    for block in blocks {
        written.block(block, &compounds);
    }
    written
}

impl Written {
    fn block(&mut self, block: &Block, compounds: &HashSet<String>) {
        let mut start = None;
        for (glue, line) in &block.lines {
            match start {
                None => {
                    self.text.push_str(if self.text.is_empty() { "" } else { "\n\n" });
                    start = Some(self.text.len());
                }
                Some(_) if *glue == Glue::Break => self.text.push('\n'),
                Some(_) => self.join(&line.text, compounds),
            }
            self.line(line);
        }
        let Some(start) = start.filter(|s| *s < self.text.len()) else { return };
        let span = Span::new(start, self.text.len());
        match block.kind {
            Kind::Heading(level) => self.sections.push(Section { level, heading: span }),
            Kind::Furniture => self.furniture.push(span),
            Kind::Text => {}
        }
    }

    fn line(&mut self, line: &Line) {
        let start = self.text.len();
        self.text.extend(line.text.trim_end_matches(SOFT_HYPHEN).chars().filter(|c| *c != SOFT_HYPHEN));
        if line.text.ends_with(SOFT_HYPHEN) {
            self.text.push(SOFT_HYPHEN);
        }
        let place = Place::Box { page: line.page, rect: line.rect };
        self.anchors.push(Anchor { span: Span::new(start, self.text.len()), place });
    }

    /// Prepares the end of the text for `next`, the next line of the same sentence.
    fn join(&mut self, next: &str, compounds: &HashSet<String>) {
        match junction(&self.text, next, compounds) {
            Junction::Tight => {}
            Junction::Space => self.text.push(' '),
            Junction::Rejoin => self.drop_last(),
        }
    }

    fn drop_last(&mut self) {
        self.text.pop();
        let end = self.text.len();
        match self.anchors.last_mut() {
            Some(anchor) if anchor.span.start < end => anchor.span.end = end,
            // the line was nothing but the hyphen
            _ => drop(self.anchors.pop()),
        }
    }
}

/// What happens where two lines of a sentence meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Junction {
    Space,
    /// Nothing stands between them.
    Tight,
    /// The hyphen at the end of the first one goes.
    Rejoin,
}

fn junction(before: &str, next: &str, compounds: &HashSet<String>) -> Junction {
    let (Some(last), Some(first)) = (before.chars().next_back(), next.chars().next()) else { return Junction::Tight };
    match last {
        SOFT_HYPHEN => Junction::Rejoin,
        '-' | '\u{2010}' => hyphen(before, next, compounds),
        '\u{2011}' => Junction::Tight,
        _ if joins_without_space(last, first) => Junction::Tight,
        _ => Junction::Space,
    }
}

/// A hyphen at a line's end: of a broken word, of a compound, or of one that shares its second half ("Ein- und Ausgang").
fn hyphen(before: &str, next: &str, compounds: &HashSet<String>) -> Junction {
    let head = last_word(before.trim_end_matches(['-', '\u{2010}']));
    let tail = first_word(next);
    let (Some(last), Some(first)) = (head.chars().next_back(), tail.chars().next()) else { return Junction::Space };
    let shares = matches!(tail, "und" | "oder" | "bzw" | "and" | "or" | "sowie");
    let chained = next[tail.len()..].starts_with(['-', '\u{2010}']);
    if chained {
        return Junction::Tight;
    }
    if shares && !last.is_numeric() {
        return Junction::Space;
    }
    if !last.is_alphabetic() || !first.is_lowercase() {
        return if last.is_alphanumeric() && first.is_alphanumeric() { Junction::Tight } else { Junction::Space };
    }
    let compound = format!("{head}-{tail}").to_lowercase();
    if head.contains('-') || compounds.contains(&compound) { Junction::Tight } else { Junction::Rejoin }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '\u{2010}' | '\u{2011}' | '\'' | '’')
}

/// The word at the end of `text`, hyphens inside it included.
fn last_word(text: &str) -> &str {
    let start = text.char_indices().rev().find(|(_, c)| !is_word(*c)).map_or(0, |(at, c)| at + c.len_utf8());
    &text[start..]
}

/// The word at the start of `text`, up to a second hyphen.
fn first_word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’')).unwrap_or(text.len());
    &text[..end]
}

/// All pairs `a-b` that the document writes inside a line, lower case.
fn compounds(blocks: &[Block]) -> HashSet<String> {
    let mut compounds = HashSet::new();
    for (_, line) in blocks.iter().flat_map(|b| &b.lines) {
        for word in line.text.split(|c: char| !is_word(c)).filter(|w| w.contains(['-', '\u{2010}', '\u{2011}'])) {
            let parts: Vec<&str> = word.split(['-', '\u{2010}', '\u{2011}']).collect();
            let pairs = parts.windows(2).filter(|p| !p[0].is_empty() && !p[1].is_empty());
            compounds.extend(pairs.map(|p| format!("{}-{}", p[0], p[1]).to_lowercase()));
        }
    }
    compounds
}

#[cfg(test)]
mod tests {
    use super::super::testing::line;
    use super::*;

    fn joined(lines: &[&str]) -> String {
        let lines = lines.iter().map(|t| (Glue::Flow, line(t, (1, 0.0, 0.0)))).collect();
        let written = write(&[Block { kind: Kind::Text, lines }]);
        assert!(written.anchors.iter().all(|a| a.span.of(&written.text).is_some()));
        written.text
    }

    #[test]
    fn broken_words_are_whole_again() {
        assert_eq!(joined(&["a dic-", "tionary"]), "a dictionary");
        assert_eq!(joined(&["a dic\u{AD}", "tion\u{AD}ary"]), "a dictionary");
    }

    #[test]
    fn a_compound_keeps_its_hyphen_where_the_document_shows_it() {
        assert_eq!(joined(&["one-hot codes are one-", "hot"]), "one-hot codes are one-hot");
        assert_eq!(joined(&["a state-of-the-", "art encoder"]), "a state-of-the-art encoder");
        assert_eq!(joined(&["64 question-", "and-passage pairs"]), "64 question-and-passage pairs");
        assert_eq!(joined(&["COVID-", "19 and Jean-", "Paul"]), "COVID-19 and Jean-Paul");
    }

    #[test]
    fn a_shared_second_half_keeps_hyphen_and_space() {
        assert_eq!(joined(&["die Ein-", "und Ausgabe"]), "die Ein- und Ausgabe");
    }

    #[test]
    fn chinese_lines_meet_without_space() {
        assert_eq!(joined(&["我们用桥", "连接两岸，", "BERT 也", "是如此"]), "我们用桥连接两岸，BERT 也是如此");
    }

    #[test]
    fn anchors_hold_the_bytes_of_their_lines() {
        let lines = vec![(Glue::Flow, line("a dic-", (1, 0.0, 0.0))), (Glue::Flow, line("tionary", (2, 0.0, 0.0)))];
        let written = write(&[Block { kind: Kind::Text, lines }]);
        let parts: Vec<&str> = written.anchors.iter().map(|a| a.span.of(&written.text).unwrap()).collect();
        assert_eq!(parts, ["a dic", "tionary"]);
    }
}
