//! One file from a server: resumed where it was cut, verified, then moved to its place.
//!
//! While it is fetched it is `NAME.part`, and `NAME.note` remembers which file of the server the part belongs to.

use std::fs::{self, File};
use std::io::{self, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::cache::{self, FileRecord};
use super::digest::{self, Expected};
use super::error::{FileError, SourceError};
use super::http::{Answer, Client, Resume};
use super::{Progress, Report};
use crate::registry::FileRow;

const BUFFER: usize = 1 << 17;
/// Requests for one file; each but the last must have brought the file further, or have started it afresh.
const MAX_REQUESTS: usize = 12;

/// A file that is to be fetched.
pub(super) struct Download<'a> {
    client: &'a Client,
    url: String,
    file: &'a FileRow,
    part: PathBuf,
    note: PathBuf,
    target: PathBuf,
}

/// What is known of the file that a part belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    /// Strong entity tag at the server that sent it.
    validator: Option<String>,
    /// The server's hash of it, in hexadecimal.
    expected: Option<String>,
}

/// How one request ended.
enum Step {
    /// The whole file is in the part.
    Whole,
    /// The connection ended early.
    Cut { got: u64, total: u64 },
    /// What was here does not fit what the server has; it is gone, and the next request starts afresh.
    Afresh,
}

impl<'a> Download<'a> {
    /// A download of `url` to `target`, unfinished in `parts`.
    pub(super) fn new(client: &'a Client, url: String, file: &'a FileRow, parts: &Path, target: PathBuf) -> Self {
        let beside = |ending: &str| parts.join(format!("{}.{ending}", file.path));
        Self { client, url, file, part: beside("part"), note: beside("note"), target }
    }

    /// Fetches the file, unless an earlier attempt has.
    pub(super) fn run(&self, progress: Report<'_>) -> Result<FileRecord, SourceError> {
        if let Some(record) = self.finished_earlier()? {
            return Ok(record);
        }
        cache::make_parent(&self.part)?;
        cache::make_parent(&self.target)?;
        self.complete_part(progress)?;
        progress(Progress::Verifying { file: self.file.path.to_owned() });
        match self.verified(&self.part) {
            Ok(record) => {
                fs::rename(&self.part, &self.target).map_err(FileError::at("move into place", &self.target))?;
                Ok(record)
            }
            Err(error) => {
                self.discard()?;
                Err(error)
            }
        }
    }

    /// The file as an earlier, interrupted pull left it, if it is one that can be verified.
    fn finished_earlier(&self) -> Result<Option<FileRecord>, SourceError> {
        let telling = self.target.is_file() && self.expected().is_some();
        if telling && let Ok(record) = self.verified(&self.target) {
            return Ok(Some(record));
        }
        cache::remove(&self.target)?;
        Ok(None)
    }

    fn complete_part(&self, progress: Report<'_>) -> Result<(), SourceError> {
        for _ in 0..MAX_REQUESTS {
            let before = self.length();
            match self.request(progress)? {
                Step::Whole => return Ok(()),
                Step::Afresh => {}
                Step::Cut { got, .. } if got > before => {}
                Step::Cut { got, total } => {
                    return Err(SourceError::Truncated { file: self.name(), got, expected: total });
                }
            }
        }
        Err(SourceError::Unsteady { file: self.name() })
    }

    fn request(&self, progress: Report<'_>) -> Result<Step, SourceError> {
        let resume = self.resume();
        let from = resume.as_ref().map_or(0, |resume| resume.from);
        let answer = self.client.ask(&self.url, resume)?;
        match answer.status {
            200 => {
                self.write_note(&answer)?;
                self.save(answer, 0, progress)
            }
            206 if self.continues(&answer, from) => self.save(answer, from, progress),
            416 if from > 0 && self.is_whole(&answer, from) => Ok(Step::Whole),
            206 | 416 if from > 0 => self.discard().map(|()| Step::Afresh),
            status => Err(SourceError::Status { url: answer.url, status }),
        }
    }

    /// A part goes on only where its file can be recognised: by its tag, or in the end by its hash.
    fn resume(&self) -> Option<Resume> {
        let note = self.read_note();
        let recognised = self.file.sha256.is_some() || note.as_ref().is_some_and(Note::is_telling);
        let from = self.length();
        (from > 0 && recognised).then(|| Resume { from, validator: note.and_then(|note| note.validator) })
    }

    fn continues(&self, answer: &Answer, from: u64) -> bool {
        let starts_here = answer.range.is_some_and(|range| range.start == Some(from));
        starts_here && self.same_file(answer)
    }

    fn is_whole(&self, answer: &Answer, from: u64) -> bool {
        answer.range.is_some_and(|range| range.total == Some(from)) && self.same_file(answer)
    }

    fn same_file(&self, answer: &Answer) -> bool {
        let differs =
            |before: &Option<String>, now: Option<&str>| before.as_deref().zip(now).is_some_and(|(a, b)| a != b);
        self.read_note().is_none_or(|note| {
            !differs(&note.validator, answer.validator.as_deref())
                && !differs(&note.expected, answer.expected.as_ref().map(Expected::hex))
        })
    }

    fn save(&self, answer: Answer, from: u64, progress: Report<'_>) -> Result<Step, SourceError> {
        let total = answer.length.map(|length| from + length);
        let mut part = self.open_part(from)?;
        let mut reader = answer.body.into_reader();
        let mut buffer = vec![0; BUFFER];
        let mut got = from;
        loop {
            progress(Progress::Downloading { file: self.name(), done: got, total });
            match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    part.write_all(&buffer[..count]).map_err(FileError::at("write", &self.part))?;
                    got += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => {
                    return Err(SourceError::Stalled { file: self.name(), got, after: self.client.stall });
                }
                // a length is announced, or the end would not be an error
                Err(_) => return Ok(Step::Cut { got, total: total.unwrap_or(got) }),
            }
        }
        match total {
            Some(total) if got != total => Ok(Step::Cut { got, total }),
            _ => Ok(Step::Whole),
        }
    }

    fn open_part(&self, from: u64) -> Result<File, FileError> {
        let mut options = File::options();
        let options = if from == 0 { options.write(true).create(true).truncate(true) } else { options.append(true) };
        options.open(&self.part).map_err(FileError::at("write", &self.part))
    }

    fn verified(&self, path: &Path) -> Result<FileRecord, SourceError> {
        let record = digest::verify(path, self.file.path, self.expected().as_ref())?;
        if self.file.path.ends_with(".json") && !is_json(path)? {
            return Err(SourceError::NotJson { file: self.name() });
        }
        Ok(record)
    }

    /// The table's hash; without one, the server's.
    fn expected(&self) -> Option<Expected> {
        let of_table = self.file.sha256.map(|hash| Expected::Sha256(hash.to_owned()));
        of_table.or_else(|| Expected::parse(&self.read_note()?.expected?))
    }

    fn write_note(&self, answer: &Answer) -> Result<(), FileError> {
        let expected = answer.expected.as_ref().map(|expected| expected.hex().to_owned());
        let note = Note { validator: answer.validator.clone(), expected };
        // the old part must not be taken for one of the file that the note tells of
        cache::remove(&self.part)?;
        let text = serde_json::to_vec(&note).map_err(io::Error::from);
        text.and_then(|text| fs::write(&self.note, text)).map_err(FileError::at("write", &self.note))
    }

    fn read_note(&self) -> Option<Note> {
        serde_json::from_slice(&fs::read(&self.note).ok()?).ok()
    }

    fn discard(&self) -> Result<(), SourceError> {
        cache::remove(&self.part)?;
        cache::remove(&self.note)?;
        Ok(())
    }

    fn length(&self) -> u64 {
        fs::metadata(&self.part).map_or(0, |about| about.len())
    }

    fn name(&self) -> String {
        self.file.path.to_owned()
    }
}

impl Note {
    fn is_telling(&self) -> bool {
        self.validator.is_some() || self.expected.is_some()
    }
}

fn is_timeout(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>());
    matches!(inner, Some(ureq::Error::Timeout(_)))
        || matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}

fn is_json(path: &Path) -> Result<bool, FileError> {
    let file = File::open(path).map_err(FileError::at("read", path))?;
    Ok(serde_json::from_reader::<_, IgnoredAny>(BufReader::new(file)).is_ok())
}
