//! `cargo xtask bench`: the package, and what it is measured against, enter; one table of ratios leaves, beside what
//! was to be reached. Everything that measures is in `benches`.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::cargo::cargo;
use crate::commands::build;
use crate::selection::Selection;
use crate::ui::progress::say;
use crate::ui::table::{Column, Table, Tone};
use crate::ui::{progress, terminal};
use crate::wasm::Tools;
use crate::{npm, place, process};

/// How long it may take: three runs of everything take an hour or less where nothing disturbs them.
const LIMIT: Duration = Duration::from_secs(6 * 60 * 60);
/// The words that are handed on; those that take a value, with one.
const FLAGS: [&str; 1] = ["--quick"];
const OPTIONS: [&str; 4] = ["--runtime", "--algorithm", "--runs", "--rounds"];

/// What packages that leave algorithms out are built for, to be weighed.
const FEWER: [&str; 4] = ["HS256", "RS256", "ES256", "EdDSA"];

/// `cargo xtask bench [--quick] [--runtime node20,bun] [--algorithm ES256] [--runs 3] [--rounds 12]`
pub(crate) fn bench(arguments: &[&str]) -> Result<bool> {
    let words = Words::of(arguments)?;
    // Held to the end: whoever builds meanwhile would be measured too.
    let _lock = place::lock()?;
    let package = build::package(Tools::Generator, &Selection::ALL)?;
    let native = if words.want("native") { Some(build_native()?) } else { None };
    let mut node = npm::node(&["benches/run.mjs"]);
    node.args(arguments).arg("--package").arg(&package);
    if words.want("sizes") {
        for algorithms in FEWER {
            let fewer = build::package(Tools::Generator, &Selection::of(algorithms)?)?;
            node.arg("--fewer").arg(fewer);
        }
    }
    if let Some(program) = native {
        node.arg("--native").arg(program);
    }
    let output = progress::step("measuring", |step| process::run(&mut node, LIMIT, step))?;
    if !output.succeeded {
        bail!("the benchmark: {}\n{}", output.ending, output.tail());
    }
    let result: Value = serde_json::from_str(&fs::read_to_string(place::target("bench.json"))?)?;
    show(&result)?;
    say("");
    say(output.standard_output().trim_end());
    // What a part could not do is told above; a floor that is missed is a result, not a failure.
    Ok(result.get("failures").and_then(Value::as_object).is_some_and(serde_json::Map::is_empty))
}

/// The command's words, as far as they matter here; the rest is the harness's to understand.
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
                words.quick = true;
                continue;
            }
            if !OPTIONS.contains(word) {
                bail!("`bench` takes no `{word}`, but {} and {}", FLAGS.join(", "), OPTIONS.join(", "));
            }
            let value = rest.next().with_context(|| format!("`{word}` wants a value"))?;
            if *word == "--runtime" {
                words.runtime = Some(value);
            }
        }
        Ok(words)
    }

    /// Whether a part is measured for which something of its own is built. `--quick` builds nothing: the program without JavaScript
    /// brings a C library along, which takes minutes, and packages with fewer algorithms take one.
    fn want(&self, part: &str) -> bool {
        match self.runtime {
            Some(list) => list.split(',').any(|name| name.trim() == part),
            None => !self.quick,
        }
    }
}

fn build_native() -> Result<PathBuf> {
    let mut build = cargo(&["build", "--release", "--locked", "--manifest-path"], "bench/native");
    build.arg(place::at("benches/native/Cargo.toml"));
    progress::step("building the native benchmark", |step| process::run_ok(&mut build, step))?;
    Ok(place::target("bench/native/release/jotgate-bench"))
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
    for (part, reason) in result.get("failures").and_then(Value::as_object).into_iter().flatten() {
        say(&format!("  {part} could not be measured: {}", reason.as_str().unwrap_or_default()));
    }
    let load =
        |when: &str| result.pointer(&format!("/load/{when}")).and_then(Value::as_f64).unwrap_or_default();
    let (before, after) = (load("before"), load("after"));
    let busy = result.pointer("/load/busy").and_then(Value::as_bool) == Some(true);
    let advice = if busy { ": it should have been idle before" } else { "" };
    say("");
    say(&format!("  the machine's load was {before:.1} before and {after:.1} after{advice}"));
    Ok(())
}

fn show_ratios(rows: &[Value], algorithms: &[&str]) -> Result<()> {
    let colours = terminal::stdout();
    say("");
    say("  Tokens that jotgate verifies while the other verifies one, and what was to be reached");
    say("");
    let mut columns = vec![Column::left("", 36)];
    columns.extend(algorithms.iter().map(|_| Column::right("", 11)));
    let table = Table::new(columns, colours);
    let mut head = vec![String::new()];
    head.extend(algorithms.iter().map(|name| (*name).to_owned()));
    say(&colours.bold(&table.row(Tone::Plain, &head)));
    say(&table.rule());
    for row in rows {
        let mut cells =
            vec![row.get("name").and_then(Value::as_str).context("a row without a name")?.to_owned()];
        let mut missed = false;
        for algorithm in algorithms {
            let cell = row.pointer(&format!("/cells/{algorithm}")).context("a row without a cell")?;
            missed |= cell.get("met").and_then(Value::as_bool) == Some(false);
            cells.push(ratio(cell));
        }
        say(&table.row(if missed { Tone::Bad } else { Tone::Good }, &cells));
    }
    Ok(())
}

/// `12.3 ≥10 ✓`, `0.71 ≥1 ✗`; `–` where somebody is missing.
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
    say("");
    let columns = vec![Column::left("", 52), Column::right("is", 14), Column::left("may be", 30)];
    let table = Table::new(columns, terminal::stdout());
    say(&table.head());
    for limit in limits {
        let text = |name: &str| limit.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let met = limit.get("met").and_then(Value::as_bool) == Some(true);
        let (value, allowed) = match limit.get("value") {
            Some(_) => (text("value"), text("limit")),
            None => ("–".to_owned(), text("missing")),
        };
        say(&table.row(if met { Tone::Good } else { Tone::Bad }, &[text("name"), value, allowed]));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_ratio_is_told_beside_its_floor() {
        assert_eq!(ratio(&json!({ "ratio": 12.34, "floor": 10, "met": true })), "12.3 ≥10 ✓");
        assert_eq!(ratio(&json!({ "ratio": 0.706, "floor": 1.1, "met": false })), "0.71 ≥1.1 ✗");
        assert_eq!(ratio(&json!({ "ratio": 0.5 })), "0.50");
        assert_eq!(ratio(&json!({ "missing": "it has no EdDSA", "floor": 2, "met": false })), "– ≥2 ✗");
        assert_eq!(ratio(&json!({ "missing": "it has no EdDSA" })), "–");
    }

    #[test]
    fn the_native_program_is_built_only_where_it_takes_part() {
        let wanted = |words: &[&str]| Words::of(words).unwrap().want("native");
        assert!(wanted(&[]));
        assert!(wanted(&["--runs", "1"]));
        assert!(!wanted(&["--quick"]));
        assert!(wanted(&["--quick", "--runtime", "node20, native"]));
        assert!(!wanted(&["--runtime", "node20"]));
    }

    #[test]
    fn a_word_that_means_nothing_is_refused() {
        assert!(Words::of(&["--fast"]).is_err());
        assert!(Words::of(&["--runs"]).is_err());
    }
}
