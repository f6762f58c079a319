//! Numbers that compare exactly.

use std::fmt;

/// A number in a normal form: equal numbers are equal values, however they were written. It stands for
/// `± digits × 10^exponent / divisor`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value {
    negative: bool,
    /// ASCII digits without zeros at either end; empty for zero. Of a version number ("2.5.1"), all of it.
    digits: String,
    exponent: i32,
    /// What no power of ten divides: 3 of 1/3, and 1 of every number that has an end.
    divisor: u128,
}

impl Value {
    /// A decimal: ASCII digits before the point and after it.
    pub fn decimal(whole: &str, fraction: &str) -> Self {
        let digits = format!("{whole}{fraction}");
        let exponent = -i32::try_from(fraction.len()).unwrap_or(i32::MAX);
        Self { negative: false, digits, exponent, divisor: 1 }.normal()
    }

    /// A whole number.
    pub fn integer(number: u128) -> Self {
        Self::decimal(&number.to_string(), "")
    }

    /// `above / below`; `None` where that is no number, or too large a one.
    pub fn ratio(above: u128, below: u128) -> Option<Self> {
        let common = gcd(above, below);
        if below == 0 {
            return None;
        }
        let (mut above, mut below, mut exponent) = (above / common, below / common, 0);
        for (prime, other) in [(2, 5), (5, 2)] {
            while below.is_multiple_of(prime) {
                above = above.checked_mul(other)?;
                below /= prime;
                exponent -= 1;
            }
        }
        Some(Self { negative: false, digits: above.to_string(), exponent, divisor: below }.normal())
    }

    /// Digits that are no number, but compare as they stand: "2.5.1".
    pub fn version(text: &str) -> Self {
        Self { negative: false, digits: text.to_owned(), exponent: 0, divisor: 1 }
    }

    /// Times `10^power`.
    pub fn scaled(mut self, power: i32) -> Self {
        if !self.digits.is_empty() {
            self.exponent = self.exponent.saturating_add(power);
        }
        self
    }

    /// With its sign turned.
    pub fn negated(mut self) -> Self {
        self.negative = !self.negative && !self.digits.is_empty();
        self
    }

    /// Without its sign.
    pub fn magnitude(mut self) -> Self {
        self.negative = false;
        self
    }

    /// The whole number that it is, where it is one below 10^30 and not below zero.
    pub fn whole(&self) -> Option<u128> {
        let power = u32::try_from(self.exponent).ok().filter(|power| *power < 30)?;
        if self.negative || self.divisor != 1 || self.digits.len() > 30 {
            return None;
        }
        let digits = if self.digits.is_empty() { 0 } else { self.digits.parse::<u128>().ok()? };
        digits.checked_mul(10_u128.checked_pow(power)?)
    }

    /// The sum of two that have an end and stay below 10^30; of others, `None`.
    pub fn plus(&self, other: &Self) -> Option<Self> {
        let exponent = self.exponent.min(other.exponent);
        let aligned = |value: &Self| value.clone().scaled(-exponent).whole();
        Some(Self::integer(aligned(self)?.checked_add(aligned(other)?)?).scaled(exponent))
    }

    /// Whether this is `exact` told with fewer digits: cut off, or rounded to the nearest.
    pub fn rounds(&self, exact: &Self) -> bool {
        let kept = self.digits.len();
        let dropped = exact.digits.len().saturating_sub(kept);
        let Ok(power) = i32::try_from(dropped) else { return false };
        if self.negative != exact.negative || self.divisor != 1 || exact.divisor != 1 || dropped == 0 || kept == 0 {
            return false;
        }
        let cut = Self::decimal(exact.digits.get(..kept).unwrap_or(""), "");
        let up = exact.digits.as_bytes().get(kept).is_some_and(|next| *next >= b'5');
        let next = cut.plus(&Self::integer(1)).filter(|_| up);
        let scaled = |near: Self| near.scaled(exact.exponent.saturating_add(power));
        [Some(cut), next].into_iter().flatten().any(|near| scaled(near) == self.clone().magnitude())
    }

    /// The power of ten that makes this of `other`; `None` where none does.
    pub fn power_over(&self, other: &Self) -> Option<i32> {
        let same = self.digits == other.digits && self.divisor == other.divisor && !self.digits.is_empty();
        same.then(|| self.exponent.saturating_sub(other.exponent))
    }

    fn normal(mut self) -> Self {
        let end = self.digits.trim_end_matches('0').len();
        let zeros = i32::try_from(self.digits.len() - end).unwrap_or(0);
        self.exponent = self.exponent.saturating_add(zeros);
        self.digits.truncate(end);
        self.digits = self.digits.trim_start_matches('0').to_owned();
        if self.digits.is_empty() {
            (self.exponent, self.divisor, self.negative) = (0, 1, false);
        }
        self
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.negative { "-" } else { "" };
        let digits = if self.digits.is_empty() { "0" } else { &self.digits };
        write!(f, "{sign}{digits}")?;
        match self.exponent {
            0 => {}
            power => write!(f, "e{power}")?,
        }
        match self.divisor {
            1 => Ok(()),
            divisor => write!(f, "/{divisor}"),
        }
    }
}

fn gcd(a: u128, b: u128) -> u128 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equal_numbers_are_equal_values() {
        assert_eq!(Value::decimal("0010", "500"), Value::decimal("10", "5"));
        assert_eq!(Value::decimal("3", "5").scaled(6), Value::integer(3_500_000));
        assert_eq!(Value::ratio(1, 2), Some(Value::decimal("0", "5")));
        assert_eq!(Value::ratio(2, 6), Value::ratio(1, 3));
        assert_ne!(Value::ratio(1, 3), Value::ratio(1, 7));
        assert_eq!(Value::decimal("0", "0").negated(), Value::integer(0));
        assert_eq!(Value::ratio(1, 0), None);
    }

    #[test]
    fn rounder_numbers_round_exact_ones() {
        for (round, exact, is) in [
            (3000, 3012, true),
            (3100, 3012, false),
            (4000, 3012, false),
            (2000, 1980, true),
            (1000, 1980, true),
            (3012, 3012, false),
        ] {
            assert_eq!(Value::integer(round).rounds(&Value::integer(exact)), is, "{round} {exact}");
        }
        assert!(!Value::integer(3012).rounds(&Value::integer(3000)));
        assert!(!Value::integer(5000).rounds(&Value::integer(3012)));
    }

    proptest! {
        #[test]
        fn a_ratio_is_the_quotient(a in 0u128..10_000, b in 1u128..10_000, k in 1u128..1000) {
            prop_assert_eq!(Value::ratio(a * k, b * k), Value::ratio(a, b));
            prop_assert_eq!(Value::ratio(a * b, b), Some(Value::integer(a)));
        }

        #[test]
        fn whole_is_the_way_back(a in 0u128..u128::from(u64::MAX)) {
            prop_assert_eq!(Value::integer(a).whole(), Some(a));
        }
    }
}
