//! The one place that writes: data to standard output, everything for people to standard error.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use qiao::eval::retrieval;
use qiao::model::fetch::Progress as Fetching;
use qiao::{AddEvent, Error, FileOutcome, Foreign, ImportEvent, Kind, RepairEvent};
use serde::Serialize;
use serde_json::json;

use crate::args::{Global, Progress};

/// Knows how this run speaks.
#[derive(Debug, Clone)]
pub(crate) struct Printer {
    json: bool,
    quiet: bool,
    progress: Progress,
}

impl Printer {
    pub(crate) fn new(global: &Global) -> Self {
        Self { json: global.json, quiet: global.quiet, progress: global.progress }
    }

    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// Writes `text` to standard output.
    pub(crate) fn data(&self, text: &str) -> anyhow::Result<()> {
        self.bytes(text.as_bytes())
    }

    /// Writes bytes to standard output.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        let written = out.write_all(bytes).and_then(|()| out.flush());
        Ok(written.map_err(|e| Error::new(Kind::BadInput, "cannot write to standard output", e))?)
    }

    /// Writes one object as one line of JSON.
    pub(crate) fn object(&self, value: &impl Serialize) -> anyhow::Result<()> {
        let mut line = serde_json::to_string(value)?;
        line.push('\n');
        self.data(&line)
    }

    /// A line for the person at the terminal.
    pub(crate) fn note(&self, line: &str) {
        match self.progress {
            Progress::Json => self.event(&json!({"event": "note", "text": line})),
            Progress::Auto if self.quiet => {}
            Progress::Auto => self.warn(line),
        }
    }

    /// What happens, for a program that watches.
    pub(crate) fn event(&self, event: &serde_json::Value) {
        if self.progress == Progress::Json {
            let _ = writeln!(io::stderr(), "{event}");
        }
    }

    /// A line that even a quiet run says: something was not done.
    pub(crate) fn warn(&self, line: &str) {
        let _ = writeln!(io::stderr(), "{}", harmless(line));
    }

    /// Says what failed, with its causes, and gives the exit code.
    pub(crate) fn failure(&self, error: &anyhow::Error) -> ExitCode {
        let broken_pipe = |cause: &(dyn std::error::Error + 'static)| {
            cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
        };
        if error.chain().any(broken_pipe) {
            // whoever read the output has seen enough
            return ExitCode::SUCCESS;
        }
        self.warn(&format!("error: {}", qiao::error::chain(error.chain())));
        ExitCode::from(error.downcast_ref::<Error>().map_or(Kind::Bug, Error::kind).exit_code())
    }

    fn bar(&self) -> ProgressBar {
        match self.quiet || self.progress == Progress::Json || !io::stderr().is_terminal() {
            true => ProgressBar::hidden(),
            false => ProgressBar::no_length(),
        }
    }
}

/// Control characters, which a file's name may hold and a terminal would obey, made visible.
fn harmless(line: &str) -> String {
    line.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸─")
}

/// Draws the fetching of a model.
pub(crate) struct FetchProgress<'a> {
    printer: &'a Printer,
    bar: ProgressBar,
    file: String,
}

impl<'a> FetchProgress<'a> {
    pub(crate) fn new(printer: &'a Printer) -> Self {
        Self { printer, bar: printer.bar(), file: String::new() }
    }

    pub(crate) fn show(&mut self, event: &Fetching) {
        match event {
            Fetching::Trying { source } => self.note(&format!("asking {source}")),
            Fetching::PassedOver { source, why } => self.note(&format!("passed over {source}: {why}")),
            Fetching::Downloading { file, done, total } => self.draw(file, *done, *total),
            Fetching::Verifying { file } => self.draw(&format!("verifying {file}"), 0, None),
            Fetching::Unpacking { done, total } => self.draw("unpacking", *done, Some(*total)),
            Fetching::Waiting { name } => self.note(&format!("another process is fetching {name}; waiting for it")),
            Fetching::SetAside { name, fault, path } => {
                self.note(&format!("the copy of {name} is damaged ({fault}); moved to {}", path.display()));
            }
            Fetching::FellBack { from, to } => self.note(&format!(
                "using {to} in place of {from}, which is not here (`qiao model pull {from}` tries again to fetch it)"
            )),
            Fetching::Ready { name, path } => self.note(&format!("{name} is ready in {}", path.display())),
        }
    }

    fn note(&mut self, line: &str) {
        self.file.clear();
        self.bar.finish_and_clear();
        self.bar = self.printer.bar();
        self.printer.note(line);
    }

    fn draw(&mut self, what: &str, done: u64, total: Option<u64>) {
        if self.file != what {
            what.clone_into(&mut self.file);
            self.bar.reset();
            self.bar.set_style(style("{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec}"));
            self.bar.set_message(self.file.clone());
        }
        if let Some(total) = total {
            self.bar.set_length(total);
        }
        self.bar.set_position(done);
    }
}

impl Drop for FetchProgress<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Draws the waiting for a language model.
pub(crate) struct AskProgress(ProgressBar);

impl AskProgress {
    pub(crate) fn new(printer: &Printer) -> Self {
        let bar = printer.bar();
        bar.set_style(style("{spinner} asking · {elapsed}"));
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    /// It has begun to answer.
    pub(crate) fn end(&self) {
        self.0.finish_and_clear();
    }
}

impl Drop for AskProgress {
    fn drop(&mut self) {
        self.end();
    }
}

/// Draws the embedding of texts.
pub(crate) struct EmbedProgress {
    bar: ProgressBar,
}

impl EmbedProgress {
    /// Of texts of `total` bytes, where that is known beforehand.
    pub(crate) fn new(printer: &Printer, total: Option<u64>) -> Self {
        let bar = printer.bar();
        match total {
            Some(total) => {
                bar.set_style(style("embedding {wide_bar} {bytes}/{total_bytes} · {msg} · {eta}"));
                bar.set_length(total);
            }
            None => bar.set_style(style("embedding {spinner} {bytes} · {msg}")),
        }
        Self { bar }
    }

    /// So many bytes are read and so many texts encoded.
    pub(crate) fn show(&mut self, bytes: u64, texts: usize) {
        self.bar.set_message(format!("{texts} texts"));
        self.bar.set_position(bytes);
    }
}

impl Drop for EmbedProgress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Draws an evaluation over files.
pub(crate) struct EvalProgress {
    bar: ProgressBar,
    sentences: usize,
}

impl EvalProgress {
    pub(crate) fn new(printer: &Printer, files: usize) -> Self {
        let bar = printer.bar();
        bar.set_style(style("evaluating {wide_bar} {pos}/{len} files · {msg}"));
        bar.set_length(files as u64);
        Self { bar, sentences: 0 }
    }

    pub(crate) fn of_retrieval(printer: &Printer) -> Self {
        Self { bar: printer.bar(), sentences: 0 }
    }

    /// So far is an evaluation of retrieval.
    pub(crate) fn retrieval(&mut self, done: retrieval::Progress) {
        let (what, done, total) = match done {
            retrieval::Progress::Passages(done, total) => ("embedding passages", done, total),
            retrieval::Progress::Questions(done, total) => ("asking questions", done, total),
        };
        self.so_far(what, done, total);
    }

    /// So many questions of so many are asked.
    pub(crate) fn questions(&self, done: usize, total: usize) {
        self.so_far("asking questions", done, total);
    }

    fn so_far(&self, what: &str, done: usize, total: usize) {
        self.bar.set_style(style(&format!("{what} {{wide_bar}} {{pos}}/{{len}}")));
        self.bar.set_length(total as u64);
        self.bar.set_position(done as u64);
    }

    /// So many more sentences are encoded.
    pub(crate) fn sentences(&mut self, more: usize) {
        self.sentences += more;
        self.bar.set_message(format!("{} sentences", self.sentences));
    }

    /// One more file is done.
    pub(crate) fn file(&mut self) {
        self.bar.inc(1);
    }
}

impl Drop for EvalProgress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Draws the indexing of what came without being indexed.
pub(crate) struct IndexProgress(ProgressBar);

impl IndexProgress {
    pub(crate) fn new(printer: &Printer) -> Self {
        Self(printer.bar())
    }

    /// So many chunks of so many are through.
    pub(crate) fn show(&self, done: usize, total: usize) {
        self.0.set_style(style("indexing, once {wide_bar} {pos}/{len} chunks · {elapsed}"));
        self.0.set_length(total as u64);
        self.0.set_position(done as u64);
    }
}

impl Drop for IndexProgress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Draws the learning from a table.
pub(crate) struct LearnProgress {
    bar: ProgressBar,
}

impl LearnProgress {
    pub(crate) fn new(printer: &Printer) -> Self {
        let bar = printer.bar();
        bar.set_style(style("learning {wide_bar} epoch {pos} of at most {len} · {elapsed}"));
        Self { bar }
    }

    /// So many epochs are done.
    pub(crate) fn show(&self, done: usize, of: usize) {
        self.bar.set_length(of as u64);
        self.bar.set_position(done as u64);
    }
}

impl Drop for LearnProgress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Draws the adding of documents.
pub(crate) struct AddProgress<'a> {
    printer: &'a Printer,
    bar: ProgressBar,
}

impl<'a> AddProgress<'a> {
    pub(crate) fn new(printer: &'a Printer) -> Self {
        Self { printer, bar: printer.bar() }
    }

    pub(crate) fn show(&mut self, event: &AddEvent<'_>) {
        self.printer.event(&watched(event));
        match event {
            AddEvent::Skipped(skipped) => {
                self.printer.note(&format!("skipped {}: {}", skipped.path.display(), skipped.reason));
            }
            AddEvent::Reading { path, remaining } => {
                self.bar = self.printer.bar();
                self.bar.set_style(style("{spinner} reading {msg}"));
                let more = if *remaining > 0 { format!(" ({remaining} more)") } else { String::new() };
                self.bar.set_message(format!("{}{more}", name(path)));
                self.bar.enable_steady_tick(Duration::from_millis(100));
            }
            AddEvent::Embedding { path, done, total } => {
                self.bar.disable_steady_tick();
                self.bar.set_style(style("{msg} {wide_bar} {pos}/{len} chunks {eta}"));
                self.bar.set_message(name(path));
                self.bar.set_length(*total as u64);
                self.bar.set_position(*done as u64);
            }
            AddEvent::Publishing { .. } => {}
            AddEvent::Indexing { done, total } => {
                self.bar.set_style(style("indexing {wide_bar} {pos}/{len} chunks"));
                self.bar.set_length(*total as u64);
                self.bar.set_position(*done as u64);
            }
            AddEvent::Finished { path, outcome } => self.finished(path, outcome),
        }
    }

    fn finished(&mut self, path: &Path, outcome: &FileOutcome) {
        self.bar.finish_and_clear();
        let path = path.display();
        match outcome {
            FileOutcome::Published { replaced, chunks, unread, foreign, .. } => {
                let verb = if *replaced { "replaced" } else { "added" };
                self.printer.note(&format!("{verb} {path}: {chunks} chunks"));
                for part in unread {
                    self.printer.note(&format!("  page {}: {}", part.page, part.reason));
                }
                if let Some(foreign) = foreign {
                    self.printer.warn(&format!("  {}", foreign_text(foreign)));
                }
            }
            FileOutcome::Linked { replaced, same_as, .. } => {
                let verb = if *replaced { "replaced" } else { "added" };
                self.printer.note(&format!("{verb} {path}: the same as {same_as}, whose text and vectors it shares"));
            }
            FileOutcome::Unchanged { .. } => {}
            FileOutcome::Failed(error) => self.printer.warn(&format!("failed {path}: {}", error.reason())),
        }
    }
}

/// Draws the taking of another knowledge base's documents.
pub(crate) struct ImportProgress<'a> {
    printer: &'a Printer,
    bar: ProgressBar,
    total: Option<u64>,
}

impl<'a> ImportProgress<'a> {
    pub(crate) fn new(printer: &'a Printer) -> Self {
        let bar = printer.bar();
        bar.set_style(style("importing {wide_bar} {pos}/{len} documents · {msg}"));
        Self { printer, bar, total: None }
    }

    pub(crate) fn show(&mut self, event: &ImportEvent<'_>) {
        match event {
            ImportEvent::Taking { origin, remaining } => {
                let total = *self.total.get_or_insert(*remaining as u64 + 1);
                self.bar.set_length(total);
                self.bar.set_position(total - *remaining as u64 - 1);
                self.bar.set_message(name(Path::new(origin)));
                self.printer.event(&json!({"event": "taking", "path": origin, "remaining": remaining}));
            }
            ImportEvent::Embedding { origin, done, total } => {
                self.bar.set_message(format!("{} {done}/{total} chunks", name(Path::new(origin))));
                self.printer.event(&json!({"event": "embedding", "path": origin, "done": done, "total": total}));
            }
            ImportEvent::Publishing { origin } => {
                self.printer.event(&json!({"event": "publishing", "path": origin}));
            }
        }
    }
}

impl Drop for ImportProgress<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Draws the repairing of a knowledge base.
pub(crate) struct RepairProgress<'a> {
    printer: &'a Printer,
    bar: ProgressBar,
}

impl<'a> RepairProgress<'a> {
    pub(crate) fn new(printer: &'a Printer) -> Self {
        let bar = printer.bar();
        bar.set_style(style("{msg} {wide_bar} {pos}/{len} chunks {eta}"));
        Self { printer, bar }
    }

    pub(crate) fn show(&mut self, event: &RepairEvent<'_>) {
        match event {
            RepairEvent::Embedding { origin, done, total } => {
                self.bar.set_message(name(Path::new(origin)));
                self.bar.set_length(*total as u64);
                self.bar.set_position(*done as u64);
            }
            RepairEvent::Unread { origin } => {
                let why = "it is not there any more, cannot be read, or has changed";
                self.printer.warn(&format!("{origin} could not be read again: {why}"));
            }
        }
    }
}

impl Drop for RepairProgress<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// An event of adding, for a program that watches.
fn watched(event: &AddEvent<'_>) -> serde_json::Value {
    match event {
        AddEvent::Skipped(skipped) => json!({"event": "skipped", "path": skipped.path.to_string_lossy()}),
        AddEvent::Reading { path, remaining } => {
            json!({"event": "reading", "path": path.to_string_lossy(), "remaining": remaining})
        }
        AddEvent::Embedding { path, done, total } => {
            json!({"event": "embedding", "path": path.to_string_lossy(), "done": done, "total": total})
        }
        AddEvent::Publishing { path } => json!({"event": "publishing", "path": path.to_string_lossy()}),
        AddEvent::Indexing { done, total } => json!({"event": "indexing", "done": done, "total": total}),
        AddEvent::Finished { path, .. } => json!({"event": "finished", "path": path.to_string_lossy()}),
    }
}

fn foreign_text(foreign: &Foreign) -> String {
    let share = (foreign.share * 100.0).round();
    let advice = match foreign.serves {
        Some(name) => format!("{name} knows them: give it with --model, and another file with --kb"),
        None => "no model that qiao knows by name knows more".to_owned(),
    };
    format!("{share}% of its tokens are unknown to {}, so it will hardly be found; {advice}", foreign.model)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
