//! Runs the suites and shows one table: what ran, what passed, how long it took.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Error, Result, bail, ensure};
use console::style;

use crate::cargo::{self, TestProgram, cargo};
use crate::commands::build;
use crate::commands::suites::{Group, Kind, LIMIT, SUITES, Suite, When};
use crate::process::{Line, Output};
use crate::toolchain::{self, WASM32};
use crate::ui::counts::Counts;
use crate::ui::table::{Column, Table, Tone};
use crate::ui::{progress, terminal};
use crate::wasm::{self, Tools};
use crate::{npm, paths, process};

/// The crates with a test program. `--workspace` would build the tools a second time.
const NATIVE: [&str; 10] = [
    "jotgate-arithmetic",
    "jotgate-crypto",
    "jotgate-core",
    "jotgate-wasm",
    "jotgate-inspect",
    "jotgate-keys",
    "second-opinion",
    "simulation",
    "rust-server",
    "xtask",
];
/// How many suites of the package run at once at most. Each is one program, most of the time on one core.
const AT_ONCE: usize = 2;
/// How many tests of a native suite run at once, where `RUST_TEST_THREADS` does not say it. Those of the companion wait
/// most of the time.
const TESTS_AT_ONCE: &str = "4";
/// The crates with tests for wasm32.
const WASM: [&str; 4] = ["jotgate-arithmetic", "jotgate-crypto", "jotgate-core", "jotgate-inspect"];

/// How the last line of a suite begins if the machine lacks something that it needs.
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
    let logs = paths::target("test-logs");
    fs::create_dir_all(&logs)?;
    let lock = paths::lock()?;
    let began = Instant::now();
    let runner = Runner { logs, complete };
    let is_native = |suite: &&Suite| matches!(suite.kind, Kind::Native { .. } | Kind::Ignored { .. });
    let (native, other): (Vec<&Suite>, Vec<&Suite>) = suites.iter().partition(is_native);
    // Both are built at once. The native suites wait most of the time, so the others run beside them.
    let rows = thread::scope(|scope| {
        let set_up = scope.spawn(|| set_up_wasm(&other));
        let built = build_native();
        let natives = scope.spawn(|| match built {
            Ok(programs) => runner.run_native(&native, &programs),
            Err(error) => not_built(&native, &error),
        });
        let others = match process::joined(set_up) {
            Ok(programs) => runner.run_other(&other, &programs),
            Err(error) => not_built(&other, &error),
        };
        anyhow::Ok([process::joined(natives)?, others?].concat())
    })?;
    if wanted.contains(&When::All) {
        let shown = progress::silently("the matrix of runtimes", |step| {
            process::run_ok(&mut npm::node(&["tests/package/run.mjs", "--matrix"]), step)
        })?;
        terminal::print_line(format!("\n{}", shown.standard_output().trim_end()));
    }
    drop(lock);
    Ok(show_table(&rows, began.elapsed()))
}

/// Builds the package, and the test programs for wasm32.
fn set_up_wasm(suites: &[&Suite]) -> Result<Vec<TestProgram>> {
    if !suites.iter().any(|suite| matches!(suite.kind, Kind::Wasm { .. })) {
        build::package(Tools::Generator)?;
        return Ok(Vec::new());
    }
    build::package(Tools::WithTestRunner)?;
    let compiler = toolchain::wasm32()?;
    let mut command = cargo(&["test", "--no-run", "--tests", "--target", WASM32, cargo::MESSAGES], "wasm");
    command.args(WASM.iter().flat_map(|package| ["--package", package]));
    compiler.apply(&mut command);
    let built = progress::step("building the tests for wasm32", |step| process::run_ok(&mut command, step))?;
    cargo::test_programs(&built)
}

/// Builds the test programs of all crates at once: separately, each would get other features of shared
/// dependencies.
fn build_native() -> Result<Vec<TestProgram>> {
    let mut command = cargo(&["test", "--no-run", cargo::MESSAGES], "");
    command.args(NATIVE.iter().flat_map(|package| ["--package", package]));
    let built = progress::step("building the native tests", |step| process::run_ok(&mut command, step))?;
    cargo::test_programs(&built)
}

/// Counts the suites as failed, because they could not be built. The others run.
fn not_built(suites: &[&Suite], error: &Error) -> Result<Vec<Row>> {
    process::stop_if_stopping()?;
    progress::print_status(&format!("{error:#}"));
    let failed = |suite: &&Suite| Row {
        suite: suite.name.to_owned(),
        counts: Counts::default(),
        took: Duration::ZERO,
        passed: false,
        skipped: false,
    };
    Ok(suites.iter().map(failed).collect())
}

struct Runner {
    logs: PathBuf,
    /// Whether a skipped suite is a failure.
    complete: bool,
}

#[derive(Clone)]
struct Row {
    suite: String,
    counts: Counts,
    took: Duration,
    passed: bool,
    /// It could not run on this machine, and printed why. Only suites of `--all` may do that.
    skipped: bool,
}

impl Runner {
    fn run_native(&self, suites: &[&Suite], programs: &[TestProgram]) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        for suite in suites {
            rows.push(match suite.kind {
                Kind::Native { package } => {
                    self.run_programs(suite.name, package, programs, |file| Command::new(file))?
                }
                Kind::Ignored { package, filter } => {
                    self.run_programs(suite.name, package, programs, |file| {
                        let mut command = Command::new(file);
                        command.args([filter, "--ignored"]);
                        command
                    })?
                }
                _ => continue,
            });
        }
        Ok(rows)
    }

    fn run_other(&self, suites: &[&Suite], programs: &[TestProgram]) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        for suite in suites {
            match suite.kind {
                Kind::Wasm { package } => {
                    let runner = wasm::test_runner();
                    rows.push(self.run_programs(suite.name, package, programs, |file| {
                        let mut command = Command::new(&runner);
                        command.arg(file);
                        command
                    })?);
                }
                Kind::Package => rows.extend(self.run_listed(&Group::PACKAGE, &listed(&[])?)?),
                Kind::Runtimes => {
                    let quick = listed(&[])?;
                    let mut names = listed(&["--all"])?;
                    names.retain(|name| !quick.contains(name));
                    let group = Group { may_skip: !self.complete, ..Group::RUNTIME };
                    // Once, before suites run side by side. A suite reports what it lacks.
                    progress::step("installing runtimes, bundlers and browsers", |step| {
                        process::run(
                            &mut npm::node(&["tests/package/run.mjs", "--install"]),
                            process::LONG,
                            step,
                        )
                    })?;
                    rows.extend(self.run_listed(&group, &names)?);
                }
                Kind::Native { .. } | Kind::Ignored { .. } => {}
            }
        }
        Ok(rows)
    }

    fn run_listed(&self, group: &Group, names: &[String]) -> Result<Vec<Row>> {
        // An empty list would otherwise look like a success.
        ensure!(!names.is_empty(), "`tests/package/run.mjs` lists no suite of the {}", group.name);
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let next = AtomicUsize::new(0);
        let work = || -> Result<Vec<(usize, Row)>> {
            let mut rows = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(name) = names.get(index) else { return Ok(rows) };
                rows.push((index, self.run_suite(group, name)?));
            }
        };
        let mut rows = thread::scope(|scope| {
            let workers: Vec<_> = (0..cores.min(AT_ONCE)).map(|_| scope.spawn(work)).collect();
            workers.into_iter().map(process::joined).collect::<Result<Vec<_>>>()
        })?
        .concat();
        rows.sort_by_key(|(index, _)| *index);
        Ok(rows.into_iter().map(|(_, row)| row).collect())
    }

    fn run_suite(&self, group: &Group, name: &str) -> Result<Row> {
        let suite = format!("{}: {name}", group.name);
        let run = || {
            let command = npm::node(&["tests/package/run.mjs", name]);
            self.run(&suite, Counts::of_last_line, &mut [command], group.limit, group.may_skip)
        };
        let mut row = run()?;
        if group.may_repeat && !row.passed && !row.skipped {
            progress::print_status(&format!("    {suite} runs a second time"));
            row = run()?;
            row.suite.push_str(", second run");
        }
        Ok(row)
    }

    fn run_programs(
        &self,
        suite: &str,
        package: &str,
        programs: &[TestProgram],
        start: impl Fn(&Path) -> Command,
    ) -> Result<Row> {
        let mut commands: Vec<Command> = Vec::new();
        for program in programs.iter().filter(|program| program.package == package) {
            let mut command = start(&program.file);
            command.current_dir(&program.folder).env("CARGO_MANIFEST_DIR", &program.folder);
            if env::var_os("RUST_TEST_THREADS").is_none() {
                command.env("RUST_TEST_THREADS", TESTS_AT_ONCE);
            }
            if self.complete {
                // A test that needs a program of the system fails without it, instead of saying that it was skipped.
                command.env("JOTGATE_COMPLETE", "1");
            }
            commands.push(command);
        }
        self.run(suite, Counts::of_rust, &mut commands, LIMIT, false)
    }

    /// Runs the commands of one suite, and shows and counts failures.
    fn run(
        &self,
        suite: &str,
        count: fn(&str) -> Counts,
        commands: &mut [Command],
        limit: Duration,
        may_skip: bool,
    ) -> Result<Row> {
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
        let (mark, summary) = match (passed, skipped) {
            (true, _) => (style("✓").green().for_stderr(), sum_line(counts)),
            (_, true) => (style("–").dim().for_stderr(), last_words.unwrap_or_default()),
            _ => (style("✗").red().bold().for_stderr(), sum_line(counts)),
        };
        progress::print_status(&format!(
            "{mark} {suite}: {summary} {}",
            style(terminal::time(took)).dim().for_stderr()
        ));
        if !passed && !skipped {
            let why = if succeeded && counts.run() == 0 { "nothing ran" } else { "failed" };
            let lines: Vec<&str> = log.trim_end().lines().collect();
            let last = lines.iter().skip(lines.len().saturating_sub(60)).map(|line| format!("    {line}\n"));
            progress::print_status(&format!(
                "{}    {why}; the whole log is {}",
                last.collect::<String>(),
                path.display()
            ));
        }
        Ok(Row { suite: suite.to_owned(), counts, took, passed, skipped })
    }
}

/// Shows the table, the sum, and the time since the command began. Returns whether all passed.
fn show_table(rows: &[Row], took: Duration) -> bool {
    let widest = rows.iter().map(|row| row.suite.chars().count()).max().unwrap_or(0).max(24);
    let columns = vec![
        Column::left("suite", widest),
        Column::right("tests run", 9),
        Column::right("passed", 9),
        Column::right("time", 12),
    ];
    let table = Table::new(columns);
    let cells = |name: &str, counts: Counts, took| {
        [name.to_owned(), counts.run().to_string(), counts.passed.to_string(), terminal::time(took)]
    };
    let mut sum = Counts::default();
    terminal::print_line(format!("\n{}", table.head()));
    for row in rows {
        let tone = match (row.passed, row.skipped) {
            (true, _) => Tone::Good,
            (_, true) => Tone::Plain,
            _ => Tone::Bad,
        };
        terminal::print_line(table.row(tone, &cells(&row.suite, row.counts, row.took)));
        sum += row.counts;
        // A suite that failed without a failed test counts as one: nothing ran, or it was interrupted.
        if !row.passed && !row.skipped && row.counts.failed == 0 {
            sum.failed += 1;
        }
    }
    let passed = rows.iter().all(|row| row.passed || row.skipped);
    let tone = if passed { Tone::Plain } else { Tone::Bad };
    terminal::print_line(table.rule());
    let all = cells(&format!("{} suites", rows.len()), sum, took);
    terminal::print_line(table.row(tone, &all));
    terminal::print_line(format!("\n{}", sum_line(sum)));
    passed
}

/// The suites that `tests/package/run.mjs` lists.
fn listed(more: &[&str]) -> Result<Vec<String>> {
    let words: Vec<&str> =
        ["tests/package/run.mjs", "--list"].into_iter().chain(more.iter().copied()).collect();
    let listed = progress::silently("listing the package's suites", |step| {
        process::run_ok(&mut npm::node(&words), step)
    })?;
    let names = listed.standard_output();
    Ok(names.lines().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// The counts and the last line of standard output. Standard error comes through another pipe, so a line of it
/// may arrive after the last line of the result.
fn result_of(output: &Output, count: fn(&str) -> Counts) -> (Counts, Option<String>) {
    let printed = output.standard_output();
    let last = printed.lines().rev().find(|line| !line.trim().is_empty()).map(str::to_owned);
    (count(&printed), last)
}

fn failed_to_start(error: &str) -> Output {
    let line = Line { standard_output: false, text: error.to_owned() };
    Output { lines: vec![line], succeeded: false, ending: "it could not be started".to_owned() }
}

fn sum_line(counts: Counts) -> String {
    format!("{} passed, {} failed", counts.passed, counts.failed)
}

/// `package: node-esm` → `package-node-esm.log`
fn file_name(suite: &str) -> String {
    let words: Vec<&str> =
        suite.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    format!("{}.log", words.join("-"))
}

#[cfg(test)]
mod tests;
