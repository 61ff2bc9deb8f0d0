//! The numbers of a key, read from a JWK or an ASN.1 structure. They are not checked yet.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::Curve;

/// The numbers of a key, unsigned big-endian.
#[derive(Clone, PartialEq, Eq)]
pub enum KeyParts {
    /// A shared secret.
    Secret(Zeroizing<Vec<u8>>),
    /// An RSA public key (RFC 7518 §6.3.1): modulus and exponent, without leading zeros.
    Rsa {
        /// The modulus.
        n: Vec<u8>,
        /// The exponent.
        e: Vec<u8>,
    },
    /// A point on a NIST curve (RFC 7518 §6.2.1): both coordinates in the full width of the field.
    Ec {
        /// The curve.
        curve: Curve,
        /// The first coordinate.
        x: Vec<u8>,
        /// The second coordinate.
        y: Vec<u8>,
    },
    /// An Ed25519 public key (RFC 8037 §2): the 32 bytes of RFC 8032 §5.1.2.
    Ed25519 {
        /// The encoded point.
        x: Vec<u8>,
    },
}

impl fmt::Debug for KeyParts {
    /// Writes the kind of the key, never its numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret(_) => "KeyParts::Secret(…)",
            Self::Rsa { .. } => "KeyParts::Rsa { … }",
            Self::Ec { .. } => "KeyParts::Ec { … }",
            Self::Ed25519 { .. } => "KeyParts::Ed25519 { … }",
        })
    }
}
