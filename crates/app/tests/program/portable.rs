//! `qiao export` and `qiao import`.

use serde_json::json;

use crate::desk::{Desk, E5, MINILM};

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("otters.md", "# Otters\n\nOtters eat sea urchins.\n");
    desk.write("copy.md", "# Otters\n\nOtters eat sea urchins.\n");
    desk.write("桥.txt", "赵州桥只有一个拱。\n");
    desk.qiao(["add", ".", "--tag", "first"]).ok();
    desk
}

/// All that is listed, numbers left out.
#[track_caller]
fn documents(desk: &Desk, kb: &str) -> Vec<serde_json::Value> {
    let mut all = desk.over(kb, ["list", "--json"]).ok().json_lines();
    all.iter_mut().for_each(|document| document["id"] = 0.into());
    all.sort_by_key(|document| document["origin"].to_string());
    all
}

#[test]
fn an_export_is_a_copy_that_can_be_opened_imported_and_merged() {
    let desk = desk();
    desk.qiao(["export", "out.qx"]).ok().says(&["qiao import"]);
    desk.qiao(["export", "out.qx"]).exits(5).says(&["cannot export", "out.qx", "exists"]);
    // it is a knowledge base itself, and reading it does not break its seal
    assert_eq!(documents(&desk, "out.qx"), documents(&desk, "kb.qiao"));
    desk.over("out.qx", ["search", "otters"]).ok();
    desk.qiao(["import", "out.qx", "--into", "new.qiao"]).ok().says(&["a copy of it, with 3 document(s)"]);
    assert_eq!(documents(&desk, "new.qiao"), documents(&desk, "kb.qiao"));
    let merged = desk.qiao(["import", "out.qx", "--into", "new.qiao", "--json"]).ok().json();
    assert_eq!(merged, json!({"added": 0, "linked": 0, "replaced": 0, "kept": 3, "embedded": 0}));
    for kb in ["out.qx", "new.qiao", "kb.qiao"] {
        desk.over(kb, ["verify"]).ok();
    }
    // what is changed is no export any more, and can be imported all the same
    desk.write("new.md", "Bridges carry roads.\n");
    desk.over("out.qx", ["add", "new.md"]).ok();
    let merged = desk.qiao(["import", "out.qx", "--json"]).ok().json();
    assert_eq!(merged, json!({"added": 1, "linked": 0, "replaced": 0, "kept": 3, "embedded": 0}));
    let left: Vec<String> = std::fs::read_dir(desk.root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with('.') || name.ends_with("-wal"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_copy_does_not_mix_with_what_is_left_of_another() {
    let desk = desk();
    desk.qiao(["export", "out.qx"]).ok();
    desk.write("new.qiao-wal", "left of a file that is gone");
    desk.qiao(["import", "out.qx", "--into", "new.qiao"]).exits(5).says(&["new.qiao-wal", "move it away"]);
    assert!(!desk.path("new.qiao").exists());
    // nor does a killed import leave its copy for ever
    desk.write(".qiao-copy-x/copy", "half");
    desk.write(".qiao-copy-x/lock", "");
    desk.qiao(["import", "out.qx", "--into", "other.qiao"]).ok();
    assert!(!desk.path(".qiao-copy-x").exists());
}

#[test]
fn what_is_still_to_be_overwritten_is_no_damage() {
    let desk = desk();
    rusqlite::Connection::open(desk.kb())
        .unwrap()
        .execute_batch("INSERT INTO upkeep VALUES ('rewrite', 1, 0)")
        .unwrap();
    desk.qiao(["export", "out.qx"]).ok();
    desk.over("out.qx", ["verify"]).ok();
    for (file, into) in [("out.qx", "a.qiao"), ("kb.qiao", "b.qiao")] {
        desk.qiao(["import", file, "--into", into]).ok();
    }
    desk.qiao(["verify"]).exits(5);
}

#[test]
fn two_knowledge_bases_merge_into_the_same_documents_either_way() {
    let desk = desk();
    desk.write("bridges.md", "Bridges carry roads.\n");
    desk.write("another.md", "# Otters\n\nOtters eat sea urchins.\n");
    desk.over("b.qiao", ["add", "bridges.md", "another.md", "桥.txt", "--tag", "second", "--model", MINILM]).ok();
    for (from, into) in [("kb.qiao", "ab.qiao"), ("b.qiao", "ba.qiao")] {
        desk.over(from, ["export", "part.qx"]).ok();
        desk.qiao(["import", "part.qx", "--into", into]).ok();
        std::fs::remove_file(desk.path("part.qx")).unwrap();
    }
    let report = desk.qiao(["import", "b.qiao", "--into", "ab.qiao", "--json"]).ok().json();
    assert_eq!(report, json!({"added": 1, "linked": 1, "replaced": 0, "kept": 1, "embedded": 0}));
    desk.qiao(["import", "kb.qiao", "--into", "ba.qiao"]).ok();
    let both = documents(&desk, "ab.qiao");
    assert_eq!(both.len(), 5);
    assert_eq!(both, documents(&desk, "ba.qiao"));
    assert_eq!(both[4]["tags"], json!(["first", "second"]));
    desk.over("ab.qiao", ["verify"]).ok();
    desk.over("ba.qiao", ["verify"]).ok();
}

#[test]
fn a_damaged_export_is_refused_whole() {
    let desk = desk();
    desk.qiao(["export", "out.qx"]).ok();
    let whole = std::fs::read(desk.path("out.qx")).unwrap();
    let places = (0..24).map(|i| (whole.len() - 1) * i / 23);
    for at in places {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        desk.write("broken.qx", bytes);
        let ran = desk.qiao(["import", "broken.qx", "--into", "never.qiao"]);
        // in the mark of the seal it is a knowledge base without one, whose own rules hold
        let in_mark = (whole.len() - 48..whole.len() - 32).contains(&at);
        match in_mark {
            true => drop(ran),
            false => drop(ran.exits(5).says(&["cannot import", "broken.qx"])),
        }
        assert_eq!(desk.path("never.qiao").exists(), in_mark, "byte {at}");
        let _ = std::fs::remove_file(desk.path("never.qiao"));
    }
    for length in [0, 10, 100, 5000, whole.len() / 2, whole.len() - 5000] {
        desk.write("broken.qx", &whole[..length]);
        desk.qiao(["import", "broken.qx", "--into", "never.qiao"]).exits(5).says(&["cannot import", "broken.qx"]);
        assert!(!desk.path("never.qiao").exists());
    }
    desk.qiao(["import", "none.qx"]).exits(5).says(&["cannot import none.qx"]);
    desk.write("text.qx", "This is no knowledge base, but a text that is long enough to be looked at.");
    desk.qiao(["import", "text.qx"]).exits(5).says(&["is not a qiao knowledge base"]);
    assert_eq!(desk.listed().len(), 3);
}

#[test]
fn vectors_of_another_model_are_refused_or_made_again() {
    let desk = desk();
    desk.write("other/roads.md", "Roads are long.\n");
    desk.over("e5.qiao", ["--model", E5, "add", "other", "otters.md"]).ok();
    desk.qiao(["import", "e5.qiao"]).exits(2).says(&[
        "cannot import",
        "multilingual-e5-small-q4",
        "1 document(s) in 1 chunks would have to be embedded again",
        "--embed-again",
    ]);
    let report = desk.qiao(["import", "e5.qiao", "--embed-again", "--json"]).ok().json();
    assert_eq!(report, json!({"added": 1, "linked": 0, "replaced": 0, "kept": 1, "embedded": 1}));
    desk.qiao(["verify"]).ok();
    let found = desk.qiao(["search", "Are roads long?", "--json"]).ok().json()["hits"][0].clone();
    assert_eq!(found["document"], "roads.md");
}
