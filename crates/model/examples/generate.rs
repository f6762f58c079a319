//! A reply of a local language model, for `bench/chat/local.py`:
//! `cargo run --release -p qiao-model --example generate MODEL PROMPT_FILE TOKENS`.
//!
//! MODEL is a .gguf file or a directory with one. Prints one JSON object: tokens read and written, how many of each a second,
//! how long loading took, the peak of resident memory, and the reply.

#![allow(clippy::print_stdout)]

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use qiao_model::{ChatRequest, Generator, Message, Speaker};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, prompt, tokens] = arguments.as_slice() else {
        return Err("usage: generate MODEL PROMPT_FILE TOKENS".into());
    };
    let begun = Instant::now();
    let generator = Generator::load(Path::new(model))?;
    let loaded = begun.elapsed();
    let request = ChatRequest {
        messages: vec![Message { speaker: Speaker::User, text: std::fs::read_to_string(prompt)? }],
        max_tokens: tokens.parse()?,
        temperature: 0.0,
        seed: None,
        stop: Vec::new(),
    };
    let begun = Instant::now();
    let mut first = None;
    let reply = generator.generate(&request, &mut |_| {
        first.get_or_insert_with(|| begun.elapsed());
        ControlFlow::Continue(())
    })?;
    let (read, all) = (first.unwrap_or_default(), begun.elapsed());
    let (prompt, written) = (reply.prompt_tokens.unwrap_or_default(), reply.reply_tokens.unwrap_or_default());
    println!(
        "{}",
        serde_json::json!({
            "prompt_tokens": prompt, "prompt_per_second": prompt as f64 / read.as_secs_f64(),
            "reply_tokens": written,
            "reply_per_second": written.saturating_sub(1) as f64 / (all - read).as_secs_f64(),
            "load_ms": loaded.as_secs_f64() * 1e3, "peak_rss_mb": peak_rss_mb(), "text": reply.text,
        })
    );
    Ok(())
}

/// Peak of resident memory in MB; 0 where the system does not say.
fn peak_rss_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1024
}
