//! A key that is checked and prepared once, for many verifications.

use alloc::boxed::Box;
use core::fmt;

use crate::ecdsa::key::EcKey;
use crate::ed25519::key::Ed25519Key;
use crate::hmac::secret::Secret;
use crate::rsa::key::RsaKey;
use crate::{Algorithm, Curve, Family, KeyParts, KeyRefusal, KeyType};

/// A checked key, ready for many verifications.
pub struct PreparedKey {
    material: Material,
}

// Large variants are boxed, so that keys are cheap to move and key sets are small.
enum Material {
    Secret(Secret),
    Rsa(Box<RsaKey>),
    Ec(Box<EcKey>),
    Ed25519(Box<Ed25519Key>),
}

// The functions of each kind of key are `inline(never)`: WebAssembly engines compile a function on its first call, and the first
// verification should only wait for its own algorithm.
impl PreparedKey {
    /// Checks the numbers of a key and prepares it. Leading zeros of an RSA modulus or exponent are ignored.
    ///
    /// # Errors
    /// Any [`KeyRefusal`] except the two mismatches and [`KeyRefusal::SecretTooShort`], which depend on the algorithm.
    pub fn from_parts(parts: &KeyParts) -> Result<Self, KeyRefusal> {
        let material = match parts {
            KeyParts::Secret(secret) => Material::Secret(Secret::from_bytes(secret)?),
            KeyParts::Rsa { n, e } => Material::Rsa(Box::new(RsaKey::from_parts(n, e)?)),
            KeyParts::Ec { curve, x, y } => Material::Ec(Box::new(EcKey::from_parts(*curve, x, y)?)),
            KeyParts::Ed25519 { x } => Material::Ed25519(Box::new(Ed25519Key::from_bytes(x)?)),
        };
        Ok(Self { material })
    }

    /// Returns the same key, but it never gets tables. For keys that tokens contain: otherwise an attacker could send many such keys
    /// and use up the memory for the tables of trusted keys.
    #[must_use]
    pub fn without_tables(mut self) -> Self {
        match &mut self.material {
            Material::Secret(_) | Material::Rsa(_) => {}
            Material::Ec(key) => key.disable_tables(),
            Material::Ed25519(key) => key.disable_tables(),
        }
        self
    }

    /// Returns the type of the key.
    #[must_use]
    pub fn key_type(&self) -> KeyType {
        match self.material {
            Material::Secret(_) => KeyType::Oct,
            Material::Rsa(_) => KeyType::Rsa,
            Material::Ec(_) => KeyType::Ec,
            Material::Ed25519(_) => KeyType::Okp,
        }
    }

    /// Returns the curve of the key, or `None` if it has none.
    #[must_use]
    pub fn curve(&self) -> Option<Curve> {
        match &self.material {
            Material::Secret(_) | Material::Rsa(_) => None,
            Material::Ec(key) => Some(key.curve()),
            Material::Ed25519(_) => Some(Curve::Ed25519),
        }
    }

    /// Returns the size of the key in bits: the length of the secret or the modulus, or the size of the curve.
    #[must_use]
    pub fn bits(&self) -> usize {
        match &self.material {
            Material::Secret(secret) => secret.bits(),
            Material::Rsa(key) => key.bits(),
            Material::Ec(key) => key.curve().bits(),
            Material::Ed25519(_) => Curve::Ed25519.bits(),
        }
    }

    /// Checks that the key's type and curve fit the algorithm. The length of a secret is not checked; that is up to the policy.
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

    /// Estimates the work of [`Self::verify`] without tables, in hundredths of a verification on P-256; at least 1. `message` and
    /// `signature` are lengths in bytes. Returns `None` if no signature has this length, because then nothing is computed.
    #[must_use]
    pub fn work(&self, algorithm: Algorithm, message: usize, signature: usize) -> Option<usize> {
        let check = match &self.material {
            Material::Secret(_) => 1,
            Material::Rsa(key) => key.work(),
            Material::Ec(key) => key.curve().work(),
            Material::Ed25519(_) => Curve::Ed25519.work(),
        };
        self.takes(algorithm, signature).then(|| check + message / BLOCK * HASHING)
    }

    /// Whether the key fits the algorithm, and its signatures have this length.
    fn takes(&self, algorithm: Algorithm, signature: usize) -> bool {
        let length = algorithm.facts().signature_bytes.unwrap_or(self.bits().div_ceil(8));
        self.fits(algorithm).is_ok() && signature == length
    }

    /// Verifies that `signature` is a signature of `message` by this key. Returns `false` if the key does not fit the algorithm or
    /// the signature has the wrong length. MACs are compared in constant time.
    #[must_use]
    pub fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let facts = algorithm.facts();
        if !self.takes(algorithm, signature.len()) {
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

/// Hashing is counted in blocks of this many bytes, so that it adds nothing for tokens of usual length.
const BLOCK: usize = 4096;
/// The work of hashing one block, in hundredths of a verification on P-256 without tables.
const HASHING: usize = 10;

impl fmt::Debug for PreparedKey {
    /// Writes the type and the size of the key, never its numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let curve = self.curve().map_or("", Curve::name);
        let gap = if curve.is_empty() { "" } else { " " };
        write!(f, "PreparedKey({}{gap}{curve}, {} bits)", self.key_type().name(), self.bits())
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec::Vec;

    use super::*;
    use crate::known_answers::{
        self, EDDSA_TOKEN, ES256_TOKEN, ES512_TOKEN, HS256_TOKEN, RS256_TOKEN, signed,
    };

    fn prepared(parts: &KeyParts) -> PreparedKey {
        PreparedKey::from_parts(parts).unwrap()
    }

    /// One key of each kind, with its type, curve, size in bits and algorithms.
    fn keys() -> [(PreparedKey, KeyType, Option<Curve>, usize, &'static str); 6] {
        use KeyType::{Ec, Oct, Okp, Rsa};
        [
            (prepared(&known_answers::secret()), Oct, None, 512, "HS256 HS384 HS512"),
            (prepared(&known_answers::rsa()), Rsa, None, 2048, "RS256 RS384 RS512 PS256 PS384 PS512"),
            (prepared(&known_answers::p256()), Ec, Some(Curve::P256), 256, "ES256"),
            (prepared(&known_answers::p384()), Ec, Some(Curve::P384), 384, "ES384"),
            (prepared(&known_answers::p521()), Ec, Some(Curve::P521), 521, "ES512"),
            (prepared(&known_answers::ed25519()), Okp, Some(Curve::Ed25519), 256, "EdDSA Ed25519"),
        ]
    }

    #[test]
    fn the_tokens_of_the_rfcs_verify_under_their_algorithm_and_key_and_no_other() {
        for (token, right) in [
            (HS256_TOKEN, "HS256"),
            (RS256_TOKEN, "RS256"),
            (ES256_TOKEN, "ES256"),
            (ES512_TOKEN, "ES512"),
            (EDDSA_TOKEN, "EdDSA Ed25519"),
        ] {
            let (message, signature) = signed(token);
            let mut verified = Vec::new();
            for (key, ..) in keys() {
                verified.extend(
                    Algorithm::ALL
                        .into_iter()
                        .filter(|algorithm| key.verify(*algorithm, message, &signature)),
                );
            }
            let verified: Vec<&str> = verified.into_iter().map(Algorithm::name).collect();
            assert_eq!(verified.join(" "), right);
        }
    }

    #[test]
    fn a_changed_bit_or_length_does_not_verify() {
        for (token, algorithm, parts) in [
            (HS256_TOKEN, Algorithm::HS256, known_answers::secret()),
            (RS256_TOKEN, Algorithm::RS256, known_answers::rsa()),
            (ES256_TOKEN, Algorithm::ES256, known_answers::p256()),
            (ES512_TOKEN, Algorithm::ES512, known_answers::p521()),
            (EDDSA_TOKEN, Algorithm::EdDSA, known_answers::ed25519()),
        ] {
            let (key, (message, signature)) = (prepared(&parts), signed(token));
            assert!(key.verify(algorithm, message, &signature));
            for at in [0, 1, signature.len() / 2, signature.len() - 1] {
                let mut signature = signature.clone();
                signature[at] ^= 1;
                assert!(!key.verify(algorithm, message, &signature), "{} byte {at}", algorithm.name());
            }
            for cut in [0, 1, signature.len() / 2, signature.len() - 1] {
                assert!(!key.verify(algorithm, message, &signature[..cut]));
                assert!(!key.verify(algorithm, message, &signature[signature.len() - cut..]));
            }
            for longer in [[&signature[..], &[0]].concat(), [&[0], &signature[..]].concat()] {
                assert!(!key.verify(algorithm, message, &longer));
            }
            assert!(!key.verify(algorithm, &message[1..], &signature));
            assert!(!key.verify(algorithm, b"", &signature));
        }
    }

    #[test]
    fn a_key_tells_its_type_its_curve_and_its_size() {
        for (key, key_type, curve, bits, _) in keys() {
            assert_eq!((key.key_type(), key.curve(), key.bits()), (key_type, curve, bits));
        }
    }

    #[test]
    fn a_key_fits_its_algorithms_and_says_why_it_fits_no_other() {
        for (key, key_type, curve, _, fitting) in keys() {
            for algorithm in Algorithm::ALL {
                let expected = if fitting.split(' ').any(|name| name == algorithm.name()) {
                    Ok(())
                } else if algorithm.facts().key_type == key_type {
                    Err(KeyRefusal::CurveMismatch { algorithm, curve: curve.unwrap() })
                } else {
                    Err(KeyRefusal::TypeMismatch { algorithm, key_type })
                };
                assert_eq!(key.fits(algorithm), expected);
                // Signatures of all likely lengths, so that only the key can be the reason.
                for bytes in [0, 32, 48, 64, 96, 132, 256] {
                    assert!(!key.verify(algorithm, b"jotgate", &[1; 256][..bytes]));
                }
            }
        }
    }

    #[test]
    fn the_public_key_as_a_secret_of_its_own_does_not_verify() {
        // Algorithm confusion (RFC 8725 §2.1): the bytes of the modulus are just another secret.
        let (message, signature) = signed(RS256_TOKEN);
        let KeyParts::Rsa { n, .. } = known_answers::rsa() else { panic!("an RSA key") };
        let key = prepared(&KeyParts::Secret(n.into()));
        assert!(Algorithm::ALL.into_iter().all(|algorithm| !key.verify(algorithm, message, &signature)));
    }

    #[test]
    fn ed25519_is_never_a_curve_of_ecdsa() {
        let parts = KeyParts::Ec { curve: Curve::Ed25519, x: [1; 32].to_vec(), y: [1; 32].to_vec() };
        let refusal = PreparedKey::from_parts(&parts).err();
        assert_eq!(refusal, Some(KeyRefusal::PointNotOnCurve { curve: Curve::Ed25519 }));
    }

    #[test]
    fn debug_shows_type_and_size_only() {
        let shown: Vec<_> = keys().map(|(key, ..)| format!("{key:?}")).into();
        assert_eq!(
            shown,
            [
                "PreparedKey(oct, 512 bits)",
                "PreparedKey(RSA, 2048 bits)",
                "PreparedKey(EC P-256, 256 bits)",
                "PreparedKey(EC P-384, 384 bits)",
                "PreparedKey(EC P-521, 521 bits)",
                "PreparedKey(OKP Ed25519, 256 bits)",
            ]
        );
        assert_eq!(format!("{:?}", known_answers::secret()), "KeyParts::Secret(…)");
    }

    #[test]
    fn keys_may_be_shared_between_threads() {
        fn shared<T: Send + Sync + 'static>() {}
        shared::<PreparedKey>();
        shared::<KeyParts>();
        shared::<KeyRefusal>();
    }
}
