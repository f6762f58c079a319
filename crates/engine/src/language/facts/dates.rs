//! Years, months, days, decades and centuries.

use super::Span;
use super::chinese;
use super::english;
use super::tokens::{Kind, Tokens, digit, is_apostrophe};

/// Ten years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Decade {
    /// From this year on: 1990 of "the 1990s".
    Of(i32),
    /// Of one century or another: 90 of "90年代" and "the nineties".
    OfACentury(i32),
}

/// A date, as exactly as the text says it. Every part that is said is some.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Date {
    /// Where it stands.
    pub span: Span,
    /// The year; 221 BC is -221.
    pub year: Option<i32>,
    /// The month, from 1.
    pub month: Option<u8>,
    /// The day of the month, from 1.
    pub day: Option<u8>,
    /// The decade, where no year is said.
    pub decade: Option<Decade>,
    /// The century, from 1, where no year is said; the fifth before Christ is -5.
    pub century: Option<i32>,
}

/// Dates that were read together, and the token after them.
type Read = (Vec<Date>, usize);

/// Names of months: English, German, Spanish, French.
const MONTHS: [&str; 12] = [
    "january jan januar jänner enero janvier",
    "february feb februar febrero février",
    "march mar märz marzo mars",
    "april apr abril avril",
    "may mai mayo",
    "june jun juni junio juin",
    "july jul juli julio juillet",
    "august aug agosto août",
    "september sep sept septiembre septembre",
    "october oct oktober okt octubre octobre",
    "november nov noviembre novembre",
    "december dec dezember dez diciembre décembre",
];

/// Words before a month that stands alone.
const BEFORE_MONTHS: [&str; 16] = [
    "in", "of", "since", "until", "till", "by", "last", "early", "late", "mid", "this", "next", "from", "to", "and",
    "during",
];

/// Names of months that have no other meaning, the first six letters or fewer.
const ONLY_MONTHS: [&str; 8] = ["january", "february", "april", "july", "september", "october", "november", "december"];

/// Words of decades; the first is that of the twenties.
const DECADES: [&str; 8] =
    ["twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties"];

/// Names of centuries, lower case.
const CENTURIES: [&str; 5] = ["century", "centuries", "jahrhundert", "jahrhunderts", "siècle"];

/// The dates whose first token is `at`.
pub(super) fn dates(tokens: &Tokens<'_>, at: usize) -> Option<Read> {
    match tokens.kind(at)? {
        Kind::Han => chinese_date(tokens, at),
        Kind::Digits if tokens.glued_before(at) && tokens.kind(at - 1) == Some(Kind::Word) => None,
        Kind::Digits => numeric(tokens, at)
            .or_else(|| chinese_date(tokens, at))
            .or_else(|| day_and_month(tokens, at))
            .or_else(|| digits_decade(tokens, at))
            .or_else(|| century(tokens, at))
            .or_else(|| before_christ(tokens, at))
            .or_else(|| bare_year(tokens, at)),
        Kind::Word => month_first(tokens, at)
            .or_else(|| anno_domini(tokens, at))
            .or_else(|| century(tokens, at))
            .or_else(|| word_decade(tokens, at))
            .or_else(|| day_and_month(tokens, at)),
        Kind::Mark => None,
    }
}

fn one(date: Date, tokens: &Tokens<'_>, at: usize, end: usize) -> Option<Read> {
    Some((vec![Date { span: tokens.span(at, end), ..date }], end))
}

/// The value of digits at `at` where they are `most` at most and no larger number goes on with them.
fn small(tokens: &Tokens<'_>, at: usize, most: usize) -> Option<i32> {
    let text = tokens.str(at);
    let plain = tokens.kind(at) == Some(Kind::Digits) && text.chars().count() <= most;
    plain.then(|| text.chars().filter_map(digit).fold(0, |sum, d| sum * 10 + i32::from(d)))
}

fn month_number(value: i32) -> Option<u8> {
    u8::try_from(value).ok().filter(|month| (1..=12).contains(month))
}

fn day_number(value: i32) -> Option<u8> {
    u8::try_from(value).ok().filter(|day| (1..=31).contains(day))
}

/// A number of a Chinese date, in digits or characters, and the token after it.
fn counted(tokens: &Tokens<'_>, at: usize) -> Option<(i32, usize)> {
    if tokens.kind(at) == Some(Kind::Digits) {
        return small(tokens, at, 4).map(|value| (value, at + 1));
    }
    if tokens.char(at) == '元' && tokens.char(at + 1) == '年' {
        return Some((1, at + 1));
    }
    let numeral = chinese::numeral(tokens, at)?;
    let value = i32::try_from(numeral.readings.first()?.whole()?).ok()?;
    Some((value, numeral.end))
}

/// Where an era is named: whether it is before Christ, and the token after its name.
fn era(tokens: &Tokens<'_>, at: usize) -> (Option<bool>, usize) {
    for (name, before) in [("公元前", true), ("西元前", true), ("公元", false), ("西元", false), ("前", true)]
    {
        if tokens.spells(at, name) {
            return (Some(before), at + name.chars().count());
        }
    }
    (None, at)
}

fn chinese_date(tokens: &Tokens<'_>, at: usize) -> Option<Read> {
    let (era, start) = era(tokens, at);
    let (value, end) = counted(tokens, start)?;
    let signed = if era == Some(true) { -value } else { value };
    if tokens.spells(end, "世纪") || tokens.spells(end, "世紀") {
        return chinese_century(tokens, at, signed, end + 2);
    }
    if tokens.spells(end, "年代") {
        return one(Date { decade: Some(decade(value)), ..Date::default() }, tokens, at, end + 2);
    }
    if tokens.char(end) == '年' {
        return chinese_year(tokens, at, (signed, era.is_some()), end + 1);
    }
    if era.is_some() {
        return None;
    }
    if tokens.char(end) == '月' {
        return chinese_month(tokens, at, None, start);
    }
    let day =
        day_number(value).filter(|_| tokens.char(end) == '日' && !"本元語语軍军圆圓".contains(tokens.char(end + 1)))?;
    one(Date { day: Some(day), ..Date::default() }, tokens, at, end + 1)
}

fn decade(value: i32) -> Decade {
    if value < 100 { Decade::OfACentury(value) } else { Decade::Of(value - value % 10) }
}

/// `20世纪`, and `20世纪90年代`.
fn chinese_century(tokens: &Tokens<'_>, at: usize, century: i32, end: usize) -> Option<Read> {
    if let Some((value, after)) =
        counted(tokens, end).filter(|(value, after)| *value < 100 && tokens.spells(*after, "年代"))
    {
        let decade = if century > 0 { Decade::Of((century - 1) * 100 + value) } else { Decade::OfACentury(value) };
        return one(Date { decade: Some(decade), ..Date::default() }, tokens, at, after + 2);
    }
    one(Date { century: Some(century), ..Date::default() }, tokens, at, end)
}

/// A year, its month and its day. A number below 100 is a span of years where neither an era nor a month tells.
fn chinese_year(tokens: &Tokens<'_>, at: usize, year: (i32, bool), end: usize) -> Option<Read> {
    let (year, by_era) = year;
    if let Some(read) = chinese_month(tokens, at, Some(year), end) {
        return Some(read);
    }
    (by_era || year.abs() >= 100).then_some(())?;
    one(Date { year: Some(year), ..Date::default() }, tokens, at, end)
}

fn chinese_month(tokens: &Tokens<'_>, at: usize, year: Option<i32>, start: usize) -> Option<Read> {
    let (value, end) = counted(tokens, start).filter(|(_, end)| tokens.char(*end) == '月')?;
    let date = Date { year, month: Some(month_number(value)?), ..Date::default() };
    let day = counted(tokens, end + 1).filter(|(_, end)| matches!(tokens.char(*end), '日' | '号' | '號'));
    match day.and_then(|(value, end)| Some((day_number(value)?, end))) {
        Some((day, end)) => one(Date { day: Some(day), ..date }, tokens, at, end + 1),
        None => one(date, tokens, at, end + 1),
    }
}

/// `1998-05-04`, `4.5.1998`, `1998/5/4`; of `5/4/1998` the year, for which is the month is not told.
fn numeric(tokens: &Tokens<'_>, at: usize) -> Option<Read> {
    let separator = tokens.str(at + 1);
    let glued = (at..at + 4).all(|i| tokens.glued(i));
    if !glued || separator != tokens.str(at + 3) || !matches!(separator, "-" | "/" | "." | "‑" | "–") {
        return None;
    }
    let (first, second, third) = (small(tokens, at, 4)?, small(tokens, at + 2, 2)?, small(tokens, at + 4, 4)?);
    let (is_year, ends) = (|value: i32| (1000..=2100).contains(&value), !is_joined_digit(tokens, at + 5));
    let date = match (is_year(first), is_year(third)) {
        (true, false) => {
            Date { year: Some(first), month: month_number(second), day: day_number(third), ..Date::default() }
        }
        (false, true) if separator == "." => {
            Date { year: Some(third), month: month_number(second), day: day_number(first), ..Date::default() }
        }
        (false, true) => Date { year: Some(third), ..Date::default() },
        _ => return None,
    };
    one(date, tokens, at, at + 5).filter(|_| ends)
}

fn is_joined_digit(tokens: &Tokens<'_>, at: usize) -> bool {
    tokens.glued_before(at)
        && (tokens.kind(at) == Some(Kind::Digits) || (tokens.glued(at) && tokens.kind(at + 1) == Some(Kind::Digits)))
}

/// The month that a word names, and the token after it, a stop of an abbreviation included.
fn month(tokens: &Tokens<'_>, at: usize) -> Option<(u8, usize)> {
    let text = tokens.str(at);
    if tokens.kind(at) != Some(Kind::Word) || text.len() > 12 {
        return None;
    }
    let lower = text.to_lowercase();
    let found = MONTHS.iter().position(|names| names.split(' ').any(|name| name == lower))?;
    let stop = text.chars().count() <= 4 && tokens.str(at + 1) == "." && tokens.glued(at);
    Some((u8::try_from(found + 1).ok()?, at + 1 + usize::from(stop)))
}

/// A day in digits or as an ordinal, and the token after it.
fn day(tokens: &Tokens<'_>, at: usize) -> Option<(u8, usize)> {
    if let Some(value) = small(tokens, at, 2) {
        let suffix = tokens.glued(at) && matches!(tokens.str(at + 1), "st" | "nd" | "rd" | "th");
        let other = tokens.glued(at) && !suffix && tokens.kind(at + 1) == Some(Kind::Word);
        return day_number(value).filter(|_| !other).map(|day| (day, at + 1 + usize::from(suffix)));
    }
    let spelled = english::spelled(tokens, at).filter(|spelled| spelled.ordinal)?;
    let value = i32::try_from(spelled.readings.first()?.whole()?).ok()?;
    Some((day_number(value)?, spelled.end))
}

/// A year of four digits, and the token after it; past a comma or `of`.
fn year_after(tokens: &Tokens<'_>, at: usize) -> Option<(i32, usize)> {
    let skip = matches!(tokens.str(at), "," | "of" | "de" | "del");
    let at = at + usize::from(skip);
    plain_year(tokens, at).map(|year| (year, at + 1))
}

/// Four digits that may be a year, no part of a longer number.
fn plain_year(tokens: &Tokens<'_>, at: usize) -> Option<i32> {
    let value = small(tokens, at, 4).filter(|value| (1000..=2100).contains(value))?;
    let word_glued = tokens.glued(at) && tokens.kind(at + 1) == Some(Kind::Word);
    let joins = tokens.glued(at) && matches!(tokens.char(at + 1), '.' | ',' | '%' | '％' | '/' | ':');
    let fraction = joins
        && (tokens.char(at + 1) == '%' || tokens.char(at + 1) == '％' || {
            tokens.glued(at + 1) && tokens.kind(at + 2) == Some(Kind::Digits) && tokens.char(at + 1) != '/'
        });
    let money = tokens.glued_before(at) && matches!(tokens.before(at), '$' | '€' | '£' | '¥' | '￥' | '.' | ',');
    (!word_glued && !fraction && !money).then_some(value)
}

/// `May 4, 1998`, `May 1998`, `May 4–6, 1998`, `May`.
fn month_first(tokens: &Tokens<'_>, at: usize) -> Option<Read> {
    let (month, end) = month(tokens, at)?;
    let date = Date { month: Some(month), ..Date::default() };
    if let Some((year, end)) = year_after(tokens, end) {
        return one(Date { year: Some(year), ..date }, tokens, at, end);
    }
    let comma_free = day(tokens, end).filter(|_| capital(tokens, at));
    let Some((day, end)) = comma_free else { return month_alone(tokens, at, end, date) };
    let until = day_range(tokens, end);
    let last = until.map_or(end, |(_, end)| end);
    let (year, end) = year_after(tokens, last).map_or((None, last), |(year, end)| (Some(year), end));
    let span = tokens.span(at, end);
    let days = [Some(day), until.map(|(day, _)| day)].into_iter().flatten();
    Some((days.map(|day| Date { span, year, day: Some(day), ..date.clone() }).collect(), end))
}

fn capital(tokens: &Tokens<'_>, at: usize) -> bool {
    tokens.char(at).is_uppercase()
}

/// The other end of days: `–6`.
fn day_range(tokens: &Tokens<'_>, at: usize) -> Option<(u8, usize)> {
    matches!(tokens.str(at), "-" | "–" | "—" | "to" | "and").then(|| day(tokens, at + 1)).flatten()
}

fn month_alone(tokens: &Tokens<'_>, at: usize, end: usize, date: Date) -> Option<Read> {
    let lower = tokens.str(at).to_lowercase();
    let before = at.checked_sub(1).map_or("", |before| tokens.str(before)).to_lowercase();
    let sure = ONLY_MONTHS.contains(&lower.as_str()) || BEFORE_MONTHS.contains(&before.as_str());
    (sure && capital(tokens, at) && lower.len() > 2).then_some(())?;
    // the stop may be the sentence's
    one(date, tokens, at, end.min(at + 1))
}

/// `4 May 1998`, `the fourth of May`, `4. Mai`, `4 de mayo de 1998`.
fn day_and_month(tokens: &Tokens<'_>, at: usize) -> Option<Read> {
    let (first, end) = day(tokens, at)?;
    let until = day_range(tokens, end);
    let end = until.map_or(end, |(_, end)| end);
    let end = end + usize::from(matches!(tokens.str(end), "." | "of" | "de"));
    let (month, end) = month(tokens, end)?;
    let (year, end) = year_after(tokens, end).map_or((None, end), |(year, end)| (Some(year), end));
    let span = tokens.span(at, end);
    let days = [Some(first), until.map(|(day, _)| day)].into_iter().flatten();
    Some((days.map(|day| Date { span, year, month: Some(month), day: Some(day), ..Date::default() }).collect(), end))
}

/// `1990s`, `1990's`, `90s`.
fn digits_decade(tokens: &Tokens<'_>, at: usize) -> Option<Read> {
    let value =
        small(tokens, at, 4).filter(|value| value % 10 == 0 && (*value >= 1000 || (20..100).contains(value)))?;
    let s = |i: usize| tokens.glued_before(i) && matches!(tokens.str(i), "s" | "er" | "ern");
    let end = if s(at + 1) {
        at + 2
    } else if is_apostrophe(tokens.char(at + 1)) && tokens.glued(at) && s(at + 2) {
        at + 3
    } else {
        return None;
    };
    one(Date { decade: Some(decade(value)), ..Date::default() }, tokens, at, end)
}

fn word_decade(tokens: &Tokens<'_>, at: usize) -> Option<Read> {
    let lower = tokens.str(at).to_lowercase();
    let found = DECADES.iter().position(|word| *word == lower).and_then(|at| i32::try_from(at).ok())?;
    one(Date { decade: Some(Decade::OfACentury(20 + 10 * found)), ..Date::default() }, tokens, at, at + 1)
}

/// `19th century`, `nineteenth-century`, `5th century BC`, `19. Jahrhundert`; of `18th and 19th centuries` both.
fn century(tokens: &Tokens<'_>, at: usize) -> Option<Read> {
    let (first, end) = ordinal(tokens, at)?;
    let second = matches!(tokens.str(end), "and" | "to" | "or" | "-" | "–").then(|| ordinal(tokens, end + 1)).flatten();
    let end = second.map_or(end, |(_, end)| end);
    let end = end + usize::from(tokens.str(end) == "-");
    CENTURIES.contains(&tokens.str(end).to_lowercase().as_str()).then_some(())?;
    let before = is_before_christ(tokens, end + 1);
    let span = tokens.span(at, before.unwrap_or(end + 1));
    let sign = if before.is_some() { -1 } else { 1 };
    let dates = [Some(first), second.map(|(value, _)| value)].into_iter().flatten();
    let dates = dates.map(|value| Date { span, century: Some(sign * value), ..Date::default() }).collect();
    Some((dates, before.unwrap_or(end + 1)))
}

fn ordinal(tokens: &Tokens<'_>, at: usize) -> Option<(i32, usize)> {
    if let Some(value) = small(tokens, at, 2) {
        let suffix = tokens.glued(at) && matches!(tokens.str(at + 1), "st" | "nd" | "rd" | "th" | "." | "e");
        return suffix.then_some((value, at + 2));
    }
    let spelled = english::spelled(tokens, at).filter(|spelled| spelled.ordinal)?;
    Some((i32::try_from(spelled.readings.first()?.whole()?).ok()?, spelled.end))
}

/// The token after `BC`, `B.C.`, `BCE`.
fn is_before_christ(tokens: &Tokens<'_>, at: usize) -> Option<usize> {
    matches!(tokens.str(at), "BC" | "BCE" | "B.C." | "B.C" | "B.C.E.").then_some(at + 1)
}

fn before_christ(tokens: &Tokens<'_>, at: usize) -> Option<Read> {
    let value = small(tokens, at, 5)?;
    if let Some(end) = is_before_christ(tokens, at + 1) {
        return one(Date { year: Some(-value), ..Date::default() }, tokens, at, end);
    }
    matches!(tokens.str(at + 1), "AD" | "CE" | "A.D.").then_some(())?;
    one(Date { year: Some(value), ..Date::default() }, tokens, at, at + 2)
}

fn anno_domini(tokens: &Tokens<'_>, at: usize) -> Option<Read> {
    let value = small(tokens, at + 1, 4).filter(|_| matches!(tokens.str(at), "AD" | "A.D."))?;
    one(Date { year: Some(value), ..Date::default() }, tokens, at, at + 2)
}

/// Four digits, with the years of a range after them: `1990–95`, `1990至1995`.
fn bare_year(tokens: &Tokens<'_>, at: usize) -> Option<Read> {
    let year = plain_year(tokens, at)?;
    let scaled = english::scales(tokens, at + 1).is_some()
        || chinese::powers_after(tokens, &super::Value::integer(1), at + 1).is_some();
    if scaled || (tokens.str(at).chars().count() != 4) {
        return None;
    }
    let first = Date { span: tokens.span(at, at + 1), year: Some(year), ..Date::default() };
    let joined = matches!(tokens.str(at + 1), "-" | "–" | "—" | "/" | "~" | "～" | "至" | "到" | "‑" | "−");
    let second = small(tokens, at + 2, 2).filter(|_| joined && !is_joined_digit(tokens, at + 3));
    let Some(value) = second.filter(|_| tokens.str(at + 2).chars().count() == 2) else {
        return Some((vec![first], at + 1));
    };
    let span = tokens.span(at, at + 3);
    if value > year % 100 {
        let until =
            Date { span: tokens.span(at + 2, at + 3), year: Some(year - year % 100 + value), ..Date::default() };
        return Some((vec![first, until], at + 3));
    }
    match month_number(value) {
        Some(month) => Some((vec![Date { span, month: Some(month), ..first }], at + 3)),
        None => Some((vec![first], at + 1)),
    }
}
