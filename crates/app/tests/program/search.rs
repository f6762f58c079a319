//! `qiao search`: order, number and place of the hits.

use serde_json::Value;

use crate::desk::Desk;

fn desk() -> Desk {
    let desk = Desk::new();
    for (name, food) in [("a", "sea urchins"), ("b", "sea urchins"), ("c", "sea  urchins")] {
        desk.write(format!("{name}/otters.md"), format!("Otters eat {food}.\n"));
    }
    desk.write("bridges.md", "Bridges carry roads over rivers.\n");
    desk.write("soup.txt", "Boil the soup for an hour.\n");
    desk.qiao(["add", "c", "b", "a", "bridges.md", "soup.txt"]).ok();
    desk
}

#[track_caller]
fn hits(desk: &Desk, args: &[&str]) -> Vec<Value> {
    desk.qiao(["search", "--json"].iter().chain(args)).ok().json()["hits"].as_array().unwrap().clone()
}

#[test]
fn hits_stand_best_first_and_ties_in_the_order_of_adding() {
    let desk = desk();
    let hits = hits(&desk, &["What do otters eat?"]);
    let ranks: Vec<u64> = hits.iter().map(|h| h["rank"].as_u64().unwrap()).collect();
    assert_eq!(ranks, [1, 2, 3, 4]);
    let scores: Vec<f64> = hits.iter().map(|h| h["score"].as_f64().unwrap()).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    assert_eq!(scores[0], scores[1], "the same text scores the same");
    let chunks: Vec<u64> = hits[..2].iter().map(|h| h["chunk"].as_u64().unwrap()).collect();
    assert_eq!(chunks, [1, 2]);
    assert!(hits[0]["path"].as_str().unwrap().ends_with("/c/otters.md"));
}

#[test]
fn as_many_hits_as_asked_for_and_no_more() {
    let desk = desk();
    assert_eq!(hits(&desk, &["otters", "-k", "1"]).len(), 1);
    assert_eq!(hits(&desk, &["otters", "--hits", "3"]).len(), 3);
    assert_eq!(hits(&desk, &["otters", "--hits", "1000"]).len(), 4);
}

#[test]
fn only_the_documents_that_are_named_are_searched() {
    let desk = desk();
    let found = hits(&desk, &["What do otters eat?", "--in", "soup.txt", "--in", "bridges.md"]);
    let documents: Vec<&str> = found.iter().map(|h| h["document"].as_str().unwrap()).collect();
    assert_eq!(documents.len(), 2);
    assert!(!documents.contains(&"otters.md"), "{documents:?}");
    assert_eq!(hits(&desk, &["otters", "--in", "2"])[0]["chunk"], 2);
    // of the same bytes as a/otters.md, which is not asked for
    let shared = hits(&desk, &["otters", "--in", "a/otters.md"]);
    assert!(shared[0]["path"].as_str().unwrap().ends_with("/a/otters.md") && shared[0]["also"].is_null(), "{shared:?}");
    desk.qiao(["search", "otters", "--in", "otters.md"])
        .exits(1)
        .says(&["3 documents are called otters.md", "qiao list"]);
    desk.qiao(["search", "otters", "--in", "99"]).exits(1).says(&["no document is called 99", "qiao list"]);
}

#[test]
fn the_same_search_prints_the_same_bytes() {
    let desk = desk();
    let search = || desk.qiao(["search", "What do otters eat?", "--json"]).ok().stdout;
    assert_eq!(search(), search());
}

#[test]
fn an_empty_knowledge_base_is_said_to_be_empty() {
    let desk = Desk::new();
    let ran = desk.qiao(["search", "anything", "--json"]).exits(1).says(&["empty", "qiao add"]);
    assert_eq!(ran.json(), serde_json::json!({"hits": [], "encoder": null}));
    assert!(!desk.kb().exists(), "a search makes no knowledge base");
}

/// Four documents of several chunks.
fn library() -> Desk {
    let desk = Desk::new();
    let sections = |names: &[&str]| -> String {
        names
            .iter()
            .map(|n| format!("## Part {n}\n\nThe {n} bridge of stone. {}\n\n", "It stands in the valley. ".repeat(30)))
            .collect()
    };
    desk.write("bridges.md", format!("# Bridges\n\n{}", sections(&["first", "second", "third", "fourth"])));
    desk.write("norms.md", "# Norms\n\nCite by GB/T 7714-2015, not by v2.5.1 of snake_case.\n");
    desk.write("zh.md", "# 橋\n\n趙州橋在河北。資料庫存放記錄。\n");
    desk.write("soup.txt", "Boil the leeks for an hour, then add the stone salt.\n");
    desk.qiao(["add", "bridges.md", "norms.md", "zh.md", "soup.txt"]).ok();
    desk
}

fn names(hits: &[Value]) -> Vec<&str> {
    hits.iter().map(|hit| hit["document"].as_str().unwrap()).collect()
}

#[test]
fn words_find_what_they_name_in_any_script() {
    let desk = library();
    for (query, document) in [
        ("GB/T 7714", "norms.md"),
        ("7714", "norms.md"),
        ("V2.5.1", "norms.md"),
        ("snake", "norms.md"),
        ("boiling leek", "soup.txt"),
        ("资料库", "zh.md"),
        ("赵州", "zh.md"),
        ("州", "zh.md"),
        ("桥 nothing-else-that-is-there", "zh.md"),
    ] {
        assert_eq!(names(&hits(&desk, &[query, "--lexical"]))[0], document, "{query}");
    }
    let hit = hits(&desk, &["leeks", "--lexical"]).remove(0);
    let why = &hit["why"];
    assert!(why["lexical"]["rank"] == 1 && why["dense"].is_null() && why["fused"].is_null(), "{why}");
    assert_eq!(why["lexical"]["score"], hit["score"]);
    desk.qiao(["search", "zzz", "--lexical"]).exits(1).says(&["no text has these words"]);
}

#[test]
fn words_alone_need_no_model() {
    let desk = library();
    desk.qiao(["search", "leeks", "--lexical", "--model", "no-such-model"]).ok();
}

#[test]
fn what_stands_in_quotes_stands_in_every_hit() {
    let desk = library();
    assert_eq!(names(&hits(&desk, &["what to cook \"stone salt\""])), ["soup.txt"]);
    assert_eq!(names(&hits(&desk, &["“存放 记录”", "--dense"])), ["zh.md"]);
    desk.qiao(["search", "\"salt stone\""]).exits(1);
    // a question may quote what the answer does not
    let asked = desk.qiao(["ask", "How long do \"the leeks\" of the cook boil?", "--json"]).json();
    assert_eq!(asked["hits"][0]["document"], "soup.txt");
}

#[test]
fn hits_are_thinned_spread_and_joined() {
    let desk = library();
    let all = hits(&desk, &["stone bridge", "-k", "9"]);
    assert!(names(&all).iter().filter(|name| **name == "bridges.md").count() > 2, "{:?}", names(&all));
    let thin = hits(&desk, &["stone bridge", "-k", "4", "--per-document", "1"]);
    assert_eq!(thin.len(), 4, "{:?}", names(&thin));
    let joined = hits(&desk, &["stone bridge", "-k", "9", "--join"]);
    let joined = joined.iter().find(|hit| hit["chunks"].is_array()).unwrap();
    let chunks: Vec<i64> = joined["chunks"].as_array().unwrap().iter().map(|c| c.as_i64().unwrap()).collect();
    assert!(chunks.len() > 1 && chunks.windows(2).all(|two| two[0] + 1 == two[1]), "{chunks:?}");
    let (text, span) = (joined["text"].as_str().unwrap(), &joined["span"]);
    assert_eq!(text.len() as u64, span[1].as_u64().unwrap() - span[0].as_u64().unwrap());
    assert!(text.matches("bridge of stone").count() > 1, "{text}");
    let spread = hits(&desk, &["stone bridge", "-k", "2", "--mmr=1"]);
    assert_eq!(names(&spread).iter().filter(|name| **name == "bridges.md").count(), 1, "{:?}", names(&spread));
    let best = all[0]["score"].as_f64().unwrap();
    let strict = hits(&desk, &["stone bridge", "-k", "9", "--min-score", &best.to_string()]);
    assert_eq!((strict.len(), &strict[0]["chunk"]), (1, &all[0]["chunk"]));
}

#[test]
fn an_expected_passage_is_followed_to_where_it_was_lost() {
    let desk = library();
    let lost = |args: &[&str], code: i32, says: &[&str]| {
        let ran = desk.qiao(["search"].iter().chain(args)).exits(code);
        let text = ran.text();
        assert!(says.iter().all(|part| text.contains(part)), "{args:?}: {text}");
    };
    lost(&["leeks", "--why-not", "soup.txt"], 0, &["soup.txt", "by meaning: 1 of", "by words: 1 of", "found"]);
    lost(&["leeks", "--why-not", "no such words here"], 1, &["not read"]);
    lost(&["leeks", "-k", "1", "--why-not", "趙州橋"], 1, &["zh.md", "too far down"]);
    lost(&["leeks", "--lexical", "--why-not", "資料庫"], 1, &["shares no word"]);
    lost(&["leeks", "--filter", "media = markdown", "--why-not", "soup.txt"], 1, &["filter"]);
    lost(&["leeks", "--min-score", "9", "--why-not", "soup.txt"], 1, &["--min-score"]);
    lost(&["\"stone salt\"", "--why-not", "zh.md"], 1, &["quotes"]);
    lost(&["stone bridge", "--per-document", "1", "-k", "2", "--why-not", "third bridge"], 1, &["displaced"]);
    lost(&["stone", "--why-not", "in the valley.\n\n Part second"], 0, &["cut"]);
    desk.write("broken.pdf", "%PDF-1.4 nothing");
    desk.qiao(["add", "broken.pdf"]).exits(3);
    lost(&["leeks", "--why-not", "in the broken file"], 1, &["broken.pdf could not be read"]);
    let json = desk.qiao(["search", "leeks", "--why-not", "soup.txt", "--json"]).ok().json();
    assert_eq!((&json["read"], &json["chunks"][0]["end"]), (&true.into(), &"found".into()));
    assert_eq!(json["chunks"][0]["fused"]["rank"], 1);
}

#[test]
fn an_index_that_is_gone_or_torn_is_made_again() {
    let desk = library();
    let folder = desk.path("kb.qiao-index");
    let search = || desk.qiao(["search", "GB/T 7714", "--json"]).ok().stdout;
    let before = search();
    for damage in ["gone", "torn", "state"] {
        let file = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path());
        let file = file.into_iter().find(|p| p.file_name().unwrap().to_string_lossy().starts_with("words-")).unwrap();
        match damage {
            "gone" => std::fs::remove_dir_all(&folder).unwrap(),
            "torn" => std::fs::write(&file, &std::fs::read(&file).unwrap()[..100]).unwrap(),
            _ => std::fs::write(folder.join("state"), "nonsense").unwrap(),
        }
        assert_eq!(search(), before, "{damage}");
        desk.write("more.md", format!("Another note, {damage}.\n"));
        desk.qiao(["add", "more.md"]).ok();
        desk.qiao(["verify"]).ok();
        desk.qiao(["remove", "more.md"]).ok();
        assert_eq!(search(), before, "{damage}, and made again");
    }
    // bytes that changed, which a search does not look at
    let words = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path());
    let words = words.into_iter().find(|p| p.file_name().unwrap().to_string_lossy().starts_with("words-")).unwrap();
    let mut bytes = std::fs::read(&words).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&words, bytes).unwrap();
    let found = desk.qiao(["verify", "--json"]).exits(5).json_lines();
    assert_eq!((found.len(), &found[0]["remedy"]), (1, &"rebuild".into()), "{found:?}");
    desk.qiao(["verify", "--repair"]).ok();
    assert_eq!(search(), before);
}

#[test]
fn an_index_of_another_history_is_of_no_use() {
    let desk = Desk::new();
    desk.write("a.md", "Otters eat sea urchins.\n");
    desk.qiao(["add", "a.md"]).ok();
    let kept = std::fs::read(desk.kb()).unwrap();
    desk.write("b.md", "The zyxquortle hums.\n");
    desk.qiao(["add", "b.md"]).ok();
    // the older file put back, and added to otherwise: the same numbers, other texts
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", desk.kb().display()));
    }
    std::fs::write(desk.kb(), kept).unwrap();
    desk.write("c.md", "Leeks boil for an hour.\n");
    desk.qiao(["add", "c.md"]).ok();
    desk.qiao(["search", "zyxquortle", "--lexical"]).exits(1);
    assert_eq!(names(&hits(&desk, &["leeks", "--lexical"])), ["c.md"]);
    desk.qiao(["verify"]).ok();
}

#[test]
fn a_cross_encoder_judges_the_best_again() {
    let desk = library();
    let model = crate::desk::repository().join("crates/model/tests/rerankers/bert");
    let reranked = |k: &str| hits(&desk, &["stone bridge", "-k", k, "--rerank", model.to_str().unwrap()]);
    let found = reranked("3");
    assert!(
        found.iter().all(|hit| hit["why"]["reranked"] == hit["score"] && hit["why"]["fused"].is_f64()),
        "{found:?}"
    );
    let scores: Vec<f64> = found.iter().map(|hit| hit["score"].as_f64().unwrap()).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    assert_eq!(found[..], reranked("9")[..3]);
    desk.qiao(["search", "stone", "--rerank", "nowhere"]).exits(4).says(&["reranker nowhere"]);
}
