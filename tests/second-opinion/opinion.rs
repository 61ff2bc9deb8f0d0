//! Asks ours and jsonwebtoken for a verdict on the same token, key and policy.

use std::str::FromStr;

use jotgate_core::{Key, KeySet, Keys, Needs, Policy, PolicyOptions, Refusal, verify};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    errors::{Error, ErrorKind, new_error},
    jwk::JwkSet,
};
use serde_json::Value;

use crate::pair::Pair;

/// A key in the form that the caller has.
pub(crate) enum Given {
    /// The text of a JWK.
    Jwk(String),
    /// The text of a JWKS.
    Set(String),
    /// PEM text. jsonwebtoken gets the DER of the pair.
    Pem(String, &'static Pair),
    /// The bytes of a shared secret.
    Secret(Vec<u8>),
}

/// The verdict of ours: the claims as JSON text, or the code of the refusal. `now` is the time in seconds since
/// 1970-01-01T00:00:00Z.
pub(crate) fn ours(
    token: &[u8],
    given: &Given,
    options: &PolicyOptions,
    now: f64,
) -> Result<String, &'static str> {
    attempt(token, given, options, now).map_err(|refusal| refusal.code())
}

fn attempt(token: &[u8], given: &Given, options: &PolicyOptions, now: f64) -> Result<String, Refusal> {
    let policy = Policy::new(options.clone())?;
    let (key, set);
    let keys = match given {
        Given::Set(text) => {
            set = KeySet::from_jwks(text)?;
            Keys::Set(&set)
        }
        Given::Jwk(text) => {
            key = Key::from_jwk(text)?;
            Keys::One(&key)
        }
        Given::Pem(text, _) => {
            key = Key::from_pem(text)?;
            Keys::One(&key)
        }
        Given::Secret(secret) => {
            key = Key::from_secret(secret)?;
            Keys::One(&key)
        }
    };
    let verdict = verify(token, keys, &policy, &Needs::default(), now).map_err(|refused| refused.refusal)?;
    Ok(verdict.claims().to_owned())
}

/// The verdict of jsonwebtoken: the claims, or its error. It reads the system's clock.
pub(crate) fn theirs(token: &[u8], given: &Given, validation: &Validation) -> Result<Value, Error> {
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    Ok(decode(token, &key(token, given)?, validation)?.claims)
}

/// jsonwebtoken does not choose among keys. Its caller looks up the `kid`, as its documentation shows.
fn key(token: &[u8], given: &Given) -> Result<DecodingKey, Error> {
    match given {
        Given::Pem(_, pair) => Ok(pair.decoding_key()),
        Given::Secret(secret) => DecodingKey::from_secret(secret),
        Given::Jwk(text) => DecodingKey::from_jwk(&serde_json::from_str(text)?),
        Given::Set(text) => {
            let set: JwkSet = serde_json::from_str(text)?;
            let kid = decode_header(token)?.kid;
            let jwk = kid.as_deref().and_then(|kid| set.find(kid));
            DecodingKey::from_jwk(jwk.ok_or_else(|| new_error(ErrorKind::InvalidKeyFormat))?)
        }
    }
}

/// The same policy for jsonwebtoken, as strict as it can be: options are required claims, `nbf` is checked,
/// there is no leeway.
pub(crate) fn validation_of(options: &PolicyOptions) -> Validation {
    let known =
        |names: &Vec<String>| names.iter().filter_map(|name| Algorithm::from_str(name).ok()).collect();
    let mut validation = Validation::new(Algorithm::HS256);
    validation.algorithms = options.algorithms.as_ref().map(known).unwrap_or_default();
    validation.leeway = options.clock_tolerance.map_or(0, |seconds| format!("{seconds}").parse().unwrap());
    validation.validate_nbf = true;
    validation.required_spec_claims = options.required_claims.iter().flatten().cloned().collect();
    if options.require_exp != Some(false) {
        validation.required_spec_claims.insert("exp".into());
    }
    if let Some(issuers) = &options.issuer {
        validation.set_issuer(issuers);
        validation.required_spec_claims.insert("iss".into());
    }
    if let Some(audiences) = &options.audience {
        validation.set_audience(audiences);
        validation.required_spec_claims.insert("aud".into());
    }
    if let Some(subject) = &options.subject {
        validation.sub = Some(subject.clone());
        validation.required_spec_claims.insert("sub".into());
    }
    validation
}
