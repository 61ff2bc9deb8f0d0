//! Remarks on what was pasted that are neither a refusal nor a cause.

use crate::{
    input::Parsed,
    json::{self, Members},
    report::{KeyReport, Note},
    request::Request,
    times::MILLISECONDS_FROM,
    token::Token,
};

/// The most bytes of a header line that usual servers take.
const USUAL_HEADER: usize = 8190;

fn note(code: &'static str, why: &str, action: &str) -> Note {
    Note { code, why: why.to_owned(), action: Some(action.to_owned()) }
}

/// Remarks on the pasted text.
pub(crate) fn of(parsed: &Parsed) -> Vec<Note> {
    let notes = parsed.notes.iter().filter_map(|code| {
        Some(match *code {
            "authorization_code" => note(
                "authorization_code",
                "The text contains an authorization code, which is exchanged for tokens once.",
                "Exchange it at the token endpoint; the API never sees it.",
            ),
            "refresh_token" => note(
                "refresh_token",
                "The text contains a refresh token, which is for the issuer alone.",
                "Keep it secret: it gets new access tokens.",
            ),
            "sent_in_url" => note(
                "sent_in_url",
                "The token is in a URL, which is written to logs and histories.",
                "Send it in the header `Authorization`.",
            ),
            _ => return None,
        })
    });
    notes.collect()
}

/// Remarks on the token.
pub(crate) fn of_token(token: &Token) -> Vec<Note> {
    let mut notes = Vec::new();
    let header = token.decoded("header").and_then(Members::read).unwrap_or_default();
    if ["jku", "x5u"].iter().any(|name| header.raw(name).is_some()) {
        notes.push(note(
            "key_url_in_token",
            "The token names the address of a key set. The author of the token chose it.",
            "Never fetch keys from it; use the issuer's configured address.",
        ));
    }
    let claims = token.decoded("payload").and_then(Members::read).unwrap_or_default();
    let mut names: Vec<&String> = claims.0.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    let duplicate = names.iter().zip(names.iter().skip(1)).any(|(name, next)| name == next);
    if duplicate {
        notes.push(note(
            "duplicate_names",
            "A claim is in the token twice; programs differ in which one they read.",
            "Fix the issuer: each name may appear once.",
        ));
    }
    if claims.raw("exp").and_then(json::number).is_some_and(|exp| exp >= MILLISECONDS_FROM) {
        notes.push(note(
            "exp_in_milliseconds",
            "`exp` is in milliseconds, but verifiers read seconds: for them this token never expires.",
            "Divide the time by 1000 where the token is made.",
        ));
    }
    if token.size().header > USUAL_HEADER {
        notes.push(note(
            "large_header",
            "The token is larger than the header line that usual servers accept.",
            "Ask the issuer for fewer claims, such as groups.",
        ));
    }
    notes
}

/// Remarks on the keys.
pub(crate) fn of_keys(keys: &[KeyReport], request: &Request) -> Option<Note> {
    let texts = request.keys.iter().map(|given| given.text.as_str()).chain([request.input.as_str()]);
    let private = keys.iter().any(|key| key.private_members.is_some())
        || texts.into_iter().any(|text| text.contains("PRIVATE KEY-----"))
        || request.keys.iter().any(|given| is_private_jwk(&given.text))
        || is_private_jwk(&request.input);
    private.then(|| {
        note(
            "private_key_pasted",
            "A private key is among the text.",
            "A verifier needs no private key: replace this key if the text was published or sent.",
        )
    })
}

fn is_private_jwk(text: &str) -> bool {
    Members::read(text).is_some_and(|jwk| jwk.raw("kty").is_some() && jwk.raw("d").is_some())
}
