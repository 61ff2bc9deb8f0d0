//! What is signed and for whom: names and a moment enter, an access token by RFC 9068 leaves.

mod client;
mod names;
mod signer;
mod token_request;

pub use client::Client;
pub(crate) use client::compare_for_nothing;
pub use names::{check_audiences, check_client_id};
pub use signer::Signer;
pub use token_request::{TokenRefusal, TokenRequest};
