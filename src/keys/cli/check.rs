//! The command `check`.

use std::process::ExitCode;

use jotgate_keys::{Clock, Error, Finding, Keeper, SystemClock, check, json_findings};

use crate::client_arguments::Json;
use crate::say;

/// The exit code if something is unusual.
const UNUSUAL: u8 = 3;

pub(crate) fn check_store(keeper: &Keeper, Json { json }: Json) -> Result<ExitCode, Error> {
    let findings = check(&keeper.load()?.1, SystemClock.now());
    let text = |findings: &[Finding]| match findings {
        [] => "nothing is unusual\n".to_owned(),
        some => some.iter().map(|Finding { code, text }| format!("{code}: {text}\n")).collect(),
    };
    say(&if json { json_findings(&findings)? } else { text(&findings) })?;
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(UNUSUAL) })
}
