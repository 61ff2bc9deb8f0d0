//! Verifies the signatures of JSON Web Tokens. A [`PreparedKey`] is made from the parts of a public key or a secret, and verifies
//! signatures of messages. This crate has no signing, no JSON, no clock, no I/O and no randomness.
#![no_std]

extern crate alloc;

pub mod algorithm;
mod ecdsa;
mod ed25519;
mod encoding;
mod hash;
mod hmac;
mod key_parts;
mod key_refusal;
#[cfg(test)]
mod known_answers;
pub mod message;
mod prepared_key;
mod rsa;
mod tables;

pub use algorithm::{Algorithm, Curve, Facts, Family, Hash, KeyType};
pub use hash::digest;
pub use key_parts::KeyParts;
pub use key_refusal::KeyRefusal;
pub use prepared_key::PreparedKey;
pub use tables::budget::{set_table_memory, table_memory};
