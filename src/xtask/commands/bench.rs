//! `cargo xtask bench`: measures the package and its peers, and shows the ratios beside their floors. The
//! measuring programs are in `benches`.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use console::style;
use serde_json::Value;

use crate::cargo::cargo;
use crate::commands::build;
use crate::ui::progress::{self, print_line};
use crate::ui::table::{Column, Table, Tone};
use crate::wasm::Tools;
use crate::{npm, paths, process};

/// The limit. Three runs of everything take about an hour.
const LIMIT: Duration = Duration::from_secs(6 * 60 * 60);
/// The arguments that are passed on: flags, and options with a value.
const FLAGS: [&str; 2] = ["--quick", "--cold"];
const OPTIONS: [&str; 5] = ["--runtime", "--algorithm", "--runs", "--rounds", "--against"];

/// `cargo xtask bench [--quick | --cold] [--runtime node20,bun] [--algorithm ES256] [--runs 3] [--rounds 12]
/// [--against <folder of an earlier package>]`
pub(crate) fn bench(arguments: &[&str]) -> Result<bool> {
    let words = Words::of(arguments)?;
    // Held to the end: a build at the same time would disturb the measurement.
    let _lock = paths::lock()?;
    let package = build::package(Tools::Generator)?;
    let native = if words.want("native") { Some(build_native()?) } else { None };
    let mut node = npm::node(&["benches/run.mjs"]);
    node.args(arguments).arg("--package").arg(&package);
    if let Some(program) = native {
        node.arg("--native").arg(program);
    }
    let output = progress::step("measuring", |step| process::run(&mut node, LIMIT, step))?;
    if !output.succeeded {
        bail!("the benchmark: {}\n{}", output.ending, output.tail());
    }
    let result: Value = serde_json::from_str(&fs::read_to_string(paths::target("bench.json"))?)?;
    show(&result)?;
    print_line("");
    print_line(output.standard_output().trim_end());
    // A part that could not be measured is a failure. A missed floor is a result.
    Ok(result.get("failures").and_then(Value::as_object).is_some_and(serde_json::Map::is_empty))
}

/// The arguments that matter here. The harness reads the others.
struct Words<'a> {
    quick: bool,
    runtime: Option<&'a str>,
}

impl<'a> Words<'a> {
    fn of(arguments: &[&'a str]) -> Result<Self> {
        let mut words = Self { quick: false, runtime: None };
        let mut rest = arguments.iter();
        while let Some(word) = rest.next() {
            if FLAGS.contains(word) {
                // Neither needs the native program.
                words.quick = true;
                continue;
            }
            if !OPTIONS.contains(word) {
                bail!(
                    "`bench` does not take `{word}`; it takes {} and {}",
                    FLAGS.join(", "),
                    OPTIONS.join(", ")
                );
            }
            let value = rest.next().with_context(|| format!("`{word}` needs a value"))?;
            if *word == "--runtime" {
                words.runtime = Some(value);
            }
        }
        Ok(words)
    }

    /// Whether a part is measured that must be built first. `--quick` builds nothing, because each part takes a
    /// minute or more.
    fn want(&self, part: &str) -> bool {
        match self.runtime {
            Some(list) => list.split(',').any(|name| name.trim() == part),
            None => !self.quick,
        }
    }
}

fn build_native() -> Result<PathBuf> {
    let mut build = cargo(&["build", "--release", "--locked", "--manifest-path"], "bench/native");
    build.arg(paths::at("benches/native/Cargo.toml"));
    progress::step("building the native benchmark", |step| process::run_ok(&mut build, step))?;
    Ok(paths::target("bench/native/release/jotgate-bench"))
}

fn show(result: &Value) -> Result<()> {
    let rows = result.get("ratios").and_then(Value::as_array).context("no ratios")?;
    let algorithms = result.get("algorithms").and_then(Value::as_array).context("no algorithms")?;
    let algorithms: Vec<&str> = algorithms.iter().filter_map(Value::as_str).collect();
    if !rows.is_empty() {
        show_ratios(rows, &algorithms)?;
    }
    let limits = result.get("limits").and_then(Value::as_array).context("no limits")?;
    if !limits.is_empty() {
        show_limits(limits);
    }
    if let Some(rows) = result.pointer("/cold-start/rows").and_then(Value::as_array) {
        show_cold_start(rows)?;
    }
    for (part, reason) in result.get("failures").and_then(Value::as_object).into_iter().flatten() {
        print_line(format!("  {part} could not be measured: {}", reason.as_str().unwrap_or_default()));
    }
    let load =
        |when: &str| result.pointer(&format!("/load/{when}")).and_then(Value::as_f64).unwrap_or_default();
    let (before, after) = (load("before"), load("after"));
    let busy = result.pointer("/load/busy").and_then(Value::as_bool) == Some(true);
    let advice = if busy { ": it should have been idle before" } else { "" };
    print_line("");
    print_line(format!("  the load of the machine was {before:.1} before and {after:.1} after{advice}"));
    Ok(())
}

fn show_ratios(rows: &[Value], algorithms: &[&str]) -> Result<()> {
    print_line("");
    print_line("  Tokens that jotgate verifies while the other verifies one, with the floor");
    print_line("");
    let mut columns = vec![Column::left("", 36)];
    columns.extend(algorithms.iter().map(|_| Column::right("", 11)));
    let table = Table::new(columns);
    let mut head = vec![String::new()];
    head.extend(algorithms.iter().map(|name| (*name).to_owned()));
    print_line(style(table.row(Tone::Plain, &head)).bold());
    print_line(table.rule());
    for row in rows {
        let mut cells =
            vec![row.get("name").and_then(Value::as_str).context("a row without a name")?.to_owned()];
        let mut missed = false;
        for algorithm in algorithms {
            let cell = row.pointer(&format!("/cells/{algorithm}")).context("a row without a cell")?;
            missed |= cell.get("met").and_then(Value::as_bool) == Some(false);
            cells.push(ratio(cell));
        }
        print_line(table.row(if missed { Tone::Bad } else { Tone::Good }, &cells));
    }
    Ok(())
}

/// `12.3 ≥10 ✓`, `0.71 ≥1 ✗`; `–` if one of the two was not measured.
fn ratio(cell: &Value) -> String {
    let number = |name: &str| cell.get(name).and_then(Value::as_f64);
    let measured = match number("ratio") {
        None => "–".to_owned(),
        Some(ratio) if ratio < 10.0 => format!("{ratio:.2}"),
        Some(ratio) => format!("{ratio:.1}"),
    };
    let met = cell.get("met").and_then(Value::as_bool);
    match (number("floor"), met) {
        (Some(floor), Some(met)) => format!("{measured} ≥{floor} {}", if met { "✓" } else { "✗" }),
        _ => measured,
    }
}

fn show_limits(limits: &[Value]) {
    print_line("");
    let columns = vec![Column::left("", 52), Column::right("is", 14), Column::left("may be", 30)];
    let table = Table::new(columns);
    print_line(table.head());
    for limit in limits {
        let text = |name: &str| limit.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let met = limit.get("met").and_then(Value::as_bool) == Some(true);
        let (value, allowed) = match limit.get("value") {
            Some(_) => (text("value"), text("limit")),
            None => ("–".to_owned(), text("missing")),
        };
        print_line(table.row(if met { Tone::Good } else { Tone::Bad }, &[text("name"), value, allowed]));
    }
}

/// Milliseconds until the first verdict, and their ratio: below 1, jotgate is faster.
fn show_cold_start(rows: &[Value]) -> Result<()> {
    print_line("");
    print_line("  Until the first ES256 verdict, ms of processor time");
    print_line("");
    let columns = vec![
        Column::left("", 60),
        Column::right("jotgate", 9),
        Column::right("jose", 9),
        Column::right("ratio", 7),
        Column::right("goal", 8),
    ];
    let table = Table::new(columns);
    print_line(table.head());
    for row in rows {
        let number = |name: &str| {
            row.get(name).and_then(Value::as_f64).with_context(|| format!("a row without {name}"))
        };
        let (ratio, goal) = (number("ratio")?, row.get("goal").and_then(Value::as_f64));
        let tone = match goal {
            Some(goal) if ratio > goal => Tone::Bad,
            Some(_) => Tone::Good,
            None => Tone::Plain,
        };
        let cells = [
            row.get("name").and_then(Value::as_str).context("a row without a name")?.to_owned(),
            format!("{:.2}", number("ours")?),
            format!("{:.2}", number("theirs")?),
            format!("{ratio:.2}"),
            goal.map(|goal| format!("≤ {goal}")).unwrap_or_default(),
        ];
        print_line(table.row(tone, &cells));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_ratio_is_shown_with_its_floor() {
        assert_eq!(ratio(&json!({ "ratio": 12.34, "floor": 10, "met": true })), "12.3 ≥10 ✓");
        assert_eq!(ratio(&json!({ "ratio": 0.706, "floor": 1.1, "met": false })), "0.71 ≥1.1 ✗");
        assert_eq!(ratio(&json!({ "ratio": 0.5 })), "0.50");
        assert_eq!(ratio(&json!({ "missing": "it has no EdDSA", "floor": 2, "met": false })), "– ≥2 ✗");
        assert_eq!(ratio(&json!({ "missing": "it has no EdDSA" })), "–");
    }

    #[test]
    fn the_native_program_is_built_only_if_it_is_measured() {
        let wanted = |words: &[&str]| Words::of(words).unwrap().want("native");
        assert!(wanted(&[]));
        assert!(wanted(&["--runs", "1"]));
        assert!(!wanted(&["--quick"]));
        assert!(wanted(&["--quick", "--runtime", "node20, native"]));
        assert!(!wanted(&["--runtime", "node20"]));
    }

    #[test]
    fn an_unknown_argument_is_refused() {
        assert!(Words::of(&["--fast"]).is_err());
        assert!(Words::of(&["--runs"]).is_err());
    }
}
