//! Ours accepts every token that jsonwebtoken (or aws-lc-rs, if jsonwebtoken lacks the algorithm) makes, with
//! the key in every form, and returns its claims.

use std::str::FromStr;

use jotgate_core::{Algorithm, Hash, Key, PolicyOptions};
use jsonwebtoken::{
    Header, encode, get_current_timestamp,
    jwk::{Jwk, ThumbprintHash},
};
use serde_json::{Value, from_str, from_value, json};

use crate::{
    opinion::{Given, ours, theirs, validation_of},
    pair::{self, ED25519, P256, P384, P521, Pair, RSA_2048, SECRET, matrix},
};

/// jsonwebtoken has neither, so aws-lc-rs signs and verifies.
const NOT_THEIRS: [Algorithm; 2] = [Algorithm::ES512, Algorithm::Ed25519];

#[test]
fn every_minted_token_is_accepted_with_the_key_in_every_form() {
    let now = get_current_timestamp();
    let mut tried = 0;
    for (algorithm, pair) in matrix() {
        let claims = claims(now);
        let token = minted(algorithm, pair, &claims);
        let options = options(algorithm);
        let forms = forms(pair);
        for (form, given) in &forms {
            let place = format!("{} with {} as {form}", algorithm.name(), pair.name);
            let verdict = ours(token.as_bytes(), given, &options, now as f64);
            assert_eq!(verdict.map(|text| from_str::<Value>(&text).unwrap()), Ok(claims.clone()), "{place}");
            let second = theirs(token.as_bytes(), given, &validation_of(&options));
            if NOT_THEIRS.contains(&algorithm) {
                assert!(
                    second.is_err(),
                    "{place}: jsonwebtoken has this algorithm now: make the tokens with it"
                );
            } else {
                assert_eq!(second, Ok(claims.clone()), "{place}");
            }
            tried += 1;
        }
    }
    // HMAC: 3 algorithms in 2 forms. RSA: 6 algorithms with 3 keys in 4 forms. EC and OKP: 5 algorithms in 3
    // forms.
    assert_eq!(tried, 3 * 2 + 6 * 3 * 4 + 5 * 3);
}

#[test]
fn thumbprints_are_the_same() {
    use ThumbprintHash::{SHA256, SHA384, SHA512};
    for pair in [&*SECRET, &*RSA_2048, &*P256, &*P384, &*P521, &*ED25519] {
        let jwk = pair.jwk();
        let key = Key::from_jwk(&jwk.to_string()).unwrap();
        let second: Jwk = from_value(jwk).unwrap();
        for (hash, theirs) in [(Hash::Sha256, SHA256), (Hash::Sha384, SHA384), (Hash::Sha512, SHA512)] {
            assert_eq!(key.thumbprint(hash), second.thumbprint(theirs).unwrap(), "{} by {hash:?}", pair.name);
        }
    }
}

/// A name outside ASCII and a number above 2^53: claims come back unchanged.
fn claims(now: u64) -> Value {
    json!({
        "iss": "https://issuer.example", "sub": "Zoë 🗝", "aud": ["api", "other"],
        "exp": now + 600, "nbf": now - 1, "iat": now - 1, "order": 9_007_199_254_740_993_u64,
        "scope": "read write", "nested": { "deep": [1, null, { "a": true }] },
    })
}

fn options(algorithm: Algorithm) -> PolicyOptions {
    PolicyOptions {
        algorithms: Some(vec![algorithm.name().into()]),
        issuer: Some(vec!["https://issuer.example".into()]),
        audience: Some(vec!["api".into()]),
        subject: Some("Zoë 🗝".into()),
        ..PolicyOptions::default()
    }
}

fn minted(algorithm: Algorithm, pair: &Pair, claims: &Value) -> String {
    match jsonwebtoken::Algorithm::from_str(algorithm.name()) {
        Ok(theirs) => {
            let header = Header { kid: Some("ours".into()), ..Header::new(theirs) };
            encode(&header, claims, &pair.encoding_key()).unwrap()
        }
        Err(_) => {
            assert!(NOT_THEIRS.contains(&algorithm), "{}", algorithm.name());
            let header = json!({ "alg": algorithm.name(), "typ": "JWT", "kid": "ours" }).to_string();
            pair.token(algorithm, header.as_bytes(), claims.to_string().as_bytes())
        }
    }
}

/// Every form of the pair's public key.
fn forms(pair: &'static Pair) -> Vec<(&'static str, Given)> {
    let mut forms = vec![("JWK", Given::Jwk(pair.jwk().to_string()))];
    forms.extend(pair.pems().into_iter().map(|pem| ("PEM", Given::Pem(pem, pair))));
    match pair.secret_bytes() {
        Some(secret) => forms.push(("bytes", Given::Secret(secret.to_vec()))),
        // A set never contains a secret.
        None => {
            let keys = [pair::OTHER_P256.jwk_named("other"), pair.jwk_named("ours")];
            forms.push(("JWKS", Given::Set(json!({ "keys": keys }).to_string())));
        }
    }
    forms
}
