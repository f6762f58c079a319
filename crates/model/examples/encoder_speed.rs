//! Speed of the encoder over a file of texts, for `bench/encoder/run.py`:
//! `cargo run --release -p qiao-model --example encoder_speed MODEL_DIR TEXTS f32|int8 [ROUNDS]`.
//!
//! Prints one JSON object: tokens and texts a second (the median of the rounds, after a warm-up, loading left out), the median
//! of 200 encodings of one query of 20 tokens, and the peak of resident memory before and after the rounds.

#![allow(clippy::print_stdout)]

use std::path::Path;
use std::time::Instant;

use qiao_model::{EncodeError, Long, Precision, Provenance, Role, SentenceEncoder};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, texts, precision, rest @ ..] = arguments.as_slice() else {
        return Err("usage: encoder_speed MODEL_DIR TEXTS f32|int8 [ROUNDS]".into());
    };
    let rounds: usize = rest.first().map_or(Ok(5), |rounds| rounds.parse())?;
    let precision = if precision == "int8" { Precision::Int8 } else { Precision::F32 };
    let encoder = SentenceEncoder::load(Path::new(directory), Provenance::default(), precision)?;
    let texts = std::fs::read_to_string(texts)?;
    let texts: Vec<&str> = texts.lines().filter(|line| !line.trim().is_empty()).collect();
    let ids = texts.iter().map(|text| encoder.token_ids(Role::Passage, text)).collect::<Result<Vec<_>, _>>()?;
    let tokens: usize = ids.iter().map(Vec::len).sum();
    let encode = |texts: &[&str]| encoder.encode(Role::Passage, texts, Long::Truncate);

    encode(&texts[..texts.len().min(32)])?;
    let loaded = peak_rss_mb();
    let seconds = median(rounds, || encode(&texts))?;
    let query = query(&encoder, texts.first().unwrap_or(&""))?;
    encode(&[&query])?;
    let query_seconds = median(200, || encode(&[&query]))?;
    let (per_second, each) = (tokens as f64 / seconds, texts.len() as f64 / seconds);
    println!(
        "{{\"peer\": \"qiao-{}\", \"threads\": {}, \"tokens_per_second\": {per_second:.0}, \"texts_per_second\": \
         {each:.1}, \"query_ms\": {:.2}, \"loaded_rss_mb\": {loaded}, \"peak_rss_mb\": {}}}",
        if precision == Precision::Int8 { "int8" } else { "f32" },
        rayon::current_num_threads(),
        query_seconds * 1000.0,
        peak_rss_mb()
    );
    Ok(())
}

/// As much of a text as has 20 tokens, special ones included.
fn query(encoder: &SentenceEncoder, text: &str) -> Result<String, EncodeError> {
    let mut query = String::new();
    for word in text.split_inclusive(' ') {
        let longer = query.clone() + word;
        if encoder.token_ids(Role::Query, &longer)?.len() > 20 {
            break;
        }
        query = longer;
    }
    Ok(query)
}

/// Seconds of `work`, the median of several times.
fn median<T>(times: usize, mut work: impl FnMut() -> Result<T, EncodeError>) -> Result<f64, EncodeError> {
    let mut seconds = Vec::new();
    for _ in 0..times {
        let start = Instant::now();
        work()?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    Ok(seconds[seconds.len() / 2])
}

/// The greatest resident memory so far; 0 where the system does not tell.
fn peak_rss_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).map_or(0, |kib| kib / 1024)
}
