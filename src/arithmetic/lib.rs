//! Numbers enter, numbers leave: the fields of the curves, their points, the orders of their groups, powers modulo an RSA modulus.
//! All numbers are public: nothing here takes the same time for all of them. What a signature is made of stands in
//! `jotgate-crypto`.
//!
//! A crate of its own because it needs nothing else, and every instruction counts: whoever builds the rest to be small leaves this
//! as it is.
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
