//! Verifies JSON Web Tokens. Pure: no clock, no I/O, no randomness, no JavaScript.
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
//! - [`unverified`]: decodes without verifying.
#![no_std]

extern crate alloc;

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
