//! Exports the calls for a token. Each reads the token in the input buffer and writes its result into the output buffer.

use std::cell::Cell;

use jotgate_core::{self as core, unverified};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{
    buffer::with,
    input::{admit, with_input},
    keys::Keys,
    output::{accept, accept_claims, refuse, write_verdict},
    policy::Policy,
};

/// The longest token that is decoded without a policy, in bytes.
const MAXIMUM_UNVERIFIED: usize = 1 << 20;

/// Verifies the token of `length` bytes in the input. `now` is in seconds since 1970-01-01T00:00:00Z.
#[wasm_bindgen]
#[must_use]
pub fn verify(policy: &Policy, keys: &Keys, length: usize, now: f64) -> bool {
    with_input(length, |token| {
        with_memory(|memory| {
            let outcome = core::verify_with(token, keys.keys(), &policy.policy, &no_needs(), now, memory);
            write_verdict(outcome, memory)
        })
    })
}

/// Verifies the token of the last [`question`]. `holds` is the host's answer: whether the signature is valid.
#[wasm_bindgen]
#[must_use]
pub fn resume(policy: &Policy, now: f64, holds: bool) -> bool {
    with_memory(|memory| {
        let outcome = core::resume(holds, &policy.policy, &no_needs(), now, memory);
        write_verdict(outcome, memory)
    })
}

/// No needs: the gate checks scopes, permissions and roles in the claims.
fn no_needs() -> core::Needs {
    core::Needs::default()
}

thread_local! {
    /// Caches and buffers that are reused for each token.
    static MEMORY: Cell<Option<Box<core::Memory>>> = const { Cell::new(None) };
}

fn with_memory<T>(call: impl FnOnce(&mut core::Memory) -> T) -> T {
    with(&MEMORY, |memory| call(memory.get_or_insert_default()))
}

/// Reads the token in the input up to its RSA signature. Returns the number of the algorithm whose signature the host may check, with the
/// signature and the key's index in the output. Returns 0 if there is no question. [`resume`] takes the answer.
#[wasm_bindgen]
#[must_use]
pub fn question(policy: &Policy, keys: &Keys, length: usize) -> u32 {
    with_input(length, |token| {
        with_memory(|memory| {
            core::question(token, keys.keys(), &policy.policy, memory).map_or(0, |question| {
                accept("", question.signature, question.key_index);
                algorithm_number(question.algorithm)
            })
        })
    })
}

/// The algorithms of questions. JavaScript has the same list.
const QUESTION_ALGORITHMS: [core::Algorithm; 6] = [
    core::Algorithm::RS256,
    core::Algorithm::RS384,
    core::Algorithm::RS512,
    core::Algorithm::PS256,
    core::Algorithm::PS384,
    core::Algorithm::PS512,
];

/// Returns the position in [`QUESTION_ALGORITHMS`], from 1. Returns 0 for another algorithm.
fn algorithm_number(algorithm: core::Algorithm) -> u32 {
    let position = QUESTION_ALGORITHMS.iter().position(|known| *known == algorithm);
    position.and_then(|position| u32::try_from(position + 1).ok()).unwrap_or(0)
}

/// Verifies the signature of the token in the input, whatever its payload is.
#[wasm_bindgen(js_name = verifySignature)]
#[must_use]
pub fn verify_signature(policy: &Policy, keys: &Keys, length: usize) -> bool {
    match with_input(length, |token| core::verify_signature(token, keys.keys(), &policy.policy)) {
        Ok(signed) => accept(signed.header().text(), signed.payload(), signed.key_index()),
        Err(refusal) => refuse(&refusal, None),
    }
}

/// Reserves the input buffer for a token of `length` code units that will not be verified. Returns its address, or null as in
/// [`Policy::admit`].
#[wasm_bindgen(js_name = admitUnverified)]
#[must_use]
pub fn admit_unverified(length: usize) -> *const u8 {
    admit(length, MAXIMUM_UNVERIFIED)
}

/// Decodes header and claims of the token in the input, without verifying them.
#[wasm_bindgen]
#[must_use]
pub fn decode(length: usize) -> bool {
    match with_input(length, |token| unverified::decode(token, MAXIMUM_UNVERIFIED)) {
        Ok(decoded) => accept_claims(&decoded.header, &decoded.claims),
        Err(refusal) => refuse(&refusal, None),
    }
}

/// Decodes the header of the token in the input, without verifying it and without reading the payload.
#[wasm_bindgen(js_name = decodeHeader)]
#[must_use]
pub fn decode_header(length: usize) -> bool {
    match with_input(length, |token| unverified::decode_header(token, MAXIMUM_UNVERIFIED)) {
        Ok(header) => accept(&header, &[], None),
        Err(refusal) => refuse(&refusal, None),
    }
}
