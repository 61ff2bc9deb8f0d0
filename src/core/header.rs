//! The second stage: the parts enter, a header leaves whose algorithm the caller allows (RFC 7515 §4, RFC 8725 §3.1).

use alloc::{borrow::ToOwned, string::String, vec::Vec};

use jotgate_crypto::Algorithm;

use crate::{
    base64url,
    json::{Json, Names, Object},
    policy::Policy,
    refusal::{Part, Refusal, shortened},
    token::Parts,
};

/// A protected header that was understood. `jwk`, `jku`, `x5c` and `x5u` are not looked at: a token never names its
/// own key.
#[derive(Clone, Debug)]
pub struct Header {
    pub(crate) text: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<String>,
    pub(crate) typ: Option<String>,
}

impl Header {
    /// Decodes the header and holds it to the policy's algorithms and extensions.
    ///
    /// # Errors
    /// [`Refusal::Base64url`], [`Refusal::HeaderJson`], [`Refusal::HeaderParameter`], one of the refusals of `alg`,
    /// [`Refusal::CritMalformed`], [`Refusal::CritNotUnderstood`], or [`Refusal::PayloadUnencoded`].
    pub fn read(parts: &Parts<'_>, policy: &Policy) -> Result<Self, Refusal> {
        let text = text(parts)?;
        let header = Object::read(text.as_bytes(), Names::Unique).map_err(Refusal::HeaderJson)?;
        let declared = declared_algorithm(&header)?;
        let kid = optional_text(&header, "kid")?.map(ToOwned::to_owned);
        let typ = optional_text(&header, "typ")?.map(ToOwned::to_owned);
        check_critical(&header, &policy.understood)?;
        let algorithm = policy.admit_algorithm(declared)?;
        Ok(Self { algorithm, kid, typ, text })
    }

    /// The header as JSON text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The algorithm, one that the policy allows.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key that the token names (RFC 7515 §4.1.4).
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }
}

/// The header's text, checked to be UTF-8 but not yet read.
pub(crate) fn text(parts: &Parts<'_>) -> Result<String, Refusal> {
    let bytes = base64url::decode(parts.header).ok_or(Refusal::Base64url { part: Part::Header })?;
    String::from_utf8(bytes).map_err(|_| Refusal::HeaderJson(crate::refusal::JsonProblem::NotUtf8))
}

/// What `alg` says, told from none.
fn declared_algorithm<'h>(header: &'h Object<'_>) -> Result<&'h str, Refusal> {
    let declared = match header.get("alg") {
        None => return Err(Refusal::AlgorithmMissing),
        Some(value) => match value.as_str().ok_or(Refusal::HeaderParameter { name: "alg" })? {
            // A name of no letters names nothing.
            "" => return Err(Refusal::AlgorithmMissing),
            name => name,
        },
    };
    if declared.trim().eq_ignore_ascii_case("none") {
        // RFC 8725 §3.2: whatever the list says, and however it is spelled.
        return Err(Refusal::AlgorithmNone);
    }
    Ok(declared)
}

pub(crate) fn optional_text<'h>(
    header: &'h Object<'_>,
    name: &'static str,
) -> Result<Option<&'h str>, Refusal> {
    header.get(name).map(|value| value.as_str().ok_or(Refusal::HeaderParameter { name })).transpose()
}

/// RFC 7515 §4.1.11: every extension that `crit` names must be there and understood. RFC 7797 §7: a JWT's payload is
/// never unencoded, whether `crit` says so or not.
fn check_critical(header: &Object<'_>, understood: &[String]) -> Result<(), Refusal> {
    if header.get("b64").is_some_and(|b64| *b64 != Json::Bool(true)) {
        return Err(Refusal::PayloadUnencoded);
    }
    let Some(crit) = header.get("crit") else { return Ok(()) };
    let names = crit.as_array().filter(|names| !names.is_empty()).ok_or(Refusal::CritMalformed)?;
    let mut seen: Vec<&str> = Vec::new();
    for name in names {
        let name = name.as_str().filter(|name| !name.is_empty()).ok_or(Refusal::CritMalformed)?;
        // `b64` may be named as critical: being `true` (checked above) it says what holds anyway. The list is walked
        // no further than what is understood, so a long one costs nothing.
        if name != "b64" && !understood.iter().any(|known| known == name) {
            return Err(Refusal::CritNotUnderstood { name: shortened(name) });
        }
        if header.get(name).is_none() || seen.contains(&name) {
            return Err(Refusal::CritMalformed);
        }
        seen.push(name);
    }
    Ok(())
}
