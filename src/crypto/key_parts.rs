//! The numbers of a key, read from a JWK or an ASN.1 structure. They are not checked yet.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::{Curve, KeyRefusal, encoding::pem, encoding::spki};

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

impl KeyParts {
    /// Reads a public key from PEM text: `PUBLIC KEY` (SubjectPublicKeyInfo, RFC 5280 §4.1) or `RSA PUBLIC KEY`
    /// (RFC 8017 §A.1.1). Text around the block is ignored. Lines may have any length (the lax grammar of RFC 7468 §3), and line
    /// breaks may be written as `\n`, as in environment variables. A second block is refused.
    ///
    /// # Errors
    /// [`KeyRefusal::NotPem`] for text without a block, [`KeyRefusal::Malformed`] for an incomplete or a second block,
    /// [`KeyRefusal::UnsupportedKind`] for other labels, such as those of private keys and certificates, and the errors of
    /// [`Self::from_spki`] and [`Self::from_pkcs1`].
    pub fn from_pem(text: &str) -> Result<Self, KeyRefusal> {
        pem::read_pem(text)
    }

    /// Reads the public key of an X.509 certificate in PEM (`CERTIFICATE`, RFC 5280 §4.1, RFC 7468 §5.1). The certificate's
    /// signature, dates, names, extensions and chain are not checked, so the caller must already trust the certificate. Only the
    /// first certificate of a chain is read; the rest is ignored.
    ///
    /// # Errors
    /// [`KeyRefusal::NotPem`] for text without a block, [`KeyRefusal::Malformed`] for a block that is incomplete or not a
    /// certificate, [`KeyRefusal::UnsupportedKind`] for another label, and the errors of [`Self::from_spki`].
    pub fn from_certificate(text: &str) -> Result<Self, KeyRefusal> {
        pem::read_certificate_pem(text)
    }

    /// Reads a SubjectPublicKeyInfo in DER (RFC 5280 §4.1): RSA (RFC 3279 §2.3.1), EC on a named curve (RFC 5480
    /// §2.1.1) or Ed25519 (RFC 8410 §4). Nothing may follow it.
    ///
    /// # Errors
    /// [`KeyRefusal::Malformed`], or [`KeyRefusal::UnsupportedKind`] for another algorithm or curve, for explicit curve
    /// parameters and for compressed points.
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyRefusal> {
        spki::read_spki(der)
    }

    /// Reads an RSAPublicKey in DER (RFC 8017 §A.1.1). Nothing may follow it.
    ///
    /// # Errors
    /// [`KeyRefusal::Malformed`].
    pub fn from_pkcs1(der: &[u8]) -> Result<Self, KeyRefusal> {
        spki::read_pkcs1(der)
    }
}
