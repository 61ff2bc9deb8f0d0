//! The likely cause of a refusal: what probably happened, found by trying it or by comparing values.

mod claims;
mod signature;

use jotgate_core::Refusal;

use crate::{
    json::Members,
    keys::Source,
    report::Cause,
    token::Token,
    verdicts::{self, Expected, Judgement},
};

/// What a cause is looked for in.
pub(crate) struct Scene<'s> {
    pub(crate) token: &'s Token,
    /// The kind of the token, as [`crate::TokenReport`] names it.
    pub(crate) kind: &'static str,
    pub(crate) judgement: &'s Judgement,
    pub(crate) sources: &'s [Source],
    /// The texts that the sources were read from.
    pub(crate) texts: &'s [&'s str],
    pub(crate) expected: &'s Expected,
    /// The issuer's metadata.
    pub(crate) metadata: Option<&'s Members<'s>>,
    /// Whether the signature matches a key that the token itself carries.
    pub(crate) carried: bool,
}

impl Scene<'_> {
    pub(crate) fn claims(&self) -> Members<'_> {
        self.token.decoded("payload").and_then(Members::read).unwrap_or_default()
    }

    pub(crate) fn header(&self) -> Members<'_> {
        self.token.decoded("header").and_then(Members::read).unwrap_or_default()
    }
}

/// The likely cause of the first failing rule. A token that is accepted has a cause only if other verifiers would refuse it.
pub(crate) fn find(scene: &Scene<'_>) -> Option<Cause> {
    if scene.token.is_encrypted() {
        return Some(cause(
            "encrypted",
            "The token is encrypted (JWE): it has five parts, and only the header can be read.",
            verdicts::ENCRYPTED,
        ));
    }
    let Some(refusal) = scene.judgement.first_failing() else {
        return signature::read_differently(scene)
            .or_else(|| signature::unusable(scene))
            .or_else(|| claims::metadata(scene));
    };
    if scene.kind == "dpop_proof" {
        return Some(cause(
            "dpop_proof",
            "This is a DPoP proof, not an access token.",
            "Paste the access token from the header `Authorization`, or the whole request.",
        ));
    }
    claims::other_algorithm(scene, refusal)
        .or_else(|| form(scene, scene.judgement.format.as_ref().unwrap_or(refusal)))
        .or_else(|| signature::find(scene, refusal))
        .or_else(|| claims::find(scene, refusal))
}

pub(crate) use claims::kind_in_claims;

/// The cause for a text that only its issuer can read.
pub(crate) fn opaque() -> Cause {
    cause(
        "opaque",
        "This is not a JWT: it has no dots. Opaque tokens can be read only by their issuer.",
        "Ask the issuer about it by introspection, or request a JWT.",
    )
}

/// The causes of a wrong form.
fn form(scene: &Scene<'_>, refusal: &Refusal) -> Option<Cause> {
    let text = scene.token.text.text();
    let code = refusal.code();
    let encoding = matches!(code, "header_base64url" | "payload_base64url" | "signature_base64url");
    if text.contains(['…']) || text.contains("...") {
        return Some(cause(
            "cut_off",
            "The token was shortened when it was copied.",
            "Copy all of it from its source.",
        ));
    }
    if code == "token_parts" {
        let parts = scene.token.parts.len();
        if text.matches("eyJ").count() > 2 && parts > 3 {
            return Some(cause(
                "joined",
                "Two tokens were pasted one after the other.",
                "Paste one token at a time.",
            ));
        }
        return match parts {
            1 => Some(opaque()),
            2 => Some(cause(
                "signature_missing",
                "The token has two parts: its signature is missing.",
                "Copy the whole token, with its second dot and what follows.",
            )),
            _ => None,
        };
    }
    if encoding && text.contains('=') {
        return Some(cause(
            "padding",
            "The token has padding (`=`), which base64url in a JWT never has.",
            "Remove the `=`, and encode with base64url without padding.",
        ));
    }
    if encoding && text.contains(['+', '/']) {
        return Some(cause(
            "standard_base64",
            "A part is encoded with base64 instead of base64url.",
            "Encode with base64url: `-` for `+`, `_` for `/`, no padding.",
        ));
    }
    let cut = encoding || matches!(code, "claims_malformed" | "header_malformed");
    let ends_early = |part: &str| {
        scene
            .token
            .decoded(part)
            .and_then(crate::json::first_error)
            .is_some_and(|(at, _)| scene.token.decoded(part).is_some_and(|text| at >= text.len()))
    };
    if cut && (ends_early("payload") || ends_early("header") || encoding) {
        return Some(cause(
            "cut_off",
            "The token was cut off, or a character was lost.",
            "Copy all of it from its source.",
        ));
    }
    None
}

pub(crate) fn cause(code: &'static str, why: &str, action: &str) -> Cause {
    Cause { code, why: why.to_owned(), action: action.to_owned(), found: None, expected: None }
}

pub(crate) fn compared(cause: Cause, found: impl Into<String>, expected: impl Into<String>) -> Cause {
    Cause { found: Some(found.into()), expected: Some(expected.into()), ..cause }
}
