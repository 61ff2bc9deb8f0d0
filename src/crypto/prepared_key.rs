//! A key, checked once and made ready for many verifications.

use alloc::boxed::Box;
use core::fmt;

use crate::ec_key::EcKey;
use crate::ed25519_key::Ed25519Key;
use crate::rsa_key::RsaKey;
use crate::secret::Secret;
use crate::{Algorithm, Curve, Family, KeyParts, KeyRefusal, KeyType};

/// A key that was parsed and checked once, to be used many times.
pub struct PreparedKey {
    material: Material,
}

// Boxed where it is large, so that a key is cheap to move and a set of keys is small.
enum Material {
    Secret(Secret),
    Rsa(Box<RsaKey>),
    Ec(Box<EcKey>),
    Ed25519(Box<Ed25519Key>),
}

impl PreparedKey {
    /// Checks a key's numbers and prepares it. Leading zeros of an RSA modulus or exponent are not counted.
    ///
    /// # Errors
    /// Any [`KeyRefusal`] but the two mismatches and [`KeyRefusal::SecretTooShort`], which depend on the algorithm.
    pub fn from_parts(parts: &KeyParts) -> Result<Self, KeyRefusal> {
        let material = match parts {
            KeyParts::Secret(secret) => Material::Secret(Secret::from_bytes(secret)?),
            KeyParts::Rsa { n, e } => Material::Rsa(Box::new(RsaKey::from_parts(n, e)?)),
            KeyParts::Ec { curve, x, y } => Material::Ec(Box::new(EcKey::from_parts(*curve, x, y)?)),
            KeyParts::Ed25519 { x } => Material::Ed25519(Box::new(Ed25519Key::from_bytes(x)?)),
        };
        Ok(Self { material })
    }

    /// The kind of key.
    #[must_use]
    pub fn key_type(&self) -> KeyType {
        match self.material {
            Material::Secret(_) => KeyType::Oct,
            Material::Rsa(_) => KeyType::Rsa,
            Material::Ec(_) => KeyType::Ec,
            Material::Ed25519(_) => KeyType::Okp,
        }
    }

    /// The curve, where there is one.
    #[must_use]
    pub fn curve(&self) -> Option<Curve> {
        match &self.material {
            Material::Secret(_) | Material::Rsa(_) => None,
            Material::Ec(key) => Some(key.curve()),
            Material::Ed25519(_) => Some(Curve::Ed25519),
        }
    }

    /// The key's size in bits: the secret's length, the modulus' length, or the curve's.
    #[must_use]
    pub fn bits(&self) -> usize {
        match &self.material {
            Material::Secret(secret) => secret.bits,
            Material::Rsa(key) => key.bits,
            Material::Ec(key) => key.curve().bits(),
            Material::Ed25519(_) => Curve::Ed25519.bits(),
        }
    }

    /// Whether the key's type and curve fit the algorithm. A secret's length is a matter of policy and not looked at.
    ///
    /// # Errors
    /// [`KeyRefusal::TypeMismatch`] or [`KeyRefusal::CurveMismatch`].
    pub fn fits(&self, algorithm: Algorithm) -> Result<(), KeyRefusal> {
        let facts = algorithm.facts();
        if facts.key_type != self.key_type() {
            return Err(KeyRefusal::TypeMismatch { algorithm, key_type: self.key_type() });
        }
        match self.curve() {
            Some(curve) if facts.curve != Some(curve) => Err(KeyRefusal::CurveMismatch { algorithm, curve }),
            _ => Ok(()),
        }
    }

    /// Whether `signature` is one of `message` under this key. `false` for a key that does not fit the algorithm and
    /// for a signature of the wrong length; MACs are compared in constant time.
    #[must_use]
    pub fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let facts = algorithm.facts();
        let length = facts.signature_bytes.unwrap_or(self.bits().div_ceil(8));
        if self.fits(algorithm).is_err() || signature.len() != length {
            return false;
        }
        match (&self.material, facts.family) {
            (Material::Secret(secret), Family::Hmac) => secret.verify(facts.hash, message, signature),
            (Material::Rsa(key), Family::RsaPkcs1) => key.verify_pkcs1(facts.hash, message, signature),
            (Material::Rsa(key), Family::RsaPss) => key.verify_pss(facts.hash, message, signature),
            (Material::Ec(key), Family::Ecdsa) => key.verify(facts.hash, message, signature),
            (Material::Ed25519(key), Family::Ed25519) => key.verify(message, signature),
            _ => false,
        }
    }
}

impl fmt::Debug for PreparedKey {
    /// Says what kind of key it is and its size, never its numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let curve = self.curve().map_or("", Curve::name);
        let gap = if curve.is_empty() { "" } else { " " };
        write!(f, "PreparedKey({}{gap}{curve}, {} bits)", self.key_type().name(), self.bits())
    }
}
