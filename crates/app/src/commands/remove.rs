use std::process::ExitCode;

use serde_json::json;

use super::{document, missing};
use crate::args::Remove;
use crate::out::Printer;
use crate::settings::Settings;

pub(crate) fn run(verb: &Remove, settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    let Some(mut engine) = settings.existing_engine(printer)? else {
        return Err(missing(&verb.documents.join(", "), 0).into());
    };
    let documents = verb.documents.iter().map(|named| document(&engine, named)).collect::<Result<Vec<_>, _>>()?;
    engine.remove(&documents.iter().map(|d| d.id).collect::<Vec<_>>())?;
    for document in documents {
        match printer.json() {
            true => printer.object(&json!({"removed": document.id, "path": document.origin}))?,
            false => printer.note(&format!("removed {}", document.origin)),
        }
    }
    Ok(ExitCode::SUCCESS)
}
