//! An Ed25519 public key: an encoded point enters, checked and decoded it stays, a yes or no leaves.

use ed25519_dalek::{Signature, Verifier, VerifyingKey};

use crate::{Curve, KeyRefusal};

/// A point on Ed25519, canonically encoded and not of small order.
pub(crate) struct Ed25519Key {
    key: VerifyingKey,
}

impl Ed25519Key {
    /// Checks and decodes the 32 bytes of RFC 8032 §5.1.3.
    pub(crate) fn from_bytes(x: &[u8]) -> Result<Self, KeyRefusal> {
        let curve = Curve::Ed25519;
        let bytes = x.try_into().map_err(|_| KeyRefusal::CoordinateLength { curve, bytes: x.len() })?;
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyRefusal::PointNotOnCurve { curve })?;
        // The decoder reduces y ≥ p and ignores the sign of x = 0 (RFC 8032 §5.1.3 steps 1 and 4 forbid both):
        // only the canonical encoding comes out again as it went in.
        if key.to_edwards().compress().as_bytes() != bytes {
            return Err(KeyRefusal::PointNotOnCurve { curve });
        }
        if key.is_weak() {
            return Err(KeyRefusal::PointOfSmallOrder);
        }
        Ok(Self { key })
    }

    /// RFC 8032 §5.1.7 without the cofactor: S must be below L, and R is compared as bytes to the encoding of
    /// `[S]B − [k]A`, so that a non-canonical R never matches. An R of small order is not singled out: only the
    /// key's owner can make such a signature, and RFC 8032 accepts it.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.key.verify(message, &signature).is_ok())
    }
}
