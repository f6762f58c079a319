//! Which passages a language model is given: as many of the best as fit, in the order of their documents.

use std::collections::BTreeMap;

use super::prompt::frame;
use crate::language::sentences;
use crate::types::{DocumentId, Hit, Locator, Span};

/// Tokens below which a piece of a passage is not worth giving.
const LEAST: usize = 24;

/// A passage as a model is given it.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// The number by which it is cited, from 1.
    pub number: usize,
    /// Its document.
    pub document: DocumentId,
    /// Its document's origin.
    pub origin: String,
    /// Where it stands in the document's text.
    pub span: Span,
    /// Its text.
    pub text: String,
    /// Where it stands in the original.
    pub locator: Locator,
    /// Headings above it, topmost first.
    pub heading_path: Vec<String>,
}

impl Passage {
    /// The document's name: the last part of its origin.
    pub fn document_name(&self) -> &str {
        crate::types::name_of(&self.origin)
    }
}

/// What became of the passages that were found.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Fitted {
    /// Those that fit, as they are given.
    pub passages: Vec<Passage>,
    /// How many of them were cut.
    pub cut: usize,
    /// How many did not fit at all.
    pub left_out: usize,
}

/// Takes passages in the order of their relevance until `budget` tokens are full; the first that does not fit is cut to whole
/// sentences about its best one, which `best` names by document and place. What was taken is put in the order of its documents,
/// the document of the best passage first, and numbered.
///
/// # Errors
/// When `count` cannot count the tokens of a text.
pub(super) fn fit<E>(
    hits: &[Hit],
    best: &[(DocumentId, Span)],
    budget: usize,
    count: &dyn Fn(&str) -> Result<usize, E>,
) -> Result<Fitted, E> {
    let mut left = budget;
    let mut fitted = Fitted::default();
    for (i, hit) in hits.iter().enumerate() {
        let whole = of_hit(hit);
        let around = count(&frame(&whole))?;
        let cost = around + count(&whole.text)?;
        if cost <= left {
            left -= cost;
            fitted.passages.push(whole);
            continue;
        }
        let kept = match left.saturating_sub(around) {
            room if room >= LEAST => cut(&whole, best, room, count)?,
            _ => None,
        };
        fitted.cut = usize::from(kept.is_some());
        fitted.left_out = hits.len() - i - fitted.cut;
        fitted.passages.extend(kept);
        break;
    }
    in_order(&mut fitted.passages);
    Ok(fitted)
}

fn of_hit(hit: &Hit) -> Passage {
    Passage {
        number: 0,
        document: hit.chunk.document,
        origin: hit.origin.clone(),
        span: hit.chunk.piece.span,
        text: hit.text.clone(),
        locator: hit.locator.clone(),
        heading_path: hit.chunk.piece.heading_path.clone(),
    }
}

/// As many whole sentences about the best one as fit `room`; `None` where not even that one does.
fn cut<E>(
    whole: &Passage,
    best: &[(DocumentId, Span)],
    room: usize,
    count: &dyn Fn(&str) -> Result<usize, E>,
) -> Result<Option<Passage>, E> {
    let all = sentences(&whole.text);
    let wanted = best.iter().find(|(document, span)| *document == whole.document && whole.span.overlaps(*span));
    let local = wanted.map_or(0, |(_, span)| span.start.saturating_sub(whole.span.start));
    let centre = all.iter().position(|sentence| sentence.end > local).unwrap_or_default();
    let fits = |first: usize, last: usize| match (all.get(first), all.get(last)) {
        (Some(from), Some(to)) => count(&whole.text[from.start..to.end]).map(|tokens| tokens <= room),
        _ => Ok(false),
    };
    if !fits(centre, centre)? {
        return Ok(None);
    }
    let (mut first, mut last) = (centre, centre);
    loop {
        // what follows a sentence explains it more often than what precedes it
        if fits(first, last + 1)? {
            last += 1;
        } else if first > 0 && fits(first - 1, last)? {
            first -= 1;
        } else {
            break;
        }
    }
    let (start, end) = (all[first].start, all[last].end);
    Ok(Some(Passage {
        span: Span::new(whole.span.start + start, whole.span.start + end),
        text: whole.text[start..end].to_owned(),
        ..whole.clone()
    }))
}

fn in_order(passages: &mut [Passage]) {
    let mut rank: BTreeMap<DocumentId, usize> = BTreeMap::new();
    for passage in passages.iter() {
        let next = rank.len();
        rank.entry(passage.document).or_insert(next);
    }
    passages.sort_by_key(|passage| (rank.get(&passage.document).copied(), passage.span));
    passages.iter_mut().enumerate().for_each(|(i, passage)| passage.number = i + 1);
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::types::{Chunk, ChunkId, Piece, Why};

    fn hit(document: i64, start: usize, text: &str) -> Hit {
        let span = Span::new(start, start + text.len());
        let piece = Piece { span, heading_path: Vec::new(), tokens: 0 };
        let why = Why { dense: None, lexical: None, fused: None, reranked: None };
        let id = ChunkId(document * 100 + start as i64);
        Hit {
            chunk: Chunk { id, document: DocumentId(document), piece },
            chunks: vec![id],
            origin: format!("/{document}.txt"),
            also: Vec::new(),
            text: text.to_owned(),
            locator: Locator::Nowhere {},
            score: 0.0,
            why,
        }
    }

    fn words(text: &str) -> Result<usize, Infallible> {
        Ok(text.split_whitespace().count())
    }

    fn texts(fitted: &Fitted) -> Vec<(usize, &str)> {
        fitted.passages.iter().map(|p| (p.number, p.text.as_str())).collect()
    }

    #[test]
    fn passages_stand_in_the_order_of_their_documents() {
        let hits = [hit(2, 50, "late"), hit(1, 0, "other"), hit(2, 0, "early")];
        let fitted = fit(&hits, &[], 1000, &words).unwrap();
        assert_eq!(texts(&fitted), [(1, "early"), (2, "late"), (3, "other")]);
        assert_eq!((fitted.cut, fitted.left_out), (0, 0));
    }

    #[test]
    fn the_budget_is_kept_and_what_did_not_fit_is_counted() {
        let sentence = |word: &str| format!("{} end.", vec![word; 30].join(" "));
        let long = format!("{} {} {}", sentence("One"), sentence("Two"), sentence("Three"));
        let hits = [hit(1, 0, "short text."), hit(2, 0, &long), hit(3, 0, "never given.")];
        let second = (DocumentId(2), Span::new(long.find("Two").unwrap(), long.find("Three").unwrap()));
        let fitted = fit(&hits, &[second], 60, &words).unwrap();
        assert_eq!(texts(&fitted), [(1, "short text."), (2, sentence("Two").as_str())]);
        assert_eq!((fitted.cut, fitted.left_out), (1, 1));
        let passage = &fitted.passages[1];
        assert_eq!(&long[passage.span.range()], passage.text);
        assert!(fit(&hits, &[], 0, &words).unwrap().passages.is_empty());
    }
}
