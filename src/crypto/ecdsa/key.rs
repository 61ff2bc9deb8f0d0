//! A point on a NIST curve: coordinates enter, checked it stays, a yes or no leaves.

#[cfg(feature = "crates-engine")]
use by_crates::{P256Key, P384Key, P521Key};

#[cfg(not(feature = "crates-engine"))]
use crate::ecdsa::verify::P256Key;
#[cfg(not(feature = "crates-engine"))]
use crate::ecdsa::verify::P384Key;
#[cfg(not(feature = "crates-engine"))]
use crate::ecdsa::verify::P521Key;
use crate::{Curve, Hash, KeyRefusal, digest};

/// A public key of ECDSA.
pub(crate) enum EcKey {
    P256(P256Key),
    P384(P384Key),
    P521(P521Key),
}

impl EcKey {
    /// Checks that both coordinates have the field's width, lie below its prime, and are of a point on the curve
    /// (never the point at infinity, which has none). The cofactor is 1: there is no subgroup to check.
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

    /// [`PreparedKey::without_tables`](crate::PreparedKey::without_tables).
    #[cfg(not(feature = "crates-engine"))]
    pub(crate) fn stay_cold(&mut self) {
        match self {
            Self::P256(key) => key.stay_cold(),
            Self::P384(key) => key.stay_cold(),
            Self::P521(key) => key.stay_cold(),
        }
    }

    /// The crates have no tables of a key.
    #[cfg(feature = "crates-engine")]
    pub(crate) const fn stay_cold(&mut self) {}

    pub(crate) const fn curve(&self) -> Curve {
        match self {
            Self::P256(_) => Curve::P256,
            Self::P384(_) => Curve::P384,
            Self::P521(_) => Curve::P521,
        }
    }

    /// ECDSA (FIPS 186-5 §6.4.2) over `R || S` (RFC 7518 §3.4), both in 1..n. The larger of the two values of S is
    /// accepted: JWS does not forbid it, and half of all signers give it.
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

/// The same by RustCrypto's crates.
#[cfg(any(test, feature = "crates-engine"))]
pub(crate) mod by_crates {
    use alloc::vec::Vec;

    use p521::ecdsa::signature::hazmat::PrehashVerifier;

    pub(crate) struct P256Key(p256::ecdsa::VerifyingKey);

    impl P256Key {
        pub(crate) fn from_coordinates(x: &[u8], y: &[u8]) -> Option<Self> {
            p256::ecdsa::VerifyingKey::from_sec1_bytes(&uncompressed(x, y)).ok().map(Self)
        }

        pub(crate) fn verify(&self, digest: &[u8], signature: &[u8]) -> bool {
            p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| self.0.verify_prehash(digest, &signature).is_ok())
        }
    }

    pub(crate) struct P384Key(p384::ecdsa::VerifyingKey);

    impl P384Key {
        pub(crate) fn from_coordinates(x: &[u8], y: &[u8]) -> Option<Self> {
            p384::ecdsa::VerifyingKey::from_sec1_bytes(&uncompressed(x, y)).ok().map(Self)
        }

        pub(crate) fn verify(&self, digest: &[u8], signature: &[u8]) -> bool {
            p384::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| self.0.verify_prehash(digest, &signature).is_ok())
        }
    }

    pub(crate) struct P521Key(p521::ecdsa::VerifyingKey);

    impl P521Key {
        pub(crate) fn from_coordinates(x: &[u8], y: &[u8]) -> Option<Self> {
            p521::ecdsa::VerifyingKey::from_sec1_bytes(&uncompressed(x, y)).ok().map(Self)
        }

        pub(crate) fn verify(&self, digest: &[u8], signature: &[u8]) -> bool {
            p521::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| self.0.verify_prehash(digest, &signature).is_ok())
        }
    }

    /// SEC 1 §2.3.3.
    fn uncompressed(x: &[u8], y: &[u8]) -> Vec<u8> {
        [&[4], x, y].concat()
    }
}

#[cfg(test)]
mod tests;
