//! A signing key with its public half: generated, or read from a PKCS#8 document.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaEncoding};
use jsonwebtoken::crypto::JwtSigner;
use jsonwebtoken::signature;
use zeroize::Zeroizing;

use super::Family;
use crate::{PublicJwk, RsaSize, SigningAlgorithm};

/// A signing key, parsed and checked once, to sign many times.
pub struct KeyPair {
    algorithm: SigningAlgorithm,
    /// Kept because every change of the store writes it again.
    pkcs8: Zeroizing<Vec<u8>>,
    /// The parsed key; the library wipes its memory when it is dropped.
    parsed: Parsed,
    public: PublicJwk,
}

enum Parsed {
    Ec(EcdsaKeyPair),
    Okp(Ed25519KeyPair),
    Rsa(rsa::KeyPair, &'static dyn RsaEncoding),
}

/// The reason why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPairError {
    /// The system has no randomness, or the library failed.
    NotGenerated,
    /// Not the PKCS#8 document of a private key for the algorithm.
    Rejected {
        /// The algorithm asked for.
        algorithm: SigningAlgorithm,
    },
    /// A length in bits was chosen for a key that is not for RSA.
    NotRsa {
        /// The algorithm asked for.
        algorithm: SigningAlgorithm,
    },
}

impl KeyPair {
    /// Makes a new key. `size` is for RSA keys, which can take seconds, so keys are never made inside a transaction.
    ///
    /// # Errors
    /// [`KeyPairError::NotGenerated`].
    pub fn generate(algorithm: SigningAlgorithm, size: RsaSize) -> Result<Self, KeyPairError> {
        let (random, failed) = (SystemRandom::new(), |_| KeyPairError::NotGenerated);
        let pkcs8 = match algorithm.facts().family {
            Family::Ec { arithmetic, .. } => {
                wiped(EcdsaKeyPair::generate_pkcs8(arithmetic, &random).map_err(failed)?.as_ref())
            }
            Family::Okp { .. } => wiped(Ed25519KeyPair::generate_pkcs8(&random).map_err(failed)?.as_ref()),
            Family::Rsa { .. } => {
                let pair = rsa::KeyPair::generate(size.arithmetic()).map_err(failed)?;
                wiped(AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(failed)?.as_ref())
            }
        };
        // Parsed from the bytes that are stored, so that a key that cannot be read back is never used.
        Self::from_pkcs8(algorithm, &pkcs8)
    }

    /// Parses and checks a key (RFC 5208 §5): its public half must fit the private one, and an RSA modulus must have one
    /// of the lengths of [`RsaSize`].
    ///
    /// # Errors
    /// [`KeyPairError::Rejected`].
    pub fn from_pkcs8(algorithm: SigningAlgorithm, der: &[u8]) -> Result<Self, KeyPairError> {
        let rejected = KeyPairError::Rejected { algorithm };
        let (parsed, public) = match algorithm.facts().family {
            Family::Ec { arithmetic, .. } => {
                let pair = EcdsaKeyPair::from_pkcs8(arithmetic, der).map_err(|_| rejected)?;
                let public = PublicJwk::from_point(algorithm, pair.public_key().as_ref());
                (Parsed::Ec(pair), public)
            }
            Family::Okp { .. } => {
                let pair = Ed25519KeyPair::from_pkcs8(der).map_err(|_| rejected)?;
                let public = PublicJwk::from_point(algorithm, pair.public_key().as_ref());
                (Parsed::Okp(pair), public)
            }
            Family::Rsa { arithmetic } => {
                let pair = rsa::KeyPair::from_pkcs8(der).map_err(|_| rejected)?;
                rsa_size(&pair).ok_or(rejected)?;
                let half = pair.public_key();
                let (modulus, exponent) = (half.modulus(), half.exponent());
                let public = PublicJwk::from_modulus(
                    algorithm,
                    modulus.big_endian_without_leading_zero(),
                    exponent.big_endian_without_leading_zero(),
                );
                (Parsed::Rsa(pair, arithmetic), public)
            }
        };
        let public = public.ok_or(rejected)?;
        Ok(Self { algorithm, pkcs8: wiped(der), parsed, public })
    }

    /// Returns the length of its modulus. For other keys than RSA, returns the default, which has no meaning.
    #[must_use]
    pub fn rsa_size(&self) -> RsaSize {
        match &self.parsed {
            Parsed::Rsa(pair, _) => rsa_size(pair).unwrap_or_default(),
            Parsed::Ec(_) | Parsed::Okp(_) => RsaSize::default(),
        }
    }

    /// Returns its algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// Returns the public half.
    #[must_use]
    pub const fn public(&self) -> &PublicJwk {
        &self.public
    }

    /// Returns the key's identifier: the RFC 7638 thumbprint of the public half.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.public.kid()
    }

    /// Returns the private half, for [`crate::Document`] only.
    pub(crate) fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }
}

/// The interface of jsonwebtoken for own signers. Its `encode` would parse and check the PKCS#8 document for every token, which takes longer
/// than the signature.
impl signature::Signer<Vec<u8>> for KeyPair {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        let failed = |_| signature::Error::new();
        match &self.parsed {
            Parsed::Ec(pair) => {
                Ok(pair.sign(&SystemRandom::new(), message).map_err(failed)?.as_ref().to_vec())
            }
            Parsed::Okp(pair) => Ok(pair.try_sign(message).map_err(failed)?.as_ref().to_vec()),
            Parsed::Rsa(pair, encoding) => {
                let mut made = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &SystemRandom::new(), message, &mut made).map_err(failed)?;
                Ok(made)
            }
        }
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
    /// Returns the stable code, for programs to compare.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotGenerated => "key_not_generated",
            Self::Rejected { .. } => "key_rejected",
            Self::NotRsa { .. } => "key_not_rsa",
        }
    }
}

impl fmt::Display for KeyPairError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotGenerated => f.write_str("no key could be generated"),
            Self::Rejected { algorithm } => write!(f, "not a private key for {algorithm}"),
            Self::NotRsa { algorithm } => {
                write!(
                    f,
                    "a length in bits is for RS256 and PS256; a key for {algorithm} has only one length"
                )
            }
        }
    }
}

impl std::error::Error for KeyPairError {}

fn wiped(der: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(der.to_vec())
}

fn rsa_size(pair: &rsa::KeyPair) -> Option<RsaSize> {
    RsaSize::from_bits(u32::try_from(pair.public_modulus_len()).ok()?.checked_mul(8)?)
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64UrlUnpadded, Encoding};

    use super::*;

    #[test]
    fn a_generated_key_of_any_algorithm_comes_back_from_its_document_as_the_same_key() {
        for algorithm in SigningAlgorithm::ALL {
            let key = KeyPair::generate(algorithm, RsaSize::default()).unwrap();
            let again = KeyPair::from_pkcs8(algorithm, key.pkcs8()).unwrap();
            assert_eq!(again.public(), key.public());
        }
    }

    #[test]
    fn a_signature_of_any_algorithm_verifies_with_jsonwebtoken_and_the_public_half() {
        crate::test_keys::second_library();
        for algorithm in SigningAlgorithm::ALL {
            let key = KeyPair::generate(algorithm, RsaSize::default()).unwrap();
            let made = signature::Signer::try_sign(&key, b"message").unwrap();
            let jwk: jsonwebtoken::jwk::Jwk =
                serde_json::from_value(serde_json::to_value(key.public()).unwrap()).unwrap();
            let verifying = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
            let text = Base64UrlUnpadded::encode_string(&made);
            let verify = |message: &[u8]| {
                jsonwebtoken::crypto::verify(&text, message, &verifying, algorithm.facts().token).unwrap()
            };
            assert!(verify(b"message") && !verify(b"other"), "{algorithm}");
            assert_eq!(jwk.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256).unwrap(), key.kid());
        }
    }

    #[test]
    fn an_rsa_key_has_the_length_asked_for() {
        for size in RsaSize::ALL {
            let key = KeyPair::generate(SigningAlgorithm::PS256, size).unwrap();
            assert_eq!(key.rsa_size(), size);
        }
        let key = KeyPair::generate(SigningAlgorithm::PS256, RsaSize::Bits3072).unwrap();
        assert!(KeyPair::from_pkcs8(SigningAlgorithm::RS256, key.pkcs8()).is_ok(), "one kind of key");
        assert!(KeyPair::from_pkcs8(SigningAlgorithm::ES256, key.pkcs8()).is_err());
    }

    #[test]
    fn two_generated_keys_differ() {
        let [one, other] =
            [(); 2].map(|()| KeyPair::generate(SigningAlgorithm::ES256, RsaSize::default()).unwrap());
        assert_ne!(one.kid(), other.kid());
    }

    #[test]
    fn a_document_cut_anywhere_is_rejected_and_none_panics() {
        let key = KeyPair::generate(SigningAlgorithm::ES256, RsaSize::default()).unwrap();
        for length in 0..key.pkcs8().len() {
            let refusal = KeyPair::from_pkcs8(SigningAlgorithm::ES256, &key.pkcs8()[..length]).unwrap_err();
            assert_eq!(refusal, KeyPairError::Rejected { algorithm: SigningAlgorithm::ES256 });
        }
    }

    #[test]
    fn a_public_half_that_does_not_fit_the_private_one_is_rejected() {
        let key = KeyPair::generate(SigningAlgorithm::ES256, RsaSize::default()).unwrap();
        let mut der = key.pkcs8().to_vec();
        *der.last_mut().unwrap() ^= 1;
        assert!(KeyPair::from_pkcs8(SigningAlgorithm::ES256, &der).is_err());
    }

    #[test]
    fn debug_output_shows_the_public_half_alone() {
        let key = KeyPair::generate(SigningAlgorithm::ES256, RsaSize::default()).unwrap();
        let shown = format!("{key:?}");
        assert!(shown.contains(key.kid()) && !shown.contains("pkcs8"), "{shown}");
    }
}
