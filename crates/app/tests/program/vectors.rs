//! `qiao embed` and `qiao similarity`.

use serde_json::Value;

use crate::desk::{Desk, Ran};

/// Dimensions of all-MiniLM-L6-v2.
const DIMENSION: usize = 384;

#[track_caller]
fn vectors(ran: &Ran) -> Vec<Vec<f64>> {
    let vector = |line: &Value| line["embedding"].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect();
    ran.json_lines().iter().map(vector).collect()
}

/// Receipts: (tokens, dropped, unknown).
#[track_caller]
fn receipts(ran: &Ran) -> Vec<(u64, u64, u64)> {
    let receipt = |v: &Value| {
        let [tokens, dropped, unknown] = ["tokens", "dropped", "unknown"].map(|name| v[name].as_u64().unwrap());
        (tokens, dropped, unknown)
    };
    ran.json_lines().iter().map(receipt).collect()
}

#[test]
fn the_examples_own_figures_come_out_of_the_program() {
    let desk = Desk::new();
    let phrases = ["similarity", "a happy person", "a very happy person", "a happy dog", "a sunny day"];
    let scores = desk.qiao(phrases.iter().chain(&["--json"])).ok().json()["scores"].clone();
    let expected = [0.934060, 0.644428, 0.337817];
    assert_eq!(scores.as_array().unwrap().len(), expected.len());
    for (score, expected) in scores.as_array().unwrap().iter().zip(expected) {
        assert!((score.as_f64().unwrap() - expected).abs() < 1e-4, "{score}, not {expected}");
    }
    let text = desk.qiao(phrases).ok().text();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("0.934") && lines[0].ends_with("  a very happy person"), "{text}");
    assert_eq!(lines.len(), 3);
}

#[test]
fn every_line_of_a_file_is_a_text_the_empty_one_too() {
    let desk = Desk::new();
    desk.write("texts.txt", "a happy person\n\na sunny day");
    let ran = desk.qiao(["embed", "--file", "texts.txt"]).ok();
    let vectors = vectors(&ran);
    assert_eq!(vectors.iter().map(Vec::len).collect::<Vec<_>>(), [DIMENSION; 3]);
    assert_eq!(receipts(&ran), [(3, 0, 0), (0, 0, 0), (3, 0, 0)]);
    assert_eq!(
        ran.stdout,
        desk.qiao(["embed", "a happy person", "", "a sunny day"]).ok().stdout,
        "as from the command line"
    );
    let length = vectors[0].iter().map(|n| n * n).sum::<f64>().sqrt();
    assert!((length - 1.0).abs() < 1e-5, "{length}");
}

#[test]
fn objects_of_a_jsonl_file_may_hold_line_ends() {
    let desk = Desk::new();
    desk.write("texts.jsonl", "{\"text\": \"a happy\\nperson\"}\n{\"id\": 7, \"text\": \"\"}\n");
    let ran = desk.qiao(["embed", "--file", "texts.jsonl"]).ok();
    assert_eq!(receipts(&ran), [(3, 0, 0), (0, 0, 0)]);
}

#[test]
fn a_broken_line_of_a_jsonl_file_is_named() {
    let desk = Desk::new();
    desk.write("texts.jsonl", "{\"text\": \"good\"}\n{\"words\": \"bad\"}\n");
    let ran = desk.qiao(["embed", "--file", "texts.jsonl"]).exits(3).says(&["texts.jsonl", "line 2", "`text`"]);
    assert_eq!(ran.text(), "");
}

#[test]
fn npy_is_what_numpy_reads() {
    let desk = Desk::new();
    desk.write("texts.txt", "a happy person\na sunny day\n");
    let bytes = desk.qiao(["embed", "--file", "texts.txt", "--format", "npy"]).ok().stdout;
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let fields = std::str::from_utf8(&bytes[10..10 + header]).unwrap();
    assert!(fields.starts_with("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 384), }"), "{fields}");
    assert!(fields.ends_with(" \n"), "{fields:?}");
    assert_eq!((10 + header) % 64, 0);
    let data = &bytes[10 + header..];
    assert_eq!(data.len(), 2 * DIMENSION * 4);
    let numbers: Vec<f32> = data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let listed = vectors(&desk.qiao(["embed", "--file", "texts.txt"]).ok()).concat();
    let listed: Vec<f32> = listed.into_iter().map(|n| n as f32).collect();
    assert!(numbers == listed, "the same numbers, bit for bit, as in JSON");
}

#[test]
fn output_goes_whole_into_the_file_or_not_at_all() {
    let desk = Desk::new();
    desk.write("texts.txt", "a happy person\n");
    let ran = desk.qiao(["embed", "--file", "texts.txt", "--output", "out.jsonl"]).ok();
    assert_eq!(ran.text(), "");
    let expected = desk.qiao(["embed", "a happy person"]).ok().stdout;
    assert_eq!(std::fs::read(desk.path("out.jsonl")).unwrap(), expected);
    // a text that is refused leaves the file as it was
    desk.write("texts.txt", format!("short\n{}\n", "word ".repeat(600)));
    desk.qiao(["embed", "--file", "texts.txt", "--long", "error", "-o", "out.jsonl"]).exits(3);
    assert_eq!(std::fs::read(desk.path("out.jsonl")).unwrap(), expected);
}

#[test]
fn an_output_that_cannot_be_written_is_no_fault_of_qiao() {
    let desk = Desk::new();
    let ran = desk.qiao(["embed", "one", "--output", "no/such/folder/out.jsonl"]).says(&["no/such/folder/out.jsonl"]);
    assert!(matches!(ran.status.code(), Some(2 | 3)), "{:?}, and 70 means a bug", ran.status);
}

#[test]
fn long_texts_are_averaged_cut_or_refused() {
    let desk = Desk::new();
    // one token a word; the model takes 254 besides its special ones
    desk.write("long.txt", format!("{}{}\n", "word ".repeat(300), "river ".repeat(300)));
    let long = |how: &str| desk.qiao(["embed", "--file", "long.txt", "--long", how]);
    let (window, truncated) = (long("window").ok(), long("truncate").ok());
    assert_eq!(receipts(&window), [(600, 0, 0)]);
    assert_eq!(receipts(&truncated), [(600, 346, 0)]);
    let start = desk.qiao(["embed", "word ".repeat(254).trim_end()]).ok();
    assert_eq!(vectors(&truncated), vectors(&start), "cut is cut");
    assert_ne!(vectors(&window), vectors(&truncated), "what was cut off counts in the window");
    long("error").exits(3).says(&["600 tokens", "254", "--long"]);
}

#[test]
fn characters_that_the_model_does_not_know_are_counted() {
    let desk = Desk::new();
    let ran = desk.qiao(["embed", "a happy person", "鑫淼焱 happy"]).ok();
    let receipts = receipts(&ran);
    assert_eq!(receipts[0].2, 0);
    assert!(receipts[1].2 > 0, "{receipts:?}");
}

#[test]
fn the_role_matters_to_a_model_that_was_trained_with_roles() {
    let desk = Desk::without_model();
    let embed =
        |role: &str| vectors(&desk.qiao(["--model", crate::desk::E5, "embed", "桥是什么？", "--role", role]).ok());
    assert_ne!(embed("query"), embed("passage"));
}

#[test]
fn no_text_is_no_vector() {
    let desk = Desk::new();
    desk.write("empty.txt", "");
    assert_eq!(desk.qiao(["embed", "--file", "empty.txt"]).ok().text(), "");
    let npy = desk.qiao(["embed", "--file", "empty.txt", "--format", "npy"]).ok().stdout;
    assert!(String::from_utf8_lossy(&npy).contains("'shape': (0, 384)"));
}

#[test]
fn texts_come_from_standard_input_too() {
    let desk = Desk::new();
    let file = std::fs::File::open(desk.write("texts", "a happy person\n")).unwrap();
    let ran = crate::desk::run(desk.command(["embed", "--file", "-"]).stdin(file)).ok();
    assert_eq!(ran.stdout, desk.qiao(["embed", "a happy person"]).ok().stdout);
}

#[test]
fn embedding_and_comparing_make_no_knowledge_base() {
    let desk = Desk::new();
    desk.write("a.md", "Otters.\n");
    desk.qiao(["embed", "one"]).ok();
    desk.qiao(["similarity", "one", "two"]).ok();
    desk.qiao(["parse", "a.md"]).ok();
    desk.qiao(["chunk", "a.md"]).ok();
    desk.qiao(["list"]).ok();
    assert!(!desk.kb().exists());
}
