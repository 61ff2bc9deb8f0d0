//! Compares our verdicts with dalek's crates, in tests.

use ed25519_dalek::{Signature, Verifier, VerifyingKey};

pub(crate) struct PublicKey(VerifyingKey);

impl PublicKey {
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        let key = VerifyingKey::from_bytes(bytes).ok()?;
        // The decoder reduces y ≥ p and ignores the sign of x = 0, which RFC 8032 §5.1.3 forbids in steps 1 and 4. Only a
        // canonical encoding survives decoding and encoding unchanged.
        (key.to_edwards().compress().as_bytes() == bytes).then_some(Self(key))
    }

    pub(crate) fn is_of_small_order(&self) -> bool {
        self.0.is_weak()
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.0.verify(message, &signature).is_ok())
    }
}
