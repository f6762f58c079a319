use super::decode;
use crate::error::ParseError;
use crate::seams::{Limits, Parser};
use crate::types::{Anchor, Content, Media, Metadata, Place, Span};

/// Reads plain text, UTF-8, as it stands.
#[derive(Debug, Default)]
pub struct TextParser;

impl Parser for TextParser {
    fn accepts(&self, media: Media) -> bool {
        media == Media::Text
    }

    fn parse(&self, media: Media, bytes: &[u8], _limits: &Limits) -> Result<Content, ParseError> {
        let text = decode(bytes, media)?;
        let anchors = lines(&text);
        let (title, language, pages) = (None, None, None);
        let (sections, furniture, unread) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Content {
            media,
            title,
            language,
            pages,
            text,
            sections,
            furniture,
            anchors,
            unread,
            properties: Metadata::new(),
        })
    }
}

/// One anchor a line that is not empty, line ends left out.
fn lines(text: &str) -> Vec<Anchor> {
    let mut anchors = Vec::new();
    let mut start = 0;
    for (line, part) in (1u32..).zip(text.split('\n')) {
        let span = Span::new(start, start + part.len());
        if !span.is_empty() {
            anchors.push(Anchor { span, place: Place::Line { line } });
        }
        start = span.end + 1;
    }
    anchors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_places() {
        let content = TextParser.parse(Media::Text, "\u{feff}a\r\n\r\n桥\n".as_bytes(), &Limits::default()).unwrap();
        content.check().unwrap();
        assert_eq!(content.text, "a\n\n桥\n");
        let places: Vec<Place> = content.anchors.iter().map(|a| a.place).collect();
        assert_eq!(places, [Place::Line { line: 1 }, Place::Line { line: 3 }]);
    }

    #[test]
    fn other_encodings_and_binaries_are_refused() {
        let parse = |bytes: &[u8]| TextParser.parse(Media::Text, bytes, &Limits::default());
        assert_eq!(parse(b"ab\xffcd"), Err(ParseError::NotUtf8 { at: 2 }));
        assert!(matches!(parse(b"ab\0cd"), Err(ParseError::Damaged { .. })));
    }
}
