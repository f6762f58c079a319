use std::process::ExitCode;

use qiao::{Error, Kind};
use serde_json::json;

use crate::args::Export;
use crate::out::Printer;
use crate::settings::Settings;

pub(crate) fn run(verb: &Export, settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    let kb = settings.kb().display();
    let Some(store) = settings.store()? else {
        let advice = "there is no such file; name one with --kb, or add documents first (qiao add PATH)";
        return Err(Error::new(Kind::NotFound, format!("cannot export {kb}"), advice).into());
    };
    let file = verb.file.display();
    store.export(&verb.file).map_err(|e| Error::from(e).while_doing(format!("cannot export {kb}")))?;
    match printer.json() {
        true => printer.object(&json!({"exported": settings.kb(), "file": verb.file}))?,
        false => printer.note(&format!("exported {kb} to {file}; `qiao import {file}` reads it")),
    }
    Ok(ExitCode::SUCCESS)
}
