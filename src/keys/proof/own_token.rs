//! Verifies tokens of this issuer that come back to it: access tokens at `/userinfo`, and ID tokens as hints.
//!
//! Each kind is verified with the keys of its purpose alone, so neither is taken for the other.

use jotgate_core::{KeySet, Keys, Needs, Policy, PolicyOptions, verify, verify_signature};
use serde_json::{Map, Value, json};

use super::dpop::seconds;
use crate::{Purpose, State};

/// The public keys of a state, ready to verify.
#[derive(Debug)]
pub(crate) struct OwnKeys {
    issuer: String,
    leeway: u64,
    access: PurposeKeys,
    id: PurposeKeys,
}

/// What an ID token says that came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hint {
    /// Who logged in.
    pub(crate) subject: String,
    /// For which client.
    pub(crate) client: String,
    /// In which session.
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
    /// The keys of that state; `None` if the core rejects them, which never happens for keys that sign here.
    pub(crate) fn of(state: &State) -> Option<Self> {
        Some(Self {
            issuer: state.issuer().as_str().to_owned(),
            leeway: state.settings().times().clock_difference,
            access: PurposeKeys::of(state, Purpose::Access)?,
            id: PurposeKeys::of(state, Purpose::Id)?,
        })
    }

    /// The claims of an access token (RFC 9068 §4), for any audience. `now` in Unix seconds. `None` if it does not hold.
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

    /// What an ID token says, even if it has expired or its key is not published any more (OpenID Connect Core §3.1.2.1,
    /// RP-Initiated Logout §4). `None` if it is not of this issuer.
    pub(crate) fn hint(&self, token: &str) -> Option<Hint> {
        let policy = Policy::new(options(&self.id, "JWT")).ok()?;
        let signed = verify_signature(token.as_bytes(), Keys::Set(&self.id.set), &policy).ok()?;
        // Only the signature is verified so far. Check the type too, or a logout token would count.
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
