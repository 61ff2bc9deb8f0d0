//! ECDSA on P-256, P-384 and P-521.

#[cfg(all(not(feature = "crates-engine"), any(feature = "p256", feature = "p384", feature = "p521")))]
mod curves;
pub(crate) mod key;
#[cfg(all(not(feature = "crates-engine"), any(feature = "p256", feature = "p384", feature = "p521")))]
pub(crate) mod verify;
