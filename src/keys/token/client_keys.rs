//! The public keys of a client that signs its requests for tokens: `private_key_jwt` (RFC 7523).

use std::fmt;

use jotgate_core::KeySet;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A key set (RFC 7517 §5) of one to eight public keys. Needs store format 5.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientKeys(Value);

/// The reason why a key set is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientKeysRefusal {
    /// Not a JSON key set or key, or longer than 16 KiB.
    Malformed,
    /// A member that is not a public key with which `jotgate-core` verifies.
    Unusable,
    /// A private key. Only its public half is accepted.
    Private,
    /// No key, or more than eight.
    Count,
}

/// The longest key set, in bytes.
const MAX_BYTES: usize = 16_384;
/// The most keys.
const MAX_KEYS: usize = 8;

impl ClientKeys {
    /// Reads a JWK set, or a single JWK.
    ///
    /// # Errors
    /// [`ClientKeysRefusal`].
    pub fn parse(text: &str) -> Result<Self, ClientKeysRefusal> {
        let malformed = ClientKeysRefusal::Malformed;
        if text.len() > MAX_BYTES {
            return Err(malformed);
        }
        let value: Value = serde_json::from_str(text).map_err(|_| malformed)?;
        let value = if value.get("kty").is_some() { json!({ "keys": [value] }) } else { value };
        let set = KeySet::from_jwks(&value.to_string()).map_err(|_| malformed)?;
        if !set.dropped().is_empty() {
            return Err(ClientKeysRefusal::Private);
        }
        if !set.skipped().is_empty() {
            return Err(ClientKeysRefusal::Unusable);
        }
        if set.keys().is_empty() || set.keys().len() > MAX_KEYS {
            return Err(ClientKeysRefusal::Count);
        }
        Ok(Self(value))
    }

    /// Returns the keys, prepared for verification.
    pub(crate) fn to_set(&self) -> Option<KeySet> {
        KeySet::from_jwks(&self.0.to_string()).ok()
    }
}

impl ClientKeysRefusal {
    /// The stable code, for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "client_keys_malformed",
            Self::Unusable => "client_keys_unusable",
            Self::Private => "client_keys_private",
            Self::Count => "client_keys_count",
        }
    }
}

impl fmt::Display for ClientKeysRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the keys must be a JWK or a JWK set (RFC 7517) of at most 16 KiB",
            Self::Unusable => "each key must be a public RSA, EC or Ed25519 key",
            Self::Private => "the keys contain a private key; give only the public half to the issuer",
            Self::Count => "a client has one to eight keys",
        })
    }
}

impl std::error::Error for ClientKeysRefusal {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_keys::key;

    #[test]
    fn a_set_or_a_single_public_key_is_read() {
        let jwk = serde_json::to_value(key().public()).unwrap();
        let set = json!({ "keys": [jwk] }).to_string();
        assert_eq!(ClientKeys::parse(&jwk.to_string()), ClientKeys::parse(&set));
        assert_eq!(ClientKeys::parse(&set).unwrap().to_set().unwrap().keys().len(), 1);
    }

    #[test]
    fn everything_else_is_refused() {
        let jwk = serde_json::to_value(key().public()).unwrap();
        let mut private = jwk.clone();
        private["d"] = jwk["x"].clone();
        let secret = json!({ "kty": "oct", "k": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" });
        for (text, refusal) in [
            ("nonsense".to_owned(), ClientKeysRefusal::Malformed),
            ("{}".to_owned(), ClientKeysRefusal::Malformed),
            (" ".repeat(MAX_BYTES + 1), ClientKeysRefusal::Malformed),
            (json!({ "keys": [] }).to_string(), ClientKeysRefusal::Count),
            (json!({ "keys": vec![jwk; 9] }).to_string(), ClientKeysRefusal::Count),
            (private.to_string(), ClientKeysRefusal::Private),
            (secret.to_string(), ClientKeysRefusal::Unusable),
        ] {
            assert_eq!(ClientKeys::parse(&text), Err(refusal), "{text:.60}");
        }
    }
}
