//! A key, checked once and made ready for many verifications.

use crate::{Algorithm, Curve, KeyParts, KeyRefusal, KeyType};

/// A key that was parsed and checked once, to be used many times.
pub struct PreparedKey {}

impl PreparedKey {
    /// Checks a key's numbers and prepares it.
    ///
    /// # Errors
    /// Any [`KeyRefusal`] but the two mismatches and [`KeyRefusal::SecretTooShort`], which depend on the algorithm.
    pub fn from_parts(parts: &KeyParts) -> Result<Self, KeyRefusal> {
        let _ = parts;
        Err(KeyRefusal::Malformed)
    }

    /// The kind of key.
    #[must_use]
    pub fn key_type(&self) -> KeyType {
        KeyType::Oct
    }

    /// The curve, where there is one.
    #[must_use]
    pub fn curve(&self) -> Option<Curve> {
        None
    }

    /// The key's size in bits: the secret's length, the modulus' length, or the curve's.
    #[must_use]
    pub fn bits(&self) -> usize {
        0
    }

    /// Whether the key's type and curve fit the algorithm. A secret's length is a matter of policy and not looked at.
    ///
    /// # Errors
    /// [`KeyRefusal::TypeMismatch`] or [`KeyRefusal::CurveMismatch`].
    pub fn fits(&self, algorithm: Algorithm) -> Result<(), KeyRefusal> {
        let _ = algorithm;
        Ok(())
    }

    /// Whether `signature` is one of `message` under this key. `false` for a key that does not fit the algorithm and
    /// for a signature of the wrong length; MACs are compared in constant time.
    #[must_use]
    pub fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let _ = (algorithm, message, signature);
        false
    }
}
