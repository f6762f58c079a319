//! For `bench/answers`: checks labelled sentences, each against the passage that it cites, and prints how often altered ones are
//! caught and true ones marked.
//!
//! usage: checking MODEL SENTENCES.json [-v]     SENTENCES.json is what bench/answers/make_sentences.py makes
#![allow(clippy::print_stdout, reason = "a program for people at a terminal")]

use std::collections::BTreeMap;

use qiao::answer::faults;
use qiao::embed::ModelEncoder;
use qiao::model::fetch::{Fallback, FetchConfig, resolve_cached};
use qiao::model::{Precision, Provenance};
use qiao::types::Fault;
use serde::Deserialize;

type Failure = Box<dyn std::error::Error>;

#[derive(Deserialize)]
struct Labelled {
    id: String,
    language: String,
    passage: String,
    sentence: String,
    label: String,
    split: String,
}

#[derive(Default)]
struct Counts {
    all: usize,
    marked: usize,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let verbose = arguments.iter().any(|a| a == "-v");
    let [model, file, ..] = &arguments[..] else { return Err("usage: checking MODEL SENTENCES.json [-v]".into()) };
    let items: Vec<Labelled> = serde_json::from_slice(&std::fs::read(file)?)?;
    let config = FetchConfig::from_env()?;
    let found = resolve_cached(model, Fallback::Never, &config)?;
    let encoder = ModelEncoder::load(&found.path, Provenance::of(&found, &config), Precision::fastest())?;
    let mut counts: BTreeMap<(String, String, String), Counts> = BTreeMap::new();
    for item in &items {
        let faults = faults(&item.sentence, &[&item.passage], &[0], &encoder)?;
        let key = (item.split.clone(), item.label.clone(), item.language.clone());
        let count = counts.entry(key).or_default();
        count.all += 1;
        count.marked += usize::from(!faults.is_empty());
        if verbose && faults.is_empty() != (item.label == "true") {
            show(item, &faults);
        }
    }
    for split in ["dev", "test"] {
        report(split, &counts);
    }
    Ok(())
}

fn show(item: &Labelled, faults: &[Fault]) {
    println!("{} {} {}: {}\n    {faults:?}\n    {}", item.split, item.label, item.id, item.sentence, item.passage);
}

fn report(split: &str, counts: &BTreeMap<(String, String, String), Counts>) {
    println!("{split:<16} {:>10} {:>10}", "marked", "of");
    let (mut caught, mut altered, mut accused, mut honest) = (0, 0, 0, 0);
    for ((_, label, language), count) in counts.iter().filter(|((own, ..), _)| own == split) {
        let share = count.marked as f64 / count.all as f64;
        println!("{:<16} {share:>10.3} {:>10}", format!("{label} {language}"), count.all);
        match label.as_str() {
            "true" => (accused, honest) = (accused + count.marked, honest + count.all),
            _ => (caught, altered) = (caught + count.marked, altered + count.all),
        }
    }
    let precision = caught as f64 / (caught + accused).max(1) as f64;
    let recall = caught as f64 / altered.max(1) as f64;
    println!(
        "precision {precision:.3}, recall {recall:.3}, true ones marked {:.3}\n",
        accused as f64 / honest.max(1) as f64
    );
}
