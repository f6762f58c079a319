//! The tour, computed with the real model over the real document.

use std::process::Stdio;

use serde_json::Value;

use crate::bridges::{EN, ZH};
use crate::desk::{Desk, E5, MINILM, qiao, repository, run};

/// Three regions that nothing names, a weekend, and a little chance: as a person's table might be.
fn sales(rows: usize) -> String {
    let towns = ["Ulm", "Bonn", "Jena", "Kiel", "Lahr", "Trier"];
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let mut text = String::from("id,town,day,sales\n");
    for i in 0..rows {
        let (town, day) = (i * 31 % 6, i * 17 % 7);
        let region = town % 3;
        let weekend = if day > 4 { 40 * (region + 1) } else { 0 };
        text += &format!("{i},{},{},{}\n", towns[town], days[day], 100 + 60 * region + weekend + i * 7919 % 11);
    }
    text
}

fn blocks<'a>(step: &'a Value, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    step["blocks"].as_array().unwrap().iter().filter_map(move |block| block.get(kind))
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect()
}

#[test]
fn six_steps_lead_from_one_hot_codes_to_an_answer() {
    let desk = Desk::without_model().naming(Some(E5));
    let tour = desk.qiao(["tour", "--lang", "zh", "--html", "tour.html", "--json"]).ok().json();
    let steps = tour["steps"].as_array().unwrap();
    assert_eq!((steps.len(), &tour["language"], &tour["encoder"]["model"]), (6, &"zh".into(), &E5.into()));

    let codes = &blocks(&steps[0], "table").next().unwrap()["rows"];
    assert_eq!(codes[2][0], "传记");
    assert_eq!(numbers(&codes[2][1]), [0.0, 0.0, 1.0]);
    let embedded = desk.qiao(["embed", "传记"]).ok().json();
    assert_eq!(numbers(&codes[2][2]), numbers(&embedded["embedding"]), "the dense code is what `embed` gives");
    assert!(steps[0]["notice"][0].as_str().unwrap().contains("66.7%"));

    let row = &blocks(&steps[1], "table").next().unwrap()["rows"][0];
    let inspected = desk.qiao(["inspect", "太", "--json"]).ok().json();
    let tokens = inspected["texts"][0]["trace"]["tokens"].as_array().unwrap();
    let token = tokens.iter().find(|token| token["token"] == "太").unwrap();
    assert_eq!((&row[0], &row[2]), (&"太".into(), &token["id"]));
    assert_eq!(numbers(&row[3]), numbers(&token["row"]));

    let curves = blocks(&steps[2], "curves").next().unwrap()["series"].clone();
    let (apart, alike) = (numbers(&curves[0][1]), numbers(&curves[1][1]));
    assert_eq!((apart.len(), alike.len()), (13, 13));
    assert!(apart[7] < 0.85 && alike[7] > 0.95, "two meanings of 苹果: {apart:?} {alike:?}");

    let bars = &blocks(&steps[3], "bars").next().unwrap()["rows"];
    let phrases = ["一个快乐的人", "一个非常快乐的人", "一只快乐的狗", "一个晴天"];
    let scores = desk.qiao(["similarity"].into_iter().chain(phrases).chain(["--json"])).ok().json()["scores"].clone();
    let shown: Vec<f64> = bars.as_array().unwrap().iter().map(|bar| bar[1].as_f64().unwrap()).collect();
    let single = |numbers: Vec<f64>| numbers.into_iter().map(|n| n as f32).collect::<Vec<f32>>();
    assert_eq!(single(shown), single(numbers(&scores)), "the cosines are what `similarity` gives");

    let found = blocks(&steps[4], "passages").next().unwrap();
    let (meaning, words) = (&found[0]["passages"][0], &found[1]["passages"][0]);
    assert!(meaning["text"].as_str().unwrap().contains("向量不是伪装"), "{meaning}");
    assert_ne!(meaning["text"], words["text"], "words alone find something else");

    let prompt = blocks(&steps[5], "letter").next().unwrap()["text"].as_str().unwrap();
    let passages = &blocks(&steps[5], "passages").next().unwrap()[0]["passages"];
    let question = "有没有办法揪出机器编造的内容？";
    assert!(prompt.ends_with(&format!("问题：{question}")), "{prompt}");
    for passage in passages.as_array().unwrap() {
        assert!(prompt.contains(passage["text"].as_str().unwrap().trim()));
    }
    let quotes = blocks(&steps[5], "quotes").next().unwrap();
    let document = repository().join(ZH);
    let answer = desk.qiao(["ask", question, "-k", "3", document.to_str().unwrap(), "--json"]).ok().json();
    let own = answer["citations"][0]["quote"].as_str().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(quotes[0]["quote"], own, "the answer is what `ask` gives");

    let page = std::fs::read_to_string(desk.path("tour.html")).unwrap();
    assert!(page.starts_with("<!doctype html><html lang=\"zh-Hans\">") && page.ends_with("</body></html>\n"));
    assert!(steps.iter().all(|step| page.contains(step["title"].as_str().unwrap())));
    assert!(page.matches("<svg").count() > 20 && !page.contains("http"), "real plots, and nothing is fetched");
}

#[test]
fn the_commands_that_go_further_can_be_given() {
    let desk = Desk::new();
    let tour = desk.qiao(["tour", "--lang", "en", "--json"]).ok().json();
    desk.write("TABLE.csv", sales(200).replace("sales", "COLUMN"));
    desk.write("FOLDER/notes.md", "# Tolls\n\nThe toll for a horse was two coins. What you look for is here.\n");
    std::fs::copy(repository().join(EN), desk.path("FILE.pdf")).unwrap();
    let desk = desk.naming(None);
    let steps = tour["steps"].as_array().unwrap();
    let commands = steps.iter().flat_map(|step| step["further"].as_array().unwrap());
    let mut ran = 0;
    let chinese = desk.qiao(["--model", MINILM, "tour", "--lang", "zh", "--compute", "int8", "--json"]).ok().json();
    let chinese_steps = chinese["steps"].as_array().unwrap();
    std::fs::copy(repository().join(EN), desk.path("文件.pdf")).unwrap();
    desk.write("文件夹/notes.md", "# 桥\n\n马过桥要付两枚铜钱。\n");
    let commands = commands.chain(chinese_steps.iter().flat_map(|step| step["further"].as_array().unwrap()));
    for command in commands {
        let words = words(command.as_str().unwrap());
        assert_eq!(words[0], "qiao");
        let code = desk.qiao(&words[1..]).status.code();
        // a question about nothing is refused
        assert!(code == Some(0) || (words.contains(&"ask".to_owned()) && code == Some(1)), "{command}: {code:?}");
        ran += 1;
    }
    assert!(ran >= 16, "{ran}");
    assert!(chinese_steps[3]["further"][0].as_str().unwrap().contains("--compute int8"));
}

/// As a shell divides a line that has no quotes but double ones.
fn words(line: &str) -> Vec<String> {
    let parts = line.split('"').enumerate();
    let word = |(i, part): (usize, &str)| match i % 2 {
        0 => part.split_whitespace().map(str::to_owned).collect::<Vec<_>>(),
        _ => vec![part.to_owned()],
    };
    parts.flat_map(word).collect()
}

#[test]
fn the_language_is_that_of_the_environment_where_none_is_named() {
    let desk = Desk::without_model();
    desk.write("sales.csv", sales(100));
    let said = |variables: &[(&str, &str)], lang: &[&str]| {
        let mut command = qiao(["tour", "--csv", "sales.csv", "--target", "sales"].iter().chain(lang));
        command.current_dir(desk.root()).envs(variables.iter().copied());
        run(&mut command).ok().text().lines().next().unwrap().to_owned()
    };
    let (english, chinese) = ("1. Categories and numbers", "1. 类别与数字");
    assert_eq!(said(&[], &[]), english);
    assert_eq!(said(&[("LANG", "zh_CN.UTF-8")], &[]), chinese);
    assert_eq!(said(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "de_DE.UTF-8")], &[]), english);
    assert_eq!(said(&[("LANG", "en_GB.UTF-8"), ("LC_MESSAGES", "zh_TW")], &[]), chinese);
    assert_eq!(said(&[("LANG", "zh_CN.UTF-8")], &["--lang", "en"]), english);
}

#[test]
fn categories_of_a_table_find_their_like() {
    let desk = Desk::without_model();
    desk.write("sales.csv", sales(2000));
    let run = ["tour", "--csv", "sales.csv", "--target", "sales", "--html", "page.html"];
    let tour = desk.qiao(run.iter().chain(&["--json"])).ok().json();
    let steps = tour["steps"].as_array().unwrap();
    assert_eq!((steps.len(), &tour["encoder"]), (4, &Value::Null));
    let left_out = blocks(&steps[0], "table").nth(1).unwrap()["rows"].to_string();
    assert!(left_out.contains("it numbers the rows"), "{left_out}");
    let towns = blocks(&steps[2], "table").next().unwrap()["rows"].as_array().unwrap().clone();
    assert_eq!(towns.len(), 6);
    for (town, like) in [("Ulm", "Kiel"), ("Bonn", "Lahr"), ("Jena", "Trier"), ("Trier", "Jena")] {
        let row = towns.iter().find(|row| row[0] == town).unwrap();
        assert!(row[2].as_str().unwrap().starts_with(like), "{town} is of {like}'s region: {row}");
        assert_eq!(numbers(&row[3]).len(), 3);
    }
    let text = desk.qiao(run).ok().text();
    for said in ["2000 rows with a target were read", "always the same answer", "Ulm", "neighbours do the same to it"] {
        assert!(text.contains(said), "not said: {said}\n{text}");
    }
    let page = std::fs::read_to_string(desk.path("page.html")).unwrap();
    assert!(page.contains("<polyline") && page.contains(">Trier</text>"));
}

#[test]
fn a_table_that_tells_nothing_is_said_to() {
    let desk = Desk::without_model();
    let rows: Vec<String> = (0..400).map(|i| format!("c{},{}", i * 7 % 13, (i * i) % 97)).collect();
    desk.write("noise.csv", format!("c,y\n{}\n", rows.join("\n")));
    let text = desk.qiao(["tour", "--csv", "noise.csv", "--target", "y"]).ok().text();
    assert!(text.contains("no better than one answer for all") && !text.contains("do the same"), "{text}");
    assert!(text.contains("nothing was \n  learnt") || text.contains("nothing was learnt"), "{text}");
}

#[test]
fn what_is_wrong_with_a_table_is_named() {
    let desk = Desk::without_model();
    desk.write("sales.csv", sales(100));
    let tour = |file: &str, target: &str| desk.qiao(["tour", "--csv", file, "--target", target]);
    tour("sales.csv", "price").exits(3).says(&["sales.csv", "no column “price”", "id, town, day, sales"]);
    tour("none.csv", "sales").exits(3).says(&["cannot open the table none.csv"]);
    desk.write("short.csv", sales(10));
    tour("short.csv", "sales").exits(3).says(&["short.csv", "10 rows", "at least 50"]);
    desk.write("ragged.csv", sales(100) + "1,2\n");
    tour("ragged.csv", "sales").exits(3).says(&["line 102", "2 fields"]);
    desk.qiao(["tour", "--csv", "sales.csv"]).exits(2).says(&["--target"]);
    desk.qiao(["tour", "--target", "sales"]).exits(2).says(&["--csv"]);
    let html = ["tour", "--csv", "sales.csv", "--target", "sales", "--html", "no/folder/page.html"];
    desk.qiao(html).exits(3).says(&["no/folder/page.html"]);
}

#[test]
fn a_model_that_does_not_know_the_language_or_has_no_layers_says_so() {
    let desk = Desk::new();
    let told = desk.qiao(["tour", "--lang", "zh"]).ok().text();
    assert!(told.contains("这个模型不认识：") && told.contains("6. 先搜后问"), "{told}");
    let table = repository().join("crates/model/tests/models/static");
    let told = Desk::without_model().qiao(["--model", table.to_str().unwrap(), "tour", "--lang", "en"]).ok().text();
    assert!(told.contains("no layers that would look") && told.contains("a table and nothing more"), "{told}");
    assert!(told.contains("6. Search, then ask"), "{told}");
}

#[test]
fn what_stands_in_a_table_is_text_for_terminal_and_page() {
    let desk = Desk::without_model();
    let (town, long) = ("\"\u{1b}[31m<b>town</b>\nred\"", "x".repeat(150));
    let cell = |i: usize| if i.is_multiple_of(3) { String::new() } else { format!("<i>{}</i>", i % 3) };
    let rows: Vec<String> = (0..90).map(|i| format!("{},{long}{},{}", cell(i), i % 2, i % 3)).collect();
    desk.write("odd.csv", format!("{town},answer,y\n{}\n", rows.join("\n")));
    let run = desk.qiao(["tour", "--csv", "odd.csv", "--target", "y", "--html", "page.html"]).ok();
    let text = run.text();
    assert!(!text.contains('\u{1b}') && text.contains("(empty)"), "{text}");
    let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(widest <= 100, "{widest}");
    assert!(text.contains("predicted right"), "{text}");
    let page = std::fs::read_to_string(desk.path("page.html")).unwrap();
    assert!(!page.contains("<i>") && !page.contains("<b>") && page.contains("&lt;b&gt;town"));
}

#[test]
fn a_page_is_written_whole_though_nobody_reads_on() {
    let desk = Desk::without_model();
    desk.write("sales.csv", sales(200));
    let mut command = desk.command(["tour", "--csv", "sales.csv", "--target", "sales", "--html", "page.html"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    crate::desk::finish(child).ok();
    let page = std::fs::read_to_string(desk.path("page.html")).unwrap();
    assert!(page.ends_with("</body></html>\n") && page.contains("4. day"));
}
