//! For `bench/answers`: asks a knowledge base questions that it can answer and others that it cannot, and prints what decides
//! between answer and refusal, one JSON object a line.
//!
//! usage: relevance MODEL PASSAGES.json QUESTIONS.json EVERY [--each]
//! MODEL is a name whose files are here. Passages and questions come from one SQuAD file, or from two that are parallel; each
//! EVERYth question is asked. The passages of every second article are in the base, so that the questions of the others have no
//! answer there. With --each, the base has all, and a question is asked twice: of its own article alone, and of another alone.
#![allow(clippy::print_stdout, reason = "a program for people at a terminal")]

use std::path::PathBuf;
use std::sync::Arc;

use qiao::embed::ModelEncoder;
use qiao::model::fetch::{Fallback, FetchConfig, resolve_cached};
use qiao::model::{Precision, Provenance};
use qiao::parse::AllParsers;
use qiao::retrieve::Request;
use qiao::seams::{Encoder, Filter};
use qiao::store::SqliteStore;
use qiao::types::{DocumentId, Labels};
use qiao::{Engine, Settings};
use serde_json::{Value, json};

type Fault = Box<dyn std::error::Error>;

struct Article {
    passages: Vec<String>,
    questions: Vec<String>,
}

fn main() -> Result<(), Fault> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, passages, questions, every, how @ ..] = &arguments[..] else {
        return Err("usage: relevance MODEL PASSAGES.json QUESTIONS.json EVERY [--each]".into());
    };
    let (each, every) = (how.first().is_some_and(|how| how == "--each"), every.parse::<usize>()?.max(1));
    let (articles, askers) = (articles(passages)?, articles(questions)?);
    let mut engine = engine(model)?;
    let documents = add(&mut engine, &articles, if each { 1 } else { 2 })?;
    let all = askers.iter().enumerate().flat_map(|(i, article)| article.questions.iter().map(move |q| (i, q)));
    for (article, question) in all.step_by(every) {
        let other = (article + articles.len() / 2) % articles.len();
        let asked = match each {
            true => vec![(true, only(&documents[article])), (false, only(&documents[other]))],
            false => vec![(!documents[article].is_empty(), Filter::All)],
        };
        for (own, filter) in asked {
            let answer = engine.ask(question, &Request { filter, ..Request::default() })?;
            let line = json!({"article": article, "own": own, "question": question, "judgement": answer.judgement});
            println!("{line}");
        }
    }
    Ok(())
}

fn only(documents: &[DocumentId]) -> Filter {
    Filter::Documents(documents.iter().copied().collect())
}

fn articles(set: &str) -> Result<Vec<Article>, Fault> {
    let set: Value = serde_json::from_slice(&std::fs::read(set)?)?;
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let article = |article: &Value| {
        let paragraphs = list(&article["paragraphs"]);
        let questions = paragraphs.iter().flat_map(|p| list(&p["qas"])).map(|qa| text(&qa["question"])).collect();
        Article { passages: paragraphs.iter().map(|p| text(&p["context"])).collect(), questions }
    };
    Ok(list(&set["data"]).iter().map(article).collect())
}

fn engine(model: &str) -> Result<Engine, Fault> {
    let config = FetchConfig::from_env()?;
    let found = resolve_cached(model, Fallback::Never, &config)?;
    let encoder: Arc<dyn Encoder> =
        Arc::new(ModelEncoder::load(&found.path, Provenance::of(&found, &config), Precision::fastest())?);
    let source = Box::new(move |_: Option<&_>| Ok(encoder.clone()));
    Ok(Engine::new(Box::new(SqliteStore::in_memory()?), Box::new(AllParsers), source, Settings::default()))
}

/// Adds the passages of each `step`th article, a file each, and says which documents each article became.
fn add(engine: &mut Engine, articles: &[Article], step: usize) -> Result<Vec<Vec<DocumentId>>, Fault> {
    let folder = tempfile::tempdir()?;
    let mut documents = Vec::new();
    for (i, article) in articles.iter().enumerate() {
        let mut paths: Vec<PathBuf> = Vec::new();
        for (j, passage) in article.passages.iter().enumerate().filter(|_| i % step == 0) {
            paths.push(folder.path().join(format!("{i:04}-{j:02}.txt")));
            std::fs::write(&paths[j], passage)?;
        }
        let added = if paths.is_empty() {
            Vec::new()
        } else {
            engine.add(&paths, &Labels::default(), &mut |_| {})?.documents()
        };
        documents.push(added);
    }
    Ok(documents)
}
