//! Pages of a SQLite file that no table uses (<https://www.sqlite.org/fileformat2.html>, 1.5).

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::sqlite::beside;

/// Of the free pages of the file, how many are not all zero; `None` while another process has the file open, whose log
/// may hold the truth.
///
/// The file must not be open in this process: closing it here would take SQLite's locks away.
pub(super) fn unclean(path: &Path) -> io::Result<Option<usize>> {
    // the log lies beside the file itself, not beside a link to it
    let path = &std::fs::canonicalize(path)?;
    if beside(path, "-wal").exists() {
        return Ok(None);
    }
    match count(path) {
        // a list of free pages that leads beyond the file is a fault of SQLite's structure, which is looked for elsewhere
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        unclean => Ok((!beside(path, "-wal").exists()).then_some(unclean?)),
    }
}

fn count(path: &Path) -> io::Result<usize> {
    let mut file = File::open(path)?;
    let mut header = [0; 100];
    file.read_exact(&mut header)?;
    let size = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65_536,
        size => usize::from(size),
    };
    let pages = file.metadata()?.len() / size.max(1) as u64;
    let mut page = vec![0; size];
    let mut trunk = number(&header, 32);
    // a broken list may lead in circles
    let mut left = pages;
    let mut unclean = 0;
    while trunk != 0 && left > 0 {
        read_page(&mut file, trunk, &mut page)?;
        left -= 1;
        let leaves = (number(&page, 4) as usize).min(size / 4 - 2);
        let leaves: Vec<u32> = (0..leaves).map(|i| number(&page, 8 + 4 * i)).collect();
        trunk = number(&page, 0);
        for leaf in leaves.into_iter().take(left as usize) {
            read_page(&mut file, leaf, &mut page)?;
            left = left.saturating_sub(1);
            unclean += usize::from(page.iter().any(|byte| *byte != 0));
        }
    }
    Ok(unclean)
}

/// Four bytes, the highest first; 0 beyond the end.
fn number(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()).map_or(0, |four| u32::from_be_bytes(*four))
}

/// Page `number`, counted from 1.
fn read_page(file: &mut File, number: u32, page: &mut [u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(u64::from(number.saturating_sub(1)) * page.len() as u64))?;
    file.read_exact(page)
}
