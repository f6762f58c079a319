//! `qiao inspect`: a text's way through the model, laid open.

mod page;
mod text;

use std::process::ExitCode;

use qiao::inspect::{SharedWord, shared_words};
use qiao::model::{EncoderId, Trace, Watched};
use qiao::{Error, Kind};
use serde::Serialize;

use super::embed::role;
use crate::args::Inspect;
use crate::out::Printer;
use crate::settings::Settings;

/// What there is to see.
struct Seen<'a> {
    texts: &'a [String],
    traces: Vec<Trace>,
    /// Words that the first text shares with each other one
    shared: Vec<Comparison>,
    /// The head to show, from 1; all on average where none was named
    head: Option<usize>,
}

/// The first text beside another one.
struct Comparison {
    /// Which text, from 0
    other: usize,
    words: Vec<SharedWord>,
}

/// `qiao inspect --json`.
#[derive(Serialize)]
struct View<'a> {
    texts: Vec<TextView<'a>>,
    shared: Vec<SharedView<'a>>,
    encoder: &'a EncoderId,
}

#[derive(Serialize)]
struct TextView<'a> {
    text: &'a str,
    trace: &'a Trace,
}

#[derive(Serialize)]
struct SharedView<'a> {
    /// Which two, from 0
    texts: [usize; 2],
    words: &'a [SharedWord],
}

impl<'a> View<'a> {
    fn of(seen: &'a Seen<'_>, encoder: &'a EncoderId) -> Self {
        let texts = seen.texts.iter().zip(&seen.traces).map(|(text, trace)| TextView { text, trace });
        let shared = seen.shared.iter().map(|c| SharedView { texts: [0, c.other], words: &c.words });
        Self { texts: texts.collect(), shared: shared.collect(), encoder }
    }
}

pub(crate) fn run(verb: &Inspect, settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    let encoder = settings.model(None, printer)?;
    let watched = verb.layer.map_or(Watched::Last, Watched::Layer);
    let trace = |text: &String| {
        let traced = encoder.model().trace(role(verb.role), text, watched);
        traced.map_err(|e| Error::from(e).while_doing("cannot inspect so"))
    };
    let traces = verb.texts.iter().map(trace).collect::<Result<Vec<_>, Error>>()?;
    check_head(verb.head, &traces)?;
    let words = |other: usize| Comparison {
        other,
        words: shared_words([&verb.texts[0], &verb.texts[other]], [&traces[0], &traces[other]], verb.word.as_deref()),
    };
    let shared = (1..traces.len()).map(words).collect();
    let seen = Seen { texts: &verb.texts, traces, shared, head: verb.head };
    if let Some(path) = &verb.html {
        let written = std::fs::write(path, page::page(&seen, &encoder.model().id().model));
        written.map_err(|e| Error::new(Kind::BadInput, format!("cannot write {}", path.display()), e))?;
    }
    match printer.json() {
        true => printer.object(&View::of(&seen, encoder.model().id()))?,
        false => printer.data(&text::text(&seen))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn check_head(head: Option<usize>, traces: &[Trace]) -> Result<(), Error> {
    let heads = traces.iter().filter_map(|trace| trace.attention.as_ref()).map(|a| a.heads).max().unwrap_or(0);
    match head {
        Some(head) if !(1..=heads).contains(&head) => {
            let reason = format!("there is no head {head}; the model's layers have {heads}");
            Err(Error::new(Kind::Usage, "cannot inspect so", reason))
        }
        _ => Ok(()),
    }
}

impl Seen<'_> {
    /// The text that a token stands for, or how the vocabulary writes it.
    fn shown(&self, text: usize, token: usize) -> &str {
        let token = &self.traces[text].tokens[token];
        let own = token.span.and_then(|(from, to)| self.texts[text].get(from..to)).map(str::trim);
        own.filter(|own| !own.is_empty()).unwrap_or(&token.token)
    }
}

/// The length of a vector.
fn norm(vector: &[f32]) -> f32 {
    vector.iter().map(|v| v * v).sum::<f32>().sqrt()
}
