//! The command `check`.

use std::process::ExitCode;

use jotgate_keys::{Clock, Encryption, Error, Finding, Keeper, check, json_findings, server_listing};

use crate::client_arguments::Json;
use crate::configuration::Held;
use crate::say;

/// The exit code if something is unusual.
const UNUSUAL: u8 = 3;

pub(crate) fn check_store(
    keeper: &Keeper,
    clock: &dyn Clock,
    held: &[Held],
    serve_refused: Option<&str>,
    Json { json }: Json,
) -> Result<ExitCode, Error> {
    let mut findings = check(&keeper.load()?.1, clock.now());
    findings.extend(
        serve_refused
            .map(|why| Finding { code: "serve_refused", text: format!("`serve` would not start: {why}") }),
    );
    let configuration: Vec<_> =
        held.iter().map(|held| (held.name, held.value.as_str(), held.source.as_str())).collect();
    let encryption = keeper.encryption()?;
    say(&match json {
        true => json_findings(&findings, &configuration, &encryption)?,
        false => text(&findings, &configuration, &encryption),
    })?;
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(UNUSUAL) })
}

fn text(findings: &[Finding], configuration: &[(&str, &str, &str)], encryption: &Encryption) -> String {
    let mut text = match findings {
        [] => "nothing is unusual\n".to_owned(),
        some => some.iter().map(|Finding { code, text }| format!("{code}: {text}\n")).collect(),
    };
    text.push_str("\nin force:\n");
    let widest = configuration.iter().map(|(name, ..)| name.len()).max().unwrap_or_default();
    for (name, value, source) in configuration {
        let value = if value.is_empty() { "-" } else { value };
        text.push_str(&format!("  {name:widest$}  {}  ({source})\n", value.escape_debug()));
    }
    text.push_str(&format!("\n{}", server_listing(encryption)));
    text
}
