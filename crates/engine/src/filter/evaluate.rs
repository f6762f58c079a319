use crate::types::DocumentSummary;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use super::date::{self, Period};
use super::field::Field;
use super::token::{Operator, Text, fold};
use super::{Condition, Node, Test};

/// What is known of a document, for a filter to decide on.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Its number.
    pub document: i64,
    /// Where it came from: an absolute path.
    pub origin: &'a str,
    /// The name of its media: `pdf`, `markdown` or `text`.
    pub media: &'a str,
    /// ISO 639-3 code, as whatlang gives it.
    pub language: Option<&'a str>,
    /// Its own title.
    pub title: Option<&'a str>,
    /// Number of pages, where the original has pages.
    pub pages: Option<u32>,
    /// When it was added, in seconds since 1970 (UTC).
    pub added_at: i64,
    /// Its tags.
    pub tags: &'a [String],
    /// Its further metadata: the values under each key.
    pub metadata: &'a BTreeMap<String, Vec<String>>,
}

impl<'a> From<&'a DocumentSummary> for Facts<'a> {
    fn from(document: &'a DocumentSummary) -> Self {
        Self {
            document: document.id.0,
            origin: &document.origin,
            media: document.media.name(),
            language: document.language.as_deref(),
            title: document.title.as_deref(),
            pages: document.pages,
            added_at: document.added_at,
            tags: &document.tags,
            metadata: &document.metadata,
        }
    }
}

/// One value of a field of a document.
#[derive(Debug, Clone, Copy)]
enum Fact<'a> {
    Number(i64),
    Moment(i64),
    Text(&'a str),
    /// An origin: equal to the folders above it, too.
    Path(&'a str),
    /// A metadata value: text that may be a date.
    Metadata(&'a str),
}

impl Node {
    pub(super) fn holds(&self, facts: &Facts<'_>) -> bool {
        match self {
            Self::Test(test) => test.holds(facts),
            Self::Not(inner) => !inner.holds(facts),
            Self::All(terms) => terms.iter().all(|term| term.holds(facts)),
            Self::Any(terms) => terms.iter().any(|term| term.holds(facts)),
        }
    }
}

impl Test {
    fn holds(&self, facts: &Facts<'_>) -> bool {
        let holds = |fact| self.condition.holds(fact);
        match &self.field {
            Field::Document => holds(Fact::Number(facts.document)),
            Field::Name => holds(Fact::Text(facts.origin.rsplit(['/', '\\']).next().unwrap_or(facts.origin))),
            Field::Path => holds(Fact::Path(facts.origin)),
            Field::Media => holds(Fact::Text(facts.media)),
            Field::Language => facts.language.is_some_and(|code| holds(Fact::Text(code))),
            Field::Title => facts.title.is_some_and(|title| holds(Fact::Text(title))),
            Field::Pages => facts.pages.is_some_and(|pages| holds(Fact::Number(pages.into()))),
            Field::Added => holds(Fact::Moment(facts.added_at)),
            Field::Tag => facts.tags.iter().any(|tag| holds(Fact::Text(tag))),
            Field::Metadata(asked) => {
                let mut named = facts.metadata.iter().filter(|(key, _)| fold(key) == asked.folded);
                named.any(|(_, values)| values.iter().any(|value| holds(Fact::Metadata(value))))
            }
        }
    }
}

impl Condition {
    fn holds(&self, fact: Fact<'_>) -> bool {
        match (self, fact) {
            (Self::Present, _) => true,
            (Self::Number(operator, asked), Fact::Number(stored)) => operator.accepts(stored.cmp(asked)),
            (Self::Moment(operator, asked), Fact::Moment(stored)) => asked.holds(*operator, &Period::moment(stored)),
            (Self::Code(asked), Fact::Text(stored)) => fold(stored) == *asked,
            (Self::Text(operator, asked), Fact::Text(stored)) => text_holds(*operator, &fold(stored), &asked.folded),
            (Self::Text(operator, asked), Fact::Path(stored)) => path_holds(*operator, stored, asked),
            (Self::Text(operator, asked), Fact::Metadata(stored)) => {
                let stored = fold(stored);
                let dated = || dates(&stored, &asked.folded).is_some_and(|(s, a)| date::holds(Operator::Equal, &s, &a));
                text_holds(*operator, &stored, &asked.folded) || (*operator == Operator::Equal && dated())
            }
            // The parser gives a field no condition of another kind.
            (Self::Number(..) | Self::Moment(..) | Self::Code(_) | Self::Text(..), _) => false,
        }
    }
}

/// Compares folded texts: in order as numbers where both are, else as dates where both are, else code point by code
/// point.
fn text_holds(operator: Operator, stored: &str, asked: &str) -> bool {
    match operator {
        Operator::Equal => stored == asked,
        Operator::Contains => stored.contains(asked),
        Operator::Less | Operator::AtMost | Operator::Greater | Operator::AtLeast => {
            if let (Some(stored), Some(asked)) = (number(stored), number(asked)) {
                stored.partial_cmp(&asked).is_some_and(|order| operator.accepts(order))
            } else if let Some((stored, asked)) = dates(stored, asked) {
                date::holds(operator, &stored, &asked)
            } else {
                operator.accepts(stored.cmp(asked))
            }
        }
    }
}

fn path_holds(operator: Operator, stored: &str, asked: &Text) -> bool {
    let (stored, asked) = (fold(stored), separated(&asked.folded));
    let stored = separated(&stored);
    match operator {
        Operator::Equal => lies_at(&stored, &asked),
        _ => text_holds(operator, &stored, &asked),
    }
}

/// Whether `origin` is `place`, or lies below it, at whatever depth.
fn lies_at(origin: &str, place: &str) -> bool {
    let below = |rest: &str| rest.is_empty() || rest.starts_with('/');
    origin == place || (!place.is_empty() && origin.strip_prefix(place.trim_end_matches('/')).is_some_and(below))
}

/// A path with one separator for all systems.
fn separated(path: &str) -> Cow<'_, str> {
    if path.contains('\\') { Cow::Owned(path.replace('\\', "/")) } else { Cow::Borrowed(path) }
}

/// A decimal number; unlike [`str::parse`], neither an infinity nor an exponent.
fn number(folded: &str) -> Option<f64> {
    let decimal = folded.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.'));
    folded.parse().ok().filter(|number: &f64| decimal && number.is_finite())
}

fn dates(stored: &str, asked: &str) -> Option<(Range<i64>, Range<i64>)> {
    Some((date::seconds(stored)?, date::seconds(asked)?))
}
