//! `qiao tour`: from one-hot codes to an answer, every step computed.

mod page;
mod steps;
mod story;
mod table;
mod text;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use qiao::embed::ModelEncoder;
use qiao::model::{EncoderId, Precision};
use qiao::seams::Encoder;
use qiao::tour::{self, Lesson};
use qiao::types::Labels;
use qiao::{AddEvent, Engine, Error, Kind};
use serde::Serialize;

use self::story::Step;
use self::text::Words;
use crate::args::{Language, Tour};
use crate::out::{AddProgress, Printer};
use crate::settings::Settings;

/// The example documents, which an installed qiao has nowhere else.
const ENGLISH: (&str, &[u8]) = ("bridge-en.pdf", include_bytes!("../../../../../examples/bridge-en.pdf"));
const CHINESE: (&str, &[u8]) = ("bridge-zh.pdf", include_bytes!("../../../../../examples/bridge-zh.pdf"));

/// Formats in the language of the speaker; names stand for themselves in both.
macro_rules! say {
    ($speaker:expr, $english:literal, $chinese:literal $(, $name:ident = $value:expr)* $(,)?) => {{
        $(let $name = &$value;)*
        match $speaker.is_chinese() {
            true => format!($chinese),
            false => format!($english),
        }
    }};
}
use say;

/// Who tells the tour.
struct Speaker {
    language: Language,
    lesson: Lesson,
    model: String,
    /// How it makes one vector of many.
    pooling: String,
    /// In what it computes, where the person said so.
    compute: Option<Precision>,
}

impl Speaker {
    fn new(language: Language) -> Self {
        let lesson = if language == Language::Zh { Lesson::CHINESE } else { Lesson::ENGLISH };
        Self { language, lesson, model: String::new(), pooling: String::new(), compute: None }
    }

    fn with(self, id: &EncoderId, compute: Option<Precision>) -> Self {
        Self { model: id.model.clone(), pooling: id.pooling.clone(), compute, ..self }
    }

    /// The example document: its name and its bytes.
    fn document(&self) -> (&'static str, &'static [u8]) {
        if self.is_chinese() { CHINESE } else { ENGLISH }
    }

    /// The language's BCP 47 tag.
    fn tag(&self) -> &'static str {
        if self.is_chinese() { "zh-Hans" } else { "en" }
    }

    fn is_chinese(&self) -> bool {
        self.language == Language::Zh
    }

    fn say(&self, english: &str, chinese: &str) -> String {
        (if self.is_chinese() { chinese } else { english }).to_owned()
    }

    /// A command with the model of the tour, which may be another than the one that the command would find by itself.
    fn command(&self, rest: &str) -> String {
        let compute = self.compute.map_or_else(String::new, |compute| format!("--compute {compute} "));
        format!("qiao --model {} {compute}{rest}", quoted(&self.model))
    }

    /// A command for which the tour's model does not matter.
    fn command_alone(&self, rest: &str) -> String {
        format!("qiao {rest}")
    }

    /// One after another.
    fn list(&self, words: &[impl AsRef<str>]) -> String {
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        words.join(if self.is_chinese() { "、" } else { ", " })
    }

    fn words(&self) -> Words {
        match self.is_chinese() {
            true => Words { further: "接着试试：", more: "未显示的行：", brackets: ["（", "）"] },
            false => Words { further: "Go further:", more: "rows not shown:", brackets: [" (", ")"] },
        }
    }

    fn title(&self) -> String {
        self.say("From one-hot codes to meaning", "从独热编码到意义")
    }
}

/// For a shell, where it needs that.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// `qiao tour --json`.
#[derive(Serialize)]
struct View<'a> {
    language: Language,
    steps: &'a [Step],
    /// `null` for a table, which needs none.
    encoder: Option<&'a EncoderId>,
}

/// Steps that are shown as they come, and kept where a page or JSON is to be made of them.
struct Telling<'a> {
    speaker: &'a Speaker,
    printer: &'a Printer,
    html: Option<&'a Path>,
    steps: Vec<Step>,
    /// What standard output said when it would take no more, while there is still a page to write
    closed: Option<anyhow::Error>,
}

impl<'a> Telling<'a> {
    /// Opens the page first: nobody should wait for one that cannot be written.
    fn begin(speaker: &'a Speaker, printer: &'a Printer, html: Option<&'a Path>) -> Result<Self, Error> {
        if let Some(path) = html {
            let opened = std::fs::OpenOptions::new().create(true).append(true).open(path);
            opened.map_err(|e| unwritten(path, e))?;
        }
        Ok(Self { speaker, printer, html, steps: Vec::new(), closed: None })
    }

    fn step(&mut self, step: Step) -> anyhow::Result<()> {
        if !self.printer.json() && self.closed.is_none() {
            match self.printer.data(&text::text(&step, &self.speaker.words())) {
                Err(closed) if self.html.is_some() => self.closed = Some(closed),
                told => told?,
            }
        }
        if self.html.is_some() || self.printer.json() {
            self.steps.push(step);
        }
        Ok(())
    }

    fn end(self, encoder: Option<&EncoderId>) -> anyhow::Result<()> {
        if let Some(path) = self.html {
            let page = page::page(&self.speaker.title(), self.speaker.tag(), &self.steps, &self.speaker.words());
            std::fs::write(path, page).map_err(|e| unwritten(path, e))?;
        }
        match (self.closed, self.printer.json()) {
            (Some(closed), _) => Err(closed),
            (None, true) => self.printer.object(&View { language: self.speaker.language, steps: &self.steps, encoder }),
            (None, false) => Ok(()),
        }
    }
}

fn unwritten(path: &Path, e: std::io::Error) -> Error {
    Error::new(Kind::BadInput, format!("cannot write {}", path.display()), e)
}

pub(crate) fn run(verb: &Tour, settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    let speaker = Speaker::new(verb.lang.unwrap_or_else(Language::of_environment));
    let html = verb.html.as_deref();
    match (&verb.csv, &verb.target) {
        (Some(csv), Some(target)) => {
            let mut telling = Telling::begin(&speaker, printer, html)?;
            table::tour(&mut telling, csv, target)?;
            telling.end(None)?;
        }
        _ => {
            let encoder = Arc::new(settings.model(None, printer)?);
            let id = encoder.id();
            let speaker = speaker.with(&id, settings.compute());
            let mut telling = Telling::begin(&speaker, printer, html)?;
            meaning(&mut telling, &encoder, settings)?;
            telling.end(Some(&id))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The six steps from categories to an answer.
fn meaning(telling: &mut Telling<'_>, encoder: &Arc<ModelEncoder>, settings: &Settings) -> anyhow::Result<()> {
    let (speaker, lesson) = (telling.speaker, telling.speaker.lesson);
    telling.step(speaker.codes(&tour::codes(encoder.as_ref(), &lesson.genres)?))?;
    telling.step(speaker.rows(&tour::look_up(encoder, &lesson.words)?))?;
    telling.step(speaker.meanings(&tour::meanings(encoder, lesson.word, &lesson.sentences)?))?;
    telling.step(speaker.phrases(&tour::phrases(encoder.as_ref(), &lesson.phrases)?))?;
    let engine = read(speaker.document(), settings.stages_with(encoder.clone())?, telling.printer)?;
    telling.step(speaker.search(&tour::search(&engine, lesson.query)?))?;
    telling.step(speaker.ask(&tour::ask(&engine, lesson.question)?))
}

/// Reads an example document as any other file is read.
fn read(document: (&str, &[u8]), mut engine: Engine, printer: &Printer) -> anyhow::Result<Engine> {
    let folder = tempfile::tempdir().context("cannot make a folder for the example document")?;
    let path = folder.path().join(document.0);
    std::fs::write(&path, document.1)
        .with_context(|| format!("cannot write the example document {}", path.display()))?;
    let mut progress = AddProgress::new(printer);
    let report = engine.add(&[path], &Labels::default(), &mut |event| {
        if !matches!(event, AddEvent::Finished { .. }) {
            progress.show(event);
        }
    })?;
    drop(progress);
    match report.first_failure() {
        Some(failure) => Err(failure.into()),
        None => Ok(engine),
    }
}
