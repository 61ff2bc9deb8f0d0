//! A point on a NIST curve: coordinates enter, checked it stays, a yes or no leaves.

use alloc::vec::Vec;

use p256::ecdsa::signature::hazmat::PrehashVerifier;

use crate::{Curve, Hash, KeyRefusal, digest};

/// A public key of ECDSA.
pub(crate) enum EcKey {
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    P521(p521::ecdsa::VerifyingKey),
}

impl EcKey {
    /// Checks that both coordinates have the field's width, lie below its prime, and are of a point on the curve
    /// (never the point at infinity, which has none). The cofactor is 1: there is no subgroup to check.
    pub(crate) fn from_parts(curve: Curve, x: &[u8], y: &[u8]) -> Result<Self, KeyRefusal> {
        for coordinate in [x, y] {
            if coordinate.len() != curve.bytes() {
                return Err(KeyRefusal::CoordinateLength { curve, bytes: coordinate.len() });
            }
        }
        // SEC 1 §2.3.3, uncompressed.
        let point: Vec<u8> = [&[4], x, y].concat();
        match curve {
            Curve::P256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).ok().map(Self::P256),
            Curve::P384 => p384::ecdsa::VerifyingKey::from_sec1_bytes(&point).ok().map(Self::P384),
            Curve::P521 => p521::ecdsa::VerifyingKey::from_sec1_bytes(&point).ok().map(Self::P521),
            Curve::Ed25519 => None,
        }
        .ok_or(KeyRefusal::PointNotOnCurve { curve })
    }

    pub(crate) const fn curve(&self) -> Curve {
        match self {
            Self::P256(_) => Curve::P256,
            Self::P384(_) => Curve::P384,
            Self::P521(_) => Curve::P521,
        }
    }

    /// ECDSA (FIPS 186-5 §6.4.2) over `R || S` (RFC 7518 §3.4), both in 1..n. The larger of the two values of S is
    /// accepted: JWS does not forbid it, and half of all signers give it.
    pub(crate) fn verify(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        let digest = digest(hash, message);
        match self {
            Self::P256(key) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_prehash(&digest, &signature).is_ok()),
            Self::P384(key) => p384::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_prehash(&digest, &signature).is_ok()),
            Self::P521(key) => p521::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_prehash(&digest, &signature).is_ok()),
        }
    }
}
