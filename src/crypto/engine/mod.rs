//! Own, verify-only arithmetic: prepared public keys, messages and signatures enter, a yes or no leaves.

#[cfg(any(feature = "p256", feature = "p384", feature = "p521"))]
mod curve;
#[cfg(any(feature = "p256", feature = "p384", feature = "p521"))]
pub(crate) mod ecdsa;
#[cfg(feature = "ed25519")]
pub(crate) mod eddsa;
#[cfg(feature = "rsa")]
pub(crate) mod rsa;
#[cfg(feature = "rsa")]
mod rsa_padding;
#[cfg(any(feature = "p256", feature = "p384", feature = "p521", feature = "ed25519"))]
mod table;
