//! What the environment says where the command line says nothing.

use crate::desk::{Desk, E5, MINILM, qiao, run};

#[test]
fn the_environment_names_knowledge_base_and_model() {
    let desk = Desk::without_model();
    desk.write("a.md", "Otters eat sea urchins.\n");
    let with = |model: &str, args: &[&str]| {
        run(qiao(args).current_dir(desk.root()).env("QIAO_KB", desk.kb()).env("QIAO_MODEL", model))
    };
    with(MINILM, &["add", "a.md"]).ok();
    assert_eq!(desk.listed(), ["a.md"]);
    // the command line goes before the environment
    with(E5, &["search", "otters", "--model", MINILM]).ok();
    with(E5, &["search", "otters"]).exits(2).says(&[MINILM, E5]);
    let elsewhere = with(MINILM, &["list", "--kb", "other.qiao", "--json"]).ok();
    assert_eq!(elsewhere.text(), "");
}

#[test]
#[cfg(target_os = "linux")]
fn the_default_knowledge_base_lies_in_the_users_data_folder() {
    let desk = Desk::without_model();
    desk.write("a.md", "Otters eat sea urchins.\n");
    let here = |args: &[&str]| run(qiao(args).current_dir(desk.root()).env("XDG_DATA_HOME", desk.path("data")));
    here(&["--model", MINILM, "add", "a.md"]).ok();
    assert!(desk.path("data/qiao/default.qiao").is_file());
    assert!(here(&["list"]).ok().text().contains("a.md"));
}

#[test]
fn a_knowledge_base_in_a_folder_that_is_not_there_yet_is_made() {
    let desk = Desk::without_model();
    desk.write("a.md", "Otters eat sea urchins.\n");
    let kb = desk.path("new/folder/kb.qiao");
    let add = ["--kb", kb.to_str().unwrap(), "--model", MINILM, "add", "a.md"];
    run(qiao(add).current_dir(desk.root())).ok();
    assert!(kb.is_file());
}

#[test]
fn a_knowledge_base_can_be_carried() {
    let desk = Desk::new();
    desk.write("a.md", "Otters eat sea urchins.\n");
    desk.qiao(["add", "a.md"]).ok();
    let elsewhere = Desk::with(&std::fs::read(desk.kb()).unwrap());
    drop(desk);
    let answer = elsewhere.qiao(["ask", "What do otters eat?", "--json"]).ok().json();
    assert_eq!(answer["citations"][0]["quote"], "Otters eat sea urchins.", "the file alone is enough");
}
