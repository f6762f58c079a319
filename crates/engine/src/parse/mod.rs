//! Files into text: one parser a format, run in a worker process under limits.

mod front_matter;
mod markdown;
mod pdf;
mod plain;
mod properties;
mod worker;

pub use markdown::MarkdownParser;
pub use pdf::PdfParser;
pub use plain::TextParser;
pub use worker::{WorkerParser, run_worker};

use crate::error::ParseError;
use crate::language::detect;
use crate::seams::{Limits, Parser};
use crate::types::{Content, Media};

/// All parsers, in this process: the right one is taken, its content checked, its language named.
#[derive(Debug, Default)]
pub struct AllParsers;

impl AllParsers {
    fn of(media: Media) -> &'static dyn Parser {
        match media {
            Media::Pdf => &PdfParser,
            Media::Markdown => &MarkdownParser,
            Media::Text => &TextParser,
        }
    }
}

impl Parser for AllParsers {
    fn accepts(&self, _media: Media) -> bool {
        true
    }

    fn parse(&self, media: Media, bytes: &[u8], limits: &Limits) -> Result<Content, ParseError> {
        if bytes.is_empty() {
            return Err(ParseError::Empty);
        }
        let mut content = Self::of(media).parse(media, bytes, limits)?;
        if content.text.trim().is_empty() {
            return Err(ParseError::Empty);
        }
        if content.text.len() as u64 > limits.text {
            return Err(ParseError::TooMuchText { mebibytes: limits.text >> 20 });
        }
        content.check().map_err(|broken| ParseError::Crashed { how: broken.to_string() })?;
        content.language = detect(&content.text);
        Ok(content)
    }
}

/// UTF-8 without its byte order mark, line ends as `\n`.
fn decode(bytes: &[u8], media: Media) -> Result<String, ParseError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|e| ParseError::NotUtf8 { at: e.valid_up_to() })?;
    if let Some(at) = text.find('\0') {
        let reason = format!("a zero byte at {at}, as binary files have");
        return Err(ParseError::Damaged { media: media.label().into(), reason });
    }
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}
