//! Reads a file with fixtures and a plan, and prints the times of all entrants as lines of JSON, as the contest in
//! JavaScript does.

mod backend;
mod contest;
mod entrants;
mod fixtures;

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::contest::{Settings, contest};
use crate::fixtures::Request;

fn main() -> Result<()> {
    let path = std::env::args().nth(1).context("usage: jotgate-bench <request.json>")?;
    let request: Request = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let plan = &request.plan;
    // Nothing waits here, so nothing is in flight and nothing is remembered.
    if !plan.cases.iter().any(|case| case.tokens == "fresh" && case.in_flight == 1) {
        return Ok(());
    }
    let (algorithm, keys) = (&plan.algorithm, plan.keys);
    tell(
        &json!({ "tick": 0, "note": format!("{algorithm}, {keys} key{}", if keys == 1 { "" } else { "s" }) }),
    );
    let (entrants, absent) = entrants::enter(&request.fixtures, algorithm, keys)?;
    let results: BTreeMap<String, Value> = contest(entrants, &Settings::of(plan))?
        .into_iter()
        .map(|(id, result)| (id, json!({ "count": result.count, "times": result.times })))
        .collect();
    tell(&json!({ "cell": {
        "algorithm": algorithm,
        "keys": keys,
        "tokens": "fresh",
        "inFlight": 1,
        "results": results,
        "absent": absent,
    } }));
    Ok(())
}

fn tell(message: &Value) {
    println!("{message}");
}
