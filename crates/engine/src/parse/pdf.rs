//! PDF through pdf_oxide.

use crate::error::ParseError;
use crate::seams::{Limits, Parser};
use crate::types::{Content, Media};

/// Reads PDF files page by page.
#[derive(Debug, Default)]
pub struct PdfParser;

impl Parser for PdfParser {
    fn accepts(&self, media: Media) -> bool {
        media == Media::Pdf
    }

    fn parse(&self, _media: Media, _bytes: &[u8], _limits: &Limits) -> Result<Content, ParseError> {
        Err(ParseError::Empty)
    }
}
