//! A text's way through the model, laid open.

use crate::desk::{Desk, E5};

const RIVER: &str = "She sat on the bank of the river.";
const MONEY: &str = "The bank raised its rates, 桥.";

#[test]
fn tokens_layers_attention_and_vector_are_shown() {
    let desk = Desk::new();
    let text = desk.qiao(["inspect", RIVER, MONEY]).ok().text();
    for said in [
        "“She sat on the bank of the river.”: 9 tokens, 0 dropped, 0 unknown",
        "5     2924  bank            bank               15–19",
        "7      100  [UNK]           桥                 27–30   -0.073 -0.017  0.022  0.063 …   1.19  unknown",
        "table     1     2     3     4     5     6",
        "attention in layer 6, its 12 heads on average",
        "384 numbers, 4 a bar, length 1.0000",
        "“bank” in text 1 and in text 2",
    ] {
        assert!(text.contains(said), "not said: {said}\n{text}");
    }
    let one = desk.qiao(["inspect", RIVER, "--layer", "2", "--head", "3"]).ok().text();
    assert!(one.contains("attention in layer 2, head 3") && !one.contains("in text 2"), "{one}");
}

#[test]
fn json_has_all_numbers() {
    let desk = Desk::new();
    let ran = desk.qiao(["inspect", RIVER, MONEY, "--layer", "1", "--json"]).ok().json();
    let trace = &ran["texts"][0]["trace"];
    let numbers = |value: &serde_json::Value| -> Vec<f64> {
        value.as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect()
    };
    assert_eq!((trace["tokens"].as_array().unwrap().len(), &trace["width"]), (11, &384.into()));
    assert_eq!((&trace["tokens"][5]["id"], &trace["tokens"][5]["span"]), (&2924.into(), &serde_json::json!([15, 19])));
    assert_eq!(numbers(&trace["tokens"][5]["row"]).len(), 384);
    assert_eq!(trace["steps"].as_array().unwrap().len(), 7);
    assert!(trace["steps"].as_array().unwrap().iter().all(|step| numbers(&step["vectors"]).len() == 11 * 384));
    let attention = &trace["attention"];
    assert_eq!((&attention["layer"], &attention["heads"]), (&1.into(), &12.into()));
    let weights = numbers(&attention["weights"]);
    assert!(
        weights.chunks_exact(11).all(|row| (row.iter().sum::<f64>() - 1.0).abs() < 1e-5) && weights.len() == 12 * 121
    );
    // the vector is the one that `embed` gives
    let embedded = desk.qiao(["embed", RIVER]).ok().json()["embedding"].clone();
    assert_eq!(numbers(&trace["pooled"]), numbers(&embedded));
    let words = &ran["shared"][0]["words"];
    assert_eq!((&words[0]["word"], words.as_array().unwrap().len()), (&"bank".into(), 1));
    let cosines = numbers(&words[0]["cosines"]);
    assert!(
        cosines.len() == 7 && cosines[0] > 0.95 && cosines[6] < 0.85,
        "one row of the table, two meanings: {cosines:?}"
    );
    assert_eq!(ran["encoder"]["model"], crate::desk::MINILM);
}

#[test]
fn a_chinese_word_in_two_texts_is_compared() {
    let desk = Desk::without_model();
    let (a, b) = ("他在银行存钱。", "银行就在河边。");
    let ran = desk.qiao(["--model", E5, "inspect", a, b, "--json"]).ok().json();
    assert_eq!(ran["shared"][0]["words"][0]["word"], "银行");
    let named = desk.qiao(["--model", E5, "inspect", a, b, "--word", "在"]).ok().text();
    assert!(named.contains("“在” in text 1"), "{named}");
    let none = desk.qiao(["--model", E5, "inspect", a, "otters"]).ok().text();
    assert!(none.contains("share no word"), "{none}");
}

#[test]
fn a_page_for_a_browser_is_written_whole() {
    let desk = Desk::new();
    desk.qiao(["inspect", "a <b> & \"c\"", MONEY, "--html", "page.html"]).ok();
    let page = std::fs::read_to_string(desk.path("page.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</body></html>\n"));
    assert!(page.contains("a &lt;b&gt; &amp; &quot;c&quot;") && !page.contains("<b>"));
    assert_eq!(page.matches("<figure>").count(), 2 * 12, "every head of the layer");
    assert!(!page.contains("http"), "nothing is fetched");
    desk.qiao(["inspect", "a", "--html", "no/folder/page.html"]).exits(3).says(&["no/folder/page.html"]);
}

#[test]
fn layers_and_heads_that_are_not_there_are_named() {
    let desk = Desk::new();
    desk.qiao(["inspect", "a", "--layer", "7"]).exits(2).says(&["no layer 7", "6"]);
    desk.qiao(["inspect", "a", "--layer", "0"]).exits(2).says(&["no layer 0"]);
    desk.qiao(["inspect", "a", "--head", "13"]).exits(2).says(&["no head 13", "12"]);
    desk.qiao(["inspect"]).exits(2);
    let desk = Desk::without_model();
    let table = crate::desk::repository().join("crates/model/tests/models/static");
    let text = desk.qiao(["--model", table.to_str().unwrap(), "inspect", "the river", "the river"]).ok().text();
    assert!(text.contains("a static table takes each token by itself") && text.contains("1.000"), "{text}");
    Desk::new().qiao(["inspect", "", &"word ".repeat(400), "--html", "page.html"]).ok();
    // a model that puts nothing around a text has no token for an empty one
    let (small, bare) = (crate::desk::repository().join("crates/model/tests/models/modernbert"), desk.path("bare"));
    for name in ["config.json", "model.safetensors", "tokenizer_config.json", "tokenizer.json"] {
        let bytes = std::fs::read(small.join(name)).unwrap();
        let mut text = String::from_utf8_lossy(&bytes).into_owned();
        if name == "tokenizer.json" {
            let mut parts: serde_json::Value = serde_json::from_str(&text).unwrap();
            parts["post_processor"] = serde_json::Value::Null;
            text = parts.to_string();
        }
        desk.write(format!("bare/{name}"), if name.ends_with(".json") { text.into_bytes() } else { bytes });
    }
    desk.qiao(["--model", bare.to_str().unwrap(), "inspect", "", "the river", "--html", "page.html"]).ok();
}
