//! `qiao verify`: what is wrong is said, and mended where it can be.

use crate::desk::Desk;

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("otters.md", "# Otters\n\nOtters eat sea urchins.\n");
    desk.write("bridges.md", "Bridges carry roads.\n");
    desk.qiao(["add", "."]).ok();
    desk
}

fn tamper(desk: &Desk, sql: &str) {
    rusqlite::Connection::open(desk.kb()).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn a_sound_file_has_no_findings_and_none_is_made() {
    let desk = desk();
    let ran = desk.qiao(["verify"]).ok().says(&["is sound"]);
    assert_eq!(ran.text(), "");
    let nowhere = Desk::new();
    nowhere.qiao(["verify"]).ok().says(&["there is no knowledge base"]);
    assert!(!nowhere.kb().exists());
}

#[test]
fn a_finding_names_document_fault_and_remedy_and_repair_does_it() {
    let desk = desk();
    let before = desk.qiao(["search", "otters", "--json"]).ok().json();
    tamper(&desk, "UPDATE vector SET numbers = zeroblob(1536)");
    let ran = desk.qiao(["verify"]).exits(5);
    let lines: Vec<String> = ran.text().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[1].contains("otters.md: the vector of chunk 2 is not one of"), "{lines:?}");
    assert!(lines[1].contains("--repair cuts the text and embeds it again"), "{lines:?}");
    let found = desk.qiao(["verify", "--json"]).exits(5).json_lines();
    assert_eq!(found[1]["remedy"], "embed");
    desk.qiao(["verify", "--repair"]).ok().says(&["2 embedded again", "all of it is repaired", "is sound"]);
    let after = desk.qiao(["search", "otters", "--json"]).ok().json();
    assert_eq!(after["hits"][0]["score"], before["hits"][0]["score"]);
    desk.qiao(["verify"]).ok();
}

#[test]
fn what_cannot_be_embedded_again_keeps_its_chunks() {
    let desk = desk();
    tamper(&desk, "UPDATE vector SET numbers = zeroblob(1536) WHERE id = 1");
    let nowhere = desk.path("no-models");
    let mut command = desk.command(["verify", "--repair"]);
    let ran = crate::desk::run(command.env("QIAO_CACHE", &nowhere).env("PATH", &nowhere));
    assert_eq!(ran.status.code(), Some(4), "{}", ran.stderr);
    let chunks: Vec<_> = desk.qiao(["list", "--json"]).ok().json_lines().iter().map(|d| d["chunks"].clone()).collect();
    assert_eq!(chunks, [1, 1]);
    let found = desk.qiao(["verify", "--repair", "--json"]).ok().json_lines();
    assert_eq!((found.len(), &found[0]["left"]), (1, &false.into()));
}

#[test]
fn no_fault_is_found_while_another_process_writes() {
    let desk = desk();
    for round in 0..6 {
        desk.write("bridges.md", format!("Bridges carry roads, {round}.\n"));
        let writer = desk.command(["add", "bridges.md"]).stderr(std::process::Stdio::piped()).spawn().unwrap();
        let found = desk.qiao(["verify", "--json"]).json_lines();
        assert!(found.iter().all(|finding| finding["remedy"] == "rewrite"), "{found:?}");
        crate::desk::finish(writer).ok();
    }
}

#[test]
fn a_damaged_text_is_read_again_while_its_original_is_there() {
    let desk = desk();
    tamper(&desk, "UPDATE content SET text = replace(text, 'urchins', 'horses!')");
    assert!(desk.qiao(["verify"]).exits(5).text().contains("its text or places are not what was read"));
    desk.qiao(["verify", "--repair"]).ok().says(&["1 text(s) read again"]);
    assert!(desk.qiao(["show", "otters.md"]).ok().text().contains("urchins"));
    tamper(&desk, "UPDATE content SET text = replace(text, 'urchins', 'horses!')");
    std::fs::remove_file(desk.path("otters.md")).unwrap();
    desk.qiao(["verify", "--repair"]).exits(5).says(&["could not be read again", "what is left"]);
    // it can still be found, and removed
    desk.qiao(["remove", "otters.md"]).ok();
    desk.qiao(["verify"]).ok();
}

#[test]
fn a_file_that_failed_or_never_came_can_be_forgotten() {
    let desk = desk();
    desk.write("secret-name.txt", b"\xff\xff");
    desk.qiao(["add", "secret-name.txt"]).exits(3);
    assert!(desk.kb_holds(b"secret-name"));
    desk.qiao(["remove", "secret-name.txt"]).ok().says(&["removed", "secret-name.txt"]);
    assert!(!desk.kb_holds(b"secret-name"));
    desk.qiao(["remove", "secret-name.txt"]).exits(1).says(&["no document is called secret-name.txt"]);
    assert_eq!(desk.listed().len(), 2);
}
