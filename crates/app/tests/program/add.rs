//! `qiao add`: what goes in, what is passed over, and that a second time costs nothing.

use std::path::Path;

use serde_json::Value;

use crate::desk::{Desk, Ran};
use crate::pdf;

/// `(path relative to the desk, outcome)` of each file of `add --json`.
#[track_caller]
fn outcomes(desk: &Desk, ran: &Ran) -> Vec<(String, String)> {
    let one = |line: &Value| {
        let path = Path::new(line["path"].as_str().unwrap()).strip_prefix(desk.root()).unwrap();
        (path.display().to_string(), line["outcome"].as_str().unwrap().to_owned())
    };
    ran.json_lines().iter().map(one).collect()
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(path, outcome)| ((*path).to_owned(), (*outcome).to_owned())).collect()
}

/// The texts of the hits for `query`.
#[track_caller]
fn hits(desk: &Desk, query: &str) -> Vec<String> {
    let found = desk.qiao(["search", query, "--json"]).json();
    found["hits"].as_array().unwrap().iter().map(|hit| hit["text"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_folder_is_walked_and_what_is_passed_over_is_named() {
    let desk = Desk::new();
    desk.write("notes/b.md", "Second.\n");
    desk.write("notes/deep/er/a.txt", "First.\n");
    desk.write("notes/scan", pdf::pdf(&[pdf::lines(&["A PDF without an ending."])]));
    desk.write("notes/photo.jpg", b"\xff\xd8");
    desk.write("notes/.hidden.md", "Not this.\n");
    let ran = desk.qiao(["add", "notes", "--json"]).ok().says(&[
        "skipped",
        "photo.jpg: not a kind of file that qiao reads",
        ".hidden.md: hidden",
        "3 added, 0 unchanged, 0 failed, 2 skipped",
    ]);
    let expected = [
        ("notes/b.md", "added"),
        ("notes/deep/er/a.txt", "added"),
        ("notes/scan", "added"),
        ("notes/.hidden.md", "skipped"),
        ("notes/photo.jpg", "skipped"),
    ];
    assert_eq!(outcomes(&desk, &ran), pairs(&expected));
    assert_eq!(desk.listed(), ["notes/b.md", "notes/deep/er/a.txt", "notes/scan"]);
}

#[test]
fn a_failed_file_is_exit_3_and_the_others_are_added() {
    let desk = Desk::new();
    desk.write("notes/a.md", "Good.\n");
    desk.write("notes/b.txt", b"bad \xff\xfe");
    desk.write("notes/c.md", "Good too.\n");
    let ran =
        desk.qiao(["add", "notes", "--json"]).exits(3).says(&["b.txt", "not UTF-8", "2 added, 0 unchanged, 1 failed"]);
    assert_eq!(
        outcomes(&desk, &ran),
        pairs(&[("notes/a.md", "added"), ("notes/b.txt", "failed"), ("notes/c.md", "added")])
    );
    assert!(ran.json_lines()[1]["reason"].as_str().unwrap().contains("not UTF-8 text (byte 4)"));
    assert_eq!(desk.listed(), ["notes/a.md", "notes/c.md"]);
}

#[test]
fn the_same_file_again_is_unchanged() {
    let desk = Desk::new();
    desk.write("a.md", "Otters eat sea urchins.\n");
    desk.qiao(["add", "a.md"]).ok();
    let listed = desk.qiao(["list", "--json"]).ok().stdout;
    let kb = std::fs::read(desk.kb()).unwrap();
    let ran = desk.qiao(["add", "a.md", ".", "--json"]).ok();
    // the knowledge base lies in the folder too, and is none of the kinds that are read
    assert_eq!(outcomes(&desk, &ran)[0], ("a.md".to_owned(), "unchanged".to_owned()));
    assert!(ran.stderr.contains("0 added, 1 unchanged, 0 failed"), "{}", ran.stderr);
    assert_eq!(desk.qiao(["list", "--json"]).ok().stdout, listed);
    assert_eq!(std::fs::read(desk.kb()).unwrap(), kb, "nothing was written");
}

#[test]
fn a_changed_file_takes_the_place_of_its_old_version() {
    let desk = Desk::new();
    desk.write("a.md", "# Diet\n\nOtters eat sea urchinoids.\n");
    desk.write("b.md", "Bridges carry roads.\n");
    desk.qiao(["add", "a.md", "b.md"]).ok();
    assert!(desk.kb_holds(b"urchinoids"));
    desk.write("a.md", "# Diet\n\nOtters eat clamshells.\n");
    let ran = desk.qiao(["add", "a.md", "--json"]).ok().says(&["replaced"]);
    assert_eq!(outcomes(&desk, &ran), pairs(&[("a.md", "replaced")]));
    let hits = hits(&desk, "What do otters eat?");
    assert_eq!(hits, ["Diet\n\nOtters eat clamshells.", "Bridges carry roads."]);
    assert_eq!(desk.qiao(["show", "a.md"]).ok().text(), "Diet\n\nOtters eat clamshells.\n");
    assert_eq!(desk.listed().len(), 2);
    assert!(!desk.kb_holds(b"urchinoids"), "no byte of the old version is left");
}

#[test]
fn a_file_that_can_no_longer_be_read_leaves_its_old_version() {
    let desk = Desk::new();
    desk.write("a.md", "Otters eat sea urchins.\n");
    desk.qiao(["add", "a.md"]).ok();
    desk.write("a.md", b"\xff\xff");
    desk.qiao(["add", "a.md"]).exits(3).says(&["a.md", "not UTF-8"]);
    assert_eq!(hits(&desk, "otters"), ["Otters eat sea urchins."]);
}

#[test]
fn one_content_under_two_names_is_two_documents() {
    let desk = Desk::new();
    for name in ["a/note.md", "b/note.md"] {
        desk.write(name, "Otters eat sea urchins.\n");
    }
    desk.qiao(["add", "a", "b"]).ok().says(&["2 added", "the same as", "whose text and vectors it shares"]);
    assert_eq!(desk.listed(), ["a/note.md", "b/note.md"]);
    let found = desk.qiao(["search", "otters", "--json"]).ok().json()["hits"].clone();
    assert_eq!(found.as_array().unwrap().len(), 1, "what they share is found once");
    assert!(found[0]["path"].as_str().unwrap().ends_with("a/note.md"));
    assert!(found[0]["also"][0].as_str().unwrap().ends_with("b/note.md"));
    // what they share stays while one of them does
    desk.qiao(["remove", "a/note.md"]).ok();
    assert_eq!(hits(&desk, "otters"), ["Otters eat sea urchins."]);
}

#[test]
fn a_file_named_twice_is_added_once() {
    let desk = Desk::new();
    desk.write("a.md", "Otters eat sea urchins.\n");
    let absolute = desk.path("a.md");
    let ran = desk.qiao(["add", "a.md", "./a.md", absolute.to_str().unwrap(), ".", "--json"]).ok();
    let added = outcomes(&desk, &ran).into_iter().filter(|(_, outcome)| outcome == "added");
    assert_eq!(added.count(), 1);
    assert_eq!(desk.listed(), ["a.md"]);
}

#[test]
fn text_and_markdown_are_placed_by_lines() {
    let desk = Desk::new();
    desk.write("a.md", "# Otters\n\nThey float.\n\n## Food\n\nOtters eat\nsea urchins.\n");
    desk.write("b.txt", "\u{feff}Bridges carry roads.\r\n\r\nBridges of stone last.\r\n");
    desk.qiao(["add", "a.md", "b.txt"]).ok();
    let first = |query: &str| desk.qiao(["search", query, "--json"]).ok().json()["hits"][0].clone();
    let food = first("What do otters eat?");
    assert_eq!(food["locator"], serde_json::json!({"line": 5, "last_line": 8}));
    assert_eq!(food["heading_path"], serde_json::json!(["Otters", "Food"]));
    assert_eq!(food["text"], "Food\n\nOtters eat sea urchins.");
    let stone = first("bridges of stone");
    assert_eq!(stone["locator"], serde_json::json!({"line": 1, "last_line": 3}));
    assert_eq!(stone["text"], "Bridges carry roads.\n\nBridges of stone last.");
    let text = desk.qiao(["search", "What do otters eat?", "-k", "1"]).ok().text();
    assert!(text.contains("a.md, lines 5–8 · Otters › Food"), "{text}");
}

#[test]
fn pages_without_text_are_named_and_the_others_are_added() {
    let desk = Desk::new();
    desk.write("partly.pdf", pdf::pdf(&[pdf::lines(&["Otters eat sea urchins."]), pdf::image()]));
    let ran = desk.qiao(["add", "partly.pdf", "--json"]).ok().says(&["page 2: no text"]);
    assert_eq!(ran.json()["unread"][0]["page"], 2);
    let hit = desk.qiao(["search", "otters", "--json"]).ok().json()["hits"][0].clone();
    assert_eq!(hit["locator"]["page"], 1);
}

#[test]
fn an_empty_folder_adds_nothing_and_says_so() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("empty")).unwrap();
    desk.qiao(["add", "empty"]).ok().says(&["0 added, 0 unchanged, 0 failed, 0 skipped"]);
    assert_eq!(desk.listed().len(), 0);
}
