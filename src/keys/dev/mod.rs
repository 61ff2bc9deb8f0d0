//! An issuer for development and tests: any token, and faults on request. Its keys exist in memory only.
//!
//! | file | content |
//! |---|---|
//! | `dev_issuer` | the issuer and its server |
//! | `routes` | `POST /dev/token`, `/dev/rotate` and `/dev/keys-down` |
//! | `guard` | keeps web pages and other machines away from these routes |
//! | `draft` | the header and claims of a token before it is signed |

mod dev_issuer;
mod draft;
mod guard;
mod routes;

pub use dev_issuer::{DevIssuer, DevOptions};
