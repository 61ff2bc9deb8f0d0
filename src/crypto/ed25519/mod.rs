//! Ed25519 (RFC 8032).

pub(crate) mod key;
#[cfg(test)]
mod oracle;
pub(crate) mod verify;
