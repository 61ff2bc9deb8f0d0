//! Verifies the assertion that authenticates a client: `private_key_jwt` (RFC 7523 §2.2, §3).

use jotgate_core::{KeySet, Keys, Needs, Policy, PolicyOptions, unverified::decode, verify};
use serde_json::{Map, Value};

use super::dpop::{identify, jti_of, seconds};

/// The value of `client_assertion_type`.
pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The accepted algorithms of assertions. All are asymmetric.
pub(crate) const ASSERTION_ALGORITHMS: [&str; 9] = super::dpop::DPOP_ALGORITHMS;
/// The longest assertion, in bytes.
const MAX_ASSERTION: usize = 8192;
/// The longest time until `exp`, in seconds.
const MAX_LIFE: u64 = 300;

/// A valid assertion. It must not have been used before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assertion {
    /// Identifies the assertion: a hash of the client and `jti`.
    pub(crate) used: [u8; 32],
    /// The time from which it has expired, in Unix seconds.
    pub(crate) until: u64,
}

/// The reason why an assertion is refused. Only the log contains it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AssertionFault {
    /// It is not a JWT, or has no `sub`.
    Malformed,
    /// The signature, `iss`, `sub`, `aud`, `exp` or `typ` is invalid.
    Refused,
    /// It has another audience besides the issuer (RFC 7523bis), so it could be used elsewhere.
    Audience,
    /// It is valid for more than five minutes.
    Life,
    /// `jti` is missing or too long.
    Jti,
}

impl AssertionFault {
    /// Returns the stable code for the log.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "assertion_malformed",
            Self::Refused => "assertion_refused",
            Self::Audience => "assertion_audience",
            Self::Life => "assertion_life",
            Self::Jti => "assertion_jti",
        }
    }
}

/// Returns the client in an assertion, before anything is verified.
///
/// # Errors
/// [`AssertionFault::Malformed`].
pub(crate) fn assertion_client(assertion: &str) -> Result<String, AssertionFault> {
    let claims = decode(assertion.as_bytes(), MAX_ASSERTION).map_err(|_| AssertionFault::Malformed)?.claims;
    let claims: Map<String, Value> = serde_json::from_str(&claims).map_err(|_| AssertionFault::Malformed)?;
    claims.get("sub").and_then(Value::as_str).map(str::to_owned).ok_or(AssertionFault::Malformed)
}

/// Verifies an assertion of that client for that issuer, with the client's keys. `now` in Unix seconds.
///
/// # Errors
/// The first check that fails.
pub(crate) fn verify_assertion(
    assertion: &str,
    client: &str,
    keys: &KeySet,
    issuer: &str,
    now: u64,
) -> Result<Assertion, AssertionFault> {
    let options = PolicyOptions {
        algorithms: Some(ASSERTION_ALGORITHMS.map(str::to_owned).to_vec()),
        issuer: Some(vec![client.to_owned()]),
        subject: Some(client.to_owned()),
        audience: Some(vec![issuer.to_owned()]),
        typ: Some(["JWT", "client-authentication+jwt"].map(str::to_owned).to_vec()),
        typ_optional: true,
        max_token_length: u32::try_from(MAX_ASSERTION).ok().map(f64::from),
        ..PolicyOptions::default()
    };
    let policy = Policy::new(options).map_err(|_| AssertionFault::Refused)?;
    let verified = verify(assertion.as_bytes(), Keys::Set(keys), &policy, &Needs::default(), seconds(now));
    let verified = verified.map_err(|_| AssertionFault::Refused)?;
    let claims: Map<String, Value> =
        serde_json::from_str(verified.claims()).map_err(|_| AssertionFault::Malformed)?;
    let alone = match claims.get("aud") {
        Some(Value::String(audience)) => audience == issuer,
        Some(Value::Array(audiences)) => {
            matches!(audiences.as_slice(), [Value::String(only)] if only == issuer)
        }
        _ => false,
    };
    if !alone {
        return Err(AssertionFault::Audience);
    }
    let until = claims.get("exp").and_then(Value::as_u64).ok_or(AssertionFault::Life)?;
    if until.saturating_sub(now) > MAX_LIFE {
        return Err(AssertionFault::Life);
    }
    let jti = jti_of(&claims).ok_or(AssertionFault::Jti)?;
    Ok(Assertion { used: identify(&[client, jti]), until })
}

#[cfg(test)]
mod tests;
