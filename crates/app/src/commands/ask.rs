use std::process::ExitCode;

use qiao::retrieve::Request;
use qiao::seams::Filter;
use qiao::types::{Answer, Labels, Refusal};
use qiao::{AddReport, Engine};

use super::{not_indexed, not_scrubbed};
use crate::args::Ask;
use crate::out::{AddProgress, Printer};
use crate::settings::Settings;
use crate::views::answer::{AnswerView, answer_text, prompt_text, refusal_text};

pub(crate) fn run(verb: &Ask, settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    let (answer, encoder) = match answer(verb, settings, printer)? {
        Some((answer, engine)) => (answer, engine.encoder_id()?),
        None => (Answer::refused(Refusal::NothingToSearch), None),
    };
    if verb.show_prompt && !printer.json() {
        printer.data(&prompt_text(&answer.prompt))?;
    }
    match (printer.json(), answer.refusal) {
        (true, _) => printer.object(&AnswerView::of(&answer, encoder.as_ref(), verb.show_prompt))?,
        (false, None) => printer.data(&answer_text(&answer))?,
        (false, Some(refusal)) => printer.data(&format!("{}\n", refusal_text(refusal, answer.judgement)))?,
    }
    Ok(ExitCode::from(u8::from(answer.refusal.is_some())))
}

fn answer(verb: &Ask, settings: &Settings, printer: &Printer) -> anyhow::Result<Option<(Answer, Engine)>> {
    if verb.sources.is_empty() {
        let Some(engine) = settings.searchable_engine(printer)? else { return Ok(None) };
        let request = request(verb, engine.filter(verb.selection.filter.as_ref())?);
        let engine = settings.writing(engine, &verb.chat, printer)?;
        return Ok(Some((engine.ask(&verb.question, &request)?, engine)));
    }
    let mut engine = settings.writing(settings.engine(printer)?, &verb.chat, printer)?;
    let mut progress = AddProgress::new(printer);
    let report: AddReport = engine.add(&verb.sources, &Labels::default(), &mut |event| progress.show(event))?;
    report.not_indexed.as_ref().inspect(|why| not_indexed(why, printer));
    if !report.scrubbed {
        not_scrubbed(settings, printer);
    }
    let documents = report.documents();
    if documents.is_empty() {
        return report.first_failure().map_or(Ok(None), |failure| Err(failure.into()));
    }
    let selected = engine.filter(verb.selection.filter.as_ref())?;
    let filter = Filter::Documents(documents.into_iter().filter(|id| selected.passes(*id)).collect());
    Ok(Some((engine.ask(&verb.question, &request(verb, filter))?, engine)))
}

fn request(verb: &Ask, filter: Filter) -> Request {
    Request { hits: verb.hits as usize, filter, ..Request::default() }
}
