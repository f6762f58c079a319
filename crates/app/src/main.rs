//! The program `qiao`: arguments, then resolved settings, then work; thin faces over the engine.

mod args;
mod commands;
mod golden;
mod html;
mod out;
mod settings;
mod terminal;
mod views;
mod writer;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command, EvalCommand, ModelCommand};
use crate::out::Printer;
use crate::settings::Settings;

fn main() -> ExitCode {
    let args = Args::parse();
    let printer = Printer::new(&args.global);
    match run(args, &printer) {
        Ok(code) => code,
        Err(error) => printer.failure(&error),
    }
}

fn run(args: Args, printer: &Printer) -> anyhow::Result<ExitCode> {
    let settings = Settings::resolve(&args.global, printer)?;
    match args.command {
        Command::Ask(verb) => commands::ask::run(&verb, &settings, printer),
        Command::Search(verb) => commands::search::run(&verb, &settings, printer),
        Command::Add(verb) => commands::add::run(&verb, &settings, printer),
        Command::Remove(verb) => commands::remove::run(&verb, &settings, printer),
        Command::List(verb) => commands::list::run(&verb, &settings, printer),
        Command::Verify(verb) => commands::verify::run(&verb, &settings, printer),
        Command::Export(verb) => commands::export::run(&verb, &settings, printer),
        Command::Import(verb) => commands::import::run(&verb, &settings, printer),
        Command::Show(verb) => commands::show::run(&verb, &settings, printer),
        Command::Parse(verb) => commands::parse::run(&verb, &settings, printer),
        Command::Chunk(verb) => commands::chunk::run(&verb, &settings, printer),
        Command::Embed(verb) => commands::embed::run(&verb, &settings, printer),
        Command::Similarity(verb) => commands::similarity::run(&verb, &settings, printer),
        Command::Inspect(verb) => commands::inspect::run(&verb, &settings, printer),
        Command::Tour(verb) => commands::tour::run(&verb, &settings, printer),
        Command::Eval(EvalCommand::Retrieval(verb)) => commands::eval::retrieval(&verb, &settings, printer),
        Command::Eval(EvalCommand::Answers(verb)) => commands::eval::answers(&verb, &settings, printer),
        Command::Eval(EvalCommand::Sts(verb)) => commands::eval::sts(&verb, &settings, printer),
        Command::Model(ModelCommand::List) => commands::model::list(&settings, printer),
        Command::Model(ModelCommand::Pull(verb)) => commands::model::pull(&verb, &settings, printer),
        Command::Model(ModelCommand::Show(verb)) => commands::model::show(&verb, &settings, printer),
        Command::Model(ModelCommand::Verify(verb)) => commands::model::verify(&verb, &settings, printer),
        Command::ParseWorker(verb) => commands::worker::run(&verb),
        Command::Docs => commands::docs::run(printer),
    }
}
