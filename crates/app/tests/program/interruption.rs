//! Stopped in the midst of its work, the program leaves a knowledge base that goes on.

use std::process::{Command, Stdio};

use qiao::types::ContentHash;

use crate::desk::{Desk, Ran, finish, until};

/// Sections of the long document: ten batches of work, some seconds, of which an interruption hits the first.
const SECTIONS: usize = 300;

/// Writes a document whose chunks are alike in length, so that they are staged in their order.
fn write_long(desk: &Desk, name: &str) {
    let section = |i: usize| {
        format!("# Part {i:03}\n\nOne-hot codes do not scale{}.\n\n", format!(" beyond part {i:03}").repeat(12))
    };
    desk.write(name, (0..SECTIONS).map(section).collect::<String>());
}

/// The keys under which the vectors of a file are staged.
fn keys(desk: &Desk, name: &str) -> Vec<String> {
    let chunks = desk.qiao(["chunk", name, "--json"]).ok().json_lines();
    chunks.iter().map(|c| ContentHash::of(c["text"].as_str().unwrap().as_bytes()).as_str().to_owned()).collect()
}

/// How many of `keys` stand in the knowledge base's files.
fn staged(desk: &Desk, keys: &[String]) -> usize {
    let files = desk.kb_files();
    let stands = |key: &&String| files.iter().any(|f| f.windows(key.len()).any(|window| window == key.as_bytes()));
    keys.iter().filter(stands).count()
}

/// Adds the long document, and stops that with `stop` once the first vectors were staged.
fn stopped(desk: &Desk, name: &str, keys: &[String], stop: impl FnOnce(u32)) -> Ran {
    let child = desk.command(["add", name]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("a staged vector", || staged(desk, &keys[..1]) > 0);
    stop(child.id());
    finish(child)
}

#[cfg(unix)]
fn signal(name: &str) -> impl Fn(u32) + '_ {
    move |process| {
        let sent = Command::new("sh").args(["-c", "kill \"-$0\" \"$1\"", name, &process.to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

#[test]
#[cfg(unix)]
fn an_add_that_was_killed_leaves_no_half_document_and_goes_on() {
    let desk = Desk::new();
    desk.write("otters.md", "Otters eat sea urchins.\n");
    desk.qiao(["add", "otters.md"]).ok();
    write_long(&desk, "long.md");
    let keys = keys(&desk, "long.md");
    let ran = stopped(&desk, "long.md", &keys, signal("KILL"));
    assert!(!ran.status.success(), "killed too late: {}", ran.stderr);
    // no half document: what was there answers, what was not is not; and what was killed in the midst of a commit is let go of
    assert_eq!(desk.listed(), ["otters.md"]);
    let before = staged(&desk, &keys);
    assert!((1..keys.len()).contains(&before), "{before} of {} vectors were staged", keys.len());
    let hits = desk.qiao(["search", "one-hot codes", "--json"]).ok().json()["hits"].clone();
    assert!(hits.as_array().unwrap().iter().all(|hit| hit["document"] == "otters.md"), "{hits}");
    assert!(staged(&desk, &keys) >= before, "what was staged is kept");
    // the same command finishes
    let again = desk.qiao(["add", "long.md", "--json"]).ok().json();
    assert_eq!((&again["outcome"], &again["chunks"]), (&"added".into(), &keys.len().into()));
    assert_eq!(desk.listed().len(), 2);
    let whole = desk.qiao(["show", "long.md", "--json"]).ok().json();
    assert_eq!(whole["text"], desk.qiao(["parse", "long.md", "--json"]).ok().json()["text"]);
    let found = desk.qiao(["search", "one-hot codes", "--in", "long.md", "-k", "1000", "--json"]).ok().json();
    assert_eq!(found["hits"].as_array().unwrap().len(), keys.len(), "every chunk has its vector, once");
}

#[test]
#[cfg(unix)]
fn a_replacement_that_was_interrupted_leaves_the_old_version() {
    let desk = Desk::new();
    desk.write("notes.md", "Otters eat sea urchins.\n");
    desk.qiao(["add", "notes.md"]).ok();
    write_long(&desk, "notes.md");
    let keys = keys(&desk, "notes.md");
    // what runs in the background of a script has been told to ignore INT, and the program with it
    let ran = stopped(&desk, "notes.md", &keys, signal("TERM"));
    assert!(!ran.status.success(), "interrupted too late: {}", ran.stderr);
    assert_eq!(desk.qiao(["show", "notes.md"]).ok().text(), "Otters eat sea urchins.\n");
    desk.qiao(["add", "notes.md"]).ok().says(&["replaced"]);
    assert!(desk.qiao(["show", "notes.md"]).ok().text().contains("One-hot codes do not scale"));
    assert!(!desk.kb_holds(b"Otters eat sea urchins."), "no byte of the old version is left");
}

#[test]
fn a_reader_is_served_while_another_process_writes() {
    let desk = Desk::new();
    desk.write("otters.md", "Otters eat sea urchins.\n");
    desk.qiao(["add", "otters.md"]).ok();
    write_long(&desk, "long.md");
    let keys = keys(&desk, "long.md");
    let writer = desk.command(["add", "long.md"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("a staged vector", || staged(&desk, &keys[..1]) > 0);
    assert!(desk.listed().contains(&"otters.md".to_owned()));
    desk.qiao(["search", "What do otters eat?"]).ok();
    desk.write("bridges.md", "Bridges carry roads.\n");
    desk.qiao(["add", "bridges.md"]).ok().says(&["1 added"]);
    finish(writer).ok();
    assert_eq!(desk.listed().len(), 3);
}
