//! Runs the long forms of tests: many more kills, signatures and days.

use std::time::{Duration, Instant};

use anyhow::Result;
use console::style;

use crate::cargo::cargo;
use crate::commands::fuzz::fuzz;
use crate::commands::no_arguments;
use crate::ui::progress::{self, print_line};
use crate::ui::terminal;
use crate::{paths, process};

/// Text for people, arguments of `cargo test`, and the variables that make the test long.
type LongForm = (&'static str, &'static [&'static str], &'static [(&'static str, &'static str)]);

const LONG_FORMS: [LongForm; 6] = [
    (
        "500 rotations killed, as many of init and of rekey, and as many servers during logins and refreshes",
        &["--package=jotgate-keys", "--test=companion", "killed::", "--"],
        &[("JOTGATE_KILLS", "500")],
    ),
    (
        "an hour of faults and failovers: three servers on PostgreSQL",
        &["--package=jotgate-keys", "--test=companion", "replicas::", "--", "--ignored"],
        &[("JOTGATE_FAULTS", "300")],
    ),
    (
        "900 slow peers of every kind, 10,000 idle ones, and one for five minutes",
        &["--package=jotgate-keys", "--test=companion", "connections::", "--"],
        &[("JOTGATE_LONG_CONNECTIONS", "1")],
    ),
    (
        "docs/operations.md on a fresh Debian",
        &["--package=jotgate-keys", "--test=companion", "operations::", "--", "--ignored"],
        &[],
    ),
    (
        "each algorithm and key against aws-lc-rs, 5,000 messages each",
        &["--package=second-opinion", "--lib", "random_signatures", "--"],
        &[("JOTGATE_MESSAGES", "5000")],
    ),
    (
        "20 times ten days of thousands of verifiers",
        &["--package=simulation", "--lib", "ten_days", "--"],
        &[("JOTGATE_SEEDS", "20")],
    ),
];

/// How long one of them may take. The longest takes a bit more than an hour.
const LIMIT: Duration = Duration::from_secs(3 * 60 * 60);
/// How long the fuzz target runs, in seconds.
const FUZZED: &str = "600";

/// `cargo xtask assure`
pub(crate) fn assure(arguments: &[&str]) -> Result<bool> {
    no_arguments("assure", arguments)?;
    let lock = paths::lock()?;
    let mut held = true;
    for (name, words, variables) in LONG_FORMS {
        let since = Instant::now();
        let mut command = cargo(&["test"], "");
        command.args(words).arg("--nocapture").envs(variables.iter().copied());
        let output = progress::silently(name, |step| process::run(&mut command, LIMIT, step))?;
        let printed = if output.succeeded { output.standard_output() } else { output.tail() };
        let (mark, how) = match output.succeeded {
            true if printed.lines().any(|line| line.starts_with("skipped:")) => {
                (style("–").yellow(), "skipped in part".to_owned())
            }
            true => (style("✓").green(), terminal::time(since.elapsed())),
            false => (style("✗").red().bold(), output.ending.clone()),
        };
        print_line(format!("{mark} {name} ({how})"));
        // After a success, leave out the lines of the test harness.
        for line in printed.lines().filter(|line| {
            let own = ["running ", "test ", "test result"].iter().any(|word| line.starts_with(word));
            !line.trim().is_empty() && (!output.succeeded || !own)
        }) {
            print_line(format!("  {line}"));
        }
        held &= output.succeeded;
    }
    drop(lock);
    Ok(held & fuzz(&["--seconds", FUZZED])?)
}
