//! Verifies JSON Web Tokens. Pure: no clock, no I/O, no randomness, no JavaScript, `no_std` with `alloc`.
//!
//! ```
//! use jotgate_core::{Algorithm, KeySet, Keys, Needs, Policy, verify};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Once: keys and rules. Both are `Send + Sync`.
//! # let jwks = r#"{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;
//! let keys = KeySet::from_jwks(jwks)?;
//! let policy = Policy::builder().algorithms([Algorithm::ES256]).issuer("joe").build()?;
//!
//! // For each token, with the time in seconds since 1970-01-01T00:00:00Z.
//! # let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
//! # let now = 1_300_819_379.0;
//! let verdict = verify(token.as_bytes(), Keys::Set(&keys), &policy, &Needs::default(), now)?;
//! assert_eq!(verdict.read_claims().issuer(), Some("joe"));
//! # Ok(())
//! # }
//! ```
//!
//! Keys come from [`KeySet::from_jwks`], [`Key::from_jwk`], [`Key::from_pem`], [`Key::from_certificate`] and [`Key::from_secret`].
//! [`Policy::builder`] says what every token must be, [`Needs::builder`] what one request needs. [`bearer`] reads and writes the header
//! fields of HTTP. [`KeyCache`] decides when a key set is fetched again. Every error has a stable [`code`](Refusal::code).
//! `docs/rust.md` has a whole server.
//!
//! ```text
//! &[u8] ─ token ─▶ Parts ─ header ─▶ Header ─ candidates ─▶ Candidates ─ signature ─▶ SignedPayload
//!       ─ claims ─▶ Claims ─ claims_check ─▶ Verified ─ scope ─▶ Verdict
//! ```
//!
//! Each stage takes the type that the stage before it returns, so the order cannot be wrong. [`verify`] runs them all.
//!
//! # Layout
//!
//! - `verifier`: runs the stages of `stages`.
//! - `policy`: what a caller requires of a token, checked to make sense.
//! - `keys`: keys, key sets, and how long a fetched set may be used.
//! - `json`, `text`: a strict JSON reader, base64url, output as ASCII.
//! - `refusal`: every reason, with its stable code.
//! - [`bearer`]: the header fields of RFC 6750.
//! - [`unverified`]: decodes without verifying.
#![no_std]

extern crate alloc;

pub mod bearer;
mod json;
mod keys;
mod limits;
mod policy;
mod refusal;
mod stages;
mod text;
pub mod unverified;
mod verifier;

pub use jotgate_crypto::{
    Algorithm, Curve, Family, Hash, KeyRefusal, KeyType, PreparedKey, digest, message, set_table_memory,
    table_memory,
};
pub use keys::freshness::{Age, Freshness};
pub use keys::key::Key;
pub use keys::key_cache::{Decision, Found, KeyCache, KeyCacheSettings, Purpose, Renewal};
pub use keys::key_set::{Dropped, KeySet, Member, Skipped};
pub use limits::{DEFAULT_MAXIMUM_TOKEN_BYTES, MAXIMUM_CANDIDATES, MAXIMUM_SET_BYTES, MAXIMUM_SET_KEYS};
pub use policy::builder::{NeedsBuilder, PolicyBuilder};
pub use policy::needs::{Needs, NeedsOptions};
pub use policy::{Policy, PolicyOptions};
pub use refusal::{Class, JsonProblem, Part, Reason, Refusal};
pub use stages::candidates::{Candidates, Keys};
pub use stages::claims::Claims;
pub use stages::claims_check::Verified;
pub use stages::header::Header;
pub use stages::signature::{Question, SignedPayload};
pub use stages::token::Parts;
pub use text::output_encoding::push_ascii;
pub use verifier::{Memory, Refused, Verdict, question, resume, verify, verify_signature, verify_with};

/// The examples of `docs/rust.md`.
#[cfg(doctest)]
#[doc = include_str!("../../docs/rust.md")]
pub mod rust_page {}
