//! The task runner: a command's name enters, its work is done or the process ends with a failure.

mod cargo;
mod commands;
mod files;
mod npm;
mod place;
mod process;
mod selection;
mod toolchain;
mod ui;
mod wasm;

use std::env;
use std::process::ExitCode;

use anyhow::{Result, bail};

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
            progress::tell(&format!("{} {error:#}", terminal::stderr().red("error:")));
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
            bail!("`{name}` is not among the commands")
        }
    }
}

fn list() {
    terminal::say("cargo xtask <command>\n");
    for (name, text, _) in COMMANDS {
        terminal::say(&format!("  {name:<8} {text}"));
    }
}
