//! Signs claims as a compact JWS (RFC 7515 §3.1) with one key.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Header;
use jsonwebtoken::signature::Signer as _;
use serde::Serialize;

use crate::{Key, KeyPair, State, TokenRefusal};

/// A key with its encoded header, for any number of tokens of one type.
#[derive(Debug)]
pub(super) struct CompactSigner {
    key: Arc<KeyPair>,
    longest_life: u64,
    /// The encoded header and the dot after it.
    protected: String,
}

/// The bytes set aside for a token's claims before they are written; more may follow.
const CLAIMS: usize = 512;

/// The characters set aside for a dot and the longest signature that is not RSA's: 96 bytes by ES384, in base64url.
const SIGNATURE: usize = 1 + 128;

impl CompactSigner {
    /// Makes a signer with a key of the state, for tokens with that `typ`.
    pub(super) fn new(state: &State, key: &Key, typ: &str) -> Result<Self, TokenRefusal> {
        let mut header = Header::new(key.pair.algorithm().facts().token);
        header.typ = Some(typ.to_owned());
        header.kid = Some(key.kid().to_owned());
        let header = serde_json::to_vec(&header).map_err(|_| TokenRefusal::NotSigned)?;
        Ok(Self {
            key: Arc::clone(&key.pair),
            // Uses the lifetime that was written with the key, on which its retirement relies. The settings may have changed since.
            longest_life: key.longest_life.min(state.settings().times().longest_life),
            protected: URL_SAFE_NO_PAD.encode(&header) + ".",
        })
    }

    pub(super) fn kid(&self) -> &str {
        self.key.kid()
    }

    /// Whether signatures are slow: those of RSA keys take milliseconds.
    pub(super) fn is_slow(&self) -> bool {
        self.key.algorithm().is_rsa()
    }

    /// Returns the longest lifetime of its tokens, in seconds.
    pub(super) const fn longest_life(&self) -> u64 {
        self.longest_life
    }

    /// Returns the end of a token with a lifetime of `life` seconds from `now`.
    pub(super) fn end(&self, life: u64, now: u64) -> Result<u64, TokenRefusal> {
        // INVARIANT: no token has a longer lifetime than was written with the key before its first signature. Retirement relies on it.
        if life == 0 || life > self.longest_life {
            return Err(TokenRefusal::Life { seconds: life, longest: self.longest_life });
        }
        now.checked_add(life).ok_or(TokenRefusal::NotSigned)
    }

    pub(super) fn sign(&self, claims: &impl Serialize) -> Result<String, TokenRefusal> {
        let mut json = Vec::with_capacity(CLAIMS);
        serde_json::to_writer(&mut json, claims).map_err(|_| TokenRefusal::NotSigned)?;
        // Allocated once for the whole token, because growing it is slow.
        let mut token = String::with_capacity(self.protected.len() + json.len() * 4 / 3 + SIGNATURE);
        token.push_str(&self.protected);
        URL_SAFE_NO_PAD.encode_string(&json, &mut token);
        let signature = self.key.try_sign(token.as_bytes()).map_err(|_| TokenRefusal::NotSigned)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&signature, &mut token);
        Ok(token)
    }
}
