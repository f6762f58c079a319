use std::process::ExitCode;

use crate::args::File;
use crate::out::Printer;
use crate::settings::Settings;

pub(crate) fn run(verb: &File, settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    let document = settings.stages(printer)?.parse_file(&verb.file)?;
    match printer.json() {
        true => printer.object(&document)?,
        false => printer.data(&format!("{}\n", document.content.text.trim_end()))?,
    }
    for part in &document.content.unread {
        printer.note(&format!("page {}: {}", part.page, part.reason));
    }
    Ok(ExitCode::SUCCESS)
}
