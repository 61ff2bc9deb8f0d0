//! Nothing, or a PKCS#8 document, enters; a key that signs, and can show its public half, leaves.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{EcdsaKeyPair, KeyPair as _};
use jsonwebtoken::crypto::JwtSigner;
use jsonwebtoken::signature;
use zeroize::Zeroizing;

use crate::{PublicJwk, SigningAlgorithm};

/// A signing key, parsed and checked once, to sign many times.
pub struct KeyPair {
    algorithm: SigningAlgorithm,
    /// Kept because the store wants it back with every change.
    pkcs8: Zeroizing<Vec<u8>>,
    /// The parsed key; the library wipes its memory when it is dropped.
    parsed: EcdsaKeyPair,
    public: PublicJwk,
}

/// Why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPairError {
    /// The system gave no randomness, or the library failed.
    NotGenerated,
    /// Not the PKCS#8 document of a private key for the algorithm.
    Rejected {
        /// The algorithm asked for.
        algorithm: SigningAlgorithm,
    },
}

impl KeyPair {
    /// Makes a new key. It takes a fraction of a millisecond, and is never done inside of a transaction.
    ///
    /// # Errors
    /// [`KeyPairError::NotGenerated`].
    pub fn generate(algorithm: SigningAlgorithm) -> Result<Self, KeyPairError> {
        let document = EcdsaKeyPair::generate_pkcs8(algorithm.facts().arithmetic, &SystemRandom::new())
            .map_err(|_| KeyPairError::NotGenerated)?;
        // Parsed from the very bytes that are stored: what can't be read back is never used.
        Self::from_pkcs8(algorithm, document.as_ref())
    }

    /// Parses and checks a key (RFC 5208 §5): the point must fit the private number and lie on the curve.
    ///
    /// # Errors
    /// [`KeyPairError::Rejected`].
    pub fn from_pkcs8(algorithm: SigningAlgorithm, der: &[u8]) -> Result<Self, KeyPairError> {
        let rejected = KeyPairError::Rejected { algorithm };
        let parsed = EcdsaKeyPair::from_pkcs8(algorithm.facts().arithmetic, der).map_err(|_| rejected)?;
        let public = PublicJwk::from_point(algorithm, parsed.public_key().as_ref()).ok_or(rejected)?;
        Ok(Self { algorithm, pkcs8: Zeroizing::new(der.to_vec()), parsed, public })
    }

    /// What it signs with.
    #[must_use]
    pub const fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &PublicJwk {
        &self.public
    }

    /// The key's identifier: the RFC 7638 thumbprint of the public half.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.public.kid()
    }

    /// The private half, for [`crate::Document`] alone.
    pub(crate) fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }
}

/// The seam that jsonwebtoken offers to signers: `encode` would parse and check the PKCS#8 document for every token,
/// which costs more than the signature.
impl signature::Signer<Vec<u8>> for KeyPair {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        let made = self.parsed.sign(&SystemRandom::new(), message).map_err(|_| signature::Error::new())?;
        Ok(made.as_ref().to_vec())
    }
}

impl JwtSigner for KeyPair {
    fn algorithm(&self) -> jsonwebtoken::Algorithm {
        self.algorithm.facts().token
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair").field("public", &self.public).finish_non_exhaustive()
    }
}

impl KeyPairError {
    /// The stable code: what a program compares.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotGenerated => "key_not_generated",
            Self::Rejected { .. } => "key_rejected",
        }
    }
}

impl fmt::Display for KeyPairError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotGenerated => f.write_str("no key could be generated"),
            Self::Rejected { algorithm } => write!(f, "not a private key for {algorithm}"),
        }
    }
}

impl std::error::Error for KeyPairError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_key_comes_back_from_its_document_as_the_same_key() {
        let key = KeyPair::generate(SigningAlgorithm::ES256).unwrap();
        let again = KeyPair::from_pkcs8(SigningAlgorithm::ES256, key.pkcs8()).unwrap();
        assert_eq!(again.public(), key.public());
    }

    #[test]
    fn two_generated_keys_differ() {
        let [one, other] = [(); 2].map(|()| KeyPair::generate(SigningAlgorithm::ES256).unwrap());
        assert_ne!(one.kid(), other.kid());
    }

    #[test]
    fn a_document_cut_anywhere_is_rejected_and_none_panics() {
        let key = KeyPair::generate(SigningAlgorithm::ES256).unwrap();
        for length in 0..key.pkcs8().len() {
            let refusal = KeyPair::from_pkcs8(SigningAlgorithm::ES256, &key.pkcs8()[..length]).unwrap_err();
            assert_eq!(refusal, KeyPairError::Rejected { algorithm: SigningAlgorithm::ES256 });
        }
    }

    #[test]
    fn a_public_half_that_does_not_fit_the_private_one_is_rejected() {
        let key = KeyPair::generate(SigningAlgorithm::ES256).unwrap();
        let mut der = key.pkcs8().to_vec();
        *der.last_mut().unwrap() ^= 1;
        assert!(KeyPair::from_pkcs8(SigningAlgorithm::ES256, &der).is_err());
    }

    #[test]
    fn debug_output_shows_the_public_half_alone() {
        let key = KeyPair::generate(SigningAlgorithm::ES256).unwrap();
        let shown = format!("{key:?}");
        assert!(shown.contains(key.kid()) && !shown.contains("pkcs8"), "{shown}");
    }
}
