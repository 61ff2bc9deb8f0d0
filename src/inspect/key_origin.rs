//! The fourth verdict: where the key came from.

use jotgate_core::Refusal;

use crate::{
    cause::Scene,
    explanations::Subject,
    keys::Origin,
    report::{Status, Verdict},
    verdicts::{ENCRYPTED, holds, subject, unknown},
};

/// Judges where the key that the signature matches came from.
pub(crate) fn verdict(scene: &Scene<'_>) -> Verdict {
    let source = scene.judgement.matched.and_then(|matched| scene.sources.get(matched.source));
    match source.map(|source| (source.origin, source.url.as_deref())) {
        Some((Origin::Fetched, url)) => fetched(scene, url.unwrap_or_default()),
        Some(_) => holds("The key was entered by you and does not come from the token."),
        None if scene.carried => fails(
            "The signature matches a key that the token itself carries: this proves nothing.",
            "Get the key from the issuer: anyone can sign with a key that they put into the token.",
        ),
        None => unmatched(scene),
    }
}

/// Where no key matches, there is no origin to judge: the reason, and what to do.
fn unmatched(scene: &Scene<'_>) -> Verdict {
    let judgement = scene.judgement;
    let is_unsigned =
        |refusal: &Refusal| matches!(refusal, Refusal::AlgorithmNone | Refusal::AlgorithmMissing);
    if scene.token.is_encrypted() {
        return unknown("An encrypted token has no signature, so there is no signing key.", ENCRYPTED);
    }
    if judgement.signature.as_ref().is_some_and(is_unsigned) {
        return unknown(
            "The token is not signed, so there is no key.",
            "Get a signed token from the issuer.",
        );
    }
    if judgement.signature.is_none()
        && judgement.format.as_ref().is_some_and(|refusal| subject(refusal.code()) == Subject::Format)
    {
        return unknown(
            "No key was tried, because the token's format is wrong.",
            "Correct the format first.",
        );
    }
    let (why, action) = if judgement.has_keys {
        ("No key matches the signature.", "Enter the issuer's key, or fetch its key set.")
    } else if scene.sources.is_empty() {
        ("There is no key yet.", "Enter the issuer's key, or fetch its key set.")
    } else {
        ("No key can be used.", "Enter the issuer's public key, or fetch its key set.")
    };
    unknown(why, action)
}

fn fetched(scene: &Scene<'_>, url: &str) -> Verdict {
    let metadata = |name: &str| scene.metadata.and_then(|metadata| metadata.text(name));
    let (issuer, iss) = (metadata("issuer"), scene.claims().text("iss"));
    if issuer.is_some() && issuer != iss {
        return fails(
            "The metadata that was fetched belongs to another issuer than the token names.",
            "Fetch the metadata of the token's issuer.",
        );
    }
    match metadata("jwks_uri") {
        Some(named) if named == url => {
            holds(&format!("The key was fetched from {url}, which the issuer's metadata names."))
        }
        Some(_) => fails(
            "The key was fetched from another address than the issuer's metadata names.",
            "Fetch the keys from the metadata's `jwks_uri`.",
        ),
        None if ["jku", "x5u"].iter().any(|name| scene.header().text(name).as_deref() == Some(url)) => fails(
            "The key was fetched from an address that the token itself names: this proves nothing.",
            "Take the address of the keys from your issuer's metadata.",
        ),
        None => holds(&format!("The key was fetched from {url}. Check that this is your issuer's address.")),
    }
}

fn fails(why: &str, action: &str) -> Verdict {
    Verdict {
        status: Status::Fails,
        code: None,
        why: why.to_owned(),
        action: Some(action.to_owned()),
        link: None,
    }
}
