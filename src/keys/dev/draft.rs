//! Makes the header and claims of a token before it is signed, with the faults that a test may request.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::signature::Signer as _;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{KeyPair, TokenRefusal};

/// The body of `POST /dev/token`. The names are those of `jotgate/testing`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct TokenOptions {
    /// Claims to add, or to replace.
    claims: Map<String, Value>,
    /// Members of the header to add, or to replace.
    header: Map<String, Value>,
    /// Names of claims and header members to leave out.
    omit: Vec<String>,
    /// How long the token is valid, in seconds. It may be negative.
    expires_in: Option<i64>,
    scope: Option<Texts>,
    audience: Option<Texts>,
    bad: Option<Fault>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Several(Vec<String>),
}

/// The reason why verifiers must refuse the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Fault {
    Expired,
    NotYet,
    WrongAudience,
    WrongIssuer,
    Tampered,
    WrongKey,
    UnknownKey,
    None,
}

/// The issuer, the keys and the time for a token.
pub(super) struct Context<'a> {
    pub(super) issuer: &'a str,
    pub(super) audience: &'a str,
    pub(super) key: &'a KeyPair,
    /// A key of the same algorithm that is never published.
    pub(super) unpublished: &'a KeyPair,
    pub(super) jti: &'a str,
    /// In Unix seconds.
    pub(super) now: u64,
}

/// The default lifetime of a token, in seconds.
const USUAL_LIFE: i64 = 300;
const HOUR: i64 = 3600;

/// Makes the token.
///
/// # Errors
/// [`TokenRefusal::NotSigned`].
pub(super) fn make_token(options: TokenOptions, context: &Context<'_>) -> Result<String, TokenRefusal> {
    let TokenOptions { claims: own, header: own_header, omit, expires_in, scope, audience, bad } = options;
    let now = i64::try_from(context.now).map_err(|_| TokenRefusal::NotSigned)?;
    let issued = own.get("iat").and_then(Value::as_i64).unwrap_or(now);
    let mut header = members(json!({
        "alg": context.key.algorithm().name(), "typ": "at+jwt", "kid": context.key.kid(),
    }));
    let mut claims = members(json!({
        "iss": context.issuer, "sub": "test-user", "client_id": "test-client", "aud": context.audience,
        "iat": issued, "exp": issued.saturating_add(expires_in.unwrap_or(USUAL_LIFE)), "jti": context.jti,
    }));
    match audience {
        Some(Texts::One(one)) => drop(claims.insert("aud".to_owned(), one.into())),
        Some(Texts::Several(several)) => drop(claims.insert("aud".to_owned(), several.into())),
        None => {}
    }
    match scope {
        Some(Texts::One(words)) => drop(claims.insert("scope".to_owned(), words.into())),
        Some(Texts::Several(words)) => drop(claims.insert("scope".to_owned(), words.join(" ").into())),
        None => {}
    }
    claims.extend(own);
    header.extend(own_header);
    for name in &omit {
        claims.remove(name);
        header.remove(name);
    }
    let changes = match bad {
        Some(Fault::Expired) => json!({ "iat": now - 2 * HOUR, "exp": now - HOUR }),
        Some(Fault::NotYet) => json!({ "nbf": now + HOUR, "exp": now + 2 * HOUR }),
        Some(Fault::WrongAudience) => json!({ "aud": "https://wrong-audience.test" }),
        Some(Fault::WrongIssuer) => json!({ "iss": "https://wrong-issuer.test" }),
        _ => json!({}),
    };
    claims.extend(members(changes));
    match bad {
        Some(Fault::UnknownKey) => drop(header.insert("kid".to_owned(), "unknown-key".into())),
        Some(Fault::None) => drop(header.insert("alg".to_owned(), "none".into())),
        _ => {}
    }
    let head = encode(&header)?;
    let input = format!("{head}.{}", encode(&claims)?);
    let key = match bad {
        Some(Fault::None) => return Ok(input + "."),
        Some(Fault::WrongKey | Fault::UnknownKey) => context.unpublished,
        _ => context.key,
    };
    let signature = key.try_sign(input.as_bytes()).map_err(|_| TokenRefusal::NotSigned)?;
    let signature = URL_SAFE_NO_PAD.encode(signature);
    if bad == Some(Fault::Tampered) {
        let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
        let subject = format!("{subject}-tampered");
        claims.insert("sub".to_owned(), subject.into());
        return Ok(format!("{head}.{}.{signature}", encode(&claims)?));
    }
    Ok(format!("{input}.{signature}"))
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn encode(members: &Map<String, Value>) -> Result<String, TokenRefusal> {
    let json = serde_json::to_vec(members).map_err(|_| TokenRefusal::NotSigned)?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}
