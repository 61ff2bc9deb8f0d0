//! Exports keys: none, one, or the keys of a set. They are made once and used for many tokens.
//!
//! Strings and bytes that contain a secret, or may contain one by mistake, are taken by value and overwritten when they are dropped.

use std::rc::Rc;

use jotgate_core as core;
use wasm_bindgen::prelude::wasm_bindgen;
use zeroize::Zeroizing;

use crate::{describe, output::checked};

/// Checked and prepared keys, with which a token is verified.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Keys {
    held: Held,
}

#[derive(Debug)]
enum Held {
    None,
    One(Box<core::Key>),
    Set(Rc<core::KeySet>),
    /// One key of a set, by its index among the usable ones. It is not prepared again.
    Member(Rc<core::KeySet>, usize),
}

#[wasm_bindgen]
impl Keys {
    /// Makes a value without keys: every token is refused. The refusal is [`core::Refusal::NoMatchingKey`] if some key could accept the token.
    #[must_use]
    pub fn none() -> Self {
        Self { held: Held::None }
    }

    /// Reads a JWK from JSON text. `alg` applies if the JWK has none. Returns `None`, with the refusal in the output, if it is refused.
    #[wasm_bindgen(js_name = fromJwk)]
    #[must_use]
    pub fn from_jwk(text: String, alg: Option<String>) -> Option<Self> {
        Self::one(core::Key::from_jwk(&Zeroizing::new(text)), alg)
    }

    /// Reads a JWK from a token or a proof. Otherwise like [`Keys::from_jwk`].
    #[wasm_bindgen(js_name = fromEmbeddedJwk)]
    #[must_use]
    pub fn from_embedded_jwk(text: String, alg: Option<String>) -> Option<Self> {
        Self::one(core::Key::from_embedded_jwk(&text), alg)
    }

    /// Reads a public key from PEM text: `PUBLIC KEY` or `RSA PUBLIC KEY`. Otherwise like [`Keys::from_jwk`].
    #[wasm_bindgen(js_name = fromPem)]
    #[must_use]
    pub fn from_pem(text: String, alg: Option<String>) -> Option<Self> {
        Self::one(core::Key::from_pem(&Zeroizing::new(text)), alg)
    }

    /// Reads only the public key of an X.509 certificate in PEM. Otherwise like [`Keys::from_jwk`].
    #[wasm_bindgen(js_name = fromCertificate)]
    #[must_use]
    pub fn from_certificate(text: String, alg: Option<String>) -> Option<Self> {
        Self::one(core::Key::from_certificate(&Zeroizing::new(text)), alg)
    }

    /// Takes a shared secret for HMAC. Otherwise like [`Keys::from_jwk`].
    #[wasm_bindgen(js_name = fromSecret)]
    #[must_use]
    pub fn from_secret(bytes: Vec<u8>, alg: Option<String>) -> Option<Self> {
        Self::one(core::Key::from_secret(&Zeroizing::new(bytes)), alg)
    }

    /// Reads a JWKS from JSON text. Returns `None`, with the refusal in the output, if it is refused.
    #[wasm_bindgen(js_name = fromJwks)]
    #[must_use]
    pub fn from_jwks(text: String) -> Option<Self> {
        let text = Zeroizing::new(text);
        checked(core::KeySet::from_jwks(&text)).map(|set| Self { held: Held::Set(Rc::new(set)) })
    }

    /// Returns the description of the key, or of the set and its skipped members, as JSON text without key material.
    #[must_use]
    pub fn describe(&self) -> String {
        match self.keys() {
            core::Keys::None => String::new(),
            core::Keys::One(key) => describe::key(key),
            core::Keys::Set(set) => describe::key_set(set),
        }
    }

    /// Returns the key as a JWK with only its public numbers, for the host's cryptography. Returns `None` for a secret.
    #[wasm_bindgen(js_name = publicJwk)]
    #[must_use]
    pub fn public_jwk(&self) -> Option<String> {
        self.single()?.public_jwk().map(|text| String::clone(&text))
    }

    /// Returns the RFC 7638 thumbprint of the key, in base64url. `hash` is `sha256`, `sha384` or `sha512`; any other value is refused.
    #[must_use]
    pub fn thumbprint(&self, hash: &str) -> Option<String> {
        let hash = match hash {
            "sha256" => core::Hash::Sha256,
            "sha384" => core::Hash::Sha384,
            "sha512" => core::Hash::Sha512,
            _ => {
                let problem = "must be one of sha256, sha384, sha512";
                return checked(Err(core::Refusal::Option { name: "digestAlgorithm", problem }));
            }
        };
        checked(self.single().ok_or(core::Refusal::NoMatchingKey)).map(|key| key.thumbprint(hash))
    }

    /// Returns the indexes of the keys of the set that may have signed a token with this `kid` and `alg`.
    #[must_use]
    pub fn candidates(&self, kid: Option<String>, alg: &str) -> Vec<u32> {
        let (core::Keys::Set(set), Some(algorithm)) = (self.keys(), core::Algorithm::from_name(alg)) else {
            return Vec::new();
        };
        let members = set.matching(kid.as_deref(), algorithm, None);
        members.filter_map(|member| u32::try_from(member.index).ok()).collect()
    }

    /// Returns the key at this index of the set, or `None` if it is not usable.
    #[must_use]
    pub fn member(&self, index: usize) -> Option<Self> {
        let Held::Set(set) = &self.held else { return None };
        let position = set.keys().iter().position(|member| member.index == index)?;
        Some(Self { held: Held::Member(Rc::clone(set), position) })
    }
}

impl Keys {
    fn one(key: Result<core::Key, core::Refusal>, alg: Option<String>) -> Option<Self> {
        let key = checked(key)?;
        let key = match alg {
            Some(alg) => key.for_algorithm(&alg),
            None => key,
        };
        Some(Self { held: Held::One(Box::new(key)) })
    }

    /// Returns the keys in the form that the core takes.
    pub(crate) fn keys(&self) -> core::Keys<'_> {
        match &self.held {
            Held::None => core::Keys::None,
            Held::One(key) => core::Keys::One(key),
            Held::Set(set) => core::Keys::Set(set),
            Held::Member(set, position) => {
                set.keys().get(*position).map_or(core::Keys::None, |member| core::Keys::One(&member.key))
            }
        }
    }

    /// Returns the key, if there is exactly one.
    pub(crate) fn single(&self) -> Option<&core::Key> {
        match self.keys() {
            core::Keys::One(key) => Some(key),
            core::Keys::None | core::Keys::Set(_) => None,
        }
    }
}

/// Limits the memory of the tables of all keys together, in bytes: [`core::set_table_memory`].
#[wasm_bindgen(js_name = setTableMemory)]
pub fn set_table_memory(bytes: usize) {
    core::set_table_memory(bytes);
}
