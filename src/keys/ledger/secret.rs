//! Random secrets that are sent once. The ledger stores only their hashes.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64ct::{Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

/// 256 random bits in base64url: a code, or the value of a cookie.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

/// The SHA-256 of a secret. The secret is random, so its hash does not help to guess it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecretHash([u8; 32]);

/// Random bytes of a secret.
const BYTES: usize = 32;

impl Secret {
    /// Makes a new secret.
    ///
    /// # Errors
    /// If the system has no randomness.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut random = Zeroizing::new([0; BYTES]);
        getrandom::fill(random.as_mut_slice())?;
        Ok(Self(Zeroizing::new(Base64UrlUnpadded::encode_string(random.as_slice()))))
    }

    /// Returns the text, to send to its owner.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the hash, to store.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(self.0.as_bytes())
    }
}

impl SecretHash {
    /// Returns the hash of a secret in a request.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, text).as_ref());
        Self(bytes)
    }

    /// Returns a hash that was stored.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes, for a ledger to store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both are equal. Takes constant time.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}
