//! Numbers enter, numbers leave: the fields of the curves, their points, the orders of their groups, powers modulo an RSA modulus.
//! All numbers are public: nothing here takes the same time for all of them. What a signature is made of stands in
//! `jotgate-crypto`.
//!
//! A crate of its own because it needs nothing else, and every instruction counts: whoever builds the rest to be small leaves this
//! as it is.
#![no_std]

extern crate alloc;

mod divsteps;
pub mod edwards;
pub mod field;
pub mod field_25519;
pub mod field_p256;
pub mod field_p384;
pub mod field_p521;
pub mod jacobian;
#[cfg(any(test, feature = "both-kernels", target_arch = "wasm32"))]
mod lanes;
pub mod limbs;
pub mod modulus;
mod mont;
#[cfg(any(test, feature = "both-kernels", target_arch = "wasm32"))]
mod mont26;
#[cfg(any(test, feature = "both-kernels", not(target_arch = "wasm32")))]
mod mont64;
pub mod orders;
#[cfg(any(test, feature = "for-tests"))]
pub mod random;
#[cfg(test)]
mod reference;
pub mod scalar;
