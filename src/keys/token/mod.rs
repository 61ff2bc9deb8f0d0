//! Clients, and the access tokens that are signed for them (RFC 9068).

mod client;
mod client_keys;
mod client_login;
mod client_secret;
mod compact;
mod id_token;
mod names;
mod own_claims;
mod redirect_uri;
mod signer;
mod token_refusal;
mod token_request;

pub use client::Client;
pub use client_keys::{ClientKeys, ClientKeysRefusal};
pub use client_login::ClientLogin;
pub use client_secret::ClientSecret;
pub(crate) use client_secret::compare_for_nothing;
pub(crate) use id_token::IdSigner;
pub(crate) use names::SUBJECT_PREFIX;
pub use names::{check_audiences, check_client_id, parse_scopes};
pub use own_claims::{check_claims, is_reserved_claim};
pub use redirect_uri::{RedirectRefusal, RedirectUri};
pub(crate) use redirect_uri::{is_loopback_uri, shown_target};
pub use signer::Signer;
pub(crate) use signer::new_jti;
pub use token_refusal::TokenRefusal;
pub use token_request::TokenRequest;
