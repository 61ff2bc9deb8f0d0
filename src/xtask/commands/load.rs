//! Measures the companion under load with `wrk` on the same machine, and writes `docs/load.md`. Not part of the
//! tests, because a busy machine would measure itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::cargo::cargo;
use crate::commands::demo::login::{self, Login};
use crate::commands::no_arguments;
use crate::process::{Scratch, Server};
use crate::ui::progress::{self, print_line};
use crate::ui::table::{Column, Table, Tone};
use crate::{paths, process};

/// How long each route is measured, in seconds.
const SECONDS: u64 = 10;
/// How many connections are open at once.
const CONNECTIONS: u64 = 64;
/// How many people's logins are refreshed: each connection has one in its hands, and wrk asks for one that it does not use.
const LOGINS: u64 = CONNECTIONS + 16;
const AUDIENCE: &str = "https://api.example";
/// How long the companion may take to start.
const READY: Duration = Duration::from_secs(60);
const PAGE: &str = "docs/load.md";

/// The result for a route.
struct Measured {
    what: String,
    command: String,
    a_second: f64,
    slowest: String,
    failed: String,
}

/// `cargo xtask load`
pub(crate) fn load(arguments: &[&str]) -> Result<bool> {
    no_arguments("load", arguments)?;
    let lock = paths::lock()?;
    let program = build()?;
    drop(lock);
    let scratch = Scratch::new("load")?;
    let store = scratch.path().join("store.sqlite");
    let run = |words: &[&str]| {
        let mut command = Command::new(&program);
        command.arg("--store").arg(&store).args(words);
        progress::silently("the store", |step| process::run_ok(&mut command, step))
    };
    run(&["init", "--issuer", "http://127.0.0.1:8411"])?;
    let added = run(&["clients", "add", "worker", "--scope", "items:read", "--audience", AUDIENCE])?;
    let added = added.standard_output();
    let secret = added.lines().find_map(|line| line.strip_prefix("client_secret: "));
    let secret = secret.context("the companion printed no secret")?;
    let mut users_add = Command::new(&program);
    users_add.arg("--store").arg(&store).args(["users", "add"]);
    login::add_person(users_add)?;
    run(&login::client_arguments(AUDIENCE))?;
    let mut serve = Command::new(&program);
    serve.arg("--store").arg(&store).args(["serve", "--listen", "127.0.0.1:0"]);
    // All logins come from one address, behind what plays the TLS proxy.
    serve.args(["--trusted-proxy", "127.0.0.1", "--attempts-per-address", "0"]);
    let mut companion = Server::start("the companion", &mut serve)?;
    let address = companion
        .wait_for(READY, |line| line.split_once("listening on ").map(|(_, url)| url.trim().to_owned()))?;

    let at_rest = memory(companion.id(), "VmRSS:")?;
    let script = scratch.path().join("token.lua");
    fs::write(&script, asking(secret))?;
    let keys = ask("GET /.well-known/jwks.json", &format!("{address}/.well-known/jwks.json"), None)?;
    let token = ask("POST /token, ES256", &format!("{address}/token"), Some(&script))?;
    let peak = memory(companion.id(), "VmHWM:")?;
    let memory = format!("{at_rest} MiB at rest, at most {peak} MiB while it answers the first two routes");
    let script = scratch.path().join("refresh.lua");
    fs::write(&script, refreshing(&address)?)?;
    let refresh = ask("POST /token, refresh", &format!("{address}/token"), Some(&script))?;
    companion.stop();

    let mut example =
        cargo(&["run", "--release", "--quiet", "--package", "jotgate-keys", "--example", "signing"], "");
    let signing = progress::silently("signing", |step| process::run_ok(&mut example, step))?;
    let signing = signing.standard_output().trim().to_owned();

    let databases = on_databases()?;
    let all: Vec<&Measured> = [&keys, &token, &refresh].into_iter().chain(&databases).collect();
    show(&all);
    print_line(format!("  resident memory: {memory}"));
    print_line(format!("  {signing}"));
    if all.iter().any(|measured| measured.failed != "0") {
        return Ok(false);
    }
    fs::write(paths::at(PAGE), page(&all, &memory, &signing)?)?;
    print_line(format!("  written to {PAGE}"));
    Ok(true)
}

/// Builds the companion in release mode, and the example that measures the signer.
fn build() -> Result<PathBuf> {
    let mut command = cargo(&["build", "--release", "--package", "jotgate-keys", "--bins", "--examples"], "");
    progress::step("building the companion as it is shipped", |step| process::run_ok(&mut command, step))?;
    Ok(paths::target("release/jotgate-keys"))
}

/// The script for wrk that requests tokens with `client_secret_post` (RFC 6749 §2.3.1).
fn asking(secret: &str) -> String {
    let body = format!("grant_type=client_credentials&client_id=worker&client_secret={secret}");
    format!(
        "wrk.method = \"POST\"\nwrk.body = \"{body}\"\n\
         wrk.headers[\"Content-Type\"] = \"application/x-www-form-urlencoded\"\n"
    )
}

/// The script for wrk that refreshes logins: each answer brings the token for a later request.
fn refreshing(address: &str) -> Result<String> {
    let login = Login::new(address);
    let tokens: Vec<String> = progress::step("logging people in", |_| {
        (0..LOGINS).map(|_| Ok(format!("\"{}\"", login.by_code()?.refresh_token()))).collect()
    })?;
    let form = format!("grant_type=refresh_token&client_id={}&refresh_token=", login::CLIENT);
    Ok(format!(
        "local tokens = {{ {} }}\nwrk.method = \"POST\"\n\
         wrk.headers[\"Content-Type\"] = \"application/x-www-form-urlencoded\"\n\
         function request()\n  return wrk.format(nil, nil, nil, \"{form}\" .. (table.remove(tokens, 1) or \"\"))\nend\n\
         function response(_, _, body)\n  table.insert(tokens, body:match('\"refresh_token\":\"([^\"]+)\"'))\nend\n",
        tokens.join(", ")
    ))
}

fn ask(what: &'static str, url: &str, script: Option<&Path>) -> Result<Measured> {
    let mut words: Vec<String> =
        ["-t1".to_owned(), format!("-c{CONNECTIONS}"), format!("-d{SECONDS}s"), "--latency".to_owned()]
            .into();
    let mut shown = words.clone();
    if let Some(script) = script {
        words.extend(["-s".to_owned(), script.display().to_string()]);
        let name = script.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        shown.extend(["-s".to_owned(), name.to_owned()]);
    }
    let path = url.rsplit_once(':').and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
    shown.push(format!("http://127.0.0.1:8411/{path}"));
    let mut command = Command::new("wrk");
    command.args(&words).arg(url);
    let output = progress::step(what, |step| process::run(&mut command, process::LONG, step))
        .context("`wrk` is missing: install the package `wrk` of Debian or Ubuntu")?;
    if !output.succeeded {
        bail!("`wrk`: {}\n{}", output.ending, output.tail());
    }
    let printed = output.standard_output();
    let after = |word: &str| printed.lines().find_map(|line| line.trim().strip_prefix(word)).map(str::trim);
    let a_second =
        after("Requests/sec:").and_then(|number| number.parse().ok()).context("wrk counted nothing")?;
    Ok(Measured {
        what: what.to_owned(),
        command: format!("wrk {}", shown.join(" ")),
        a_second,
        slowest: after("99%").context("wrk measured no time")?.to_owned(),
        failed: after("Non-2xx or 3xx responses:").unwrap_or("0").to_owned(),
    })
}

/// Logins and refreshes by a test of the companion, which starts PostgreSQL and one or three servers.
fn on_databases() -> Result<Vec<Measured>> {
    const WORDS: [&str; 5] = ["test", "--release", "--package=jotgate-keys", "--test=companion", "load::"];
    let mut command = cargo(&WORDS, "");
    command.args(["--", "--ignored", "--nocapture"]).env("JOTGATE_LOAD_SECONDS", SECONDS.to_string());
    let output = progress::step("logins and refreshes", |step| process::run_ok(&mut command, step))?;
    let printed = output.standard_output();
    let shown = format!("JOTGATE_LOAD_SECONDS={SECONDS} cargo {} -- --ignored --nocapture", WORDS.join(" "));
    let read = |line: &str| {
        let mut parts = line.split_once("load: ")?.1.split(" | ");
        Some(Measured {
            what: parts.next()?.to_owned(),
            command: shown.clone(),
            a_second: parts.next()?.parse().ok()?,
            slowest: parts.next()?.to_owned(),
            failed: parts.next()?.to_owned(),
        })
    };
    let all: Vec<Measured> = printed.lines().filter_map(read).collect();
    if all.len() < 6 {
        bail!("logins and refreshes were not measured: is PostgreSQL installed?\n{printed}");
    }
    Ok(all)
}

/// An amount of memory of a process, in MiB.
fn memory(id: u32, name: &str) -> Result<String> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line =
        status.lines().find_map(|line| line.strip_prefix(name)).context("the system counts no memory")?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(format!("{:.1}", kilobytes / 1024.0))
}

fn show(all: &[&Measured]) {
    let columns = vec![
        Column::left("route", 28),
        Column::right("requests a second", 18),
        Column::right("99 % faster than", 17),
        Column::right("not 2xx", 8),
    ];
    let table = Table::new(columns);
    print_line(format!("\n{}", table.head()));
    for measured in all {
        let tone = if measured.failed == "0" { Tone::Good } else { Tone::Bad };
        let cells = [
            measured.what.to_owned(),
            format!("{:.0}", measured.a_second),
            measured.slowest.clone(),
            measured.failed.clone(),
        ];
        print_line(table.row(tone, &cells));
    }
    print_line(table.rule());
}

fn page(all: &[&Measured], memory: &str, signing: &str) -> Result<String> {
    let cpu = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("");
    let model = model.trim_start_matches(['\t', ' ', ':']);
    let cores = std::thread::available_parallelism()?;
    let system = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let system = system.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).unwrap_or("Linux");
    let date = process::output_of(Command::new("date").args(["-u", "+%Y-%m-%d"])).unwrap_or_default();
    let wrk = process::output_of(Command::new("sh").args(["-c", "wrk -v 2>&1 | head -n 1 | cut -d' ' -f2"]));
    let rows: String = all
        .iter()
        .map(|row| {
            let Measured { what, a_second, slowest, failed, command } = row;
            format!("| `{what}` | {a_second:.0} | {slowest} | {failed} | `{command}` |\n")
        })
        .collect();
    Ok(format!(
        "# jotgate-keys under load

Written by `cargo xtask load` on {date}: {system}, {cores} cores ({model}), wrk {wrk}, on loopback,
with the load generator on the same cores. The companion is a release build with default settings.

| route | requests a second | 99 % faster than | not 2xx | command |
|---|---:|---:|---:|---|
{rows}
Resident memory of the companion: {memory}. Checking a password takes 19 MiB more.

{signing}. A token here is complete: claims, header, random `jti`, base64url.

`token.lua` posts `grant_type=client_credentials&client_id=worker&client_secret=…` as a form. `refresh.lua`
refreshes {LOGINS} logins, each with the token of the answer before; every refresh is a durable write to the ledger in SQLite. The server
has no limit of attempts per address. The rows with a database have 16 clients, which also check the answers; a login reads and posts the
pages, hashes a password and redeems the code, and a PostgreSQL on the same cores confirms each change after it is on the disk. No row shows TLS or a
network.
",
        system = system.trim_matches('"'),
        wrk = wrk.unwrap_or_default(),
    ))
}
