//! What a character is to the search for words.

use unicode_normalization::char::is_combining_mark;

/// What a character does in a text that is taken apart into terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A letter of a script that sets its words apart.
    Letter,
    /// A digit or another number.
    Digit,
    /// Belongs to the letter before it.
    Mark,
    /// Of a script without spaces in which a character means much: Han, Kana, Bopomofo.
    Ideograph,
    /// Of a script whose words are not set apart as they are looked for: Hangul, Thai, Lao, Khmer, Burmese.
    Syllable,
    /// A sign that may be looked for by itself: an arrow, an emoji, a currency.
    Sign,
    /// Between words.
    Space,
    /// Between words, and seen.
    Punctuation,
}

impl Class {
    /// Of a character of a plain text.
    pub(super) fn of(c: char) -> Self {
        match c {
            'a'..='z' | 'A'..='Z' => Self::Letter,
            '0'..='9' => Self::Digit,
            ' ' | '\t'..='\r' => Self::Space,
            ..='\u{7F}' => Self::Punctuation,
            '\u{4E00}'..='\u{9FFF}' => Self::Ideograph,
            _ => Self::rare(c),
        }
    }

    fn rare(c: char) -> Self {
        if is_combining_mark(c) {
            Self::Mark
        } else if c.is_alphanumeric() {
            match (is_ideograph(c), is_syllable(c)) {
                (true, _) => Self::Ideograph,
                (_, true) => Self::Syllable,
                _ if c.is_numeric() => Self::Digit,
                _ => Self::Letter,
            }
        } else if c.is_whitespace() {
            Self::Space
        } else if is_sign(c) {
            Self::Sign
        } else {
            Self::Punctuation
        }
    }

    /// Whether words of scripts with spaces are made of it.
    pub(super) fn is_word(self) -> bool {
        matches!(self, Self::Letter | Self::Digit | Self::Mark)
    }
}

fn is_ideograph(c: char) -> bool {
    matches!(u32::from(c),
        0x2E80..=0x312F | 0x31A0..=0x31BF | 0x31F0..=0x31FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xA000..=0xA4CF
        | 0xF900..=0xFAFF | 0x1AFF0..=0x1B16F | 0x20000..=0x3FFFF)
}

fn is_syllable(c: char) -> bool {
    matches!(u32::from(c),
        0xE00..=0xEFF | 0x1000..=0x109F | 0x1100..=0x11FF | 0x1780..=0x17FF | 0x3130..=0x318F | 0xA960..=0xA97F
        | 0xA9E0..=0xA9FF | 0xAA60..=0xAA7F | 0xAC00..=0xD7FF)
}

/// Signs beyond ASCII that are not punctuation, and characters of private use, which odd fonts of PDFs leave behind.
fn is_sign(c: char) -> bool {
    matches!(u32::from(c),
        0xA2..=0xA9 | 0xAC | 0xAE..=0xB1 | 0xB6 | 0xD7 | 0xF7 | 0x20A0..=0x20CF | 0x2100..=0x2BFF | 0xE000..=0xF8FF
        | 0x1F000..=0x1FBFF | 0xF0000..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_of_many_scripts() {
        let class = |text: &str| text.chars().map(Class::of).collect::<Vec<_>>();
        assert_eq!(
            class("aéЖש٣²"),
            [Class::Letter, Class::Letter, Class::Letter, Class::Letter, Class::Digit, Class::Digit]
        );
        assert_eq!(class("库あー〇々𠮷ㄅ"), [Class::Ideograph; 7]);
        assert_eq!(class("한กက"), [Class::Syllable; 3]);
        assert_eq!(class("\u{301}\u{E34}\u{94D}"), [Class::Mark; 3]);
        assert_eq!(class("→€😀°\u{E000}"), [Class::Sign; 5]);
        assert_eq!(class("-。，—…"), [Class::Punctuation; 5]);
        assert_eq!(class("\u{2028}\n "), [Class::Space; 3]);
    }
}
