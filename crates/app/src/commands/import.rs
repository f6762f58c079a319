use std::path::Path;
use std::process::ExitCode;

use qiao::Error;
use qiao::store::Portable;
use serde_json::json;

use super::not_scrubbed;
use crate::args::Import;
use crate::out::{ImportProgress, Printer};
use crate::settings::Settings;

pub(crate) fn run(verb: &Import, settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    let settings = verb.into.as_ref().map_or_else(|| settings.clone(), |kb| settings.with_kb(kb));
    let kb = settings.kb();
    let folder = kb.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed = |e| Error::from(e).while_doing(format!("cannot import {}", verb.file.display()));
    let other = Portable::open(&verb.file, folder, settings.wait()).map_err(failed)?;
    if !kb.exists() {
        other.keep_as(kb).map_err(failed)?;
        let documents = settings.existing_engine(printer)?.map_or(Ok(Vec::new()), |engine| engine.documents())?.len();
        match printer.json() {
            true => printer.object(&json!({"copied": documents, "kb": kb}))?,
            false => printer.note(&format!("{} is a copy of it, with {documents} document(s)", kb.display())),
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut engine = settings.engine(printer)?;
    let mut progress = ImportProgress::new(printer);
    let report = engine.import(other.store(), verb.embed_again, &mut |event| progress.show(event))?;
    drop(progress);
    if !report.scrubbed {
        not_scrubbed(&settings, printer);
    }
    match printer.json() {
        true => printer.object(&report)?,
        false => printer.note(&format!(
            "{} taken, of which {} share text with documents that were here and {} replace an older version; {} kept as they \
             are here; {} chunk(s) embedded again",
            report.added + report.linked,
            report.linked,
            report.replaced,
            report.kept,
            report.embedded
        )),
    }
    Ok(ExitCode::SUCCESS)
}
