use std::process::ExitCode;

use qiao::Engine;
use qiao::types::DocumentSummary;
use serde_json::json;

use super::{absolute, document, missing, not_scrubbed};
use crate::args::Remove;
use crate::out::Printer;
use crate::settings::Settings;

/// What a person names: a document, or the origin of a file that was tried and is none.
enum Named {
    Document(DocumentSummary),
    Origin(String),
}

pub(crate) fn run(verb: &Remove, settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    let Some(mut engine) = settings.existing_engine(printer)? else {
        return Err(missing(&verb.documents.join(", "), 0).into());
    };
    let named = verb.documents.iter().map(|name| named(&engine, name)).collect::<anyhow::Result<Vec<_>>>()?;
    let (mut ids, mut origins) = (Vec::new(), Vec::new());
    for one in &named {
        match one {
            Named::Document(document) => ids.push(document.id),
            Named::Origin(origin) => origins.push(origin.clone()),
        }
    }
    printer.event(&json!({"event": "removing", "documents": ids}));
    let removed = engine.remove(&ids, &origins)?;
    for one in named {
        let (id, path) = match one {
            Named::Document(document) => (Some(document.id), document.origin),
            Named::Origin(origin) => (None, origin),
        };
        match printer.json() {
            true => printer.object(&json!({"removed": id, "path": path}))?,
            false => printer.note(&format!("removed {path}")),
        }
    }
    if !removed.scrubbed {
        not_scrubbed(settings, printer);
    }
    Ok(ExitCode::SUCCESS)
}

fn named(engine: &Engine, name: &str) -> anyhow::Result<Named> {
    match document(engine, name) {
        Ok(found) => Ok(Named::Document(found)),
        Err(error) => match absolute(name) {
            Some(origin) if engine.remembers(&origin)? => Ok(Named::Origin(origin)),
            _ => Err(error.into()),
        },
    }
}
