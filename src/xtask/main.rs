//! The task runner: runs the command that its first argument names.

mod cargo;
mod commands;
mod files;
mod npm;
mod paths;
mod process;
mod toolchain;
mod ui;
mod wasm;

use std::env;
use std::process::ExitCode;

use anyhow::{Result, bail};
use console::style;

use crate::commands::COMMANDS;
use crate::ui::{progress, terminal};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let done = process::clean_up_on_signals().and_then(|()| command(&arguments));
    process::wait_if_stopping();
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            progress::print_status(&format!("{} {error:#}", style("error:").red().bold().for_stderr()));
            ExitCode::FAILURE
        }
    }
}

fn command(arguments: &[String]) -> Result<bool> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some((name, rest)) =
        words.split_first().filter(|(name, _)| !matches!(**name, "help" | "--help" | "-h"))
    else {
        list();
        return Ok(true);
    };
    match COMMANDS.iter().find(|(known, ..)| known == name) {
        Some((.., run)) => run(rest),
        None => {
            list();
            bail!("`{name}` is not a command: see the list above")
        }
    }
}

fn list() {
    terminal::print_line("cargo xtask <command>\n");
    for (name, text, _) in COMMANDS {
        terminal::print_line(terminal::wrapped(&format!("  {name:<8} {text}"), 11));
    }
}
