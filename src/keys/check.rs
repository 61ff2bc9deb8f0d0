//! Finds unusual facts in a store: values that no command accepts any more, and steps that are overdue.

use crate::life::rotation_due_for;
use crate::listing::moment;
use crate::{Client, Purpose, Settings, State, check_audiences, check_claims, check_client_id};

/// Something unusual that a person should look at. The store keeps working.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The stable code, for programs to compare.
    pub code: &'static str,
    /// The problem and the remedy, for people.
    pub text: String,
}

/// Returns everything unusual in a state. `now` in Unix seconds.
#[must_use]
pub fn check(state: &State, now: u64) -> Vec<Finding> {
    let mut findings = vec![];
    if let Err(refusal) = Settings::chosen(*state.settings().times(), None) {
        let text = format!("{refusal}: `settings set`");
        findings.push(Finding { code: refusal.code(), text });
    }
    if let Err(error) = state.require_format_4("") {
        let text = "the store has format 3: run `upgrade` once every server runs this version".to_owned();
        findings.push(Finding { code: error.code(), text });
    }
    findings.extend(check_keys(state, now));
    let longest = state.settings().times().longest_life;
    findings.extend(state.clients().iter().flat_map(|client| check_client(client, longest)));
    findings
}

fn check_keys(state: &State, now: u64) -> Vec<Finding> {
    let mut findings = vec![];
    // A running server makes an overdue step within this time.
    let late = state.settings().times().replica_delay.saturating_add(60);
    for ring in Purpose::ALL.into_iter().filter_map(|purpose| state.ring_for(purpose)) {
        let due = rotation_due_for(state, ring.purpose(), state.settings());
        if now > due.saturating_add(late) {
            let text = format!("the signing key should have retired {}: does `serve` run?", moment(due));
            findings.push(Finding { code: "signer_overdue", text });
        }
        if ring.staged().is_none() {
            let text = "the signing key has no successor: does `serve` run?".to_owned();
            findings.push(Finding { code: "no_successor", text });
        }
    }
    for key in state.keys() {
        if key.published > now.saturating_add(60) {
            let (kid, published) = (key.kid(), moment(key.published));
            let text = format!(
                "the key {kid} was published {published}, which is in the future: set the clock right"
            );
            findings.push(Finding { code: "clock_behind", text });
        }
        if let Some(gone) =
            state.gone_from(key, state.settings()).filter(|gone| now > gone.saturating_add(late))
        {
            let text =
                format!("the key {} should be gone since {}: does `serve` run?", key.kid(), moment(gone));
            findings.push(Finding { code: "key_overdue", text });
        }
    }
    findings
}

fn check_client(client: &Client, longest: u64) -> Vec<Finding> {
    // An identifier in an older store may contain any character, such as a line end.
    let id = client.id.escape_debug().to_string();
    let mut findings = vec![];
    if let Err(refusal) = check_client_id(&client.id) {
        let text = format!("client `{id}`: {refusal}; it goes on working");
        findings.push(Finding { code: refusal.code(), text });
    }
    if let Err(refusal) = check_audiences(&client.audiences) {
        let text = format!("client `{id}`: {refusal}: `clients set {id} --audience`");
        findings.push(Finding { code: refusal.code(), text });
    }
    if client.token_life > longest {
        let life = client.token_life;
        let text = format!(
            "client `{id}`: its tokens live for {longest} s at most, and not for the {life} s chosen"
        );
        findings.push(Finding { code: "token_life", text });
    }
    if let Err(refusal) = check_claims(&client.claims) {
        let text = format!("client `{id}`: {refusal}: `clients set {id} --drop-claim`");
        findings.push(Finding { code: refusal.code(), text });
    }
    if client.secrets.is_empty() && client.keys.is_none() && !client.is_public() {
        let text = format!("client `{id}` has no secret: `clients secret add {id}`");
        findings.push(Finding { code: "client_no_secret", text });
    }
    findings
}
