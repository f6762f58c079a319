//! Files of every format that was ever released are opened for ever.

use crate::desk::Desk;

/// Five files added with format 1, of which two are the same, one was replaced, one could not be read and one was removed.
const FORMAT_1: &[u8] = include_bytes!("../data/format-1.qiao");

/// Six files with labels, of which two are the same, one could not be read and one was removed.
const FORMAT_2: &[u8] = include_bytes!("../data/format-2.qiao");

/// The same, brought up, with one more that was added and removed.
const FORMAT_3: &[u8] = include_bytes!("../data/format-3.qiao");

#[test]
fn a_file_of_format_2_is_brought_up_and_serves() {
    serves(&Desk::with(FORMAT_2));
}

#[test]
fn a_file_of_format_3_serves_as_it_is() {
    let desk = Desk::with(FORMAT_3);
    serves(&desk);
    assert_eq!(desk.kb_files()[0], FORMAT_3, "it was written to");
}

#[track_caller]
fn serves(desk: &Desk) {
    let listed = desk.qiao(["list", "--filter", "owner = li and tag = 桥", "--json"]).ok().json_lines();
    assert_eq!((listed.len(), &listed[0]["origin"]), (1, &"/srv/notes/tolls.md".into()));
    assert_eq!(listed[0]["tags"], serde_json::json!(["note", "toll", "桥"]));
    assert_eq!(listed[0]["metadata"], serde_json::json!({"client": ["Acme"], "owner": ["li"]}));
    desk.qiao(["verify"]).ok().says(&["is sound"]);
    let found = desk.qiao(["search", "What does a cart pay on market days?", "--json"]).ok().json()["hits"][0].clone();
    assert_eq!((&found["path"], &found["locator"]["line"]), (&"/srv/notes/tolls.md".into(), &6.into()));
    let shared = desk.qiao(["search", "赵州桥", "-k", "9", "--json"]).ok().json()["hits"].clone();
    assert!(shared.as_array().unwrap().iter().any(|hit| hit["also"][0] == "/srv/notes/桥.txt"), "{shared}");
}

#[test]
fn a_file_of_format_1_is_brought_up_and_serves() {
    let desk = Desk::with(FORMAT_1);
    let listed = desk.qiao(["list", "--json"]).ok().json_lines();
    let origins: Vec<(i64, &str)> =
        listed.iter().map(|d| (d["id"].as_i64().unwrap(), d["origin"].as_str().unwrap())).collect();
    let expected = [
        (1, "/srv/notes/bridges.md"),
        (3, "/srv/notes/copy.txt"),
        (5, "/srv/notes/桥.txt"),
        (6, "/srv/notes/changed.md"),
    ];
    assert_eq!(origins, expected);
    assert_eq!(listed[0]["chunks"], 2);
    desk.qiao(["verify"]).ok().says(&["is sound"]);
    let found = desk.qiao(["search", "What did a horse pay?", "--json"]).ok().json()["hits"][0].clone();
    assert_eq!(found["text"], "Tolls\n\nThe toll for a horse was two coins, and for a cart four.");
    assert_eq!(found["locator"], serde_json::json!({"line": 5, "last_line": 7}));
    let shared = desk.qiao(["search", "赵州桥", "--in", "3", "--in", "5", "--json"]).ok().json()["hits"].clone();
    assert_eq!((shared.as_array().unwrap().len(), &shared[0]["also"][0]), (1, &"/srv/notes/桥.txt".into()));
    // numbers are not given again, and no copy is left
    desk.write("new.md", "Otters eat sea urchins.\n");
    let added = desk.qiao(["add", "new.md", "--json"]).ok().json();
    assert_eq!(added["id"], 7);
    let left: Vec<_> = std::fs::read_dir(desk.root()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn a_file_that_was_brought_up_has_the_tables_of_a_new_one() {
    let (old, new) = (Desk::with(FORMAT_1), Desk::new());
    old.qiao(["list"]).ok();
    new.write("a.md", "Otters eat sea urchins.\n");
    new.qiao(["add", "a.md"]).ok();
    assert_eq!(tables(&old), tables(&new));
}

fn tables(desk: &Desk) -> Vec<String> {
    // the schema stands in the file as it was written
    let files = desk.kb_files();
    let text = String::from_utf8_lossy(&files[0]).into_owned();
    let mut found: Vec<String> = text
        .split("CREATE ")
        .skip(1)
        .filter_map(|rest| rest.split_once("STRICT").map(|(table, _)| table.to_owned()))
        .collect();
    found.sort();
    assert!(found.len() > 10, "{found:?}");
    found
}

fn is_copy(entry: &std::fs::DirEntry) -> bool {
    entry.file_name().to_string_lossy().contains("before")
}

#[test]
fn a_file_that_cannot_be_brought_up_is_left_as_it_was() {
    let desk = Desk::with(FORMAT_1);
    let held = rusqlite::Connection::open(desk.kb()).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    desk.qiao(["list", "--wait", "1"]).exits(5).says(&["another process has been writing to"]);
    assert_eq!(std::fs::read_dir(desk.root()).unwrap().filter(|e| is_copy(e.as_ref().unwrap())).count(), 0);
    held.execute_batch("ROLLBACK").unwrap();
    drop(held);
    assert_eq!(desk.qiao(["list", "--json"]).ok().json_lines().len(), 4);
}
