//! Whatever a person feeds it, the program ends in order: no crash, no hang, no bug's exit code.

use std::ffi::OsString;

use crate::desk::{Desk, Ran};

fn otters() -> Desk {
    let desk = Desk::new();
    desk.write("otters.md", "Otters eat sea urchins.\n");
    desk.qiao(["add", "otters.md"]).ok();
    desk
}

/// Not ended by a signal, not by a panic, not by a fault of its own.
#[track_caller]
fn check_orderly(ran: &Ran) {
    let code = ran.status.code();
    assert!(matches!(code, Some(0..=5)), "{:?}: {}", ran.status, ran.stderr);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
}

#[test]
fn any_question_gets_an_answer_or_a_refusal() {
    let desk = otters();
    // a little less than the system lets one argument hold
    let long = "otters eat what ".repeat(100_000 / 16);
    let one_word = "x".repeat(100_000);
    let chinese = "水獭吃什么？".repeat(6_000);
    let controls: String =
        (1u8..32).map(char::from).chain(['\u{7f}', '\u{85}', '\u{202e}', '\u{feff}', '\u{fffd}']).collect();
    let questions = [
        "",
        " ",
        "\n",
        "?",
        "。",
        "--",
        "'\"`$(ls)",
        "%s%n",
        "'; DROP TABLE chunk; --",
        "\u{1f9a6}",
        "e\u{301}\u{301}\u{301}",
        &controls,
        &long,
        &one_word,
        &chinese,
    ];
    for question in questions {
        for verb in ["ask", "search"] {
            let ran = desk.qiao([verb, "--json", "--", question]);
            check_orderly(&ran);
            assert!(
                matches!(ran.status.code(), Some(0..=2)),
                "{verb} {:.40?}: {:?} {}",
                question,
                ran.status,
                ran.stderr
            );
            if ran.status.code() != Some(2) {
                ran.json();
            }
        }
    }
    assert_eq!(desk.listed(), ["otters.md"]);
}

#[test]
fn an_empty_question_is_not_answered() {
    let desk = otters();
    for question in ["", "  \n "] {
        let ran = desk.qiao(["ask", question]);
        assert!(matches!(ran.status.code(), Some(1 | 2)), "{:?}: {}", ran.status, ran.text());
    }
}

#[test]
#[cfg(unix)]
fn a_question_that_is_not_unicode_is_used_wrongly() {
    use std::os::unix::ffi::OsStringExt;
    let desk = otters();
    let ran = desk.qiao([OsString::from("ask"), OsString::from_vec(b"otters \xff".to_vec())]).exits(2);
    check_orderly(&ran);
}

#[test]
fn paths_beyond_all_measure_are_bad_input() {
    let desk = otters();
    let long_name = format!("{}.md", "n".repeat(5_000));
    let long_path = format!("{}a.md", "d/".repeat(50_000));
    for path in [long_name.as_str(), &long_path, "\n", "/dev/null", "/dev/zero.md"] {
        for verb in ["add", "parse"] {
            let ran = desk.qiao([verb, path]).exits(3);
            check_orderly(&ran);
        }
    }
}

#[test]
#[cfg(unix)]
fn names_with_spaces_line_ends_and_chinese_are_names_like_any_other() {
    let desk = Desk::new();
    let names =
        ["a b.md", "line\nend.md", "中文 文件.md", "-dash.md", "quote'\".md", "*.md", "\u{202e}dm.md", "tab\t.md"];
    for (n, name) in names.iter().enumerate() {
        desk.write(format!("notes/{name}"), format!("Otters of kind {n} eat sea urchins.\n"));
    }
    desk.qiao(["add", "notes"]).ok().says(&["8 added"]);
    let mut listed = desk.listed();
    listed.sort();
    let mut expected: Vec<String> = names.iter().map(|name| format!("notes/{name}")).collect();
    expected.sort();
    assert_eq!(listed, expected);
    for (n, name) in names.iter().enumerate() {
        let shown = desk.qiao(["show", "--", name]).ok();
        assert_eq!(shown.text(), format!("Otters of kind {n} eat sea urchins.\n"));
        desk.qiao(["search", "otters", &format!("--in={name}")]).ok();
        desk.qiao(["remove", "--", name]).ok();
    }
    assert_eq!(desk.listed().len(), 0);
}

#[test]
#[cfg(target_os = "linux")]
fn names_that_are_not_unicode_are_passed_over_by_name() {
    use std::os::unix::ffi::OsStringExt;
    let desk = Desk::new();
    let names = [b"notes/a\xff.md".to_vec(), b"notes/a\xfe.md".to_vec()].map(OsString::from_vec);
    for (n, name) in names.iter().enumerate() {
        desk.write(name, format!("Otters of kind {n} eat sea urchins.\n"));
    }
    let ran = desk.qiao(["add", "notes"]);
    check_orderly(&ran);
    // shown as text the two are one name: one must not take the other's place
    assert_eq!((desk.listed().len(), ran.stderr.matches("is not UTF-8").count()), (0, 2), "{}", ran.stderr);
}

#[test]
#[cfg(unix)]
fn pipes_and_loops_of_links_do_not_hold_it_up() {
    use std::os::unix::fs::symlink;
    let desk = Desk::new();
    desk.write("notes/a.md", "Otters eat sea urchins.\n");
    desk.write("outside.md", "Not in the folder.\n");
    symlink("..", desk.path("notes/up")).unwrap();
    symlink(".", desk.path("notes/here")).unwrap();
    symlink("self.md", desk.path("notes/self.md")).unwrap();
    symlink("../outside.md", desk.path("notes/out.md")).unwrap();
    for pipe in ["notes/pipe.md", "notes/pipe"] {
        let made = std::process::Command::new("mkfifo").arg(desk.path(pipe)).status().unwrap();
        assert!(made.success());
    }
    let ran = desk.qiao(["add", "notes"]).ok();
    ran.says(&["pipe.md: not a regular file", "up: a symbolic link", "self.md: a symbolic link", "1 added"]);
    assert_eq!(desk.listed(), ["notes/a.md"]);
    // named outright they are refused, not waited for
    desk.qiao(["add", "notes/pipe.md"]).exits(3).says(&["notes/pipe.md", "not a regular file"]);
    desk.qiao(["parse", "notes/pipe.md"]).exits(3);
    desk.qiao(["add", "notes/self.md"]).exits(3).says(&["notes/self.md"]);
    // a link named outright is its target
    desk.qiao(["add", "notes/out.md", "notes/here"]).ok();
    assert_eq!(desk.listed(), ["notes/a.md", "outside.md"]);
}

#[test]
fn odd_texts_are_kept_word_for_word() {
    let desk = Desk::new();
    let odd = "\u{1}\u{1b}[31mred\u{1b}[0m \u{202e}back\u{202c} e\u{301} \u{1f468}\u{200d}\u{1f469} 𠮷野家\n";
    desk.write("odd.txt", odd);
    desk.write("line.txt", "x".repeat(200_000));
    desk.write("deep.md", format!("{}deep\n", "> ".repeat(5_000)));
    desk.write("nested.md", format!("{}x{}\n", "[".repeat(5_000), "](y)".repeat(5_000)));
    let ran = desk.qiao(["add", "odd.txt", "line.txt", "deep.md", "nested.md"]);
    check_orderly(&ran);
    assert!(desk.listed().starts_with(&["odd.txt".to_owned(), "line.txt".to_owned()]), "{}", ran.stderr);
    let shown = desk.qiao(["show", "odd.txt", "--json"]).ok().json();
    assert_eq!(shown["text"], odd);
    let hit = desk.qiao(["search", "red", "--in", "odd.txt", "--json"]).ok().json()["hits"][0].clone();
    assert_eq!(hit["text"], odd.trim_matches(|c: char| c.is_whitespace()));
}
