use std::fmt::Write;
use std::process::ExitCode;

use clap::{Arg, Command, CommandFactory};
use qiao::Kind;

use crate::args::Args;
use crate::out::Printer;

/// Prints docs/cli.md from the command line's own definition.
pub(crate) fn run(printer: &Printer) -> anyhow::Result<ExitCode> {
    let mut root = Args::command();
    root.build();
    let mut page = String::from("# The command line\n\nGenerated from the program: `cargo xtask gen-docs`.\n");
    write!(page, "\n## Everywhere\n\n{}", options(root.get_arguments().filter(|a| a.is_global_set())))?;
    for verb in root.get_subcommands().filter(|c| !c.is_hide_set()) {
        section(&mut page, "qiao", verb)?;
    }
    let codes = Kind::exit_codes().map(|(code, meaning)| format!("- {code}: {meaning}\n")).collect::<String>();
    write!(page, "\n## Exit codes\n\n- 0: done\n{codes}")?;
    printer.data(&page)?;
    Ok(ExitCode::SUCCESS)
}

fn section(page: &mut String, above: &str, verb: &Command) -> std::fmt::Result {
    let name = format!("{above} {}", verb.get_name());
    let verbs: Vec<&Command> = verb.get_subcommands().filter(|c| !c.is_hide_set()).collect();
    if !verbs.is_empty() {
        return verbs.into_iter().try_for_each(|verb| section(page, &name, verb));
    }
    let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
    let positional = verb.get_positionals().map(usage).collect::<String>();
    write!(page, "\n## `{name}{positional}`\n\n{about}.\n")?;
    let own = options(verb.get_arguments().filter(|a| !a.is_global_set() && a.get_id() != "help"));
    if own.is_empty() { Ok(()) } else { write!(page, "\n{own}") }
}

fn usage(argument: &Arg) -> String {
    let name = argument.get_id().as_str().to_uppercase();
    let more = argument.get_num_args().is_some_and(|n| n.max_values() > 1);
    let name = if more { format!("{name}…") } else { name };
    if argument.is_required_set() { format!(" {name}") } else { format!(" [{name}]") }
}

fn options<'a>(arguments: impl Iterator<Item = &'a Arg>) -> String {
    let line = |argument: &Arg| {
        let name = match argument.get_long() {
            Some(long) => format!("--{long}"),
            None => argument.get_id().as_str().to_uppercase(),
        };
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let defaults: Vec<String> =
            argument.get_default_values().iter().map(|v| v.to_string_lossy().into_owned()).collect();
        let default = match defaults.is_empty() || !argument.get_action().takes_values() {
            true => String::new(),
            false => format!(" [default: {}]", defaults.join(" ")),
        };
        let env = argument.get_env().map_or_else(String::new, |env| format!(" [env: {}]", env.to_string_lossy()));
        format!("- `{name}`: {}{default}{env}\n", help.trim_end_matches('.'))
    };
    arguments.map(line).collect()
}
