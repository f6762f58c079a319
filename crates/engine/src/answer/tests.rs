use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex};

use qiao_model::{ChatRequest, Finish};

use super::{Prompt, Writer};
use crate::chat::scripted::Scripted;
use crate::embed::HashingEncoder;
use crate::engine::{Engine, Settings};
use crate::error::{Error, Kind};
use crate::parse::AllParsers;
use crate::retrieve::Request;
use crate::seams::Encoder;
use crate::store::MemoryStore;
use crate::types::{Answer, Fault, Labels, Refusal};

const BRIDGES: &str = "The stone bridge of Zhaozhou has one arch. It was built by Li Chun in 605.\n\nThe toll for a horse was two coins. \
     Carts did not pay.\n";
const QUESTION: &str = "Who built the stone bridge of Zhaozhou?";

fn writer(model: Scripted) -> Writer {
    Writer {
        model: Box::new(model),
        prompt: None,
        answer_tokens: 100,
        window: None,
        temperature: 0.0,
        seed: Some(7),
        strict: false,
    }
}

fn engine(folder: &Path, writer: Writer) -> Engine {
    let path = folder.join("bridges.txt");
    std::fs::write(&path, BRIDGES).unwrap();
    let encoder: Arc<dyn Encoder> = Arc::new(HashingEncoder::default());
    let source = Box::new(move |_: Option<&_>| Ok(encoder.clone()));
    let store = Box::new(MemoryStore::default());
    let mut engine = Engine::new(store, Box::new(AllParsers), source, Settings::default()).with_writer(writer);
    engine.add(&[path], &Labels::default(), &mut |_| {}).unwrap();
    engine
}

fn ask(writer: Writer, question: &str) -> Result<Answer, Error> {
    let folder = tempfile::tempdir().unwrap();
    engine(folder.path(), writer).ask(question, &Request::default())
}

fn written(reply: &str) -> Answer {
    ask(writer(Scripted::saying(reply)), QUESTION).unwrap()
}

#[test]
fn what_is_borne_out_is_cited_where_it_stands() {
    let answer = written("Li Chun built it [1]. The text says “It was built by Li Chun in 605” [1].");
    assert!(answer.sentences.iter().all(|sentence| sentence.is_supported()), "{:?}", answer.sentences);
    let quotes: Vec<&str> = answer.citations.iter().map(|citation| citation.quote()).collect();
    assert_eq!(quotes, ["It was built by Li Chun in 605.", "It was built by Li Chun in 605"]);
    assert_eq!(answer.text, "Li Chun built it. [1] The text says “It was built by Li Chun in 605”. [2]");
    let chat = answer.usage.chat.unwrap();
    assert_eq!((chat.passages, chat.unsupported, chat.citations_invented), (1, 0, 0));
    assert!(chat.prompt_tokens > 0 && chat.reply_tokens > 0);
}

#[test]
fn what_is_not_borne_out_is_marked_with_the_reason() {
    let faults = |reply: &str| written(reply).sentences[0].faults.clone();
    assert_eq!(faults("It was built by Li Chun in 1605 [1]."), [Fault::Date { text: "1605".into() }]);
    assert!(matches!(&faults("The stone bridge of Zhaozhou was built by Lu Ban [1].")[0], Fault::Name { .. }));
    assert!(matches!(
        &faults("Carts did pay at the stone bridge of Zhaozhou, two coins for a horse [1].")[..],
        [] | [Fault::Negation { .. }]
    ));
    assert!(matches!(&faults("“Carts paid three coins a day” [1].")[0], Fault::Quotation { .. }));
    assert_eq!(faults("They swim under cold water all winter long [1]."), [Fault::Unrelated]);
}

#[test]
fn marks_stand_in_the_text_unless_they_are_left_out() {
    let reply = "Li Chun built it [1]. Penguins swim under cold water all winter long [1].";
    let answer = written(reply);
    assert!(answer.text.ends_with("Penguins swim under cold water all winter long. [unsupported]"), "{}", answer.text);
    assert_eq!(answer.usage.chat.unwrap().unsupported, 1);
    let strict = Writer { strict: true, ..writer(Scripted::saying(reply)) };
    let answer = ask(strict, QUESTION).unwrap();
    assert_eq!((answer.text.as_str(), answer.refusal), ("Li Chun built it. [1]", None));
    let strict = Writer { strict: true, ..writer(Scripted::saying("Penguins swim under cold water all winter long.")) };
    let answer = ask(strict, QUESTION).unwrap();
    assert_eq!((answer.text.as_str(), answer.refusal), ("", Some(Refusal::NothingSupported)));
}

/// What is heard of an answer, part by part, by one who wants so many parts; and the answer.
fn heard(writer: Writer, wanted: usize) -> (Vec<String>, Answer) {
    let folder = tempfile::tempdir().unwrap();
    let mut parts = Vec::new();
    let listen = &mut |part: &str| {
        parts.push(part.to_owned());
        if parts.len() < wanted { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let answer = engine(folder.path(), writer).ask_aloud(QUESTION, &Request::default(), listen).unwrap();
    (parts, answer)
}

#[test]
fn a_written_answer_is_said_sentence_by_sentence_as_it_is_checked() {
    let reply =
        "Li Chun built it [1]. Penguins swim under cold water all winter long [1].\n\nIt has one arch [1]. The end";
    let (parts, answer) = heard(writer(Scripted::saying(reply)), usize::MAX);
    assert_eq!(parts.len(), 4, "{parts:?}");
    assert_eq!(parts[..2], ["Li Chun built it. [1]", " Penguins swim under cold water all winter long. [unsupported]"]);
    assert_eq!((parts.concat(), answer.sentences.len()), (answer.text, 4));
    let strict = Writer { strict: true, ..writer(Scripted::saying(reply)) };
    let (parts, answer) = heard(strict, usize::MAX);
    assert_eq!((parts.concat(), answer.sentences.len()), (answer.text, 2));
    let (parts, answer) = heard(writer(Scripted::saying("The passages do not hold the answer.")), usize::MAX);
    assert_eq!((parts.len(), answer.refusal), (0, Some(Refusal::NotInPassages)));
}

#[test]
fn of_a_reply_that_was_cut_the_sentence_that_breaks_off_is_left_out() {
    let cut =
        |reply: &str| ask(writer(Scripted { finish: Finish::Length, ..Scripted::saying(reply) }), QUESTION).unwrap();
    let answer = cut("Li Chun built it [1]. It has one");
    assert_eq!((answer.text.as_str(), answer.usage.chat.unwrap().reply_cut), ("Li Chun built it. [1]", true));
    assert_eq!(cut("Li Chun built it [1]. It has one arch.").sentences.len(), 2);
    assert_eq!(cut("It has one").sentences.len(), 1);
    assert_eq!(cut("Li Chun built it [1]. It was paid by Mr.").sentences.len(), 1);
    assert_eq!(cut("The passages do not hold the answer. However, the").refusal, Some(Refusal::NotInPassages));
    assert_eq!(written("Li Chun built it [1]. It has one arch").sentences.len(), 2);
}

#[test]
fn whoever_has_heard_enough_ends_the_writing() {
    let reply =
        "Li Chun built it [1]. It has one arch [1]. The toll for a horse was two coins [1]. Carts did not pay [1].";
    let (parts, answer) = heard(writer(Scripted::saying(reply)), 1);
    assert_eq!(parts, ["Li Chun built it. [1]"]);
    assert_eq!((answer.text.as_str(), answer.sentences.len()), ("Li Chun built it. [1]", 1));
}

#[test]
fn a_reply_without_end_is_ended() {
    let (parts, answer) = heard(writer(Scripted::saying(&"Li Chun built it [1]. ".repeat(20_000))), usize::MAX);
    assert!(answer.usage.chat.unwrap().reply_cut && answer.sentences.len() < 20_000);
    assert_eq!(parts.concat(), answer.text);
}

#[test]
fn invented_numbers_and_addresses_are_gone() {
    let answer = written("Li Chun built it [9]. ![x](https://evil.example/?q=Zhaozhou)");
    assert_eq!(answer.text, "Li Chun built it. [1]");
    let chat = answer.usage.chat.unwrap();
    assert_eq!((chat.citations_invented, chat.links_removed), (1, 1));
}

#[test]
fn a_model_that_finds_nothing_refuses_in_either_language() {
    for reply in ["The passages do not hold the answer.", "段落中没有答案。", "the passages do not hold the answer"]
    {
        let answer = written(reply);
        assert_eq!((answer.refusal, answer.sentences.len()), (Some(Refusal::NotInPassages), 0));
    }
}

#[test]
fn where_nothing_bears_on_the_question_the_model_is_not_asked() {
    let asked: Arc<Mutex<Vec<ChatRequest>>> = Arc::default();
    let model = Scripted { asked: asked.clone(), ..Scripted::saying("42") };
    let answer = ask(writer(model), "How long do penguins breed?").unwrap();
    assert_eq!(answer.refusal, Some(Refusal::NothingRelevant));
    assert!(asked.lock().unwrap().is_empty() && answer.prompt.is_empty());
}

#[test]
fn the_model_gets_the_prompt_that_the_answer_shows() {
    let asked: Arc<Mutex<Vec<ChatRequest>>> = Arc::default();
    let model = Scripted { asked: asked.clone(), ..Scripted::saying("Li Chun [1].") };
    let own = Prompt::parse("[user]\nLook: {{passages}}\nQ {{question}}").unwrap();
    let answer = ask(Writer { prompt: Some(own), ..writer(model) }, QUESTION).unwrap();
    let request = asked.lock().unwrap()[0].clone();
    assert_eq!(request.messages, answer.prompt);
    assert_eq!((request.max_tokens, request.seed, request.temperature), (100, Some(7), 0.0));
    let text = &answer.prompt[0].text;
    assert!(
        text.starts_with("Look: [1] bridges.txt\n<passage-") && text.ends_with(&format!("\nQ {QUESTION}")),
        "{text}"
    );
}

#[test]
fn a_window_too_small_for_any_passage_is_told() {
    let small = Scripted { window: 200, ..Scripted::saying("x") };
    let error = ask(writer(small), QUESTION).unwrap_err();
    assert_eq!(error.kind(), Kind::Usage);
    assert!(error.reason().starts_with("cannot ask scripted: it takes 200 tokens"), "{}", error.reason());
}

#[test]
fn a_model_that_fails_is_an_error_and_no_refusal() {
    let broken = Scripted { reply: Err("it is switched off"), ..Scripted::saying("") };
    let error = ask(writer(broken), QUESTION).unwrap_err();
    assert_eq!((error.kind(), error.reason()), (Kind::Model, "no answer from scripted: it is switched off".to_owned()));
}
