//! RSA: keys, and signatures with both paddings.

pub(crate) mod key;
#[cfg(not(feature = "crates-engine"))]
mod padding;
#[cfg(not(feature = "crates-engine"))]
pub(crate) mod verify;
