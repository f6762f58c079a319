//! The two example documents in one knowledge base, made once by the README's own first commands.

use std::sync::OnceLock;

use serde_json::Value;

use crate::desk::{Desk, Ran, repository, run};

pub(crate) const EN: &str = "examples/bridge-en.pdf";
pub(crate) const ZH: &str = "examples/bridge-zh.pdf";

/// What the first commands left.
pub(crate) struct Bridges {
    /// The knowledge base, both documents in it.
    pub(crate) kb: Vec<u8>,
    /// `qiao ask "Why do one-hot codes not scale?" examples/bridge-en.pdf --json`
    pub(crate) en: Ran,
    /// `qiao ask "独热编码为什么难以扩展？" examples/bridge-zh.pdf --json`
    pub(crate) zh: Ran,
}

/// Both documents, read and embedded; takes some twenty seconds of processor time, once.
pub(crate) fn bridges() -> &'static Bridges {
    static MADE: OnceLock<Bridges> = OnceLock::new();
    MADE.get_or_init(|| {
        let desk = Desk::without_model();
        let en = ask(&desk, "Why do one-hot codes not scale?", EN);
        let zh = ask(&desk, "独热编码为什么难以扩展？", ZH);
        Bridges { kb: std::fs::read(desk.kb()).unwrap(), en, zh }
    })
}

/// `qiao ask QUESTION SOURCE --json` in the repository's root.
pub(crate) fn ask(desk: &Desk, question: &str, source: &str) -> Ran {
    run(desk.command(["ask", question, source, "--json"]).current_dir(repository()))
}

/// The questions of `examples/questions.json` for the document at `source`: answerable ones, and others.
pub(crate) fn questions(source: &str) -> (Vec<Question>, Vec<String>) {
    let all = std::fs::read(repository().join("examples/questions.json")).unwrap();
    let all: Value = serde_json::from_slice(&all).unwrap();
    let own = &all[source.trim_start_matches("examples/")];
    let question = |v: &Value| Question {
        text: v["question"].as_str().unwrap().to_owned(),
        page: v["page"].as_u64().unwrap(),
        quote_contains: v["quote_contains"].as_str().unwrap().to_owned(),
    };
    let answerable = own["answerable"].as_array().unwrap().iter().map(question).collect();
    let others = own["unanswerable"].as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect();
    (answerable, others)
}

/// A question that the document answers.
pub(crate) struct Question {
    pub(crate) text: String,
    pub(crate) page: u64,
    pub(crate) quote_contains: String,
}
