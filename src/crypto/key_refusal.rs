//! The reasons why a key is refused, each with a stable code. They never contain key material.

use core::fmt;

use crate::algorithm::{Algorithm, Curve, KeyType};
use crate::message::{count, write_words};

/// Why key material was refused. It contains the values that were compared, never the key material itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyRefusal {
    /// A PEM block or an ASN.1 structure that could not be read (RFC 7468, RFC 5280 §4.1).
    Malformed,
    /// Text without a PEM block (RFC 7468 §2).
    NotPem {
        /// What it is instead, such as "an OpenSSH key".
        found: &'static str,
    },
    /// PEM text or an ASN.1 key of an unsupported kind, such as a private key or a curve without an algorithm.
    UnsupportedKind {
        /// What was found, such as "a private key".
        found: &'static str,
    },
    /// An RSA modulus outside of the accepted range of sizes.
    RsaModulusSize {
        /// The size of the modulus in bits.
        bits: usize,
        /// The smallest accepted size in bits.
        minimum: usize,
        /// The largest accepted size in bits.
        maximum: usize,
    },
    /// An even RSA modulus, which cannot be the product of two odd primes.
    RsaModulusEven,
    /// An RSA exponent that is even, below 3 or above 32 bits.
    RsaExponent,
    /// A coordinate of another length than its curve's field (RFC 7518 §6.2.1.2, RFC 8037 §2).
    CoordinateLength {
        /// The curve named by the key.
        curve: Curve,
        /// The length of the key's coordinate in bytes.
        bytes: usize,
    },
    /// A point that is not on its curve, or is not encoded canonically.
    PointNotOnCurve {
        /// The curve named by the key.
        curve: Curve,
    },
    /// An Ed25519 point of small order, which would verify signatures of messages that were never signed.
    PointOfSmallOrder,
    /// An empty secret.
    SecretEmpty,
    /// PEM text used as a secret, which would allow algorithm confusion (RFC 8725 §2.1).
    SecretIsPem,
    /// A public key in any other labelled form, used as a secret (RFC 8725 §2.1).
    SecretIsPublicKey {
        /// The form, such as "an OpenSSH key".
        found: &'static str,
    },
    /// A secret shorter than the algorithm requires (RFC 7518 §3.2).
    SecretTooShort {
        /// The length of the secret in bits.
        bits: usize,
        /// The required length in bits.
        minimum: usize,
    },
    /// The key's type does not fit the algorithm.
    TypeMismatch {
        /// The requested algorithm.
        algorithm: Algorithm,
        /// The key's type.
        key_type: KeyType,
    },
    /// The key's curve does not fit the algorithm.
    CurveMismatch {
        /// The requested algorithm.
        algorithm: Algorithm,
        /// The key's curve.
        curve: Curve,
    },
}

impl KeyRefusal {
    /// Returns the stable code, which programs may compare. The text of [`fmt::Display`] may change.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed | Self::NotPem { .. } => "key_malformed",
            Self::UnsupportedKind { .. } => "key_kind_unsupported",
            Self::RsaModulusSize { .. } => "key_rsa_modulus_size",
            Self::RsaModulusEven => "key_rsa_modulus_even",
            Self::RsaExponent => "key_rsa_exponent",
            Self::CoordinateLength { .. } => "key_coordinate_length",
            Self::PointNotOnCurve { .. } => "key_point_not_on_curve",
            Self::PointOfSmallOrder => "key_point_of_small_order",
            Self::SecretEmpty => "key_secret_empty",
            Self::SecretIsPem => "key_secret_is_pem",
            Self::SecretIsPublicKey { .. } => "key_secret_is_public_key",
            Self::SecretTooShort { .. } => "key_secret_too_short",
            Self::TypeMismatch { .. } => "key_type_mismatch",
            Self::CurveMismatch { .. } => "key_curve_mismatch",
        }
    }

    /// Writes the message of [`fmt::Display`].
    ///
    /// # Errors
    /// The writer's error.
    pub fn write_message(&self, to: &mut dyn fmt::Write) -> fmt::Result {
        match self {
            Self::Malformed => {
                to.write_str("the key could not be read: it is cut off, followed by another key, or not in the form of its label")
            }
            Self::NotPem { found } => write_words(to, &["found ", found, ", not PEM text: it begins with `-----BEGIN`"]),
            Self::UnsupportedKind { found } => write_words(
                to,
                &["found ", found, ", which can't be used here: give a public key of RSA, P-256, P-384, P-521 or Ed25519"],
            ),
            Self::RsaModulusSize { bits, minimum, maximum } => {
                let [bits, minimum, maximum] = [bits, minimum, maximum].map(|bits| count(*bits));
                write_words(to, &["the RSA modulus has ", &bits, " bits, accepted are ", &minimum, " to ", &maximum])
            }
            Self::RsaModulusEven => to.write_str("the RSA modulus is even"),
            Self::RsaExponent => to.write_str("the RSA exponent must be odd, at least 3 and at most 32 bits"),
            Self::CoordinateLength { curve, bytes } => {
                let [right, bytes] = [curve.bytes(), *bytes].map(count);
                write_words(to, &["a coordinate on ", curve.name(), " has ", &right, " bytes, not ", &bytes])
            }
            Self::PointNotOnCurve { curve } => write_words(to, &["the point does not lie on ", curve.name()]),
            Self::PointOfSmallOrder => to.write_str("the Ed25519 point is of small order"),
            Self::SecretEmpty => to.write_str("the secret is empty"),
            Self::SecretIsPem => to.write_str("PEM text is not a secret"),
            Self::SecretIsPublicKey { found } => {
                write_words(to, &["the secret is ", found, ": a public key is known to everybody and signs nothing"])
            }
            Self::SecretTooShort { bits, minimum } => {
                let [bits, minimum] = [bits, minimum].map(|bits| count(*bits));
                write_words(to, &["the secret has ", &bits, " bits, the algorithm asks for ", &minimum])
            }
            Self::TypeMismatch { algorithm, key_type } => {
                write_words(to, &[algorithm.name(), " does not take a key of type ", key_type.name()])
            }
            Self::CurveMismatch { algorithm, curve } => {
                write_words(to, &[algorithm.name(), " does not take a key on ", curve.name()])
            }
        }
    }
}

impl fmt::Display for KeyRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_message(f)
    }
}

impl core::error::Error for KeyRefusal {}
