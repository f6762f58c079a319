use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser as Events, Tag, TagEnd};

use super::{decode, front_matter};
use crate::error::ParseError;
use crate::language::is_cjk;
use crate::seams::{Limits, Parser};
use crate::types::{Anchor, Content, Media, Metadata, Place, Section, Span};

/// Reads CommonMark with tables, footnotes, task lists and front matter, as the words a reader sees.
#[derive(Debug, Default)]
pub struct MarkdownParser;

impl Parser for MarkdownParser {
    fn accepts(&self, media: Media) -> bool {
        media == Media::Markdown
    }

    fn parse(&self, media: Media, bytes: &[u8], _limits: &Limits) -> Result<Content, ParseError> {
        let source = decode(bytes, media)?;
        // not ENABLE_YAML_STYLE_METADATA_BLOCKS: that takes what stands between two thematic breaks for metadata
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_STRIKETHROUGH;
        let (properties, body) = front_matter::split(&source).unwrap_or_default();
        let mut page = Page::new(&source, properties);
        for (event, range) in Events::new_ext(&source[body..], options).into_offset_iter() {
            page.event(event, body + range.start..body + range.end);
        }
        Ok(page.finish(media))
    }
}

/// The text so far.
struct Page<'a> {
    source: &'a str,
    line_starts: Vec<usize>,
    text: String,
    anchors: Vec<Anchor>,
    sections: Vec<Section>,
    /// Level of the open heading, and where its words begin once there are some.
    heading: Option<(u8, Option<usize>)>,
    lists: Vec<Option<u64>>,
    gap: &'static str,
    title: Option<String>,
    properties: Metadata,
}

impl<'a> Page<'a> {
    fn new(source: &'a str, mut properties: Metadata) -> Self {
        let line_starts = std::iter::once(0).chain(source.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let (text, anchors, sections, lists) = (String::new(), Vec::new(), Vec::new(), Vec::new());
        let (heading, gap) = (None, "");
        let title = properties.remove("title").and_then(|titles| titles.into_iter().next());
        Self { source, line_starts, text, anchors, sections, heading, lists, gap, title, properties }
    }

    fn event(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag),
            Event::Text(words) | Event::Code(words) | Event::InlineMath(words) | Event::DisplayMath(words) => {
                self.words(&words, range.start);
            }
            Event::SoftBreak => self.soft_break(range.end),
            Event::HardBreak => self.part("\n"),
            Event::TaskListMarker(done) => self.words(if done { "[x] " } else { "[ ] " }, range.start),
            Event::FootnoteReference(name) => self.words(&format!("[{name}]"), range.start),
            Event::Html(block) => self.html(&block, range.start),
            Event::InlineHtml(_) | Event::Rule => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: Range<usize>) {
        match tag {
            Tag::Heading { level, .. } => {
                self.part("\n\n");
                self.heading = Some((level as u8, None));
            }
            Tag::List(first) => {
                self.part(if self.lists.is_empty() { "\n\n" } else { "\n" });
                self.lists.push(first);
            }
            Tag::Item => self.item(range.start),
            Tag::TableRow | Tag::TableHead => self.part("\n"),
            Tag::TableCell if !self.text.ends_with('\n') && self.gap.is_empty() => self.part(" | "),
            Tag::Paragraph if !self.lists.is_empty() => {}
            Tag::Paragraph | Tag::CodeBlock(_) | Tag::Table(_) | Tag::FootnoteDefinition(_) => self.part("\n\n"),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => self.end_heading(),
            TagEnd::List(_) => {
                self.lists.pop();
                self.part(if self.lists.is_empty() { "\n\n" } else { "\n" });
            }
            TagEnd::Item => self.part("\n"),
            TagEnd::Paragraph if !self.lists.is_empty() => self.part("\n"),
            TagEnd::Paragraph | TagEnd::CodeBlock | TagEnd::Table => self.part("\n\n"),
            _ => {}
        }
    }

    fn end_heading(&mut self) {
        if let Some((level, Some(start))) = self.heading.take() {
            let heading = Span::new(start, self.text.len());
            self.title.get_or_insert_with(|| self.text[heading.range()].to_owned());
            self.sections.push(Section { level, heading });
        }
        self.part("\n\n");
    }

    /// A line of an HTML block: its words without the tags.
    fn html(&mut self, block: &str, at: usize) {
        let mut words = String::new();
        for (i, part) in block.split('<').enumerate() {
            let after = if i == 0 { part } else { part.split_once('>').map_or("", |(_, rest)| rest) };
            words.push_str(after);
        }
        let words = words.trim();
        if !words.is_empty() {
            self.part("\n\n");
            self.words(words, at);
            self.part("\n\n");
        }
    }

    fn item(&mut self, at: usize) {
        self.part("\n");
        let mark = match self.lists.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                format!("{}. ", *number - 1)
            }
            _ => "- ".to_owned(),
        };
        self.words(&mark, at);
    }

    /// A line's end inside a paragraph: a space, or nothing between characters of scripts without spaces.
    fn soft_break(&mut self, next: usize) {
        let after = self.source[next..].trim_start().chars().next();
        let joined = self.text.chars().next_back().is_some_and(is_cjk) && after.is_some_and(is_cjk);
        if !joined {
            self.part(" ");
        }
    }

    /// Asks for `gap` before the next words; an empty line is more than a line's end, and that more than a space.
    fn part(&mut self, gap: &'static str) {
        let rank = |gap: &str| ["", " ", " | ", "\n", "\n\n"].iter().position(|g| *g == gap);
        if rank(gap) > rank(self.gap) {
            self.gap = gap;
        }
    }

    fn words(&mut self, words: &str, at: usize) {
        let gap = std::mem::take(&mut self.gap);
        if words.is_empty() {
            return;
        }
        if !self.text.is_empty() {
            self.text.push_str(gap);
        }
        if let Some((_, start @ None)) = &mut self.heading {
            *start = Some(self.text.len());
        }
        let first = self.line_starts.partition_point(|start| *start <= at) as u32;
        for (line, part) in (first..).zip(words.split_inclusive('\n')) {
            let start = self.text.len();
            self.text.push_str(part);
            let span = Span::new(start, start + part.trim_end_matches('\n').len());
            self.anchor(span, line);
        }
    }

    fn anchor(&mut self, span: Span, line: u32) {
        let place = Place::Line { line };
        match self.anchors.last_mut() {
            Some(last) if last.place == place => last.span.end = span.end,
            _ if !span.is_empty() => self.anchors.push(Anchor { span, place }),
            _ => {}
        }
    }

    fn finish(self, media: Media) -> Content {
        let Self { text, sections, anchors, title, properties, .. } = self;
        let (language, pages, furniture, unread) = (None, None, Vec::new(), Vec::new());
        Content { media, title, language, pages, text, sections, furniture, anchors, unread, properties }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(source: &str) -> Content {
        let content = MarkdownParser.parse(Media::Markdown, source.as_bytes(), &Limits::default()).unwrap();
        content.check().unwrap();
        content
    }

    #[test]
    fn words_without_markup_headings_with_levels() {
        let content = parse(
            "# A *title*\n\nFirst **bold** line\nwraps, [link](x).\n\n## Sub\n\n- one\n- two\n\n| a | b |\n|---|---|\n| c | d |\n",
        );
        assert_eq!(content.text, "A title\n\nFirst bold line wraps, link.\n\nSub\n\n- one\n- two\n\na | b\nc | d");
        let headings: Vec<(u8, &str)> =
            content.sections.iter().map(|s| (s.level, &content.text[s.heading.range()])).collect();
        assert_eq!(headings, [(1, "A title"), (2, "Sub")]);
        assert_eq!(content.title.as_deref(), Some("A title"));
    }

    #[test]
    fn chinese_lines_join_without_space_and_keep_their_lines() {
        let content = parse("---\ntitle: \"桥\"\n---\n\n第一行\n第二行。\n\n```\nlet a;\nlet b;\n```\n");
        assert_eq!(content.text, "第一行第二行。\n\nlet a;\nlet b;\n");
        assert_eq!(content.title.as_deref(), Some("桥"));
        let lines: Vec<Place> = content.anchors.iter().map(|a| a.place).collect();
        assert_eq!(lines, [5, 6, 9, 10].map(|line| Place::Line { line }));
    }

    #[test]
    fn front_matter_leaves_the_text_and_lines_keep_their_numbers() {
        let content =
            parse("---\r\ntitle: 'Rules: a guide'\r\ntags: [桥, '#arch']\r\n\r\n...\r\n# Head\r\n\r\nBody.\r\n");
        assert_eq!(content.text, "Head\n\nBody.");
        assert_eq!(content.title.as_deref(), Some("Rules: a guide"));
        assert_eq!(content.properties, [("tags".to_owned(), vec!["桥".to_owned(), "arch".to_owned()])].into());
        let lines: Vec<Place> = content.anchors.iter().map(|a| a.place).collect();
        assert_eq!(lines, [6, 8].map(|line| Place::Line { line }));
    }

    #[test]
    fn text_between_thematic_breaks_is_text() {
        for (source, text) in [
            ("---\nSome prose.\n\n---\n\nMore.\n", "Some prose.\n\nMore."),
            ("---\nNote: a: b\n\n---\n", "Note: a: b"),
            ("---\n\nNote: this.\n\n---\n\nMore.\n", "Note: this.\n\nMore."),
            ("# Head\n\n---\nkey: value\n\n---\n\nMore.\n", "Head\n\nkey: value\n\nMore."),
            ("---\na: b\n---\nOne.\n\n---\n桥\n\n---\nTwo.\n", "One.\n\n桥\n\nTwo."),
            ("---\n---\nBody.\n", "Body."),
        ] {
            assert_eq!(parse(source).text, text, "{source}");
        }
    }

    #[test]
    fn headings_in_lists_and_quotes_and_words_in_html_are_kept() {
        let content = parse("> # Quoted\n\n - ## Listed\n\n<div>\n<b>Words</b> in a box\n</div>\n");
        let headings: Vec<&str> = content.sections.iter().map(|s| &content.text[s.heading.range()]).collect();
        assert_eq!(headings, ["Quoted", "Listed"]);
        assert!(content.text.contains("Words in a box"), "{}", content.text);
    }

    proptest! {
        #[test]
        fn any_text_keeps_the_rules(source in "[-#*>` |\\[\\]()!a-z桥0-9\n\t_~:<>&;.]{0,200}") {
            parse(&source);
        }
    }
}
