//! The parsed form of a tokenizer whose vocabulary is pieces: one file, used where it lies.
//!
//! ```text
//! 8 bytes   the name and version of this format
//! 32 bytes  SHA-256 of all that follows
//! 8 x 5     lengths of the sections
//! 8         the worst score of a piece, f64
//! 4         id of the unknown token, all ones for none
//! 1         whether unknown characters fall back to bytes
//! sections  the other parts as JSON, then trie, scores, ends and text of the pieces
//! ```
//! Numbers are little-endian. The file is derived: one that is torn, old or missing is made anew from tokenizer.json.

use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use qiao_vecmath::MappedFile;
use sha2::{Digest, Sha256};

use super::pieces::{Backing, How, Part, Pieces, Tables};

const FORMAT: &[u8; 8] = b"qiaotok1";
const DIGEST: Range<usize> = 8..40;
const SECTIONS: usize = 5;
/// Where the sections begin.
const HEAD: usize = DIGEST.end + SECTIONS * 8 + 8 + 4 + 1;

/// The pieces in the file, and the JSON of the other parts; `None` where there is no whole file of this format.
pub(super) fn read(path: &Path) -> Option<(String, Pieces)> {
    let backing = Arc::new(Backing::File(MappedFile::open(path).ok()?));
    let bytes = backing.bytes();
    let whole = bytes.starts_with(FORMAT) && bytes.get(DIGEST)? == Sha256::digest(bytes.get(DIGEST.end..)?).as_slice();
    if !whole {
        return None;
    }
    let mut fields = bytes.get(DIGEST.end..HEAD)?.chunks(8);
    let mut next = || fields.next()?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
    let mut start = HEAD;
    let mut sections = Vec::with_capacity(SECTIONS);
    for _ in 0..SECTIONS {
        let end = start.checked_add(usize::try_from(next()?).ok()?).filter(|end| *end <= bytes.len())?;
        sections.push(Part { backing: backing.clone(), range: start..end });
        start = end;
    }
    let least_score = f64::from_bits(next()?);
    let unknown = u32::from_le_bytes(*bytes.get(HEAD - 5..)?.first_chunk()?);
    let how = How {
        unknown: (unknown != u32::MAX).then_some(unknown),
        byte_fallback: bytes.get(HEAD - 1)? == &1,
        least_score,
    };
    let [parts, trie, scores, ends, text] = <[Part; SECTIONS]>::try_from(sections).ok()?;
    let parts = std::str::from_utf8(&parts).ok()?.to_owned();
    Some((parts, Pieces::new(Tables { trie, scores, ends, text, how })?))
}

/// Writes the file, which appears whole or not at all.
///
/// # Errors
/// When it cannot be written.
pub(super) fn write(path: &Path, parts: &str, pieces: &Pieces) -> io::Result<()> {
    let Tables { trie, scores, ends, text, how } = pieces.tables();
    let sections: [&[u8]; SECTIONS] = [parts.as_bytes(), trie, scores, ends, text];
    let mut body = Vec::new();
    sections.iter().for_each(|section| body.extend_from_slice(&(section.len() as u64).to_le_bytes()));
    body.extend_from_slice(&how.least_score.to_le_bytes());
    body.extend_from_slice(&how.unknown.unwrap_or(u32::MAX).to_le_bytes());
    body.push(u8::from(how.byte_fallback));
    sections.iter().for_each(|section| body.extend_from_slice(section));
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(FORMAT)?;
    file.write_all(&Sha256::digest(&body))?;
    file.write_all(&body)?;
    file.persist(path)?;
    Ok(())
}
