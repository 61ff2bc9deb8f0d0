//! A JSON Web Token, keys, a policy and the time enter; a verdict leaves. No clock, no I/O, no randomness, no JavaScript.
//!
//! ```text
//! &[u8] ─ token ─▶ Parts ─ header ─▶ Header ─ key_set ─▶ Candidates ─ signature ─▶ SignedPayload
//!       ─ claims ─▶ Claims ─ policy ─▶ Verified ─ scope ─▶ Verdict
//! ```
//!
//! Each stage takes the type of the one before, so that their order can't be got wrong; [`verify`] walks them all.
#![no_std]

extern crate alloc;

mod base64url;
mod blocks;
mod candidates;
mod claims;
mod claims_check;
pub mod dangerous;
mod freshness;
mod header;
mod json;
mod key;
mod key_cache;
mod key_set;
mod layouts;
mod number;
mod options;
mod outline;
mod policy;
mod refusal;
mod scope;
mod signature;
pub mod text;
mod token;
mod verifier;

pub use candidates::{Candidates, MAXIMUM_CANDIDATES};
pub use claims::Claims;
pub use claims_check::Verified;
pub use freshness::{Age, Freshness};
pub use header::Header;
pub use jotgate_crypto::{
    Algorithm, Curve, Family, Hash, KeyRefusal, KeyType, PreparedKey, digest, message, set_table_memory,
    table_memory,
};
pub use key::Key;
pub use key_cache::{Decision, Found, KeyCache, KeyCacheSettings, Purpose, Renewal};
pub use key_set::{Dropped, KeySet, Keys, MAXIMUM_SET_BYTES, MAXIMUM_SET_KEYS, Member, Skipped};
pub use policy::{DEFAULT_MAXIMUM_TOKEN_BYTES, Policy, PolicyOptions};
pub use refusal::{Class, JsonProblem, Part, Reason, Refusal};
pub use scope::{Needs, NeedsOptions};
pub use signature::{Host, Question, SignedPayload};
pub use token::Parts;
pub use verifier::{Memory, Refused, Verdict, question, verify, verify_signature, verify_with};
