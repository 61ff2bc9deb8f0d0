//! A file with fixtures and a plan enters; for each algorithm the times of all who take part leave, as lines of JSON in
//! the form that the contest in JavaScript uses.

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
    let keys: Vec<usize> = plan.key_counts();
    let total = plan.algorithms.len() * keys.len();
    let mut done = 0;
    for algorithm in &plan.algorithms {
        for keys in &keys {
            let (entrants, absent) = entrants::enter(&request.fixtures, algorithm, *keys)?;
            let note = format!("{algorithm}, {keys} key{}", if *keys == 1 { "" } else { "s" });
            tell(&json!({ "tick": ratio(done, total), "note": note }));
            let mut settings = Settings::of(plan);
            settings.times *= keys;
            let results: BTreeMap<String, Value> = contest(entrants, &settings)?
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
            done += 1;
        }
    }
    Ok(())
}

fn ratio(done: usize, total: usize) -> f64 {
    let exact = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    exact(done) / exact(total.max(1))
}

fn tell(message: &Value) {
    println!("{message}");
}
