//! Own, verify-only arithmetic: prepared public keys, messages and signatures enter, a yes or no leaves.

mod curve;
mod divsteps;
pub(crate) mod ecdsa;
pub(crate) mod eddsa;
mod edwards;
mod field;
mod field_25519;
mod field_p256;
mod field_p384;
mod field_p521;
#[cfg(any(test, target_arch = "wasm32"))]
mod lanes;
mod limbs;
mod mont;
#[cfg(any(test, target_arch = "wasm32"))]
mod mont26;
#[cfg(any(test, not(target_arch = "wasm32")))]
mod mont64;
#[cfg(test)]
mod random;
pub(crate) mod rsa;
mod rsa_padding;
mod scalar;
mod table;
