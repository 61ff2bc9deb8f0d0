//! The task runner: a command's name enters, its work is done or the process ends with a failure.

mod assure;
mod bench;
mod cargo;
mod counts;
mod debian;
mod demo;
mod deny;
mod files;
mod fuzz;
mod load;
mod npm;
mod package;
mod place;
mod process;
mod progress;
mod selection;
mod suites;
mod table;
mod terminal;
mod test;
mod toolchain;
mod wasm;

use std::env;
use std::process::ExitCode;

use anyhow::{Result, bail};

/// The words after a command enter; whether all was as it should be leaves.
type Run = fn(&[&str]) -> Result<bool>;

/// What can be asked for: the word, what it does, and the function that does it.
const COMMANDS: [(&str, &str, Run); 10] = [
    (
        "demo",
        "start the companion and a real workerd, and show what the gate answers; --www: serve the pages, with a login",
        demo::demo,
    ),
    (
        "test",
        "run every quick suite; --all adds those that install more, --rest runs only these; with --complete none may skip",
        test::test,
    ),
    (
        "build",
        "leave the npm package, ready for `npm pack`, in target/npm; --algorithms ES256,… leaves the others out",
        package::command,
    ),
    ("www", "build the page that explains a verdict, in target/www", package::page),
    (
        "bench",
        "measure jotgate against other verifiers, in every runtime; --quick: in under two minutes",
        bench::bench,
    ),
    ("load", "measure the companion under load, by wrk, and write docs/load.md", load::load),
    (
        "assure",
        "run the long forms: 500 rotations killed, a million signatures judged twice, months of rotations simulated, ten minutes of fuzzing",
        assure::assure,
    ),
    (
        "fuzz",
        "hold every primitive against RustCrypto and aws-lc-rs, with inputs that libFuzzer chooses; --seconds says how long",
        fuzz::fuzz,
    ),
    ("deny", "hold the licences and sources of every dependency against deny.toml", deny::command),
    ("setup", "fetch and build what the others need: they also do it by themselves", setup),
];

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

fn setup(arguments: &[&str]) -> Result<bool> {
    no_arguments("setup", arguments)?;
    let _lock = place::lock()?;
    std::thread::scope(|scope| {
        let npm = scope.spawn(npm::install);
        let tools = scope.spawn(|| wasm::tools(wasm::Tools::WithTestRunner));
        toolchain::wasm32()?;
        process::joined(npm)?;
        process::joined(tools)?;
        Ok(true)
    })
}

fn no_arguments(name: &str, arguments: &[&str]) -> Result<()> {
    match arguments {
        [] => Ok(()),
        [first, ..] => bail!("`{name}` takes no `{first}`"),
    }
}
