//! The checks of a DPoP proof (RFC 9449 §4.3), each by itself.

use base64ct::{Base64UrlUnpadded, Encoding};
use jotgate_core::{Hash, Key, Keys, Policy, PolicyOptions, digest, verify_signature};

use crate::{
    json::{self, Members},
    report::{DpopCheck, DpopReport, Status},
    times,
    token::Token,
};

/// How many seconds `iat` may differ from the clock.
const IAT_WINDOW: f64 = 300.0;
const MAXIMUM_JTI: usize = 128;
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// What a proof belongs to. What is absent is not checked.
pub(crate) struct Sent<'s> {
    pub(crate) method: Option<&'s str>,
    pub(crate) url: Option<&'s str>,
    /// The access token that was sent with the proof.
    pub(crate) token: Option<&'s str>,
    pub(crate) now: f64,
}

/// Checks a proof.
pub(crate) fn check(proof: &Token, sent: &Sent<'_>) -> DpopReport {
    let header = proof.decoded("header").and_then(Members::read).unwrap_or_default();
    let claims = proof.decoded("payload").and_then(Members::read).unwrap_or_default();
    let key = header.raw("jwk").and_then(|jwk| Key::from_jwk(jwk).ok());
    let mut checks = vec![
        typ(&header),
        alg(&header),
        jwk(&header, key.as_ref()),
        signature(proof, key.as_ref()),
        jti(&claims),
    ];
    checks.push(htm(&claims, sent.method));
    checks.push(htu(&claims, sent.url));
    checks.push(iat(&claims, sent.now));
    checks.push(ath(&claims, sent.token));
    checks.push(jkt(key.as_ref(), sent.token));
    let any = |status: Status| checks.iter().any(|check| check.status == status);
    let status = match (any(Status::Fails), any(Status::Unknown)) {
        (true, _) => Status::Fails,
        (false, true) => Status::Unknown,
        (false, false) => Status::Holds,
    };
    DpopReport { status, checks }
}

fn holds(name: &'static str, why: &str) -> DpopCheck {
    DpopCheck { name, status: Status::Holds, why: why.to_owned(), action: None }
}

fn fails(name: &'static str, why: impl Into<String>, action: &str) -> DpopCheck {
    DpopCheck { name, status: Status::Fails, why: why.into(), action: Some(action.to_owned()) }
}

fn unknown(name: &'static str, why: &str, action: &str) -> DpopCheck {
    DpopCheck { name, status: Status::Unknown, why: why.to_owned(), action: Some(action.to_owned()) }
}

fn typ(header: &Members<'_>) -> DpopCheck {
    match header.text("typ") {
        Some(typ) if typ.eq_ignore_ascii_case("dpop+jwt") => holds("typ", "`typ` is `dpop+jwt`."),
        _ => {
            fails("typ", "`typ` is not `dpop+jwt`, so this is not a DPoP proof.", "Set `typ` to `dpop+jwt`.")
        }
    }
}

fn alg(header: &Members<'_>) -> DpopCheck {
    let alg = header.text("alg").unwrap_or_default();
    let known = jotgate_core::Algorithm::from_name(&alg);
    if known.is_some() && !alg.starts_with("HS") {
        holds("alg", "`alg` is an asymmetric algorithm.")
    } else {
        fails("alg", "A proof is signed with an asymmetric algorithm.", "Sign with ES256 or EdDSA.")
    }
}

fn jwk(header: &Members<'_>, key: Option<&Key>) -> DpopCheck {
    let Some(raw) = header.raw("jwk") else {
        return fails("jwk", "The header has no `jwk`.", "Put the public key into the header as `jwk`.");
    };
    let private =
        Members::read(raw).is_some_and(|jwk| PRIVATE_MEMBERS.iter().any(|name| jwk.raw(name).is_some()));
    if private {
        return fails(
            "jwk",
            "`jwk` contains a private key, which is now known to the server.",
            "Make a new key, and put only its public half into the header.",
        );
    }
    match key {
        Some(_) => holds("jwk", "`jwk` is a public key."),
        None => fails("jwk", "`jwk` cannot be read as a public key.", "Export the public key as a JWK."),
    }
}

fn signature(proof: &Token, key: Option<&Key>) -> DpopCheck {
    let Some(key) = key else {
        return unknown("signature", "There is no key to check the signature with.", "Correct `jwk` first.");
    };
    let Ok(policy) = Policy::new(PolicyOptions::default()) else {
        return unknown("signature", "The signature was not checked.", "Check the proof again.");
    };
    match verify_signature(proof.text.text().as_bytes(), Keys::One(key), &policy) {
        Ok(_) => holds("signature", "The signature matches `jwk`."),
        Err(_) => fails(
            "signature",
            "The signature does not match `jwk`.",
            "Sign with the private half of the key in `jwk`.",
        ),
    }
}

fn jti(claims: &Members<'_>) -> DpopCheck {
    match claims.text("jti") {
        Some(jti) if !jti.is_empty() && jti.len() <= MAXIMUM_JTI => {
            holds("jti", "`jti` identifies the proof.")
        }
        Some(_) => fails(
            "jti",
            "`jti` is empty or longer than 128 characters.",
            "Use a random value of about 20 characters.",
        ),
        None => fails("jti", "The proof has no `jti`.", "Add a random `jti` to every proof."),
    }
}

fn htm(claims: &Members<'_>, method: Option<&str>) -> DpopCheck {
    let Some(htm) = claims.text("htm") else {
        return fails("htm", "The proof has no `htm`.", "Set `htm` to the HTTP method of the request.");
    };
    match method {
        None => unknown(
            "htm",
            "The method of the request is not known.",
            "Enter the method, or paste the whole request.",
        ),
        Some(method) if method == htm => holds("htm", "`htm` is the method of the request."),
        Some(method) => fails(
            "htm",
            format!("`htm` is `{htm}`, but the request was `{method}`."),
            "Make a new proof for each request.",
        ),
    }
}

fn htu(claims: &Members<'_>, url: Option<&str>) -> DpopCheck {
    let Some(htu) = claims.text("htu") else {
        return fails("htu", "The proof has no `htu`.", "Set `htu` to the URL of the request.");
    };
    match url.filter(|url| url.contains("://")) {
        None => unknown(
            "htu",
            "The URL of the request is not known.",
            "Enter the URL, or paste the whole request.",
        ),
        Some(url) if normal(url) == normal(&htu) => holds("htu", "`htu` is the URL of the request."),
        Some(url) => fails(
            "htu",
            format!("`htu` is `{htu}`, but the request went to `{}`.", normal(url)),
            "Use the public URL of the request, without query and fragment. If a proxy is used, configure the public origin.",
        ),
    }
}

/// The URL without query and fragment, scheme and host in lower case, without a default port (RFC 3986 §6.2.2, §6.2.3).
fn normal(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let (scheme, host) = (scheme.to_ascii_lowercase(), host.to_ascii_lowercase());
    let port = if scheme == "https" { ":443" } else { ":80" };
    format!("{scheme}://{}{path}", host.strip_suffix(port).unwrap_or(&host))
}

fn iat(claims: &Members<'_>, now: f64) -> DpopCheck {
    let Some(iat) = claims.raw("iat").and_then(json::number) else {
        return fails("iat", "The proof has no `iat`.", "Set `iat` to the time of the request, in seconds.");
    };
    let difference = now - iat;
    if difference.abs() <= IAT_WINDOW {
        return holds("iat", "`iat` is less than 5 minutes from now.");
    }
    let amount = times::duration(difference.abs());
    let side = if difference > 0.0 { "in the past" } else { "in the future" };
    fails(
        "iat",
        format!("`iat` is {amount} {side}."),
        "Make a new proof for each request, and check the client's clock.",
    )
}

fn ath(claims: &Members<'_>, token: Option<&str>) -> DpopCheck {
    let Some(token) = token else {
        return unknown(
            "ath",
            "The access token is not known.",
            "Enter the token that the proof was sent with.",
        );
    };
    let expected = Base64UrlUnpadded::encode_string(&digest(Hash::Sha256, &[token.as_bytes()]));
    match claims.text("ath") {
        Some(ath) if ath == expected => holds("ath", "`ath` is the hash of the access token."),
        Some(_) => fails(
            "ath",
            "`ath` is the hash of another access token.",
            "Make the proof for the token that is sent.",
        ),
        None => fails(
            "ath",
            "The proof has no `ath`, which a request with an access token needs.",
            "Set `ath` to the SHA-256 hash of the token, in base64url.",
        ),
    }
}

fn jkt(key: Option<&Key>, token: Option<&str>) -> DpopCheck {
    let (Some(key), Some(token)) = (key, token) else {
        return unknown(
            "jkt",
            "The access token or the key is not known.",
            "Enter the token that the proof was sent with.",
        );
    };
    let token = crate::inspect::token_of(token);
    let claims = token.decoded("payload").and_then(Members::read).unwrap_or_default();
    let bound = claims.raw("cnf").and_then(Members::read).and_then(|cnf| cnf.text("jkt"));
    match bound {
        Some(jkt) if jkt == key.thumbprint(Hash::Sha256) => {
            holds("jkt", "The token is bound to the key of the proof.")
        }
        Some(_) => fails(
            "jkt",
            "The token is bound to another key than that of the proof.",
            "Sign the proof with the key that the token was requested with.",
        ),
        None => fails(
            "jkt",
            "The access token is not bound to a key: it has no `cnf.jkt`.",
            "Request the token with a DPoP proof, or send it as `Bearer`.",
        ),
    }
}
