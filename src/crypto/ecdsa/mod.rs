//! ECDSA on P-256, P-384 and P-521.

#[cfg(not(feature = "crates-engine"))]
mod curves;
pub(crate) mod key;
#[cfg(not(feature = "crates-engine"))]
pub(crate) mod verify;
