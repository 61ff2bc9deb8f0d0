//! Decodes a token **without verifying it**: for logs, for choosing among issuers, for display. The results cannot be converted to the
//! types of the verifying stages, because anyone may have written them.

use alloc::{string::String, vec::Vec};

use crate::{
    json::document::{Document, Json, Names},
    policy::Policy,
    policy::needs::Needs,
    refusal::{JsonProblem, Part, Refusal},
    stages::claims::Claims,
    stages::header,
    stages::token::Parts,
    text::base64url,
};

/// The content of a token, not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unverified {
    /// The header as JSON text.
    pub header: String,
    /// The claims as JSON text.
    pub claims: String,
}

/// Decodes header and claims of a token of at most `maximum` bytes, without verifying them.
///
/// # Errors
/// The refusals of form: [`Refusal::TokenTooLong`], [`Refusal::TokenParts`], [`Refusal::Base64url`],
/// [`Refusal::HeaderJson`] and [`Refusal::ClaimsJson`].
pub fn decode(token: &[u8], maximum: usize) -> Result<Unverified, Refusal> {
    let header = decode_header(token, maximum)?;
    let parts = Parts::split(token, maximum)?;
    let payload = base64url::decode(parts.payload).ok_or(Refusal::Base64url { part: Part::Payload })?;
    Document::read(&payload, Names::Unique).map_err(Refusal::ClaimsJson)?;
    let claims = text(payload).map_err(Refusal::ClaimsJson)?;
    Ok(Unverified { header, claims })
}

/// Decodes the header of a token of at most `maximum` bytes, without verifying it and without reading the payload.
///
/// # Errors
/// [`Refusal::TokenTooLong`], [`Refusal::TokenParts`], [`Refusal::Base64url`] or [`Refusal::HeaderJson`].
pub fn decode_header(token: &[u8], maximum: usize) -> Result<String, Refusal> {
    let header = header::text(&Parts::split(token, maximum)?)?;
    Document::read(header.as_bytes(), Names::Unique).map_err(Refusal::HeaderJson)?;
    Ok(header)
}

/// Checks the claims of a token against a policy, needs and the time **without verifying its signature**, to explain a refused token or
/// one whose key is missing. It returns no claims, because a token that passes is not verified.
///
/// # Errors
/// The refusals of [`decode`], and those of [`Policy::judge`] and [`Needs::judge`].
pub fn judge(token: &[u8], policy: &Policy, needs: &Needs, now: f64) -> Result<(), Refusal> {
    let header = decode_header(token, policy.maximum_bytes)?;
    let header = Document::read(header.as_bytes(), Names::Unique).map_err(Refusal::HeaderJson)?;
    let typ = header.object().get("typ").and_then(Json::as_str);
    let parts = Parts::split(token, policy.maximum_bytes)?;
    let payload = base64url::decode(parts.payload).ok_or(Refusal::Base64url { part: Part::Payload })?;
    needs.judge(&policy.judge(Claims::read_unverified(typ, &payload)?, now)?)
}

fn text(bytes: Vec<u8>) -> Result<String, JsonProblem> {
    String::from_utf8(bytes).map_err(|_| JsonProblem::NotUtf8)
}
