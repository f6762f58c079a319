//! `qiao ask`, for programs and for readers.

use qiao::model::{EncoderId, Message};
use qiao::types::{Answer, Citation, Fault, Judgement, Locator, Refusal, Sentence, Span, Usage};
use serde::Serialize;

use super::{HitView, HitsView, folded, place};

/// `qiao ask --json`.
#[derive(Debug, Serialize)]
pub(crate) struct AnswerView<'a> {
    answer: &'a str,
    refused: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Refusal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    judgement: Option<Judgement>,
    sentences: Vec<SentenceView<'a>>,
    citations: Vec<CitationView<'a>>,
    hits: Vec<HitView<'a>>,
    usage: Usage,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<Vec<MessageView<'a>>>,
    encoder: Option<&'a EncoderId>,
}

#[derive(Debug, Serialize)]
struct SentenceView<'a> {
    text: &'a str,
    supported: bool,
    citations: &'a [usize],
    #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
    faults: &'a [Fault],
}

#[derive(Debug, Serialize)]
struct CitationView<'a> {
    quote: &'a str,
    document: &'a str,
    path: &'a str,
    heading_path: &'a [String],
    span: Span,
    locator: &'a Locator,
}

#[derive(Debug, Serialize)]
struct MessageView<'a> {
    role: &'a str,
    content: &'a str,
}

impl<'a> AnswerView<'a> {
    pub(crate) fn of(answer: &'a Answer, encoder: Option<&'a EncoderId>, with_prompt: bool) -> Self {
        let citation = |c: &'a Citation| CitationView {
            quote: c.quote(),
            document: c.document(),
            path: c.origin(),
            heading_path: c.heading_path(),
            span: c.span(),
            locator: c.locator(),
        };
        let sentence = |s: &'a Sentence| SentenceView {
            text: &s.text,
            supported: s.is_supported(),
            citations: &s.citations,
            faults: &s.faults,
        };
        let message = |m: &'a Message| MessageView { role: m.speaker.as_str(), content: &m.text };
        Self {
            answer: &answer.text,
            refused: answer.refusal.is_some(),
            refusal: answer.refusal,
            judgement: answer.judgement,
            sentences: answer.sentences.iter().map(sentence).collect(),
            citations: answer.citations.iter().map(citation).collect(),
            hits: HitsView::of(&answer.hits, encoder).hits,
            usage: answer.usage,
            prompt: with_prompt.then(|| answer.prompt.iter().map(message).collect()),
            encoder,
        }
    }
}

/// The quotations that an answer consists of, for a reader.
pub(crate) fn quotations_text(answer: &Answer) -> String {
    let quote = |c: &Citation| format!("“{}”\n    {}\n", folded(c.quote()), citation_place(c));
    answer.citations.iter().map(quote).collect::<Vec<_>>().join("\n")
}

/// What a written answer rests on, and what in it rests on nothing, for a reader.
pub(crate) fn sources_text(answer: &Answer) -> String {
    let mut out = String::new();
    for (i, citation) in answer.citations.iter().enumerate() {
        out += &format!("\n[{}] “{}”\n    {}\n", i + 1, folded(citation.quote()), citation_place(citation));
    }
    for sentence in answer.sentences.iter().filter(|sentence| !sentence.is_supported()) {
        let faults: Vec<String> = sentence.faults.iter().map(fault_text).collect();
        out += &format!("\nunsupported: “{}”\n    {}\n", folded(&sentence.text), faults.join("; "));
    }
    if answer.usage.chat.is_some_and(|chat| chat.reply_cut) {
        out += "\ncut: the reply ended at its limit of tokens; --answer-tokens allows more, as far as the model's window goes\n";
    }
    out
}

fn citation_place(citation: &Citation) -> String {
    place(citation.document(), citation.locator(), citation.heading_path())
}

fn fault_text(fault: &Fault) -> String {
    match fault {
        Fault::Quotation { text } => format!("no passage has the words “{}”", folded(text)),
        Fault::Number { text } => format!("no passage that says this has the number {}", folded(text)),
        Fault::Date { text } => format!("no passage that says this has the date {}", folded(text)),
        Fault::Name { text } => format!("no passage that says this has the name {}", folded(text)),
        Fault::Negation { text } => format!("a passage says otherwise: “{}”", folded(text)),
        Fault::Unrelated => "no passage says anything like it".to_owned(),
        Fault::Instruction => "only an instruction to the machine, inside a document, says it".to_owned(),
    }
}

/// What a language model was sent, for a reader.
pub(crate) fn prompt_text(prompt: &[Message]) -> String {
    prompt.iter().map(|message| format!("[{}]\n{}\n\n", message.speaker.as_str(), message.text)).collect()
}

/// Why there is no answer.
pub(crate) fn refusal_text(refusal: Refusal, judgement: Option<Judgement>) -> String {
    match (refusal, judgement) {
        (Refusal::NothingRelevant, Some(j)) => format!(
            "Nothing in these documents bears on the question (relevance {:.2}, needed {:.2}). `qiao search` shows the \
             nearest passages all the same.",
            j.relevance, j.threshold
        ),
        (Refusal::NothingRelevant, None) => "Nothing in these documents bears on the question.".to_owned(),
        (Refusal::NotInPassages, _) => {
            "The model found no answer in the passages that it was given. `qiao search` shows them.".to_owned()
        }
        (Refusal::NothingSupported, _) => {
            "No passage bears out anything that the model wrote. Without --strict it is shown all the same.".to_owned()
        }
        (Refusal::NothingToSearch, _) => {
            "There is nothing to answer from: add documents first (qiao add PATH).".to_owned()
        }
    }
}
