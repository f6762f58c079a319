use std::process::ExitCode;

use qiao::retrieve::{End, Mode, Request, Sought};
use qiao::seams::Filter;
use qiao::types::Found;
use qiao::{Engine, Kind};

use super::{document, ids};
use crate::args::Search;
use crate::out::Printer;
use crate::settings::Settings;
use crate::views::why_not::{WhyNotView, why_not_text};
use crate::views::{HitsView, hits_text};

pub(crate) fn run(verb: &Search, settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    let engine = match settings.searchable_engine(printer)? {
        Some(engine) if !engine.is_empty()? => Some(settings.reranking(engine, &verb.reranking)?),
        _ => None,
    };
    if let (Some(engine), Some(sought)) = (&engine, &verb.why_not) {
        return why_not(verb, engine, sought, printer);
    }
    let (hits, searched) = match &engine {
        Some(engine) => {
            let Found { hits, searched, .. } = engine.search(&verb.query, &request(verb, engine)?)?;
            (hits, Some(searched))
        }
        None => (Vec::new(), None),
    };
    let encoder = engine.as_ref().map_or(Ok(None), Engine::encoder_id)?;
    match printer.json() {
        true => printer.object(&HitsView::of(&hits, encoder.as_ref()))?,
        false => printer.data(&hits_text(&hits))?,
    }
    if hits.is_empty() {
        printer.note(nothing(verb, searched));
    }
    Ok(ExitCode::from(u8::from(hits.is_empty())))
}

fn request(verb: &Search, engine: &Engine) -> anyhow::Result<Request> {
    let selected = engine.filter(verb.selection.filter.as_ref())?;
    let filter = match verb.documents.is_empty() {
        true => selected,
        false => {
            let named = ids(engine, &verb.documents)?;
            Filter::Documents(named.into_iter().filter(|id| selected.passes(*id)).collect())
        }
    };
    let mode = match (verb.dense, verb.lexical) {
        (true, _) => Mode::Dense,
        (_, true) => Mode::Lexical,
        _ => Mode::Hybrid,
    };
    Ok(Request {
        hits: verb.hits as usize,
        filter,
        mode,
        min_score: verb.min_score,
        per_document: verb.per_document.map(|most| most as usize),
        diversity: verb.mmr,
        join: verb.join,
    })
}

/// A document where it names one, else a text.
fn why_not(verb: &Search, engine: &Engine, sought: &str, printer: &Printer) -> anyhow::Result<ExitCode> {
    let sought = match document(engine, sought) {
        Ok(found) => Sought::Document(found.id),
        Err(e) if e.kind() == Kind::NotFound => Sought::Text(sought.to_owned()),
        Err(e) => return Err(e.into()),
    };
    let lost = engine.why_not(&verb.query, &request(verb, engine)?, &sought)?;
    match printer.json() {
        true => printer.object(&WhyNotView::of(&lost))?,
        false => printer.data(&why_not_text(&lost, verb.hits as usize))?,
    }
    let found = lost.trails.iter().any(|trail| trail.end == End::Found);
    Ok(ExitCode::from(u8::from(!found)))
}

/// Why nothing was found among so many chunks, and what to do.
fn nothing(verb: &Search, searched: Option<usize>) -> &'static str {
    match searched {
        None => "nothing found: the knowledge base is empty (qiao add PATH)",
        Some(0) if verb.selection.filter.is_some() => {
            "nothing found: no document is selected by the filter (qiao list --filter shows which are)"
        }
        Some(0) => "nothing found: these documents hold no text",
        Some(_) if verb.min_score.is_some() => "nothing found that has the score asked for (--min-score)",
        Some(_) => "nothing found: no text has these words; without quotes and --lexical, meaning is searched, too",
    }
}
