//! The key that a server wants, kept out of everything that is shown.

use std::env;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use ureq::http::HeaderValue;

const LONGEST: u64 = 16 * 1024;

/// An API key. It is sent in the `Authorization` header alone, and neither its `Debug` nor any error shows it.
#[derive(Clone)]
pub struct Key {
    secret: String,
    place: KeyPlace,
}

/// Where a key came from, for messages that say where to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPlace {
    /// There is none.
    Nowhere,
    /// The program was handed it.
    Given,
    /// An environment variable.
    Variable(String),
    /// A file.
    File(PathBuf),
}

/// Why a key cannot be used. None of these shows it.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Nothing but white space.
    #[error("the API key in {place} is empty; put the key there that the service gave you")]
    Empty {
        /// Where it should be.
        place: KeyPlace,
    },
    /// White space, control characters or other letters than ASCII within.
    #[error(
        "the API key in {place} holds characters that no key has (white space, control characters, or others than ASCII); put there the key alone, on one line"
    )]
    Characters {
        /// Where it is.
        place: KeyPlace,
    },
    /// No such environment variable, or one that is not text.
    #[error("no API key: the environment variable {name} is not set to a text; set it to the key")]
    Unset {
        /// The variable.
        name: String,
    },
    /// A file that cannot be read.
    #[error("cannot read the API key in {}: {source}; give the path of a text file that holds it", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// More bytes than a key has.
    #[error("{} is too large to hold an API key; give the path of a text file with the key alone", path.display())]
    Large {
        /// The file.
        path: PathBuf,
    },
}

impl Key {
    /// A key that the program was handed; white space around it is dropped.
    ///
    /// # Errors
    /// When it is empty, or holds anything but visible ASCII characters.
    pub fn new(secret: &str) -> Result<Self, KeyError> {
        Self::at(KeyPlace::Given, secret)
    }

    /// The key in the environment variable `name`.
    ///
    /// # Errors
    /// When the variable is not set, or as [`Key::new`].
    pub fn from_env(name: &str) -> Result<Self, KeyError> {
        Self::in_variable(name, env::var(name).ok())
    }

    fn in_variable(name: &str, value: Option<String>) -> Result<Self, KeyError> {
        let secret = value.ok_or_else(|| KeyError::Unset { name: name.to_owned() })?;
        Self::at(KeyPlace::Variable(name.to_owned()), &secret)
    }

    /// The key in the file `path`, which holds nothing else.
    ///
    /// # Errors
    /// When the file cannot be read or is too large, or as [`Key::new`].
    pub fn from_file(path: &Path) -> Result<Self, KeyError> {
        let unread = |source| KeyError::Read { path: path.to_owned(), source };
        let mut secret = Vec::new();
        File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut secret)).map_err(unread)?;
        if secret.len() as u64 > LONGEST {
            return Err(KeyError::Large { path: path.to_owned() });
        }
        // what is not UTF-8 becomes a character that is refused
        Self::at(KeyPlace::File(path.to_owned()), &String::from_utf8_lossy(&secret))
    }

    /// Where it came from.
    pub fn place(&self) -> &KeyPlace {
        &self.place
    }

    fn at(place: KeyPlace, secret: &str) -> Result<Self, KeyError> {
        let secret = secret.trim();
        if secret.is_empty() {
            return Err(KeyError::Empty { place });
        }
        if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(KeyError::Characters { place });
        }
        Ok(Self { secret: secret.to_owned(), place })
    }

    /// The value of the `Authorization` header, marked so that the HTTP library does not show it either.
    pub(super) fn bearer(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.secret)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// `text` with `[key]` wherever it holds the key.
    pub(super) fn redact(&self, text: &str) -> String {
        text.replace(&self.secret, "[key]")
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("place", &self.place).finish_non_exhaustive()
    }
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere => f.write_str("no place"),
            Self::Given => f.write_str("the settings"),
            Self::Variable(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => write!(f, "the file {}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const SECRET: &str = "sk-Secret/123";

    fn in_file(content: &[u8]) -> Result<Key, KeyError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, content).unwrap();
        Key::from_file(&path)
    }

    #[test]
    fn white_space_around_a_key_is_dropped() {
        let key = in_file(format!("  {SECRET}\r\n").as_bytes()).unwrap();
        assert_eq!(key.bearer().unwrap().to_str().unwrap(), format!("Bearer {SECRET}"));
        assert!(matches!(key.place(), KeyPlace::File(path) if path.ends_with("key")));
    }

    #[test]
    fn a_key_is_never_shown() {
        let key = Key::new(SECRET).unwrap();
        assert!(!format!("{key:?} {:?}", key.bearer()).contains("Secret"));
        assert_eq!(key.redact("wrong key sk-Secret/123!"), "wrong key [key]!");
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_shown() {
        for wrong in ["", " \n", "sk-Secret 1", "sk-Secret\u{7}", "sk-Secret\nline", "sk-Secret密"] {
            let error = Key::new(wrong).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("Secret"), "{error}");
        }
        assert!(matches!(in_file(b"sk-Secret\xff"), Err(KeyError::Characters { .. })));
        assert!(matches!(in_file(&[b'a'; 20_000]), Err(KeyError::Large { .. })));
        assert!(matches!(Key::from_file(Path::new("/nowhere/at/all")), Err(KeyError::Read { .. })));
    }

    #[test]
    fn an_environment_variable_is_named_where_it_is_not_set() {
        let error = Key::from_env("QIAO_TEST_NO_SUCH_VARIABLE").unwrap_err();
        assert!(error.to_string().contains("QIAO_TEST_NO_SUCH_VARIABLE"));
        let key = Key::in_variable("OPENAI_API_KEY", Some(format!("{SECRET}\n"))).unwrap();
        assert_eq!(key.place().to_string(), "the environment variable OPENAI_API_KEY");
        let empty = Key::in_variable("OPENAI_API_KEY", Some(String::new())).unwrap_err();
        assert!(empty.to_string().contains("the environment variable OPENAI_API_KEY is empty"), "{empty}");
    }
}
