//! Arithmetic for signatures: the fields of the curves, their points, the orders of their groups, and powers modulo an RSA modulus.
//! All numbers are public, so nothing here runs in constant time. Signatures themselves are verified in `jotgate-crypto`.
//!
//! This is a separate crate so that it can be compiled for speed while the other crates are compiled for size.
#![no_std]

extern crate alloc;

pub mod field;
mod inversion;
pub mod limbs;
pub mod point;
#[cfg(any(test, feature = "for-tests"))]
pub mod random;
#[cfg(test)]
mod reference;
pub mod rsa;
pub mod scalar;
