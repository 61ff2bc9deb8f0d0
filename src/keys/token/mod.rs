//! What is signed and for whom: names and a moment enter, an access token by RFC 9068 leaves.

mod client;
mod signer;
mod token_request;

pub use client::Client;
pub(crate) use client::compare_for_nothing;
pub use signer::Signer;
pub use token_request::{TokenRefusal, TokenRequest};
