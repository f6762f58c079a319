use std::io::{Read, Write};
use std::path::Path;
use std::process::ExitCode;

use qiao::model::{self, Encoded};
use qiao::{Error, Kind};
use serde_json::json;

use crate::args::{Embed, Format, Long, Role};
use crate::out::Printer;
use crate::settings::Settings;

/// Texts encoded at once: bounds memory, and output begins early.
const BATCH: usize = 256;

pub(crate) fn run(verb: &Embed, settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    let texts = match &verb.file {
        Some(path) => read_texts(path)?,
        None => verb.texts.clone(),
    };
    let encoder = settings.encoder_source(printer)(None)?;
    let mut out = Sink::open(verb.output.as_deref(), printer)?;
    if verb.format == Format::Npy {
        out.write(&npy_header(texts.len(), encoder.id().dimension))?;
    }
    for batch in texts.chunks(BATCH) {
        let batch: Vec<&str> = batch.iter().map(String::as_str).collect();
        let encoded = encoder.encode(role(verb.role), &batch, long(verb.long)).map_err(Error::from)?;
        for one in &encoded {
            out.write(&line(one, verb.format)?)?;
        }
    }
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// Where vectors go: a file takes its name only when it is whole.
enum Sink<'a> {
    Out(&'a Printer),
    File { file: std::io::BufWriter<std::fs::File>, partial: std::path::PathBuf, path: &'a Path },
}

impl<'a> Sink<'a> {
    fn open(path: Option<&'a Path>, printer: &'a Printer) -> Result<Self, Error> {
        let Some(path) = path else { return Ok(Self::Out(printer)) };
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let file = std::fs::File::create(&partial).map_err(unwritable(path))?;
        Ok(Self::File { file: std::io::BufWriter::new(file), partial: partial.into(), path })
    }

    fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        match self {
            Self::Out(printer) => printer.bytes(bytes),
            Self::File { file, path, .. } => Ok(file.write_all(bytes).map_err(unwritable(path))?),
        }
    }

    fn finish(self) -> anyhow::Result<()> {
        if let Self::File { file, partial, path } = self {
            file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
            std::fs::rename(&partial, path).map_err(unwritable(path))?;
        }
        Ok(())
    }
}

fn unwritable(path: &Path) -> impl Fn(std::io::Error) -> Error {
    move |e| Error::new(Kind::BadInput, format!("cannot write {}", path.display()), e)
}

fn role(role: Role) -> model::Role {
    match role {
        Role::Query => model::Role::Query,
        Role::Passage => model::Role::Passage,
    }
}

fn long(long: Long) -> model::Long {
    match long {
        Long::Window => model::Long::Window,
        Long::Truncate => model::Long::Truncate,
        Long::Error => model::Long::Error,
    }
}

fn line(one: &Encoded, format: Format) -> anyhow::Result<Vec<u8>> {
    let receipt = one.receipt;
    Ok(match format {
        Format::Npy => one.vector.iter().flat_map(|v| v.to_le_bytes()).collect(),
        Format::Jsonl => {
            let object = json!({
                "embedding": one.vector, "tokens": receipt.tokens, "dropped": receipt.dropped, "unknown": receipt.unknown,
            });
            let mut line = serde_json::to_vec(&object)?;
            line.push(b'\n');
            line
        }
    })
}

/// The header of NumPy's format, version 1.0, for float32 `[rows, columns]` in C order.
fn npy_header(rows: usize, columns: usize) -> Vec<u8> {
    let fields = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    // magic, version and length take ten bytes; the data begins at a multiple of 64
    let padding = (64 - (10 + fields.len() + 1) % 64) % 64;
    let text = format!("{fields}{}\n", " ".repeat(padding));
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend_from_slice(&(text.len() as u16).to_le_bytes());
    header.extend_from_slice(text.as_bytes());
    header
}

/// A text a line, or the `text` of each object of a `.jsonl` file.
fn read_texts(path: &Path) -> anyhow::Result<Vec<String>> {
    let bad = |reason: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(Kind::BadInput, format!("cannot read texts from {}", path.display()), reason)
    };
    let mut bytes = Vec::new();
    match path.as_os_str() == "-" {
        true => std::io::stdin().lock().read_to_end(&mut bytes).map_err(|e| bad(e.into()))?,
        false => std::fs::File::open(path).and_then(|mut f| f.read_to_end(&mut bytes)).map_err(|e| bad(e.into()))?,
    };
    let text = String::from_utf8(bytes).map_err(|e| bad(e.into()))?;
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("jsonl")) {
        let object = |(i, line): (usize, &str)| text_of(line).map_err(|e| bad(format!("line {}: {e}", i + 1).into()));
        return Ok(text
            .lines()
            .enumerate()
            .filter(|(_, l)| !l.trim().is_empty())
            .map(object)
            .collect::<Result<_, _>>()?);
    }
    Ok(text.lines().map(str::to_owned).collect())
}

#[derive(serde::Deserialize)]
struct TextLine {
    text: String,
}

fn text_of(line: &str) -> Result<String, serde_json::Error> {
    serde_json::from_str::<TextLine>(line).map(|object| object.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn npy_data_begins_at_a_multiple_of_64() {
        for rows in [0, 1, 10, 12_345_678] {
            let header = npy_header(rows, 384);
            assert_eq!(header.len() % 64, 0);
            assert_eq!(usize::from(u16::from_le_bytes([header[8], header[9]])), header.len() - 10);
        }
    }
}
