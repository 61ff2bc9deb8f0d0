//! An Ed25519 public key: checks its encoding and verifies signatures.

use crate::ed25519::verify::PublicKey;
use crate::{Curve, KeyRefusal};

/// A point on Ed25519, canonically encoded and not of small order.
pub(crate) struct Ed25519Key {
    key: PublicKey,
}

impl Ed25519Key {
    /// Checks and decodes the 32 bytes of RFC 8032 §5.1.3.
    #[inline(never)]
    pub(crate) fn from_bytes(x: &[u8]) -> Result<Self, KeyRefusal> {
        let curve = Curve::Ed25519;
        let bytes = x.try_into().map_err(|_| KeyRefusal::CoordinateLength { curve, bytes: x.len() })?;
        let key = PublicKey::from_bytes(bytes).ok_or(KeyRefusal::PointNotOnCurve { curve })?;
        if key.is_of_small_order() {
            return Err(KeyRefusal::PointOfSmallOrder);
        }
        Ok(Self { key })
    }

    /// See [`PreparedKey::without_tables`](crate::PreparedKey::without_tables).
    pub(crate) const fn disable_tables(&mut self) {
        self.key.disable_tables();
    }

    /// Verifies a signature (RFC 8032 §5.1.7, without the cofactor). S must be below L. R is compared as bytes to the encoding of
    /// `[S]B − [k]A`, so a non-canonical R never matches. An R of small order is accepted: only the owner of the key can make such
    /// a signature, and RFC 8032 accepts it.
    #[inline(never)]
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify(message, signature)
    }
}

#[cfg(test)]
mod tests;
