use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Anchor, Locator, Metadata, Span};

/// A document's number in its knowledge base; never used again after removal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DocumentId(pub i64);

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// SHA-256 of bytes, in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentHash(String);

impl ContentHash {
    /// The hash of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::{Digest, Sha256};
        use std::fmt::Write;
        let mut hex = String::with_capacity(64);
        for byte in Sha256::digest(bytes) {
            let _ = write!(hex, "{byte:02x}");
        }
        Self(hex)
    }

    /// The hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A hash read back from the knowledge base.
    pub(crate) fn from_stored(hex: String) -> Self {
        Self(hex)
    }
}

/// The kinds of file that qiao reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Media {
    /// Portable Document Format.
    Pdf,
    /// CommonMark text, UTF-8.
    Markdown,
    /// Plain text, UTF-8.
    Text,
}

impl Media {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pdf, Self::Markdown, Self::Text];

    /// The name used in JSON, in the knowledge base and in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Markdown => "markdown",
            Self::Text => "text",
        }
    }

    /// The name in messages.
    pub fn label(self) -> &'static str {
        match self {
            Self::Pdf => "PDF",
            Self::Markdown => "Markdown",
            Self::Text => "plain text",
        }
    }

    /// The media of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.name() == name)
    }
}

/// A heading of the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// 1 for the topmost.
    pub level: u8,
    /// The heading's own words in the text.
    pub heading: Span,
}

/// A part of the original that gave no text, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// Physical page number, from 1.
    pub page: u32,
    /// Why, for a person: "no text (an image?)".
    pub reason: String,
}

/// What a parser makes of a file's bytes.
///
/// `text` is final: every later position is a span of it. Paragraphs and headings stand apart by an empty line; the
/// lines of a paragraph are joined as its language joins words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// What kind of file it was.
    pub media: Media,
    /// The title the file gives itself, where it does.
    pub title: Option<String>,
    /// ISO 639-3 code of the language most of it is in, where that is plain.
    pub language: Option<String>,
    /// Number of pages, where the original has pages.
    pub pages: Option<u32>,
    /// The whole text.
    pub text: String,
    /// Headings in the order of the text.
    pub sections: Vec<Section>,
    /// Page headers, footers and page numbers that repeat: in the text, but not chunked. Ascending, disjoint.
    pub furniture: Vec<Span>,
    /// One anchor a line of the original, ascending by span, disjoint.
    pub anchors: Vec<Anchor>,
    /// What gave no text.
    pub unread: Vec<Unread>,
    /// What the file says of itself: author, tags, dates.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub properties: Metadata,
}

/// A [`Content`] that breaks its own rules; a fault of the parser that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} {start}..{end} is not a span of the text, or not after the one before it")]
pub struct ContentError {
    what: &'static str,
    start: usize,
    end: usize,
}

impl Content {
    /// Checks that all spans lie in the text, on char boundaries, ascending and disjoint.
    pub fn check(&self) -> Result<(), ContentError> {
        let headings: Vec<Span> = self.sections.iter().map(|s| s.heading).collect();
        let anchors: Vec<Span> = self.anchors.iter().map(|a| a.span).collect();
        for (what, spans) in [("heading", &headings), ("furniture", &self.furniture), ("anchor", &anchors)] {
            let mut free = 0;
            for span in spans {
                if span.start < free || span.start >= span.end || span.of(&self.text).is_none() {
                    return Err(ContentError { what, start: span.start, end: span.end });
                }
                free = span.end;
            }
        }
        Ok(())
    }

    /// SHA-256 of all of it: what a knowledge base holds it against later.
    pub(crate) fn digest(&self) -> ContentHash {
        // maps with string keys, numbers and strings: there is nothing that JSON cannot hold
        ContentHash::of(&serde_json::to_vec(self).unwrap_or_default())
    }
}

/// A document of a knowledge base.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Its number.
    pub id: DocumentId,
    /// Where it came from: an absolute path.
    pub origin: String,
    /// Hash of the original bytes.
    pub content_hash: ContentHash,
    /// What the parser read.
    #[serde(flatten)]
    pub content: Content,
}

impl Document {
    /// The last part of the origin: what a citation calls the document.
    pub fn name(&self) -> &str {
        name_of(&self.origin)
    }

    /// Where `span` stands in the original.
    pub fn locate(&self, span: Span) -> Locator {
        Locator::of(span, &self.content.anchors)
    }
}

/// A document without its text: a line of `qiao list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentSummary {
    /// Its number.
    pub id: DocumentId,
    /// Where it came from.
    pub origin: String,
    /// Hash of the original bytes.
    pub content_hash: ContentHash,
    /// What kind of file it was.
    pub media: Media,
    /// Its own title.
    pub title: Option<String>,
    /// ISO 639-3 code.
    pub language: Option<String>,
    /// Number of pages, where the original has pages.
    pub pages: Option<u32>,
    /// Number of chunks.
    pub chunks: u64,
    /// Bytes of text.
    pub text_bytes: u64,
    /// When it was added, in seconds since 1970 (UTC).
    pub added_at: i64,
    /// Tags, a person's and the file's own.
    pub tags: Vec<String>,
    /// Metadata, a person's before the file's own.
    pub metadata: Metadata,
}

impl DocumentSummary {
    /// The last part of the origin.
    pub fn name(&self) -> &str {
        name_of(&self.origin)
    }
}

/// The last part of an origin.
pub(crate) fn name_of(origin: &str) -> &str {
    origin.rsplit(['/', '\\']).next().unwrap_or(origin)
}
