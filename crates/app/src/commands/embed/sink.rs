use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use qiao::{Error, Kind};
use tempfile::NamedTempFile;

use crate::out::Printer;

/// Where bytes go.
pub(super) enum Sink<'a> {
    Out(&'a Printer),
    /// A file that takes its name only when it is whole, and is gone where it never is
    Aside(BufWriter<NamedTempFile>, &'a Path),
    /// What is no file of bytes, a device or a pipe, is written as it is
    Direct(BufWriter<File>, &'a Path),
}

impl<'a> Sink<'a> {
    pub(super) fn open(path: Option<&'a Path>, printer: &'a Printer) -> Result<Self, Error> {
        let Some(path) = path else { return Ok(Self::Out(printer)) };
        let special = std::fs::metadata(path).is_ok_and(|about| !about.is_file() && !about.is_dir());
        if special {
            let file = File::options().write(true).open(path).map_err(unwritable(path))?;
            return Ok(Self::Direct(BufWriter::new(file), path));
        }
        let file = plain_file().tempfile_in(folder(path)).map_err(unwritable(path))?;
        Ok(Self::Aside(BufWriter::new(file), path))
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        match self {
            Self::Out(printer) => printer.bytes(bytes),
            Self::Aside(file, path) => Ok(file.write_all(bytes).map_err(unwritable(path))?),
            Self::Direct(file, path) => Ok(file.write_all(bytes).map_err(unwritable(path))?),
        }
    }

    /// A file for bytes that can only be written once it is known what stands before them: beside the output, where there
    /// is room for it, else where temporary files go.
    pub(super) fn spool(&self) -> anyhow::Result<Spool> {
        let place = match self {
            Self::Out(_) | Self::Direct(..) => std::env::temp_dir(),
            Self::Aside(_, path) => folder(path).to_owned(),
        };
        let file = tempfile::tempfile_in(&place).map_err(unwritable(&place))?;
        Ok(Spool { file: BufWriter::new(file), place })
    }

    pub(super) fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Out(_) => {}
            Self::Direct(mut file, path) => file.flush().map_err(unwritable(path))?,
            Self::Aside(mut file, path) => {
                file.flush().and_then(|()| file.get_ref().as_file().sync_all()).map_err(unwritable(path))?;
                let whole = file.into_inner().map_err(|e| unwritable(path)(e.into_error()))?;
                whole.persist(path).map_err(|e| unwritable(path)(e.error))?;
            }
        }
        Ok(())
    }
}

/// The folder of `path`.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Temporary files with the rights of any other file, since they become one.
fn plain_file() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".qiao-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
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
        let place = self.place;
        let mut file = self.file.into_inner().map_err(|e| unwritable(&place)(e.into_error()))?;
        io::Seek::rewind(&mut file).map_err(unwritable(&place))?;
        let mut buffer = vec![0; 1 << 20];
        loop {
            match file.read(&mut buffer).map_err(unwritable(&place))? {
                0 => return Ok(()),
                n => sink.write(&buffer[..n])?,
            }
        }
    }
}

fn unwritable(path: &Path) -> impl Fn(io::Error) -> Error {
    move |e| Error::new(Kind::BadInput, format!("cannot write {}", path.display()), e)
}
