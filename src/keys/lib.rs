//! The companion of the verifier: it owns the rotating signing keys, publishes the key set and issues tokens.
//!
//! A listener, a [`Store`], a [`Clock`] and the wish to stop enter [`run`]; the published key set leaves over HTTP, for
//! as long as it runs. Around it: [`rotate`] changes the keys, [`Signer`] makes tokens, [`router`] is for those who bring
//! their own server. The binary only wires.

mod algorithm;
mod clock;
mod document;
mod error;
mod issuer;
mod keeper;
mod key_pair;
mod key_set;
mod listing;
mod public_jwk;
mod publisher;
mod rotation;
mod router;
mod server;
mod settings;
mod signer;
mod sqlite;
mod state;
mod store;
#[cfg(test)]
mod store_suite;
#[cfg(test)]
mod test_keys;
mod token_request;

pub use algorithm::SigningAlgorithm;
pub use clock::{Clock, SystemClock};
pub use document::{Document, DocumentError};
pub use error::Error;
pub use issuer::{Issuer, IssuerRefusal};
pub use keeper::Keeper;
pub use key_pair::{KeyPair, KeyPairError};
pub use key_set::KeySet;
pub use listing::listing;
pub use public_jwk::PublicJwk;
pub use publisher::{Published, Publisher};
pub use rotation::{Rotation, rotate};
pub use router::{JWKS_PATH, router};
pub use server::run;
pub use settings::{Settings, SettingsRefusal};
pub use signer::Signer;
pub use sqlite::SqliteStore;
pub use state::{Key, Phase, Ring, State, StateError};
pub use store::{Store, StoreError, Version};
pub use token_request::{TokenRefusal, TokenRequest};
