//! ECDSA on P-256, P-384 and P-521.

mod curves;
pub(crate) mod key;
#[cfg(test)]
mod oracle;
pub(crate) mod verify;
