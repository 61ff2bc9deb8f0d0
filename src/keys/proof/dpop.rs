//! Verifies the DPoP proof of a request for a token (RFC 9449 §4.3, §5).

use aws_lc_rs::digest::{Context, SHA256, digest};
use axum::http::{HeaderMap, HeaderName};
use base64ct::{Base64UrlUnpadded, Encoding};
use jotgate_core::{Hash, Key, Keys, Needs, Policy, PolicyOptions, unverified::decode_header, verify};
use serde_json::{Map, Value};
use url::Url;

const DPOP: HeaderName = HeaderName::from_static("dpop");
/// The accepted difference between `iat` and the clock, in seconds.
pub(super) const IAT_WINDOW: u64 = 300;
/// The longest proof, in bytes. A proof with an RSA key of 4096 bits is shorter.
const MAX_PROOF: usize = 8192;
/// The longest `jti`, in bytes.
const MAX_JTI: usize = 128;
/// The accepted algorithms of proofs. All are asymmetric.
pub(crate) const DPOP_ALGORITHMS: [&str; 9] =
    ["ES256", "ES384", "ES512", "EdDSA", "Ed25519", "RS256", "PS256", "PS384", "PS512"];
/// Members that only a private or a symmetric key has (RFC 7518 §6).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A valid proof. It must not have been used before: see [`DpopProof::used`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DpopProof {
    /// The RFC 7638 thumbprint of the key, for `cnf.jkt`.
    pub(crate) jkt: String,
    /// Identifies the proof: a hash of `jkt`, `jti` and `htu`.
    pub(crate) used: [u8; 32],
    /// The time from which the proof is too old, in Unix seconds.
    pub(crate) until: u64,
}

/// The reason why a proof is refused, in the order of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DpopFault {
    Several,
    Malformed,
    Key,
    PrivateKey,
    Signature,
    Method,
    Uri,
    Time,
    TokenHash,
    Jti,
    /// The proof was used before, or no further proof can be stored.
    Replayed,
}

impl DpopFault {
    /// Returns the stable code for the log.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Several => "dpop_several",
            Self::Malformed => "dpop_malformed",
            Self::Key => "dpop_key",
            Self::PrivateKey => "dpop_private_key",
            Self::Signature => "dpop_signature",
            Self::Method => "dpop_method",
            Self::Uri => "dpop_uri",
            Self::Time => "dpop_time",
            Self::TokenHash => "dpop_token_hash",
            Self::Jti => "dpop_jti",
            Self::Replayed => "dpop_replayed",
        }
    }

    /// Returns the description for the client's developer.
    pub(crate) const fn description(self) -> &'static str {
        match self {
            Self::Several => "the request has more than one DPoP header",
            Self::Malformed => "the DPoP proof is not a JWT, or is too long",
            Self::Key => "`jwk` in the header of the DPoP proof is missing, or is not a key that can be used",
            Self::PrivateKey => "`jwk` in the header of the DPoP proof contains private members",
            Self::Signature => {
                "the DPoP proof needs `typ` `dpop+jwt`, an asymmetric `alg`, and a signature by its `jwk`"
            }
            Self::Method => {
                "`htm` of the DPoP proof must be the method of the request, `POST` at the token endpoint"
            }
            Self::Uri => "`htu` of the DPoP proof must be the URL of this endpoint",
            Self::Time => "`iat` of the DPoP proof differs from the clock by more than 300 s",
            Self::TokenHash => "`ath` of the DPoP proof must be the hash of the access token",
            Self::Jti => "`jti` of the DPoP proof must have 1 to 128 bytes",
            Self::Replayed => "the DPoP proof was used before",
        }
    }
}

/// The request that a proof is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DpopUse<'a> {
    /// The required value of `htm`.
    pub(crate) method: &'a str,
    /// The accepted values of `htu`.
    pub(crate) urls: &'a [String],
    /// The access token of the request, whose hash `ath` must be.
    pub(crate) token: Option<&'a str>,
}

/// Verifies the proof of a request. Returns `None` if it has none. `now` in Unix seconds.
///
/// # Errors
/// The first check that fails.
pub(crate) fn verify_dpop(
    headers: &HeaderMap,
    used_for: &DpopUse<'_>,
    now: u64,
) -> Result<Option<DpopProof>, DpopFault> {
    let mut values = headers.get_all(DPOP).iter();
    let Some(proof) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(DpopFault::Several);
    }
    let proof = proof.as_bytes();
    let header = decode_header(proof, MAX_PROOF).map_err(|_| DpopFault::Malformed)?;
    let header: Map<String, Value> = serde_json::from_str(&header).map_err(|_| DpopFault::Malformed)?;
    let Some(Value::Object(jwk)) = header.get("jwk") else { return Err(DpopFault::Key) };
    if PRIVATE_MEMBERS.iter().any(|name| jwk.contains_key(*name)) {
        return Err(DpopFault::PrivateKey);
    }
    let jwk = serde_json::to_string(jwk).map_err(|_| DpopFault::Key)?;
    let key = Key::from_embedded_jwk(&jwk).map_err(|_| DpopFault::Key)?;
    let claims = verified_claims(proof, &key, now)?;
    let DpopUse { method, urls, token } = *used_for;
    if claims.get("htm").and_then(Value::as_str) != Some(method) {
        return Err(DpopFault::Method);
    }
    let htu = claims.get("htu").and_then(Value::as_str).and_then(without_query).ok_or(DpopFault::Uri)?;
    if !urls.iter().any(|url| without_query(url).is_some_and(|url| url == htu)) {
        return Err(DpopFault::Uri);
    }
    let issued = claims.get("iat").and_then(Value::as_u64).ok_or(DpopFault::Time)?;
    if issued.abs_diff(now) > IAT_WINDOW {
        return Err(DpopFault::Time);
    }
    // RFC 9449 §4.3, step 12.
    let hash =
        token.map(|token| Base64UrlUnpadded::encode_string(digest(&SHA256, token.as_bytes()).as_ref()));
    if hash.is_some() && claims.get("ath").and_then(Value::as_str) != hash.as_deref() {
        return Err(DpopFault::TokenHash);
    }
    let jti = jti_of(&claims).ok_or(DpopFault::Jti)?;
    let jkt = key.thumbprint(Hash::Sha256);
    let used = identify(&[&jkt, jti, htu.as_str()]);
    Ok(Some(DpopProof { jkt, used, until: issued.saturating_add(IAT_WINDOW) }))
}

/// Returns the claims of the proof, if its type, algorithm and signature are valid.
fn verified_claims(token: &[u8], key: &Key, now: u64) -> Result<Map<String, Value>, DpopFault> {
    let options = PolicyOptions {
        algorithms: Some(DPOP_ALGORITHMS.map(str::to_owned).to_vec()),
        typ: Some(vec!["dpop+jwt".to_owned()]),
        require_exp: Some(false),
        max_token_length: u32::try_from(MAX_PROOF).ok().map(f64::from),
        ..PolicyOptions::default()
    };
    let policy = Policy::new(options).map_err(|_| DpopFault::Signature)?;
    let verified = verify(token, Keys::One(key), &policy, &Needs::default(), seconds(now));
    let verified = verified.map_err(|_| DpopFault::Signature)?;
    serde_json::from_str(verified.claims()).map_err(|_| DpopFault::Malformed)
}

/// Returns the normalised URL without query and fragment (RFC 3986 §6.2.2, §6.2.3).
fn without_query(text: &str) -> Option<Url> {
    let mut url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    url.set_query(None);
    url.set_fragment(None);
    Some(url)
}

/// Returns the `jti` of a proof or an assertion. Returns `None` if it is missing, empty or longer than [`MAX_JTI`].
pub(super) fn jti_of(claims: &Map<String, Value>) -> Option<&str> {
    claims.get("jti").and_then(Value::as_str).filter(|jti| !jti.is_empty() && jti.len() <= MAX_JTI)
}

/// Hashes parts together with their lengths, so that different lists of parts have different hashes.
pub(super) fn identify(parts: &[&str]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut hash = [0; 32];
    hash.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    hash
}

/// Converts Unix seconds to the type of `jotgate-core`. They are exact for millions of years.
#[expect(clippy::cast_precision_loss, reason = "2^53 seconds are 285 million years")]
pub(super) const fn seconds(now: u64) -> f64 {
    now as f64
}

#[cfg(test)]
mod tests;
