//! A folder with a knowledge base of the test's own, and the program run over it.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Small and quick: for tests in which the language does not matter.
pub(crate) const MINILM: &str = "all-MiniLM-L6-v2";
/// Chinese and English: what serves by default where only Python packages are reached.
pub(crate) const E5: &str = "multilingual-e5-small-q4";
/// Far beyond what any command of these tests takes: one that runs so long hangs.
const PATIENCE: Duration = Duration::from_secs(150);

/// Variables of the person who runs the tests that the program or its parts listen to.
const FOREIGN: &[&str] = &[
    "QIAO_KB",
    "QIAO_MODEL",
    "QIAO_CHAT",
    "QIAO_CHAT_MODEL",
    "QIAO_CHAT_KEY_FILE",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "HF_ENDPOINT",
    "HF_HOME",
    "HF_HUB_CACHE",
    "HF_HUB_OFFLINE",
    "HF_TOKEN",
    "SSL_CERT_FILE",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_MESSAGES",
    "COLUMNS",
    "NO_COLOR",
    "CLICOLOR_FORCE",
    "RUST_LOG",
    "RUST_BACKTRACE",
];

/// `qiao ARGS…`, not started yet, without network and without the user's settings.
pub(crate) fn qiao<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qiao"));
    FOREIGN.iter().for_each(|variable| {
        command.env_remove(variable);
    });
    command.env("QIAO_OFFLINE", "1").args(args).stdin(Stdio::null());
    command
}

/// The repository's root, where the README's commands are given.
pub(crate) fn repository() -> PathBuf {
    std::fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap()
}

/// What a command left.
#[derive(Debug, Clone)]
pub(crate) struct Ran {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

/// Runs `command` to its end.
pub(crate) fn run(command: &mut Command) -> Ran {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    finish(child)
}

/// Waits for a child whose pipes were not read yet; fails where it does not end.
pub(crate) fn finish(mut child: Child) -> Ran {
    let stdout = child.stdout.take().map(reader);
    let stderr = child.stderr.take().map(reader);
    let status = wait(&mut child);
    let bytes = |reader: Option<thread::JoinHandle<Vec<u8>>>| reader.map_or_else(Vec::new, |r| r.join().unwrap());
    let stderr = String::from_utf8_lossy(&bytes(stderr)).into_owned();
    Ran { status, stdout: bytes(stdout), stderr }
}

fn reader(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

fn wait(child: &mut Child) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("the program hung");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Asks `is_so` again and again until it is; fails where it never is.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "never came: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

impl Ran {
    /// Fails unless the exit code is `code`.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "stderr: {}\nstdout: {}", self.stderr, self.text());
        self
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        self.exits(0)
    }

    /// Fails unless standard error says each of `words`.
    #[track_caller]
    pub(crate) fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stderr.contains(word), "not said: {word}\nstderr: {}", self.stderr);
        }
        self
    }

    /// Standard output as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard output as one JSON object, and nothing else.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let lines = self.json_lines();
        assert_eq!(lines.len(), 1, "one line of JSON: {}", self.text());
        lines.into_iter().next().unwrap()
    }

    /// Standard output as one JSON object a line, and nothing else.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        let object = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("no JSON ({e}): {line}"));
        self.text().lines().map(object).collect()
    }
}

/// A folder of the test's own, with a knowledge base that is not there yet.
pub(crate) struct Desk {
    folder: TempDir,
    root: PathBuf,
    model: Option<&'static str>,
}

impl Desk {
    /// Works with all-MiniLM-L6-v2.
    pub(crate) fn new() -> Self {
        Self { model: Some(MINILM), ..Self::without_model() }
    }

    /// Names no model.
    pub(crate) fn without_model() -> Self {
        let folder = TempDir::new().unwrap();
        let root = std::fs::canonicalize(folder.path()).unwrap();
        Self { folder, root, model: None }
    }

    /// Begins with the knowledge base `kb`, the bytes of a whole file, and names no model.
    pub(crate) fn with(kb: &[u8]) -> Self {
        let desk = Self::without_model();
        std::fs::write(desk.kb(), kb).unwrap();
        desk
    }

    /// Goes on with another model, or without naming any.
    pub(crate) fn naming(self, model: Option<&'static str>) -> Self {
        Self { model, ..self }
    }

    /// The folder, links resolved.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn kb(&self) -> PathBuf {
        self.root.join("kb.qiao")
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.join(name)
    }

    /// Writes a file into the folder, with the folders above it.
    pub(crate) fn write(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// `qiao --kb KB [--model MODEL] ARGS…` in the folder, not started yet.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut all: Vec<OsString> = vec!["--kb".into(), self.kb().into()];
        if let Some(model) = self.model {
            all.extend(["--model".into(), model.into()]);
        }
        all.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        let mut command = qiao(all);
        command.current_dir(self.folder.path());
        command
    }

    /// As [`Desk::qiao`], over another knowledge base in the folder.
    pub(crate) fn over<S: AsRef<OsStr>>(&self, kb: &str, args: impl IntoIterator<Item = S>) -> Ran {
        let mut all: Vec<OsString> = vec!["--kb".into(), kb.into()];
        all.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        run(qiao(all).current_dir(self.folder.path()))
    }

    /// Runs [`Desk::command`] to its end.
    pub(crate) fn qiao<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        run(&mut self.command(args))
    }

    /// The paths of all documents, relative to the folder.
    #[track_caller]
    pub(crate) fn listed(&self) -> Vec<String> {
        let relative = |line: &Value| {
            let origin = line["origin"].as_str().unwrap();
            Path::new(origin).strip_prefix(self.root()).unwrap_or(Path::new(origin)).display().to_string()
        };
        self.qiao(["list", "--json"]).ok().json_lines().iter().map(relative).collect()
    }

    /// Whether `bytes` stand in any file whose name begins with the knowledge base's.
    pub(crate) fn kb_holds(&self, bytes: &[u8]) -> bool {
        self.kb_files().iter().any(|file| file.windows(bytes.len()).any(|window| window == bytes))
    }

    /// The bytes of all files whose names begin with the knowledge base's, and of its index.
    pub(crate) fn kb_files(&self) -> Vec<Vec<u8>> {
        let entries = std::fs::read_dir(self.root()).unwrap().map(|entry| entry.unwrap());
        let ours = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("kb.qiao"));
        let (folders, mut files): (Vec<PathBuf>, Vec<PathBuf>) =
            ours.map(|entry| entry.path()).partition(|path| path.is_dir());
        files.sort();
        for folder in folders {
            files.extend(std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
        }
        // a log may vanish between listing and reading
        files.into_iter().filter_map(|path| std::fs::read(path).ok()).collect()
    }

    /// A value without what differs from machine to machine: the folder, numbers that come out of a model, the time.
    pub(crate) fn redacted(&self, value: &Value) -> Value {
        redact(value, &self.root.to_string_lossy())
    }
}

fn redact(value: &Value, root: &str) -> Value {
    let computed =
        ["score", "part", "fused", "relevance", "threshold", "added_at", "bytes", "installed", "source", "kb"];
    match value {
        Value::String(text) => text.replace(root, "[folder]").into(),
        Value::Array(all) => all.iter().map(|v| redact(v, root)).collect(),
        Value::Object(fields) => {
            let field = |(name, v): (&String, &Value)| {
                let v = if computed.contains(&name.as_str()) { "[…]".into() } else { redact(v, root) };
                (name.clone(), v)
            };
            Value::Object(fields.iter().map(field).collect())
        }
        // every fraction in these shapes comes out of a model, but for places on a page
        Value::Number(n) if n.is_f64() && n.as_f64().is_some_and(|n| n > 0.0 && n < 1.0) => "[…]".into(),
        other => other.clone(),
    }
}
