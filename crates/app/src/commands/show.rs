use std::process::ExitCode;

use super::{document, missing};
use crate::args::Show;
use crate::out::Printer;
use crate::settings::Settings;

pub(crate) fn run(verb: &Show, settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    let Some(engine) = settings.existing_engine(printer)? else { return Err(missing(&verb.document, 0).into()) };
    let mut whole = engine.document(document(&engine, &verb.document)?.id)?;
    if whole.is_none() {
        // a new version took its place, and a new number, just now
        whole = engine.document(document(&engine, &verb.document)?.id)?;
    }
    let whole = whole.ok_or_else(|| missing(&verb.document, 0))?;
    match printer.json() {
        true => printer.object(&whole)?,
        false => printer.data(&format!("{}\n", whole.content.text.trim_end()))?,
    }
    Ok(ExitCode::SUCCESS)
}
