//! Texts one after another, from arguments or from files that are read as they are needed.

use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use qiao::{Error, Kind};

/// One text and where it came from.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) place: Place,
}

/// Where a text came from, counted from 1.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Argument(usize),
    Line(PathBuf, usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument(number) => write!(f, "text {number}"),
            Self::Line(path, number) => write!(f, "line {number} of {}", path.display()),
        }
    }
}

/// How much is taken at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batch {
    pub(super) texts: usize,
    pub(super) bytes: usize,
}

/// All texts that were asked for.
pub(super) struct Texts {
    arguments: VecDeque<String>,
    files: VecDeque<Lines>,
    longest: usize,
    given: usize,
    read: u64,
    total: Option<u64>,
}

impl Texts {
    /// Texts given as arguments, then those of `files`; none may have more than `longest` bytes.
    ///
    /// # Errors
    /// When a file cannot be opened.
    pub(super) fn open(arguments: &[String], files: &[PathBuf], longest: usize) -> Result<Self, Error> {
        let files: VecDeque<Lines> = files.iter().map(|path| Lines::open(path)).collect::<Result<_, _>>()?;
        let of_arguments: usize = arguments.iter().map(String::len).sum();
        let of_files = files.iter().map(|file| file.size).sum::<Option<u64>>();
        let total = of_files.map(|size| size + of_arguments as u64);
        Ok(Self { arguments: arguments.iter().cloned().collect(), files, longest, given: 0, read: 0, total })
    }

    /// Bytes of all texts, where they are known beforehand.
    pub(super) fn total(&self) -> Option<u64> {
        self.total
    }

    /// Bytes read so far.
    pub(super) fn read(&self) -> u64 {
        self.read
    }

    /// Texts given so far.
    pub(super) fn given(&self) -> usize {
        self.given
    }

    /// The next texts, none at the end.
    ///
    /// # Errors
    /// When a file cannot be read, or holds what is not a text.
    pub(super) fn batch(&mut self, most: Batch) -> Result<Vec<Text>, Error> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while batch.len() < most.texts && bytes < most.bytes {
            let Some(text) = self.next()? else { break };
            bytes += text.text.len();
            batch.push(text);
        }
        Ok(batch)
    }

    fn next(&mut self) -> Result<Option<Text>, Error> {
        if let Some(text) = self.arguments.pop_front() {
            self.given += 1;
            self.read += text.len() as u64;
            let text = Text { text, place: Place::Argument(self.given) };
            return if text.text.len() > self.longest {
                Err(too_long(&text.place, self.longest))
            } else {
                Ok(Some(text))
            };
        }
        while let Some(file) = self.files.front_mut() {
            let before = file.read;
            let next = file.next(self.longest)?;
            self.read += file.read - before;
            match next {
                Some(text) => {
                    self.given += 1;
                    return Ok(Some(text));
                }
                None => self.files.pop_front(),
            };
        }
        Ok(None)
    }
}

fn too_long(place: &Place, longest: usize) -> Error {
    let reason = format!("it has more than {longest} bytes; cut it, or read it as a document with `qiao add`");
    Error::new(Kind::BadInput, format!("cannot take {place}"), reason)
}

/// The texts of a file: a text a line, or the `text` of each object of a `.jsonl` file.
struct Lines {
    path: PathBuf,
    reader: BufReader<Box<dyn Read>>,
    objects: bool,
    line: usize,
    /// Bytes so far
    read: u64,
    /// Bytes of the file, where it has a size
    size: Option<u64>,
}

#[derive(serde::Deserialize)]
struct Object {
    text: String,
}

impl Lines {
    fn open(path: &Path) -> Result<Self, Error> {
        let failed = |e: io::Error| Error::new(Kind::BadInput, format!("cannot read texts from {}", path.display()), e);
        let (reader, size): (Box<dyn Read>, _) = match path.as_os_str() == "-" {
            true => (Box::new(io::stdin()), None),
            false => {
                let file = File::open(path).map_err(failed)?;
                let about = file.metadata().map_err(failed)?;
                (Box::new(file), about.is_file().then_some(about.len()))
            }
        };
        let objects = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("jsonl"));
        Ok(Self { path: path.into(), reader: BufReader::new(reader), objects, line: 0, read: 0, size })
    }

    fn next(&mut self, longest: usize) -> Result<Option<Text>, Error> {
        loop {
            let Some(line) = self.line(longest)? else { return Ok(None) };
            let place = Place::Line(self.path.clone(), self.line);
            if !self.objects {
                return Ok(Some(Text { text: line, place }));
            }
            if line.trim().is_empty() {
                continue;
            }
            let object: Object = serde_json::from_str(&line).map_err(|e| self.bad(&e.to_string()))?;
            return if object.text.len() > longest {
                Err(too_long(&place, longest))
            } else {
                Ok(Some(Text { text: object.text, place }))
            };
        }
    }

    /// The next line without its end.
    fn line(&mut self, longest: usize) -> Result<Option<String>, Error> {
        let mut bytes = Vec::new();
        // what is escaped in JSON takes up to six bytes for one
        let most = if self.objects { 6 * longest } else { longest } as u64;
        let unreadable =
            |path: &Path, e| Error::new(Kind::BadInput, format!("cannot read texts from {}", path.display()), e);
        let path = &self.path;
        let read = self
            .reader
            .by_ref()
            .take(most + 2)
            .read_until(b'\n', &mut bytes)
            .map_err(|e: io::Error| unreadable(path, e))?;
        if read == 0 {
            return Ok(None);
        }
        self.line += 1;
        self.read += read as u64;
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
        }
        if bytes.len() as u64 > most {
            return Err(too_long(&Place::Line(self.path.clone(), self.line), longest));
        }
        // a mark that some editors put before the first line
        if self.line == 1 && bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
        }
        String::from_utf8(bytes).map(Some).map_err(|e| self.bad(&e.utf8_error().to_string()))
    }

    fn bad(&self, reason: &str) -> Error {
        let doing = format!("cannot read texts from {}", self.path.display());
        Error::new(Kind::BadInput, doing, format!("line {}: {reason}", self.line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &'static [u8], objects: bool) -> Lines {
        let reader: BufReader<Box<dyn Read>> = BufReader::new(Box::new(bytes));
        Lines { path: "texts".into(), reader, objects, line: 0, read: 0, size: None }
    }

    fn all(mut lines: Lines, longest: usize) -> Result<Vec<String>, Error> {
        let mut texts = Vec::new();
        while let Some(text) = lines.next(longest)? {
            texts.push(text.text);
        }
        Ok(texts)
    }

    #[test]
    fn a_text_a_line_whatever_ends_it() {
        assert_eq!(all(lines(b"\xef\xbb\xbfone\r\n\ntwo\nthree", false), 9).unwrap(), ["one", "", "two", "three"]);
        assert_eq!(all(lines(b"", false), 9).unwrap(), [""; 0]);
        assert_eq!(all(lines(b"{\"text\": \"a\\nb\"}\n\n{\"text\": \"\"}\n", true), 9).unwrap(), ["a\nb", ""]);
    }

    #[test]
    fn a_line_beyond_measure_is_not_read_into_memory() {
        assert_eq!(all(lines(b"123456789\n", false), 9).unwrap(), ["123456789"]);
        let error = all(lines(b"ok\n1234567890\n", false), 9).unwrap_err();
        assert!(error.reason().contains("line 2 of texts") && error.reason().contains("9 bytes"), "{}", error.reason());
    }
}
