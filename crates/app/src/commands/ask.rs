use std::ops::ControlFlow;
use std::process::ExitCode;

use qiao::retrieve::Request;
use qiao::seams::Filter;
use qiao::types::{Answer, Labels, Refusal};
use qiao::{AddReport, Engine};

use super::{not_indexed, not_scrubbed};
use crate::args::Ask;
use crate::out::{AddProgress, AskProgress, Printer};
use crate::settings::Settings;
use crate::views::answer::{AnswerView, prompt_text, quotations_text, refusal_text, sources_text};

pub(crate) fn run(verb: &Ask, settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    let (answer, said, encoder) = match prepared(verb, settings, printer)? {
        Some((engine, filter)) => {
            let (answer, said) = ask(verb, &engine, filter, printer)?;
            (answer, said, engine.encoder_id()?)
        }
        None => (Answer::refused(Refusal::NothingToSearch), false, None),
    };
    match printer.json() {
        true => printer.object(&AnswerView::of(&answer, encoder.as_ref(), verb.show_prompt))?,
        false => printer.data(&rest_text(&answer, said, verb.show_prompt))?,
    }
    Ok(ExitCode::from(u8::from(answer.refusal.is_some())))
}

/// The engine that is asked, and what it is to look at; `None` where there is nothing.
fn prepared(verb: &Ask, settings: &Settings, printer: &Printer) -> anyhow::Result<Option<(Engine, Filter)>> {
    if verb.sources.is_empty() {
        let Some(engine) = settings.searchable_engine(printer)? else { return Ok(None) };
        let filter = engine.filter(verb.selection.filter.as_ref())?;
        return Ok(Some((settings.writing(engine, &verb.chat, printer)?, filter)));
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
    Ok(Some((engine, filter)))
}

/// The answer, and whether its text was said already: what a language model writes is, sentence by sentence.
fn ask(verb: &Ask, engine: &Engine, filter: Filter, printer: &Printer) -> anyhow::Result<(Answer, bool)> {
    let request = Request { hits: verb.hits as usize, filter, ..Request::default() };
    let writes = verb.chat.chat.is_some();
    // the prompt is to stand before the answer, and is known with it
    let aloud = writes && !printer.json() && !verb.show_prompt;
    let progress = writes.then(|| AskProgress::new(printer));
    let mut said = Ok(false);
    let answer = engine.ask_aloud(&verb.question, &request, &mut |text| {
        if !aloud {
            return ControlFlow::Continue(());
        }
        progress.iter().for_each(AskProgress::end);
        said = printer.data(text).map(|()| true);
        if said.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    let said = said?;
    if said && answer.is_err() {
        printer.data("\n")?;
    }
    Ok((answer?, said))
}

/// What a reader is still to get of an answer.
fn rest_text(answer: &Answer, said: bool, show_prompt: bool) -> String {
    let prompt = if show_prompt { prompt_text(&answer.prompt) } else { String::new() };
    let rest = match answer.refusal {
        Some(refusal) => format!("{}\n", refusal_text(refusal, answer.judgement)),
        None if answer.usage.chat.is_none() => quotations_text(answer),
        None => format!("{}\n{}", if said { "" } else { &answer.text }, sources_text(answer)),
    };
    prompt + &rest
}
