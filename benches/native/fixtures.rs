//! Reads the file that the host wrote.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub(crate) struct Request {
    pub(crate) fixtures: Fixtures,
    pub(crate) plan: Plan,
}

#[derive(Deserialize)]
pub(crate) struct Fixtures {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) algorithms: BTreeMap<String, Algorithm>,
}

#[derive(Deserialize)]
pub(crate) struct Algorithm {
    pub(crate) keys: Vec<Key>,
    pub(crate) one: Tokens,
    pub(crate) set: Option<Tokens>,
}

#[derive(Deserialize)]
pub(crate) struct Key {
    pub(crate) jwk: Value,
    pub(crate) pem: Option<String>,
    /// In base64.
    pub(crate) secret: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Tokens {
    pub(crate) good: Vec<String>,
    /// By what is wrong with them.
    pub(crate) bad: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Plan {
    pub(crate) algorithm: String,
    pub(crate) keys: usize,
    pub(crate) cases: Vec<Case>,
    pub(crate) rounds: usize,
    /// Milliseconds.
    pub(crate) batch: f64,
    pub(crate) warm_up: WarmUp,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Case {
    pub(crate) tokens: String,
    pub(crate) in_flight: usize,
}

/// Milliseconds, and how many verifications of a key are enough. `heat` is for entrants whose keys get tables.
#[derive(Deserialize)]
pub(crate) struct WarmUp {
    pub(crate) least: f64,
    pub(crate) most: f64,
    pub(crate) heat: f64,
    pub(crate) times: usize,
}
