//! What can go wrong between a question and its answer, in words that say what to do next.

use std::fmt;
use std::time::Duration;

pub use super::failure::Cut;
use super::key::{Key, KeyError, KeyPlace};
use super::settings::SettingsError;

/// Letters of a server's own words that are shown.
const SHOWN: usize = 300;
/// Models that are named where one is unknown.
const NAMED: usize = 8;

/// Why a model wrote no reply, or no whole one.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// No connection, or none that lasted up to the answer.
    #[error(
        "cannot reach the chat server at {address}: {source}; see whether it runs, and whether the address is right"
    )]
    Unreachable {
        /// The base URL.
        address: String,
        /// What went wrong.
        source: Box<ureq::Error>,
    },
    /// No token in time.
    #[error("{model} at {address} wrote nothing within {} s; a model that is being loaded and a long prompt take time: allow more of it, or give less to read", within.as_secs_f32())]
    NoToken {
        /// The base URL.
        address: String,
        /// The model.
        model: String,
        /// The time it had.
        within: Duration,
    },
    /// No further token in time.
    #[error("{model} at {address} stopped writing after {received} bytes of its reply, and nothing came for {} s; ask again, or allow more time", after.as_secs_f32())]
    Stalled {
        /// The base URL.
        address: String,
        /// The model.
        model: String,
        /// How long nothing came.
        after: Duration,
        /// Bytes of the reply that came.
        received: usize,
    },
    /// The key is wrong, missing, or not for this.
    #[error("the chat server at {address} refuses the key (status {status}): {}{said}", key_advice(place))]
    KeyRefused {
        /// The base URL.
        address: String,
        /// HTTP status.
        status: u16,
        /// Where the key came from.
        place: KeyPlace,
        /// The server's words.
        said: Said,
    },
    /// No such model.
    #[error("the chat server at {address} has no model `{model}`{known}{said}")]
    UnknownModel {
        /// The base URL.
        address: String,
        /// What was asked for.
        model: String,
        /// What it has.
        known: KnownModels,
        /// The server's words.
        said: Said,
    },
    /// No chat at this address.
    #[error("there is no chat at {address}/chat/completions (status {status}); most base URLs end in /v1{said}")]
    NoChat {
        /// The base URL.
        address: String,
        /// HTTP status.
        status: u16,
        /// The server's words.
        said: Said,
    },
    /// Prompt and reply do not fit the window.
    #[error(
        "the prompt and the reply asked for are longer than the context window of {model} at {address}; lower the budget of tokens, or start the server with a larger window{said}"
    )]
    TooLong {
        /// The base URL.
        address: String,
        /// The model.
        model: String,
        /// The server's words.
        said: Said,
    },
    /// Too many questions in too short a time.
    #[error("the chat server at {address} is asked too often; try again {}{said}", again(*after))]
    TooOften {
        /// The base URL.
        address: String,
        /// When to try again, where the server says it.
        after: Option<Duration>,
        /// The server's words.
        said: Said,
    },
    /// The account is used up.
    #[error(
        "the account at {address} has no quota or credit left for {model}; see to its plan and billing, or take another model{said}"
    )]
    Quota {
        /// The base URL.
        address: String,
        /// The model.
        model: String,
        /// The server's words.
        said: Said,
    },
    /// The server failed, or says that it is overloaded.
    #[error("the chat server at {address} failed (status {status}); try again {}{said}", again(*after))]
    Server {
        /// The base URL.
        address: String,
        /// HTTP status.
        status: u16,
        /// When to try again, where the server says it.
        after: Option<Duration>,
        /// The server's words.
        said: Said,
    },
    /// The request was not understood or not allowed.
    #[error(
        "the chat server at {address} refuses what {model} was asked (status {status}); see whether it is a chat model{said}"
    )]
    Refused {
        /// The base URL.
        address: String,
        /// The model.
        model: String,
        /// HTTP status.
        status: u16,
        /// The server's words.
        said: Said,
    },
    /// A content filter held the question or the reply back.
    #[error(
        "the content filter at {address} stopped the question or the reply of {model} after {received} bytes; ask differently, or take another model{said}"
    )]
    Filtered {
        /// The base URL.
        address: String,
        /// The model.
        model: String,
        /// Bytes of the reply that came.
        received: usize,
        /// The server's words.
        said: Said,
    },
    /// The answer is not whole.
    #[error("the reply of {model} at {address} ended after {received} bytes: {source}; ask again")]
    Cut {
        /// The base URL.
        address: String,
        /// The model.
        model: String,
        /// Bytes of the reply that came.
        received: usize,
        /// How it ended.
        source: Cut,
    },
    /// The answer is not what the API says.
    #[error(
        "{address} answers what no chat server answers: {problem}; see whether the base URL is that of an OpenAI-compatible server{said}"
    )]
    Bad {
        /// The base URL.
        address: String,
        /// What is wrong with it.
        problem: &'static str,
        /// Its beginning.
        said: Said,
    },
    /// Another address was given, which is not followed, since the key would go with it.
    #[error(
        "the chat server at {address} redirects to `{location}`, which is not followed, so that the key stays here; if that is right, make it the base URL"
    )]
    Redirect {
        /// The base URL.
        address: String,
        /// Where to.
        location: String,
    },
    /// The system gives no thread to read the answer in.
    #[error("cannot start a thread that reads the answer of {address}: {source}; free some memory")]
    Thread {
        /// The base URL.
        address: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The beginning of a server's own words: one line, without control characters, and without the key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said(String);

/// Some names of the models that a server has, the likest to the one asked for first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KnownModels {
    names: Vec<String>,
    more: usize,
}

impl Said {
    pub(super) fn new(text: &str, key: Option<&Key>) -> Self {
        Self(shown(text, key, SHOWN))
    }

    /// The words; empty where there are none.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ". It says: “{}”", self.0) }
    }
}

impl KnownModels {
    pub(super) fn new(mut names: Vec<String>, wanted: &str) -> Self {
        let likeness = |name: &str| name.chars().zip(wanted.chars()).take_while(|(a, b)| a == b).count();
        names.sort_by(|a, b| likeness(b).cmp(&likeness(a)).then_with(|| a.cmp(b)));
        let more = names.len().saturating_sub(NAMED);
        names.truncate(NAMED);
        Self { names, more }
    }

    /// The names.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

impl fmt::Display for KnownModels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.names.is_empty(), self.more) {
            (true, _) => f.write_str("; name one that it has"),
            (_, 0) => write!(f, "; it has {}", self.names.join(", ")),
            (_, more) => write!(f, "; it has {} and {more} more", self.names.join(", ")),
        }
    }
}

/// Foreign text on one line, `most` letters of it, without the key: control characters and such as turn or hide others
/// become spaces.
pub(super) fn shown(text: &str, key: Option<&Key>, most: usize) -> String {
    let hidden =
        |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let spaced: String = text.chars().map(|c| if c.is_control() || hidden(c) { ' ' } else { c }).collect();
    let line = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = key.map_or(line.clone(), |key| key.redact(&line));
    let mut short: String = line.chars().take(most).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}

fn key_advice(place: &KeyPlace) -> String {
    match place {
        KeyPlace::Nowhere => "none was sent; give the key of your account".to_owned(),
        place => format!("see whether {place} holds the right one, and whether it may use this model"),
    }
}

fn again(after: Option<Duration>) -> String {
    after.map_or_else(|| "later".to_owned(), |after| format!("in {} s", after.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_words_are_shown_on_one_short_line_without_the_key() {
        let key = Key::new("sk-Secret").unwrap();
        let text = format!("a\u{1b}[31m\r\nb sk-Secret \u{202e}c {}", "答".repeat(400));
        let said = Said::new(&text, Some(&key));
        assert!(said.as_str().starts_with("a [31m b [key] c 答"), "{said}");
        assert!(said.as_str().ends_with("答…"));
        assert_eq!(said.as_str().chars().count(), SHOWN + 1);
        assert_eq!(Said::new(" \n", None).to_string(), "");
    }

    #[test]
    fn a_key_is_gone_even_where_the_words_are_cut_within_it() {
        let key = Key::new("sk-Secret").unwrap();
        for before in SHOWN - 12..=SHOWN {
            let said = Said::new(&format!("{}sk-Secret", "a".repeat(before)), Some(&key));
            assert!(!said.as_str().contains("sk"), "{said}");
        }
    }

    #[test]
    fn the_likest_models_come_first() {
        let names: Vec<String> = (0..9).map(|at| format!("b{at}")).chain(["qwen2".into(), "qwen3".into()]).collect();
        let known = KnownModels::new(names, "qwen3-8b");
        assert_eq!(known.to_string(), "; it has qwen3, qwen2, b0, b1, b2, b3, b4, b5 and 3 more");
        assert_eq!(KnownModels::new(vec!["a".into()], "x").to_string(), "; it has a");
        assert_eq!(KnownModels::default().to_string(), "; name one that it has");
    }
}
