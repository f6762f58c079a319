//! Stopped in the midst of its work, the program leaves a knowledge base that goes on.

use std::process::{Command, Stdio};

use qiao::types::ContentHash;

use crate::bridges::EN;
use crate::desk::{Desk, Ran, finish, repository, run, until};

/// The keys under which the vectors of the English example are staged.
fn keys(desk: &Desk) -> Vec<String> {
    let chunks = run(desk.command(["chunk", EN, "--json"]).current_dir(repository())).ok().json_lines();
    chunks.iter().map(|c| ContentHash::of(c["text"].as_str().unwrap().as_bytes()).as_str().to_owned()).collect()
}

/// How many of `keys` stand in the knowledge base's files.
fn staged(desk: &Desk, keys: &[String]) -> usize {
    let files = desk.kb_files();
    let stands = |key: &&String| files.iter().any(|f| f.windows(key.len()).any(|window| window == key.as_bytes()));
    keys.iter().filter(stands).count()
}

/// Adds the English example, and stops that with `stop` once vectors were staged.
fn stopped(desk: &Desk, keys: &[String], stop: impl FnOnce(u32)) -> Ran {
    let mut command = desk.command(["add", EN]);
    let child = command.current_dir(repository()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("a staged vector", || staged(desk, keys) > 0);
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
    let keys = keys(&desk);
    let ran = stopped(&desk, &keys, signal("KILL"));
    assert!(!ran.status.success(), "killed too late: {}", ran.stderr);
    let before = staged(&desk, &keys);
    assert!((1..keys.len()).contains(&before), "{before} of {} vectors were staged", keys.len());
    // no half document: what was there answers, what was not is not
    assert_eq!(desk.listed(), ["otters.md"]);
    let hits = desk.qiao(["search", "one-hot codes", "--json"]).ok().json()["hits"].clone();
    assert!(hits.as_array().unwrap().iter().all(|hit| hit["document"] == "otters.md"), "{hits}");
    assert!(staged(&desk, &keys) >= before, "what was staged is kept");
    // the same command finishes
    let again = run(desk.command(["add", EN, "--json"]).current_dir(repository())).ok().json();
    assert_eq!((&again["outcome"], &again["chunks"]), (&"added".into(), &keys.len().into()));
    assert_eq!(desk.listed().len(), 2);
    let whole = desk.qiao(["show", "bridge-en.pdf", "--json"]).ok().json();
    let parsed = run(desk.command(["parse", EN, "--json"]).current_dir(repository())).ok().json();
    assert_eq!(whole["text"], parsed["text"]);
    let found = desk.qiao(["search", "one-hot codes", "--in", "bridge-en.pdf", "-k", "1000", "--json"]).ok().json();
    assert_eq!(found["hits"].as_array().unwrap().len(), keys.len(), "every chunk has its vector, once");
}

#[test]
#[cfg(unix)]
fn a_replacement_that_was_interrupted_leaves_the_old_version() {
    let desk = Desk::new();
    let path = desk.write("notes.pdf", crate::pdf::pdf(&[crate::pdf::lines(&["Otters eat sea urchins."])]));
    desk.qiao(["add", "notes.pdf"]).ok();
    let keys = keys(&desk);
    std::fs::copy(repository().join(EN), &path).unwrap();
    let child = desk.command(["add", "notes.pdf"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("a staged vector", || staged(&desk, &keys) > 0);
    signal("INT")(child.id());
    assert!(!finish(child).status.success());
    assert_eq!(desk.qiao(["show", "notes.pdf"]).ok().text(), "Otters eat sea urchins.\n");
    desk.qiao(["add", "notes.pdf"]).ok().says(&["replaced"]);
    assert!(desk.qiao(["show", "notes.pdf"]).ok().text().contains("One-hot codes do not scale"));
    assert!(!desk.kb_holds(b"Otters eat sea urchins."), "no byte of the old version is left");
}

#[test]
fn a_reader_is_served_while_another_process_writes() {
    let desk = Desk::new();
    desk.write("otters.md", "Otters eat sea urchins.\n");
    desk.qiao(["add", "otters.md"]).ok();
    let keys = keys(&desk);
    let writer = desk
        .command(["add", EN])
        .current_dir(repository())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    until("a staged vector", || staged(&desk, &keys) > 0);
    assert!(desk.listed().contains(&"otters.md".to_owned()));
    desk.qiao(["search", "What do otters eat?"]).ok();
    desk.write("bridges.md", "Bridges carry roads.\n");
    desk.qiao(["add", "bridges.md"]).ok().says(&["1 added"]);
    finish(writer).ok();
    assert_eq!(desk.listed().len(), 3);
}
