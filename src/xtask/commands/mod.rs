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

/// The words after a command enter; whether all was as it should be leaves.
pub(crate) type Run = fn(&[&str]) -> Result<bool>;

/// What can be asked for: the word, what it does, and the function that does it.
pub(crate) const COMMANDS: [(&str, &str, Run); 10] = [
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
        build::command,
    ),
    ("www", "build the page that explains a verdict, in target/www", build::page),
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
    ("setup", "fetch and build what the others need: they also do it by themselves", setup::setup),
];

fn no_arguments(name: &str, arguments: &[&str]) -> Result<()> {
    match arguments {
        [] => Ok(()),
        [first, ..] => bail!("`{name}` takes no `{first}`"),
    }
}
