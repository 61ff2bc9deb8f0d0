//! The companion of the verifier: it owns the rotating signing keys, publishes the key set and issues tokens.
//!
//! [`run`] takes a listener, a [`Store`], a [`Clock`] and a signal to stop, and serves the published key set over HTTP.
//! [`rotate`] changes the keys, [`Signer`] makes tokens, and [`router`] is for programs with their own server. The binary only connects
//! these parts.
//!
//! | folder | content |
//! |---|---|
//! | `key` | one key and its public half |
//! | `life` | the rings of keys: the next state as a pure function, and the code that applies it |
//! | `store` | the stored state: one sealed, versioned document |
//! | `postgres` | the address of a database, and transactions in it |
//! | `tls` | the certificate of the public listener |
//! | `ledger` | people, sessions, codes and refresh tokens, as rows |
//! | `people` | names and passwords |
//! | `client_documents` | clients that are described by a document at their identifier, an https URL |
//! | `grants` | the grants of the token endpoint, one file each |
//! | `login` | the authorization endpoint: login and consent |
//! | `pages` | the HTML pages, without JavaScript |
//! | `token` | clients, and the tokens that are signed for them |
//! | `http` | the listeners and routes, which answer from a snapshot in memory |
//! | `dev` | an issuer for development and tests |
//! | `cli` | the binary: arguments and signals |

mod check;
mod client_documents;
mod clock;
mod dev;
mod error;
mod grants;
mod http;
mod issuer;
mod json_listing;
mod key;
pub mod ledger;
mod life;
mod listing;
mod login;
mod pages;
pub mod people;
mod postgres;
mod proof;
mod store;
#[cfg(test)]
mod test_keys;
#[cfg(test)]
mod test_postgres;
mod tls;
mod token;

pub use check::{Finding, check};
pub use client_documents::ClientDocumentSettings;
pub use clock::{Clock, SystemClock};
pub use dev::{DevIssuer, DevOptions};
pub use error::Error;
pub use http::{
    AUTHORIZE_PATH, ClientAddress, ConnectionSettings, JWKS_PATH, KeySet, Published, Publisher, REVOKE_PATH,
    SecureTransport, Snapshot, TOKEN_PATH, metadata, ops_router, router, run, token_router,
};
pub use issuer::{Issuer, IssuerRefusal};
pub use json_listing::{
    json_client_listing, json_findings, json_listing, json_secret_listing, json_settings_listing,
};
pub use key::{KeyPair, KeyPairError, PublicJwk, RsaSize, SigningAlgorithm};
pub use life::{
    Action, Alarm, ClientChanges, ClockState, ClockWatch, Key, LedgerSeal, LoginChanges, Older, PastKey,
    Phase, Purpose, RefreshKey, Revoked, Ring, Rotation, Settings, SettingsRefusal, State, StateError, Step,
    StoreStamp, Times, adjust, next_step, replace_all_keys, request_rotation, revoke_key, rotate,
    rotation_due, stage_key, step, tick,
};
pub use listing::{client_listing, listing, secret_listing, server_listing, settings_listing};
pub use postgres::{DatabaseRefusal, PostgresAddress, PostgresDatabase};
pub use store::{
    Document, DocumentError, Encryption, Keeper, KekError, KekSource, Keks, MarkFile, MemoryStore, Moment,
    PostgresStore, RolledBack, RunningServer, SqliteStore, Store, StoreError, StoreId, Version, rekey,
};
pub use tls::{CERTIFICATE_PERIOD, CertificateFiles, ServerCertificate, TlsError};
pub use token::{
    Client, ClientKeys, ClientKeysRefusal, ClientLogin, ClientSecret, RedirectRefusal, RedirectUri, Signer,
    TokenRefusal, TokenRequest, check_audiences, check_claims, check_client_id, is_reserved_claim,
    parse_scopes,
};
