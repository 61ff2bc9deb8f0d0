//! The suites enter, one table leaves: what ran, what passed, how long it took.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Error, Result, bail, ensure};

use crate::cargo::{self, TestProgram, cargo};
use crate::commands::build;
use crate::commands::suites::{Kind, SUITES, Suite, When};
use crate::process::{Line, Output};
use crate::selection::Selection;
use crate::toolchain::{self, WASM32};
use crate::ui::counts::Counts;
use crate::ui::table::{Column, Table, Tone};
use crate::ui::{progress, terminal};
use crate::wasm::{self, Tools};
use crate::{npm, place, process};

/// How long one suite may take, where nothing is installed first.
const LIMIT: Duration = Duration::from_secs(15 * 60);
/// The crates that have a test program each; `--workspace` would build the tools a second time.
const NATIVE: [&str; 9] = [
    "jotgate-arithmetic",
    "jotgate-crypto",
    "jotgate-core",
    "jotgate-wasm",
    "jotgate-inspect",
    "jotgate-keys",
    "second-opinion",
    "simulation",
    "xtask",
];
/// The crates whose tests run with either engine, and the feature that changes it.
const VERIFYING: [&str; 3] = ["jotgate-crypto", "jotgate-core", "second-opinion"];
const CRATES_ENGINE: &str = "jotgate-crypto/crates-engine";
const WASM: [&str; 4] = ["jotgate-arithmetic", "jotgate-crypto", "jotgate-core", "jotgate-inspect"];

/// What a suite's last line begins with when the machine lacks what it needs.
const SKIPPED: &str = "skipped: ";

/// `cargo xtask test [--all | --rest] [--complete]`
pub(crate) fn test(arguments: &[&str]) -> Result<bool> {
    let (arguments, complete) = match arguments {
        [rest @ .., "--complete"] => (rest, true),
        _ => (arguments, false),
    };
    let wanted: &[When] = match arguments {
        [] => &[When::Quick],
        ["--all"] => &[When::Quick, When::All],
        ["--rest"] => &[When::All],
        _ => bail!("`test` takes `--all` or `--rest`, and `--complete` behind it"),
    };
    let suites: Vec<Suite> = SUITES.into_iter().filter(|suite| wanted.contains(&suite.when)).collect();
    let logs = place::target("test-logs");
    fs::create_dir_all(&logs)?;
    let lock = place::lock()?;
    let mut rows = Rows { logs, rows: Vec::new(), complete };
    let is_native = |suite: &&Suite| matches!(suite.kind, Kind::Native { .. });
    let (native, other): (Vec<&Suite>, Vec<&Suite>) = suites.iter().partition(is_native);
    // What WebAssembly needs is made while the native suites run: on two cores the one waits where the other computes.
    thread::scope(|scope| {
        let set_up = scope.spawn(|| match other.is_empty() {
            true => Ok(Vec::new()),
            false => set_up_wasm(&other),
        });
        if !native.is_empty() {
            match build_native() {
                Ok(programs) => rows.run_native(&native, &programs)?,
                Err(error) => rows.not_built(&native, &error)?,
            }
        }
        match process::joined(set_up) {
            Ok(programs) => rows.run_other(&other, &programs),
            Err(error) => rows.not_built(&other, &error),
        }
    })?;
    if wanted.contains(&When::All) {
        let shown = progress::silently("the matrix of runtimes", |step| {
            process::run_ok(&mut npm::node(&["tests/package/run.mjs", "--matrix"]), step)
        })?;
        terminal::say(&format!("\n{}", shown.standard_output().trim_end()));
    }
    drop(lock);
    Ok(rows.table())
}

/// Builds the package, and the test programs for wasm32.
fn set_up_wasm(suites: &[&Suite]) -> Result<Vec<TestProgram>> {
    build::package(Tools::WithTestRunner, &Selection::ALL)?;
    if !suites.iter().any(|suite| matches!(suite.kind, Kind::Wasm { .. })) {
        return Ok(Vec::new());
    }
    let compiler = toolchain::wasm32()?;
    let mut command = cargo(&["test", "--no-run", "--tests", "--target", WASM32, cargo::MESSAGES], "wasm");
    command.args(WASM.iter().flat_map(|package| ["--package", package]));
    compiler.apply(&mut command);
    let built = progress::step("building the tests for wasm32", |step| process::run_ok(&mut command, step))?;
    cargo::test_programs(&built)
}

/// Builds the test programs of all crates at once: one by one, each would see other features of what they share.
fn build_native() -> Result<Vec<TestProgram>> {
    let mut command = cargo(&["test", "--no-run", cargo::MESSAGES], "");
    command.args(NATIVE.iter().flat_map(|package| ["--package", package]));
    let built = progress::step("building the native tests", |step| process::run_ok(&mut command, step))?;
    cargo::test_programs(&built)
}

struct Rows {
    logs: PathBuf,
    rows: Vec<Row>,
    /// Whether a suite that can't run on this machine is a failure: where everything can be installed, nothing may be
    /// missing unseen.
    complete: bool,
}

struct Row {
    suite: String,
    counts: Counts,
    took: Duration,
    passed: bool,
    /// It could not run on this machine, and said why; only suites of `--all` may.
    skipped: bool,
}

impl Rows {
    fn run_native(&mut self, suites: &[&Suite], programs: &[TestProgram]) -> Result<()> {
        for suite in suites {
            if let Kind::Native { package } = suite.kind {
                self.run_programs(suite.name, package, programs, |file| Command::new(file))?;
            }
        }
        Ok(())
    }

    /// Counts suites as failed that there is nothing to run of; the others go on.
    fn not_built(&mut self, suites: &[&Suite], error: &Error) -> Result<()> {
        process::stop_if_stopping()?;
        progress::tell(&format!("{error:#}"));
        for suite in suites {
            self.rows.push(Row {
                suite: suite.name.to_owned(),
                counts: Counts::default(),
                took: Duration::ZERO,
                passed: false,
                skipped: false,
            });
        }
        Ok(())
    }

    fn run_other(&mut self, suites: &[&Suite], programs: &[TestProgram]) -> Result<()> {
        for suite in suites {
            match suite.kind {
                Kind::Wasm { package } => {
                    let runner = wasm::test_runner();
                    self.run_programs(suite.name, package, programs, |file| {
                        let mut command = Command::new(&runner);
                        command.arg(file);
                        command
                    })?;
                }
                Kind::CratesEngine => {
                    let mut command =
                        cargo(&["test", "--no-run", cargo::MESSAGES, "--features", CRATES_ENGINE], "");
                    command.args(VERIFYING.iter().flat_map(|package| ["--package", package]));
                    let built = progress::step("building the tests with the crates' engine", |step| {
                        process::run_ok(&mut command, step)
                    });
                    let programs = match built.and_then(|built| cargo::test_programs(&built)) {
                        Ok(programs) => programs,
                        Err(error) => {
                            self.not_built(&[suite], &error)?;
                            continue;
                        }
                    };
                    for package in VERIFYING {
                        let name = format!("{}: {package}", suite.name);
                        self.run_programs(&name, package, &programs, |file| Command::new(file))?;
                    }
                }
                Kind::LeftOut => {
                    for algorithms in ["ES256", "HS256,HS384,HS512"] {
                        let selection = Selection::of(algorithms)?;
                        let package = match build::package(Tools::Generator, &selection) {
                            Ok(package) => package,
                            Err(error) => {
                                self.not_built(&[suite], &error)?;
                                continue;
                            }
                        };
                        let mut command = npm::node(&["tests/package/run.mjs", "left-out", "--package"]);
                        command.arg(package).env("BUILT", algorithms);
                        let name = format!("{}: {algorithms}", suite.name);
                        self.run(&name, Counts::of_last_line, &mut [command], LIMIT, false)?;
                    }
                }
                Kind::Package => self.run_listed("package", &listed(&[])?, LIMIT, false)?,
                Kind::Runtimes => {
                    let quick = listed(&[])?;
                    let mut names = listed(&["--all"])?;
                    names.retain(|name| !quick.contains(name));
                    self.run_listed("runtime", &names, process::LONG, !self.complete)?;
                }
                Kind::Native { .. } => {}
            }
        }
        Ok(())
    }

    fn run_listed(&mut self, room: &str, names: &[String], limit: Duration, may_skip: bool) -> Result<()> {
        // Where no suite is listed none fails: that must not look like a room in order.
        ensure!(!names.is_empty(), "`tests/package/run.mjs` lists no suite of the {room}");
        for name in names {
            let command = npm::node(&["tests/package/run.mjs", name]);
            self.run(&format!("{room}: {name}"), Counts::of_last_line, &mut [command], limit, may_skip)?;
        }
        Ok(())
    }

    fn run_programs(
        &mut self,
        suite: &str,
        package: &str,
        programs: &[TestProgram],
        start: impl Fn(&Path) -> Command,
    ) -> Result<()> {
        let mut commands: Vec<Command> = Vec::new();
        for program in programs.iter().filter(|program| program.package == package) {
            let mut command = start(&program.file);
            command.current_dir(&program.folder).env("CARGO_MANIFEST_DIR", &program.folder);
            commands.push(command);
        }
        self.run(suite, Counts::of_rust, &mut commands, LIMIT, false)
    }

    /// Runs the commands of one suite. What fails is shown and counted; only what can't even start is an error.
    fn run(
        &mut self,
        suite: &str,
        count: fn(&str) -> Counts,
        commands: &mut [Command],
        limit: Duration,
        may_skip: bool,
    ) -> Result<()> {
        let since = Instant::now();
        let mut log = String::new();
        let mut counts = Counts::default();
        let mut succeeded = true;
        let mut last_words = None;
        for command in commands {
            let output = progress::silently(suite, |step| process::run(command, limit, step));
            let output = output.unwrap_or_else(|error| failed_to_start(&format!("{error:#}")));
            let result = result_of(&output, count);
            counts += result.0;
            last_words = result.1;
            succeeded &= output.succeeded;
            let text = output.text();
            log.push_str(&format!("$ {}\n{text}{}\n\n", process::shown(command), output.ending));
        }
        let path = self.logs.join(file_name(suite));
        fs::write(&path, &log)?;
        let took = since.elapsed();
        let skipped = may_skip
            && counts.run() == 0
            && last_words.as_deref().is_some_and(|line| line.starts_with(SKIPPED));
        let passed = succeeded && counts.failed == 0 && counts.run() > 0;
        let colours = terminal::stderr();
        let (mark, said) = match (passed, skipped) {
            (true, _) => (colours.green("✓"), told(counts)),
            (_, true) => (colours.faint("–"), last_words.unwrap_or_default()),
            _ => (colours.red("✗"), told(counts)),
        };
        progress::tell(&format!("{mark} {suite}: {said} {}", colours.faint(&terminal::time(took))));
        if !passed && !skipped {
            let why = if succeeded && counts.run() == 0 { "nothing ran" } else { "failed" };
            let lines: Vec<&str> = log.trim_end().lines().collect();
            let last = lines.iter().skip(lines.len().saturating_sub(60)).map(|line| format!("    {line}\n"));
            progress::tell(&format!(
                "{}    {why}; all of it is in {}",
                last.collect::<String>(),
                path.display()
            ));
        }
        self.rows.push(Row { suite: suite.to_owned(), counts, took, passed, skipped });
        Ok(())
    }

    /// Shows the table and the sum; whether all passed.
    fn table(&self) -> bool {
        let widest = self.rows.iter().map(|row| row.suite.chars().count()).max().unwrap_or(0).max(24);
        let columns = vec![
            Column::left("suite", widest),
            Column::right("tests run", 9),
            Column::right("passed", 9),
            Column::right("time", 12),
        ];
        let table = Table::new(columns, terminal::stdout());
        let cells = |name: &str, counts: Counts, took| {
            [name.to_owned(), counts.run().to_string(), counts.passed.to_string(), terminal::time(took)]
        };
        let mut sum = Counts::default();
        let mut took = Duration::ZERO;
        terminal::say(&format!("\n{}", table.head()));
        for row in &self.rows {
            let tone = match (row.passed, row.skipped) {
                (true, _) => Tone::Good,
                (_, true) => Tone::Plain,
                _ => Tone::Bad,
            };
            terminal::say(&table.row(tone, &cells(&row.suite, row.counts, row.took)));
            sum += row.counts;
            took += row.took;
            // A suite that failed without a failed test – nothing ran, or it broke off – counts as one.
            if !row.passed && !row.skipped && row.counts.failed == 0 {
                sum.failed += 1;
            }
        }
        let passed = self.rows.iter().all(|row| row.passed || row.skipped);
        let tone = if passed { Tone::Plain } else { Tone::Bad };
        terminal::say(&table.rule());
        terminal::say(&table.row(tone, &cells(&format!("{} suites", self.rows.len()), sum, took)));
        terminal::say(&format!("\n{}", told(sum)));
        passed
    }
}

/// The suites that the package's runner knows.
fn listed(more: &[&str]) -> Result<Vec<String>> {
    let words: Vec<&str> =
        ["tests/package/run.mjs", "--list"].into_iter().chain(more.iter().copied()).collect();
    let listed = progress::silently("listing the package's suites", |step| {
        process::run_ok(&mut npm::node(&words), step)
    })?;
    let names = listed.standard_output();
    Ok(names.lines().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// What was counted, and the last words. Standard error is no part of it: it comes through a pipe of its own, so that a
/// line of it may arrive behind the last one of the result.
fn result_of(output: &Output, count: fn(&str) -> Counts) -> (Counts, Option<String>) {
    let said = output.standard_output();
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).map(str::to_owned);
    (count(&said), last)
}

fn failed_to_start(error: &str) -> Output {
    let line = Line { standard_output: false, text: error.to_owned() };
    Output { lines: vec![line], succeeded: false, ending: "could not be started".to_owned() }
}

fn told(counts: Counts) -> String {
    format!("{} passed, {} failed", counts.passed, counts.failed)
}

/// `package: node-esm` → `package-node-esm.log`
fn file_name(suite: &str) -> String {
    let words: Vec<&str> =
        suite.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    format!("{}.log", words.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(lines: &[(bool, &str)]) -> Output {
        let line = |(standard_output, text): &(bool, &str)| Line {
            standard_output: *standard_output,
            text: (*text).to_owned(),
        };
        Output { lines: lines.iter().map(line).collect(), succeeded: true, ending: String::new() }
    }

    #[test]
    fn a_late_line_of_standard_error_hides_no_result() {
        let late = output(&[(true, "12 passed, 0 failed"), (false, "a server was told to stop")]);
        assert_eq!(result_of(&late, Counts::of_last_line).0, Counts { passed: 12, failed: 0 });
        let skipped = output(&[(true, "skipped: no such browser"), (false, "7 passed, 0 failed")]);
        let (counts, last) = result_of(&skipped, Counts::of_last_line);
        assert_eq!((counts.run(), last.as_deref()), (0, Some("skipped: no such browser")));
    }
}
