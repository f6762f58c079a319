//! How near the products come to what the machine can do: `cargo run --release -p qiao-vecmath --example speed`.
//!
//! Prints the rate of fused multiply-adds that never leave the registers (the peak), and for shapes of an encoder's layers
//! the rate of our product and its share of the peak. One thread; the median of several rounds, peak and product in turn.

#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::time::Instant;

use qiao_vecmath::{Finish, Levels, Packed, PackedInt8, Rows, RowsMut, Simd, multiply, multiply_int8};

/// Rows, outputs, inputs: a query's and a passage's four products in all-MiniLM-L6-v2, and a head's two.
const SHAPES: [(usize, usize, usize); 10] = [
    (20, 1152, 384),
    (20, 384, 384),
    (20, 1536, 384),
    (20, 384, 1536),
    (200, 1152, 384),
    (200, 384, 384),
    (200, 1536, 384),
    (200, 384, 1536),
    (200, 200, 32),
    (200, 32, 200),
];
const ROUNDS: usize = 15;

fn main() {
    for simd in Simd::all() {
        println!("{simd:?}");
        rates_of(simd);
    }
}

fn rates_of(simd: Simd) {
    for (m, n, k) in SHAPES {
        let x: Vec<f32> = (0..m * k).map(|i| (i % 17) as f32 * 0.1).collect();
        let raw: Vec<f32> = (0..n * k).map(|i| (i % 13) as f32 * 0.1).collect();
        let w = Packed::from_outputs(Rows::new(&raw, n, k, k));
        let bias = vec![0.5; n];
        let mut y = vec![0.0; m * n];
        let times = (2_000_000_000 / (2 * m * n * k)).max(1);
        let (mut peaks, mut rates) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            peaks.push(peak());
            let start = Instant::now();
            for _ in 0..times {
                multiply(simd, Rows::new(&x, m, k, k), w.factor(&bias, Finish::Plain), RowsMut::new(&mut y, m, n, n));
                black_box(&y);
            }
            rates.push((2 * m * n * k * times) as f64 / start.elapsed().as_secs_f64() / 1e9);
        }
        let int8 = PackedInt8::from_outputs(Rows::new(&raw, n, k, k));
        let mut levels = Levels::default();
        let mut whole = Vec::new();
        for _ in 0..ROUNDS {
            let start = Instant::now();
            for _ in 0..times {
                levels.round(simd, Rows::new(&x, m, k, k));
                multiply_int8(simd, &levels, int8.factor(&bias, Finish::Plain), RowsMut::new(&mut y, m, n, n));
                black_box(&y);
            }
            whole.push((2 * m * n * k * times) as f64 / start.elapsed().as_secs_f64() / 1e9);
        }
        let (peak, rate, whole) = (median(&mut peaks), median(&mut rates), median(&mut whole));
        println!(
            "[{m} x {k}] . [{k} x {n}]: {rate:.1} of {peak:.1} GFLOP/s, {:.0}%; int8 {whole:.1}",
            100.0 * rate / peak
        );
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// GFLOP/s of fused multiply-adds.
#[cfg(target_arch = "x86_64")]
fn peak() -> f64 {
    use std::arch::x86_64::{_mm256_fmadd_ps, _mm256_set1_ps, _mm256_storeu_ps};
    const STEPS: usize = 4_000_000;
    #[target_feature(enable = "avx2,fma")]
    fn run(by: f32) -> f32 {
        let by = _mm256_set1_ps(by);
        let mut sums = [_mm256_set1_ps(1.0); 12];
        for _ in 0..STEPS {
            for sum in &mut sums {
                *sum = _mm256_fmadd_ps(*sum, by, by);
            }
        }
        let mut out = [0.0; 8];
        let total = sums.iter().fold(_mm256_set1_ps(0.0), |a, b| _mm256_fmadd_ps(*b, by, a));
        // SAFETY: `out` holds eight floats.
        unsafe { _mm256_storeu_ps(out.as_mut_ptr(), total) };
        out[0]
    }
    if !(is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")) {
        return f64::NAN;
    }
    let start = Instant::now();
    // SAFETY: the features were just detected.
    black_box(unsafe { run(black_box(1e-9)) });
    (STEPS * 12 * 8 * 2) as f64 / start.elapsed().as_secs_f64() / 1e9
}

#[cfg(not(target_arch = "x86_64"))]
fn peak() -> f64 {
    f64::NAN
}
