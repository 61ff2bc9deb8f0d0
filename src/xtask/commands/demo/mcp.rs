//! `cargo xtask demo --mcp`: an unmodified MCP client logs in at the companion and calls the tools of `examples/mcp-server`.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use console::style;
use serde_json::Value;

use crate::commands::demo::actors::{self, Companion, Example, Worker};
use crate::process::{self, Scratch};
use crate::ui::progress::{self, print_line};
use crate::ui::table::{Table, Tone};
use crate::ui::terminal;
use crate::{npm, paths};

/// The client at the companion.
const CLIENT: &str = "notes-agent";
/// How long the client may take.
const LIMIT: Duration = Duration::from_secs(120);

/// A request of the client, and the answer.
#[derive(Debug, PartialEq)]
struct Row {
    request: String,
    expected: String,
    answered: String,
    good: bool,
    took: Duration,
}

/// Starts the servers, runs the client and shows a row for each of its requests. Returns whether all were as expected.
pub(super) fn run() -> Result<bool> {
    let began = Instant::now();
    let lock = paths::lock()?;
    let (package, program) = super::build_all()?;
    let scratch = Scratch::new("demo")?;
    // The companion and the server must know the URL of the server before it listens there.
    let address = actors::free_address()?;
    let resource = format!("http://{address}/mcp");
    let companion = Companion::start(program, scratch.path())?;
    let secret = companion.add_client(CLIENT, "notes:read notes:write", &resource)?;
    let bindings = [("ISSUER", companion.issuer.as_str()), ("RESOURCE", &resource)];
    let example = Example { folder: "mcp-server", bindings: &bindings, port: address.port() };
    let worker = Worker::start(&package, scratch.path(), &example)?;
    drop(lock);

    print_line("");
    print_line(format!("  {}  a gate for MCP servers", style("jotgate").bold()));
    print_line("");
    print_line(format!("  issuer  {}  jotgate-keys, the companion", companion.issuer));
    print_line(format!("  server  {}/mcp  a real workerd with examples/mcp-server", worker.address));
    let client = format!(
        "  client  {CLIENT}  @modelcontextprotocol/client, unmodified; it knows the URL of the server and its own client ID and secret"
    );
    print_line(terminal::wrapped(&client, 10));
    print_line("");
    print_line("  Each row is one HTTP request. The client sends all but the last four by itself.");
    print_line("");
    let table = Table::new(super::table_columns(31));
    print_line(table.head());

    let mut node = npm::node(&["--no-warnings", "src/xtask/commands/demo/mcp_client.mjs"]);
    node.env("RESOURCE", &resource).env("ISSUER", &companion.issuer);
    // Not as arguments, which other users of the machine can read.
    node.env("CLIENT_ID", CLIENT).env("CLIENT_SECRET", secret);
    let output =
        progress::silently("the client calls the tools", |step| process::run(&mut node, LIMIT, step))?;
    let rows: Vec<Row> = output.standard_output().lines().map(row).collect::<Result<_>>()?;
    for Row { request, expected, answered, good, took } in &rows {
        let tone = if *good { Tone::Good } else { Tone::Bad };
        let cells = [request.clone(), expected.clone(), answered.clone(), terminal::time(*took)];
        print_line(table.row(tone, &cells));
    }
    print_line(table.rule());
    let good = rows.iter().filter(|row| row.good).count();
    let all = good == rows.len() && good > 0 && output.succeeded;
    let sum = format!("  {good} of {} rows as expected, in {}", rows.len(), terminal::time(began.elapsed()));
    let sum = style(sum);
    print_line(if all { sum.green() } else { sum.red().bold() });
    if !output.succeeded {
        print_line(format!("  the client failed: {}\n{}", output.ending, output.standard_error()));
    }
    Ok(all)
}

/// A line of `mcp_client.mjs`.
fn row(line: &str) -> Result<Row> {
    let members: Value =
        serde_json::from_str(line).with_context(|| format!("the client printed `{line}`"))?;
    let text = |name: &str| {
        let found = members.get(name).and_then(Value::as_str);
        found.map(str::to_owned).with_context(|| format!("`{name}` is missing in `{line}`"))
    };
    let milliseconds = members.get("milliseconds").and_then(Value::as_f64).unwrap_or_default();
    Ok(Row {
        request: text("request")?,
        expected: text("expected")?,
        answered: text("answered")?,
        good: members.get("good").and_then(Value::as_bool).unwrap_or_default(),
        took: Duration::from_secs_f64(milliseconds.max(0.0) / 1_000.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_client_is_a_row() {
        let line = r#"{"request":"tools/list","expected":"200","answered":"200 now","good":true,"milliseconds":1.5}"#;
        let expected = Row {
            request: "tools/list".to_owned(),
            expected: "200".to_owned(),
            answered: "200 now".to_owned(),
            good: true,
            took: Duration::from_micros(1_500),
        };
        assert_eq!(row(line).unwrap(), expected);
    }

    #[test]
    fn any_other_line_is_an_error() {
        assert!(row("a warning").is_err());
        assert!(row(r#"{"request":"tools/list"}"#).is_err());
    }

    #[test]
    fn a_row_without_a_verdict_is_not_good() {
        assert!(!row(r#"{"request":"a","expected":"b","answered":"c"}"#).unwrap().good);
    }
}
