//! Everything that listens: a store's state enters and is kept as a snapshot in memory, answers leave.

mod address;
mod address_limit;
mod audit;
mod authorize;
mod client_authentication;
mod connection;
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
mod token_endpoint;
mod transport;
mod write_limit;

pub use address::ClientAddress;
pub(crate) use audit::{Attempt, cut, escape};
pub(crate) use form::Form;
pub(crate) use grant_refusal::{GrantFault, GrantRefusal, RequestFault};
pub use key_set::KeySet;
pub use metadata::{AUTHORIZE_PATH, JWKS_PATH, REVOKE_PATH, TOKEN_PATH, metadata};
pub use ops::ops_router;
pub use published::{Published, Snapshot};
pub use publisher::Publisher;
pub(crate) use router::literal_routes;
pub use router::router;
pub(crate) use server::run_with;
pub use server::{ConnectionSettings, run};
pub use token_endpoint::token_router;
pub(crate) use token_endpoint::{is_form, read_body};
pub use transport::SecureTransport;
