//! pdf_oxide at work: bytes into pages of runs. Nothing outside this file and `outline.rs` knows that crate.

use pdf_oxide::PdfDocument;
use pdf_oxide::error::Error as PdfError;
use pdf_oxide::layout::TextSpan;
use pdf_oxide::object::Object;

use super::page::{Extent, Page, Run, Sheet, Style, Turn};
use super::script::clean;
use crate::error::ParseError;

/// US Letter: what a page without a usable box is taken for.
const LETTER: PageBox = PageBox { left: 0.0, bottom: 0.0, right: 612.0, top: 792.0 };

/// More pages than any real document; a page tree may claim any number.
const MAX_PAGES: usize = 200_000;

/// An open PDF.
pub(super) struct Source {
    pub(super) document: PdfDocument,
    pages: u32,
}

/// The visible part of a page in the file's coordinates: points, origin anywhere, `y` up.
#[derive(Debug, Clone, Copy, PartialEq)]
struct PageBox {
    left: f32,
    bottom: f32,
    right: f32,
    top: f32,
}

/// How a page is shown: its visible box and the clockwise turn its `/Rotate` asks for, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
struct View {
    shown: PageBox,
    media: PageBox,
    rotate: i32,
}

impl Source {
    /// Opens `bytes`, with the empty password if it is encrypted.
    pub(super) fn open(bytes: &[u8]) -> Result<Self, ParseError> {
        let document = PdfDocument::from_bytes(bytes.to_vec()).map_err(|e| refused(&e))?;
        if document.is_encrypted() && !matches!(document.authenticate(b""), Ok(true)) {
            return Err(ParseError::Encrypted);
        }
        let pages = document.page_count().map_err(|e| refused(&e))?;
        let source = Self { document, pages: pages.min(MAX_PAGES) as u32 };
        if pages == 0 && !source.has_page_tree() {
            return Err(damaged("no page can be found in it"));
        }
        if pages > MAX_PAGES {
            return Err(damaged("its page tree names an impossible number of pages"));
        }
        Ok(source)
    }

    fn has_page_tree(&self) -> bool {
        let tree = self.document.catalog().ok().and_then(|c| self.resolved(c.as_dict()?.get("Pages")?));
        tree.is_some_and(|t| t.as_dict().is_some())
    }

    /// Number of pages.
    pub(super) fn pages(&self) -> u32 {
        self.pages
    }

    /// Page `number`, from 1, with all its text.
    pub(super) fn page(&self, number: u32) -> Result<Page, String> {
        let index = number as usize - 1;
        let spans = self.document.extract_spans(index).map_err(|e| explain(&e))?;
        let view = self.view(index);
        let extent = view.extent();
        Ok(Page { number, extent, sheets: sheets(&spans, view, extent) })
    }

    /// Whether page `number` draws anything at all: an image, a shape, or text that gave no letters.
    pub(super) fn draws(&self, number: u32) -> bool {
        const PAINTING: [&[u8]; 14] =
            [b"Do", b"BI", b"sh", b"f", b"F", b"f*", b"S", b"s", b"B", b"B*", b"b", b"b*", b"Tj", b"TJ"];
        let content = self.document.get_page_content_data(number as usize - 1).unwrap_or_default();
        content.split(u8::is_ascii_whitespace).any(|word| PAINTING.contains(&word))
    }

    /// Whether page `number` shows an image.
    pub(super) fn has_image(&self, number: u32) -> bool {
        self.document.page_image_handles(number as usize - 1).is_ok_and(|images| !images.is_empty())
    }

    /// The text under `name` in the document's information dictionary.
    pub(super) fn info(&self, name: &str) -> Option<String> {
        let info = self.resolved(self.document.trailer().as_dict()?.get("Info")?)?;
        let text = self.resolved(info.as_dict()?.get(name)?)?;
        Some(pdf_oxide::optional_content::decode_pdf_text_string(text.as_string()?))
    }

    /// `object` itself, or what it refers to.
    pub(super) fn resolved(&self, object: &Object) -> Option<Object> {
        match object {
            Object::Reference(at) => self.document.load_object(*at).ok(),
            direct => Some(direct.clone()),
        }
    }

    fn view(&self, index: usize) -> View {
        let named = |(left, bottom, right, top)| PageBox { left, bottom, right, top };
        let media = self.document.get_page_media_box(index).map(named).ok().filter(PageBox::is_sane).unwrap_or(LETTER);
        let shown = self.document.get_page_visible_box(index).map(named).ok().filter(PageBox::is_sane).unwrap_or(media);
        View { shown, media, rotate: self.document.get_page_rotation(index).unwrap_or(0) }
    }
}

impl PageBox {
    fn is_sane(&self) -> bool {
        [self.left, self.bottom, self.right, self.top].iter().all(|v| v.is_finite())
            && self.right > self.left
            && self.top > self.bottom
    }
}

impl View {
    fn extent(self) -> Extent {
        let (width, height) = (self.shown.right - self.shown.left, self.shown.top - self.shown.bottom);
        if self.rotate % 180 == 0 { Extent { width, height } } else { Extent { width: height, height: width } }
    }

    /// A point of the file's coordinates on the displayed page: origin top left, `y` down.
    fn displayed(self, (x, y): (f32, f32)) -> (f32, f32) {
        let PageBox { left, bottom, right, top } = self.shown;
        match self.rotate {
            90 => (y - bottom, x - left),
            180 => (right - x, y - bottom),
            270 => (top - y, right - x),
            _ => (x - left, top - y),
        }
    }

    /// Where the writing of `span` starts, in the file's coordinates, undoing the turn that pdf_oxide gives the
    /// boxes of some spans of a rotated page.
    fn origin(self, span: &TextSpan) -> (f32, f32) {
        let (x, y) = (span.bbox.x - self.media.left, span.bbox.y - self.media.bottom);
        let (width, height) = (self.media.right - self.media.left, self.media.top - self.media.bottom);
        let (x, y) = match span.page_rotation_applied {
            90 => (width - y - span.bbox.height, x),
            180 => (width - x - span.bbox.width, height - y - span.bbox.height),
            270 => (y, height - x - span.bbox.width),
            _ => (x, y),
        };
        (x + self.media.left, y + self.media.bottom)
    }

    /// How the displayed page must be turned to read `span`.
    fn turn(self, span: &TextSpan) -> Turn {
        if span.wmode == 1 || span.mirrored {
            return Turn::Loose;
        }
        let degrees = (span.rotation_degrees - self.rotate as f32).rem_euclid(360.0);
        let quarters = (degrees / 90.0).round();
        match quarters as i32 % 4 {
            _ if (degrees - 90.0 * quarters).abs() > 5.0 => Turn::Loose,
            0 => Turn::None,
            1 => Turn::Quarter,
            2 => Turn::Half,
            _ => Turn::ThreeQuarters,
        }
    }
}

/// The spans of a page, one sheet a direction, the upright one first; text drawn twice at one place only once.
fn sheets(spans: &[TextSpan], view: View, page: Extent) -> Vec<Sheet> {
    let mut sheets: Vec<Sheet> = Vec::new();
    for span in spans {
        let turn = view.turn(span);
        let Some(run) = run(span, turn.reading(view.displayed(view.origin(span)), page)) else { continue };
        match sheets.iter_mut().find(|s| s.turn == turn) {
            Some(sheet) => sheet.runs.push(run),
            None => sheets.push(Sheet { turn, runs: vec![run] }),
        }
    }
    sheets.iter_mut().for_each(|s| drop_doubles(&mut s.runs));
    sheets.sort_by_key(|s| s.turn);
    sheets
}

/// The run that `span` draws from `(x, baseline)` of the reading frame, if it shows anything.
fn run(span: &TextSpan, (x, baseline): (f32, f32)) -> Option<Run> {
    let text = clean(&span.text);
    let size = if span.font_size.is_finite() { span.font_size.abs().clamp(0.5, 2000.0) } else { 10.0 };
    let advance = if span.page_rotation_applied % 180 == 0 { span.bbox.width } else { span.bbox.height };
    let placed = x.is_finite() && baseline.is_finite() && advance.is_finite();
    (placed && !text.trim().is_empty()).then(|| Run {
        text,
        x0: x,
        x1: x + advance,
        baseline,
        style: Style { size, bold: span.font_weight.is_bold(), mono: span.is_monospace },
    })
}

/// Drops runs that repeat another one within a fraction of a letter: shadows and false bold.
fn drop_doubles(runs: &mut Vec<Run>) {
    use std::collections::HashMap;
    let mut seen: HashMap<String, Vec<(f32, f32)>> = HashMap::new();
    runs.retain(|run| {
        let places = seen.entry(run.text.trim().to_owned()).or_default();
        let near = 0.25 * run.style.size;
        let double = places.iter().any(|(x, y)| (x - run.x0).abs() < near && (y - run.baseline).abs() < near);
        if !double {
            places.push((run.x0, run.baseline));
        }
        !double
    });
}

fn damaged(reason: impl Into<String>) -> ParseError {
    ParseError::Damaged { media: "PDF".into(), reason: reason.into() }
}

/// Why the document could not be opened.
fn refused(error: &PdfError) -> ParseError {
    match error {
        PdfError::EncryptedPdf => ParseError::Encrypted,
        other => damaged(explain(other)),
    }
}

/// The library's error in plain words.
fn explain(error: &PdfError) -> String {
    match error {
        PdfError::InvalidHeader(_) => "it does not begin as a PDF does (%PDF-)".into(),
        PdfError::UnsupportedVersion(version) => format!("PDF version {version} is not known"),
        PdfError::InvalidXref => "its table of objects (xref) cannot be read".into(),
        PdfError::UnexpectedEof => "it ends too early".into(),
        PdfError::ObjectNotFound(id, _) => format!("object {id}, which it needs, is missing"),
        PdfError::ParseError { offset, .. } => format!("it cannot be understood from byte {offset} on"),
        PdfError::InvalidObjectType { .. } | PdfError::InvalidPdf(_) => "its page tree cannot be read".into(),
        PdfError::Decode(_) | PdfError::UnsupportedFilter(_) => "its compressed data cannot be unpacked".into(),
        PdfError::CircularReference(_) | PdfError::RecursionLimitExceeded(_) => {
            "its objects refer to each other in a circle".into()
        }
        _ => "its structure cannot be read".into(),
    }
}
