//! Plain definitions in f64, which the fast paths are tested against.

/// `x[m, k] · w[n, k]ᵀ + bias[n]`, row-major; an empty `bias` is none.
pub(crate) fn linear(x: &[f32], w: &[f32], bias: &[f32], (m, n, k): (usize, usize, usize)) -> Vec<f64> {
    let at = |i: usize, j: usize| {
        let products = (0..k).map(|c| f64::from(x[i * k + c]) * f64::from(w[j * k + c]));
        products.sum::<f64>() + bias.get(j).map_or(0.0, |b| f64::from(*b))
    };
    (0..m).flat_map(|i| (0..n).map(move |j| (i, j))).map(|(i, j)| at(i, j)).collect()
}

/// erf(x) by its Maclaurin series, exact to f64 rounding for |x| <= 4: DLMF 7.6.1.
pub(crate) fn erf(x: f64) -> f64 {
    if x.abs() > 4.0 {
        return x.signum();
    }
    let (mut term, mut sum) = (x, x);
    for n in 1..200 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    sum * 2.0 / std::f64::consts::PI.sqrt()
}

/// Layer normalisation of one row.
pub(crate) fn layer_norm(x: &[f32], gain: &[f32], bias: &[f32], epsilon: f64) -> Vec<f64> {
    let n = x.len() as f64;
    let mean = x.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
    let variance = x.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / n;
    let scaled = |((v, g), b): ((&f32, &f32), &f32)| {
        (f64::from(*v) - mean) / (variance + epsilon).sqrt() * f64::from(*g) + f64::from(*b)
    };
    x.iter().zip(gain).zip(bias).map(scaled).collect()
}

/// Softmax of one row.
pub(crate) fn softmax(x: &[f32]) -> Vec<f64> {
    let top = x.iter().map(|v| f64::from(*v)).fold(f64::NEG_INFINITY, f64::max);
    let exps: Vec<f64> = x.iter().map(|v| (f64::from(*v) - top).exp()).collect();
    let sum: f64 = exps.iter().sum();
    exps.iter().map(|e| e / sum).collect()
}
