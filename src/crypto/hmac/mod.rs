//! HMAC: shared secrets, and the check that a secret is not a public key.

pub(crate) mod public_form;
pub(crate) mod secret;
