//! The language by which documents are selected: `tag = contract and client = "Acme" and not language = zh`.
//!
//! ```text
//! filter = or
//! or     = and {"or" and}
//! and    = not {["and"] not}
//! not    = "not" not | "(" or ")" | test
//! test   = field ("=" | "!=" | "<" | "<=" | ">" | ">=" | "~" | ":") value
//! ```
//!
//! [`Expression`] is parsed once ([`str::parse`]) and asked of each document's [`Facts`]. What a field is called, and
//! what may stand after it, is in `field`; signs, words and quotes are in `token`.

mod date;
mod error;
mod evaluate;
mod field;
mod parse;
#[cfg(test)]
mod tests;
mod token;

use std::fmt;

pub use error::{FilterError, FilterProblem};
pub use evaluate::Facts;

use date::Period;
use field::Field;
use token::{Operator, Text};

/// The longest filter, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;

/// How many parentheses and `not` may stand within one another.
pub const MAX_NESTING: usize = 64;

/// A filter: what must hold of a document for it to be selected.
///
/// [`Display`](fmt::Display) writes the canonical form: every `and` and every `!=` written out, quotes only where they
/// are needed, no parenthesis too many. An expression that was parsed is equal to what its canonical form parses to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression(Node);

impl Expression {
    /// Whether the document with these facts is selected.
    pub fn matches(&self, facts: &Facts<'_>) -> bool {
        self.0.holds(facts)
    }

    /// The conjunction: selects what both select.
    ///
    /// Of two expressions near [`MAX_BYTES`] or [`MAX_NESTING`] it may be one whose canonical form is past those
    /// limits.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(Node::all(vec![self.0, other.0]))
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Made by [`Node::all`], [`Node::any`] and [`Node::not`] alone, so that one meaning has one shape: no conjunction
/// stands directly in a conjunction, no disjunction in a disjunction, no negation in a negation, and none has fewer
/// than two terms.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Test(Test),
    Not(Box<Node>),
    All(Vec<Node>),
    Any(Vec<Node>),
}

impl Node {
    fn all(terms: Vec<Self>) -> Self {
        let flatten = |term| match term {
            Self::All(inner) => inner,
            other => vec![other],
        };
        Self::joined(terms.into_iter().flat_map(flatten).collect(), Self::All)
    }

    fn any(terms: Vec<Self>) -> Self {
        let flatten = |term| match term {
            Self::Any(inner) => inner,
            other => vec![other],
        };
        Self::joined(terms.into_iter().flat_map(flatten).collect(), Self::Any)
    }

    fn joined(mut terms: Vec<Self>, join: impl FnOnce(Vec<Self>) -> Self) -> Self {
        match terms.pop() {
            Some(only) if terms.is_empty() => only,
            Some(last) => {
                terms.push(last);
                join(terms)
            }
            None => join(terms),
        }
    }

    fn not(term: Self) -> Self {
        match term {
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    fn write_joined(f: &mut fmt::Formatter<'_>, terms: &[Self], word: &str) -> fmt::Result {
        for (index, term) in terms.iter().enumerate() {
            if index > 0 {
                write!(f, " {word} ")?;
            }
            match term {
                Self::Any(_) => write!(f, "({term})")?,
                _ => write!(f, "{term}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Test(test) => test.write(f, false),
            Self::Not(inner) => match inner.as_ref() {
                Self::Test(test) => test.write(f, true),
                _ => write!(f, "not ({inner})"),
            },
            Self::All(terms) => Self::write_joined(f, terms, "and"),
            Self::Any(terms) => Self::write_joined(f, terms, "or"),
        }
    }
}

/// One comparison of a field; true when it is true of any of the field's values.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Test {
    field: Field,
    condition: Condition,
}

/// What a value of the field must be.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Condition {
    /// `= *`
    Present,
    Number(Operator, i64),
    Moment(Operator, Period),
    /// A name out of a closed list.
    Code(&'static str),
    Text(Operator, Text),
}

impl Test {
    fn write(&self, f: &mut fmt::Formatter<'_>, negated: bool) -> fmt::Result {
        let operator = self.condition.operator();
        let sign = if negated && operator == Operator::Equal { "!=" } else { operator.sign() };
        let not = if negated && operator != Operator::Equal { "not " } else { "" };
        write!(f, "{not}{} {sign} {}", self.field, self.condition)
    }
}

impl Condition {
    fn operator(&self) -> Operator {
        match self {
            Self::Present | Self::Code(_) => Operator::Equal,
            Self::Number(operator, _) | Self::Moment(operator, _) | Self::Text(operator, _) => *operator,
        }
    }
}

/// Writes the value, without the operator.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Present => f.write_str("*"),
            Self::Number(_, number) => number.fmt(f),
            Self::Moment(_, period) => period.fmt(f),
            Self::Code(code) => f.write_str(code),
            Self::Text(_, text) => text.fmt(f),
        }
    }
}
