use std::process::ExitCode;

use qiao::seams::Filter;

use super::ids;
use crate::args::Search;
use crate::out::Printer;
use crate::settings::Settings;
use crate::views::{HitsView, hits_text};

pub(crate) fn run(verb: &Search, settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    let engine = settings.existing_engine(printer)?;
    let hits = match &engine {
        Some(engine) => {
            let filter = match verb.documents.is_empty() {
                true => Filter::All,
                false => Filter::Documents(ids(engine, &verb.documents)?.into_iter().collect()),
            };
            match engine.documents()?.is_empty() {
                true => Vec::new(),
                false => engine.search(&verb.query, verb.hits as usize, &filter)?,
            }
        }
        None => Vec::new(),
    };
    let encoder = engine.map_or(Ok(None), |engine| engine.encoder_id())?;
    match printer.json() {
        true => printer.object(&HitsView::of(&hits, encoder.as_ref()))?,
        false => printer.data(&hits_text(&hits))?,
    }
    if hits.is_empty() {
        printer.note("nothing found: the knowledge base is empty (qiao add PATH)");
    }
    Ok(ExitCode::from(u8::from(hits.is_empty())))
}
