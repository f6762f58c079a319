//! Text into chunks: at headings, paragraphs and sentences, of about a target of tokens and never beyond a limit.

use crate::error::EncodeError;
use crate::language::{clauses, sentences};
use crate::types::{Content, Piece, Section, Span};

/// How large chunks should be, in the model's own tokens, special and prompt tokens not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkSize {
    /// Where to stop.
    pub target: usize,
    /// What none may exceed.
    pub limit: usize,
}

impl ChunkSize {
    /// A target of 200 tokens, or the limit where that is smaller.
    pub fn up_to(limit: usize) -> Self {
        Self { target: limit.min(200), limit }
    }
}

/// Counts the tokens of a text, special and prompt tokens not counted.
pub type Count<'a> = dyn Fn(&str) -> Result<usize, EncodeError> + 'a;

/// Cuts a document's text. The pieces are ascending and disjoint, lie on char boundaries, and cover all text that is
/// neither white space nor furniture. A heading begins a piece; a piece never contains furniture.
///
/// # Errors
/// When the tokenizer fails.
pub fn chunk(content: &Content, count: &Count<'_>, size: ChunkSize) -> Result<Vec<Piece>, EncodeError> {
    let mut cutter = Cutter { content, count, size, open: None, headings: Vec::new(), pieces: Vec::new() };
    for stretch in stretches(content) {
        cutter.stretch(stretch)?;
    }
    cutter.close()?;
    Ok(cutter.pieces)
}

/// The stretches between furniture and before headings: `(heading that opens it, span)`.
fn stretches(content: &Content) -> Vec<(Option<&Section>, Span)> {
    let mut cuts: Vec<(usize, usize, Option<&Section>)> = Vec::new();
    cuts.extend(content.furniture.iter().map(|f| (f.start, f.end, None)));
    let in_furniture = |s: &&Section| !content.furniture.iter().any(|f| f.overlaps(s.heading));
    cuts.extend(content.sections.iter().filter(in_furniture).map(|s| (s.heading.start, s.heading.start, Some(s))));
    cuts.sort_by_key(|cut| (cut.0, cut.1));
    let mut out = Vec::new();
    let (mut start, mut opener) = (0, None);
    for (at, resume, section) in cuts {
        out.push((opener, Span::new(start, at)));
        (start, opener) = (resume, section);
    }
    out.push((opener, Span::new(start, content.text.len())));
    out
}

/// The piece being filled.
struct Open {
    span: Span,
    tokens: usize,
    only_headings: bool,
}

struct Cutter<'a> {
    content: &'a Content,
    count: &'a Count<'a>,
    size: ChunkSize,
    open: Option<Open>,
    headings: Vec<&'a Section>,
    pieces: Vec<Piece>,
}

impl<'a> Cutter<'a> {
    fn stretch(&mut self, (section, span): (Option<&'a Section>, Span)) -> Result<(), EncodeError> {
        // a heading right under another one stays with it
        if section.is_none() || self.open.as_ref().is_some_and(|open| !open.only_headings) {
            self.close()?;
        }
        let mut from = span.start;
        if let Some(section) = section {
            self.enter(section);
            from = section.heading.end.min(span.end);
            self.append(Span::new(span.start, from), true)?;
        }
        for paragraph in paragraphs(&self.content.text, Span::new(from, span.end)) {
            self.paragraph(paragraph)?;
        }
        Ok(())
    }

    fn enter(&mut self, section: &'a Section) {
        self.headings.retain(|above| above.level < section.level);
        self.headings.push(section);
    }

    fn paragraph(&mut self, span: Span) -> Result<(), EncodeError> {
        if self.is_vast(span) {
            return self.sentences(span);
        }
        let tokens = self.count(span)?;
        if !self.fits(tokens) && self.open.as_ref().is_some_and(|open| open.tokens * 2 >= self.size.target) {
            self.close()?;
        }
        if self.fits(tokens) {
            return self.append(span, false);
        }
        self.sentences(span)
    }

    /// Whether it is beyond the limit without counting; the tokenizer takes many times the room of its text.
    fn is_vast(&self, span: Span) -> bool {
        span.len() > self.size.limit.saturating_mul(32)
    }

    fn sentences(&mut self, span: Span) -> Result<(), EncodeError> {
        let text = &self.content.text[span.range()];
        for sentence in sentences(text) {
            self.append(Span::new(span.start + sentence.start, span.start + sentence.end), false)?;
        }
        Ok(())
    }

    fn fits(&self, tokens: usize) -> bool {
        self.open.as_ref().map_or(0, |open| open.tokens) + tokens <= self.size.target
    }

    /// Adds a unit to the open piece, closing that first where the unit does not fit.
    fn append(&mut self, unit: Span, heading: bool) -> Result<(), EncodeError> {
        let Some(unit) = trimmed(&self.content.text, unit) else { return Ok(()) };
        if self.is_vast(unit) {
            return self.split(unit, heading);
        }
        let tokens = self.count(unit)?;
        if tokens > self.size.limit {
            return self.split(unit, heading);
        }
        let bare_heading = self.open.as_ref().is_some_and(|open| open.only_headings);
        if !(self.fits(tokens) || bare_heading && self.joined(unit)? <= self.size.limit) {
            self.close()?;
        }
        match &mut self.open {
            Some(open) => {
                open.span.end = unit.end;
                open.tokens += tokens;
                open.only_headings &= heading;
            }
            None => self.open = Some(Open { span: unit, tokens, only_headings: heading }),
        }
        Ok(())
    }

    /// Halves a unit that is beyond the limit, at a clause or a space where there is one.
    fn split(&mut self, unit: Span, heading: bool) -> Result<(), EncodeError> {
        match self.halves(unit) {
            Some(halves) => halves.into_iter().try_for_each(|half| self.append(half, heading)),
            None => {
                self.close()?;
                self.push(unit)
            }
        }
    }

    /// Two or more smaller parts, or `None` of a single character: nothing smaller can be made.
    fn halves(&self, span: Span) -> Option<Vec<Span>> {
        let characters = self.content.text[span.range()].chars().count();
        (characters > 1).then(|| clauses(&self.content.text, span, characters.div_ceil(2)))
    }

    fn joined(&self, unit: Span) -> Result<usize, EncodeError> {
        let start = self.open.as_ref().map_or(unit.start, |open| open.span.start);
        self.count(Span::new(start, unit.end))
    }

    fn close(&mut self) -> Result<(), EncodeError> {
        self.open.take().map_or(Ok(()), |open| self.push(open.span))
    }

    /// Makes a piece of `span`. Its tokens are counted as a whole, which may differ from the sum of its parts.
    fn push(&mut self, span: Span) -> Result<(), EncodeError> {
        let tokens = self.count(span)?;
        if tokens > self.size.limit
            && let Some(halves) = self.halves(span)
        {
            return halves.into_iter().try_for_each(|half| self.push(half));
        }
        let heading = |s: &&Section| s.heading.of(&self.content.text).unwrap_or_default().trim().to_owned();
        let heading_path = self.headings.iter().map(heading).collect();
        self.pieces.push(Piece { span, heading_path, tokens });
        Ok(())
    }

    fn count(&self, span: Span) -> Result<usize, EncodeError> {
        (self.count)(&self.content.text[span.range()])
    }
}

fn trimmed(text: &str, span: Span) -> Option<Span> {
    let part = &text[span.range()];
    let start = span.start + part.len() - part.trim_start().len();
    let kept = part.trim().len();
    (kept > 0).then(|| Span::new(start, start + kept))
}

/// Paragraphs of a stretch: parted by empty lines, trimmed.
fn paragraphs(text: &str, span: Span) -> Vec<Span> {
    let mut out = Vec::new();
    let mut start = span.start;
    for part in text[span.range()].split("\n\n") {
        out.extend(trimmed(text, Span::new(start, start + part.len())));
        start += part.len() + 2;
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::types::Media;

    fn content(text: &str, sections: Vec<Section>, furniture: Vec<Span>) -> Content {
        let (text, title, language, pages) = (text.to_owned(), None, None, None);
        Content {
            media: Media::Text,
            title,
            language,
            pages,
            text,
            sections,
            furniture,
            anchors: vec![],
            unread: vec![],
            properties: crate::types::Metadata::new(),
        }
    }

    fn section(text: &str, heading: &str, level: u8) -> Section {
        let start = text.find(heading).unwrap();
        Section { level, heading: Span::new(start, start + heading.len()) }
    }

    /// One token a word, and one a character of a word beyond its eighth.
    fn words(text: &str) -> Result<usize, EncodeError> {
        Ok(text.split_whitespace().map(|w| 1 + w.chars().count().saturating_sub(8)).sum())
    }

    fn cut(content: &Content, target: usize, limit: usize) -> Vec<(String, Vec<String>)> {
        let pieces = chunk(content, &words, ChunkSize { target, limit }).unwrap();
        pieces.into_iter().map(|p| (content.text[p.span.range()].to_owned(), p.heading_path)).collect()
    }

    #[test]
    fn headings_open_pieces_and_name_them() {
        let text = "1 One\n\n1.1 Sub\n\nAlpha beta. Gamma delta.\n\n2 Two\n\nEpsilon.";
        let sections = vec![section(text, "1 One", 1), section(text, "1.1 Sub", 2), section(text, "2 Two", 1)];
        let got = cut(&content(text, sections, vec![]), 20, 40);
        assert_eq!(got.len(), 2);
        assert_eq!(got[0].1, ["1 One", "1.1 Sub"]);
        assert_eq!(got[1], ("2 Two\n\nEpsilon.".to_owned(), vec!["2 Two".to_owned()]));
    }

    #[test]
    fn sentences_stay_whole_and_furniture_stays_out() {
        let text = "One two three four. Five six seven.\n\nPage 3\n\nEight nine. Ten eleven twelve.";
        let footer = text.find("Page 3").unwrap();
        let got = cut(&content(text, vec![], vec![Span::new(footer, footer + 6)]), 5, 10);
        let texts: Vec<&str> = got.iter().map(|g| g.0.as_str()).collect();
        assert_eq!(texts, ["One two three four.", "Five six seven.", "Eight nine. Ten eleven twelve."]);
    }

    proptest! {
        #[test]
        fn pieces_are_spans_in_order_that_cover_the_text(
            blocks in prop::collection::vec(("[a-z\u{4e00}-\u{4e20}。. ]{1,60}", 0u8..4), 0..12),
            target in 1usize..12,
            more in 0usize..6,
        ) {
            let (mut text, mut sections, mut furniture) = (String::new(), vec![], vec![]);
            for (block, kind) in &blocks {
                let span = Span::new(text.len(), text.len() + block.len());
                match kind {
                    0 => sections.push(Section { level: 1 + (block.len() % 3) as u8, heading: span }),
                    1 => furniture.push(span),
                    _ => {}
                }
                text.push_str(block);
                text.push_str("\n\n");
            }
            let content = content(&text, sections, furniture);
            content.check().unwrap();
            let size = ChunkSize { target, limit: target + more };
            let mut free = 0;
            let flagged = |from: usize, to: usize| {
                text[from..to].char_indices().all(|(i, c)| {
                    let at = Span::new(from + i, from + i + c.len_utf8());
                    c.is_whitespace() || content.furniture.iter().any(|f| f.overlaps(at))
                })
            };
            for piece in chunk(&content, &words, size).unwrap() {
                prop_assert!(piece.span.start >= free && !piece.span.is_empty());
                prop_assert!(flagged(free, piece.span.start), "text lost before {:?}", piece.span);
                prop_assert!(!content.furniture.iter().any(|f| f.overlaps(piece.span)));
                let part = piece.span.of(&text).unwrap();
                prop_assert_eq!(words(part).unwrap(), piece.tokens);
                prop_assert!(piece.tokens <= size.limit || part.chars().count() == 1);
                free = piece.span.end;
            }
            prop_assert!(flagged(free, text.len()));
        }
    }
}
