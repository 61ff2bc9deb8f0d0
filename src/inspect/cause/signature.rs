//! Causes of a signature that does not match, found by trying them.

use base64ct::{Base64UrlUnpadded, Encoding};
use jotgate_core::{Key, Keys, Policy, PolicyOptions, Refusal, verify_signature};

use super::{Scene, cause, compared};
use crate::{
    json::Members,
    keys::{Held, Origin, Source},
    report::Cause,
};

pub(super) fn find(scene: &Scene<'_>, refusal: &Refusal) -> Option<Cause> {
    match refusal.code() {
        "signature_mismatch" => mismatch(scene),
        "no_matching_key" => no_key(scene),
        "key_does_not_fit" | "key_algorithm_mismatch" | "key_curve_mismatch" => key_algorithm(scene),
        "key_secret_too_short" => too_short(scene),
        "key_type_mismatch" => unusable(scene).or_else(|| read_as_secret(scene)),
        _ => None,
    }
}

/// A secret that matches only when its text is decoded: a verifier that takes the text as it is refuses the token.
pub(super) fn read_differently(scene: &Scene<'_>) -> Option<Cause> {
    let matched = scene.judgement.matched?;
    let reading = scene.sources.get(matched.source)?.readings.get(matched.reading)?;
    let code = match reading.secret_as? {
        "base64" => "secret_is_base64",
        "base64url" => "secret_is_base64url",
        _ => return None,
    };
    let name = code.trim_start_matches("secret_is_");
    Some(cause(
        code,
        &format!("The secret is {name} text: the signature matches its decoded bytes and not the text."),
        &format!("Decode the secret from {name} before you give it to the verifier."),
    ))
}

/// A key that cannot be used at all.
pub(super) fn unusable(scene: &Scene<'_>) -> Option<Cause> {
    let private = scene.texts.iter().any(|text| text.contains("PRIVATE KEY-----"));
    private.then(|| {
        cause(
            "private_key",
            "A private key was entered; a verifier needs the public key.",
            "Print the public key with `openssl pkey -in key.pem -pubout`, and keep the private key to the issuer.",
        )
    })
}

/// A text in no form of a key, which was therefore read as a secret, for a token that needs a public key.
fn read_as_secret(scene: &Scene<'_>) -> Option<Cause> {
    let alg = scene.header().text("alg")?;
    let mut entered = scene.sources.iter().filter(|source| usable(source)).peekable();
    entered.peek()?;
    let only_secrets = entered.flat_map(|source| &source.reports).all(|report| report.form == "secret");
    (only_secrets && !alg.starts_with("HS")).then(|| {
        cause(
            "not_a_public_key",
            &format!("The text entered as key was read as a shared secret. `{alg}` needs a public key."),
            "Enter the issuer's public key as JWK, JWKS, PEM or certificate.",
        )
    })
}

fn mismatch(scene: &Scene<'_>) -> Option<Cause> {
    let signature = scene.token.part("signature")?;
    if signature.encoded.text().is_empty() {
        return Some(cause(
            "signature_missing",
            "The token's signature is empty.",
            "Copy the whole token, with what follows its second dot.",
        ));
    }
    in_der(scene)
        .or_else(|| secret(scene))
        .or_else(|| earlier(scene))
        .or_else(|| other_member(scene))
        .or_else(|| carried(scene))
        .or_else(|| graph(scene))
        .or_else(|| {
            let kid = scene.header().text("kid")?;
            let named = |source: &Source| {
                usable(source) && source.reports.iter().any(|report| report.kid.as_deref() == Some(&kid))
            };
            scene.sources.iter().any(named).then(|| {
                cause(
                    "signature_changed",
                    "The key has the token's `kid`, and the signature does not match: the token was changed after it was signed, or the issuer replaced the key under the same `kid`.",
                    "Get the token again from its source; if it still fails, fetch the issuer's keys again.",
                )
            })
        })
}

/// ECDSA signatures in a JWT are two numbers of fixed length (RFC 7518 §3.4); libraries that do not know JWT write DER.
fn in_der(scene: &Scene<'_>) -> Option<Cause> {
    let length = match scene.header().text("alg")?.as_str() {
        "ES256" => 32,
        "ES384" => 48,
        "ES512" => 66,
        _ => return None,
    };
    let der = scene.token.part("signature")?.bytes.as_deref()?;
    let raw = raw_signature(der, length)?;
    let text = scene.token.text.text();
    let (signed, _) = text.rsplit_once('.')?;
    let corrected = format!("{signed}.{}", Base64UrlUnpadded::encode_string(&raw));
    let certain = verifies(scene, &corrected, usable);
    Some(cause(
        "signature_der",
        if certain {
            "The signature is right, but encoded in DER instead of the two numbers that a JWT has."
        } else {
            "The signature is encoded in DER instead of the two numbers that a JWT has."
        },
        "Sign with the format `ieee-p1363` (or `raw`), or convert the signature.",
    ))
}

/// The two numbers of a DER signature at their full length.
fn raw_signature(der: &[u8], length: usize) -> Option<Vec<u8>> {
    let rest = der.strip_prefix(&[0x30])?;
    let rest = match rest {
        [0x81, _, rest @ ..] | [_, rest @ ..] => rest,
        [] => return None,
    };
    let mut raw = Vec::new();
    let mut rest = rest;
    for _ in 0..2 {
        let [0x02, size, tail @ ..] = rest else { return None };
        let (number, tail) = tail.split_at_checked(usize::from(*size))?;
        let number = number.strip_prefix(&[0]).unwrap_or(number);
        raw.resize(raw.len() + length.checked_sub(number.len())?, 0);
        raw.extend_from_slice(number);
        rest = tail;
    }
    rest.is_empty().then_some(raw)
}

/// A secret that was read in another way when the token was signed.
fn secret(scene: &Scene<'_>) -> Option<Cause> {
    let token = scene.token.text.text();
    for text in scene.texts {
        let with = |secret: &str| {
            Key::from_secret(secret.as_bytes()).is_ok_and(|key| holds(scene, token, Keys::One(&key)))
        };
        let bare = text.trim_end_matches(['\r', '\n']);
        if [format!("{bare}\n"), format!("{bare}\r\n")].iter().any(|secret| with(secret)) {
            return Some(cause(
                "secret_line_break",
                "The token was signed with the secret and a line break after it.",
                "Remove the line break where the secret is stored; `echo -n` writes none.",
            ));
        }
        if text.trim() != *text && with(text.trim()) {
            return Some(cause(
                "secret_is_text",
                "The token was signed with the secret without the spaces around it.",
                "Remove the spaces around the secret.",
            ));
        }
        let k = Members::read(text).and_then(|jwk| jwk.text("k"));
        if k.is_some_and(|k| with(&k)) {
            return Some(cause(
                "secret_is_text",
                "The token was signed with the text of `k` and not with the bytes that it encodes.",
                "Decode `k` from base64url before signing.",
            ));
        }
    }
    None
}

fn too_short(scene: &Scene<'_>) -> Option<Cause> {
    let options = PolicyOptions { min_secret_length: Some(1.0), ..scene.expected.options.clone() };
    let policy = Policy::new(options).ok()?;
    let token = scene.token.text.text().as_bytes();
    let held = |source: &Source| {
        source.readings.iter().any(|reading| verify_signature(token, reading.held.keys(), &policy).is_ok())
    };
    let why = if scene.sources.iter().filter(|source| usable(source)).any(held) {
        "The signature matches, but the secret is too short and can be guessed from one token."
    } else {
        "The secret is too short for its algorithm."
    };
    Some(cause(
        "secret_too_short",
        why,
        "Replace it by a random secret: `openssl rand -base64 32`. `minSecretLength` accepts it until then.",
    ))
}

fn no_key(scene: &Scene<'_>) -> Option<Cause> {
    let kid = scene.header().text("kid").unwrap_or_default();
    let named = |source: &Source| {
        source.origin == Origin::Earlier
            && source.reports.iter().any(|report| report.kid.as_deref() == Some(&kid))
    };
    if scene.sources.iter().any(named) {
        return Some(cause(
            "kid_in_earlier_set",
            "The key was in the issuer's earlier set and is no longer published.",
            "Get a new token: this one was signed before the issuer rotated its keys.",
        ));
    }
    other_member(scene).or_else(|| earlier(scene)).or_else(|| carried(scene))
}

fn earlier(scene: &Scene<'_>) -> Option<Cause> {
    verifies(scene, scene.token.text.text(), |source| source.origin == Origin::Earlier).then(|| {
        cause(
            "key_in_earlier_set",
            "The signature matches a key of the issuer's earlier set.",
            "Get a new token: this one was signed before the issuer rotated its keys.",
        )
    })
}

/// A key of the set that matches although it has another `kid`.
fn other_member(scene: &Scene<'_>) -> Option<Cause> {
    let token = scene.token.text.text();
    let member = scene.sources.iter().filter(|source| usable(source)).find_map(|source| {
        let held = source.readings.iter().map(|reading| &reading.held);
        held.filter_map(|held| match held {
            Held::Set(set) => set.keys().iter().find(|member| holds(scene, token, Keys::One(&member.key))),
            Held::One(_) => None,
        })
        .next()
    })?;
    let found = scene.header().text("kid").unwrap_or_default();
    let other = cause(
        "kid_differs",
        "The signature matches a key of the set, but the token names another `kid`.",
        "Let the issuer sign with the `kid` that it publishes.",
    );
    Some(compared(other, found, member.key.kid().unwrap_or_default()))
}

fn carried(scene: &Scene<'_>) -> Option<Cause> {
    scene.carried.then(|| {
        cause(
            "key_in_token",
            "The signature matches a key that the token itself carries: anyone could have made this token.",
            "Take keys from the issuer only, never from a token.",
        )
    })
}

/// Tokens for Microsoft Graph are signed over another header than they show.
fn graph(scene: &Scene<'_>) -> Option<Cause> {
    scene.header().raw("nonce")?;
    Some(cause(
        "nonce_header",
        "The header has a `nonce`, as tokens for Microsoft Graph do; only Microsoft can verify these.",
        "Request a token for your own API: its scope begins with your application's identifier.",
    ))
}

fn key_algorithm(scene: &Scene<'_>) -> Option<Cause> {
    let header = scene.header();
    let (alg, kid) = (header.text("alg")?, header.text("kid"));
    let mut reports = scene.sources.iter().filter(|source| usable(source)).flat_map(|source| &source.reports);
    let report = reports.find(|report| report.member.is_none() || (kid.is_some() && report.kid == kid))?;
    let expected = report.alg.clone().unwrap_or_else(|| report.algorithms.join(", "));
    let why = "The key is for another algorithm than the token was signed with.";
    Some(compared(
        cause(
            "key_algorithm",
            why,
            "Use the key that the issuer signs with, or let it sign with the key's algorithm.",
        ),
        alg,
        expected,
    ))
}

fn usable(source: &Source) -> bool {
    matches!(source.origin, Origin::Entered | Origin::Fetched)
}

fn verifies(scene: &Scene<'_>, token: &str, which: impl Fn(&Source) -> bool) -> bool {
    let sources = scene.sources.iter().filter(|source| which(source));
    sources.flat_map(|source| &source.readings).any(|reading| holds(scene, token, reading.held.keys()))
}

fn holds(scene: &Scene<'_>, token: &str, keys: Keys<'_>) -> bool {
    verify_signature(token.as_bytes(), keys, &scene.expected.policy).is_ok()
}
