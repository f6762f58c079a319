use std::process::ExitCode;

use crate::out::Printer;
use crate::settings::Settings;
use crate::views::document_line;

pub(crate) fn run(settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    let engine = settings.existing_engine(printer)?;
    let documents = engine.map_or(Ok(Vec::new()), |engine| engine.documents())?;
    for document in &documents {
        match printer.json() {
            true => printer.object(document)?,
            false => printer.data(&document_line(document))?,
        }
    }
    if documents.is_empty() {
        printer.note(&format!("no documents in {} (qiao add PATH)", settings.kb().display()));
    }
    Ok(ExitCode::SUCCESS)
}
