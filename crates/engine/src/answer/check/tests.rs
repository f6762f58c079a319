use proptest::prelude::*;

use super::*;

fn same(c: char) -> char {
    c
}

/// What is marked: `n`, `d`, `t` and `p` before a number, date, name and the clause of another polarity.
fn marks(sentence: &str, source: &str) -> Vec<String> {
    let report = supported(sentence, &[source], &same);
    let listed =
        |kind: &'static str, list: &[Missing]| list.iter().map(|m| format!("{kind} {}", m.what)).collect::<Vec<_>>();
    let clause = report.negation.map(|d| format!("p {}", &sentence[d.clause.range()]));
    [listed("n", &report.numbers), listed("d", &report.dates), listed("t", &report.names), clause.into_iter().collect()]
        .concat()
}

const TESLA: &str = "Nikola Tesla (10 July 1856 – 7 January 1943) was a Serbian American inventor, electrical engineer and \
    physicist. In 1884 he emigrated to the United States to work for Thomas Edison in New York City. About 3,012 people, or 12% of \
    the company, worked for Westinghouse Electric, which did not pay him royalties. The National Football League was not founded by \
    the German engineer. He was awarded 112 patents in the 1890s, and he never married.";

const EDISON: &str = "托马斯·爱迪生于1847年2月11日出生于美国俄亥俄州米兰，是通用电气公司的创始人。他拥有1093项专利，约占总数的百分之五。\
    20世纪20年代，他与亨利·福特合作。1931年10月18日，爱迪生逝世，没有留下遗嘱。公司有350万名员工，总部位于纽约。";

#[test]
fn english_sentences_that_are_true() {
    for sentence in [
        "In 1884 he emigrated to the United States to work for Thomas Edison in New York City.",
        "Tesla was born in July 1856.",
        "Tesla, born on July 10, 1856, died on January 7, 1943.",
        "Roughly 3,000 employees worked for Westinghouse.",
        "Over 3,000 people worked there.",
        "Twelve percent of the company worked for Westinghouse Electric.",
        "Tesla received one hundred and twelve patents during the nineties.",
        "Edison employed Tesla in New York.",
        "The engineer from Germany did not found the NFL.",
        "The inventor was American.",
        "In the nineteenth century, Tesla moved to the US.",
        "Westinghouse's company didn't pay Tesla any royalties.",
        "He stayed unmarried.",
        "Emigrating to America in 1884, the physicist worked for Edison.",
    ] {
        assert_eq!(marks(sentence, TESLA), [""; 0], "{sentence}");
    }
}

#[test]
fn english_sentences_that_are_altered() {
    for (sentence, expected) in [
        ("In 1887 he emigrated to the United States.", "d 1887"),
        ("In 1943 he emigrated to the United States to work for Thomas Edison.", "d 1943"),
        ("Tesla was born on July 7, 1856.", "d July 7, 1856"),
        ("Roughly 4,000 employees worked for Westinghouse.", "n 4,000"),
        ("3,000 people worked there.", "n 3,000"),
        ("Thirteen percent of the company worked for Westinghouse.", "n Thirteen percent"),
        ("Tesla received 113 patents.", "n 113"),
        ("He was awarded 112 patents in the 1880s, and he never married.", "d 1880s"),
        ("He emigrated to work for George Washington.", "t George Washington"),
        ("Marconi was awarded 112 patents.", "t Marconi"),
        ("He emigrated to the United Kingdom.", "t Kingdom"),
        ("The NBA was not founded by the engineer.", "t NBA"),
        ("He emigrated to the United States to work for Nikola Tesla in New York City.", "t Nikola Tesla"),
        ("Westinghouse Electric, which did pay him royalties, was a company.", "p did pay him royalties"),
        (
            "Tesla never emigrated to the United States to work for Thomas Edison.",
            "p Tesla never emigrated to the United States to work for Thomas Edison",
        ),
    ] {
        assert_eq!(marks(sentence, TESLA), [expected], "{sentence}");
    }
}

#[test]
fn denials_that_are_short_or_turn_on_when() {
    for (sentence, source, expected) in [
        (
            "This is really the case.",
            "However, this is not really the case, since it can be recast.",
            "p This is really the case",
        ),
        ("目前已经由人工引种栽培。", "多生长在山谷，目前尚未由人工引种栽培。", "p 目前已经由人工引种栽培"),
        ("婚后仍然使用自己原本的姓氏。", "婚后不再使用自己原本的姓氏。", "p 婚后仍然使用自己原本的姓氏"),
    ] {
        assert_eq!(marks(sentence, source), [expected], "{sentence}");
    }
    for (sentence, source) in [
        ("This is the case.", "The case was not heard that day."),
        ("目前已经由人工引种栽培。", "目前已由人工引种栽培。"),
    ] {
        assert_eq!(marks(sentence, source), [""; 0], "{sentence}");
    }
}

#[test]
fn chinese_sentences_that_are_true() {
    for sentence in [
        "他拥有1093项专利，约占总数的百分之五。",
        "爱迪生出生于1847年。",
        "爱迪生生于一八四七年二月十一日，卒于1931年10月。",
        "爱迪生的专利有一千零九十三项，占5%。",
        "这家公司的员工多达三百五十万人。",
        "爱迪生是通用电气的创立者。",
        "在20年代，爱迪生曾经与福特一起工作。",
        "爱迪生没有留下遗嘱就去世了。",
        "总部设在纽约的公司拥有超过300万名员工。",
        "一位美国的发明家创办了一家公司。",
    ] {
        assert_eq!(marks(sentence, EDISON), [""; 0], "{sentence}");
    }
}

#[test]
fn chinese_sentences_that_are_altered() {
    for (sentence, expected) in [
        ("他拥有1083项专利。", "d 1083"),
        ("约占总数的百分之六。", "n 百分之六"),
        ("公司有350名员工。", "n 350"),
        ("爱迪生于1847年2月18日出生。", "d 1847年2月18日"),
        ("1847年10月18日，爱迪生逝世。", "d 1847年10月18日"),
        ("20世纪30年代，他与亨利·福特合作。", "d 20世纪30年代"),
        ("爱迪生出生于英国。", "t 英国"),
        ("尼古拉·特斯拉出生于美国俄亥俄州。", "t 尼古拉·特斯拉"),
        ("总部位于哈特福德。", "t 哈特福德"),
        ("爱迪生是西屋电气公司的创始人。", "t 西屋电气公司"),
        ("爱迪生出生于美国密歇根州。", "t 密歇根州"),
        ("《红楼梦》是他写的。", "t 红楼梦"),
        ("他与Siemens合作。", "t Siemens"),
        ("爱迪生逝世，留下遗嘱。", "p 留下遗嘱"),
        ("爱迪生不是通用电气公司的创始人。", "p 爱迪生不是通用电气公司的创始人"),
    ] {
        assert_eq!(marks(sentence, EDISON), [expected], "{sentence}");
    }
}

#[test]
fn the_caller_folds_traditional_characters() {
    let fold = |c: char| match c {
        '國' => '国',
        '愛' => '爱',
        c => c,
    };
    let source = "愛迪生出生於美國。";
    assert!(supported("爱迪生是美国人。", &[source], &fold).is_clean());
    assert!(!supported("爱迪生是美国人。", &["特斯拉"], &fold).is_clean());
}

#[test]
fn all_sources_together_support_a_sentence() {
    let report = supported(
        "Tesla was born in 1856 in Smiljan.",
        &["Tesla was born in 1856.", "Smiljan is his birthplace."],
        &same,
    );
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(supported("", &[], &same), Report { covered: 1.0, ..Report::default() });
    assert_eq!(supported("Tesla sleeps", &["Tesla slept"], &same).covered, 0.5);
    assert_eq!(supported("In 1856", &[], &same).dates.len(), 1);
}

proptest! {
    #[test]
    fn a_text_supports_its_own_sentences(pieces in prop::collection::vec(prop::sample::select(vec![
        "In 1998, ", "Tesla ", "had 5% of ", "three ", "not ", "the N64", "三百人", "没有", "北京大学", "1990年", "-5", " . ", "，", "。", "\n", "May 4 ",
    ]), 0..30)) {
        let text = pieces.concat();
        let report = supported(&text, &[&text], &same);
        prop_assert!(report.numbers.is_empty() && report.dates.is_empty() && report.names.is_empty(), "{:?}: {:?}", text, report);
    }

    #[test]
    fn spans_lie_in_the_sentence(sentence in ".{0,60}", source in ".{0,60}") {
        let report = supported(&sentence, &[&source], &same);
        for missing in report.numbers.iter().chain(&report.dates).chain(&report.names) {
            prop_assert_eq!(sentence.get(missing.span.range()), Some(missing.what.as_str()));
        }
        prop_assert!((0.0..=1.0).contains(&report.covered));
    }
}
