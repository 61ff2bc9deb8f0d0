//! What stands for the keys of algorithms that a build leaves out: types without a value, so that the compiler drops whatever
//! would be done with one.

use crate::KeyRefusal;

#[cfg(not(feature = "hmac"))]
pub(crate) enum Secret {}

#[cfg(not(feature = "hmac"))]
impl Secret {
    pub(crate) fn from_bytes(_: &[u8]) -> Result<Self, KeyRefusal> {
        Err(KeyRefusal::NOT_BUILT)
    }

    pub(crate) fn bits(&self) -> usize {
        match *self {}
    }

    pub(crate) fn verify(&self, _: crate::Hash, _: &[u8], _: &[u8]) -> bool {
        match *self {}
    }
}

#[cfg(not(feature = "rsa"))]
pub(crate) enum RsaKey {}

#[cfg(not(feature = "rsa"))]
impl RsaKey {
    pub(crate) fn from_parts(_: &[u8], _: &[u8]) -> Result<Self, KeyRefusal> {
        Err(KeyRefusal::NOT_BUILT)
    }

    pub(crate) fn bits(&self) -> usize {
        match *self {}
    }

    pub(crate) fn work(&self) -> usize {
        match *self {}
    }

    pub(crate) fn verify_pkcs1(&self, _: crate::Hash, _: &[u8], _: &[u8]) -> bool {
        match *self {}
    }

    pub(crate) fn verify_pss(&self, _: crate::Hash, _: &[u8], _: &[u8]) -> bool {
        match *self {}
    }
}

#[cfg(not(feature = "ed25519"))]
pub(crate) enum Ed25519Key {}

#[cfg(not(feature = "ed25519"))]
impl Ed25519Key {
    pub(crate) fn from_bytes(_: &[u8]) -> Result<Self, KeyRefusal> {
        Err(KeyRefusal::NOT_BUILT)
    }

    pub(crate) const fn stay_cold(&mut self) {
        match *self {}
    }

    pub(crate) fn verify(&self, _: &[u8], _: &[u8]) -> bool {
        match *self {}
    }
}

/// A point on a curve of the NIST.
#[cfg(not(all(feature = "p256", feature = "p384", feature = "p521")))]
pub(crate) enum EcdsaKey {}

#[cfg(not(all(feature = "p256", feature = "p384", feature = "p521")))]
impl EcdsaKey {
    pub(crate) fn from_coordinates(_: &[u8], _: &[u8]) -> Option<Self> {
        None
    }

    pub(crate) const fn stay_cold(&mut self) {
        match *self {}
    }

    pub(crate) fn verify(&self, _: &[u8], _: &[u8]) -> bool {
        match *self {}
    }
}
