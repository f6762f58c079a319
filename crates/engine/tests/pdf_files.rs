//! The PDF parser on files: small ones made by `data/make.py`, and odd ones where the shared data is at hand.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its own files has failed")]

use std::path::{Path, PathBuf};

use qiao::error::ParseError;
use qiao::parse::PdfParser;
use qiao::seams::{Limits, Parser};
use qiao::types::{Anchor, Content, Media, Place, Span};

fn data(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

fn parse(bytes: &[u8]) -> Result<Content, ParseError> {
    let parsed = PdfParser.parse(Media::Pdf, bytes, &Limits::default());
    if let Ok(content) = &parsed {
        assert_eq!(content.check(), Ok(()));
    }
    parsed
}

fn content(name: &str) -> Content {
    parse(&data(name)).unwrap()
}

fn words(content: &Content, span: Span) -> &str {
    span.of(&content.text).unwrap()
}

fn place(anchor: &Anchor) -> (u32, [i32; 4]) {
    match anchor.place {
        Place::Box { page, rect } => (page, <[f32; 4]>::from(rect).map(|v| v.round() as i32)),
        Place::Line { .. } => panic!("a PDF has boxes"),
    }
}

#[test]
fn columns_are_read_one_after_the_other() {
    let content = content("columns.pdf");
    assert_eq!(content.title.as_deref(), Some("Rivers and the Bridges over Them"));
    let lines: Vec<&str> = content.anchors.iter().map(|a| words(&content, a.span)).collect();
    assert_eq!(lines.len(), 25);
    assert!(lines[1..13].iter().all(|l| l.starts_with("left")), "{lines:?}");
    assert!(lines[13..].iter().all(|l| l.starts_with("right")), "{lines:?}");
}

#[test]
fn a_book_keeps_its_sentences_whole_and_its_furniture_apart() {
    let content = content("book.pdf");
    assert_eq!(content.pages, Some(4));
    let furniture: Vec<&str> = content.furniture.iter().map(|s| words(&content, *s)).collect();
    let header = "The Book of Bridges";
    assert_eq!(furniture, [header, "1", header, "2", header, "3", header, "4"]);
    let headings: Vec<&str> = content.sections.iter().map(|s| words(&content, s.heading)).collect();
    assert_eq!(headings, ["Exercise 1", "Exercise 2", "Exercise 3", "Exercise 4"]);
    let over =
        "Here is a sentence that goes on, which is the well-known custom of books about lakes, and it ends here.";
    let at = content.text.find(over).unwrap();
    let span = Span::new(at, at + over.len());
    let pages: Vec<u32> = content.anchors.iter().filter(|a| a.span.overlaps(span)).map(|a| place(a).0).collect();
    assert_eq!(pages, [1, 2]);
}

#[test]
fn boxes_count_from_the_top_left_of_what_is_shown() {
    let cropped = content("cropped.pdf");
    let (page, [x0, y0, _, y1]) = place(&cropped.anchors[0]);
    assert_eq!((page, x0), (1, 22));
    assert!(y0 < 60 && 60 < y1 && y1 - y0 <= 12, "{y0} {y1}: the baseline is at 60");

    let turned = content("turned.pdf");
    let (_, [x0, y0, x1, y1]) = place(&turned.anchors[0]);
    assert_eq!(x0, 200, "a page turned clockwise shows what climbed it from left to right");
    assert!(x1 - x0 > 50 && y0 < 100 && 100 < y1, "{y0} {y1}");
}

#[test]
fn chinese_lines_join_without_spaces() {
    let content = content("chinese.pdf");
    assert!(content.text.contains("一串长度固定的数字"), "{}", content.text);
    assert_eq!(words(&content, content.sections[0].heading), "第一章 桥");
}

#[test]
fn an_outline_that_loops_ends() {
    let content = content("loop.pdf");
    assert_eq!(words(&content, content.sections[0].heading), "Rivers");
}

#[test]
fn a_page_without_text_is_named() {
    let content = content("partly.pdf");
    assert_eq!(content.unread.iter().map(|u| u.page).collect::<Vec<_>>(), [2]);
}

#[test]
fn what_cannot_be_read_says_why() {
    assert_eq!(parse(&data("locked.pdf")), Err(ParseError::Encrypted));
    assert_eq!(parse(&data("image.pdf")), Err(ParseError::OnlyImages { pages: 1 }));
    assert_eq!(parse(&data("blank.pdf")), Err(ParseError::Empty));
    assert_eq!(parse(b""), Err(ParseError::Empty));
    for bytes in [data("damaged.pdf").as_slice(), b"This is a letter, not a PDF."] {
        assert!(matches!(parse(bytes), Err(ParseError::Damaged { .. })), "{:?}", parse(bytes));
    }
}

#[test]
fn an_empty_password_opens_silently() {
    assert_eq!(content("unlocked.pdf").text, "Nobody reads this without the password.");
}

#[test]
fn text_beyond_the_limit_is_refused() {
    let limits = Limits { text: 10, ..Limits::default() };
    let parsed = PdfParser.parse(Media::Pdf, &data("unlocked.pdf"), &limits);
    assert!(matches!(parsed, Err(ParseError::TooMuchText { .. })), "{parsed:?}");
}

#[test]
fn a_file_cut_anywhere_is_an_error_or_less_text() {
    let whole = data("book.pdf");
    for length in (0..whole.len()).step_by(97) {
        if let Err(error) = parse(&whole[..length]) {
            assert!(!matches!(error, ParseError::Crashed { .. }), "cut at {length}: {error}");
        }
    }
}

/// The odd PDFs of the shared data, if they are at hand.
fn corpus() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("QIAO_SHARED").map_or(beside, PathBuf::from);
    let folder = shared.join("data/pdf");
    folder.join("words.json").exists().then_some(folder)
}

#[test]
fn odd_files_neither_crash_nor_break_the_rules() {
    let Some(folder) = corpus() else {
        println!("skipped: no shared data");
        return;
    };
    let reference: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("words.json")).unwrap()).unwrap();
    for (name, known) in reference.as_object().unwrap() {
        match parse(&std::fs::read(folder.join(name)).unwrap()) {
            Ok(content) if known["pages"].is_u64() => {
                assert_eq!(content.pages.map(u64::from), known["pages"].as_u64(), "{name}")
            }
            Ok(_) => {}
            Err(ParseError::Crashed { how }) => panic!("{name}: {how}"),
            Err(_) => {}
        }
    }
}
