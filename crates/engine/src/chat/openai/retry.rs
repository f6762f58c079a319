//! When a question is asked again.

use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The longest wait before asking again.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(60);
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_OWN_WAIT: Duration = Duration::from_secs(16);

/// Time, as asking again needs it.
pub(super) trait Clock: Send + Sync {
    /// Seconds since 1970 (UTC).
    fn now(&self) -> u64;
    /// Returns after `time`.
    fn wait(&self, time: Duration);
}

/// The machine's time.
pub(super) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    fn wait(&self, time: Duration) {
        thread::sleep(time);
    }
}

/// How long to wait after `tried` retries: 0.5, 1, 2, 4 … 16 s, and as long as the server asks for. `None` where it asks
/// for more than [`LONGEST_WAIT`].
pub(super) fn wait(tried: u32, asked: Option<Duration>) -> Option<Duration> {
    let own = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(tried)).min(LONGEST_OWN_WAIT);
    let wait = own.max(asked.unwrap_or_default());
    (wait <= LONGEST_WAIT).then_some(wait)
}

/// The wait that a `Retry-After` header asks for (RFC 9110, 10.2.3): seconds, or a date, `now` being seconds since 1970.
pub(super) fn retry_after(value: &str, now: u64) -> Option<Duration> {
    let value = value.trim();
    let seconds = value.parse().ok().or_else(|| Some(http_date(value)?.saturating_sub(now)))?;
    Some(Duration::from_secs(seconds))
}

/// Seconds since 1970 of a date such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).
fn http_date(value: &str) -> Option<u64> {
    let (_, date) = value.split_once(", ")?;
    let [day, month, year, time, "GMT"] = date.split(' ').collect::<Vec<_>>()[..] else { return None };
    let [hour, minute, second] = time.split(':').collect::<Vec<_>>()[..] else { return None };
    let within = |text: &str, most: u64| text.parse().ok().filter(|number| *number <= most);
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|name| *name == month)? as u64 + 1;
    let day = within(day, 31).filter(|day| *day > 0)?;
    let year = within(year, 9999).filter(|year| *year >= 1970)?;
    let seconds = within(hour, 23)? * 3600 + within(minute, 59)? * 60 + within(second, 60)?;
    Some(days_since_1970(year, month, day) * 86_400 + seconds)
}

/// Days from 1970-01-01 to a day of the Gregorian calendar from then on (Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", `days_from_civil`).
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound() {
        let waits: Vec<f32> = (0..7).map(|tried| wait(tried, None).unwrap().as_secs_f32()).collect();
        assert_eq!(waits, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 16.0]);
        assert_eq!(wait(u32::MAX, None), Some(LONGEST_OWN_WAIT));
    }

    #[test]
    fn a_server_may_ask_for_more_but_not_for_too_much() {
        assert_eq!(wait(0, Some(Duration::from_secs(7))), Some(Duration::from_secs(7)));
        assert_eq!(wait(3, Some(Duration::from_secs(1))), Some(Duration::from_secs(4)));
        assert_eq!(wait(0, Some(Duration::from_secs(61))), None);
    }

    #[test]
    fn dates_and_seconds_are_read() {
        // date -u -d 'Sun, 06 Nov 1994 08:49:37 GMT' +%s
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(http_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(http_date("Tue, 29 Feb 2028 23:59:59 GMT"), Some(1_835_481_599));
        assert_eq!(retry_after(" 12 ", 0), Some(Duration::from_secs(12)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_770), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_999), Some(Duration::ZERO));
    }

    #[test]
    fn what_is_neither_is_not_heeded() {
        for value in ["", "soon", "-1", "1.5", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1969 08:49:37 GMT"] {
            assert_eq!(retry_after(value, 0), None, "{value}");
        }
        assert_eq!(retry_after("Sun, 06 Nov 1994 24:00:00 GMT", 0), None);
        assert_eq!(retry_after("99999999999999999999", 0), None);
    }
}
