/// 1.5 · 2^23: added to a number of at most 22 bits, it leaves the nearest whole number in the lowest bits, ties to even.
pub(crate) const MAGIC: f32 = 12_582_912.0;

/// e^x for x <= 0, to two units in the last place; 0 below -87; what is no number stays none.
///
/// x = n·ln 2 + r with ln 2 split in two (Cody and Waite 1980), e^r by the degree-6 polynomial of Cephes' `expf`.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // unlike `max`, this keeps what is no number
    let clamped = if x < -87.0 { -87.0 } else { x };
    let shifted = clamped * std::f32::consts::LOG2_E + MAGIC;
    let n = shifted - MAGIC;
    let r = clamped - n * 0.693_359_4 - n * -2.121_944_4e-4;
    let series = [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5f32];
    let tail = series.iter().fold(1.987_569_2e-4, |sum, c| sum * r + c);
    let whole = shifted.to_bits().wrapping_sub(MAGIC.to_bits());
    let power = f32::from_bits(whole.wrapping_add(127) << 23);
    let value = (tail * r * r + r + 1.0) * power;
    if x < -87.0 { 0.0 } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_within_two_units_in_the_last_place() {
        for i in 0..87_000 {
            let x = -i as f32 / 1000.0;
            let want = f64::from(x).exp();
            assert!((f64::from(exp(x)) - want).abs() <= want * 2.4e-7, "{x}");
        }
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert!(exp(f32::NAN).is_nan());
    }
}
