//! The calls: each reads the token in the input buffer and writes its result into the output buffer.

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

/// The host is asked about RSA signatures during the call.
const HOST_ASK: u32 = 1;
/// The host was asked before: the signature holds.
const HOST_HOLDS: u32 = 2;
/// The host was asked before: the signature does not hold.
const HOST_FAILS: u32 = 3;

/// Verifies the token of `length` bytes in the input. `now` is in seconds since 1970-01-01T00:00:00Z. `host` is one of
/// the constants above; with another value the core checks every signature itself.
#[wasm_bindgen]
#[must_use]
pub fn verify(policy: &Policy, keys: &Keys, length: usize, now: f64, host: u32) -> bool {
    let mut answered = |_: core::Question<'_>| Some(host == HOST_HOLDS);
    let host: Option<core::Host<'_>> = match host {
        HOST_ASK => Some(&mut ask_host),
        HOST_HOLDS | HOST_FAILS => Some(&mut answered),
        _ => None,
    };
    with_input(length, |token| {
        with_memory(|memory| {
            // Scopes, permissions and roles are checked by the gate, from the claims.
            let needs = core::Needs::default();
            let outcome = core::verify_with(token, keys.keys(), &policy.policy, &needs, now, memory, host);
            write_verdict(outcome, memory)
        })
    })
}

thread_local! {
    /// Caches and buffers that are reused from token to token.
    static MEMORY: Cell<Option<Box<core::Memory>>> = const { Cell::new(None) };
}

fn with_memory<T>(call: impl FnOnce(&mut core::Memory) -> T) -> T {
    with(&MEMORY, |memory| call(memory.get_or_insert_default()))
}

#[wasm_bindgen(raw_module = "./host_callback.js")]
extern "C" {
    /// Asks the host that the current call brought: 1 if the signature holds, 0 if not, −1 if the host cannot tell. The
    /// addresses are valid until the function returns.
    #[wasm_bindgen(js_name = hostAnswer)]
    fn host_answer(
        algorithm: u32,
        key_index: i32,
        message: *const u8,
        message_length: usize,
        signature: *const u8,
        signature_length: usize,
    ) -> i32;
}

fn ask_host(question: core::Question<'_>) -> Option<bool> {
    let key_index = question.key_index.and_then(|index| i32::try_from(index).ok()).unwrap_or(-1);
    let (message, signature) = (question.signing_input, question.signature);
    let algorithm = algorithm_number(question.algorithm);
    match host_answer(
        algorithm,
        key_index,
        message.as_ptr(),
        message.len(),
        signature.as_ptr(),
        signature.len(),
    ) {
        1 => Some(true),
        0 => Some(false),
        _ => None,
    }
}

/// The number of the algorithm whose signature the host may check for the token in the input; 0 if there is nothing to ask.
/// The signature and the key's index are in the output.
#[wasm_bindgen]
#[must_use]
pub fn question(policy: &Policy, keys: &Keys, length: usize) -> u32 {
    with_input(length, |token| {
        let asked = with_memory(|memory| {
            core::question(token, keys.keys(), &policy.policy, memory, |question| {
                accept("", question.signature, question.key_index);
                algorithm_number(question.algorithm)
            })
        });
        asked.unwrap_or(0)
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

/// The position in [`QUESTION_ALGORITHMS`], from 1; 0 for another algorithm.
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

/// Reserves input for a token of `length` code units that will not be verified. Null as in [`Policy::admit`].
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

/// Decodes the header of the token in the input, without verifying it.
#[wasm_bindgen(js_name = decodeHeader)]
#[must_use]
pub fn decode_header(length: usize) -> bool {
    match with_input(length, |token| unverified::decode_header(token, MAXIMUM_UNVERIFIED)) {
        Ok(header) => accept(&header, &[], None),
        Err(refusal) => refuse(&refusal, None),
    }
}
