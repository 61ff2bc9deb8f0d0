//! The commands of `cargo xtask`, one file each.

mod assure;
mod bench;
mod build;
mod demo;
mod deny;
mod fuzz;
mod load;
mod setup;
mod suites;
mod test;

use anyhow::{Result, bail};

/// Runs a command with its arguments. Returns whether it succeeded.
pub(crate) type Run = fn(&[&str]) -> Result<bool>;

/// The commands: name, help text and function.
pub(crate) const COMMANDS: [(&str, &str, Run); 10] = [
    (
        "demo",
        "start the companion and a real workerd, and show the answers of the gate; --mcp: an MCP client logs in and calls tools; --www: serve the pages with a login",
        demo::demo,
    ),
    (
        "test",
        "run every quick suite; --all: also those that install more; --rest: only those; --complete: fail if one is skipped",
        test::test,
    ),
    ("build", "build the npm package in target/npm, ready for `npm pack`", build::command),
    ("www", "build the page that explains a verdict in target/www", build::page),
    (
        "bench",
        "measure jotgate and other verifiers in every runtime; --quick: in under two minutes",
        bench::bench,
    ),
    ("load", "measure the companion under load with wrk, and write docs/load.md", load::load),
    (
        "assure",
        "run the long tests: 500 rotations and 500 servers killed, a million signatures compared, months of rotations simulated, ten minutes of fuzzing",
        assure::assure,
    ),
    (
        "fuzz",
        "compare every primitive with RustCrypto and aws-lc-rs on inputs that libFuzzer chooses; --seconds N, --input FILE",
        fuzz::fuzz,
    ),
    ("deny", "check the licences and sources of every dependency with deny.toml", deny::command),
    ("setup", "fetch and build what the other commands need; they also do it themselves", setup::setup),
];

fn no_arguments(name: &str, arguments: &[&str]) -> Result<()> {
    match arguments {
        [] => Ok(()),
        [first, ..] => bail!("`{name}` takes no arguments, but got `{first}`"),
    }
}
