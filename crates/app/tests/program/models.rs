//! A model's identity, its numbers, and what it does not know.

use serde_json::{Value, json};

use crate::desk::{Desk, E5, MINILM};

#[test]
fn the_identity_is_shown_stored_and_returned_alike() {
    let desk = Desk::new();
    let shown = desk.qiao(["model", "show", "--compute", "int8", "--json"]).ok().json()["encoder"].clone();
    let exact = desk.qiao(["model", "show", "--json"]).ok().json()["encoder"].clone();
    assert_eq!((&shown["passage_precision"], &exact["passage_precision"]), (&json!("int8"), &json!("f32")));
    assert_eq!(shown["model"], MINILM);
    assert_eq!(shown["weights_sha256"], "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db");
    assert_eq!(
        (&shown["pooling"], &shown["normalized"], &shown["dimension"]),
        (&json!("mean"), &json!(true), &json!(384))
    );
    desk.write("a.md", "Otters eat sea urchins.\n");
    desk.qiao(["add", "a.md"]).ok();
    for args in [
        &["search", "otters", "--json"][..],
        &["ask", "What do otters eat?", "--json"],
        &["similarity", "a", "b", "--compute", "int8", "--json"],
    ] {
        assert_eq!(desk.qiao(args).ok().json()["encoder"], shown, "{args:?}");
    }
    assert_eq!(desk.qiao(["similarity", "a", "b", "--json"]).ok().json()["encoder"], exact);
    // the knowledge base names its own
    let desk = desk.naming(None);
    assert_eq!(desk.qiao(["model", "show", "--json"]).ok().json()["encoder"], exact);
    assert_ne!(desk.qiao(["model", "show", E5, "--json"]).ok().json()["encoder"], shown);
    let text = desk.qiao(["model", "show", E5]).ok().text();
    for said in ["multilingual-e5-small-q4", "mean pooling", "\"query: \"", "384", "512", "f32"] {
        assert!(text.contains(said), "not said: {said}\n{text}");
    }
}

#[test]
fn a_knowledge_base_goes_on_in_the_numbers_it_was_made_in() {
    for (made, other) in [("f32", "int8"), ("int8", "f32")] {
        let desk = Desk::new();
        desk.write("a.md", "Otters eat sea urchins.\n");
        desk.qiao(["add", "a.md", "--compute", made]).ok();
        desk.write("b.md", "Bridges carry tolls.\n");
        desk.qiao(["add", "b.md"]).ok();
        let found = desk.qiao(["search", "otters", "--json"]).ok().json();
        assert_eq!(found["encoder"]["passage_precision"], made);
        desk.qiao(["search", "otters", "--compute", other]).exits(2).says(&[
            &format!("{MINILM} in {made}"),
            &format!("{MINILM} in {other}"),
            "--compute",
        ]);
    }
}

#[test]
fn golden_texts_come_out_as_in_python() {
    let desk = Desk::without_model();
    for model in [MINILM, E5] {
        let ran = desk.qiao(["model", "verify", model, "--json"]).ok().json();
        assert_eq!(ran["holds"], true);
        let difference = ran["compared"]["largest_difference"].as_f64().unwrap();
        assert!(difference < 1e-5 && ran["compared"]["texts"].as_u64() >= Some(10), "{ran}");
    }
    let text = desk.qiao(["model", "verify", MINILM]).ok().text();
    assert!(text.contains("largest difference to Python") && text.contains("0 with other token ids"), "{text}");
}

#[test]
fn numbers_that_are_not_pythons_are_noticed() {
    let desk = Desk::without_model();
    let stored = crate::desk::repository().join("crates/model/golden/all-MiniLM-L6-v2.json");
    let mut golden: Value = serde_json::from_slice(&std::fs::read(stored).unwrap()).unwrap();
    let number = golden["items"][3]["vector"][7].as_f64().unwrap();
    golden["items"][3]["vector"][7] = json!(number + 2e-5);
    desk.write("golden.json", golden.to_string());
    let ran = desk.qiao(["model", "verify", MINILM, "--reference", "golden.json"]).exits(4);
    assert!(ran.text().contains("largest difference to Python 2.0e-5"), "{}", ran.text());
    ran.says(&["does not give the numbers it should", "pull it again"]);
    desk.write("golden.json", "{}");
    desk.qiao(["model", "verify", MINILM, "--reference", "golden.json"]).exits(3).says(&["golden.json"]);
    let small = crate::desk::repository().join("crates/model/tests/models/bert");
    desk.write("golden.json", golden.to_string());
    // nobody is told to remove a directory of their own
    let ran = desk.qiao(["model", "verify", small.to_str().unwrap(), "--reference", "golden.json"]).exits(4);
    assert!(ran.stderr.contains("other files or settings") && !ran.stderr.contains("remove"), "{}", ran.stderr);
    desk.qiao(["model", "verify", small.to_str().unwrap()]).says(&["no golden texts", "--reference"]);
}

#[test]
fn a_document_that_the_model_does_not_know_is_said_aloud() {
    let desk = Desk::new();
    desk.write("zh.md", "鑫淼焱垚的水獭吃海胆，住在海藻林里，是海岸的守护者。\n");
    desk.write("en.md", "Otters eat sea urchins and live in kelp.\n");
    let lines = desk.qiao(["add", "zh.md", "en.md", "--json"]).ok().json_lines();
    let share = lines[0]["foreign"]["share"].as_f64().unwrap();
    assert!(share > 0.1, "{}", lines[0]);
    assert_eq!(lines[0]["foreign"]["serves"], "multilingual-e5-small");
    assert!(lines[0]["receipt"]["unknown"].as_u64().unwrap() > 0 && lines[0]["receipt"]["dropped"] == 0);
    assert!(lines[1]["foreign"].is_null());
    desk.write("zh.md", "鑫淼焱垚的水獭吃海胆，住在海藻林里。\n");
    desk.qiao(["add", "zh.md"]).ok().says(&[
        "tokens are unknown to all-MiniLM-L6-v2",
        "multilingual-e5-small",
        "--model",
    ]);
    let desk = Desk::new().naming(Some(E5));
    desk.write("zh.md", "水獭吃海胆，住在海藻林里，是海岸的守护者。\n");
    assert!(desk.qiao(["add", "zh.md", "--json"]).ok().json_lines()[0]["foreign"].is_null());
}

#[test]
fn any_architecture_serves_a_knowledge_base() {
    for name in ["modernbert", "qwen3", "xlm-roberta", "model2vec"] {
        let desk = Desk::without_model();
        let model = crate::desk::repository().join("crates/model/tests/models").join(name);
        desk.write("a.md", "The bank of the river.\n");
        desk.qiao(["--model", model.to_str().unwrap(), "add", "a.md"]).ok();
        let found = desk.qiao(["search", "the river", "--json"]).ok().json();
        assert_eq!(found["hits"][0]["text"], "The bank of the river.", "{name}");
        assert_eq!(
            found["encoder"]["model"].as_str().unwrap(),
            std::fs::canonicalize(&model).unwrap().to_str().unwrap()
        );
    }
}
