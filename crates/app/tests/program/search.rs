//! `qiao search`: order, number and place of the hits.

use serde_json::Value;

use crate::desk::Desk;

fn desk() -> Desk {
    let desk = Desk::new();
    for (name, food) in [("a", "sea urchins"), ("b", "sea urchins"), ("c", "sea  urchins")] {
        desk.write(format!("{name}/otters.md"), format!("Otters eat {food}.\n"));
    }
    desk.write("bridges.md", "Bridges carry roads over rivers.\n");
    desk.write("soup.txt", "Boil the soup for an hour.\n");
    desk.qiao(["add", "c", "b", "a", "bridges.md", "soup.txt"]).ok();
    desk
}

#[track_caller]
fn hits(desk: &Desk, args: &[&str]) -> Vec<Value> {
    desk.qiao(["search", "--json"].iter().chain(args)).ok().json()["hits"].as_array().unwrap().clone()
}

#[test]
fn hits_stand_best_first_and_ties_in_the_order_of_adding() {
    let desk = desk();
    let hits = hits(&desk, &["What do otters eat?"]);
    let ranks: Vec<u64> = hits.iter().map(|h| h["rank"].as_u64().unwrap()).collect();
    assert_eq!(ranks, [1, 2, 3, 4]);
    let scores: Vec<f64> = hits.iter().map(|h| h["score"].as_f64().unwrap()).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    assert_eq!(scores[0], scores[1], "the same text scores the same");
    let chunks: Vec<u64> = hits[..2].iter().map(|h| h["chunk"].as_u64().unwrap()).collect();
    assert_eq!(chunks, [1, 2]);
    assert!(hits[0]["path"].as_str().unwrap().ends_with("/c/otters.md"));
}

#[test]
fn as_many_hits_as_asked_for_and_no_more() {
    let desk = desk();
    assert_eq!(hits(&desk, &["otters", "-k", "1"]).len(), 1);
    assert_eq!(hits(&desk, &["otters", "--hits", "3"]).len(), 3);
    assert_eq!(hits(&desk, &["otters", "--hits", "1000"]).len(), 4);
}

#[test]
fn only_the_documents_that_are_named_are_searched() {
    let desk = desk();
    let found = hits(&desk, &["What do otters eat?", "--in", "soup.txt", "--in", "bridges.md"]);
    let documents: Vec<&str> = found.iter().map(|h| h["document"].as_str().unwrap()).collect();
    assert_eq!(documents.len(), 2);
    assert!(!documents.contains(&"otters.md"), "{documents:?}");
    assert_eq!(hits(&desk, &["otters", "--in", "2"])[0]["chunk"], 2);
    // of the same bytes as a/otters.md, which is not asked for
    let shared = hits(&desk, &["otters", "--in", "a/otters.md"]);
    assert!(shared[0]["path"].as_str().unwrap().ends_with("/a/otters.md") && shared[0]["also"].is_null(), "{shared:?}");
    desk.qiao(["search", "otters", "--in", "otters.md"])
        .exits(1)
        .says(&["3 documents are called otters.md", "qiao list"]);
    desk.qiao(["search", "otters", "--in", "99"]).exits(1).says(&["no document is called 99", "qiao list"]);
}

#[test]
fn the_same_search_prints_the_same_bytes() {
    let desk = desk();
    let search = || desk.qiao(["search", "What do otters eat?", "--json"]).ok().stdout;
    assert_eq!(search(), search());
}

#[test]
fn an_empty_knowledge_base_is_said_to_be_empty() {
    let desk = Desk::new();
    let ran = desk.qiao(["search", "anything", "--json"]).exits(1).says(&["empty", "qiao add"]);
    assert_eq!(ran.json(), serde_json::json!({"hits": [], "encoder": null}));
    assert!(!desk.kb().exists(), "a search makes no knowledge base");
}
