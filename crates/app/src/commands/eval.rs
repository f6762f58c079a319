use std::process::ExitCode;

use qiao::Error;
use qiao::eval::sts::{self, Correlation};
use serde_json::json;

use super::embed::role;
use crate::args::Sts;
use crate::out::{EvalProgress, Printer};
use crate::settings::Settings;

pub(crate) fn sts(verb: &Sts, settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    let files = sts::files(&verb.data)?;
    let sets = files.iter().map(|file| sts::read(file)).collect::<Result<Vec<_>, Error>>()?;
    let encoder = settings.model(None, printer)?;
    let mut progress = EvalProgress::new(printer, files.len());
    let mut found = Vec::with_capacity(files.len());
    for (file, pairs) in files.iter().zip(&sets) {
        let spearman =
            sts::correlate(&encoder, role(verb.role), pairs, &mut |sentences| progress.sentences(sentences))?;
        let file = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        found.push(Correlation { file, pairs: pairs.len(), spearman });
        progress.file();
    }
    drop(progress);
    let defined: Vec<f64> = found.iter().filter_map(|one| one.spearman).collect();
    let mean = (!defined.is_empty()).then(|| defined.iter().sum::<f64>() / defined.len() as f64);
    match printer.json() {
        true => printer.object(&json!({"files": found, "mean": mean, "encoder": encoder.model().id()}))?,
        false => {
            found.iter().try_for_each(|one| printer.data(&line(&one.file, Some(one.pairs), one.spearman)))?;
            printer.data(&line("mean", None, mean))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn line(name: &str, pairs: Option<usize>, spearman: Option<f64>) -> String {
    let pairs = pairs.map_or_else(String::new, |pairs| pairs.to_string());
    let spearman = spearman.map_or_else(|| "undefined".to_owned(), |spearman| format!("{spearman:.4}"));
    format!("{name:<24} {pairs:>6}  {spearman}\n")
}
