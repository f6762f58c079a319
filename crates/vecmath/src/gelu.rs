use crate::cpu::dispatch;

// Rational approximation x·P(x²)/Q(x²) of erf on [-4, 4], the coefficients that Eigen's and TensorFlow's erf use; beyond
// 4 the f32 result is ±1.
const P: [f32; 7] =
    [-2.726_142_3e-10, 2.770_681_4e-8, -2.101_024e-6, -5.692_506_4e-5, -7.349_906_3e-4, -2.954_6e-3, -1.609_603_4e-2];
const Q: [f32; 5] = [-1.456_607_2e-5, -2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2];

/// The error function, to 4e-7 absolute.
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let square = x * x;
    let horner = |c: &[f32]| c.iter().skip(1).fold(c[0], |sum, c| sum * square + c);
    (x * horner(&P) / horner(&Q)).clamp(-1.0, 1.0)
}

dispatch! {
    /// GELU in place, the exact form `x/2 · (1 + erf(x/√2))` (Hendrycks and Gimpel 2016), not the tanh one.
    pub fn gelu(simd, values: &mut [f32]) = body
}

#[inline(always)]
pub(crate) fn body(values: &mut [f32]) {
    for v in values {
        *v = 0.5 * *v * (1.0 + erf(*v * std::f32::consts::FRAC_1_SQRT_2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Simd, reference};

    #[test]
    fn erf_is_within_4e_7() {
        let worst = (-6000..=6000)
            .map(|i| i as f32 / 1000.0)
            .map(|x| (f64::from(erf(x)) - reference::erf(f64::from(x))).abs())
            .fold(0.0, f64::max);
        assert!(worst < 4e-7, "{worst}");
    }

    #[test]
    fn both_paths_have_the_same_bits() {
        let values: Vec<f32> = (-500..500).map(|i| i as f32 / 77.0).collect();
        let (mut fast, mut plain) = (values.clone(), values);
        gelu(Simd::detect(), &mut fast);
        gelu(Simd::portable(), &mut plain);
        assert_eq!(fast, plain);
    }
}
