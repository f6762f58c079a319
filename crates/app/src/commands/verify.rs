use std::process::ExitCode;

use qiao::store::SqliteStore;
use qiao::types::{Finding, Remedy};
use qiao::{Error, Kind, RepairEvent};
use serde_json::json;

use crate::args::Verify;
use crate::out::{Printer, RepairProgress};
use crate::settings::Settings;

/// Times that a repair is tried while it changes anything.
const ROUNDS: usize = 4;

/// Findings on standard output; 0 where there are none, and the store's exit code where some are left.
pub(crate) fn run(verb: &Verify, settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    let Some(mut findings) = check(settings, printer)? else {
        printer.note(&format!("there is no knowledge base {} (qiao add PATH)", settings.kb().display()));
        return Ok(ExitCode::SUCCESS);
    };
    // some faults are seen only once others are mended
    for _ in 0..ROUNDS {
        if !verb.repair || findings.is_empty() {
            break;
        }
        show(&findings, Some(false), printer)?;
        repair(&findings, settings, printer)?;
        let left = check(settings, printer)?.unwrap_or_default();
        let stays = left == findings;
        findings = left;
        printer.note(if findings.is_empty() { "all of it is repaired" } else { "what is left:" });
        if stays {
            break;
        }
    }
    show(&findings, verb.repair.then_some(true), printer)?;
    if findings.is_empty() {
        printer.note(&format!("{} is sound", settings.kb().display()));
    }
    Ok(ExitCode::from(if findings.is_empty() { 0 } else { Kind::Store.exit_code() }))
}

fn check(settings: &Settings, printer: &Printer) -> Result<Option<Vec<Finding>>, Error> {
    let Some((findings, pages_seen)) = SqliteStore::verify(settings.kb(), settings.wait())? else { return Ok(None) };
    if !pages_seen {
        printer.note("another process has the file open: whether its free pages are empty was not looked at");
    }
    Ok(Some(findings))
}

/// `left`, in a repair: whether they are found after it.
fn show(findings: &[Finding], left: Option<bool>, printer: &Printer) -> anyhow::Result<()> {
    for Finding { origin, what, remedy } in findings {
        if printer.json() {
            let mut finding = json!({"path": origin, "what": what, "remedy": name(remedy)});
            if let Some(left) = left {
                finding["left"] = left.into();
            }
            printer.object(&finding)?;
            continue;
        }
        let whose = origin.as_ref().map_or_else(String::new, |origin| format!("{origin}: "));
        printer.data(&format!("{whose}{what}; {}\n", remedy.advice()))?;
    }
    Ok(())
}

fn name(remedy: &Remedy) -> &'static str {
    match remedy {
        Remedy::Reindex => "reindex",
        Remedy::Rebuild => "rebuild",
        Remedy::Sweep => "sweep",
        Remedy::Unstage => "unstage",
        Remedy::Embed(..) => "embed",
        Remedy::Read(..) => "read",
        Remedy::Rewrite => "rewrite",
        Remedy::Backup => "backup",
    }
}

fn repair(findings: &[Finding], settings: &Settings, printer: &Printer) -> anyhow::Result<()> {
    let Some(mut engine) = settings.existing_engine(printer)? else { return Ok(()) };
    let mut progress = RepairProgress::new(printer);
    let mut on_event = |event: &RepairEvent<'_>| progress.show(event);
    let report = engine.repair(findings, &mut on_event)?;
    drop(progress);
    printer.note(&format!("{} text(s) read again, {} embedded again", report.read, report.embedded));
    Ok(())
}
