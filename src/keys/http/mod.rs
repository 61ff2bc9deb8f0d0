//! The listeners. They answer from a snapshot in memory of the store's state.

mod address;
mod address_limit;
mod audit;
mod authorize;
mod client_authentication;
mod client_request;
mod connection;
mod device_authorization;
mod form;
mod grant_refusal;
mod key_set;
mod metadata;
mod numbers;
mod ops;
mod places;
mod published;
mod publisher;
mod router;
mod server;
mod token_cors;
mod token_endpoint;
mod transport;
mod userinfo;
mod write_limit;

pub use address::ClientAddress;
pub(crate) use address_limit::AddressCounter;
pub(crate) use audit::{Attempt, cut, escape};
pub(crate) use client_request::{is_form, read_body};
pub(crate) use form::Form;
pub(crate) use grant_refusal::{DeviceFault, GrantFault, GrantRefusal, RequestFault};
pub use key_set::KeySet;
pub use metadata::{AUTHORIZE_PATH, JWKS_PATH, REVOKE_PATH, TOKEN_PATH, metadata};
pub(crate) use metadata::{DEVICE_PATH, LOGOUT_PATH};
pub use ops::ops_router;
pub use published::{Published, Snapshot};
pub use publisher::Publisher;
pub use router::router;
pub(crate) use router::{literal_routes, own_paths};
pub(crate) use server::run_with;
pub use server::{ConnectionSettings, run};
pub use token_endpoint::token_router;
#[cfg(test)]
pub(crate) use token_endpoint::token_router_with;
pub use transport::SecureTransport;
