//! Ed25519 (RFC 8032).

pub(crate) mod key;
#[cfg(not(feature = "crates-engine"))]
pub(crate) mod verify;
