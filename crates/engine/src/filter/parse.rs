use std::str::FromStr;

use super::date::Period;
use super::error::{FilterError, FilterProblem};
use super::field::{self, Field, Kind};
use super::token::{self, Keyword, Operator, Sign, Text};
use super::{Condition, Expression, MAX_BYTES, MAX_NESTING, Node, Test};

/// Characters of the filter that a message repeats.
const LONGEST_FOUND: usize = 40;

impl FromStr for Expression {
    type Err = FilterError;

    fn from_str(input: &str) -> Result<Self, Self::Err> {
        let too_long = || FilterError::new(input, input.floor_char_boundary(MAX_BYTES), FilterProblem::TooLong);
        if input.len() > MAX_BYTES {
            return Err(too_long());
        }
        let mut parser = Parser { input, at: 0, depth: 0 };
        let expression = Self(parser.any()?);
        if let Some(found) = parser.next_char() {
            let example = if is_value_sign(found) { "title = \"a = b\"" } else { "tag = contract and client = Acme" };
            return Err(parser.unexpected("`and`, `or`, another test or the end", example));
        }
        if expression.to_string().len() > MAX_BYTES {
            return Err(too_long());
        }
        Ok(expression)
    }
}

/// Whether the sign may be one that a value was to hold.
fn is_value_sign(c: char) -> bool {
    matches!(token::ascii_twin(c), '=' | '<' | '>' | '~' | '!' | ':') || token::is_quote(c)
}

#[derive(Debug)]
struct Parser<'a> {
    input: &'a str,
    /// The byte before which all is read.
    at: usize,
    /// Parentheses and `not` around it.
    depth: usize,
}

/// A value as it stands in the filter.
enum Written<'a> {
    Bare(&'a str),
    Quoted(String),
}

impl<'a> Parser<'a> {
    fn any(&mut self) -> Result<Node, FilterError> {
        let mut terms = vec![self.all()?];
        while self.take_keyword(Keyword::Or) {
            terms.push(self.all()?);
        }
        Ok(Node::any(terms))
    }

    fn all(&mut self) -> Result<Node, FilterError> {
        let mut terms = vec![self.not()?];
        while self.take_keyword(Keyword::And) || self.is_before_term() {
            terms.push(self.not()?);
        }
        Ok(Node::all(terms))
    }

    fn not(&mut self) -> Result<Node, FilterError> {
        self.skip_space();
        let start = self.at;
        if self.take_keyword(Keyword::Not) {
            return self.nested(start, Self::not).map(Node::not);
        }
        if !self.take_sign('(') {
            return self.test();
        }
        let inner = self.nested(start, Self::any)?;
        if self.take_sign(')') {
            return Ok(inner);
        }
        Err(self.unexpected("`)`, `and`, `or` or another test", "(tag = contract or tag = invoice) and client = Acme"))
    }

    fn nested(
        &mut self,
        start: usize,
        parse: impl FnOnce(&mut Self) -> Result<Node, FilterError>,
    ) -> Result<Node, FilterError> {
        if self.depth == MAX_NESTING {
            return Err(FilterError::new(self.input, start, FilterProblem::TooDeep));
        }
        self.depth += 1;
        let node = parse(self)?;
        self.depth -= 1;
        Ok(node)
    }

    fn test(&mut self) -> Result<Node, FilterError> {
        let field = self.field()?;
        let sign = self.operator(&field)?;
        let condition = self.condition(&field, sign)?;
        let test = Node::Test(Test { field, condition });
        Ok(if sign.sign == "!=" { Node::not(test) } else { test })
    }

    fn field(&mut self) -> Result<Field, FilterError> {
        let word = self.word();
        if word.is_empty() || Keyword::of(word).is_some() {
            return Err(self.unexpected("a field, `not` or `(`", "tag = contract"));
        }
        self.at += word.len();
        match Field::named(word) {
            Some(field) => Ok(field),
            None => Err(self.unexpected(&format!("a metadata key right after `{word}`"), "meta.title = Report")),
        }
    }

    fn operator(&mut self, field: &Field) -> Result<Sign, FilterError> {
        self.skip_space();
        let signs = field.kind().signs();
        match Sign::at_start(self.rest()).filter(|sign| signs.contains(&sign.sign)) {
            Some(sign) => {
                self.at += sign.bytes;
                Ok(sign)
            }
            None => {
                let expected = format!("one of {} after `{}`", signs.join(" "), shortened(&field.to_string()));
                Err(self.unexpected(&expected, &field.example()))
            }
        }
    }

    fn condition(&mut self, field: &Field, sign: Sign) -> Result<Condition, FilterError> {
        self.skip_space();
        let Some((written, bytes)) = self.value() else { return Err(self.missing_value(field, sign)) };
        match condition(field.kind(), sign.operator, &written) {
            Some(condition) => {
                self.at += bytes;
                Ok(condition)
            }
            None => Err(self.unfit_value(field, sign, &written)),
        }
    }

    /// The value that begins here, with the bytes it takes.
    fn value(&self) -> Option<(Written<'a>, usize)> {
        let rest = self.rest();
        if rest.starts_with(token::is_quote) {
            let (value, bytes) = token::quoted(rest)?;
            return Some((Written::Quoted(value), bytes));
        }
        let word = token::bare_word(rest);
        let is_value = !word.is_empty() && Keyword::of(word).is_none();
        is_value.then_some((Written::Bare(word), word.len()))
    }

    fn missing_value(&mut self, field: &Field, sign: Sign) -> FilterError {
        if self.rest().starts_with(token::is_quote) {
            let expected = format!("a value with a closing quote after `{}`", sign.sign);
            return self.unexpected(&expected, "title = \"annual report\"");
        }
        self.unexpected(&format!("{} after `{}`", field.kind().values(), sign.sign), &field.example())
    }

    fn unfit_value(&mut self, field: &Field, sign: Sign, written: &Written<'_>) -> FilterError {
        let starred = matches!(written, Written::Bare(word) if token::fold(word).contains('*'));
        if starred && (field.kind() == Kind::Text || sign.operator != Operator::Equal) {
            let expected = "a value in which `*` is in double quotes, or `*` alone after = or != for any value";
            return self.unexpected(expected, "name ~ \".pdf\"");
        }
        self.unexpected(&format!("{} after `{}`", field.kind().values(), sign.sign), &field.example())
    }

    fn unexpected(&mut self, expected: &str, example: &str) -> FilterError {
        self.skip_space();
        let (expected, found, example) = (expected.to_owned(), self.found(), example.to_owned());
        FilterError::new(self.input, self.at, FilterProblem::Unexpected { expected, found, example })
    }

    /// What stands here, for a message.
    fn found(&self) -> String {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return "the end".to_owned() };
        let run = token::run(rest);
        let found = match Sign::at_start(rest) {
            Some(sign) => &rest[..sign.bytes],
            None if token::is_quote(first) => token::quoted(rest).map_or(rest, |(_, bytes)| &rest[..bytes]),
            None if run.is_empty() => &rest[..first.len_utf8()],
            None => run,
        };
        format!("`{}`", shortened(found))
    }

    fn rest(&self) -> &'a str {
        &self.input[self.at..]
    }

    fn next_char(&mut self) -> Option<char> {
        self.skip_space();
        self.rest().chars().next()
    }

    fn skip_space(&mut self) {
        self.at = self.input.len() - self.rest().trim_start().len();
    }

    fn word(&mut self) -> &'a str {
        self.skip_space();
        token::field_word(self.rest())
    }

    /// Whether a term begins here, though no `and` stands before it.
    fn is_before_term(&mut self) -> bool {
        let word = self.word();
        let is_term = !word.is_empty() && matches!(Keyword::of(word), None | Some(Keyword::Not));
        is_term || self.next_char().is_some_and(|c| token::ascii_twin(c) == '(')
    }

    fn take_keyword(&mut self, keyword: Keyword) -> bool {
        let word = self.word();
        let taken = Keyword::of(word) == Some(keyword);
        self.at += if taken { word.len() } else { 0 };
        taken
    }

    fn take_sign(&mut self, sign: char) -> bool {
        let next = self.next_char().filter(|c| token::ascii_twin(*c) == sign);
        self.at += next.map_or(0, char::len_utf8);
        next.is_some()
    }
}

/// What the operator and the value ask for; `None` where the value cannot be one of such a field.
fn condition(kind: Kind, operator: Operator, written: &Written<'_>) -> Option<Condition> {
    let (text, bare) = match written {
        Written::Bare(word) => (Text::new(*word), true),
        Written::Quoted(value) => (Text::new(value.as_str()), false),
    };
    let folded = text.folded.as_str();
    if bare && folded.contains('*') {
        return (folded == "*" && operator == Operator::Equal).then_some(Condition::Present);
    }
    match kind {
        Kind::Number => folded.parse().ok().map(|number| Condition::Number(operator, number)),
        Kind::Moment => Period::parse(folded).map(|period| Condition::Moment(operator, period)),
        Kind::Media => field::media(folded).map(Condition::Code),
        Kind::Language => field::language(folded).map(Condition::Code),
        Kind::Text => Some(Condition::Text(operator, text)),
    }
}

/// The first characters, such as a terminal can show on a line.
fn shortened(text: &str) -> String {
    let mut shown: String =
        text.chars().take(LONGEST_FOUND).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(LONGEST_FOUND).is_some() {
        shown.push('…');
    }
    shown
}
