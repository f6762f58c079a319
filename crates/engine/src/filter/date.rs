use std::fmt;
use std::ops::Range;

use super::token::Operator;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A year, month, day or minute in UTC: the seconds since 1970 from its first to just before the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Period {
    written: String,
    seconds: Range<i64>,
}

impl Period {
    /// Reads `2026`, `2026-11`, `2026-11-25` or `2026-11-25t10:30`, as [`fold`](super::token::fold) leaves them.
    pub(super) fn parse(folded: &str) -> Option<Self> {
        Some(Self { written: folded.to_ascii_uppercase(), seconds: seconds(folded)? })
    }

    /// The one second that begins at `moment`.
    pub(super) fn moment(moment: i64) -> Range<i64> {
        moment..moment.saturating_add(1)
    }

    /// Whether `stored` stands to this period as `operator` says.
    pub(super) fn holds(&self, operator: Operator, stored: &Range<i64>) -> bool {
        holds(operator, stored, &self.seconds)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// Whether `stored` lies within (`=`), wholly before (`<`), not wholly after (`<=`) … what was `asked`.
pub(super) fn holds(operator: Operator, stored: &Range<i64>, asked: &Range<i64>) -> bool {
    let before = stored.end <= asked.start;
    let after = stored.start >= asked.end;
    match operator {
        Operator::Equal => asked.start <= stored.start && stored.end <= asked.end,
        Operator::Less => before,
        Operator::AtMost => !after,
        Operator::Greater => after,
        Operator::AtLeast => !before,
        Operator::Contains => false,
    }
}

/// The seconds of a period written in one of the four forms; `None` for any other text and for a date that does not
/// exist.
pub(super) fn seconds(folded: &str) -> Option<Range<i64>> {
    let (date, time) = folded.split_once('t').map_or((folded, None), |(date, time)| (date, Some(time)));
    let mut parts = date.split('-');
    let year = digits(parts.next()?, 4)?;
    let (month, day) = (parts.next(), parts.next());
    match (month, day, time, parts.next()) {
        (None, None, None, None) => Some(first_of(year, 1)..first_of(year + 1, 1)),
        (Some(month), None, None, None) => month_of(year, digits(month, 2)?),
        (Some(month), Some(day), None, None) => day_of(year, digits(month, 2)?, digits(day, 2)?),
        (Some(month), Some(day), Some(time), None) => {
            minute_of(day_of(year, digits(month, 2)?, digits(day, 2)?)?.start, time)
        }
        _ => None,
    }
}

fn month_of(year: i64, month: i64) -> Option<Range<i64>> {
    let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    (1..=12).contains(&month).then(|| first_of(year, month)..first_of(next_year, next))
}

fn day_of(year: i64, month: i64, day: i64) -> Option<Range<i64>> {
    let month = month_of(year, month)?;
    let start = month.start + (day - 1) * DAY;
    month.contains(&start).then_some(start..start + DAY)
}

fn minute_of(midnight: i64, time: &str) -> Option<Range<i64>> {
    let (hour, minute) = time.split_once(':')?;
    let (hour, minute) = (digits(hour, 2)?, digits(minute, 2)?);
    let start = midnight + hour * HOUR + minute * MINUTE;
    (hour < 24 && minute < 60).then_some(start..start + MINUTE)
}

fn digits(text: &str, length: usize) -> Option<i64> {
    (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// The first second of a month of the Gregorian calendar, extended to before 1582.
///
/// `days_from_civil` of Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", with the day always 1: years
/// begin in March, so that the leap day is the last of its year.
fn first_of(year: i64, month: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era - 719_468) * DAY
}
