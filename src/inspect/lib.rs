//! Explains any pasted text about a JSON Web Token. A text, keys, a policy and the time go in; one [`Report`] comes out.
//!
//! The crate is pure: no clock, no I/O. It verifies with `jotgate-core`, so that its verdict is the verifier's.
//!
//! # Layout
//!
//! - `request`: what the caller passes in.
//! - `excerpt`, `input`: finds tokens, keys, challenges and documents in the pasted text.
//! - `token`: decodes a token and finds the first byte that cannot be right.
//! - `keys`: reads keys in every form.
//! - `verdicts`, `key_origin`: the four verdicts, the refusal and each rule by itself.
//! - `cause`: what probably happened.
//! - `claims`, `meanings`, `times`: claims with their exact text, their meaning and their times.
//! - `challenge`, `documents`, `dpop`, `notes`: challenges, metadata, DPoP proofs, and remarks.
//! - `explanations`: one sentence why and one what to do, for each code.
//! - `report`: the report as data.

#[cfg(target_arch = "wasm32")]
pub mod boundary;
mod cause;
mod challenge;
mod claims;
mod documents;
mod dpop;
mod excerpt;
pub mod explanations;
mod input;
mod inspect;
mod json;
mod key_origin;
mod keys;
mod meanings;
mod notes;
mod report;
mod request;
mod times;
mod token;
mod verdicts;

pub use inspect::inspect;
pub use report::*;
pub use request::{KeyOrigin, KeyText, Request, RequestLine};

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
