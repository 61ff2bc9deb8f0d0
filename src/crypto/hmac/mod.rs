//! HMAC: shared secrets, and public keys that must never be used as one.

pub(crate) mod public_form;
pub(crate) mod secret;
