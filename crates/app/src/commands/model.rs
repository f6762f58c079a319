use std::process::ExitCode;

use qiao::embed::ModelEncoder;
use qiao::model::fetch::{self, FetchConfig, FetchError, ModelDir, installed};
use qiao::model::registry::{MODELS, ModelRow, Purpose};
use qiao::model::{EncoderId, Generator, Golden, Precision, Provenance};
use qiao::seams::Encoder;
use qiao::{Error, Kind};
use serde_json::json;

use crate::args::{Named, Pull, VerifyModel};
use crate::golden::{compare, compared_text, held};
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
        "name": row.name, "summary": row.summary, "languages": row.languages,
        "purpose": purpose(row), "dimension": row.encoding().map(|encoding| encoding.dimension), "max_tokens": row.max_tokens, "installed": here.is_some(), "path": here.as_ref().map(|h| h.path.to_string_lossy()),
        "bytes": here.as_ref().map(|h| h.bytes), "source": here.as_ref().map(|h| h.source.as_str()),
    })
}

fn text(row: &ModelRow, config: &FetchConfig) -> String {
    let here = match installed(row, config) {
        Some(here) => format!("here: {} MB in {}", here.bytes / 1_000_000, here.path.display()),
        None => format!("not here: needs {}", row.needs),
    };
    let numbers = match row.encoding() {
        Some(encoding) => format!("{} dimensions, {} tokens", encoding.dimension, row.max_tokens),
        None => format!("for conversations, {} tokens", row.max_tokens),
    };
    format!("{}\n    {}\n    {numbers}\n    {here}\n", row.name, row.summary)
}

fn purpose(row: &ModelRow) -> &'static str {
    match row.purpose {
        Purpose::Encode(_) => "encode",
        Purpose::Write => "write",
    }
}

pub(crate) fn pull(verb: &Pull, _settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    let config = FetchConfig::from_env().map_err(failed)?;
    let mut progress = FetchProgress::new(printer);
    let found = fetch::pull(&verb.name, &config, &mut |event| progress.show(&event)).map_err(failed)?;
    drop(progress);
    if found.row.is_some_and(|row| row.purpose == Purpose::Write) {
        return pulled_writer(&found, printer);
    }
    let broken = |e| Error::new(Kind::Model, format!("cannot load the model {}", found.path.display()), e);
    let encoder = ModelEncoder::load(&found.path, Provenance::of(&found, &config), Precision::F32).map_err(broken)?;
    let compared = compare(&encoder, None)?;
    match printer.json() {
        true => printer.object(&json!({
            "name": found.name, "path": found.path.to_string_lossy(), "source": found.source,
            "revision": found.revision, "fell_back_from": found.fell_back_from, "verified": compared,
        }))?,
        false => printer.data(&format!("{}\n", found.path.display()))?,
    }
    match compared {
        Some(compared) => {
            printer.note(&compared_text(&encoder, &compared));
            held(&encoder, &compared)?;
        }
        None => printer.note(&format!("{}: no golden texts are stored, so its numbers were not compared", found.name)),
    }
    Ok(ExitCode::SUCCESS)
}

/// A model that writes is loaded, which tells whether its file can be read.
fn pulled_writer(found: &ModelDir, printer: &Printer) -> anyhow::Result<ExitCode> {
    let broken = |e| Error::new(Kind::Model, format!("cannot load the model {}", found.path.display()), e);
    Generator::load(&found.path).map_err(broken)?;
    match printer.json() {
        true => printer.object(&json!({
            "name": found.name, "path": found.path.to_string_lossy(), "source": found.source,
            "revision": found.revision, "fell_back_from": found.fell_back_from,
        }))?,
        false => printer.data(&format!("{}\n", found.path.display()))?,
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn show(verb: &Named, settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    let encoder = settings.model(verb.name.as_deref(), printer)?;
    let id = encoder.id();
    let (directory, notes) = (encoder.model().directory().to_string_lossy().into_owned(), encoder.model().notes());
    let notes: Vec<String> = notes.iter().map(ToString::to_string).collect();
    match printer.json() {
        true => printer
            .object(&json!({"encoder": &*id, "space": id.space_key(), "directory": directory, "notes": notes}))?,
        false => printer.data(&identity_text(&id, &directory))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The identity, a line each.
fn identity_text(id: &EncoderId, directory: &str) -> String {
    let quoted = |prompt: &str| if prompt.is_empty() { "none".to_owned() } else { format!("{prompt:?}") };
    let mut modules = vec![format!("{} pooling", id.pooling)];
    modules.extend(id.modules.iter().cloned());
    if id.normalized {
        modules.push("brought to unit length".into());
    }
    let rows = [
        ("model", id.model.clone()),
        ("directory", directory.to_owned()),
        ("revision", if id.revision.is_empty() { "none".into() } else { id.revision.clone() }),
        ("weights", id.weights_sha256.clone()),
        ("tokenizer", id.tokenizer_sha256.clone()),
        ("settings", id.settings_sha256.clone()),
        ("modules", modules.join(", ")),
        ("prompts", format!("query {}, passage {}", quoted(&id.prompts.query), quoted(&id.prompts.passage))),
        ("dimension", id.dimension.to_string()),
        ("max tokens", id.max_tokens.map_or_else(|| "no limit".into(), |n| n.to_string())),
        ("precision", format!("passages {}, queries {}", id.passage_precision, id.query_precision)),
        ("space", id.space_key()),
    ];
    rows.iter().map(|(name, value)| format!("{name:<11}{value}\n")).collect()
}

pub(crate) fn verify(verb: &VerifyModel, settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    let encoder = settings.model(verb.model.name.as_deref(), printer)?;
    let given = verb.reference.as_deref().map(reference).transpose()?;
    let Some(compared) = compare(&encoder, given)? else {
        let doing = format!("cannot verify {}", encoder.id().model);
        return Err(Error::new(Kind::NotFound, doing, NO_GOLDEN).into());
    };
    match printer.json() {
        true => {
            printer.object(&json!({"model": encoder.id().model, "holds": compared.holds(), "compared": compared}))?
        }
        false => printer.data(&format!("{}\n", compared_text(&encoder, &compared)))?,
    }
    held(&encoder, &compared)?;
    Ok(ExitCode::SUCCESS)
}

const NO_GOLDEN: &str = "no golden texts are stored for these weights; make some with crates/model/golden/make_references.py \
                         and give them with --reference";

fn reference(path: &std::path::Path) -> Result<Golden, Error> {
    let failed = |e: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(Kind::BadInput, format!("cannot read golden texts from {}", path.display()), e)
    };
    let text = std::fs::read_to_string(path).map_err(|e| failed(e.into()))?;
    Golden::from_json(&text).map_err(|e| failed(e.into()))
}
