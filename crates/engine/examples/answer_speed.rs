//! For `bench/answers`: how long a question takes beside the language model, on a document of the examples, the encoder warm:
//! the search and quotations alone, and the search, the prompt and the check of a reply of four sentences.
//!
//! usage: answer_speed MODEL [ROUNDS]
#![allow(clippy::print_stdout, reason = "a program for people at a terminal")]

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use qiao::answer::Writer;
use qiao::chat::ChatError;
use qiao::embed::ModelEncoder;
use qiao::model::fetch::{Fallback, FetchConfig, resolve_cached};
use qiao::model::{ChatRequest, Finish, Precision, Provenance, Reply};
use qiao::parse::AllParsers;
use qiao::retrieve::Request;
use qiao::seams::{ChatModel, Encoder};
use qiao::store::{SqliteStore, Wait};
use qiao::types::Labels;
use qiao::{Engine, Settings};

type Fault = Box<dyn std::error::Error>;

const QUESTIONS: [&str; 4] = [
    "Why do one-hot codes not scale?",
    "What is the dot product of two different one-hot vectors?",
    "How can a fabricated quotation be detected?",
    "What does an encoder return for a piece of text?",
];

/// Sentences as a model writes them: one quotes, one restates, one has a number, one is made up.
const REPLY: &str = "The text says “One-hot codes do not scale” [1]. Each new word makes every vector one number longer, so the codes grow \
     with the vocabulary [1]. The dot product of two different codes is 0 [1]. This was first noticed in Paris in 1987 [2].";

/// Replies at once.
struct Ready;

impl ChatModel for Ready {
    fn name(&self) -> &str {
        "ready"
    }

    fn window(&self) -> Option<usize> {
        Some(8192)
    }

    fn count_tokens(&self, text: &str) -> Result<usize, ChatError> {
        Ok(text.len() / 4)
    }

    fn complete(&self, _: &ChatRequest, on_text: &mut dyn FnMut(&str) -> ControlFlow<()>) -> Result<Reply, ChatError> {
        let _ = on_text(REPLY);
        Ok(Reply { text: REPLY.to_owned(), finish: Finish::Stop, prompt_tokens: None, reply_tokens: None })
    }
}

fn main() -> Result<(), Fault> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let model = arguments.first().ok_or("usage: answer_speed MODEL [ROUNDS]")?;
    let rounds = arguments.get(1).map_or(Ok(25), |n| n.parse::<usize>())?;
    let config = FetchConfig::from_env()?;
    let found = resolve_cached(model, Fallback::Never, &config)?;
    let encoder: Arc<dyn Encoder> =
        Arc::new(ModelEncoder::load(&found.path, Provenance::of(&found, &config), Precision::fastest())?);
    let folder = tempfile::tempdir()?;
    let base = folder.path().join("base.qiao");
    engine(&base, &encoder)?.add(&[PathBuf::from("examples/bridge-en.pdf")], &Labels::default(), &mut |_| {})?;
    let writer = Writer {
        model: Box::new(Ready),
        prompt: None,
        answer_tokens: 512,
        window: None,
        temperature: 0.0,
        seed: None,
        strict: false,
    };
    report("search and quotations", &engine(&base, &encoder)?, rounds)?;
    report("search, prompt and check", &engine(&base, &encoder)?.with_writer(writer), rounds)
}

fn engine(base: &std::path::Path, encoder: &Arc<dyn Encoder>) -> Result<Engine, Fault> {
    let encoder = encoder.clone();
    let source = Box::new(move |_: Option<&_>| Ok(encoder.clone()));
    let store = Box::new(SqliteStore::open(base, Wait::default())?);
    Ok(Engine::new(store, Box::new(AllParsers), source, Settings::default()))
}

fn report(name: &str, engine: &Engine, rounds: usize) -> Result<(), Fault> {
    let mut times = Vec::new();
    for round in 0..=rounds {
        for question in QUESTIONS {
            let start = Instant::now();
            engine.ask(question, &Request::default())?;
            // the first round warms up
            if round > 0 {
                times.push(start.elapsed().as_secs_f64() * 1000.0);
            }
        }
    }
    times.sort_by(f64::total_cmp);
    println!(
        "{name}: median {:.1} ms, 95 of 100 under {:.1} ms",
        times[times.len() / 2],
        times[times.len() * 95 / 100]
    );
    Ok(())
}
