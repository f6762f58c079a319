use std::process::ExitCode;

use qiao::types::{Labels, Metadata};
use qiao::{AddReport, FileOutcome, Kind};
use serde_json::json;

use super::{not_indexed, not_scrubbed};
use crate::args::Add;
use crate::out::{AddProgress, Printer};
use crate::settings::Settings;

pub(crate) fn run(verb: &Add, settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    let mut engine = settings.engine(printer)?;
    let mut progress = AddProgress::new(printer);
    let report = engine.add(&verb.paths, &labels(verb), &mut |event| progress.show(event))?;
    if printer.json() {
        lines(&report, printer)?;
    }
    let count = |wanted: fn(&FileOutcome) -> bool| report.files.iter().filter(|(_, outcome)| wanted(outcome)).count();
    let (added, unchanged, failed) = (
        count(|o| matches!(o, FileOutcome::Published { .. } | FileOutcome::Linked { .. })),
        count(|o| matches!(o, FileOutcome::Unchanged { .. })),
        count(|o| matches!(o, FileOutcome::Failed(_))),
    );
    report.not_indexed.as_ref().inspect(|why| not_indexed(why, printer));
    if !report.scrubbed {
        not_scrubbed(settings, printer);
    }
    let skipped = report.skipped.len();
    printer.note(&format!("{added} added, {unchanged} unchanged, {failed} failed, {skipped} skipped"));
    Ok(ExitCode::from(if failed > 0 { Kind::BadInput.exit_code() } else { 0 }))
}

fn labels(verb: &Add) -> Labels {
    let mut metadata = Metadata::new();
    for (key, value) in &verb.metadata {
        metadata.entry(key.clone()).or_default().push(value.clone());
    }
    let tags = verb.tags.iter().map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty());
    Labels { tags: tags.collect(), metadata }
}

/// One line a file: `{"path", "outcome", …}`.
fn lines(report: &AddReport, printer: &Printer) -> anyhow::Result<()> {
    for (path, outcome) in &report.files {
        let path = path.to_string_lossy();
        printer.object(&match outcome {
            FileOutcome::Published { id, replaced, chunks, unread, receipt, foreign } => json!({
                "path": path, "outcome": if *replaced { "replaced" } else { "added" }, "id": id, "chunks": chunks,
                "unread": unread, "receipt": receipt, "foreign": foreign,
            }),
            FileOutcome::Linked { id, replaced, chunks, same_as } => json!({
                "path": path, "outcome": if *replaced { "replaced" } else { "added" }, "id": id, "chunks": chunks,
                "same_as": same_as,
            }),
            FileOutcome::Unchanged { id } => json!({"path": path, "outcome": "unchanged", "id": id}),
            FileOutcome::Failed(error) => json!({"path": path, "outcome": "failed", "reason": error.reason()}),
        })?;
    }
    for skipped in &report.skipped {
        let (path, reason) = (skipped.path.to_string_lossy(), skipped.reason.to_string());
        printer.object(&json!({"path": path, "outcome": "skipped", "reason": reason}))?;
    }
    Ok(())
}
