//! Verifies tokens of this issuer in requests: access tokens at `/userinfo`, and ID tokens as hints.
//!
//! Each kind is verified only with the keys of its purpose, so one cannot be used as the other.

use jotgate_core::{KeySet, Keys, Needs, Policy, PolicyOptions, verify, verify_signature};
use serde_json::{Map, Value, json};

use super::dpop::seconds;
use crate::{Purpose, State};

/// The public keys of a state, prepared for verification.
#[derive(Debug)]
pub(crate) struct OwnKeys {
    issuer: String,
    leeway: u64,
    access: PurposeKeys,
    id: PurposeKeys,
}

/// The facts in an ID token of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hint {
    /// The `sub` of the person.
    pub(crate) subject: String,
    /// The client.
    pub(crate) client: String,
    /// The session.
    pub(crate) sid: Option<String>,
}

#[derive(Debug)]
struct PurposeKeys {
    set: KeySet,
    algorithms: Vec<String>,
}

impl PurposeKeys {
    fn of(state: &State, purpose: Purpose) -> Option<Self> {
        let rings = || state.rings().iter().filter(|ring| ring.purpose() == purpose);
        let keys = rings().flat_map(|ring| ring.keys()).map(|key| json!(key.pair.public()));
        let past = state.past_keys().iter().filter(|_| purpose == Purpose::Id).map(|key| key.public.clone());
        let keys: Vec<Value> = keys.chain(past).collect();
        let set = KeySet::from_jwks(&json!({ "keys": keys }).to_string()).ok()?;
        Some(Self { set, algorithms: rings().map(|ring| ring.algorithm().name().to_owned()).collect() })
    }
}

impl OwnKeys {
    /// Returns the keys of a state. Returns `None` if the core rejects them, which never happens for keys of this issuer.
    pub(crate) fn of(state: &State) -> Option<Self> {
        Some(Self {
            issuer: state.issuer().as_str().to_owned(),
            leeway: state.settings().times().clock_difference,
            access: PurposeKeys::of(state, Purpose::Access)?,
            id: PurposeKeys::of(state, Purpose::Id)?,
        })
    }

    /// Returns the claims of an access token (RFC 9068 §4), for any audience. `now` in Unix seconds. Returns `None` if it is invalid.
    pub(crate) fn access_claims(&self, token: &str, now: u64) -> Option<Map<String, Value>> {
        let options = PolicyOptions {
            issuer: Some(vec![self.issuer.clone()]),
            clock_tolerance: Some(seconds(self.leeway)),
            ..options(&self.access, "at+jwt")
        };
        let policy = Policy::new(options).ok()?;
        let keys = Keys::Set(&self.access.set);
        let verdict = verify(token.as_bytes(), keys, &policy, &Needs::default(), seconds(now)).ok()?;
        serde_json::from_str(verdict.claims()).ok()
    }

    /// Returns the facts in an ID token, even if it has expired or its key was removed (OpenID Connect Core §3.1.2.1, RP-Initiated Logout
    /// §4). Returns `None` if it is not from this issuer.
    pub(crate) fn hint(&self, token: &str) -> Option<Hint> {
        let policy = Policy::new(options(&self.id, "JWT")).ok()?;
        let signed = verify_signature(token.as_bytes(), Keys::Set(&self.id.set), &policy).ok()?;
        // Only the signature is verified so far. The type is checked too, so that a logout token is not accepted.
        let header: Map<String, Value> = serde_json::from_str(signed.header().text()).ok()?;
        if header.get("typ").and_then(Value::as_str) != Some("JWT") {
            return None;
        }
        let claims: Map<String, Value> = serde_json::from_slice(signed.payload()).ok()?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        if text("iss") != Some(self.issuer.as_str()) {
            return None;
        }
        let (subject, client) = (text("sub")?.to_owned(), text("aud")?.to_owned());
        Some(Hint { subject, client, sid: text("sid").map(str::to_owned) })
    }
}

fn options(keys: &PurposeKeys, typ: &str) -> PolicyOptions {
    PolicyOptions {
        algorithms: Some(keys.algorithms.clone()),
        typ: Some(vec![typ.to_owned()]),
        ..PolicyOptions::default()
    }
}
