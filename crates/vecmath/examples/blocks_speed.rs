//! How fast one row is multiplied with matrices as GGUF files store them: `cargo run --release -p qiao-vecmath --example blocks_speed`.
//!
//! Prints, for each instruction set and kind of block, billions of weights a second of a matrix that stays in the cache and of
//! one that does not. One thread; the best of several rounds.

#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::time::Instant;

use qiao_vecmath::{BlockKind, Blocks, Simd};

/// As wide as a row of SmolLM2-135M's second product, and a multiple of the largest block.
const INPUTS: usize = 1536;
const OUTPUTS: [usize; 2] = [256, 100_000];
const ROUNDS: usize = 5;

fn main() {
    // as GGUF files number the kinds
    let kinds = [2, 3, 6, 7, 8, 10, 11, 12, 13, 14, 0, 1, 30];
    for simd in Simd::all() {
        for kind in kinds.into_iter().filter_map(BlockKind::numbered) {
            let [near, far] = OUTPUTS.map(|outputs| rate(simd, kind, outputs));
            println!("{:8} {:5} {near:6.2} {far:6.2} Gweights/s", simd.name(), format!("{kind:?}"));
        }
    }
}

/// Billions of weights a second.
fn rate(simd: Simd, kind: BlockKind, outputs: usize) -> f64 {
    let x: Vec<f32> = (0..INPUTS).map(|i| (i as f32 * 0.37).sin()).collect();
    let bytes = vec![0x11; kind.size_of(INPUTS * outputs).unwrap_or(0)];
    let Some(matrix) = Blocks::new(kind, &bytes, outputs, INPUTS) else { return f64::NAN };
    let mut y = vec![0.0; outputs];
    let times = (200_000_000 / (outputs * INPUTS)).max(1);
    let seconds = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        for _ in 0..times {
            matrix.multiply(simd, &x, &mut y);
            black_box(&y);
        }
        start.elapsed().as_secs_f64()
    });
    (outputs * INPUTS * times) as f64 / seconds.fold(f64::INFINITY, f64::min) / 1e9
}
