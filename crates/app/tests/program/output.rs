//! Standard output is for data, standard error for people.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::desk::{Desk, finish};

fn otters() -> Desk {
    let desk = Desk::new();
    desk.write("otters.md", "Otters eat sea urchins.\n");
    desk.qiao(["add", "otters.md"]).ok();
    desk
}

#[test]
fn every_verb_with_json_writes_json_and_nothing_else() {
    let desk = otters();
    desk.write("folder/photo.jpg", "");
    desk.write("folder/bad.txt", b"\xff");
    let new = desk.write("folder/new.md", "Bridges carry roads.\n");
    let new = new.to_str().unwrap();
    let verbs: &[(&[&str], i32, usize)] = &[
        (&["list"], 0, 1),
        (&["show", "1"], 0, 1),
        (&["search", "otters"], 0, 1),
        (&["ask", "What do otters eat?"], 0, 1),
        (&["parse", new], 0, 1),
        (&["chunk", new], 0, 1),
        (&["embed", "one", "two"], 0, 2),
        (&["similarity", "one", "two", "three"], 0, 1),
        (&["model", "list"], 0, 5),
        (&["add", "folder", "otters.md"], 3, 4),
        (&["remove", "otters.md"], 0, 1),
    ];
    for (args, code, lines) in verbs {
        let ran = desk.qiao(args.iter().chain(&["--json"])).exits(*code);
        let objects = ran.json_lines();
        assert!(objects.iter().all(serde_json::Value::is_object), "{args:?}: {objects:?}");
        assert_eq!(objects.len(), *lines, "{args:?}: {}", ran.text());
    }
}

#[test]
fn what_is_said_to_people_goes_to_standard_error() {
    let desk = Desk::new();
    desk.write("otters.md", "Otters eat sea urchins.\n");
    desk.write("photo.jpg", "");
    let ran = desk.qiao(["add", "."]).ok().says(&["added", "skipped", "1 added"]);
    assert_eq!(ran.text(), "");
}

#[test]
fn quiet_silences_notes_but_not_errors() {
    let desk = Desk::new();
    desk.write("otters.md", "Otters eat sea urchins.\n");
    desk.write("photo.jpg", "");
    let quiet = |args: &[&str]| desk.qiao(args.iter().chain(&["--quiet"]));
    assert_eq!(quiet(&["add", "."]).ok().stderr, "");
    assert_eq!(quiet(&["ask", "What do otters eat?", "otters.md"]).ok().stderr, "");
    assert_eq!(quiet(&["remove", "otters.md"]).ok().stderr, "");
    assert_eq!(quiet(&["list"]).ok().stderr, "");
    quiet(&["show", "otters.md"]).exits(1).says(&["error: ", "otters.md"]);
}

#[test]
fn a_file_that_fails_under_quiet_is_still_named() {
    let desk = Desk::new();
    desk.write("bad.txt", b"\xff");
    desk.qiao(["add", "bad.txt", "--quiet"]).exits(3).says(&["bad.txt", "not UTF-8"]);
}

#[test]
fn a_reader_who_has_seen_enough_is_no_error() {
    let desk = Desk::new();
    // far more than a pipe holds
    desk.write("long.txt", "A line of a long document.\n".repeat(40_000));
    for args in [vec!["parse", "long.txt"], vec!["parse", "long.txt", "--json"]] {
        let mut child = desk.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0; 16];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut first).unwrap();
        drop(child.stdout.take());
        let ran = finish(child).ok();
        assert_eq!(ran.stderr, "", "{args:?}");
    }
}

#[test]
fn lists_stop_quietly_where_the_reader_does() {
    let desk = Desk::new();
    // many objects, each written by itself: the pipe breaks between two of them
    desk.write("texts.txt", "word\n".repeat(400));
    let mut child =
        desk.command(["embed", "--file", "texts.txt"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::with_capacity(1, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with('{'));
    assert_eq!(finish(child).ok().stderr, "");
}
