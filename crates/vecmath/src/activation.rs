use crate::cpu::dispatch;
use crate::exp::exp;

dispatch! {
    /// SiLU in place: `x / (1 + e^-x)` (Hendrycks and Gimpel 2016; Swish in Ramachandran et al. 2017).
    pub fn silu(simd, values: &mut [f32]) = silu_each
}

dispatch! {
    /// The hyperbolic tangent in place, to 3e-7 absolute.
    pub fn tanh(simd, values: &mut [f32]) = tanh_each
}

dispatch! {
    /// GELU in place by its tanh approximation `x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))` (Hendrycks and Gimpel 2016).
    pub fn gelu_tanh(simd, values: &mut [f32]) = gelu_tanh_each
}

/// `max(x, 0)` in place.
pub fn relu(values: &mut [f32]) {
    for v in values.iter_mut().filter(|v| **v < 0.0) {
        *v = 0.0;
    }
}

#[inline(always)]
fn silu_each(values: &mut [f32]) {
    for v in values {
        let e = exp(-v.abs());
        let logistic = if *v < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) };
        *v *= logistic;
    }
}

#[inline(always)]
fn tanh_each(values: &mut [f32]) {
    for v in values {
        *v = hyperbolic(*v);
    }
}

#[inline(always)]
fn gelu_tanh_each(values: &mut [f32]) {
    for v in values {
        let x = *v;
        let inner = 0.797_884_6 * (x + 0.044_715 * x * x * x);
        *v = 0.5 * x * (1.0 + hyperbolic(inner));
    }
}

#[inline(always)]
fn hyperbolic(x: f32) -> f32 {
    let e = exp(-2.0 * x.abs());
    ((1.0 - e) / (1.0 + e)).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Simd;

    fn worst(function: fn(Simd, &mut [f32]), plain: fn(f64) -> f64) -> f64 {
        let x: Vec<f32> = (-9000..=9000).map(|i| i as f32 / 500.0).collect();
        let (mut fast, mut portable) = (x.clone(), x.clone());
        function(Simd::detect(), &mut fast);
        function(Simd::portable(), &mut portable);
        assert_eq!(fast, portable, "both paths have the same bits");
        fast.iter().zip(&x).map(|(y, x)| (f64::from(*y) - plain(f64::from(*x))).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn each_agrees_with_its_definition() {
        assert!(worst(tanh, f64::tanh) < 3e-7);
        assert!(worst(silu, |x| x / (1.0 + (-x).exp())) < 2e-6);
        let gelu = |x: f64| 0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh());
        assert!(worst(gelu_tanh, gelu) < 2e-6);
        let mut values = [-1.0, 0.0, 2.0];
        relu(&mut values);
        assert_eq!(values, [0.0, 0.0, 2.0]);
    }
}
