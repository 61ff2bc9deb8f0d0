//! Everything that listens: a store's state enters and is kept as a snapshot in memory, answers leave.

mod client_authentication;
mod form;
mod grant_refusal;
mod key_set;
mod metadata;
mod ops;
mod published;
mod publisher;
mod router;
mod server;
mod token_endpoint;

pub use key_set::KeySet;
pub use metadata::{JWKS_PATH, TOKEN_PATH, metadata};
pub use ops::ops_router;
pub use published::{Published, Snapshot};
pub use publisher::Publisher;
pub use router::router;
pub use server::run;
pub use token_endpoint::token_router;
