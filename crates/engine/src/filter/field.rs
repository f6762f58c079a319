use crate::types::Media;
use std::fmt;

use super::token::{Keyword, Text, fold};

/// What a test looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    Document,
    Name,
    Path,
    Media,
    Language,
    Title,
    Pages,
    Added,
    Tag,
    /// The metadata under this key.
    Metadata(Text),
}

/// What the values of a field are, and so which operators and values may follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Moment,
    Media,
    Language,
    Text,
}

const NAMES: &[(&str, Field)] = &[
    ("document", Field::Document),
    ("name", Field::Name),
    ("path", Field::Path),
    ("media", Field::Media),
    ("language", Field::Language),
    ("title", Field::Title),
    ("pages", Field::Pages),
    ("added", Field::Added),
    ("tag", Field::Tag),
];

/// A key longer than this, in bytes, is not repeated in an example.
const LONGEST_KEY_IN_EXAMPLE: usize = 48;

impl Field {
    /// The field of that name; `None` for `meta.` without a key.
    pub(super) fn named(word: &str) -> Option<Self> {
        let folded = fold(word);
        if let Some((_, field)) = NAMES.iter().find(|(name, _)| *name == folded) {
            return Some(field.clone());
        }
        match word.split_once('.') {
            Some((prefix, key)) if fold(prefix) == "meta" => (!key.is_empty()).then(|| Self::Metadata(Text::new(key))),
            _ => Some(Self::Metadata(Text::new(word))),
        }
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Document | Self::Pages => Kind::Number,
            Self::Added => Kind::Moment,
            Self::Media => Kind::Media,
            Self::Language => Kind::Language,
            Self::Name | Self::Path | Self::Title | Self::Tag | Self::Metadata(_) => Kind::Text,
        }
    }

    /// A right test of the field, for a message.
    pub(super) fn example(&self) -> String {
        let example = match self {
            Self::Document => "document = 12",
            Self::Name => "name ~ report",
            Self::Path => "path = /home/ada/contracts",
            Self::Media => "media = pdf",
            Self::Language => "language = en",
            Self::Title => "title ~ \"annual report\"",
            Self::Pages => "pages > 10",
            Self::Added => "added >= 2026-11",
            Self::Tag => "tag = contract",
            Self::Metadata(key) if key.written.len() <= LONGEST_KEY_IN_EXAMPLE => return format!("{self} = Acme"),
            Self::Metadata(_) => "client = Acme",
        };
        example.to_owned()
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Metadata(key) = self {
            let word = key.written.as_str();
            let clear = Keyword::of(word).is_none() && Self::named(word).as_ref() == Some(self);
            return write!(f, "{}{word}", if clear { "" } else { "meta." });
        }
        let name = NAMES.iter().find(|(_, field)| field == self).map_or("", |(name, _)| name);
        f.write_str(name)
    }
}

impl Kind {
    /// The signs of the operators that may follow such a field.
    pub(super) fn signs(self) -> &'static [&'static str] {
        match self {
            Self::Number | Self::Moment => &["=", "!=", "<", "<=", ">", ">=", ":"],
            Self::Media | Self::Language => &["=", "!=", ":"],
            Self::Text => &["=", "!=", "<", "<=", ">", ">=", "~", ":"],
        }
    }

    /// Which values may follow such a field, in words.
    pub(super) fn values(self) -> String {
        match self {
            Self::Number => "a whole number".to_owned(),
            Self::Moment => "a date as in 2026, 2026-11, 2026-11-25 or 2026-11-25T10:30".to_owned(),
            Self::Media => format!("one of {}", Media::ALL.map(Media::name).join(", ")),
            Self::Language => {
                "the code of a language that documents are recognised in, such as en or eng, zh or cmn".to_owned()
            }
            Self::Text => "a word or a \"quoted text\"".to_owned(),
        }
    }
}

/// The name of a media, as it is stored.
pub(super) fn media(folded: &str) -> Option<&'static str> {
    Media::from_name(folded).map(Media::name)
}

/// The code of a language as it is stored, from that code or another of the same language.
pub(super) fn language(folded: &str) -> Option<&'static str> {
    let row = LANGUAGES.iter().find(|(stored, others)| *stored == folded || others.contains(&folded));
    row.map(|(stored, _)| *stored)
}

/// The languages that whatlang 0.18 tells apart: the ISO 639-3 code it gives; then the ISO 639-1 code, where there is
/// one, and the codes of the wider language that a document of it may be looked for by.
pub(super) const LANGUAGES: &[(&str, &[&str])] = &[
    ("epo", &["eo"]),
    ("eng", &["en"]),
    ("rus", &["ru"]),
    ("cmn", &["zh", "zho"]),
    ("spa", &["es"]),
    ("por", &["pt"]),
    ("ita", &["it"]),
    ("ben", &["bn"]),
    ("fra", &["fr"]),
    ("deu", &["de"]),
    ("ukr", &["uk"]),
    ("kat", &["ka"]),
    ("ara", &["ar"]),
    ("hin", &["hi"]),
    ("jpn", &["ja"]),
    ("heb", &["he"]),
    ("yid", &["yi"]),
    ("pol", &["pl"]),
    ("amh", &["am"]),
    ("jav", &["jv"]),
    ("kor", &["ko"]),
    ("nob", &["nb", "no", "nor"]),
    ("dan", &["da"]),
    ("swe", &["sv"]),
    ("fin", &["fi"]),
    ("tur", &["tr"]),
    ("nld", &["nl"]),
    ("hun", &["hu"]),
    ("ces", &["cs"]),
    ("ell", &["el"]),
    ("bul", &["bg"]),
    ("bel", &["be"]),
    ("mar", &["mr"]),
    ("kan", &["kn"]),
    ("ron", &["ro"]),
    ("slv", &["sl"]),
    ("hrv", &["hr"]),
    ("srp", &["sr"]),
    ("mkd", &["mk"]),
    ("lit", &["lt"]),
    ("lav", &["lv"]),
    ("est", &["et"]),
    ("tam", &["ta"]),
    ("vie", &["vi"]),
    ("urd", &["ur"]),
    ("tha", &["th"]),
    ("guj", &["gu"]),
    ("uzb", &["uz"]),
    ("pan", &["pa"]),
    ("aze", &["az"]),
    ("ind", &["id"]),
    ("tel", &["te"]),
    ("pes", &["fa", "fas"]),
    ("mal", &["ml"]),
    ("ori", &["or"]),
    ("mya", &["my"]),
    ("nep", &["ne"]),
    ("sin", &["si"]),
    ("khm", &["km"]),
    ("tuk", &["tk"]),
    ("aka", &["ak"]),
    ("zul", &["zu"]),
    ("sna", &["sn"]),
    ("afr", &["af"]),
    ("lat", &["la"]),
    ("slk", &["sk"]),
    ("cat", &["ca"]),
    ("tgl", &["tl"]),
    ("hye", &["hy"]),
    ("cym", &["cy"]),
];
