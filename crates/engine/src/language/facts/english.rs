//! Numbers in English words, and words that multiply digits.

use super::tokens::{Kind, Tokens};
use super::value::Value;

const UNITS: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];

const ORDINALS: [&str; 20] = [
    "zeroth",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
];

const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

const TENTHS: [&str; 8] =
    ["twentieth", "thirtieth", "fortieth", "fiftieth", "sixtieth", "seventieth", "eightieth", "ninetieth"];

/// Words that multiply, with their power of ten. Those of other languages have one meaning only.
const SCALES: [(&str, u32); 17] = [
    ("hundred", 2),
    ("thousand", 3),
    ("million", 6),
    ("millions", 6),
    ("billion", 9),
    ("trillion", 12),
    ("bn", 9),
    ("millionen", 6),
    ("mio", 6),
    ("milliarden", 9),
    ("milliarde", 9),
    ("mrd", 9),
    ("millones", 6),
    ("millón", 6),
    ("milliard", 9),
    ("milliards", 9),
    ("mln", 6),
];

/// What a number in words is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Below(u8),
    Ten(u8),
    Ordinal(u8),
    Tenth(u8),
    Scale(u32),
    ScaleOrdinal(u32),
}

/// A number in words.
#[derive(Debug)]
pub(super) struct Spelled {
    /// The token after it.
    pub(super) end: usize,
    /// What it may mean, the likeliest first.
    pub(super) readings: Vec<Value>,
    /// Whether it counts for certain.
    pub(super) certain: bool,
    /// Whether it is an ordinal.
    pub(super) ordinal: bool,
}

fn position(words: &[&str], word: &str) -> Option<u8> {
    words.iter().position(|known| *known == word).and_then(|at| u8::try_from(at).ok())
}

fn word(text: &str) -> Option<Word> {
    // no number word is longer, and no foreign one need be folded
    if text.len() > 12 {
        return None;
    }
    let lower = text.to_lowercase();
    let lower = lower.as_str();
    position(&UNITS, lower)
        .map(Word::Below)
        .or_else(|| position(&TENS, lower).map(|i| Word::Ten(20 + 10 * i)))
        .or_else(|| position(&ORDINALS, lower).map(Word::Ordinal))
        .or_else(|| position(&TENTHS, lower).map(|i| Word::Tenth(20 + 10 * i)))
        .or_else(|| scale(lower).map(Word::Scale))
        .or_else(|| lower.strip_suffix("th").and_then(scale).map(Word::ScaleOrdinal))
}

fn scale(lower: &str) -> Option<u32> {
    SCALES.iter().find(|(name, _)| *name == lower).map(|(_, power)| *power)
}

/// Whether the token may begin a number in words.
pub(super) fn is_number(text: &str) -> bool {
    word(text).is_some()
}

/// The power of ten that the words from token `at` on multiply by, and the token after them: `hundred thousand`.
pub(super) fn scales(tokens: &Tokens<'_>, at: usize) -> Option<(u32, usize)> {
    let mut at = at;
    if tokens.str(at) == "-" && tokens.glued_before(at) {
        at += 1;
    }
    let mut power = 0;
    let mut end = at;
    while tokens.kind(end) == Some(Kind::Word) && power < 30 {
        let Some(more) = scale(&tokens.str(end).to_lowercase()) else { break };
        power += more;
        end += 1;
    }
    (end > at).then_some((power, end))
}

/// The number in words whose first token is `at`.
pub(super) fn spelled(tokens: &Tokens<'_>, at: usize) -> Option<Spelled> {
    let first = word(tokens.str(at)).filter(|_| tokens.kind(at) == Some(Kind::Word))?;
    let mut sum = Sum::default();
    let mut end = at;
    let mut next = Some((first, at));
    while let Some((word, place)) = next {
        if !sum.take(word) {
            break;
        }
        end = place + 1;
        next = if sum.ordinal { None } else { following(tokens, end, sum.after_scale) };
    }
    let (value, end) = halved(tokens, sum.value(), end);
    let single = end == at + 1;
    let vague = match first {
        Word::Below(0 | 1) | Word::Ordinal(0..=2) | Word::Scale(_) => single,
        Word::Below(2) => single && is_article(tokens, at),
        _ => false,
    };
    let certain = !vague;
    Some(Spelled {
        end,
        readings: fractions(tokens, at, end, &sum).unwrap_or_else(|| vec![value]),
        certain,
        ordinal: sum.ordinal,
    })
}

/// The next word of a number: after a hyphen, after a space, or after `and` where a scale stood before it.
fn following(tokens: &Tokens<'_>, at: usize, after_scale: bool) -> Option<(Word, usize)> {
    let hyphen = tokens.str(at) == "-" && tokens.glued_before(at) && tokens.glued(at);
    let and = after_scale && tokens.str(at).eq_ignore_ascii_case("and");
    let at = if hyphen || and { at + 1 } else { at };
    let found = word(tokens.str(at)).filter(|_| tokens.kind(at) == Some(Kind::Word))?;
    let fits = !and || !matches!(found, Word::Scale(_) | Word::ScaleOrdinal(_));
    fits.then_some((found, at))
}

/// `two of them`, `the two`: not a count that another text must spell.
fn is_article(tokens: &Tokens<'_>, at: usize) -> bool {
    let before = at.checked_sub(1).map_or("", |before| tokens.str(before)).to_lowercase();
    matches!(before.as_str(), "the" | "these" | "those" | "other" | "all")
}

/// `two and a half`.
fn halved(tokens: &Tokens<'_>, value: Value, at: usize) -> (Value, usize) {
    let is = |i: usize, word: &str| tokens.str(at + i).eq_ignore_ascii_case(word);
    match is(0, "and") && is(1, "a") && is(2, "half") {
        true => (value.plus(&Value::decimal("0", "5")).unwrap_or(value), at + 3),
        false => (value, at),
    }
}

/// `two thirds`, `a third`, `three-quarters`: readings of a fraction where the words may be one.
fn fractions(tokens: &Tokens<'_>, at: usize, end: usize, sum: &Sum) -> Option<Vec<Value>> {
    if sum.ordinal && at + 1 == end {
        let before = at.checked_sub(1).map_or("", |before| tokens.str(before)).to_lowercase();
        let fraction = Value::ratio(1, sum.whole()).filter(|_| matches!(before.as_str(), "a" | "an" | "one"));
        return fraction.map(|fraction| vec![Value::integer(sum.whole()), fraction]);
    }
    None
}

/// The denominator that a word says: `thirds`, `quarter`, `tenths`.
pub(super) fn denominator(text: &str) -> Option<u128> {
    let lower = text.to_lowercase();
    let bare = lower.strip_suffix('s').unwrap_or(&lower);
    match bare {
        "half" | "halve" => Some(2),
        "quarter" => Some(4),
        _ => position(&ORDINALS, bare).filter(|place| *place > 2).map(u128::from),
    }
}

#[derive(Debug, Default)]
struct Sum {
    total: u128,
    section: u128,
    /// What may follow below: 100 after a hundred, 10 after a ten, 0 after a unit.
    room: Option<u128>,
    lowest: u32,
    after_scale: bool,
    ordinal: bool,
}

impl Sum {
    /// Adds a word where the number may go on with it.
    fn take(&mut self, word: Word) -> bool {
        let fits = match word {
            Word::Below(value) | Word::Ordinal(value) => self.add(value.into()),
            Word::Ten(value) | Word::Tenth(value) => self.add(value.into()),
            Word::Scale(power) | Word::ScaleOrdinal(power) => self.multiply(power),
        };
        if !fits {
            return false;
        }
        self.after_scale = matches!(word, Word::Scale(_));
        self.ordinal = matches!(word, Word::Ordinal(_) | Word::Tenth(_) | Word::ScaleOrdinal(_));
        true
    }

    fn add(&mut self, value: u128) -> bool {
        if self.room.is_some_and(|room| value >= room || value == 0) {
            return false;
        }
        self.section += value;
        self.room = Some(if value >= 20 && value.is_multiple_of(10) { 10 } else { 0 });
        true
    }

    fn multiply(&mut self, power: u32) -> bool {
        let section = if self.section == 0 { 1 } else { self.section };
        if power == 2 {
            if self.section >= 100 {
                return false;
            }
            self.section = section * 100;
            self.room = Some(100);
            return true;
        }
        if self.lowest != 0 && power >= self.lowest {
            return false;
        }
        self.total += section.saturating_mul(10_u128.pow(power));
        (self.section, self.lowest, self.room) = (0, power, Some(1000));
        true
    }

    fn whole(&self) -> u128 {
        self.total + self.section
    }

    fn value(&self) -> Value {
        Value::integer(self.whole())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_words() {
        for (text, value) in [
            ("three", 3),
            ("twenty-one", 21),
            ("twenty one", 21),
            ("two hundred and fifty thousand", 250_000),
            ("one hundred and fifty-five", 155),
            ("five thousand three hundred", 5300),
            ("three million two hundred thousand", 3_200_000),
            ("Nineteen", 19),
            ("twenty-first", 21),
            ("hundredth", 100),
            ("sixty", 60),
        ] {
            let tokens = Tokens::of(text);
            let spelled = spelled(&tokens, 0).unwrap();
            assert_eq!((spelled.readings, spelled.end), (vec![Value::integer(value)], tokens.all.len()), "{text}");
        }
    }

    #[test]
    fn a_number_ends_where_another_begins() {
        let tokens = Tokens::of("five and six");
        assert_eq!(spelled(&tokens, 0).unwrap().end, 1);
        let tokens = Tokens::of("twenty thirty");
        assert_eq!(spelled(&tokens, 0).unwrap().end, 1);
        let tokens = Tokens::of("two and a half");
        assert_eq!(spelled(&tokens, 0).unwrap().readings, [Value::decimal("2", "5")]);
    }

    #[test]
    fn articles_are_uncertain() {
        assert!(!spelled(&Tokens::of("one"), 0).unwrap().certain);
        assert!(!spelled(&Tokens::of("the two"), 1).unwrap().certain);
        assert!(spelled(&Tokens::of("two"), 0).unwrap().certain);
        assert!(spelled(&Tokens::of("one hundred"), 0).unwrap().certain);
    }
}
