//! Pages into text: the one place where the steps of the layout follow each other.

use super::blocks::{Block, Kind, Measure, blocks, stitch};
use super::columns::areas;
use super::furniture::{Stripped, strip};
use super::headings::{body_style, from_looks, from_outline, title};
use super::outline::OutlineEntry;
use super::page::{Line, Page, Sheet, Turn};
use super::rows::{Row, rows};
use super::script::{fold, squeeze};
use super::write::{Written, write};

/// A document laid out.
pub(super) struct Laid {
    pub(super) title: Option<String>,
    pub(super) written: Written,
}

/// Lays out `pages`; `named` is the title that the file claims.
pub(super) fn lay_out(pages: Vec<Page>, outline: &[OutlineEntry], named: Option<&str>) -> Laid {
    let mut lines = Vec::new();
    let mut furniture = Vec::new();
    let mut area = 0;
    for Stripped { mut page, furniture: rows } in strip(pages) {
        for sheet in std::mem::take(&mut page.sheets) {
            read_sheet(sheet, &page, &mut area, &mut lines);
        }
        area += 1;
        furniture.extend(rows.iter().filter_map(|row| line(row, (&page, Turn::None), area)));
    }
    let measure = Measure::of(&lines);
    let body = body_style(&lines);
    let known = from_outline(&lines, outline, body);
    let by_looks = known.iter().all(Option::is_none);
    let mut blocks = blocks(lines, &known, &measure);
    if by_looks {
        from_looks(&mut blocks, body, &measure);
    }
    let shown = title(&blocks, body);
    let title = named.and_then(sensible).or_else(|| shown.map(|at| squeeze(&blocks[at].words())));
    if let Some(block) = shown.and_then(|at| blocks.get_mut(at)).filter(|_| by_looks) {
        block.kind = Kind::Text;
    }
    let blocks = with_furniture(stitch(blocks, &measure, body), furniture);
    Laid { title, written: write(&blocks) }
}

/// The lines of a sheet in reading order; each area counts `area` up.
fn read_sheet(sheet: Sheet, page: &Page, area: &mut u32, lines: &mut Vec<Line>) {
    let turn = sheet.turn;
    let groups = match turn {
        Turn::Loose => sheet.runs.into_iter().map(|run| vec![run]).collect(),
        _ => areas(sheet.runs),
    };
    for runs in groups {
        *area += 1;
        lines.extend(rows(runs).iter().filter_map(|row| line(row, (page, turn), *area)));
    }
}

fn line(row: &Row, (page, turn): (&Page, Turn), area: u32) -> Option<Line> {
    let text = row.text();
    (!text.is_empty()).then(|| Line {
        page: page.number,
        area,
        text,
        x0: row.x0(),
        x1: row.x1(),
        baseline: row.baseline(),
        style: row.style(),
        opens_bold: row.opens_bold(),
        cells: row.cells(),
        rect: turn.display_box(row.rect(), page.extent),
    })
}

/// `title` where a person chose it, rather than a program.
fn sensible(title: &str) -> Option<String> {
    const EXTENSIONS: [&str; 12] =
        [".doc", ".docx", ".pdf", ".tex", ".dvi", ".ppt", ".pptx", ".xls", ".xlsx", ".odt", ".indd", ".qxd"];
    const EMPTY: [&str; 7] = ["untitled", "title", "document", "unknown", "notitle", "untitleddocument", "无标题"];
    let title = squeeze(&super::script::clean(title));
    let lower = title.to_lowercase();
    let by_program = lower.starts_with("microsoft ")
        || lower.starts_with("untitled")
        || lower.contains("://")
        || lower.starts_with('/');
    let is_file = EXTENSIONS.iter().any(|e| lower.ends_with(e)) && !lower.contains(' ') || lower.contains(".doc");
    let says = title.chars().filter(|c| c.is_alphabetic()).count() >= 2;
    (says && !by_program && !is_file && !EMPTY.contains(&fold(&title).as_str())).then_some(title)
}

/// Puts each page's furniture after the blocks that begin on it.
fn with_furniture(blocks: Vec<Block>, furniture: Vec<Line>) -> Vec<Block> {
    let mut out = Vec::with_capacity(blocks.len() + furniture.len());
    let mut waiting = furniture.into_iter().peekable();
    for block in blocks {
        let page = block.first().map_or(0, |l| l.page);
        while let Some(line) = waiting.next_if(|l| l.page < page) {
            out.push(Block::of(Kind::Furniture, line));
        }
        out.push(block);
    }
    out.extend(waiting.map(|line| Block::of(Kind::Furniture, line)));
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::page::{Extent, Run, Style};
    use super::*;
    use crate::types::{Content, Media};

    fn content(laid: Laid, pages: u32) -> Content {
        Content {
            media: Media::Pdf,
            title: laid.title,
            language: None,
            pages: Some(pages),
            text: laid.written.text,
            sections: laid.written.sections,
            furniture: laid.written.furniture,
            anchors: laid.written.anchors,
            unread: Vec::new(),
            properties: crate::types::Metadata::new(),
        }
    }

    /// The characters of `text` in alphabetical order, without what the layout may drop: white space and hyphens.
    fn kept(text: &str) -> Vec<char> {
        let mut kept: Vec<char> =
            text.chars().filter(|c| !c.is_whitespace() && !"-\u{2010}\u{AD}".contains(*c)).collect();
        kept.sort_unstable();
        kept
    }

    fn a_run() -> impl Strategy<Value = Run> {
        let words = "([a-zA-Z0-9äß桥连接。，,:•-]{1,8} ?){1,8}";
        let style =
            (prop_oneof![Just(8.0f32), Just(10.0), Just(10.4), Just(16.0)], any::<bool>(), prop::bool::weighted(0.1));
        (words, 0.0f32..500.0, 0.0f32..800.0, style).prop_map(|(text, x0, baseline, (size, bold, mono))| {
            let x1 = x0 + text.chars().count() as f32 * size / 2.0;
            Run { text, x0, x1, baseline, style: Style { size, bold, mono } }
        })
    }

    fn a_page() -> impl Strategy<Value = Page> {
        let turn = prop_oneof![4 => Just(Turn::None), 1 => Just(Turn::Quarter), 1 => Just(Turn::Loose)];
        let sheets = prop::collection::vec((turn, prop::collection::vec(a_run(), 0..30)), 0..3);
        sheets.prop_map(|sheets| Page {
            number: 1,
            extent: Extent { width: 600.0, height: 800.0 },
            sheets: sheets.into_iter().map(|(turn, runs)| Sheet { turn, runs }).collect(),
        })
    }

    proptest! {
        #[test]
        fn the_layout_keeps_its_rules_and_loses_no_letter(pages in prop::collection::vec(a_page(), 0..5)) {
            let mut pages = pages;
            for (n, page) in pages.iter_mut().enumerate() {
                page.number = n as u32 + 1;
                let mut seen = Vec::new();
                page.sheets.retain(|s| !seen.contains(&s.turn) && { seen.push(s.turn); true });
            }
            let drawn: String = pages.iter().flat_map(|p| &p.sheets).flat_map(|s| &s.runs).map(|r| r.text.as_str()).collect();
            let count = pages.len() as u32;
            let content = content(lay_out(pages, &[], None), count);
            prop_assert_eq!(content.check(), Ok(()));
            prop_assert_eq!(kept(&content.text), kept(&drawn));
            let anchored: String = content.anchors.iter().filter_map(|a| a.span.of(&content.text)).collect();
            prop_assert_eq!(kept(&anchored), kept(&drawn));
            prop_assert!(!content.text.contains("  ") && !content.text.contains("\n\n\n"));
        }
    }

    #[test]
    fn titles_made_by_programs_are_none() {
        for title in ["", "untitled", "Untitled-1", "Microsoft Word - x.doc", "paper.dvi", "report.pdf", "12"] {
            assert_eq!(sensible(title), None, "{title}");
        }
        assert_eq!(sensible(" The  Bridge "), Some("The Bridge".into()));
        assert_eq!(sensible("桥：意义如何变成数字"), Some("桥：意义如何变成数字".into()));
    }
}
