//! `qiao ask`: the README's first commands, and what every answer must hold.

use serde_json::Value;

use crate::bridges::{EN, ZH, ask, bridges, questions};
use crate::desk::{Desk, Ran, repository, run};
use crate::pdf;

/// A4 in points, as the examples are printed.
const PAGE: (f64, f64) = (595.5, 842.0);

/// Everything that must hold of any answer to a question about `source`, held against what `show` and `parse` say.
#[track_caller]
fn check_answer(ran: &Ran, desk: &Desk, source: &str) {
    let answer = ran.clone().ok().json();
    let name = source.trim_start_matches("examples/");
    let shown = desk.qiao(["show", name, "--json"]).ok().json();
    let parsed = run(desk.command(["parse", source, "--json"]).current_dir(repository())).ok().json();
    assert_eq!(shown["text"], parsed["text"], "what was indexed is what the file says");
    assert_eq!(shown["anchors"], parsed["anchors"]);
    let text = shown["text"].as_str().unwrap();
    let citations = answer["citations"].as_array().unwrap();
    assert!((1..=3).contains(&citations.len()), "{} citations", citations.len());
    let mut said = Vec::new();
    for citation in citations {
        let quote = citation["quote"].as_str().unwrap();
        let [start, end] = [0, 1].map(|i| citation["span"][i].as_u64().unwrap() as usize);
        assert_eq!(quote.as_bytes(), &text.as_bytes()[start..end], "the quote stands in the text, byte for byte");
        assert!(quote.chars().count() <= 300, "{} characters: {quote}", quote.chars().count());
        assert_eq!(citation["document"], name);
        check_place(&citation["locator"], shown["pages"].as_u64().unwrap());
        said.push(quote);
    }
    assert_eq!(answer["answer"].as_str().unwrap(), said.join("\n"));
    assert_eq!(answer["refused"], false);
}

/// A page of the document, and boxes that lie on it.
#[track_caller]
fn check_place(locator: &Value, pages: u64) {
    let page = locator["page"].as_u64().unwrap();
    assert!((1..=pages).contains(&page), "page {page} of {pages}");
    let boxes = locator["boxes"].as_array().unwrap();
    assert!(!boxes.is_empty());
    for rect in boxes {
        let [x0, y0, x1, y1] = [0, 1, 2, 3].map(|i| rect[i].as_f64().unwrap());
        assert!(0.0 <= x0 && x0 < x1 && x1 <= PAGE.0, "{rect}");
        assert!(0.0 <= y0 && y0 < y1 && y1 <= PAGE.1, "{rect}");
    }
}

/// The first citation says what `questions.json` says, where it says.
#[track_caller]
fn check_first_citation(ran: &Ran, source: &str, quote_contains: &str) {
    let first = ran.json()["citations"][0].clone();
    let (answerable, _) = questions(source);
    let expected = answerable.iter().find(|q| q.quote_contains.starts_with(quote_contains)).unwrap();
    assert_eq!(first["locator"]["page"], expected.page);
    let quote: String = first["quote"].as_str().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(quote.contains(&expected.quote_contains), "{quote}");
}

#[test]
fn the_first_command_answers_in_english() {
    let bridges = bridges();
    check_answer(&bridges.en, &Desk::with(&bridges.kb), EN);
    check_first_citation(&bridges.en, EN, "One-hot codes do not scale");
}

#[test]
fn the_first_command_answers_in_chinese() {
    let bridges = bridges();
    check_answer(&bridges.zh, &Desk::with(&bridges.kb), ZH);
    check_first_citation(&bridges.zh, ZH, "独热编码难以扩展");
}

#[test]
fn the_answer_for_a_reader_names_document_and_page() {
    let desk = Desk::with(&bridges().kb);
    let ran = run(desk.command(["ask", "独热编码为什么难以扩展？", ZH]).current_dir(repository())).ok();
    let text = ran.text();
    assert!(text.starts_with("“独热编码难以扩展，"), "{text}");
    assert!(text.contains("    bridge-zh.pdf, page 4 · "), "{text}");
}

#[test]
fn a_question_finds_its_passage_in_the_other_language() {
    let desk = Desk::with(&bridges().kb);
    let found = desk.qiao(["search", "独热编码为什么难以扩展？", "--in", "bridge-en.pdf", "--json"]).ok().json();
    let text = found["hits"][0]["text"].as_str().unwrap();
    assert!(text.contains("One-hot codes do not scale"), "{text}");
}

#[test]
fn sources_that_are_named_are_the_only_ones_searched() {
    // the English document was there already when the Chinese one was asked
    let answer = bridges().zh.json();
    let hits = answer["hits"].as_array().unwrap();
    assert_eq!(hits.len(), 8);
    assert!(hits.iter().all(|hit| hit["document"] == "bridge-zh.pdf"), "{hits:?}");
    let desk = Desk::with(&bridges().kb);
    let chunks = |n: usize| desk.qiao(["list", "--json"]).ok().json_lines()[n]["chunks"].clone();
    assert_eq!(answer["usage"]["chunks_searched"], chunks(1));
}

/// Asks every fifth answerable question, and demands the expected page among the citations of `at_least` of them.
#[track_caller]
fn check_pages(source: &str, at_least: usize) {
    let desk = Desk::with(&bridges().kb);
    let (answerable, _) = questions(source);
    let sample: Vec<_> = answerable.iter().step_by(5).collect();
    let mut found = 0;
    for question in &sample {
        let ran = ask(&desk, &question.text, source);
        let answer = ran.json();
        let pages: Vec<u64> =
            answer["citations"].as_array().unwrap().iter().filter_map(|c| c["locator"]["page"].as_u64()).collect();
        match pages.contains(&question.page) {
            true => found += 1,
            false => println!("page {} expected, {pages:?} cited: {}", question.page, question.text),
        }
    }
    println!("{source}: {found} of {} questions answered from the expected page", sample.len());
    assert!(found >= at_least, "{source}: {found} of {}, not {at_least}", sample.len());
}

#[test]
fn english_questions_are_answered_from_the_right_page() {
    check_pages(EN, 6);
}

#[test]
fn chinese_questions_are_answered_from_the_right_page() {
    check_pages(ZH, 6);
}

/// Questions from quite another world must be refused. (How well those near the subject are told apart is measured,
/// not tested.)
#[track_caller]
fn check_refusals(source: &str, foreign: &[&str]) {
    let desk = Desk::with(&bridges().kb);
    let (_, others) = questions(source);
    for question in foreign {
        assert!(others.iter().any(|q| q == question), "{question} is not among the questions");
        let answer = ask(&desk, question, source).exits(1).json();
        assert_eq!(answer["refused"], true, "{question}");
        assert_eq!(answer["refusal"], "nothing_relevant");
        assert_eq!(answer["citations"].as_array().unwrap().len(), 0);
        assert_eq!(answer["answer"], "");
    }
}

#[test]
fn foreign_questions_are_refused_in_english() {
    check_refusals(EN, &["How long should I boil a soft egg?", "What is the capital of Mongolia?"]);
}

#[test]
fn foreign_questions_are_refused_in_chinese() {
    check_refusals(ZH, &["红烧肉要炖多长时间？", "2008年奥运会在哪座城市举行？"]);
}

#[test]
fn the_second_question_does_not_embed_the_document_again() {
    let desk = Desk::with(&bridges().kb);
    let before = desk.qiao(["list", "--json"]).ok();
    let ran = ask(&desk, "What is the dot product of two different one-hot vectors?", EN).ok();
    assert!(!ran.stderr.contains("added"), "{}", ran.stderr);
    // the same file again is found unchanged: not read, not embedded, not written
    let added = run(desk.command(["add", EN, ZH, "--json"]).current_dir(repository())).ok();
    let outcomes: Vec<Value> = added.json_lines().iter().map(|line| line["outcome"].clone()).collect();
    assert_eq!(outcomes, ["unchanged", "unchanged"]);
    assert_eq!(desk.qiao(["list", "--json"]).ok().stdout, before.stdout, "numbers and times of adding stay");
    assert_eq!(std::fs::read(desk.kb()).unwrap(), bridges().kb, "not a byte of the knowledge base was written");
}

#[test]
fn a_knowledge_base_is_asked_with_the_model_it_was_made_with() {
    let desk = Desk::new();
    desk.write("otters.md", "Otters eat sea urchins.\n");
    desk.qiao(["add", "otters.md"]).ok();
    let desk = desk.naming(None);
    let answer = desk.qiao(["ask", "What do otters eat?", "--json"]).ok().json();
    assert_eq!(answer["citations"][0]["quote"], "Otters eat sea urchins.");
}

#[test]
fn one_bad_source_among_good_ones_is_named_and_the_others_answer() {
    let desk = Desk::new();
    desk.write("otters.md", "Otters eat sea urchins.\n");
    desk.write("scan.pdf", pdf::pdf(&[pdf::image()]));
    let ran = desk
        .qiao(["ask", "What do otters eat?", "scan.pdf", "otters.md", "--json"])
        .ok()
        .says(&["scan.pdf", "no text"]);
    assert_eq!(ran.json()["citations"][0]["document"], "otters.md");
}

#[test]
fn a_bad_source_alone_is_bad_input() {
    let desk = Desk::new();
    desk.write("scan.pdf", pdf::pdf(&[pdf::image()]));
    desk.qiao(["ask", "What do otters eat?", "scan.pdf"]).exits(3).says(&["scan.pdf", "no text"]);
}

#[test]
fn without_documents_there_is_nothing_to_answer_from() {
    let desk = Desk::new();
    let ran = desk.qiao(["ask", "Anything?"]).exits(1);
    assert!(ran.text().contains("qiao add"), "{}", ran.text());
    let answer = desk.qiao(["ask", "Anything?", "--json"]).exits(1).json();
    assert_eq!(answer["refusal"], "nothing_to_search");
    assert!(!desk.kb().exists(), "a question makes no knowledge base");
    std::fs::create_dir(desk.path("empty")).unwrap();
    desk.qiao(["ask", "Anything?", "empty"]).exits(1);
}
