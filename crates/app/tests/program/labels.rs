//! Tags, metadata, and filters over them.

use serde_json::json;

use crate::desk::Desk;

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write(
        "contracts/acme.md",
        "---\ntags: [signed, 重要]\nclient: Acme\ndue: 2026-12-01\n---\n# Acme\n\nBridges.\n",
    );
    desk.write("contracts/bolt.md", "# Bolt\n\nOtters eat sea urchins.\n");
    desk.write("桥.txt", "赵州桥只有一个拱。\n");
    desk.qiao(["add", "contracts", "--tag", "contract", "--meta", "owner=li", "--meta", "Owner=wang"]).ok();
    desk.qiao(["add", "桥.txt"]).ok();
    desk
}

#[track_caller]
fn selected(desk: &Desk, filter: &str) -> Vec<String> {
    let lines = desk.qiao(["list", "--filter", filter, "--json"]).ok().json_lines();
    lines.iter().map(|d| d["origin"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()).collect()
}

#[test]
fn labels_of_a_person_and_of_the_file_are_kept_and_selected_by() {
    let desk = desk();
    let listed = desk.qiao(["list", "--json"]).ok().json_lines();
    assert_eq!(listed[0]["tags"], json!(["contract", "signed", "重要"]));
    assert_eq!(listed[0]["metadata"], json!({"client": ["Acme"], "due": ["2026-12-01"], "owner": ["li", "wang"]}));
    let path = format!("path = {}", desk.path("contracts").display());
    for (filter, expected) in [
        ("tag = contract", &["acme.md", "bolt.md"][..]),
        ("tag = contract and client = acme", &["acme.md"]),
        ("owner = wang not client = *", &["bolt.md"]),
        ("标签 = 重要 or tag = 重要", &["acme.md"]),
        ("language = zh", &["桥.txt"]),
        ("media != markdown", &["桥.txt"]),
        ("due < 2027 and due >= 2026-12", &["acme.md"]),
        ("added >= 2020 and name ~ .md", &["acme.md", "bolt.md"]),
        (&path, &["acme.md", "bolt.md"]),
    ] {
        assert_eq!(selected(&desk, filter), expected, "{filter}");
    }
    desk.qiao(["list", "--filter", "tag = none"]).ok().says(&["no document", "is selected by the filter"]);
    desk.qiao(["list", "--filter", "tag contract"]).exits(2).says(&[
        "expected one of",
        "found `contract`",
        "tag = contract",
    ]);
}

#[test]
fn a_search_and_an_answer_keep_to_what_is_selected() {
    let desk = desk();
    let names = |filter: &str| {
        let found = desk.qiao(["search", "otters", "--filter", filter, "--json"]).ok().json()["hits"].clone();
        found.as_array().unwrap().iter().map(|hit| hit["document"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("client = Acme"), ["acme.md"]);
    assert_eq!(names("tag = contract"), ["bolt.md", "acme.md"]);
    desk.qiao(["search", "otters", "--filter", "tag = none"]).exits(1).says(&["no document is selected by the filter"]);
    let answered = desk.qiao(["ask", "What do otters eat?", "--filter", "not client = *", "--json"]).ok().json();
    assert_eq!(answered["citations"][0]["document"], "bolt.md");
    let refused = desk.qiao(["ask", "What do otters eat?", "--filter", "client = Acme", "--json"]).exits(1).json();
    assert_eq!(refused["refused"], true);
}

#[test]
fn labels_are_added_to_and_outlive_a_new_version() {
    let desk = desk();
    desk.qiao(["add", "contracts/bolt.md", "--tag", "urgent", "--meta", "owner=zhao"]).ok().says(&["1 unchanged"]);
    assert_eq!(selected(&desk, "tag = urgent and tag = contract and owner = zhao and not owner = li"), ["bolt.md"]);
    desk.write("contracts/bolt.md", "# Bolt\n\nThey float.\n");
    desk.qiao(["add", "contracts"]).ok().says(&["replaced"]);
    assert_eq!(selected(&desk, "tag = urgent and owner = zhao"), ["bolt.md"]);
    desk.qiao(["add", "contracts", "--meta", "nothing"]).exits(2).says(&["KEY=VALUE"]);
}
