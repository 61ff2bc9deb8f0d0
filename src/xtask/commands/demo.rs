//! The demo: a real issuer and a real worker on loopback. Shows one request a row, with the answer of the gate.

mod actors;
mod answer;
pub(crate) mod login;
mod mcp;
mod story;
mod tokens;
mod www;

use std::path::PathBuf;
use std::thread;
use std::time::Instant;

use anyhow::Result;
use console::style;

use crate::commands::demo::actors::{AUDIENCE, Companion, Example, Worker};
use crate::commands::demo::story::Stage;
use crate::commands::{build, no_arguments};
use crate::paths;
use crate::process::{self, Scratch};
use crate::ui::progress::print_line;
use crate::ui::table::{Column, Table};
use crate::ui::terminal;
use crate::wasm::Tools;

/// `cargo xtask demo [--mcp | --www]`
pub(crate) fn demo(arguments: &[&str]) -> Result<bool> {
    match arguments {
        ["--www"] => return www::serve(),
        ["--mcp"] => return mcp::run(),
        others => no_arguments("demo", others)?,
    }
    let began = Instant::now();
    let lock = paths::lock()?;
    let (package, program) = build_all()?;
    let scratch = Scratch::new("demo")?;
    let companion = Companion::start(program, scratch.path())?;
    let keys = format!("{}/.well-known/jwks.json", companion.issuer);
    let bindings = [("ISSUER", companion.issuer.as_str()), ("AUDIENCE", AUDIENCE), ("JWKS_URI", &keys)];
    let example = Example { folder: "cloudflare-worker", bindings: &bindings, port: 0 };
    let worker = Worker::start(&package, scratch.path(), &example)?;
    drop(lock);

    introduce(&companion, &worker);
    let columns = table_columns(22);
    let mut stage = Stage::new(companion, worker, Table::new(columns));
    story::run(&mut stage)?;
    Ok(stage.finish(began.elapsed()))
}

/// Builds the package and the companion. Returns the folder of the package and the program.
fn build_all() -> Result<(PathBuf, PathBuf)> {
    thread::scope(|scope| {
        let program = scope.spawn(actors::build_companion);
        let package = build::package(Tools::Generator);
        let program = process::joined(program);
        anyhow::Ok((package?, program?))
    })
}

fn introduce(companion: &Companion, worker: &Worker) {
    print_line("");
    print_line(format!("  {}  a gate for OAuth 2.0 bearer tokens", style("jotgate").bold()));
    print_line("");
    let issuer = &companion.issuer;
    let text =
        format!("  issuer  {issuer}  jotgate-keys, the companion: publishes its keys, mints the tokens");
    print_line(terminal::wrapped(&text, 10));
    let text = format!(
        "  worker  {}  a real workerd with examples/cloudflare-worker on the npm package that was just built; it knows only the address of the issuer",
        worker.address
    );
    print_line(terminal::wrapped(&text, 10));
    print_line("");
    print_line("  Each row is one HTTP request to the worker.");
    print_line("");
}

/// `expected` is the width of the second column, if the terminal is wide enough. The third takes the rest of the width.
fn table_columns(expected: usize) -> Vec<Column> {
    let width = terminal::columns();
    let (request, expected) = if width < 100 { (22, expected.min(19)) } else { (31, expected) };
    let time = 8;
    let answered = width.saturating_sub(2 + request + 2 + expected + 2 + 2 + time).clamp(20, 58);
    vec![
        Column::left("request", request),
        Column::left("expected", expected),
        Column::left("answered", answered),
        Column::right("time", time),
    ]
}
