//! The fourth verdict: where the key came from.

use crate::{
    cause::Scene,
    keys::Origin,
    report::{Status, Verdict},
    verdicts::{holds, unknown},
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
        None => unknown("No key matches the signature.", "Enter the issuer's key, or fetch its key set."),
    }
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
