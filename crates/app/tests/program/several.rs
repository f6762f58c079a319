//! Several processes over one knowledge base.

use std::process::{Child, Stdio};

use crate::desk::{Desk, finish, qiao, run, until};

const VERSIONS: usize = 6;

/// A note of many sections that all name one version.
fn write(desk: &Desk, version: usize) {
    let text: String = (0..40).map(|i| format!("# Part {i}\n\nThis note is of version{version}.\n\n")).collect();
    desk.write("note.md", text);
}

fn spawn(desk: &Desk, args: &[&str]) -> Child {
    desk.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn four_readers_see_whole_versions_while_one_writes() {
    let desk = Desk::new();
    write(&desk, 0);
    desk.qiao(["add", "note.md"]).ok();
    let reads = std::sync::atomic::AtomicUsize::new(0);
    let written = std::sync::atomic::AtomicBool::new(false);
    struct Written<'a>(&'a std::sync::atomic::AtomicBool);
    impl Drop for Written<'_> {
        fn drop(&mut self) {
            self.0.store(true, std::sync::atomic::Ordering::Relaxed);
        }
    }
    std::thread::scope(|scope| {
        // a writer that fails must not leave its readers reading
        let all_written = Written(&written);
        let read = || {
            while !written.load(std::sync::atomic::Ordering::Relaxed) {
                // a reader that would have to wait for the writer fails; opening waits a moment for one that closes the file
                let shown = run(&mut desk.command(["show", "note.md", "--wait", "1"])).ok().text();
                let versions: std::collections::BTreeSet<&str> =
                    shown.split_whitespace().filter(|word| word.starts_with("version")).collect();
                assert_eq!((versions.len(), shown.matches("This note").count()), (1, 40), "half a document");
                let found =
                    desk.qiao(["search", "note", "-k", "100", "--wait", "1", "--json"]).ok().json()["hits"].clone();
                let texts: std::collections::BTreeSet<String> = found
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|hit| hit["text"].as_str().unwrap().rsplit(' ').next().unwrap().to_owned())
                    .collect();
                assert_eq!((texts.len(), found.as_array().unwrap().len()), (1, 40), "half a document: {texts:?}");
                reads.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        };
        let readers: Vec<_> = (0..4).map(|_| scope.spawn(read)).collect();
        for version in 1..VERSIONS {
            write(&desk, version);
            desk.qiao(["add", "note.md"]).ok().says(&["replaced"]);
        }
        drop(all_written);
        readers.into_iter().for_each(|reader| reader.join().unwrap());
    });
    assert!(reads.into_inner() >= 4);
    desk.qiao(["verify", "--repair"]).ok();
    assert!(!desk.kb_holds(b"version0"), "what readers held up is overwritten in the end");
}

#[test]
fn two_writers_at_once_both_finish() {
    let desk = Desk::new();
    for name in ["a", "b"] {
        let text: String = (0..40).map(|i| format!("# Part {i}\n\nOf {name}, part {i}.\n\n")).collect();
        desk.write(format!("{name}.md"), text);
    }
    let both = [spawn(&desk, &["add", "a.md"]), spawn(&desk, &["add", "b.md"])];
    for writer in both {
        finish(writer).ok();
    }
    let mut listed = desk.listed();
    listed.sort();
    assert_eq!(listed, ["a.md", "b.md"]);
    desk.qiao(["verify"]).ok();
}

#[test]
fn a_second_writer_says_that_it_waits_and_then_goes_on_or_gives_up() {
    let desk = Desk::new();
    desk.write("a.md", "Otters eat sea urchins.\n");
    desk.qiao(["add", "a.md"]).ok();
    desk.write("b.md", "Bridges carry roads.\n");
    let other = rusqlite::Connection::open(desk.kb()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    desk.qiao(["add", "b.md", "--wait", "1"]).exits(5).says(&[
        "another process has been writing to",
        "for 1 s",
        "run the command again",
    ]);
    let stderr = desk.path("stderr");
    let mut waiting = desk.command(["add", "b.md", "--wait", "100"]);
    let waiting = waiting.stderr(std::fs::File::create(&stderr).unwrap()).spawn().unwrap();
    until("a word that it waits", || {
        std::fs::read_to_string(&stderr).unwrap().contains("waiting for it, 100 s at most")
    });
    // readers do not wait
    desk.qiao(["search", "otters", "--wait", "1"]).ok();
    other.execute_batch("ROLLBACK").unwrap();
    finish(waiting).ok();
    assert_eq!(desk.listed(), ["a.md", "b.md"]);
    run(&mut qiao(["--kb", desk.kb().to_str().unwrap(), "verify"])).says(&["is sound"]);
}
