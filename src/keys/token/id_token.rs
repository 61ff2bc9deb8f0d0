//! Signs ID tokens (OpenID Connect Core §2).

use serde::Serialize;

use super::compact::CompactSigner;
use crate::ledger::Grant;
use crate::{Error, Issuer, Purpose, State, TokenRefusal};

/// Signs ID tokens with the key of one state.
#[derive(Debug)]
pub(crate) struct IdSigner {
    issuer: Issuer,
    compact: CompactSigner,
}

/// The longest lifetime of an ID token, in seconds. Clients read it once, when they receive it.
const LONGEST_LIFE: u64 = 600;

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    exp: u64,
    iat: u64,
    auth_time: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    acr: &'a str,
    amr: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
}

impl IdSigner {
    /// Makes the signer of a state. Returns `None` if no key signs ID tokens.
    pub(crate) fn new(state: &State) -> Result<Option<Self>, Error> {
        let Some(key) = state.ring_for(Purpose::Id).and_then(crate::Ring::signer) else { return Ok(None) };
        // The type differs from those of access tokens and logout tokens.
        let compact = CompactSigner::new(state, key, "JWT")?;
        Ok(Some(Self { issuer: state.issuer().clone(), compact }))
    }

    /// Returns the identifier of its key.
    pub(crate) fn kid(&self) -> &str {
        self.compact.kid()
    }

    /// Makes the ID token of a grant, valid from `now` (Unix seconds).
    pub(crate) fn sign(&self, grant: &Grant, now: u64) -> Result<String, TokenRefusal> {
        let life = self.compact.longest_life().min(LONGEST_LIFE);
        self.compact.sign(&Claims {
            iss: self.issuer.as_str(),
            sub: &grant.subject,
            aud: &grant.client,
            exp: self.compact.end(life, now)?,
            iat: now,
            auth_time: grant.authenticated,
            nonce: grant.nonce.as_deref(),
            acr: &grant.acr,
            amr: &grant.methods,
            sid: grant.sid.as_deref(),
        })
    }
}
