use std::collections::BTreeMap;

use proptest::prelude::*;

use super::field::{Field, Kind, LANGUAGES};
use super::token::{Operator, Text, is_field_char};
use super::{Condition, Expression, Facts, FilterError, FilterProblem, MAX_BYTES, MAX_NESTING, Node, Period, Test};

/// 2026-11-25T10:30:15Z
const ADDED: i64 = 1_795_602_615;

fn with_facts<T>(ask: impl FnOnce(Facts<'_>) -> T) -> T {
    let tags = ["Contract".to_owned(), "2026".to_owned(), "重要".to_owned()];
    let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    let metadata = BTreeMap::from([
        ("Client".to_owned(), values(&["Acme GmbH"])),
        ("author".to_owned(), values(&["Ada", "Bo"])),
        ("客户".to_owned(), values(&["阿克梅"])),
        ("amount".to_owned(), values(&["1200.50"])),
        ("due".to_owned(), values(&["2026-11-25"])),
        ("title".to_owned(), values(&["meta title"])),
        ("and".to_owned(), values(&["conjunction"])),
        ("url".to_owned(), values(&["http://x.org/y?z"])),
        ("empty".to_owned(), Vec::new()),
    ]);
    ask(Facts {
        document: 12,
        origin: "/home/ada/Contracts/acme.pdf",
        media: "pdf",
        language: Some("cmn"),
        title: Some("The “Acme” Contract"),
        pages: Some(9),
        added_at: ADDED,
        tags: &tags,
        metadata: &metadata,
    })
}

fn parsed(filter: &str) -> Expression {
    filter.parse().unwrap_or_else(|error: FilterError| panic!("{filter}: {error}"))
}

fn matches(filter: &str) -> bool {
    with_facts(|facts| parsed(filter).matches(&facts))
}

#[track_caller]
fn all_match(filters: &[&str]) {
    for filter in filters {
        assert!(matches(filter), "{filter}");
        assert!(!matches(&format!("not ({filter})")), "not ({filter})");
    }
}

#[track_caller]
fn none_matches(filters: &[&str]) {
    for filter in filters {
        assert!(!matches(filter), "{filter}");
    }
}

#[test]
fn a_test_of_every_field() {
    all_match(&[
        "document = 12",
        "document < 13 document >= 012",
        "name = ACME.pdf",
        "name ~ acme",
        "media = PDF",
        "media != text",
        "title ~ contract",
        "pages = 9 and pages > 8 and pages <= 9",
        "tag = contract",
        "tag:重要",
        "tag ~ 重",
        "client = \"acme gmbh\"",
        "CLIENT ~ gmbh",
        "客户 = 阿克梅",
        "url:http://x.org/y?z",
    ]);
    none_matches(&["document != 12", "name = acme", "media = text", "pages > 9", "tag = contr", "客户 ~ 甲"]);
}

#[test]
fn a_path_holds_the_file_and_all_below_the_folder() {
    all_match(&[
        "path = /home/ada/contracts/acme.pdf",
        "path = /home/ada/contracts",
        "path = /home/",
        "path = /",
        "path ~ ada/con",
        "path ~ a\\con",
    ]);
    none_matches(&["path = /home/ad", "path = ada", "path = \"\"", "path = /home/ada/contracts/acme"]);
    with_facts(|facts| {
        let windows = Facts { origin: "C:\\docs\\2026\\a.pdf", ..facts };
        for filter in ["path = c:\\docs", "path = C:/docs/", "path = \"C:\\\\docs\"", "path ~ \\2026\\", "name = a.pdf"]
        {
            assert!(parsed(filter).matches(&windows), "{filter}");
        }
        assert!(!parsed("path = C:\\doc").matches(&windows));
    });
}

#[test]
fn a_language_goes_by_either_code() {
    all_match(&["language = zh", "language = cmn", "language = ZHO", "not language = en", "language != deu"]);
    assert_eq!(parsed("language = zh").to_string(), "language = cmn");
    let mut codes: Vec<_> = LANGUAGES.iter().flat_map(|(stored, others)| others.iter().chain([stored])).collect();
    let count = codes.len();
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), count, "a code stands for one language");
}

#[test]
fn a_moment_is_compared_with_a_period() {
    all_match(&[
        "added = 2026",
        "added = 2026-11",
        "added = 2026-11-25",
        "added = 2026-11-25T10:30",
        "added = ２０２６-11-25t10:30",
        "added < 2027 added < 2026-12 added < 2026-11-26 added < 2026-11-25T10:31",
        "added > 2025 added > 2026-10 added > 2026-11-24 added > 2026-11-25T10:29",
        "added <= 2026 added <= 2026-11-25T10:30",
        "added >= 2026 added >= 2026-11-25T10:30",
        "added != 2025",
    ]);
    none_matches(&["added < 2026", "added > 2026", "added = 2026-11-25T10:31", "added <= 2025", "added >= 2027"]);
}

#[test]
fn periods_begin_and_end_where_the_calendar_says() {
    let cases = [
        ("1970", 0, 365),
        ("1970-01-01", 0, 1),
        ("1969-12", -31, 0),
        ("2000-02", 10_988, 11_017),
        ("2100-02", 47_513, 47_541),
        ("2024-12", 20_058, 20_089),
        ("0000-01-01", -719_528, -719_527),
        ("9999-12-31", 2_932_896, 2_932_897),
    ];
    for (written, start, end) in cases {
        assert_eq!(super::date::seconds(written), Some(start * 86_400..end * 86_400), "{written}");
    }
    for written in
        ["2026-02-29", "2026-13", "2026-00", "2026-11-00", "2026-11-25t24:00", "2026-11-25t10:60", "2026-11-31"]
    {
        assert_eq!(super::date::seconds(written), None, "{written}");
    }
    for written in
        ["", "26", "2026-", "2026-1", "2026t10:30", "2026-11-25t10", "2026-11-25-1", "+026", "2026-11-25t1:030"]
    {
        assert_eq!(super::date::seconds(written), None, "{written}");
    }
}

#[test]
fn metadata_is_ordered_as_numbers_then_dates_then_text() {
    all_match(&[
        "amount > 999",
        "amount <= 1200.5",
        "due < 2026-12",
        "due <= 2026-11 due >= 2026-11",
        "due = 2026-11",
        "due > 2026-11-24T23:59",
        "due < zzz",
        "author > AD",
        "tag < 2027",
    ]);
    none_matches(&["amount < 999", "due < 2026-11", "due > 2026", "due ~ 11-24", "amount = 1200.5", "tag = 2026-01"]);
}

#[test]
fn a_test_holds_where_any_value_does() {
    all_match(&[
        "author = ada",
        "author = bo",
        "author = ada author = bo",
        "author != cy",
        "tag = 2026 tag = contract",
    ]);
    none_matches(&["author != ada"]);
}

#[test]
fn a_missing_field_fails_every_test_and_passes_every_negation() {
    none_matches(&[
        "editor = x",
        "editor ~ \"\"",
        "editor < x",
        "editor >= x",
        "editor = *",
        "empty = *",
        "empty ~ \"\"",
    ]);
    all_match(&["editor != x", "editor != *", "not editor < x", "empty != *"]);
    with_facts(|facts| {
        let bare = Facts { language: None, title: None, pages: None, tags: &[], ..facts };
        for filter in
            ["language = zh", "title ~ \"\"", "pages >= 0", "tag = *", "title = *", "pages = *", "language = *"]
        {
            assert!(!parsed(filter).matches(&bare), "{filter}");
            assert!(parsed(&format!("not {filter}")).matches(&bare), "not {filter}");
        }
    });
}

#[test]
fn a_star_alone_is_any_value() {
    all_match(&["tag = *", "客户：*", "document = *", "added = *", "path = ＊"]);
    none_matches(&["tag = \"*\"", "tag != *"]);
}

#[test]
fn meta_reaches_a_key_named_like_a_field() {
    all_match(&["meta.title = \"meta title\"", "meta.and = conjunction", "META.client ~ acme", "meta.author = bo"]);
    none_matches(&["title = \"meta title\"", "meta.pages = 9", "meta.meta.title = *"]);
}

#[test]
fn text_is_compared_after_nfkc_and_lower_case() {
    all_match(&["tag = ＣＯＮＴＲＡＣＴ", "ｔａｇ = contract", "ＮＯＴ tag = draft", "document = １２"]);
    with_facts(|facts| {
        let tags = ["ǰ Ⅷ ΟΔΟΣ".to_owned()];
        let facts = Facts { tags: &tags, ..facts };
        assert!(parsed("tag = \"J\u{30c} viii οδος\"").matches(&facts));
    });
}

#[test]
fn one_meaning_has_one_written_form() {
    let cases = [
        ("tag=contract client:\"Acme\"", "tag = contract and client = Acme"),
        ("a=1 or b=2 and c=3", "a = 1 or b = 2 and c = 3"),
        ("a=1 AND (b=2 OR c=3)", "a = 1 and (b = 2 or c = 3)"),
        ("a=1 (b=2 or c=3) not d=4", "a = 1 and (b = 2 or c = 3) and d != 4"),
        ("((a=1) and (b=2 c=3))", "a = 1 and b = 2 and c = 3"),
        ("(a=1 or (b=2 or c=3))", "a = 1 or b = 2 or c = 3"),
        ("not a=1 b=2", "a != 1 and b = 2"),
        ("not (a=1 b=2)", "not (a = 1 and b = 2)"),
        ("not(a=1 or b=2)or c=3", "not (a = 1 or b = 2) or c = 3"),
        ("not not a<1", "a < 1"),
        ("not not not a<1", "not a < 1"),
        ("not a!=1", "a = 1"),
        ("not a=*", "a != *"),
        ("（客户：阿克梅 or 客户＝“大 桥”）and pages＞＝10", "(客户 = 阿克梅 or 客户 = \"大 桥\") and pages >= 10"),
        ("a！＝b", "a != b"),
        ("title = \"say \\\"hi\\\" \\\\ C:\\x\"", "title = \"say \\\"hi\\\" \\\\ C:\\\\x\""),
        ("title = \"He said “hi”\"", "title = \"He said “hi”\""),
        ("title = “say \"hi\"”", "title = \"say \\\"hi\\\"\""),
        ("path = \"C:\\\\docs\"", "path = C:\\docs"),
        ("tag = \"and\"", "tag = \"and\""),
        ("tag = \"\"", "tag = \"\""),
        ("name = \"*.pdf\"", "name = \"*.pdf\""),
        ("tag = wow!", "tag = wow!"),
        ("meta.client = Acme", "client = Acme"),
        ("meta.tag = x", "meta.tag = x"),
        ("meta.meta.tag = x", "meta.meta.tag = x"),
        ("meta.or = x", "meta.or = x"),
        ("META.Tag = X", "meta.Tag = X"),
        ("pages = 007", "pages = 7"),
        ("added > 2026-11-25t10:30", "added > 2026-11-25T10:30"),
    ];
    for (filter, canonical) in cases {
        assert_eq!(parsed(filter).to_string(), canonical, "{filter}");
        assert_eq!(parsed(canonical), parsed(filter), "{filter}");
    }
}

#[test]
fn the_conjunction_keeps_its_terms_apart() {
    let both = parsed("a = 1 or b = 2").and(parsed("c = 3 and d = 4"));
    assert_eq!(both.to_string(), "(a = 1 or b = 2) and c = 3 and d = 4");
    assert_eq!(parsed(&both.to_string()), both);
}

#[test]
fn an_error_says_where_what_was_found_and_what_was_expected() {
    const OF_TEXT: &str = "one of = != < <= > >= ~ :";
    const OF_NUMBER: &str = "one of = != < <= > >= :";
    const DATE: &str = "a date as in 2026, 2026-11, 2026-11-25 or 2026-11-25T10:30";
    const CODE: &str = "the code of a language that documents are recognised in, such as en or eng, zh or cmn";
    const NAMES: &str = "one of pdf, markdown, text";
    const CLOSED: &str = "a value with a closing quote";
    const QUOTED: &str = "a word or a \"quoted text\"";
    const NEXT: &str = "`and`, `or`, another test or the end";
    const STAR: &str = "a value in which `*` is in double quotes, or `*` alone after = or != for any value";
    let cases = [
        ("tag contract", 5, format!("{OF_TEXT} after `tag`, found `contract`; write for example: tag = contract")),
        ("客户 阿克梅", 4, format!("{OF_TEXT} after `客户`, found `阿克梅`; write for example: 客户 = Acme")),
        ("tag", 4, format!("{OF_TEXT} after `tag`, found the end; write for example: tag = contract")),
        ("", 1, "a field, `not` or `(`, found the end; write for example: tag = contract".to_owned()),
        ("tag = a and", 12, "a field, `not` or `(`, found the end; write for example: tag = contract".to_owned()),
        ("or tag = a", 1, "a field, `not` or `(`, found `or`; write for example: tag = contract".to_owned()),
        ("tag = ", 7, format!("{QUOTED} after `=`, found the end; write for example: tag = contract")),
        ("tag = and client = x", 7, format!("{QUOTED} after `=`, found `and`; write for example: tag = contract")),
        ("tag == x", 6, format!("{QUOTED} after `=`, found `=`; write for example: tag = contract")),
        ("tag = 'x'", 7, format!("{QUOTED} after `=`, found `'x'`; write for example: tag = contract")),
        ("pages ~ 3", 7, format!("{OF_NUMBER} after `pages`, found `~`; write for example: pages > 10")),
        ("media < pdf", 7, "one of = != : after `media`, found `<`; write for example: media = pdf".to_owned()),
        ("pages = many", 9, "a whole number after `=`, found `many`; write for example: pages > 10".to_owned()),
        ("pages < *", 9, format!("{STAR}, found `*`; write for example: name ~ \".pdf\"")),
        ("name = *.pdf", 8, format!("{STAR}, found `*.pdf`; write for example: name ~ \".pdf\"")),
        ("added = yesterday", 9, format!("{DATE} after `=`, found `yesterday`; write for example: added >= 2026-11")),
        ("added = 2026-02-30", 9, format!("{DATE} after `=`, found `2026-02-30`; write for example: added >= 2026-11")),
        ("media = foo", 9, format!("{NAMES} after `=`, found `foo`; write for example: media = pdf")),
        ("language = cn", 12, format!("{CODE} after `=`, found `cn`; write for example: language = en")),
        (
            "title = a=b",
            10,
            format!("{NEXT}, found `=`; write for example: title = \"a = b\""),
        ),
        ("tag = a )", 9, format!("{NEXT}, found `)`; write for example: tag = contract and client = Acme")),
        (
            "(tag = a",
            9,
            "`)`, `and`, `or` or another test, found the end; write for example: (tag = contract or tag = invoice) and \
             client = Acme"
                .to_owned(),
        ),
        (
            "tag = “a",
            7,
            format!("{CLOSED} after `=`, found `“a`; write for example: title = \"annual report\""),
        ),
        (
            "meta. = x",
            7,
            "a metadata key right after `meta.`, found `=`; write for example: meta.title = Report".to_owned(),
        ),
    ];
    for (filter, character, message) in cases {
        let error = filter.parse::<Expression>().unwrap_err();
        assert_eq!(error.to_string(), format!("in the filter, at character {character}: expected {message}"));
        assert_eq!(filter[..error.position()].chars().count() + 1, character, "{filter}");
    }
}

#[test]
fn nesting_and_length_are_limited() {
    let nested = |depth: usize, open: &str, close: &str| {
        format!("{}a = 1{}", open.repeat(depth), close.repeat(depth)).parse::<Expression>()
    };
    for (open, close) in [("(", ")"), ("not ", "")] {
        assert!(nested(MAX_NESTING, open, close).is_ok());
        for depth in [MAX_NESTING + 1, 10_000] {
            let error = nested(depth, open, close).unwrap_err();
            assert_eq!((error.problem(), error.position()), (&FilterProblem::TooDeep, MAX_NESTING * open.len()));
            assert!(
                error.to_string().ends_with("more than 64 parentheses and `not` within one another; write it flatter")
            );
        }
    }
    let long = |value: usize| format!("a = {}", "桥".repeat(value)).parse::<Expression>();
    assert!(long(MAX_BYTES / 3 - 2).is_ok());
    assert_eq!(long(MAX_BYTES).unwrap_err().problem(), &FilterProblem::TooLong);
    let terse = "a=b ".repeat(MAX_BYTES / 4);
    assert_eq!(terse.parse::<Expression>().unwrap_err().problem(), &FilterProblem::TooLong);
}

fn field() -> impl Strategy<Value = Field> {
    let characters = prop::sample::select("aZ9_-.客户éΣßǰ①½ﷺ\u{94d}".chars().collect::<Vec<_>>());
    let key = prop_oneof![
        prop::collection::vec(characters, 1..6).prop_map(|key| key.into_iter().collect::<String>()),
        prop::sample::select(vec!["tag", "AND", "not", "meta", "meta.x", "meta.", "ｏｒ", "Pages"])
            .prop_map(str::to_owned),
    ];
    let named =
        prop::sample::select(vec!["document", "name", "path", "media", "language", "title", "pages", "added", "tag"]);
    prop_oneof![key.prop_map(|key| Field::Metadata(Text::new(key))), named.prop_map(|name| Field::named(name).unwrap())]
}

fn operator() -> impl Strategy<Value = Operator> {
    use Operator::{AtLeast, AtMost, Contains, Equal, Greater, Less};
    prop::sample::select(vec![Equal, Less, AtMost, Greater, AtLeast, Contains])
}

fn value() -> impl Strategy<Value = String> {
    let hard =
        "|*|＊|a*|and|ＯＲ|:x|：x|'q'|a b|a:b|a!|a!=|！＝|say \"hi\"|＂|\\＂|C:\\docs\\|\\|“x”|\\”|(|）|～|\n|\0|桥";
    prop_oneof![any::<String>(), prop::sample::select(hard.split('|').collect::<Vec<_>>()).prop_map(str::to_owned)]
}

fn test() -> impl Strategy<Value = Node> {
    let dates = prop::sample::select(vec!["2026", "2026-11", "2026-11-25", "2026-11-25t10:30"]);
    (field(), operator(), any::<i64>(), dates, value()).prop_map(|(field, operator, number, date, value)| {
        let ordered = if operator == Operator::Contains { Operator::AtMost } else { operator };
        let condition = match field.kind() {
            _ if number % 10 == 0 => Condition::Present,
            Kind::Number => Condition::Number(ordered, number),
            Kind::Moment => Condition::Moment(ordered, Period::parse(date).unwrap()),
            Kind::Media => Condition::Code("markdown"),
            Kind::Language => Condition::Code(LANGUAGES[number.unsigned_abs() as usize % LANGUAGES.len()].0),
            Kind::Text => Condition::Text(operator, Text::new(value)),
        };
        Node::Test(Test { field, condition })
    })
}

fn expression() -> impl Strategy<Value = Expression> {
    let node = test().prop_recursive(6, 40, 4, |node| {
        let terms = prop::collection::vec(node.clone(), 1..4);
        prop_oneof![node.prop_map(Node::not), terms.clone().prop_map(Node::all), terms.prop_map(Node::any)]
    });
    node.prop_map(Expression)
}

fn token() -> impl Strategy<Value = &'static str> {
    const SIGNS: &str = "(|)|（|）|=|!=|<|<=|>|>=|~|:|：|＝|！|\"|“|”|\\|'|*|.|-| |\u{3000}|\0|\u{1b}";
    const WORDS: &str =
        "and|OR|not|tag|pages|added|media|language|path|meta.|客户|contract|3|2026|pdf|zh|/a|a*|\"a b\"";
    let (signs, words) = (SIGNS.split('|'), WORDS.split('|'));
    prop::sample::select(signs.chain(words).collect::<Vec<_>>())
}

/// What must hold of the parser whatever it is given.
fn check(filter: &str) -> Result<(), TestCaseError> {
    match filter.parse::<Expression>() {
        Ok(expression) => {
            prop_assert_eq!(&parsed(&expression.to_string()), &expression);
            let negation = Expression(Node::not(expression.0.clone()));
            with_facts(|facts| {
                prop_assert_ne!(expression.matches(&facts), negation.matches(&facts));
                Ok(())
            })
        }
        Err(error) => {
            prop_assert!(filter.is_char_boundary(error.position()), "{}", error);
            prop_assert!(!error.to_string().contains(char::is_control));
            if let FilterProblem::Unexpected { example, .. } = error.problem() {
                prop_assert!(example.parse::<Expression>().is_ok(), "{}", example);
            }
            Ok(())
        }
    }
}

proptest! {
    #[test]
    fn the_canonical_form_parses_to_the_same(expression in expression()) {
        prop_assert_eq!(&parsed(&expression.to_string()), &expression);
    }

    #[test]
    fn any_string_is_parsed_or_refused(filter in any::<String>()) {
        check(&filter)?;
    }

    #[test]
    fn any_tokens_are_parsed_or_refused(tokens in prop::collection::vec(token(), 0..24), glue in "| ") {
        check(&tokens.join(&glue))?;
    }

    #[test]
    fn a_field_word_is_never_folded_into_another_key(word in any::<String>()) {
        let word: String = word.chars().filter(|c| is_field_char(*c)).collect();
        if let Ok(expression) = format!("{word} = *").parse::<Expression>() {
            prop_assert_eq!(&parsed(&expression.to_string()), &expression);
        }
    }
}
