//! An ECDSA public key: checks its coordinates and verifies signatures.

use crate::ecdsa::verify::{P256Key, P384Key, P521Key};
use crate::{Curve, Hash, KeyRefusal, digest};

/// An ECDSA public key.
pub(crate) enum EcKey {
    P256(P256Key),
    P384(P384Key),
    P521(P521Key),
}

impl EcKey {
    /// Checks that both coordinates have the width of the field and are below its prime, and that the point is on the curve.
    /// The point at infinity has no coordinates. The cofactor is 1, so there is no subgroup to check.
    #[inline(never)]
    pub(crate) fn from_parts(curve: Curve, x: &[u8], y: &[u8]) -> Result<Self, KeyRefusal> {
        for coordinate in [x, y] {
            if coordinate.len() != curve.bytes() {
                return Err(KeyRefusal::CoordinateLength { curve, bytes: coordinate.len() });
            }
        }
        match curve {
            Curve::P256 => P256Key::from_coordinates(x, y).map(Self::P256),
            Curve::P384 => P384Key::from_coordinates(x, y).map(Self::P384),
            Curve::P521 => P521Key::from_coordinates(x, y).map(Self::P521),
            Curve::Ed25519 => None,
        }
        .ok_or(KeyRefusal::PointNotOnCurve { curve })
    }

    /// See [`PreparedKey::without_tables`](crate::PreparedKey::without_tables).
    pub(crate) fn disable_tables(&mut self) {
        match self {
            Self::P256(key) => key.disable_tables(),
            Self::P384(key) => key.disable_tables(),
            Self::P521(key) => key.disable_tables(),
        }
    }

    pub(crate) const fn curve(&self) -> Curve {
        match self {
            Self::P256(_) => Curve::P256,
            Self::P384(_) => Curve::P384,
            Self::P521(_) => Curve::P521,
        }
    }

    /// Verifies `R || S` (FIPS 186-5 §6.4.2, RFC 7518 §3.4), both in 1..n. Both values of S are accepted, also the larger one:
    /// JWS does not forbid it, and many signers produce it.
    #[inline(never)]
    pub(crate) fn verify(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        let digest = digest(hash, &[message]);
        match self {
            Self::P256(key) => key.verify(&digest, signature),
            Self::P384(key) => key.verify(&digest, signature),
            Self::P521(key) => key.verify(&digest, signature),
        }
    }
}

#[cfg(test)]
mod tests;
