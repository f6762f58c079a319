//! `qiao remove`: gone means gone.

use crate::desk::Desk;

/// As they are written, and as an index of words has them.
const SECRETS: [&str; 6] = ["zyxquortle", "甪端貔貅", "Vexillomancy", "confidential-plan", "zyxquortl", "exillom"];

/// Two documents; the first has words of its own in text, headings and name.
fn two() -> Desk {
    let desk = Desk::new();
    desk.write(
        "confidential-plan.md",
        "# Vexillomancy\n\nThe zyxquortle hums at dawn.\n\n## 甪端貔貅\n\n甪端貔貅住在山里。\n",
    );
    desk.write("bridges.md", "Bridges carry roads over rivers.\n");
    desk.qiao(["add", "confidential-plan.md", "bridges.md"]).ok();
    desk
}

#[track_caller]
fn check_gone(desk: &Desk) {
    assert_eq!(desk.listed(), ["bridges.md"]);
    for secret in SECRETS {
        assert!(!desk.kb_holds(secret.as_bytes()), "{secret} is still in the knowledge base's files");
    }
    let hits = desk.qiao(["search", "zyxquortle", "--json"]).ok().json()["hits"].clone();
    assert!(hits.as_array().unwrap().iter().all(|hit| hit["document"] == "bridges.md"), "{hits}");
    desk.qiao(["show", "1"]).exits(1).says(&["no document is called 1", "qiao list"]);
}

#[test]
fn a_removed_document_leaves_no_byte() {
    let desk = two();
    for secret in SECRETS {
        assert!(desk.kb_holds(secret.as_bytes()), "{secret} was never there");
    }
    let absolute = desk.path("confidential-plan.md");
    let numbered = two();
    for (desk, named) in [
        (&desk, absolute.to_str().unwrap()),
        (&numbered, "1"),
        (&two(), "confidential-plan.md"),
        (&two(), "./confidential-plan.md"),
    ] {
        let ran = desk.qiao(["remove", named]).ok().says(&["removed", "confidential-plan.md"]);
        assert_eq!(ran.text(), "", "what is said to a person is no data");
        check_gone(desk);
    }
}

#[test]
fn a_document_whose_file_is_gone_can_be_removed() {
    let desk = two();
    std::fs::remove_file(desk.path("confidential-plan.md")).unwrap();
    desk.qiao(["remove", "confidential-plan.md"]).ok();
    check_gone(&desk);
}

#[test]
fn vectors_of_a_removed_text_go_too() {
    let desk = two();
    let chunks = desk.qiao(["chunk", "confidential-plan.md", "--json"]).ok().json_lines();
    let hashes: Vec<_> =
        chunks.iter().map(|c| qiao::types::ContentHash::of(c["text"].as_str().unwrap().as_bytes())).collect();
    assert_eq!(hashes.len(), 2);
    assert!(hashes.iter().all(|hash| desk.kb_holds(hash.as_str().as_bytes())), "the vectors' keys are in the file");
    desk.qiao(["remove", "1"]).ok();
    assert!(!hashes.iter().any(|hash| desk.kb_holds(hash.as_str().as_bytes())));
}

#[test]
fn a_name_that_two_documents_have_removes_neither() {
    let desk = Desk::new();
    for name in ["a/note.md", "b/note.md"] {
        desk.write(name, "Otters eat sea urchins.\n");
    }
    desk.qiao(["add", "a", "b"]).ok();
    desk.qiao(["remove", "note.md"]).exits(1).says(&[
        "2 documents are called note.md",
        "give a number or a path",
        "qiao list",
    ]);
    assert_eq!(desk.listed(), ["a/note.md", "b/note.md"]);
}

#[test]
fn one_unknown_name_among_known_ones_removes_nothing() {
    let desk = two();
    desk.qiao(["remove", "1", "nothing.md"]).exits(1).says(&["no document is called nothing.md", "qiao list"]);
    assert_eq!(desk.listed().len(), 2);
}

#[test]
fn removing_without_a_knowledge_base_makes_none() {
    let desk = Desk::new();
    desk.qiao(["remove", "1"]).exits(1).says(&["no document is called 1"]);
    assert!(!desk.kb().exists());
}

#[test]
fn a_number_is_not_given_again() {
    let desk = two();
    desk.qiao(["remove", "2"]).ok();
    desk.qiao(["add", "bridges.md"]).ok();
    let ids: Vec<_> =
        desk.qiao(["list", "--json"]).ok().json_lines().iter().map(|d| d["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [1, 3]);
}

#[test]
fn all_documents_removed_leave_nothing_to_answer_from() {
    let desk = two();
    desk.qiao(["remove", "1", "2"]).ok();
    let answer = desk.qiao(["ask", "What do bridges carry?", "--json"]).exits(1).json();
    assert_eq!(answer["refusal"], "nothing_to_search");
    let found = desk.qiao(["search", "bridges", "--json"]).exits(1).says(&["knowledge base is empty"]).json();
    assert_eq!(found["hits"], serde_json::json!([]));
}

#[test]
fn a_document_named_twice_is_removed_once() {
    let desk = two();
    desk.qiao(["remove", "1", "confidential-plan.md"]).ok();
    check_gone(&desk);
}
