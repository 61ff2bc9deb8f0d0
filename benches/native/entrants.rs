//! The entrants. Each is made of keys and a policy, and checked before it is measured.

use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow, bail};
use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use jotgate_core::{Key, KeySet, Keys, Needs, Policy, PolicyOptions};
use jotgate_crypto::{KeyParts, PreparedKey};
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::backend::Backend;
use crate::fixtures::{Algorithm, Fixtures, Tokens};

type Verify = Box<dyn Fn(&str) -> Result<Value>>;

/// An entrant, and its next token.
pub(crate) struct Entrant {
    pub(crate) id: String,
    verify: Verify,
    tokens: Vec<String>,
    next: usize,
}

impl Entrant {
    pub(crate) fn verify_next(&mut self) -> Result<()> {
        let token = self.tokens.get(self.next).context("there are no tokens")?;
        black_box((self.verify)(black_box(token))?);
        self.next = (self.next + 1) % self.tokens.len();
        Ok(())
    }
}

/// The entrants that can do it, and why the others cannot.
pub(crate) fn enter(
    fixtures: &Fixtures,
    name: &str,
    keys: usize,
) -> Result<(Vec<Entrant>, BTreeMap<String, String>)> {
    let algorithm = fixtures.algorithms.get(name).with_context(|| format!("no fixtures for {name}"))?;
    let mut absent = BTreeMap::new();
    let tokens = if keys > 1 { algorithm.set.as_ref().context("no set of keys")? } else { &algorithm.one };
    let mut made: Vec<(String, Result<Verify>)> =
        vec![("jotgate".to_owned(), jotgate(fixtures, name, algorithm, keys))];
    for backend in Backend::BOTH {
        let id = format!("jsonwebtoken, {}", backend.name());
        made.push((id, jsonwebtoken(fixtures, name, algorithm, keys, backend)));
    }
    let mut entrants = Vec::new();
    for (id, verify) in made {
        let checked = verify.and_then(|verify| check(&verify, tokens).map(|()| verify));
        match checked {
            Ok(verify) => entrants.push(entrant(id, verify, tokens)),
            Err(error) => drop(absent.insert(id, format!("{error:#}"))),
        }
    }
    if keys == 1 {
        for (id, verify) in signatures(name, algorithm)? {
            entrants.push(entrant(id, verify, tokens));
        }
    }
    Ok((entrants, absent))
}

fn entrant(id: String, verify: Verify, tokens: &Tokens) -> Entrant {
    Entrant { id, verify, tokens: tokens.good.clone(), next: 0 }
}

fn jotgate(fixtures: &Fixtures, name: &str, algorithm: &Algorithm, keys: usize) -> Result<Verify> {
    let refused = |refusal: jotgate_core::Refusal| anyhow!("{}", refusal.code());
    let policy = Policy::new(PolicyOptions {
        algorithms: Some(vec![name.to_owned()]),
        issuer: Some(vec![fixtures.issuer.clone()]),
        audience: Some(vec![fixtures.audience.clone()]),
        ..PolicyOptions::default()
    })
    .map_err(refused)?;
    let needs = Needs::default();
    if keys > 1 {
        let jwks: Vec<&Value> = algorithm.keys.iter().map(|key| &key.jwk).collect();
        let set = KeySet::from_jwks(&serde_json::json!({ "keys": jwks }).to_string()).map_err(refused)?;
        return Ok(Box::new(move |token| judge(token, Keys::Set(&set), &policy, &needs)));
    }
    let key = algorithm.keys.first().context("no key")?;
    let key = match &key.secret {
        Some(secret) => Key::from_secret(&bytes(secret)?),
        None => Key::from_jwk(&key.jwk.to_string()),
    }
    .map_err(refused)?;
    Ok(Box::new(move |token| judge(token, Keys::One(&key), &policy, &needs)))
}

fn judge(token: &str, keys: Keys<'_>, policy: &Policy, needs: &Needs) -> Result<Value> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64().floor();
    let verdict = jotgate_core::verify(token.as_bytes(), keys, policy, needs, now)
        .map_err(|refused| anyhow!("{}", refused.refusal.code()))?;
    // jsonwebtoken also returns parsed claims.
    Ok(serde_json::from_str(verdict.claims())?)
}

fn jsonwebtoken(
    fixtures: &Fixtures,
    name: &str,
    algorithm: &Algorithm,
    keys: usize,
    backend: Backend,
) -> Result<Verify> {
    let mut validation = Validation::new(jsonwebtoken::Algorithm::from_str(name)?);
    validation.leeway = 0;
    validation.validate_nbf = true;
    validation.set_issuer(&[&fixtures.issuer]);
    validation.set_audience(&[&fixtures.audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    if keys > 1 {
        let mut held = HashMap::new();
        for key in &algorithm.keys {
            let kid = key.jwk.get("kid").and_then(Value::as_str).context("a key without kid")?;
            held.insert(kid.to_owned(), decoding_key(&key.jwk)?);
        }
        return Ok(Box::new(move |token| {
            backend.choose();
            let kid = jsonwebtoken::decode_header(token)?.kid.context("a token without kid")?;
            Ok(jsonwebtoken::decode(token, held.get(&kid).context("no such key")?, &validation)?.claims)
        }));
    }
    let key = decoding_key(&algorithm.keys.first().context("no key")?.jwk)?;
    Ok(Box::new(move |token| {
        backend.choose();
        Ok(jsonwebtoken::decode(token, &key, &validation)?.claims)
    }))
}

fn decoding_key(jwk: &Value) -> Result<DecodingKey> {
    Ok(DecodingKey::from_jwk(&serde_json::from_value(jwk.clone())?)?)
}

/// The signature alone, without JSON and policy.
fn signatures(name: &str, algorithm: &Algorithm) -> Result<Vec<(String, Verify)>> {
    let first = algorithm.keys.first().context("no key")?;
    let parts = match (&first.secret, &first.pem) {
        (Some(secret), _) => KeyParts::Secret(Zeroizing::new(bytes(secret)?)),
        (_, Some(pem)) => KeyParts::from_pem(pem).map_err(|refusal| anyhow!("{refusal:?}"))?,
        _ => bail!("a key without a form that can be read"),
    };
    let prepared = PreparedKey::from_parts(&parts).map_err(|refusal| anyhow!("{refusal:?}"))?;
    let own = jotgate_crypto::Algorithm::from_name(name).context("an unknown algorithm")?;
    let ours: Verify = Box::new(move |token| {
        let (message, signature) = token.rsplit_once('.').context("no signature")?;
        let signature = Base64UrlUnpadded::decode_vec(signature).map_err(|error| anyhow!("{error}"))?;
        held(prepared.verify(own, message.as_bytes(), &signature))
    });
    let mut all = vec![("jotgate-crypto, signature alone".to_owned(), ours)];
    let theirs = jsonwebtoken::Algorithm::from_str(name)?;
    for backend in Backend::BOTH {
        let key = decoding_key(&first.jwk)?;
        let verify: Verify = Box::new(move |token| {
            backend.choose();
            let (message, signature) = token.rsplit_once('.').context("no signature")?;
            held(jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key, theirs)?)
        });
        all.push((format!("jsonwebtoken, {}, signature alone", backend.name()), verify));
    }
    Ok(all)
}

fn held(holds: bool) -> Result<Value> {
    if holds { Ok(Value::Null) } else { Err(anyhow!("the signature does not hold")) }
}

/// Checks that each applies the same policy.
fn check(verify: &Verify, tokens: &Tokens) -> Result<()> {
    for token in tokens.good.iter().take(3) {
        let payload = token.split('.').nth(1).context("no claims")?;
        let bytes = Base64UrlUnpadded::decode_vec(payload).map_err(|error| anyhow!("{error}"))?;
        let expected: Value = serde_json::from_slice(&bytes)?;
        if verify(token)? != expected {
            bail!("it returns other claims");
        }
    }
    for (name, token) in &tokens.bad {
        if verify(token).is_ok() {
            bail!("it accepts a token that {name}");
        }
    }
    Ok(())
}

fn bytes(base64: &str) -> Result<Vec<u8>> {
    Base64::decode_vec(base64).map_err(|error| anyhow!("{error}"))
}
