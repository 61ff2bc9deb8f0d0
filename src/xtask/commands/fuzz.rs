//! `cargo xtask fuzz`: runs `tests/fuzz` for some time and shows how many signatures of each algorithm were
//! accepted and refused. jotgate, RustCrypto and aws-lc-rs must agree on each. libFuzzer chooses the inputs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use console::style;

use crate::cargo::cargo;
use crate::process::Output;
use crate::ui::counts::Counts;
use crate::ui::progress::{self, print_line};
use crate::ui::table::{Column, Table, Tone};
use crate::{paths, process};

const SECONDS: u64 = 60;
/// The shortest run: keys get their tables first, and counts come once a second.
const FEWEST_SECONDS: u64 = 10;
/// How much longer it may take: the current input is judged to its end.
const SPARE: Duration = Duration::from_secs(120);
/// The number of algorithms that the target counts.
const ALGORITHMS: u8 = 14;
/// The longest input, more bytes than any choice reads.
const LONGEST: &str = "-max_len=512";

/// `cargo xtask fuzz [--seconds 60 | --input target/fuzz/artifacts/crash-…]`
pub(crate) fn fuzz(arguments: &[&str]) -> Result<bool> {
    let wanted = Wanted::of(arguments)?;
    let lock = paths::lock()?;
    let program = build()?;
    drop(lock);
    match wanted {
        Wanted::Seconds(seconds) => search(&program, seconds),
        Wanted::Input(input) => repeat(&program, input),
    }
}

#[derive(Debug, PartialEq)]
enum Wanted<'a> {
    /// Search for inputs for this many seconds.
    Seconds(u64),
    /// Judge one input again.
    Input(&'a str),
}

impl<'a> Wanted<'a> {
    fn of(arguments: &[&'a str]) -> Result<Self> {
        match arguments {
            [] => Ok(Self::Seconds(SECONDS)),
            ["--seconds", seconds] => {
                let seconds = seconds.parse().ok().filter(|seconds| *seconds >= FEWEST_SECONDS);
                let refused = || format!("`--seconds` takes a number of at least {FEWEST_SECONDS}");
                Ok(Self::Seconds(seconds.with_context(refused)?))
            }
            ["--input", input] => Ok(Self::Input(input)),
            _ => bail!("`fuzz` takes `--seconds N` or `--input FILE`"),
        }
    }
}

fn build() -> Result<PathBuf> {
    let mut build = cargo(&["build", "--release", "--locked", "--manifest-path"], "fuzz/build");
    build.arg(paths::at("tests/fuzz/Cargo.toml")).env("RUSTC_WRAPPER", paths::at("tests/fuzz/rustc.sh"));
    progress::step("building the fuzz target", |step| process::run_ok(&mut build, step))?;
    Ok(paths::target("fuzz/build/release/differential"))
}

fn search(program: &Path, seconds: u64) -> Result<bool> {
    let [corpus, artifacts] = ["fuzz/corpus", "fuzz/artifacts"].map(paths::target);
    for folder in [&corpus, &artifacts] {
        fs::create_dir_all(folder).with_context(|| format!("`{}`", folder.display()))?;
    }
    // The first byte selects the algorithm. The ones make a valid signature of each and change it.
    for algorithm in 0..ALGORITHMS {
        let seed = [&[algorithm][..], &[0xff; 200]].concat();
        fs::write(corpus.join(format!("seed-{algorithm}")), seed)?;
    }
    let mut command = Command::new(program);
    command.current_dir(paths::root()).args([LONGEST, "-len_control=0", "-print_final_stats=1"]);
    command.arg(format!("-max_total_time={seconds}"));
    command.arg(format!("-artifact_prefix={}/", artifacts.display())).arg(corpus);
    let limit = Duration::from_secs(seconds) + SPARE;
    let output = progress::step("fuzzing", |step| process::run(&mut command, limit, step))?;
    let printed = output.standard_error();
    if !output.succeeded {
        show_failure(&output);
        let Some(input) = written(&printed) else { bail!("the fuzz target: {}", output.ending) };
        let input = Path::new(input).strip_prefix(paths::root()).unwrap_or(Path::new(input)).display();
        print_line(format!("\nrepeat this input with `cargo xtask fuzz --input {input}`"));
        return Ok(show(Counts { passed: 0, failed: 1 }));
    }
    let tallies = tallies(&printed)?;
    let mut counts = Counts::default();
    let columns = vec![
        Column::left("signatures that all judge alike", 32),
        Column::right("accepted", 12),
        Column::right("refused", 12),
        Column::right("key refused on purpose", 24),
    ];
    let table = Table::new(columns);
    print_line(format!("\n{}", table.head()));
    for tally in &tallies {
        let both = tally.has_both();
        counts += Counts { passed: usize::from(both), failed: usize::from(!both) };
        let cells = [tally.algorithm, tally.accepted, tally.refused, tally.meant].map(str::to_owned);
        print_line(table.row(if both { Tone::Good } else { Tone::Bad }, &cells));
    }
    let inputs = last_of(&printed, "stat::number_of_executed_units:").unwrap_or("?");
    let a_second = last_of(&printed, "stat::average_exec_per_sec:").unwrap_or("?");
    let reached = last_of(&printed, "cov:").unwrap_or("?");
    print_line(format!(
        "\n  {inputs} inputs, {a_second} a second; {reached} places of our code were reached\n"
    ));
    Ok(show(counts))
}

fn repeat(program: &Path, input: &str) -> Result<bool> {
    ensure!(Path::new(input).is_file(), "no such file: `{input}`");
    let mut command = Command::new(program);
    command.arg(input);
    let output = progress::step("judging the input", |step| process::run(&mut command, SPARE, step))?;
    if !output.succeeded {
        show_failure(&output);
    }
    let passed = usize::from(output.succeeded);
    Ok(show(Counts { passed, failed: 1 - passed }))
}

/// Prints the last line, which task runners sum.
fn show(counts: Counts) -> bool {
    print_line(format!("{} passed, {} failed", counts.passed, counts.failed));
    counts.failed == 0
}

/// Shows why the target failed: the panic if there was one, else its last lines.
fn show_failure(output: &Output) {
    let printed = output.standard_error();
    let from_panic: Vec<&str> = printed
        .lines()
        .skip_while(|line| !line.contains("panicked at"))
        .take_while(|line| !line.starts_with("note:") && !line.starts_with("stack backtrace"))
        .collect();
    print_line(style("✗ the fuzz target failed").red().bold());
    if from_panic.is_empty() {
        print_line(output.tail());
    }
    for line in from_panic {
        print_line(format!("  {line}"));
    }
}

/// The file with the failed input.
fn written(printed: &str) -> Option<&str> {
    printed.lines().find_map(|line| line.split_once("Test unit written to ").map(|(_, path)| path.trim()))
}

/// The word after the last occurrence of `name`.
fn last_of<'a>(printed: &'a str, name: &str) -> Option<&'a str> {
    printed.rsplit_once(name)?.1.split_whitespace().next()
}

/// The counts of one algorithm.
#[derive(Debug, PartialEq)]
struct Tally<'a> {
    algorithm: &'a str,
    accepted: &'a str,
    refused: &'a str,
    meant: &'a str,
}

impl Tally<'_> {
    /// Whether signatures were both accepted and refused.
    fn has_both(&self) -> bool {
        self.accepted != "0" && self.refused != "0"
    }
}

/// Reads the last line `tally: ES256 12 34 0, …`.
fn tallies(printed: &str) -> Result<Vec<Tally<'_>>> {
    let line = printed
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("tally: "))
        .context("the target printed no counts")?;
    let tallies: Option<Vec<Tally<'_>>> = line
        .split(", ")
        .map(|row| match row.split(' ').collect::<Vec<_>>().as_slice() {
            [algorithm, accepted, refused, meant] => Some(Tally { algorithm, accepted, refused, meant }),
            _ => None,
        })
        .collect();
    let tallies = tallies.with_context(|| format!("cannot read the counts `{line}`"))?;
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
        let printed = row(0) + &row(7);
        let tallies = tallies(&printed).unwrap();
        let first = Tally { algorithm: "A0", accepted: "7", refused: "2", meant: "1" };
        assert_eq!(tallies.first(), Some(&first));
        assert!(first.has_both());
        assert!(!Tally { accepted: "0", ..first }.has_both());
        assert!(super::tallies("tally: A0 1 2 3\n").is_err());
        assert!(super::tallies("nothing").is_err());
    }

    #[test]
    fn the_words_of_libfuzzer_are_read() {
        let printed = "#1 NEW cov: 3 ft: 4\n#2 DONE cov: 5 ft: 6\nstat::number_of_executed_units: 2\nartifact_prefix='/r/'; Test unit written to /r/crash-1\n";
        assert_eq!(last_of(printed, "cov:"), Some("5"));
        assert_eq!(last_of(printed, "stat::number_of_executed_units:"), Some("2"));
        assert_eq!(written(printed), Some("/r/crash-1"));
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
