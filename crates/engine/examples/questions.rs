//! For `bench/answers`: asks the example documents their questions (`examples/questions.json`), and prints how often the
//! sentence that answers is quoted, quoted first, and how often a question is refused.
//!
//! usage: questions MODEL [FOLDER] [-v]     FOLDER holds questions.json and the documents [default: examples]
#![allow(clippy::print_stdout, reason = "a program for people at a terminal")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use qiao::embed::ModelEncoder;
use qiao::model::fetch::{Fallback, FetchConfig, resolve_cached};
use qiao::model::{Precision, Provenance};
use qiao::parse::AllParsers;
use qiao::retrieve::Request;
use qiao::seams::Encoder;
use qiao::store::SqliteStore;
use qiao::types::{Answer, Citation, Labels};
use qiao::{Engine, Settings};
use serde::Deserialize;

type Fault = Box<dyn std::error::Error>;

#[derive(Deserialize)]
struct Questions {
    answerable: Vec<Answerable>,
    unanswerable: Vec<String>,
}

#[derive(Deserialize)]
struct Answerable {
    question: String,
    page: u32,
    quote_contains: String,
}

#[derive(Default)]
struct Counts {
    asked: usize,
    quoted: usize,
    quoted_first: usize,
    page: usize,
    refused: usize,
    quotes: usize,
}

fn main() -> Result<(), Fault> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let verbose = arguments.iter().any(|a| a == "-v");
    let mut plain = arguments.iter().filter(|a| *a != "-v");
    let model = plain.next().ok_or("usage: questions MODEL [FOLDER] [-v]")?;
    let folder = plain.next().map_or_else(|| PathBuf::from("examples"), PathBuf::from);
    let all: BTreeMap<String, Questions> = serde_json::from_slice(&std::fs::read(folder.join("questions.json"))?)?;
    let config = FetchConfig::from_env()?;
    let found = resolve_cached(model, Fallback::Never, &config)?;
    let encoder: Arc<dyn Encoder> =
        Arc::new(ModelEncoder::load(&found.path, Provenance::of(&found, &config), Precision::fastest())?);
    for (name, questions) in &all {
        let encoder = encoder.clone();
        let source = Box::new(move |_: Option<&_>| Ok(encoder.clone()));
        let store = Box::new(SqliteStore::in_memory()?);
        let mut engine = Engine::new(store, Box::new(AllParsers), source, Settings::default());
        engine.add(&[folder.join(name)], &Labels::default(), &mut |_| {})?;
        report(name, &engine, questions, verbose)?;
    }
    Ok(())
}

fn report(name: &str, engine: &Engine, questions: &Questions, verbose: bool) -> Result<(), Fault> {
    let mut own = Counts::default();
    for wanted in &questions.answerable {
        let answer = engine.ask(&wanted.question, &Request::default())?;
        let before = own.quoted;
        count(&mut own, &answer, wanted);
        if verbose && own.quoted == before {
            show(&wanted.question, &answer, wanted.page);
        }
    }
    let mut others = 0;
    for question in &questions.unanswerable {
        let answer = engine.ask(question, &Request::default())?;
        others += usize::from(answer.refusal.is_some());
        if verbose && answer.refusal.is_none() {
            show(question, &answer, 0);
        }
    }
    let file = Path::new(name).display();
    println!(
        "{file}: of {} answerable questions {} have the answering sentence quoted ({} first), {} its page, {} are refused; \
         {} quotations; of {} unanswerable ones {others} are refused",
        own.asked,
        own.quoted,
        own.quoted_first,
        own.page,
        own.refused,
        own.quotes,
        questions.unanswerable.len(),
    );
    Ok(())
}

fn count(counts: &mut Counts, answer: &Answer, wanted: &Answerable) {
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    let needle = squeezed(&wanted.quote_contains);
    let quotes = |citation: &Citation| squeezed(citation.quote()).contains(&needle);
    counts.asked += 1;
    counts.quotes += answer.citations.len();
    counts.quoted += usize::from(answer.citations.iter().any(quotes));
    counts.quoted_first += usize::from(answer.citations.first().is_some_and(quotes));
    counts.page += usize::from(answer.citations.iter().any(|c| c.locator().page() == Some(wanted.page)));
    counts.refused += usize::from(answer.refusal.is_some());
}

fn show(question: &str, answer: &Answer, page: u32) {
    println!("? {question} (page {page}) {:?}", answer.judgement.map(|j| (j.relevance, j.features)));
    for citation in &answer.citations {
        println!("    {:?} {}", citation.locator().page(), citation.quote());
    }
}
