//! Compares our verdicts with RustCrypto's crates, in tests.

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

/// Encodes an uncompressed point (SEC 1 §2.3.3).
fn uncompressed(x: &[u8], y: &[u8]) -> Vec<u8> {
    [&[4], x, y].concat()
}
