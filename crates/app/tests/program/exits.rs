//! Exit codes, and messages that say what to do next.

use std::path::Path;
use std::process::Command;

use crate::bridges::EN;
use crate::desk::{Desk, E5, MINILM, Ran, qiao, repository, run};
use crate::pdf;

#[test]
fn used_wrongly_is_2() {
    let desk = Desk::without_model();
    let wrong: &[&[&str]] = &[
        &[],
        &["frobnicate"],
        &["ask"],
        &["search"],
        &["add"],
        &["remove"],
        &["show"],
        &["embed"],
        &["similarity", "alone"],
        &["search", "x", "--hits", "0"],
        &["search", "x", "--hits", "1001"],
        &["list", "--parse-seconds", "0"],
        &["list", "--parse-mebibytes", "1"],
        &["list", "--no-such-flag"],
        &["embed", "x", "--file", "y"],
        &["embed", "x", "--role", "z"],
        &["embed", "x", "--long", "z"],
        &["embed", "x", "--format", "z"],
    ];
    for args in wrong {
        let ran = desk.qiao(*args).exits(2).says(&["--help"]);
        assert_eq!(ran.text(), "", "{args:?}");
    }
}

#[test]
fn help_and_version_are_data() {
    let help = run(&mut qiao(["--help"])).ok().text();
    for verb in ["ask", "search", "add", "remove", "list", "show", "parse", "chunk", "embed", "similarity", "model"] {
        assert!(help.contains(&format!("\n  {verb} ")), "{verb} is not in the help");
    }
    for hidden in ["parse-worker", "docs"] {
        assert!(!help.contains(hidden), "{hidden} is for qiao itself");
    }
    assert!(run(&mut qiao(["--version"])).ok().text().starts_with("qiao "));
}

#[test]
fn verbs_for_qiao_itself_are_not_offered() {
    let said = run(&mut qiao([""; 0])).exits(2).stderr;
    assert!(!said.contains("parse-worker"), "{said}");
}

/// Adds and parses `name`, and demands exit 3 with its name and `reason` from both.
#[track_caller]
fn check_bad(desk: &Desk, name: &str, reason: &str) {
    for verb in ["add", "parse"] {
        let ran = desk.qiao([verb, name]).exits(3).says(&[name, reason]);
        assert_eq!(ran.text(), "", "{verb} {name}");
    }
}

#[test]
fn bad_input_is_3_and_names_file_and_reason() {
    let desk = Desk::new();
    let files: &[(&str, &[u8], &str)] = &[
        ("locked.pdf", &pdf::locked(), "it is encrypted and needs a password"),
        ("scan.pdf", &pdf::pdf(&[pdf::image(), pdf::image()]), "its 2 page(s) hold no text"),
        ("blank.pdf", &pdf::pdf(&[Vec::new()]), "it is empty"),
        ("no-bytes.pdf", b"", "it is empty"),
        ("no-bytes.md", b"", "it is empty"),
        ("white.txt", b" \n\t\n", "it is empty"),
        ("latin1.txt", b"caf\xe9\n", "it is not UTF-8 text (byte 3)"),
        ("utf16.md", b"\xff\xfeh\0i\0", "it is not UTF-8 text (byte 0)"),
        ("binary.txt", b"ab\0cd", "a zero byte"),
        ("not-a.pdf", b"This is no PDF at all, only words.\n", "it is damaged or not a PDF file"),
        ("noise.pdf", &[b"%PDF-1.7\n".as_slice(), &[0xa5; 4096]].concat(), "it is damaged or not a PDF file"),
    ];
    for (name, bytes, reason) in files {
        desk.write(name, bytes);
        check_bad(&desk, name, reason);
    }
    assert_eq!(desk.listed().len(), 0);
}

#[test]
fn a_pdf_cut_short_is_damaged_and_not_empty() {
    let desk = Desk::new();
    let whole = std::fs::read(repository().join(EN)).unwrap();
    desk.write("cut.pdf", &whole[..whole.len() / 50]);
    check_bad(&desk, "cut.pdf", "it is damaged or not a PDF file");
}

#[test]
fn a_folder_is_never_parsed_not_even_one_of_a_single_file() {
    let desk = Desk::new();
    desk.write("folder/only.md", "Otters eat sea urchins.\n");
    for verb in ["parse", "chunk"] {
        let ran = desk.qiao([verb, "folder"]).exits(3).says(&["folder", "give one file"]);
        assert_eq!(ran.text(), "", "{verb}");
    }
}

#[test]
fn what_is_not_there_or_no_file_is_3() {
    let desk = Desk::new();
    check_bad(&desk, "missing.pdf", "cannot open missing.pdf");
    desk.write("photo.jpg", "x");
    check_bad(&desk, "photo.jpg", "qiao reads .pdf, .md, .markdown, .txt and .text");
    desk.qiao(["embed", "--file", "missing.txt"]).exits(3).says(&["missing.txt"]);
    // a missing path is seen before anything is added
    desk.write("good.md", "Otters.\n");
    desk.qiao(["add", "good.md", "missing.pdf"]).exits(3).says(&["missing.pdf"]);
    assert_eq!(desk.listed().len(), 0);
}

/// `command` where no model was ever fetched and no network is there.
fn without_models(desk: &Desk, mut command: Command) -> Ran {
    let nowhere = desk.path("no-cache");
    run(command.env("QIAO_CACHE", &nowhere).env("HF_HUB_CACHE", &nowhere))
}

#[test]
fn no_model_is_4_and_says_how_to_bring_one() {
    let desk = Desk::without_model();
    desk.write("a.md", "Otters eat sea urchins.\n");
    let runs: &[&[&str]] = &[
        &["add", "a.md"],
        &["ask", "What?", "a.md"],
        &["chunk", "a.md"],
        &["embed", "x"],
        &["similarity", "x", "y"],
        &["model", "pull"],
        &["--model", MINILM, "embed", "x"],
        &["model", "pull", MINILM],
    ];
    for args in runs {
        let ran = without_models(&desk, desk.command(*args)).exits(4).says(&["--model DIR", "QIAO_OFFLINE"]);
        assert_eq!(ran.text(), "", "{args:?}");
    }
    // what needs no model works
    without_models(&desk, desk.command(["parse", "a.md"])).ok();
    without_models(&desk, desk.command(["model", "list"])).ok();
}

#[test]
fn a_knowledge_base_whose_model_is_gone_says_which() {
    let desk = Desk::new();
    desk.write("a.md", "Otters eat sea urchins.\n");
    desk.qiao(["add", "a.md"]).ok();
    let desk = desk.naming(None);
    without_models(&desk, desk.command(["search", "otters"])).exits(4).says(&[MINILM, "--model DIR"]);
    without_models(&desk, desk.command(["list"])).ok();
    without_models(&desk, desk.command(["show", "1"])).ok();
    without_models(&desk, desk.command(["remove", "1"])).ok();
}

#[test]
fn a_name_that_no_model_has_lists_those_that_have() {
    let desk = Desk::without_model();
    for args in [["--model", "word2vec", "embed", "x"].as_slice(), &["model", "pull", "word2vec"]] {
        let ran = desk.qiao(args).says(&["word2vec", MINILM, E5]);
        assert!(matches!(ran.status.code(), Some(2 | 4)), "{:?}", ran.status);
    }
}

#[test]
fn a_folder_that_holds_no_model_is_4_and_names_what_is_missing() {
    let desk = Desk::without_model();
    std::fs::create_dir(desk.path("nothing")).unwrap();
    desk.qiao(["--model", "./nothing", "embed", "x"]).exits(4).says(&["nothing", "config.json"]);
    let ran = desk.qiao(["--model", "./nowhere", "embed", "x"]).says(&["./nowhere"]);
    assert!(matches!(ran.status.code(), Some(2 | 4)), "{:?}", ran.status);
}

/// Where the model `name` lies.
fn model_path(name: &str) -> String {
    let rows = run(&mut qiao(["model", "list", "--json"])).ok().json_lines();
    let row = rows.iter().find(|row| row["name"] == name).unwrap();
    row["path"].as_str().unwrap_or_else(|| panic!("{name} is not here: cargo xtask test pulls it")).to_owned()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            // what qiao notes beside a model it fetched is no part of a model
            false if entry.file_name() == "qiao.json" => {}
            false => {
                std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
            }
        }
    }
}

#[test]
fn a_directory_serves_as_a_model_and_is_remembered() {
    let desk = Desk::without_model();
    copy(Path::new(&model_path(MINILM)), &desk.path("models/mine"));
    desk.write("a.md", "Otters eat sea urchins.\n");
    let named = |args: &[&str]| without_models(&desk, desk.command(["--model", "models/mine"].iter().chain(args)));
    named(&["add", "a.md"]).ok();
    assert_eq!(named(&["search", "otters", "--json"]).ok().json()["hits"].as_array().unwrap().len(), 1);
    // without --model, and from another folder
    std::fs::create_dir(desk.path("elsewhere")).unwrap();
    let mut elsewhere = desk.command(["search", "otters", "--json"]);
    elsewhere.current_dir(desk.path("elsewhere"));
    assert_eq!(without_models(&desk, elsewhere).ok().json()["hits"].as_array().unwrap().len(), 1);
}

#[test]
fn another_model_than_the_knowledge_bases_own_is_refused() {
    let desk = Desk::new();
    desk.write("a.md", "Otters eat sea urchins.\n");
    desk.write("b.md", "Bridges carry roads.\n");
    desk.qiao(["add", "a.md"]).ok();
    let desk = desk.naming(Some(E5));
    for args in [["search", "otters"], ["add", "b.md"]] {
        let ran = desk.qiao(args).exits(2).says(&[MINILM, E5, "leave out --model"]);
        assert_eq!(ran.text(), "");
    }
    let desk = desk.naming(Some(MINILM));
    assert_eq!(desk.listed(), ["a.md"]);
    desk.qiao(["search", "otters"]).ok();
}

/// The header of an SQLite file of one empty page: application id and user version, as the file format places them.
fn sqlite(application: u32, version: u32) -> Vec<u8> {
    let mut page = vec![0; 4096];
    page[..16].copy_from_slice(b"SQLite format 3\0");
    // page size, file versions, payload fractions, change counter, pages, schema format, text encoding
    page[16..24].copy_from_slice(&[0x10, 0, 1, 1, 0, 64, 32, 32]);
    for (at, value) in [(24, 1u32), (28, 1), (44, 4), (56, 1), (60, version), (68, application), (92, 1)] {
        page[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }
    // an empty table leaf: the schema
    page[100..108].copy_from_slice(&[13, 0, 0, 0, 0, 0x10, 0, 0]);
    page
}

#[test]
fn a_file_that_is_no_knowledge_base_is_5_and_stays_as_it_is() {
    let desk = Desk::new();
    desk.write("a.md", "Otters.\n");
    let qiao_id = 0x7169_616f;
    let files: &[(&[u8], &[&str])] = &[
        (b"Some notes, not a database.\n", &["is not a qiao knowledge base", "--kb"]),
        (&sqlite(0x0102_0304, 0), &["is not a qiao knowledge base", "--kb"]),
        (&sqlite(qiao_id, 99), &["has format 99", "use a newer qiao"]),
    ];
    for (bytes, said) in files {
        desk.write("kb.qiao", bytes);
        for args in
            [["list"].as_slice(), &["add", "a.md"], &["search", "x"], &["ask", "x"], &["show", "1"], &["remove", "1"]]
        {
            desk.qiao(args).exits(5).says(said).says(&["kb.qiao"]);
        }
        assert_eq!(&std::fs::read(desk.kb()).unwrap(), bytes, "not a byte was changed");
    }
}

#[test]
fn a_knowledge_base_that_cannot_be_opened_is_5() {
    let desk = Desk::new();
    desk.write("a.md", "Otters.\n");
    std::fs::create_dir(desk.kb()).unwrap();
    desk.qiao(["list"]).exits(5).says(&["kb.qiao"]);
    desk.qiao(["add", "a.md"]).exits(5).says(&["kb.qiao"]);
    let inside_a_file = desk.path("a.md").join("kb.qiao");
    let mut command = qiao(["--kb", inside_a_file.to_str().unwrap(), "add", "a.md"]);
    run(command.current_dir(desk.root())).exits(5).says(&["a.md", "could not be made"]);
}

#[test]
fn a_knowledge_base_cut_short_is_5_and_never_half_an_answer() {
    let desk = Desk::new();
    desk.write("a.md", "Otters eat sea urchins.\n".repeat(400));
    desk.qiao(["add", "a.md"]).ok();
    let whole = std::fs::read(desk.kb()).unwrap();
    desk.write("kb.qiao", &whole[..whole.len() / 2]);
    let ran = desk.qiao(["show", "1"]).exits(5).says(&["kb.qiao"]);
    assert_eq!(ran.text(), "");
}
