use std::process::ExitCode;

use crate::args::List;
use crate::out::Printer;
use crate::settings::Settings;
use crate::views::document_line;

pub(crate) fn run(verb: &List, settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    let engine = settings.existing_engine(printer)?;
    let documents = match &engine {
        Some(engine) => engine.selected(verb.selection.filter.as_ref())?,
        None => Vec::new(),
    };
    for document in &documents {
        match printer.json() {
            true => printer.object(document)?,
            false => printer.data(&document_line(document))?,
        }
    }
    if documents.is_empty() && verb.selection.filter.is_some() {
        printer.note(&format!("no document in {} is selected by the filter", settings.kb().display()));
    } else if documents.is_empty() {
        printer.note(&format!("no documents in {} (qiao add PATH)", settings.kb().display()));
    }
    Ok(ExitCode::SUCCESS)
}
