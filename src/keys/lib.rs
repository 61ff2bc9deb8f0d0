//! The companion of the verifier: it owns the rotating signing keys, publishes the key set and issues tokens.
//!
//! A listener, a [`Store`], a [`Clock`] and the wish to stop enter [`run`]; the published key set leaves over HTTP, for
//! as long as it runs. Around it: [`rotate`] changes the keys, [`Signer`] makes tokens, [`router`] is for those who bring
//! their own server. The binary only wires.

mod algorithm;
mod client;
mod clock;
mod document;
mod error;
mod form;
mod issuer;
mod keeper;
mod kek;
mod kek_source;
mod key_pair;
mod key_set;
mod listing;
mod metadata;
mod ops;
mod public_jwk;
mod published;
mod publisher;
mod rekey;
mod revocation;
mod rotation;
mod router;
mod server;
mod settings;
mod signer;
mod spare;
mod sqlite;
mod state;
mod step;
mod store;
#[cfg(test)]
mod store_suite;
#[cfg(test)]
mod test_keys;
mod tick;
mod token_endpoint;
mod token_request;

pub use algorithm::{RsaSize, SigningAlgorithm};
pub use client::Client;
pub use clock::{Clock, SystemClock};
pub use document::{Document, DocumentError};
pub use error::Error;
pub use issuer::{Issuer, IssuerRefusal};
pub use keeper::Keeper;
pub use kek::{KekError, Keks};
pub use kek_source::KekSource;
pub use key_pair::{KeyPair, KeyPairError};
pub use key_set::KeySet;
pub use listing::{client_listing, listing};
pub use metadata::{JWKS_PATH, TOKEN_PATH, metadata};
pub use ops::ops_router;
pub use public_jwk::PublicJwk;
pub use published::{Published, Snapshot};
pub use publisher::Publisher;
pub use rekey::rekey;
pub use revocation::{replace_all_keys, revoke_key};
pub use rotation::{Rotation, rotate, stage_key};
pub use router::router;
pub use server::run;
pub use settings::{Settings, SettingsRefusal, Times};
pub use signer::Signer;
pub use sqlite::SqliteStore;
pub use state::{Key, Phase, Revoked, Ring, State, StateError};
pub use step::{Action, Alarm, Step, next_step, rotation_due, step};
pub use store::{Store, StoreError, Version};
pub use tick::tick;
pub use token_endpoint::token_router;
pub use token_request::{TokenRefusal, TokenRequest};
