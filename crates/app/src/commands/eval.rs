use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use qiao::eval::answers;
use qiao::eval::retrieval::{self, Compared, DataSet, NAMES, Report};
use qiao::eval::sts::{self, Correlation};
use qiao::seams::{Encoder, Reranker};
use qiao::{Error, Kind};
use serde_json::json;

use super::embed::role;
use crate::args::{Answers, Retrieval, Split, Sts};
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

pub(crate) fn retrieval(verb: &Retrieval, settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    if let Some([a, b]) = verb.compare.as_deref() {
        return compare(a, b, printer);
    }
    let set = set(verb, settings, printer)?;
    let encoder = settings.serving_model(printer)?;
    let reranker = settings.reranker(&verb.reranking)?;
    let judge = reranker.as_ref().map(|reranker| reranker as &dyn Reranker);
    let folder = tempfile::tempdir().context("cannot make a folder for the passages")?;
    let mut progress = EvalProgress::of_retrieval(printer);
    let runs = retrieval::run(&set, &encoder, judge, folder.path(), &mut |done| progress.retrieval(done))?;
    drop(progress);
    let report = Report::of(&set, &runs);
    match printer.json() {
        true => {
            let mut json = serde_json::to_value(&report)?;
            json["encoder"] = serde_json::to_value(&*encoder.id())?;
            printer.object(&json)?;
        }
        false => printer.data(&report_text(&report))?,
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn answers(verb: &Answers, settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    let set = match (&verb.data, &verb.queries, &verb.passages) {
        (_, Some(queries), Some(passages)) => DataSet::across(queries, passages)?,
        (data, ..) => DataSet::squad(data.as_deref().unwrap_or(Path::new("")))?,
    };
    let split = match verb.split {
        Split::Article => answers::Split::Article,
        Split::Passage => answers::Split::Passage,
        Split::None => answers::Split::None,
    };
    let encoder: Arc<dyn Encoder> = Arc::new(settings.serving_model(printer)?);
    let mut engine = settings.writing(settings.stages_with(encoder.clone())?, &verb.chat, printer)?;
    let folder = tempfile::tempdir().context("cannot make a folder for the passages")?;
    let progress = EvalProgress::of_retrieval(printer);
    let mut show = |asked: answers::Asked| progress.questions(asked.done, asked.of);
    let report = answers::run(&set, split, &mut engine, folder.path(), &mut show)?;
    drop(progress);
    match printer.json() {
        true => {
            let mut json = serde_json::to_value(&report)?;
            json["encoder"] = serde_json::to_value(&*encoder.id())?;
            printer.object(&json)?;
        }
        false => printer.data(&answers_text(&report))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn answers_text(report: &answers::Report) -> String {
    let mut out = format!(
        "{}: {} questions whose passage is in the base, {} whose passage is not\n",
        report.set, report.in_base, report.out_of_base
    );
    let rows = [
        ("answered", report.answered),
        ("passage right", report.passage_right),
        ("contains gold", report.contains_gold),
        ("verbatim", report.verbatim),
        ("out of base, answered", report.out_of_base_answered),
    ];
    rows.iter().for_each(|(name, share)| out += &format!("{name:<22} {share:.4}\n"));
    out
}

fn set(verb: &Retrieval, settings: &Settings, printer: &Printer) -> anyhow::Result<DataSet> {
    if let Some(wanted) = verb.questions_from_documents {
        let engine = settings.existing_engine(printer)?;
        let set = engine.map_or(Ok(DataSet::default()), |e| retrieval::from_documents(&e, wanted as usize))?;
        if set.queries.is_empty() {
            let why = "no sentence in it is long and whole enough to ask for its chunk; add documents (qiao add PATH)";
            let doing = format!("cannot make questions of {}", settings.kb().display());
            return Err(Error::new(Kind::BadInput, doing, why).into());
        }
        return Ok(set);
    }
    Ok(match (&verb.data, &verb.queries, &verb.passages) {
        (Some(data), ..) => DataSet::read(data)?,
        (_, Some(queries), Some(passages)) => DataSet::across(queries, passages)?,
        // clap asks for one of them
        _ => DataSet::default(),
    })
}

fn report_text(report: &Report) -> String {
    let Report { set, results, .. } = report;
    let mut out = format!("{}: {} questions, {} passages", set.name, set.queries, set.passages);
    if set.left_out > 0 {
        out += &format!(" ({} questions have none and were left out)", set.left_out);
    }
    out += &format!("\n{:<10}", "");
    NAMES.iter().for_each(|name| out += &format!(" {name:>22}"));
    out.push('\n');
    for (way, summary) in results {
        out += &format!("{way:<10}");
        for (name, mean) in NAMES.iter().zip(summary.mean.values()) {
            let [low, high] = summary.intervals.get(*name).copied().unwrap_or_default();
            out += &format!(" {:>22}", format!("{mean:.4} ({low:.3}-{high:.3})"));
        }
        out.push('\n');
    }
    out
}

fn compare(a: &Path, b: &Path, printer: &Printer) -> anyhow::Result<ExitCode> {
    let read = |path: &Path| -> Result<Report, Error> {
        let doing = || format!("cannot read an evaluation from {}", path.display());
        let bytes = std::fs::read(path).map_err(|e| Error::new(Kind::BadInput, doing(), e))?;
        serde_json::from_slice(&bytes).map_err(|e| Error::new(Kind::BadInput, doing(), e))
    };
    let compared = retrieval::compare(&read(a)?, &read(b)?).ok_or_else(|| {
        let doing = format!("cannot compare {} with {}", a.display(), b.display());
        Error::new(Kind::BadInput, doing, "they share no question that was asked in one way")
    })?;
    match printer.json() {
        true => printer.object(&compared)?,
        false => printer.data(&compared_text(&compared))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn compared_text(compared: &Compared) -> String {
    let Compared { queries, of_one, differences } = compared;
    let mut out = format!("{queries} questions of both, {of_one} of one alone; {} comparisons\n", differences.len());
    for one in differences {
        let [a, b] = one.means;
        let [low, high] = one.interval;
        let verdict = if one.more_than_chance { "more than chance" } else { "no more than chance" };
        out += &format!(
            "{:<10} {:<10} {a:.4} {b:.4}  {:+.4} ({low:+.4} to {high:+.4})  p = {:.4}  {verdict}\n",
            one.way,
            one.measure,
            b - a,
            one.p
        );
    }
    out
}
