//! The house's own chores: `cargo xtask check | test | layering | gen-docs | torture`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people at a terminal")]

mod docs;
mod layering;
mod suite;
mod torture;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

const USAGE: &str = "usage: cargo xtask check|test|layering|gen-docs|torture
  check     all that CI checks: format, layers, docs, lints, rustdoc, tests
  test      pull the models that tests need, run all tests, end with a line `N passed, N failed`
  layering  who may import whom
  gen-docs  write docs/cli.md anew
  torture [ROUNDS [SEED]]
            kill the program while it adds, replaces, removes and imports, 200 times, and look whether anything is lost";

/// Rounds of torture in a check.
const ROUNDS_OF_CHECK: usize = 20;
/// And where nothing else is said.
const ROUNDS: usize = 200;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["check"] => check(),
        ["test"] => suite::run(),
        ["layering"] => layering::check(&root()),
        ["gen-docs"] => build().and_then(|()| docs::write(&root())),
        ["torture", ref numbers @ ..] if numbers.len() < 3 => torture(numbers),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn torture(numbers: &[&str]) -> Result<()> {
    let number =
        |at: usize| numbers.get(at).map(|n| n.parse::<u64>().context("ROUNDS and SEED are numbers")).transpose();
    let (rounds, seed) = (number(0)?.map_or(ROUNDS, |n| n as usize), number(1)?);
    build()?;
    torture::run(rounds, seed)
}

fn check() -> Result<()> {
    step("format", cargo(&["fmt", "--all", "--check"]))?;
    println!("== layering");
    layering::check(&root())?;
    println!("== links in docs");
    docs::check_links(&root())?;
    step("lints", cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]))?;
    let mut rustdoc = cargo(&["doc", "--workspace", "--no-deps", "--quiet"]);
    rustdoc.env("RUSTDOCFLAGS", "-D warnings");
    step("rustdoc", rustdoc)?;
    build()?;
    println!("== generated docs");
    docs::check_generated(&root())?;
    suite::pull_models()?;
    println!("== torture");
    torture::run(ROUNDS_OF_CHECK, None)?;
    println!("== tests");
    suite::run()
}

/// The repository's root.
fn root() -> PathBuf {
    // a target folder may be shared by several checkouts: the one that is run counts, not the one that was built
    let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let here = Path::new(&here);
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}

fn step(name: &str, mut command: Command) -> Result<()> {
    println!("== {name}");
    let status = command.status().with_context(|| format!("cannot run {command:?}"))?;
    if !status.success() {
        bail!("{name} failed");
    }
    Ok(())
}

/// Builds all tests and with them the program, in the one profile that serves both.
fn build() -> Result<()> {
    step("build", cargo(&["test", "--workspace", "--no-run", "--quiet"]))
}

/// The program as [`build`] left it: beside this one.
fn qiao() -> Result<Command> {
    let here = std::env::current_exe()?;
    let program = here.with_file_name(format!("qiao{}", std::env::consts::EXE_SUFFIX));
    let mut command = Command::new(program);
    command.current_dir(root());
    Ok(command)
}
