//! The numbers and words of a config.json, asked for by name.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::directory::DirectoryError;

/// Larger than any size of a model, small enough that no product of two overflows.
const LARGEST: u64 = 1 << 31;

/// What says how a configuration came to be, or in which numbers the weights are stored, which they say themselves.
const REMARKS: [&str; 5] = ["_name_or_path", "architectures", "dtype", "torch_dtype", "transformers_version"];

/// An object of a configuration file. Where a setting has had several names, all are given, the newest first.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    path: PathBuf,
    value: Value,
}

impl Config {
    /// Reads the file.
    pub(crate) fn read(path: &Path) -> Result<Self, DirectoryError> {
        Ok(Self { path: path.into(), value: crate::directory::json(path)? })
    }

    /// Names the file's fault: it asks for `what`, which is not built.
    pub(crate) fn unsupported(&self, what: impl Into<String>) -> DirectoryError {
        DirectoryError::Unsupported { path: self.path.clone(), what: what.into() }
    }

    /// All that it says but for remarks on itself.
    pub(crate) fn settings(&self) -> Value {
        let mut settings = self.value.clone();
        if let Some(settings) = settings.as_object_mut() {
            REMARKS.iter().for_each(|name| drop(settings.remove(*name)));
        }
        settings
    }

    /// The object under `names`, or `None`.
    pub(crate) fn section(&self, names: &[&str]) -> Option<Self> {
        let value = self.get(names).filter(|value| value.is_object())?;
        Some(Self { path: self.path.clone(), value: value.clone() })
    }

    /// The list of words under `name`, or `None`.
    pub(crate) fn words(&self, name: &str) -> Option<Vec<&str>> {
        self.get(&[name])?.as_array()?.iter().map(Value::as_str).collect()
    }

    /// The number of entries of the object under `name`, or `None`.
    pub(crate) fn entries(&self, name: &str) -> Option<usize> {
        self.get(&[name])?.as_object().map(serde_json::Map::len)
    }

    /// Whether `name` is there and says nothing.
    pub(crate) fn is_null(&self, name: &str) -> bool {
        self.value.get(name).is_some_and(Value::is_null)
    }

    /// A size, at least 1.
    pub(crate) fn size(&self, names: &[&str]) -> Result<usize, DirectoryError> {
        match self.get(names) {
            Some(_) => self.size_or(names, 0),
            None => Err(DirectoryError::NoSetting { path: self.path.clone(), name: names.join(" or ") }),
        }
    }

    /// A size, at least 1 where it is there.
    pub(crate) fn size_or(&self, names: &[&str], default: usize) -> Result<usize, DirectoryError> {
        let Some(value) = self.get(names) else { return Ok(default) };
        let size = value.as_u64().filter(|n| (1..=LARGEST).contains(n)).and_then(|n| usize::try_from(n).ok());
        size.ok_or_else(|| self.wrong(names, value, "a whole number from 1"))
    }

    /// A count, which may be 0.
    pub(crate) fn count_or(&self, names: &[&str], default: usize) -> Result<usize, DirectoryError> {
        match self.get(names) {
            Some(value) if value.as_u64() == Some(0) => Ok(0),
            _ => self.size_or(names, default),
        }
    }

    /// A number.
    pub(crate) fn number_or(&self, names: &[&str], default: f64) -> Result<f64, DirectoryError> {
        let Some(value) = self.get(names) else { return Ok(default) };
        value.as_f64().ok_or_else(|| self.wrong(names, value, "a number"))
    }

    /// A number above zero.
    pub(crate) fn positive_or(&self, names: &[&str], default: f64) -> Result<f64, DirectoryError> {
        let number = self.number_or(names, default)?;
        match (number > 0.0, self.get(names)) {
            (false, Some(value)) => Err(self.wrong(names, value, "a number above zero")),
            _ => Ok(number),
        }
    }

    /// A switch.
    pub(crate) fn flag_or(&self, names: &[&str], default: bool) -> Result<bool, DirectoryError> {
        let Some(value) = self.get(names) else { return Ok(default) };
        value.as_bool().ok_or_else(|| self.wrong(names, value, "true or false"))
    }

    /// A word.
    pub(crate) fn word_or<'a>(&'a self, names: &[&str], default: &'a str) -> Result<&'a str, DirectoryError> {
        let Some(value) = self.get(names) else { return Ok(default) };
        value.as_str().ok_or_else(|| self.wrong(names, value, "a word"))
    }

    fn get(&self, names: &[&str]) -> Option<&Value> {
        names.iter().filter_map(|name| self.value.get(name)).find(|value| !value.is_null())
    }

    fn wrong(&self, names: &[&str], value: &Value, wanted: &'static str) -> DirectoryError {
        let found: String = value.to_string().chars().take(60).collect();
        DirectoryError::Setting { path: self.path.clone(), name: names.join(" or "), found, wanted }
    }
}
