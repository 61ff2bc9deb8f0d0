//! Signature checks for JSON Web Tokens. Public key parts or a secret enter and become a [`PreparedKey`]; a message
//! and a signature enter and a yes or no leaves. No signing, no JSON, no clock, no I/O, no randomness.
#![no_std]

extern crate alloc;

#[cfg(not(feature = "all"))]
mod absent;
pub mod algorithm;
mod asn1;
mod der;
mod ec_key;
#[cfg(feature = "ed25519")]
mod ed25519_key;
#[cfg(not(feature = "crates-engine"))]
mod engine;
mod hash;
mod key_parts;
mod key_refusal;
#[cfg(test)]
mod known_answers;
pub mod message;
mod pem;
mod prepared_key;
#[cfg(feature = "hmac")]
mod public_form;
#[cfg(feature = "rsa")]
mod rsa_key;
#[cfg(feature = "hmac")]
mod secret;
mod table_memory;

pub use algorithm::{Algorithm, Curve, Facts, Family, Hash, KeyType};
pub use hash::digest;
pub use key_parts::KeyParts;
pub use key_refusal::KeyRefusal;
pub use prepared_key::PreparedKey;
pub use table_memory::{set_table_memory, table_memory};
