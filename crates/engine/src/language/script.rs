/// Whether words of this script stand without spaces: Han, Kana, Bopomofo, and the full-width punctuation they use.
pub fn is_cjk(c: char) -> bool {
    matches!(u32::from(c),
        0x2E80..=0x303F | 0x3040..=0x30FF | 0x3100..=0x312F | 0x31A0..=0x31FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF
        | 0xF900..=0xFAFF | 0xFE30..=0xFE4F | 0xFF00..=0xFF60 | 0x20000..=0x3FFFF)
}

/// Whether such a script carries most of what the text says: it has more of its characters than words of other scripts.
pub fn is_mostly_cjk(text: &str) -> bool {
    let cjk = text.chars().filter(|c| c.is_alphabetic() && is_cjk(*c)).count();
    let words = text.split(|c: char| is_cjk(c) || !c.is_alphanumeric()).filter(|word| !word.is_empty()).count();
    cjk > words
}

/// ISO 639-3 code of the text's language, where the first pages make it plain.
pub fn detect(text: &str) -> Option<String> {
    let end = text.char_indices().nth(4000).map_or(text.len(), |(at, _)| at);
    let info = whatlang::detect(&text[..end])?;
    info.is_reliable().then(|| info.lang().code().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chinese_question_may_name_things_in_latin_letters() {
        assert!(is_mostly_cjk("什么是 word2vec？"));
        assert!(!is_mostly_cjk("What does 桥 mean?"));
        assert!(!is_mostly_cjk("123"));
    }

    #[test]
    fn languages_of_plain_texts() {
        let english =
            "An embedding is a list of numbers that stands for a text, so that near numbers mean near meanings.";
        assert_eq!(detect(english).as_deref(), Some("eng"));
        assert_eq!(detect("嵌入是一串数字，它代表一段文字：意思相近，数字也相近。").as_deref(), Some("cmn"));
        assert_eq!(detect(""), None);
    }
}
