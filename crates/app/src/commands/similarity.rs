use std::process::ExitCode;

use qiao::Error;
use qiao::model::{Long, Role};
use qiao::seams::Encoder;
use serde_json::json;

use crate::args::Similarity;
use crate::out::Printer;
use crate::settings::Settings;

pub(crate) fn run(verb: &Similarity, settings: &Settings, printer: &Printer) -> anyhow::Result<ExitCode> {
    let encoder = settings.model(None, printer)?;
    let query = encoder.embed(Role::Query, &[&verb.query], Long::Window).map_err(Error::from)?;
    let texts: Vec<&str> = verb.texts.iter().map(String::as_str).collect();
    let others = encoder.embed(Role::Passage, &texts, Long::Window).map_err(Error::from)?;
    let cosine = |other: &(qiao::types::Embedding, _)| query.first().and_then(|(query, _)| query.cosine(&other.0));
    let scores: Vec<f32> = others.iter().filter_map(cosine).collect();
    match printer.json() {
        true => printer.object(&json!({"scores": scores, "encoder": &*encoder.id()}))?,
        false => {
            for (score, text) in scores.iter().zip(texts) {
                printer.data(&format!("{score:.6}  {text}\n"))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
