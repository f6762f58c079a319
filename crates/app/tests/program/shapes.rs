//! The shapes of JSON that others build on, and what a person reads, as snapshots. Numbers that a model computes, times
//! and folders are left out.

use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::Value;

use crate::desk::{Desk, Ran};
use crate::pdf;

const OTTERS: &str = "---\ntitle: Of otters\n---\n\n# Otters\n\nSea otters float.\nThey hold hands.\n\n## Food\n\nOtters eat sea urchins.\n";
const BRIDGES: &str = "第一座桥是木头造的。\n\n桥把两岸连在一起。\n";

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("otters.md", OTTERS);
    desk.write("桥.txt", BRIDGES);
    desk.qiao(["add", "otters.md", "桥.txt"]).ok();
    desk
}

/// All lines of standard output, redacted.
#[track_caller]
fn shape(desk: &Desk, ran: Ran) -> Vec<Value> {
    ran.json_lines().iter().map(|line| desk.redacted(line)).collect()
}

fn text(desk: &Desk, ran: &Ran) -> String {
    ran.text().replace(&*desk.root().to_string_lossy(), "[folder]")
}

#[test]
fn ask() {
    let desk = desk();
    assert_json_snapshot!(shape(&desk, desk.qiao(["ask", "What do otters eat?", "-k", "2", "--json"]).ok()));
}

#[test]
fn ask_refused() {
    let desk = desk();
    assert_json_snapshot!(shape(
        &desk,
        desk.qiao(["ask", "Who won the football World Cup in 1998?", "-k", "1", "--json"]).exits(1)
    ));
}

#[test]
fn search() {
    let desk = desk();
    assert_json_snapshot!(shape(&desk, desk.qiao(["search", "otters holding hands", "-k", "1", "--json"]).ok()));
}

#[test]
fn list() {
    let desk = desk();
    assert_json_snapshot!(shape(&desk, desk.qiao(["list", "--json"]).ok()));
}

#[test]
fn list_for_a_reader() {
    let desk = desk();
    assert_snapshot!(text(&desk, &desk.qiao(["list"]).ok()));
}

#[test]
fn show_is_what_parse_is_but_for_the_number() {
    let desk = desk();
    let shown = shape(&desk, desk.qiao(["show", "otters.md", "--json"]).ok());
    let mut parsed = shape(&desk, desk.qiao(["parse", "otters.md", "--json"]).ok());
    assert_eq!(parsed[0]["id"], 0);
    parsed[0]["id"] = shown[0]["id"].clone();
    assert_eq!(parsed, shown);
    assert_json_snapshot!(shown);
}

#[test]
fn show_for_a_reader() {
    let desk = desk();
    let shown = desk.qiao(["show", "otters.md"]).ok().text();
    assert_eq!(shown, desk.qiao(["parse", "otters.md"]).ok().text());
    assert_snapshot!(shown);
}

#[test]
fn parse_of_a_pdf() {
    let desk = Desk::new();
    desk.write("a.pdf", pdf::pdf(&[pdf::lines(&["Otters eat sea urchins."]), pdf::image()]));
    assert_json_snapshot!(shape(&desk, desk.qiao(["parse", "a.pdf", "--json"]).ok()));
}

#[test]
fn chunk() {
    let desk = desk();
    assert_json_snapshot!(shape(&desk, desk.qiao(["chunk", "otters.md", "--json"]).ok()));
}

#[test]
fn chunk_for_a_reader() {
    let desk = desk();
    assert_snapshot!(desk.qiao(["chunk", "otters.md"]).ok().text());
}

#[test]
fn add_and_remove() {
    let desk = Desk::new();
    desk.write("a.md", "Otters.\n");
    desk.write("b.txt", b"\xff");
    desk.write("c.jpg", "");
    let first = desk.qiao(["add", ".", "--json"]).exits(3);
    let first: Vec<Value> = shape(&desk, first);
    // what stands beside the knowledge base while it is open is passed over too
    let first: Vec<Value> = first.into_iter().filter(|l| !l["path"].as_str().unwrap().contains("kb.qiao")).collect();
    let again = shape(&desk, desk.qiao(["add", "a.md", "--json"]).ok());
    desk.write("a.md", "Sea otters.\n");
    let changed = shape(&desk, desk.qiao(["add", "a.md", "--json"]).ok());
    let removed = shape(&desk, desk.qiao(["remove", "a.md", "--json"]).ok());
    assert_json_snapshot!([first, again, changed, removed]);
}

#[test]
fn similarity_names_scores() {
    let desk = Desk::new();
    let ran = desk.qiao(["similarity", "otters", "otters", "bridges", "--json"]).ok();
    let object = ran.json();
    assert_eq!(object.as_object().unwrap().keys().collect::<Vec<_>>(), ["encoder", "scores"]);
    assert_eq!(object["scores"].as_array().unwrap().len(), 2);
    assert_eq!(object["encoder"]["model"], crate::desk::MINILM);
}

#[test]
fn model_list() {
    let desk = Desk::new();
    let cache = desk.path("no-cache");
    let ran = crate::desk::run(
        desk.command(["model", "list", "--json"]).env("QIAO_CACHE", &cache).env("HF_HUB_CACHE", &cache),
    )
    .ok();
    assert!(ran.json_lines().iter().all(|row| row["installed"] == false && row["path"].is_null()));
    assert_json_snapshot!(shape(&desk, ran));
    let here = desk.qiao(["model", "list", "--json"]).ok().json_lines();
    let minilm = here.iter().find(|row| row["name"] == crate::desk::MINILM).unwrap();
    assert_eq!(minilm["installed"], true);
    assert!(std::path::Path::new(minilm["path"].as_str().unwrap()).join("config.json").is_file());
}
