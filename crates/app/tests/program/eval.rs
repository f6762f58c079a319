use crate::desk::{Desk, E5, MINILM};

#[test]
fn pairs_of_sentences_are_ordered_as_people_do() {
    let desk = Desk::new();
    let pairs = "5\tA cat sleeps.\tA cat is sleeping.\n3\tA cat sleeps.\tA dog sleeps.\n0\tA cat sleeps.\tThe bank raised its rates.\n";
    desk.write("sts/a.tsv", pairs);
    desk.write("sts/b.tsv", pairs.replace("5\t", "-1\t"));
    desk.write("sts/notes.txt", "not a set");
    let ran = desk.qiao(["eval", "sts", "--data", "sts", "--json"]).ok().json();
    assert_eq!(ran["files"][0], serde_json::json!({"file": "a.tsv", "pairs": 3, "spearman": 1.0}));
    assert_eq!((ran["files"][1]["file"].as_str(), ran["files"][1]["spearman"].as_f64()), (Some("b.tsv"), Some(-0.5)));
    assert_eq!((ran["mean"].as_f64(), ran["encoder"]["model"].as_str()), (Some(0.25), Some(MINILM)));
    let text = desk.qiao(["eval", "sts", "--data", "sts"]).ok().text();
    assert_eq!(text.lines().count(), 3);
    assert!(text.lines().next().unwrap().ends_with("1.0000"), "{text}");
    assert_eq!(desk.qiao(["eval", "sts", "--data", "sts/a.tsv"]).ok().text().lines().count(), 2);
}

#[test]
fn what_is_no_set_of_pairs_is_bad_input() {
    let desk = Desk::new();
    desk.write("sts/a.tsv", "5\tone\ttwo\nfive\tone\ttwo\n");
    desk.qiao(["eval", "sts", "--data", "sts"]).exits(3).says(&["a.tsv", "line 2"]);
    desk.write("empty/notes.txt", "");
    desk.qiao(["eval", "sts", "--data", "empty"]).exits(3).says(&["empty", ".tsv"]);
    desk.qiao(["eval", "sts", "--data", "nowhere"]).exits(3).says(&["nowhere"]);
    desk.write("one.tsv", "5\tone\ttwo\n");
    assert!(desk.qiao(["eval", "sts", "--data", "one.tsv"]).ok().text().contains("undefined"));
}

/// Spearman's correlation through Python's sentence-transformers 6.2 (`bench/sts/compare.py`).
const PYTHON: [(&str, &str, f64); 4] = [
    (MINILM, "2013-FNWN.tsv", 0.60350),
    (MINILM, "2014-deft-news.tsv", 0.76319),
    (E5, "2013-FNWN.tsv", 0.61792),
    (E5, "2014-deft-news.tsv", 0.80595),
];

#[test]
fn on_shared_data_the_figures_are_pythons() {
    let data = std::env::var_os("QIAO_SHARED").map_or_else(|| crate::desk::repository().join("../shared"), Into::into);
    let data = data.join("data/sts");
    if !data.is_dir() {
        println!("skipped: no shared data for STS");
        return;
    }
    for (model, file, expected) in PYTHON {
        let desk = Desk::without_model().naming(Some(model));
        let ran = desk.qiao(["eval", "sts", "--data", data.join(file).to_str().unwrap(), "--json"]).ok().json();
        let spearman = ran["files"][0]["spearman"].as_f64().unwrap();
        assert!((spearman - expected).abs() < 0.0005, "{model}, {file}: {spearman}");
    }
}

const SQUAD: &str = r#"{"data": [{"title": "t", "paragraphs": [
    {"context": "Otters eat sea urchins and hold hands while they sleep.", "qas": [{"id": "a", "question": "What do otters eat?"}]},
    {"context": "Bridges carry roads over rivers.", "qas": [{"id": "b", "question": "What carries roads over a river?"}]}]}]}"#;

#[test]
fn a_search_is_measured_and_compared() {
    let desk = Desk::new();
    desk.write("set.json", SQUAD);
    let ran = desk.qiao(["eval", "retrieval", "--data", "set.json", "--json"]).ok().json();
    for way in ["dense", "lexical", "hybrid"] {
        assert_eq!(ran["results"][way]["ndcg@10"], 1.0, "{ran}");
        assert_eq!(ran["results"][way]["intervals"]["hit@1"], serde_json::json!([1.0, 1.0]));
    }
    assert_eq!((&ran["set"]["passages"], &ran["encoder"]["model"]), (&2.into(), &MINILM.into()));
    assert_eq!(ran["queries"]["a"]["dense"]["mrr@10"], 1.0);
    let text = desk.qiao(["eval", "retrieval", "--data", "set.json"]).ok().text();
    assert!(text.contains("hybrid") && text.contains("1.0000 (1.000-1.000)"), "{text}");
    desk.write("a.json", ran.to_string());
    let compared = desk.qiao(["eval", "retrieval", "--compare", "a.json", "a.json", "--json"]).ok().json();
    assert_eq!((&compared["queries"], &compared["differences"][0]["p"]), (&2.into(), &1.0.into()));
    assert!(
        desk.qiao(["eval", "retrieval", "--compare", "a.json", "a.json"]).ok().text().contains("no more than chance")
    );
    let across =
        desk.qiao(["eval", "retrieval", "--queries", "set.json", "--passages", "set.json", "--json"]).ok().json();
    assert_eq!(across["results"], ran["results"]);
    desk.write("bad.json", "{}");
    desk.qiao(["eval", "retrieval", "--data", "bad.json"]).exits(3).says(&["bad.json", "SQuAD"]);
    desk.qiao(["eval", "retrieval", "--compare", "bad.json", "a.json"]).exits(3).says(&["bad.json"]);
    desk.qiao(["eval", "retrieval"]).exits(2);
}

#[test]
fn a_persons_own_documents_ask_for_themselves() {
    let desk = Desk::new();
    desk.qiao(["eval", "retrieval", "--questions-from-documents", "5"]).exits(3).says(&["qiao add"]);
    let about = |animal: &str, food: &str| {
        format!(
            "The {animal} lives by the river in the old valley. Every morning the {animal} looks for {food} near the bank. It sleeps at noon.\n"
        )
    };
    desk.write("a.md", about("otter", "urchins"));
    desk.write("b.md", about("heron", "small frogs"));
    desk.qiao(["add", "a.md", "b.md"]).ok();
    let ran = desk.qiao(["eval", "retrieval", "--questions-from-documents", "5", "--json"]).ok().json();
    assert_eq!((&ran["set"]["queries"], &ran["set"]["passages"]), (&2.into(), &2.into()), "{ran}");
    assert_eq!(ran["results"]["hybrid"]["hit@1"], 1.0);
}

/// Of `bench/retrieval`: nDCG@10 of the hybrid search, and what the better of its two lists may be above it.
#[test]
fn the_hybrid_search_is_as_good_as_it_was_measured() {
    let data = std::env::var_os("QIAO_SHARED").map_or_else(|| crate::desk::repository().join("../shared"), Into::into);
    let shared = data.join("data/retrieval/xquad.zh.json");
    if !shared.exists() {
        println!("skipped: no shared data for retrieval");
        return;
    }
    let desk = Desk::without_model().naming(Some(E5));
    let ran = desk.qiao(["eval", "retrieval", "--data", shared.to_str().unwrap(), "--json"]).ok().json();
    let ndcg = |way: &str| ran["results"][way]["ndcg@10"].as_f64().unwrap();
    assert!(
        ndcg("hybrid") >= 0.975 && ndcg("hybrid") >= ndcg("dense").max(ndcg("lexical")) - 0.002,
        "{}",
        ran["results"]
    );
    assert!((ndcg("dense") - 0.951).abs() < 0.002, "Python's figure: {}", ndcg("dense"));
}
