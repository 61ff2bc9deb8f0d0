//! The table of all supported algorithms (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2): names, keys and sizes.
//!
//! There is no second list of algorithms anywhere else.

/// A JWS signature algorithm that jotgate verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the variants are the registered names; `facts` has the rest")]
pub enum Algorithm {
    HS256,
    HS384,
    HS512,
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    ES512,
    EdDSA,
    Ed25519,
}

/// How a signature is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// HMAC with a shared secret (RFC 7518 §3.2).
    Hmac,
    /// RSASSA-PKCS1-v1_5 (RFC 7518 §3.3).
    RsaPkcs1,
    /// RSASSA-PSS with a salt as long as the hash (RFC 7518 §3.5).
    RsaPss,
    /// ECDSA with signatures `R || S` of fixed width (RFC 7518 §3.4).
    Ecdsa,
    /// Pure Ed25519 (RFC 8032 §5.1, RFC 8037 §3.1).
    Ed25519,
}

/// A hash function of the SHA-2 family (FIPS 180-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the variants are the names of the standard")]
pub enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// The length of a digest in bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// What kind of key an algorithm takes: the `kty` of RFC 7518 §6.1 and RFC 8037 §2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyType {
    /// A shared secret, `oct`.
    Oct,
    /// An RSA public key.
    Rsa,
    /// A point on a NIST curve.
    Ec,
    /// An Edwards curve point, `OKP`.
    Okp,
}

impl KeyType {
    /// The registered `kty` value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Oct => "oct",
            Self::Rsa => "RSA",
            Self::Ec => "EC",
            Self::Okp => "OKP",
        }
    }
}

/// The curve of an `EC` or `OKP` key: the `crv` of RFC 7518 §6.2.1.1 and RFC 8037 §2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the variants are the names of the standard")]
pub enum Curve {
    P256,
    P384,
    P521,
    Ed25519,
}

impl Curve {
    /// Every curve.
    pub const ALL: [Self; 4] = [Self::P256, Self::P384, Self::P521, Self::Ed25519];

    /// The registered `crv` value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::Ed25519 => "Ed25519",
        }
    }

    /// Returns the curve of this `crv` value (case-sensitive).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| curve.name() == name)
    }

    /// The work of a verification without tables, in hundredths of one on P-256.
    #[must_use]
    pub const fn work(self) -> usize {
        match self {
            Self::P256 => 100,
            Self::Ed25519 => 70,
            Self::P384 => 500,
            Self::P521 => 1_400,
        }
    }

    /// The length of one coordinate in bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::P256 | Self::Ed25519 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The size of the curve's field in bits; RFC 8032 §5.1 encodes a point of Ed25519 in 256.
    #[must_use]
    pub const fn bits(self) -> usize {
        match self {
            Self::P256 | Self::Ed25519 => 256,
            Self::P384 => 384,
            Self::P521 => 521,
        }
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The registered `alg` value.
    pub name: &'static str,
    /// How the signature is made.
    pub family: Family,
    /// The hash over the message.
    pub hash: Hash,
    /// The kind of key it takes.
    pub key_type: KeyType,
    /// The curve of the key; `None` if the key has no curve.
    pub curve: Option<Curve>,
    /// The length of every signature in bytes; `None` if it is the length of the modulus.
    pub signature_bytes: Option<usize>,
    /// The minimum key size in bits: the length of the hash for HMAC (RFC 7518 §3.2), 2048 for RSA (§3.3, §3.5).
    pub minimum_key_bits: usize,
}

const HMAC: Facts = Facts {
    name: "",
    family: Family::Hmac,
    hash: Hash::Sha256,
    key_type: KeyType::Oct,
    curve: None,
    signature_bytes: None,
    minimum_key_bits: 0,
};
const RSA: Facts = Facts { family: Family::RsaPkcs1, key_type: KeyType::Rsa, minimum_key_bits: 2048, ..HMAC };
const EC: Facts = Facts { family: Family::Ecdsa, key_type: KeyType::Ec, ..HMAC };
const OKP: Facts = Facts {
    family: Family::Ed25519,
    hash: Hash::Sha512,
    key_type: KeyType::Okp,
    curve: Some(Curve::Ed25519),
    signature_bytes: Some(64),
    minimum_key_bits: 256,
    ..HMAC
};

impl Algorithm {
    /// Every algorithm, in the order of the table.
    pub const ALL: [Self; 14] = [
        Self::HS256,
        Self::HS384,
        Self::HS512,
        Self::RS256,
        Self::RS384,
        Self::RS512,
        Self::PS256,
        Self::PS384,
        Self::PS512,
        Self::ES256,
        Self::ES384,
        Self::ES512,
        Self::EdDSA,
        Self::Ed25519,
    ];

    /// Returns the algorithm's row of the table.
    #[must_use]
    #[rustfmt::skip] // keeps the columns aligned
    pub const fn facts(self) -> Facts {
        use Hash::{Sha256, Sha384, Sha512};
        match self {
            Self::HS256 => Facts { name: "HS256", hash: Sha256, signature_bytes: Some(32), minimum_key_bits: 256, ..HMAC },
            Self::HS384 => Facts { name: "HS384", hash: Sha384, signature_bytes: Some(48), minimum_key_bits: 384, ..HMAC },
            Self::HS512 => Facts { name: "HS512", hash: Sha512, signature_bytes: Some(64), minimum_key_bits: 512, ..HMAC },
            Self::RS256 => Facts { name: "RS256", hash: Sha256, ..RSA },
            Self::RS384 => Facts { name: "RS384", hash: Sha384, ..RSA },
            Self::RS512 => Facts { name: "RS512", hash: Sha512, ..RSA },
            Self::PS256 => Facts { name: "PS256", hash: Sha256, family: Family::RsaPss, ..RSA },
            Self::PS384 => Facts { name: "PS384", hash: Sha384, family: Family::RsaPss, ..RSA },
            Self::PS512 => Facts { name: "PS512", hash: Sha512, family: Family::RsaPss, ..RSA },
            Self::ES256 => Facts { name: "ES256", hash: Sha256, curve: Some(Curve::P256), signature_bytes: Some(64), minimum_key_bits: 256, ..EC },
            Self::ES384 => Facts { name: "ES384", hash: Sha384, curve: Some(Curve::P384), signature_bytes: Some(96), minimum_key_bits: 384, ..EC },
            Self::ES512 => Facts { name: "ES512", hash: Sha512, curve: Some(Curve::P521), signature_bytes: Some(132), minimum_key_bits: 521, ..EC },
            Self::EdDSA => Facts { name: "EdDSA", ..OKP },
            Self::Ed25519 => Facts { name: "Ed25519", ..OKP },
        }
    }

    /// The registered `alg` value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// Whether both names mean the same algorithm: `EdDSA` on its only supported curve equals `Ed25519` (RFC 9864 §2.2).
    #[must_use]
    pub const fn is_same(self, other: Self) -> bool {
        self as u8 == other as u8
            || matches!((self.facts().family, other.facts().family), (Family::Ed25519, Family::Ed25519))
    }

    /// Whether the algorithm uses an RSA key (RFC 7518 §3.3, §3.5).
    #[must_use]
    pub const fn is_rsa(self) -> bool {
        matches!(self.facts().key_type, KeyType::Rsa)
    }

    /// Returns the algorithm of this `alg` value (RFC 7515 §4.1.1: case-sensitive).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_row() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(algorithm.name()), Some(algorithm));
        }
    }

    #[test]
    fn v14_only_eddsa_and_ed25519_are_two_names_of_one_algorithm() {
        for one in Algorithm::ALL {
            for other in Algorithm::ALL {
                let named = ["EdDSA", "Ed25519"].contains(&one.name())
                    && ["EdDSA", "Ed25519"].contains(&other.name());
                assert_eq!(one.is_same(other), named || one == other, "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn names_are_compared_to_the_letter() {
        for name in ["none", "None", "hs256", "ES256 ", "", "ES256K", "RSA-OAEP"] {
            assert_eq!(Algorithm::from_name(name), None, "`{name}`");
        }
    }
}
