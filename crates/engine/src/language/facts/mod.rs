//! What a text claims that can be compared exactly: numbers, dates, names and negations, in English and Chinese. Texts
//! of other languages give the numbers, the dates and the names that their letters tell without a dictionary.

mod chinese;
mod dates;
mod english;
mod han;
mod lists;
mod names;
mod negation;
mod numbers;
mod tokens;
mod value;

pub use crate::types::Span;
pub use dates::{Date, Decade};
pub use han::{HanPairs, Sign, Unexplained, is_name_like, share_characters, strange, unexplained};
pub use names::{Name, NameKind, Tongue, tongue};
pub use negation::{Clause, clauses};
pub use numbers::Number;
pub use tokens::{Kind, Token, Tokens, digit, is_apostrophe, is_han};
pub use value::Value;

/// The facts of a text. All lists ascend by their spans.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Its numbers, those of dates left out.
    pub numbers: Vec<Number>,
    /// Its years, days, decades and centuries. A number of four digits that may be a year is taken for one.
    pub dates: Vec<Date>,
    /// Its proper names, as far as letters and marks tell them.
    pub names: Vec<Name>,
    /// Its clauses, and which of them are negated.
    pub clauses: Vec<Clause>,
}

/// Reads the facts of a text: a sentence, or a passage. In time linear in the text.
pub fn facts(text: &str) -> Facts {
    let tokens = Tokens::of(text);
    facts_of(&tokens, tongue(&tokens).unwrap_or(Tongue::English))
}

/// The facts of a text in tokens, whose capitals are read by the habits of `tongue`.
pub fn facts_of(tokens: &Tokens<'_>, tongue: Tongue) -> Facts {
    let (dates, numbers) = numbers::read(tokens);
    let names = names::names(tokens, &dates, tongue);
    Facts { numbers, dates, names, clauses: clauses(tokens) }
}

#[cfg(test)]
mod tests;
