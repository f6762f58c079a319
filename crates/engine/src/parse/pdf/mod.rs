//! PDF: pages of runs (`source`) become rows, areas, blocks and at last one text. All but `source` and `outline` is
//! plain geometry and knows nothing of the PDF library.

mod blocks;
mod columns;
mod furniture;
mod headings;
mod info;
mod layout;
mod numbering;
mod outline;
mod page;
mod rows;
mod script;
mod source;
#[cfg(test)]
mod testing;
mod write;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::ParseError;
use crate::seams::{Limits, Parser};
use crate::types::{Content, Media, Unread};
use page::Page;
use source::Source;

/// Reads PDF files: text in reading order with the box of every line, headings, and what repeats on the pages' edges.
///
/// It sets no thread to work and keeps no state. A panic of the PDF library costs the page that caused it, or the file
/// where it cannot even be opened; it is never passed on.
#[derive(Debug, Default)]
pub struct PdfParser;

impl Parser for PdfParser {
    fn accepts(&self, media: Media) -> bool {
        media == Media::Pdf
    }

    fn parse(&self, _media: Media, bytes: &[u8], limits: &Limits) -> Result<Content, ParseError> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(ParseError::Empty);
        }
        guarded(|| read(bytes, limits))
            .unwrap_or_else(|| Err(ParseError::Crashed { how: "the PDF library panicked".into() }))
    }
}

/// What `work` gives, or nothing where it panics.
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

fn read(bytes: &[u8], limits: &Limits) -> Result<Content, ParseError> {
    let source = Source::open(bytes)?;
    if source.pages() == 0 {
        return Err(damaged("no page could be found in it; it may be cut short"));
    }
    let (pages, mut unread) = pages(&source, limits)?;
    let has_letters = letters(&pages).any(char::is_alphabetic);
    let draws = |number: &u32| guarded(|| source.draws(*number)).unwrap_or(true);
    if !has_letters && (letters(&pages).next().is_none() || (1..=source.pages()).any(|n| has_image(&source, n))) {
        let drawn = unread.iter().map(|u| u.page).chain(1..=source.pages()).any(|n| draws(&n));
        return Err(match drawn {
            true => ParseError::OnlyImages { pages: source.pages() },
            false if breaks_off(bytes) => damaged("it breaks off before its end"),
            false => ParseError::Empty,
        });
    }
    let silent = pages.iter().filter(|p| p.sheets.is_empty()).map(|p| p.number).filter(draws);
    unread.extend(silent.map(|page| Unread { page, reason: "no text (an image?)".into() }));
    unread.sort_by_key(|u| u.page);
    let entries = guarded(|| outline::outline(&source)).unwrap_or_default();
    let named = guarded(|| source.info("Title")).flatten();
    let properties = guarded(|| info::properties(|name| source.info(name))).unwrap_or_default();
    let laid = layout::lay_out(pages, &entries, named.as_deref());
    let content = Content {
        media: Media::Pdf,
        title: laid.title,
        language: None,
        pages: Some(source.pages()),
        text: laid.written.text,
        sections: laid.written.sections,
        furniture: laid.written.furniture,
        anchors: laid.written.anchors,
        unread,
        properties,
    };
    within(content.text.len() as u64, limits).map(|()| content)
}

fn damaged(reason: &str) -> ParseError {
    ParseError::Damaged { media: Media::Pdf.label().into(), reason: reason.into() }
}

/// Whether the mark is missing that ends every PDF file, give or take some bytes that programs put behind it.
fn breaks_off(bytes: &[u8]) -> bool {
    let tail = &bytes[bytes.len().saturating_sub(4096)..];
    !tail.windows(5).any(|mark| mark == b"%%EOF")
}

fn has_image(source: &Source, number: u32) -> bool {
    guarded(|| source.has_image(number)).unwrap_or(false)
}

/// The characters drawn on `pages`, white space aside.
fn letters(pages: &[Page]) -> impl Iterator<Item = char> {
    let runs = pages.iter().flat_map(|p| &p.sheets).flat_map(|s| &s.runs);
    runs.flat_map(|r| r.text.chars()).filter(|c| !c.is_whitespace())
}

/// All pages that could be read, and those that could not.
fn pages(source: &Source, limits: &Limits) -> Result<(Vec<Page>, Vec<Unread>), ParseError> {
    let mut pages = Vec::new();
    let mut unread = Vec::new();
    let mut size = 0;
    for number in 1..=source.pages() {
        let page = guarded(|| source.page(number)).unwrap_or_else(|| Err("the PDF library failed on it".into()));
        match page {
            Ok(page) => {
                size += letters(std::slice::from_ref(&page)).map(char::len_utf8).sum::<usize>() as u64;
                within(size, limits)?;
                pages.push(page);
            }
            Err(reason) => unread.push(Unread { page: number, reason: format!("could not be read: {reason}") }),
        }
    }
    Ok((pages, unread))
}

fn within(size: u64, limits: &Limits) -> Result<(), ParseError> {
    if size > limits.text { Err(ParseError::TooMuchText { mebibytes: limits.text >> 20 }) } else { Ok(()) }
}
