use std::fs::File;
use std::io;
use std::path::Path;

/// A file mapped for reading.
#[derive(Debug)]
pub struct MappedFile(Option<memmap2::Mmap>);

impl MappedFile {
    /// Maps the whole of `path`.
    ///
    /// # Errors
    /// When it cannot be opened or mapped.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        if file.metadata()?.len() == 0 {
            return Ok(Self(None));
        }
        // SAFETY: the map is read-only and private. A file that another process shortens while it is mapped would end
        // this process with SIGBUS: qiao's own model files are written aside and renamed into place, never changed where they
        // lie, and a directory of the user's own must not be rewritten while it serves.
        let map = unsafe { memmap2::MmapOptions::new().map_copy_read_only(&file)? };
        Ok(Self(Some(map)))
    }

    /// The file's bytes.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }
}

/// Little-endian floats in place, or `None` where the bytes are not aligned, not whole floats, or the machine is not
/// little-endian: then they must be copied.
pub fn floats(bytes: &[u8]) -> Option<&[f32]> {
    if cfg!(target_endian = "big") {
        return None;
    }
    // SAFETY: every bit pattern is an f32; `align_to` cuts to what is aligned, and anything left over refuses.
    let (before, floats, after) = unsafe { bytes.align_to::<f32>() };
    (before.is_empty() && after.is_empty()).then_some(floats)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_read_in_place_or_not_at_all() {
        let numbers = [1.5f32, -2.0];
        let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        // a Vec<u8> may lie anywhere: copy to a place that is aligned for certain
        let mut room = [0f32; 3];
        for (slot, n) in room.iter_mut().zip(numbers) {
            *slot = n;
        }
        // SAFETY: twelve bytes of initialised floats, read as bytes.
        let aligned = unsafe { std::slice::from_raw_parts(room.as_ptr().cast::<u8>(), 12) };
        assert_eq!(floats(&aligned[..8]), Some(&numbers[..]));
        assert_eq!(floats(&aligned[1..9]), None);
        assert_eq!(floats(&aligned[..7]), None);
        assert_eq!(bytes, aligned[..8]);
    }

    #[test]
    fn an_empty_file_has_no_bytes() {
        let path = std::env::temp_dir().join(format!("qiao-empty-{}", std::process::id()));
        std::fs::write(&path, b"").unwrap();
        assert_eq!(MappedFile::open(&path).unwrap().bytes(), b"");
        std::fs::remove_file(&path).unwrap();
    }
}
