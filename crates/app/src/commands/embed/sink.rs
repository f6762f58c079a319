use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use qiao::{Error, Kind};

use crate::out::Printer;

/// Where bytes go.
pub(super) enum Sink<'a> {
    Out(&'a Printer),
    File(Partial<'a>),
}

/// A file that takes its name only when it is whole, and is gone where it never is.
pub(super) struct Partial<'a> {
    file: BufWriter<File>,
    partial: PathBuf,
    path: &'a Path,
}

impl Drop for Partial<'_> {
    fn drop(&mut self) {
        // nothing has this name once the file has been renamed
        let _ = std::fs::remove_file(&self.partial);
    }
}

impl<'a> Sink<'a> {
    pub(super) fn open(path: Option<&'a Path>, printer: &'a Printer) -> Result<Self, Error> {
        let Some(path) = path else { return Ok(Self::Out(printer)) };
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let file = File::create(&partial).map_err(unwritable(path))?;
        Ok(Self::File(Partial { file: BufWriter::new(file), partial: partial.into(), path }))
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        match self {
            Self::Out(printer) => printer.bytes(bytes),
            Self::File(Partial { file, path, .. }) => Ok(file.write_all(bytes).map_err(unwritable(path))?),
        }
    }

    /// Writes all that is left in `from`.
    pub(super) fn copy(&mut self, from: &mut impl Read) -> anyhow::Result<()> {
        let mut buffer = vec![0; 1 << 20];
        loop {
            match from.read(&mut buffer)? {
                0 => return Ok(()),
                n => self.write(&buffer[..n])?,
            }
        }
    }

    /// A file for bytes that can only be written once it is known what stands before them.
    pub(super) fn spool(&self) -> anyhow::Result<Spool> {
        let (file, place): (_, PathBuf) = match self {
            Self::Out(_) => (tempfile::tempfile(), std::env::temp_dir()),
            Self::File(Partial { partial, .. }) => {
                // beside the output there is room for it
                let folder = partial.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
                (tempfile::tempfile_in(folder), folder.to_owned())
            }
        };
        let file = BufWriter::new(file.map_err(unwritable(&place))?);
        Ok(Spool { file, place })
    }

    pub(super) fn finish(self) -> anyhow::Result<()> {
        if let Self::File(mut whole) = self {
            let written = whole.file.flush().and_then(|()| whole.file.get_ref().sync_all());
            let named = written.and_then(|()| std::fs::rename(&whole.partial, whole.path));
            named.map_err(unwritable(whole.path))?;
        }
        Ok(())
    }
}

/// Bytes in a file without a name.
pub(super) struct Spool {
    file: BufWriter<File>,
    place: PathBuf,
}

impl Spool {
    pub(super) fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        Ok(self.file.write_all(bytes).map_err(unwritable(&self.place))?)
    }

    /// Hands all of it to `sink`.
    pub(super) fn pour(self, sink: &mut Sink<'_>) -> anyhow::Result<()> {
        let mut file =
            self.file.into_inner().map_err(io::IntoInnerError::into_error).map_err(unwritable(&self.place))?;
        io::Seek::rewind(&mut file)?;
        sink.copy(&mut file)
    }
}

fn unwritable(path: &Path) -> impl Fn(io::Error) -> Error {
    move |e| Error::new(Kind::BadInput, format!("cannot write {}", path.display()), e)
}
