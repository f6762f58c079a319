use proptest::prelude::*;

use super::*;

/// The readings of all certain numbers, dates left out.
fn numbers(text: &str) -> Vec<String> {
    let certain = facts(text).numbers.into_iter().filter(|number| number.certain);
    certain.map(|number| number.readings.iter().map(Value::to_string).collect::<Vec<_>>().join("|")).collect()
}

fn date(date: &Date) -> String {
    let part = |name: &str, value: Option<String>| value.map(|value| format!("{name}{value}"));
    let decade = date.decade.map(|decade| match decade {
        Decade::Of(year) => format!("{year}"),
        Decade::OfACentury(year) => format!("..{year}"),
    });
    let parts = [
        part("y", date.year.map(|y| y.to_string())),
        part("m", date.month.map(|m| m.to_string())),
        part("d", date.day.map(|d| d.to_string())),
        part("decade", decade),
        part("century", date.century.map(|c| c.to_string())),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn dates(text: &str) -> Vec<String> {
    facts(text).dates.iter().map(date).collect()
}

fn names(text: &str) -> Vec<&str> {
    facts(text).names.iter().map(|name| &text[name.span.range()]).collect()
}

#[test]
fn numbers_of_all_spellings() {
    for (text, expected) in [
        ("1,000 people", &["1e3|1"][..]),
        ("10,000.5 m", &["100005e-1"]),
        ("1 000 000 people", &["1e6"]),
        ("1.234.567 Einwohner", &["1234567"]),
        ("3,5 Millionen", &["35e5"]),
        ("10,00,000 rupees", &["1e6"]),
        ("３５０人", &["35e1"]),
        ("٣٥ شخصا", &["35"]),
        ("3.5 million people", &["35e5"]),
        ("350万人", &["35e5"]),
        ("3.5万人", &["35e3"]),
        ("1亿2000万元", &["12e7"]),
        ("三百二十人", &["32e1"]),
        ("两万五千里", &["25e3"]),
        ("5% of it", &["5e-2"]),
        ("5 percent of it", &["5e-2"]),
        ("5％的人", &["5e-2"]),
        ("百分之五的人", &["5e-2"]),
        ("百分之3.5", &["35e-3"]),
        ("增长5个百分点", &["5e-2"]),
        ("三分之一的人", &["1/3"]),
        ("one third of it", &["1/3"]),
        ("two-thirds of it", &["2/3"]),
        ("three quarters of it", &["75e-2"]),
        ("1/2 of it", &["5e-1"]),
        ("6½ sacks", &["65e-1"]),
        ("twenty-one men", &["21"]),
        ("two hundred and fifty thousand", &["25e4"]),
        ("2 and a half", &["2"]),
        ("the 3rd place", &["3"]),
        ("the third place", &["3"]),
        ("a third of it", &["3|1/3"]),
        ("第三名", &["3"]),
        ("第20次", &["2e1"]),
        ("-5 °C", &["-5"]),
        ("零下5度", &["-5"]),
        ("minus five degrees", &["-5"]),
        ("10–15 km", &["1e1", "15"]),
        ("5 to 10%", &["5|5e-2", "1e-1"]),
        ("1.5 to 2 million", &["15e-1|15e5", "2e6"]),
        ("$5bn", &["5e9"]),
        ("5k users", &["5|5e3"]),
        ("a score of 24-10", &["24", "1e1"]),
        ("version 2.5.1", &["2.5.1"]),
        ("5千米", &["5"]),
        ("at 22:30", &["22", "3e1"]),
        // not counted
        ("one of the men", &[]),
        ("First of all, he left.", &[]),
        ("一个人，一些人，一下，统一", &[]),
        ("十分高兴的老百姓", &[]),
        ("十分钟", &["1e1"]),
        ("四川和九江", &[]),
        ("the N64 and the 64DD", &[]),
        ("数百人", &[]),
        ("hundreds of men", &[]),
    ] {
        assert_eq!(numbers(text), expected, "{text}");
    }
}

#[test]
fn dates_of_all_spellings() {
    for (text, expected) in [
        ("May 4, 1998", &["y1998 m5 d4"][..]),
        ("on May 4th, 1998", &["y1998 m5 d4"]),
        ("4 May 1998", &["y1998 m5 d4"]),
        ("the fourth of May 1998", &["y1998 m5 d4"]),
        ("Sept. 11, 2001", &["y2001 m9 d11"]),
        ("May 1998", &["y1998 m5"]),
        ("in May", &["m5"]),
        ("He may go.", &[]),
        ("4–6 May 1998", &["y1998 m5 d4", "y1998 m5 d6"]),
        ("1998-05-04", &["y1998 m5 d4"]),
        ("4.5.1998", &["y1998 m5 d4"]),
        ("4. Mai 1998", &["y1998 m5 d4"]),
        ("4 de mayo de 1998", &["y1998 m5 d4"]),
        ("1998年5月4日", &["y1998 m5 d4"]),
        ("1998 年 5 月 4 日", &["y1998 m5 d4"]),
        ("一九九八年五月四日", &["y1998 m5 d4"]),
        ("五月四日", &["m5 d4"]),
        ("5月4号", &["m5 d4"]),
        ("1998年", &["y1998"]),
        ("3年", &[]),
        ("in 1998", &["y1998"]),
        ("1990s", &["decade1990"]),
        ("the 1990's", &["decade1990"]),
        ("the '90s", &["decade..90"]),
        ("the nineties", &["decade..90"]),
        ("90年代", &["decade..90"]),
        ("20世纪90年代", &["decade1990"]),
        ("1990年代", &["decade1990"]),
        ("the 19th century", &["century19"]),
        ("nineteenth-century art", &["century19"]),
        ("18th and 19th centuries", &["century18", "century19"]),
        ("十九世纪", &["century19"]),
        ("19世纪", &["century19"]),
        ("the 5th century BC", &["century-5"]),
        ("公元前5世纪", &["century-5"]),
        ("221 BC", &["y-221"]),
        ("公元前221年", &["y-221"]),
        ("前221年", &["y-221"]),
        ("AD 79", &["y79"]),
        ("1990–95", &["y1990", "y1995"]),
        ("1990-1995", &["y1990", "y1995"]),
        ("1678-79年", &["y1678", "y1679"]),
        ("1990至95年", &["y1990", "y1995"]),
        ("2,000 people and $1999", &[]),
    ] {
        assert_eq!(dates(text), expected, "{text}");
    }
}

#[test]
fn names_of_all_kinds() {
    for (text, expected) in [
        ("It was made by Nikola Tesla in New York.", &["Nikola Tesla", "New York"][..]),
        ("The Duke of Normandy and the king met.", &["Duke of Normandy"]),
        ("He joined the University of Chicago.", &["University of Chicago"]),
        ("It was NASA, the U.S. and iPhone makers.", &["NASA", "U.S.", "iPhone"]),
        ("Scientists found it.", &[]),
        ("Tesla was born there.", &["Tesla"]),
        ("However, it rained; Later it stopped.", &[]),
        ("In May 1998 he left.", &[]),
        ("The N64 weighs 10km.", &["N64"]),
        ("Er hat das Haus und den Hund von der Frau gesehen, die NATO auch.", &["NATO"]),
        ("El presidente de la República visitó en el año a los de Chile.", &["República", "Chile"]),
        ("《红楼梦》是小说", &["红楼梦"]),
        ("物理学家尼古拉·特斯拉出生", &["尼古拉·特斯拉"]),
        ("由韩国Nexon开发", &["Nexon"]),
        ("长10km和5kg", &[]),
    ] {
        assert_eq!(names(text), expected, "{text}");
    }
}

#[test]
fn clauses_deny() {
    for (text, expected) in [
        ("He did not go.", true),
        ("He didn’t go.", true),
        ("He never went.", true),
        ("No one went.", true),
        ("It is not impossible without help.", false),
        ("He went.", false),
        ("他没有去", true),
        ("他不是学生", true),
        ("他并未参加", true),
        ("他无法参加", true),
        ("这不同于那", false),
        ("非常好的未来", false),
        ("他不得不去", false),
        ("莫斯科的南非人", false),
        ("是否参加", false),
        ("不久他来了", false),
        ("不仅如此", false),
        ("他从不否认", true),
        ("他不再回来", true),
    ] {
        let clauses = facts(text).clauses;
        assert_eq!(clauses.iter().filter(|clause| clause.negative).count() % 2 == 1, expected, "{text}");
    }
    let clauses = facts("He left, but he did not come back.").clauses;
    assert_eq!(clauses.iter().map(|clause| clause.negative).collect::<Vec<_>>(), [false, true]);
    assert!(facts("He failed to come.").clauses[0].unclear);
    assert!(facts("禁止入内").clauses[0].unclear);
    assert!(facts("They oppose the plan.").clauses[0].unclear);
    assert!(!facts("It stands in opposition to the plan.").clauses[0].unclear);
}

#[test]
fn what_sources_do_not_explain() {
    let source = HanPairs::of(&["爱迪生出生于美国俄亥俄州米兰，毕业于北京大学。"], &|c| c);
    let found = |text: &'static str| {
        let runs = unexplained(text, &source, &|c| c);
        runs.into_iter().map(|run| (&text[run.span.range()], run.sign)).collect::<Vec<_>>()
    };
    assert_eq!(found("爱迪生出生于华沙"), [("华沙", Sign::Known)]);
    assert_eq!(found("爱迪生毕业于南京大学"), [("南京", Sign::Known)]);
    assert_eq!(found("爱迪生出生于哈德逊"), [("哈德逊", Sign::Transliterated)]);
    assert_eq!(found("他出生于蓟县"), [("蓟县", Sign::Placed)]);
    assert_eq!(found("他就是在美国俄亥俄州出生的，后来从北京大学毕业。"), []);
}

/// Texts of both languages, of digits and signs, and of anything.
fn text() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "1",
        "998",
        "1998",
        "５",
        "٣",
        ",",
        ".",
        "/",
        "-",
        "–",
        "%",
        "½",
        " ",
        "\u{A0}",
        "\n",
        "年",
        "月",
        "日",
        "世纪",
        "年代",
        "万",
        "亿",
        "千",
        "百",
        "十",
        "三",
        "两",
        "〇",
        "分之",
        "第",
        "前",
        "公元前",
        "点",
        "成",
        "负",
        "零下",
        "May",
        "mai",
        "th",
        "st",
        "s",
        "million",
        "hundred",
        "two",
        "third",
        "and",
        "a half",
        "century",
        "BC",
        "AD",
        "percent",
        "Tesla",
        "U.S.",
        "of",
        "N64",
        "·",
        "《",
        "》",
        "尼古拉",
        "北京",
        "大学",
        "不",
        "没有",
        "未来",
        "not",
        "n't",
        "’",
        "'",
        "\u{301}",
        "\u{AD}",
        "😀",
        "the",
        "II",
        "(",
        "）",
    ];
    let piece = prop_oneof![8 => prop::sample::select(PIECES).prop_map(str::to_owned), 1 => ".{0,3}"];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn spans_lie_in_the_text_and_ascend(text in text()) {
        let facts = facts(&text);
        let spans: Vec<Vec<Span>> = vec![
            facts.numbers.iter().map(|number| number.span).collect(),
            facts.dates.iter().map(|date| date.span).collect(),
            facts.names.iter().map(|name| name.span).collect(),
            facts.clauses.iter().map(|clause| clause.span).collect(),
            facts.names.iter().flat_map(|name| name.words.clone()).collect(),
        ];
        for span in spans.iter().flatten() {
            prop_assert!(text.get(span.range()).is_some_and(|part| !part.is_empty()), "{:?} in {:?}", span, text);
        }
        for span in spans[1].iter().flat_map(|date| spans[0].iter().filter(move |number| number.overlaps(*date))) {
            prop_assert!(false, "{:?} is a date and a number in {:?}", span, text);
        }
        prop_assert!(facts.dates.is_sorted_by_key(|date| date.span.start));
        prop_assert!(facts.names.is_sorted_by_key(|name| name.span));
    }

    #[test]
    fn a_number_means_the_same_in_words_and_figures(n in 2_u32..1_000_000) {
        let (figure, grouped) = (n.to_string(), grouped(n));
        let han = han(n);
        let value = vec![Value::integer(n.into())];
        for text in [figure.clone() + " people", grouped + " people", han.clone() + "人"] {
            let found = facts(&text);
            let year = found.dates.iter().any(|date| date.year == i32::try_from(n).ok());
            prop_assert!(year || found.numbers.iter().any(|number| number.readings.starts_with(&value)), "{}", text);
        }
    }
}

fn grouped(n: u32) -> String {
    if n < 1000 { n.to_string() } else { format!("{},{:03}", n / 1000, n % 1000) }
}

fn han(n: u32) -> String {
    const DIGITS: [char; 10] = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];
    let below = |n: u32| {
        let mut out = String::new();
        let mut gap = false;
        for (power, name) in [(1000, "千"), (100, "百"), (10, "十"), (1, "")] {
            let digit = n / power % 10;
            if digit == 0 {
                gap = true;
                continue;
            }
            if gap && !out.is_empty() {
                out.push('零');
            }
            gap = false;
            out.push(DIGITS[digit as usize]);
            out.push_str(name);
        }
        out
    };
    let (high, low) = (n / 10_000, n % 10_000);
    match (high, low) {
        (0, low) => below(low),
        (high, 0) => below(high) + "万",
        (high, low) if low < 1000 => below(high) + "万零" + &below(low),
        (high, low) => below(high) + "万" + &below(low),
    }
}
