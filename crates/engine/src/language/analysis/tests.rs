use proptest::prelude::*;

use super::*;

/// Texts that mix scripts, marks, case, joints, quotes and ends of lines, and arbitrary characters.
pub(super) fn text() -> impl Strategy<Value = String> {
    const ODD: &[&str] = &[
        "\u{301}", "\u{AD}", "\u{200D}", "\u{FE0F}", "\u{3099}", "\u{115F}", "İ", "ß", "ς", "é", "É", "ﬁ", "Ａ", "１",
        "，", "資", "料", "库", "た", "ガ", "ﾊ", "ﾞ", "한", "ᄒ", "ᅡ", "ᆫ", "ก", "ี", "é", "ה", "हि", "न्", "→", "😀", "𠁞",
        "A", "B", "b", "s", "e", "ing", "1", "000", "-", "-\n", "-\r\n", "'", "’", "s", ".", ",", "/", "::", "://",
        "@", "_", "+", "#", " ", "  ", "\n", "\u{3000}", "\"", "“", "”", "「", "」",
    ];
    let piece = prop_oneof![8 => prop::sample::select(ODD).prop_map(str::to_owned), 1 => "[a-z]{1,9}", 1 => ".{0,3}"];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// How much of what a query asks a text has.
fn shared(query: &str, text: &str) -> f32 {
    let counted = counted(text);
    let has = |asked: &&QueryTerm| counted.iter().any(|(term, _)| term == asked.term);
    Words::of(query).terms.iter().filter(has).map(|asked| asked.weight).sum()
}

#[test]
fn a_query_finds_other_spellings() {
    for (query, text) in [
        ("資料庫", "资料库"),
        ("资料库", "資料庫"),
        ("abc123", "ＡＢＣ１２３"),
        ("cafe", "Cafés"),
        ("café", "a cafe"),
        ("strasse", "STRAẞE"),
        ("email", "e-mails"),
        ("covid 19", "COVID19"),
        ("COVID19", "Covid-19"),
        ("snake_case", "SnakeCase"),
        ("information", "infor-\nmation"),
        ("OBrien", "O’Brien's brien"),
        ("税", "税收"),
        ("词库", "新造的词库"),
        ("ラーメン", "ラーメン屋"),
        ("국", "한국"),
        ("ไทย", "ภาษาไทย"),
        ("😀", "so 😀!"),
    ] {
        assert!(shared(query, text) > 0.0, "{query} in {text}");
    }
}

#[test]
fn a_query_prefers_the_whole_to_its_parts() {
    for (query, whole, parts) in [
        ("GB/T 7714-2015", "by GB/T 7714-2015", "GB, T 7714 of 2015"),
        ("v2.5.1", "since v2.5.1", "v2, 5 and 1"),
        ("foo.bar", "foo.bar()", "foo and bar"),
        ("C++", "in C++", "in C"),
        (".NET", "on .NET", "on the net"),
        ("don't", "I don't", "don and t"),
        ("3.14", "3.14", "3, 14"),
        ("1,000", "1000 of 1,000", "1 and 000"),
        ("jane@example.com", "mail jane@example.com", "jane, example com"),
        ("example.com", "https://example.com/a", "example: com"),
        ("CamelCase", "a CamelCase", "a camel case"),
        ("café", "a café", "a cafe"),
        ("资料库", "资料库", "库资料"),
    ] {
        assert!(shared(query, whole) > shared(query, parts), "{query}");
        assert!(shared(query, parts) > 0.0, "{query}");
    }
}
