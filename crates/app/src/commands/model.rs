use std::process::ExitCode;

use qiao::model::fetch::{self, FetchConfig, FetchError, installed};
use qiao::model::registry::{MODELS, ModelRow};
use qiao::{Error, Kind};
use serde_json::json;

use crate::args::Pull;
use crate::out::{FetchProgress, Printer};
use crate::settings::Settings;

fn failed(e: FetchError) -> Error {
    let kind = match e {
        FetchError::UnknownModel { .. } => Kind::Usage,
        _ => Kind::Model,
    };
    Error::new(kind, "cannot get the model", e)
}

pub(crate) fn list(_settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    let config = FetchConfig::from_env().map_err(failed)?;
    for row in MODELS {
        match printer.json() {
            true => printer.object(&object(row, &config))?,
            false => printer.data(&text(row, &config))?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn object(row: &ModelRow, config: &FetchConfig) -> serde_json::Value {
    let here = installed(row, config);
    json!({
        "name": row.name, "summary": row.summary, "languages": row.languages, "dimension": row.dimension,
        "max_tokens": row.max_tokens, "installed": here.is_some(), "path": here.as_ref().map(|h| h.path.to_string_lossy()),
        "bytes": here.as_ref().map(|h| h.bytes), "source": here.as_ref().map(|h| h.source.as_str()),
    })
}

fn text(row: &ModelRow, config: &FetchConfig) -> String {
    let here = match installed(row, config) {
        Some(here) => format!("here: {} MB in {}", here.bytes / 1_000_000, here.path.display()),
        None => format!("not here: needs {}", row.needs),
    };
    format!(
        "{}\n    {}\n    {} dimensions, {} tokens\n    {here}\n",
        row.name, row.summary, row.dimension, row.max_tokens
    )
}

pub(crate) fn pull(verb: &Pull, _settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    let config = FetchConfig::from_env().map_err(failed)?;
    let mut progress = FetchProgress::new(printer);
    let found = fetch::pull(&verb.name, &config, &mut |event| progress.show(&event)).map_err(failed)?;
    drop(progress);
    match printer.json() {
        true => printer.object(&json!({
            "name": found.name, "path": found.path.to_string_lossy(), "source": found.source,
            "revision": found.revision, "fell_back_from": found.fell_back_from,
        }))?,
        false => printer.data(&format!("{}\n", found.path.display()))?,
    }
    Ok(ExitCode::SUCCESS)
}
