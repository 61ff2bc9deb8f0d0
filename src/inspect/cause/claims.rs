//! Causes of claims that are refused, found by comparing values.

use jotgate_core::Refusal;

use super::{Scene, cause, compared};
use crate::{
    json::{self, Members},
    report::Cause,
    times::{self, MILLISECONDS_FROM},
};

/// A difference of clocks up to which the clock, and not the token, is the likely fault, in seconds.
const CLOCK_DIFFERENCE: f64 = 600.0;
/// A token that expired this short a time ago may have met a wrong clock.
const JUST_EXPIRED: f64 = 60.0;
/// Values below are durations: 1973 in seconds.
const DURATIONS_BELOW: f64 = 1e8;

pub(super) fn find(scene: &Scene<'_>, refusal: &Refusal) -> Option<Cause> {
    match refusal.code() {
        "audience_mismatch" => wrong_kind(scene).or_else(|| audience(scene)),
        "issuer_mismatch" => issuer(scene).or_else(|| metadata(scene)),
        "type_mismatch" | "type_missing" => wrong_kind(scene),
        "claim_missing" => wrong_kind(scene).or_else(|| audience_missing(scene)),
        "expired" | "not_yet_valid" | "issued_in_future" | "too_old" => time(scene, refusal),
        "insufficient_scope" => scope(scene, refusal),
        _ => None,
    }
}

/// The metadata names another issuer than the token.
pub(super) fn metadata(scene: &Scene<'_>) -> Option<Cause> {
    let (issuer, iss) = (scene.metadata?.text("issuer")?, scene.claims().text("iss")?);
    if issuer == iss {
        return keys_url(scene);
    }
    let other = cause(
        "metadata_issuer",
        "The metadata names another issuer than the token.",
        "Fetch the metadata of the token's issuer, or correct the issuer's configured address.",
    );
    Some(compared(other, iss, issuer))
}

/// The keys were fetched from another address than the issuer's metadata names.
fn keys_url(scene: &Scene<'_>) -> Option<Cause> {
    let named = scene.metadata?.text("jwks_uri")?;
    let fetched = scene.sources.get(scene.judgement.matched?.source)?.url.clone()?;
    (fetched != named).then(|| {
        let other = cause(
            "metadata_keys_url",
            "The keys were fetched from another address than the issuer's metadata names.",
            "Fetch the keys from the metadata's `jwks_uri`.",
        );
        compared(other, fetched, named)
    })
}

/// An ID token for another audience has the algorithm of ID tokens, which the API does not expect.
pub(super) fn other_algorithm(scene: &Scene<'_>, refusal: &Refusal) -> Option<Cause> {
    let audiences = texts(scene.claims().raw("aud")?);
    let accepted = scene.expected.options.audience.as_deref()?;
    let elsewhere = !audiences.iter().any(|audience| accepted.contains(audience));
    let is_algorithm = matches!(refusal.code(), "algorithm_not_allowed" | "key_type_mismatch");
    if is_algorithm && elsewhere { wrong_kind(scene) } else { None }
}

fn wrong_kind(scene: &Scene<'_>) -> Option<Cause> {
    match scene.kind {
        "id_token" => Some(cause(
            "id_token",
            "This is an ID token: it is for the client that logged the user in and not for an API.",
            "Send the access token to the API.",
        )),
        "refresh_token" => Some(cause(
            "refresh_token",
            "This is a refresh token: it is for the issuer's token endpoint and not for an API.",
            "Send the access token to the API.",
        )),
        _ => None,
    }
}

fn audience(scene: &Scene<'_>) -> Option<Cause> {
    let claims = scene.claims();
    let found = texts(claims.raw("aud")?);
    let accepted = scene.expected.options.audience.as_deref().unwrap_or_default();
    if let Some((code, found, expected)) = near(&found, accepted) {
        let (code, why) = match code {
            Near::Slash => ("audience_trailing_slash", "The audiences differ by a trailing slash."),
            Near::Case => ("audience_case", "The audiences differ by upper and lower case."),
            Near::Scheme => ("audience_case", "The audiences differ by `http` and `https`."),
        };
        let action = "Write the audience the same way at the issuer and in the option `audience`.";
        return Some(compared(cause(code, why, action), found, expected));
    }
    let client = claims.text("azp").or_else(|| claims.text("client_id")).or_else(|| claims.text("appid"));
    let only = found.first().filter(|_| found.len() == 1)?;
    (client.as_ref() == Some(only)).then(|| {
        let other = cause(
            "audience_is_client_id",
            "The audience is the client itself: no API was named when the token was requested.",
            "Request the token with the API's `audience`, `resource` or scope; an ID token has such an audience, too.",
        );
        compared(other, only.clone(), accepted.join(", "))
    })
}

/// Cognito's access tokens, among others, name the client instead of an audience.
fn audience_missing(scene: &Scene<'_>) -> Option<Cause> {
    let claims = scene.claims();
    let asked = scene.expected.options.audience.is_some() && claims.raw("aud").is_none();
    asked.then(|| {
        let why =
            "The token has no `aud`; access tokens of Amazon Cognito, for example, have `client_id` instead.";
        cause("audience_missing", why, "Configure the issuer to write `aud`, or check `client_id` instead.")
    })
}

fn issuer(scene: &Scene<'_>) -> Option<Cause> {
    let found = scene.claims().text("iss")?;
    let accepted = scene.expected.options.issuer.as_deref().unwrap_or_default();
    let (near, found, expected) = near(&[found], accepted)?;
    let (code, why) = match near {
        Near::Slash => ("issuer_trailing_slash", "The issuers differ by a trailing slash."),
        Near::Case => ("issuer_case", "The issuers differ by upper and lower case."),
        Near::Scheme => ("issuer_scheme", "The issuers differ by `http` and `https`."),
    };
    Some(compared(
        cause(code, why, "Write the option `issuer` exactly as `iss` in the token."),
        found,
        expected,
    ))
}

enum Near {
    Slash,
    Case,
    Scheme,
}

/// Two values that differ only in how they are written.
fn near(found: &[String], accepted: &[String]) -> Option<(Near, String, String)> {
    let bare = |text: &str| text.strip_suffix('/').unwrap_or(text).to_owned();
    let without_scheme = |text: &str| bare(text.trim_start_matches("https://").trim_start_matches("http://"));
    let pairs = found.iter().flat_map(|found| accepted.iter().map(move |accepted| (found, accepted)));
    let mut pairs = pairs.filter(|(found, accepted)| found != accepted);
    pairs.find_map(|(found, accepted)| {
        let near = if bare(found) == bare(accepted) {
            Near::Slash
        } else if bare(found).eq_ignore_ascii_case(&bare(accepted)) {
            Near::Case
        } else if without_scheme(found) == without_scheme(accepted) {
            Near::Scheme
        } else {
            return None;
        };
        Some((near, found.clone(), accepted.clone()))
    })
}

fn time(scene: &Scene<'_>, refusal: &Refusal) -> Option<Cause> {
    let now = scene.expected.now;
    let (name, value) = match *refusal {
        Refusal::Expired { exp, .. } => ("exp", exp),
        Refusal::NotYetValid { nbf, .. } => ("nbf", nbf),
        Refusal::IssuedInFuture { iat, .. } | Refusal::TooOld { iat, .. } => ("iat", iat),
        _ => return None,
    };
    if value >= MILLISECONDS_FROM {
        let why = format!("`{name}` is in milliseconds; times in a token are in seconds.");
        return Some(cause("milliseconds", &why, "Divide the time by 1000 where the token is made."));
    }
    if name == "exp" && (0.0..DURATIONS_BELOW).contains(&value) {
        let why = "`exp` is a duration and not a time; it counts seconds since 1970.";
        return Some(cause("duration", why, "Add the duration to the current time where the token is made."));
    }
    let difference = value - now;
    let amount = times::duration(difference.abs());
    if difference > 0.0 && difference <= CLOCK_DIFFERENCE {
        let why = format!("The verifier's clock is {amount} behind the issuer's.");
        return Some(cause(
            "clock_behind",
            &why,
            "Synchronise both clocks, and allow some seconds of `clockTolerance`.",
        ));
    }
    if name == "exp" && difference <= 0.0 && -difference <= JUST_EXPIRED {
        let why =
            format!("The token expired {amount} ago: it is just too old, or the verifier's clock is ahead.");
        return Some(cause(
            "clock_ahead",
            &why,
            "Renew the token before it ends, and allow some seconds of `clockTolerance`.",
        ));
    }
    None
}

fn scope(scene: &Scene<'_>, refusal: &Refusal) -> Option<Cause> {
    let Refusal::InsufficientScope { needed } = refusal else { return None };
    let claims = scene.claims();
    let lists = ["permissions", "roles", "groups", "scp", "scopes", "entitlements"];
    let holder = lists.iter().find(|name| {
        let found = claims.raw(name).map(texts).unwrap_or_default();
        needed.iter().any(|needed| found.iter().any(|found| found == needed))
    });
    if let Some(name) = holder {
        let other = cause(
            "scope_in_other_claim",
            &format!("What is needed is in `{name}` and not among the scopes that count."),
            "Ask for it with the matching need, such as `permissions` or `roles`.",
        );
        return Some(compared(other, (*name).to_owned(), needed.join(" ")));
    }
    let granted =
        ["scope", "scp", "scopes"].iter().find_map(|name| claims.raw(name)).map(texts).unwrap_or_default();
    let wider = granted.iter().find(|granted| {
        granted.strip_suffix('*').is_some_and(|start| needed.iter().any(|needed| needed.starts_with(start)))
    })?;
    let other = cause(
        "scope_wildcard",
        "The token has a scope with `*`, which is compared as it is written.",
        "Request the scope by its full name.",
    );
    Some(compared(other, wider.clone(), needed.join(" ")))
}

/// The words of a string, or the strings of an array.
fn texts(raw: &str) -> Vec<String> {
    let words = |text: String| text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    json::strings(raw).or_else(|| json::string(raw).map(words)).unwrap_or_default()
}

/// Whether the token is for an issuer's token endpoint: Keycloak writes the kind into the claims.
pub(crate) fn kind_in_claims(claims: &Members<'_>) -> Option<&'static str> {
    match claims.text("typ").or_else(|| claims.text("token_use"))?.as_str() {
        "ID" | "id" => Some("id_token"),
        "Refresh" | "Offline" => Some("refresh_token"),
        "access" => Some("access_token"),
        _ => None,
    }
}
