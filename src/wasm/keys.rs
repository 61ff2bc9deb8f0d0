//! What the host holds on to: keys, key sets, policies and needs, each made once and used for many tokens.
//!
//! What can't be made is no handle, and the refusal stands in the output; the TypeScript side throws an error of its class.
//!
//! Texts and bytes that hold a secret, or may hold one by mistake, are taken and not borrowed: they are overwritten when they go.

use std::rc::Rc;

use jotgate_core as core;
use wasm_bindgen::prelude::wasm_bindgen;
use zeroize::Zeroizing;

use crate::{describe, output};

/// A key, checked and prepared.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Key {
    pub(crate) held: Held,
}

/// A key of its own, or the member of a set: handed out without being prepared again.
#[derive(Debug)]
pub(crate) enum Held {
    Own(Box<core::Key>),
    Member(Rc<core::KeySet>, usize),
}

#[wasm_bindgen]
impl Key {
    /// Reads a JWK from JSON text; `alg` counts where the JWK has none.
    #[wasm_bindgen(js_name = fromJwk)]
    #[must_use]
    pub fn from_jwk(text: String, alg: Option<String>) -> Option<Self> {
        Self::made(core::Key::from_jwk(&Zeroizing::new(text)), alg)
    }

    /// Reads a JWK that came in a token or a proof; `alg` counts where the JWK has none.
    #[wasm_bindgen(js_name = fromEmbeddedJwk)]
    #[must_use]
    pub fn from_embedded_jwk(text: String, alg: Option<String>) -> Option<Self> {
        Self::made(core::Key::from_embedded_jwk(&text), alg)
    }

    /// Reads a public key from PEM text: `PUBLIC KEY` or `RSA PUBLIC KEY`.
    #[wasm_bindgen(js_name = fromPem)]
    #[must_use]
    pub fn from_pem(text: String, alg: Option<String>) -> Option<Self> {
        let text = Zeroizing::new(text);
        Self::made(core::Key::from_pem(&text), alg)
    }

    /// Reads the public key of an X.509 certificate in PEM: `CERTIFICATE`. Nothing but the key is looked at.
    #[wasm_bindgen(js_name = fromCertificate)]
    #[must_use]
    pub fn from_certificate(text: String, alg: Option<String>) -> Option<Self> {
        let text = Zeroizing::new(text);
        Self::made(core::Key::from_certificate(&text), alg)
    }

    /// Takes a shared secret for HMAC.
    #[wasm_bindgen(js_name = fromSecret)]
    #[must_use]
    pub fn from_secret(bytes: Vec<u8>, alg: Option<String>) -> Option<Self> {
        Self::made(core::Key::from_secret(&Zeroizing::new(bytes)), alg)
    }

    /// What may be said of the key, as JSON text: no number of it.
    #[must_use]
    pub fn describe(&self) -> String {
        self.key().map(describe::key).unwrap_or_default()
    }

    /// The key as a JWK with nothing but what makes it up, for a host that computes with it; none for a secret.
    #[wasm_bindgen(js_name = publicJwk)]
    #[must_use]
    pub fn public_jwk(&self) -> Option<String> {
        self.key()?.public_jwk().map(|text| String::clone(&text))
    }

    /// The RFC 7638 thumbprint, base64url; `hash` is `sha256`, `sha384` or `sha512`, any other is refused.
    #[must_use]
    pub fn thumbprint(&self, hash: &str) -> Option<String> {
        let hash = match hash {
            "sha256" => core::Hash::Sha256,
            "sha384" => core::Hash::Sha384,
            "sha512" => core::Hash::Sha512,
            _ => {
                let problem = "must be one of sha256, sha384, sha512";
                return made(Err(core::Refusal::Option { name: "digestAlgorithm", problem }));
            }
        };
        made(self.key().ok_or(core::Refusal::NoMatchingKey)).map(|key| key.thumbprint(hash))
    }

    fn made(key: Result<core::Key, core::Refusal>, alg: Option<String>) -> Option<Self> {
        let key = made(key)?;
        let key = match alg {
            Some(alg) => key.for_algorithm(&alg),
            None => key,
        };
        Some(Self { held: Held::Own(Box::new(key)) })
    }

    pub(crate) fn key(&self) -> Option<&core::Key> {
        match &self.held {
            Held::Own(key) => Some(key),
            Held::Member(set, place) => set.keys().get(*place).map(|member| &member.key),
        }
    }
}

/// The usable keys of a JWKS.
#[wasm_bindgen]
#[derive(Debug)]
pub struct KeySet {
    pub(crate) set: Rc<core::KeySet>,
}

#[wasm_bindgen]
impl KeySet {
    /// Reads a JWKS from JSON text.
    #[wasm_bindgen(js_name = fromJwks)]
    #[must_use]
    pub fn from_jwks(text: String) -> Option<Self> {
        let text = Zeroizing::new(text);
        made(core::KeySet::from_jwks(&text).map(Rc::new)).map(|set| Self { set })
    }

    /// The keys and the skipped members, as JSON text.
    #[must_use]
    pub fn describe(&self) -> String {
        describe::key_set(&self.set)
    }

    /// The places in the set of every key that may have signed a token of that `kid` and `alg`.
    #[must_use]
    pub fn candidates(&self, kid: Option<String>, alg: &str) -> Vec<u32> {
        let Some(algorithm) = core::Algorithm::from_name(alg) else { return Vec::new() };
        let members = self.set.matching(kid.as_deref(), algorithm, None);
        members.filter_map(|member| u32::try_from(member.index).ok()).collect()
    }

    /// The key at that place in the set, if it is a usable one.
    #[must_use]
    pub fn key(&self, index: usize) -> Option<Key> {
        let place = self.set.keys().iter().position(|member| member.index == index)?;
        Some(Key { held: Held::Member(self.set.clone(), place) })
    }
}

/// How many bytes the tables of all keys together may take from now on: [`core::set_table_memory`].
#[wasm_bindgen(js_name = setTableMemory)]
pub fn set_table_memory(bytes: usize) {
    core::set_table_memory(bytes);
}

/// What is asked of every token.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Policy {
    pub(crate) policy: core::Policy,
}

#[wasm_bindgen]
impl Policy {
    /// Checks the options, those of [`core::PolicyOptions`], from JSON text.
    #[wasm_bindgen(js_name = fromOptions)]
    #[must_use]
    pub fn from_options(text: &str) -> Option<Self> {
        made(core::PolicyOptions::read(text).and_then(core::Policy::new)).map(|policy| Self { policy })
    }

    /// Makes room for a token of `length` UTF-16 code units and says where: three bytes for each, the most that UTF-8
    /// needs. 0: longer than the policy allows, the refusal stands in the output.
    #[must_use]
    pub fn admit(&self, length: usize) -> *const u8 {
        let maximum = self.policy.maximum_token_bytes();
        admit(length, maximum)
    }

    /// Whether the key could ever verify a token under this policy; if not, the refusal stands in the output.
    #[wasm_bindgen(js_name = checkKey)]
    #[must_use]
    pub fn check_key(&self, key: &Key) -> bool {
        let checked =
            key.key().ok_or(core::Refusal::NoMatchingKey).and_then(|key| self.policy.check_key(key));
        made(checked).is_some()
    }
}

/// What a request needs of a token.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Needs {
    pub(crate) needs: core::Needs,
}

#[wasm_bindgen]
impl Needs {
    /// Checks the lists, those of [`core::NeedsOptions`], from JSON text.
    #[wasm_bindgen(js_name = fromLists)]
    #[must_use]
    pub fn from_lists(text: &str) -> Option<Self> {
        made(core::NeedsOptions::read(text).and_then(core::Needs::new)).map(|needs| Self { needs })
    }

    /// The needs of those who have none.
    #[must_use]
    pub fn none() -> Self {
        Self { needs: core::Needs::default() }
    }
}

/// Room for a token of `length` code units, or null and a refusal.
pub(crate) fn admit(length: usize, maximum: usize) -> *const u8 {
    if length > maximum {
        output::refuse(&core::Refusal::TokenTooLong { maximum }, None);
        return ::core::ptr::null();
    }
    output::reserve(length.saturating_mul(3))
}

/// What was made; where it is refused nothing, and the refusal in the output.
pub(crate) fn made<T>(outcome: Result<T, core::Refusal>) -> Option<T> {
    outcome.map_err(|refusal| output::refuse(&refusal, None)).ok()
}
