//! `cargo xtask fuzz`: seconds enter, and what each algorithm came to in that time leaves, judged by jotgate, RustCrypto and
//! aws-lc-rs alike. What makes the inputs and judges them is `tests/fuzz`; libFuzzer chooses them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::cargo::cargo;
use crate::process::Output;
use crate::ui::counts::Counts;
use crate::ui::progress::say;
use crate::ui::table::{Column, Table, Tone};
use crate::ui::{progress, terminal};
use crate::{place, process};

const SECONDS: u64 = 60;
/// Keys are heated first, and counts come once a second.
const FEWEST_SECONDS: u64 = 10;
/// How long it may take beyond its time: an input in hand is judged to its end.
const SPARE: Duration = Duration::from_secs(120);
/// The algorithms that the target tells of.
const ALGORITHMS: u8 = 14;
/// The longest input: more bytes than any choice reads.
const LONGEST: &str = "-max_len=512";

/// `cargo xtask fuzz [--seconds 60 | --input target/fuzz/artifacts/crash-…]`
pub(crate) fn fuzz(arguments: &[&str]) -> Result<bool> {
    let wanted = Wanted::of(arguments)?;
    let lock = place::lock()?;
    let program = build()?;
    drop(lock);
    match wanted {
        Wanted::Seconds(seconds) => search(&program, seconds),
        Wanted::Input(input) => repeat(&program, input),
    }
}

#[derive(Debug, PartialEq)]
enum Wanted<'a> {
    /// Inputs are sought for so long.
    Seconds(u64),
    /// One input is judged again.
    Input(&'a str),
}

impl<'a> Wanted<'a> {
    fn of(arguments: &[&'a str]) -> Result<Self> {
        match arguments {
            [] => Ok(Self::Seconds(SECONDS)),
            ["--seconds", seconds] => {
                let seconds = seconds.parse().ok().filter(|seconds| *seconds >= FEWEST_SECONDS);
                let refused = || format!("`--seconds` wants a number from {FEWEST_SECONDS} on");
                Ok(Self::Seconds(seconds.with_context(refused)?))
            }
            ["--input", input] => Ok(Self::Input(input)),
            _ => bail!("`fuzz` takes `--seconds` with a number, or `--input` with a file"),
        }
    }
}

fn build() -> Result<PathBuf> {
    let mut build = cargo(&["build", "--release", "--locked", "--manifest-path"], "fuzz/build");
    build.arg(place::at("tests/fuzz/Cargo.toml")).env("RUSTC_WRAPPER", place::at("tests/fuzz/rustc.sh"));
    progress::step("building the fuzz target", |step| process::run_ok(&mut build, step))?;
    Ok(place::target("fuzz/build/release/differential"))
}

fn search(program: &Path, seconds: u64) -> Result<bool> {
    let [corpus, artifacts] = ["fuzz/corpus", "fuzz/artifacts"].map(place::target);
    for folder in [&corpus, &artifacts] {
        fs::create_dir_all(folder).with_context(|| format!("`{}`", folder.display()))?;
    }
    // The first byte is the algorithm; ones make a right signature of each, and bend it.
    for algorithm in 0..ALGORITHMS {
        let seed = [&[algorithm][..], &[0xff; 200]].concat();
        fs::write(corpus.join(format!("seed-{algorithm}")), seed)?;
    }
    let mut command = Command::new(program);
    command.current_dir(place::root()).args([LONGEST, "-len_control=0", "-print_final_stats=1"]);
    command.arg(format!("-max_total_time={seconds}"));
    command.arg(format!("-artifact_prefix={}/", artifacts.display())).arg(corpus);
    let limit = Duration::from_secs(seconds) + SPARE;
    let output = progress::step("fuzzing", |step| process::run(&mut command, limit, step))?;
    let said = output.standard_error();
    if !output.succeeded {
        tell_failure(&output);
        let Some(input) = written(&said) else { bail!("the fuzz target: {}", output.ending) };
        let input = Path::new(input).strip_prefix(place::root()).unwrap_or(Path::new(input)).display();
        say(&format!("\nthis input is repeated by `cargo xtask fuzz --input {input}`"));
        return Ok(show(Counts { passed: 0, failed: 1 }));
    }
    let tallies = tallies(&said)?;
    let mut counts = Counts::default();
    let columns = vec![
        Column::left("signatures judged alike by all", 32),
        Column::right("accepted", 12),
        Column::right("refused", 12),
        Column::right("key refused on purpose", 24),
    ];
    let table = Table::new(columns, terminal::stdout());
    say(&format!("\n{}", table.head()));
    for tally in &tallies {
        let both = tally.has_both();
        counts += Counts { passed: usize::from(both), failed: usize::from(!both) };
        let cells = [tally.algorithm, tally.accepted, tally.refused, tally.meant].map(str::to_owned);
        say(&table.row(if both { Tone::Good } else { Tone::Bad }, &cells));
    }
    let inputs = last_of(&said, "stat::number_of_executed_units:").unwrap_or("?");
    let a_second = last_of(&said, "stat::average_exec_per_sec:").unwrap_or("?");
    let reached = last_of(&said, "cov:").unwrap_or("?");
    say(&format!("\n  {inputs} inputs, {a_second} a second; {reached} places of ours were reached\n"));
    Ok(show(counts))
}

fn repeat(program: &Path, input: &str) -> Result<bool> {
    ensure!(Path::new(input).is_file(), "there is no file `{input}`");
    let mut command = Command::new(program);
    command.arg(input);
    let output = progress::step("judging the input", |step| process::run(&mut command, SPARE, step))?;
    if !output.succeeded {
        tell_failure(&output);
    }
    let passed = usize::from(output.succeeded);
    Ok(show(Counts { passed, failed: 1 - passed }))
}

/// The last words, which task runners sum.
fn show(counts: Counts) -> bool {
    say(&format!("{} passed, {} failed", counts.passed, counts.failed));
    counts.failed == 0
}

/// What the target said when it broke off; the stack and libFuzzer's own words are of no interest where it says what differs.
fn tell_failure(output: &Output) {
    let said = output.standard_error();
    let from_panic: Vec<&str> = said
        .lines()
        .skip_while(|line| !line.contains("panicked at"))
        .take_while(|line| !line.starts_with("note:") && !line.starts_with("stack backtrace"))
        .collect();
    say(&terminal::stdout().red("✗ the fuzz target broke off"));
    if from_panic.is_empty() {
        say(&output.tail());
    }
    for line in from_panic {
        say(&format!("  {line}"));
    }
}

/// The file that the failed input was written to.
fn written(said: &str) -> Option<&str> {
    said.lines().find_map(|line| line.split_once("Test unit written to ").map(|(_, path)| path.trim()))
}

/// The word that comes behind another for the last time.
fn last_of<'a>(said: &'a str, name: &str) -> Option<&'a str> {
    said.rsplit_once(name)?.1.split_whitespace().next()
}

/// What came of one algorithm's signatures.
#[derive(Debug, PartialEq)]
struct Tally<'a> {
    algorithm: &'a str,
    accepted: &'a str,
    refused: &'a str,
    meant: &'a str,
}

impl Tally<'_> {
    /// Who only ever refused, or accepted, was not asked anything.
    fn has_both(&self) -> bool {
        self.accepted != "0" && self.refused != "0"
    }
}

/// From the last line `tally: ES256 12 34 0, …`.
fn tallies(said: &str) -> Result<Vec<Tally<'_>>> {
    let line =
        said.lines().rev().find_map(|line| line.strip_prefix("tally: ")).context("no tally was told")?;
    let tallies: Option<Vec<Tally<'_>>> = line
        .split(", ")
        .map(|row| match row.split(' ').collect::<Vec<_>>().as_slice() {
            [algorithm, accepted, refused, meant] => Some(Tally { algorithm, accepted, refused, meant }),
            _ => None,
        })
        .collect();
    let tallies = tallies.with_context(|| format!("`{line}` is no tally"))?;
    ensure!(tallies.len() == usize::from(ALGORITHMS), "{} algorithms were tried", tallies.len());
    Ok(tallies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_tally_counts() {
        let row = |accepted: u32| {
            let rows: Vec<String> = (0..ALGORITHMS).map(|row| format!("A{row} {accepted} 2 1")).collect();
            format!("tally: {}\n#9 NEW cov: 3\n", rows.join(", "))
        };
        let said = row(0) + &row(7);
        let tallies = tallies(&said).unwrap();
        let first = Tally { algorithm: "A0", accepted: "7", refused: "2", meant: "1" };
        assert_eq!(tallies.first(), Some(&first));
        assert!(first.has_both());
        assert!(!Tally { accepted: "0", ..first }.has_both());
        assert!(super::tallies("tally: A0 1 2 3\n").is_err());
        assert!(super::tallies("nothing").is_err());
    }

    #[test]
    fn the_words_of_libfuzzer_are_read() {
        let said = "#1 NEW cov: 3 ft: 4\n#2 DONE cov: 5 ft: 6\nstat::number_of_executed_units: 2\nartifact_prefix='/r/'; Test unit written to /r/crash-1\n";
        assert_eq!(last_of(said, "cov:"), Some("5"));
        assert_eq!(last_of(said, "stat::number_of_executed_units:"), Some("2"));
        assert_eq!(written(said), Some("/r/crash-1"));
    }

    #[test]
    fn words_are_a_time_or_a_file() {
        assert_eq!(Wanted::of(&[]).unwrap(), Wanted::Seconds(SECONDS));
        assert_eq!(Wanted::of(&["--seconds", "20"]).unwrap(), Wanted::Seconds(20));
        assert_eq!(Wanted::of(&["--input", "a"]).unwrap(), Wanted::Input("a"));
        for refused in [&["--seconds"][..], &["--seconds", "1"], &["--seconds", "x"], &["20"]] {
            assert!(Wanted::of(refused).is_err());
        }
    }
}
