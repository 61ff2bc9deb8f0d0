//! RSA: public keys, and signatures with both paddings.

pub(crate) mod key;
mod padding;
pub(crate) mod verify;
