//! Signature checks for JSON Web Tokens. Public key parts or a secret enter and become a [`PreparedKey`]; a message
//! and a signature enter and a yes or no leaves. No signing, no JSON, no clock, no I/O, no randomness.
#![no_std]

extern crate alloc;

pub mod algorithm;
mod key_parts;
mod key_refusal;
mod prepared_key;

pub use algorithm::{Algorithm, Curve, Facts, Family, Hash, KeyType};
pub use key_parts::KeyParts;
pub use key_refusal::KeyRefusal;
pub use prepared_key::PreparedKey;
