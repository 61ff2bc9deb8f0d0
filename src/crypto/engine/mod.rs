//! Own, verify-only arithmetic: prepared public keys, messages and signatures enter, a yes or no leaves.

mod curve;
pub(crate) mod ecdsa;
pub(crate) mod eddsa;
pub(crate) mod rsa;
mod rsa_padding;
mod table;
