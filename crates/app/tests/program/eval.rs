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
