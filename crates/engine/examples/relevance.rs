//! For `bench/refusal`: asks each article of a SQuAD-style file its own questions and those of other articles, and prints
//! what decides between answer and refusal, one JSON object a line.
//!
//! usage: relevance MODEL PASSAGES.json QUESTIONS.json COUNT [TOGETHER]
//! MODEL is a name whose files are here. Passages and questions come from one set, or from two that are parallel. COUNT
//! questions are taken at even distances, each asked twice: of its own article, and of the one half the set away. TOGETHER
//! joins that many articles, for sets whose articles hold a passage or two.

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
    text: String,
    questions: Vec<String>,
}

fn main() -> Result<(), Fault> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, passages, questions, count, joined @ ..] = &arguments[..] else {
        return Err("usage: relevance MODEL PASSAGES.json QUESTIONS.json COUNT [TOGETHER]".into());
    };
    let together = joined.first().map_or(Ok(1), |n| n.parse())?;
    let read = |set: &String| -> Result<Vec<Article>, Fault> {
        Ok(articles(&serde_json::from_slice(&std::fs::read(set)?)?, together))
    };
    let (articles, askers) = (read(passages)?, read(questions)?);
    let mut engine = engine(model)?;
    let documents = add(&mut engine, &articles)?;
    let all: Vec<(usize, &String)> =
        askers.iter().enumerate().flat_map(|(i, a)| a.questions.iter().map(move |q| (i, q))).collect();
    let step = (all.len() / count.parse::<usize>()?.max(1)).max(1);
    for (article, question) in all.iter().step_by(step) {
        let other = (article + articles.len() / 2) % articles.len();
        for (asked, own) in [(*article, true), (other, false)] {
            let filter = Filter::Documents([documents[asked]].into());
            let answer = engine.ask(question, &Request { filter, ..Request::default() })?;
            let line = json!({"model": model, "own": own, "question": question, "judgement": answer.judgement});
            #[allow(clippy::print_stdout, reason = "this program's whole output")]
            {
                println!("{line}");
            }
        }
    }
    Ok(())
}

fn articles(set: &Value, together: usize) -> Vec<Article> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let paragraphs: Vec<Vec<Value>> = list(&set["data"]).iter().map(|a| list(&a["paragraphs"])).collect();
    let article = |group: &[Vec<Value>]| {
        let paragraphs: Vec<&Value> = group.iter().flatten().collect();
        let contexts: Vec<String> = paragraphs.iter().map(|p| text(&p["context"])).collect();
        let questions = paragraphs.iter().flat_map(|p| list(&p["qas"])).map(|qa| text(&qa["question"])).collect();
        Article { text: contexts.join("\n\n"), questions }
    };
    paragraphs.chunks(together).map(article).collect()
}

fn engine(model: &str) -> Result<Engine, Fault> {
    let config = FetchConfig::from_env()?;
    let found = resolve_cached(model, Fallback::Never, &config)?;
    let encoder: Arc<dyn Encoder> =
        Arc::new(ModelEncoder::load(&found.path, Provenance::of(&found, &config), Precision::fastest())?);
    let source = Box::new(move |_: Option<&_>| Ok(encoder.clone()));
    Ok(Engine::new(Box::new(SqliteStore::in_memory()?), Box::new(AllParsers), source, Settings::default()))
}

fn add(engine: &mut Engine, articles: &[Article]) -> Result<Vec<DocumentId>, Fault> {
    let folder = tempfile::tempdir()?;
    let write = |(i, article): (usize, &Article)| -> Result<PathBuf, Fault> {
        let path = folder.path().join(format!("{i:05}.txt"));
        std::fs::write(&path, &article.text)?;
        Ok(path)
    };
    let paths = articles.iter().enumerate().map(write).collect::<Result<Vec<_>, _>>()?;
    Ok(engine.add(&paths, &Labels::default(), &mut |_| {})?.documents())
}
