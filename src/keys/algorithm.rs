//! The one table of algorithms that sign here: a name enters, what the libraries call it leaves.
//!
//! It is not the verifier's table: that one tells what may be checked, this one what keys are made for, and in terms
//! of the library that signs.

use std::fmt;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaSigningAlgorithm};

/// A JWS signature algorithm that a key ring can sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SigningAlgorithm {
    /// ECDSA on P-256 with SHA-256 (RFC 7518 §3.4).
    ES256,
}

/// One row of the table.
pub(crate) struct Facts {
    /// The registered `alg` value.
    pub(crate) name: &'static str,
    /// The registered `crv` value of its keys (RFC 7518 §6.2.1.1).
    pub(crate) curve: &'static str,
    /// The length of one coordinate in bytes.
    pub(crate) coordinate_bytes: usize,
    /// What the token library calls it.
    pub(crate) token: jsonwebtoken::Algorithm,
    /// What the arithmetic calls it.
    pub(crate) arithmetic: &'static EcdsaSigningAlgorithm,
}

impl SigningAlgorithm {
    /// Every algorithm, in the order of the table.
    pub const ALL: [Self; 1] = [Self::ES256];

    /// The row of the table.
    pub(crate) const fn facts(self) -> Facts {
        match self {
            Self::ES256 => Facts {
                name: "ES256",
                curve: "P-256",
                coordinate_bytes: 32,
                token: jsonwebtoken::Algorithm::ES256,
                arithmetic: &ECDSA_P256_SHA256_FIXED_SIGNING,
            },
        }
    }

    /// The registered `alg` value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// The algorithm of that `alg` value, compared to the letter.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
