//! The fifth stage: a signed payload enters, claims leave (RFC 7519 §4.1, §7.2). Claims of a token whose signature was
//! not verified can't get here: [`Claims::read`] takes a [`SignedPayload`].

use alloc::vec::Vec;

use crate::{
    header::Header,
    json::{Json, Names, Object},
    refusal::Refusal,
    signature::SignedPayload,
};

/// The claims of a signed token, the registered ones in their types.
#[derive(Debug)]
pub struct Claims<'p> {
    pub(crate) header: &'p Header,
    pub(crate) object: Object<'p>,
}

impl<'p> Claims<'p> {
    /// Reads the payload as claims: a JSON object in UTF-8, `iss` and `sub` strings, `aud` a string or an array of
    /// strings, `exp`, `nbf` and `iat` finite numbers.
    ///
    /// # Errors
    /// [`Refusal::ClaimsJson`], [`Refusal::ClaimType`] or [`Refusal::ClaimNotNumber`].
    pub fn read(signed: &'p SignedPayload) -> Result<Self, Refusal> {
        let object = Object::read(signed.payload(), Names::Unique).map_err(Refusal::ClaimsJson)?;
        for claim in ["iss", "sub"] {
            if object.get(claim).is_some_and(|value| value.as_str().is_none()) {
                return Err(Refusal::ClaimType { claim });
            }
        }
        if object.get("aud").is_some_and(|value| texts(value).is_none()) {
            return Err(Refusal::ClaimType { claim: "aud" });
        }
        for claim in ["exp", "nbf", "iat"] {
            let finite = |value: &Json<'_>| matches!(value, Json::Number(number) if number.is_finite());
            if object.get(claim).is_some_and(|value| !finite(value)) {
                return Err(Refusal::ClaimNotNumber { claim });
            }
        }
        Ok(Self { header: signed.header(), object })
    }

    pub(crate) fn text(&self, claim: &str) -> Option<&str> {
        self.object.get(claim).and_then(Json::as_str)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub(crate) fn time(&self, claim: &str) -> Option<f64> {
        match self.object.get(claim) {
            Some(Json::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// The recipients: none where there is no `aud`.
    pub(crate) fn audiences(&self) -> Vec<&str> {
        self.object.get("aud").and_then(texts).unwrap_or_default()
    }

    pub(crate) fn has(&self, claim: &str) -> bool {
        self.object.get(claim).is_some()
    }
}

/// A string as a list of one, an array of strings as it is, anything else as nothing.
pub(crate) fn texts<'j>(value: &'j Json<'_>) -> Option<Vec<&'j str>> {
    match value {
        Json::String(text) => Some(alloc::vec![text.as_ref()]),
        Json::Array(items) => items.iter().map(Json::as_str).collect(),
        _ => None,
    }
}
