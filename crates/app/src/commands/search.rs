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
            let selected = engine.filter(verb.selection.filter.as_ref())?;
            let filter = match verb.documents.is_empty() {
                true => selected,
                false => {
                    let named = ids(engine, &verb.documents)?;
                    Filter::Documents(named.into_iter().filter(|id| selected.passes(*id)).collect())
                }
            };
            match engine.is_empty()? {
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
    if hits.is_empty() && verb.selection.filter.is_some() {
        printer.note("nothing found: no document is selected by the filter (qiao list --filter shows which are)");
    } else if hits.is_empty() {
        printer.note("nothing found: the knowledge base is empty (qiao add PATH)");
    }
    Ok(ExitCode::from(u8::from(hits.is_empty())))
}
