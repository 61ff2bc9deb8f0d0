//! The table of the algorithms that sign, with their names in the libraries.
//!
//! The verifier has another table, with the algorithms that it can verify. This table has the algorithms for which keys are made, in terms
//! of the library that signs.

use std::fmt;

use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaSigningAlgorithm,
    RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding,
};

/// A JWS signature algorithm that a key ring can sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SigningAlgorithm {
    /// ECDSA on P-256 with SHA-256 (RFC 7518 §3.4).
    ES256,
    /// Ed25519 (RFC 8037 §3.1, RFC 8032 §5.1).
    EdDSA,
    /// ECDSA on P-384 with SHA-384 (RFC 7518 §3.4).
    ES384,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3).
    RS256,
    /// RSASSA-PSS with SHA-256 (RFC 7518 §3.5).
    PS256,
}

/// The length of the modulus of a new RSA key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RsaSize {
    /// 2048 bits, the least that RFC 7518 §3.3 allows.
    #[default]
    Bits2048,
    /// 3072 bits.
    Bits3072,
    /// 4096 bits, the most that all verifiers accept.
    Bits4096,
}

/// One row of the table.
pub(crate) struct Facts {
    /// The registered `alg` value.
    pub(crate) name: &'static str,
    /// Its name in the token library.
    pub(crate) token: jsonwebtoken::Algorithm,
    /// The kind of its keys.
    pub(crate) family: Family,
}

/// The kind of an algorithm's keys, in terms of the arithmetic.
#[derive(Clone, Copy)]
pub(crate) enum Family {
    /// Points on a NIST curve (RFC 7518 §6.2.1.1), with the length of one coordinate.
    Ec { curve: &'static str, coordinate_bytes: usize, arithmetic: &'static EcdsaSigningAlgorithm },
    /// Points on an Edwards curve (RFC 8037 §2).
    Okp { curve: &'static str },
    /// RSA (RFC 7518 §6.3).
    Rsa { arithmetic: &'static dyn RsaEncoding },
}

impl SigningAlgorithm {
    /// Every algorithm, in the order of the table.
    pub const ALL: [Self; 5] = [Self::ES256, Self::EdDSA, Self::ES384, Self::RS256, Self::PS256];

    /// Whether its keys are RSA keys, whose length can be chosen.
    #[must_use]
    pub const fn is_rsa(self) -> bool {
        matches!(self.facts().family, Family::Rsa { .. })
    }

    /// Returns the row of the table.
    pub(crate) const fn facts(self) -> Facts {
        use jsonwebtoken::Algorithm as Token;
        let p256 =
            Family::Ec { curve: "P-256", coordinate_bytes: 32, arithmetic: &ECDSA_P256_SHA256_FIXED_SIGNING };
        let p384 =
            Family::Ec { curve: "P-384", coordinate_bytes: 48, arithmetic: &ECDSA_P384_SHA384_FIXED_SIGNING };
        let (name, token, family) = match self {
            Self::ES256 => ("ES256", Token::ES256, p256),
            Self::EdDSA => ("EdDSA", Token::EdDSA, Family::Okp { curve: "Ed25519" }),
            Self::ES384 => ("ES384", Token::ES384, p384),
            Self::RS256 => ("RS256", Token::RS256, Family::Rsa { arithmetic: &RSA_PKCS1_SHA256 }),
            Self::PS256 => ("PS256", Token::PS256, Family::Rsa { arithmetic: &RSA_PSS_SHA256 }),
        };
        Facts { name, token, family }
    }

    /// Returns the registered `alg` value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// Returns the algorithm with that `alg` value, compared exactly.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

impl RsaSize {
    /// Every size, the shortest first.
    pub const ALL: [Self; 3] = [Self::Bits2048, Self::Bits3072, Self::Bits4096];

    /// Returns the length in bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        match self {
            Self::Bits2048 => 2048,
            Self::Bits3072 => 3072,
            Self::Bits4096 => 4096,
        }
    }

    /// Returns the size with that many bits.
    #[must_use]
    pub fn from_bits(bits: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|size| size.bits() == bits)
    }

    pub(crate) const fn arithmetic(self) -> KeySize {
        match self {
            Self::Bits2048 => KeySize::Rsa2048,
            Self::Bits3072 => KeySize::Rsa3072,
            Self::Bits4096 => KeySize::Rsa4096,
        }
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
