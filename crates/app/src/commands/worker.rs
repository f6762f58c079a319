use std::process::ExitCode;

use anyhow::Context;
use qiao::parse::run_worker;
use qiao::seams::Limits;
use qiao::types::Media;

use crate::args::ParseWorker;

pub(crate) fn run(verb: &ParseWorker) -> anyhow::Result<ExitCode> {
    let media = Media::from_name(&verb.media).with_context(|| format!("no media is called {}", verb.media))?;
    let limits = Limits { seconds: verb.seconds, memory: verb.memory, text: verb.text };
    run_worker(media, &limits, std::io::stdin().lock(), std::io::stdout().lock())?;
    Ok(ExitCode::SUCCESS)
}
