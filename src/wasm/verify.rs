//! The calls: each reads the input buffer, asks the core, and leaves its answer in the output buffer.

use std::cell::Cell;

use jotgate_core::{self as core, unverified};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{
    keys::{Key, KeySet, Needs, Policy, admit},
    output::{accept, answer, collect, decoded, reads_latin1, refuse, with, with_input},
};

/// The longest token that is decoded without a policy, in bytes.
const MAXIMUM_UNVERIFIED: usize = 1 << 20;

/// Verifies the token of `length` bytes in the input with one key. `now`: seconds since 1970-01-01T00:00:00Z.
#[wasm_bindgen(js_name = verifyWithKey)]
#[must_use]
pub fn verify_with_key(
    policy: &Policy,
    key: &Key,
    needs: &Needs,
    length: usize,
    now: f64,
    host: u32,
) -> bool {
    let Some(key) = key.key() else { return refuse(&core::Refusal::NoMatchingKey, None) };
    verify(core::Keys::One(key), policy, needs, length, now, host)
}

/// Verifies the token of `length` bytes in the input with a key of the set. `now`: seconds since 1970-01-01T00:00:00Z.
#[wasm_bindgen(js_name = verifyWithSet)]
#[must_use]
pub fn verify_with_set(
    policy: &Policy,
    set: &KeySet,
    needs: &Needs,
    length: usize,
    now: f64,
    host: u32,
) -> bool {
    verify(core::Keys::Set(&set.set), policy, needs, length, now, host)
}

/// Judges the token of `length` bytes in the input without a key: it is refused, as [`core::Refusal::NoMatchingKey`] where all else is
/// for the keys to decide.
#[wasm_bindgen(js_name = verifyWithoutKeys)]
pub fn verify_without_keys(policy: &Policy, needs: &Needs, length: usize) {
    verify(core::Keys::None, policy, needs, length, 0.0, 0);
}

/// `host`: 0 for nobody, or one of [`ASK`], [`HOLDS`] and [`FAILS`].
#[inline(never)]
fn verify(keys: core::Keys<'_>, policy: &Policy, needs: &Needs, length: usize, now: f64, host: u32) -> bool {
    with_input(length, |token| judge(token, keys, policy, needs, now, host))
}

fn judge(token: &[u8], keys: core::Keys<'_>, policy: &Policy, needs: &Needs, now: f64, host: u32) -> bool {
    let (policy, needs) = (&policy.policy, &needs.needs);
    let mut told = |_: core::Question<'_>| Some(host == HOLDS);
    let host: Option<core::Host<'_>> = match host {
        ASK => Some(&mut asked),
        HOLDS | FAILS => Some(&mut told),
        _ => None,
    };
    remembering(|memory| {
        memory.set_latin1(reads_latin1());
        let outcome = core::verify_with(token, keys, policy, needs, now, memory, host);
        answer(outcome, memory)
    })
}

thread_local! {
    /// What this instance remembers of the tokens it verified.
    static MEMORY: Cell<Option<Box<core::Memory>>> = const { Cell::new(None) };
}

/// Lets a call use it, which makes it where there is none.
fn remembering<T>(call: impl FnOnce(&mut core::Memory) -> T) -> T {
    with(&MEMORY, |memory| call(memory.get_or_insert_default()))
}

/// The host is asked about RSA signatures.
const ASK: u32 = 1;
/// The host was asked before: the signature holds.
const HOLDS: u32 = 2;
/// The host was asked before: the signature does not hold.
const FAILS: u32 = 3;

#[wasm_bindgen(raw_module = "./host_answer.js")]
extern "C" {
    /// Asks whoever the call that is under way brought along: 1 holds, 0 does not, −1 unknown. What it is about stands in
    /// memory until the function returns.
    #[wasm_bindgen(js_name = hostAnswer)]
    fn host_answer(
        algorithm: u32,
        key_index: i32,
        signed: *const u8,
        signed_length: usize,
        signature: *const u8,
        signature_length: usize,
    ) -> i32;
}

fn asked(question: core::Question<'_>) -> Option<bool> {
    let key_index = question.key_index.and_then(|index| i32::try_from(index).ok()).unwrap_or(-1);
    let (signed, signature) = (question.signing_input, question.signature);
    let place = place(question.algorithm);
    match host_answer(place, key_index, signed.as_ptr(), signed.len(), signature.as_ptr(), signature.len()) {
        1 => Some(true),
        0 => Some(false),
        _ => None,
    }
}

/// Verifies as many tokens as there are `lengths`, one behind the other in the input, each as [`verify_with_key`] does.
#[wasm_bindgen(js_name = verifyBatchWithKey)]
pub fn verify_batch_with_key(
    policy: &Policy,
    key: &Key,
    needs: &Needs,
    lengths: &[u32],
    now: f64,
    host: u32,
) {
    if let Some(key) = key.key() {
        batch(core::Keys::One(key), policy, needs, lengths, now, host);
    }
}

/// The same with the keys of a set.
#[wasm_bindgen(js_name = verifyBatchWithSet)]
pub fn verify_batch_with_set(
    policy: &Policy,
    set: &KeySet,
    needs: &Needs,
    lengths: &[u32],
    now: f64,
    host: u32,
) {
    batch(core::Keys::Set(&set.set), policy, needs, lengths, now, host);
}

fn batch(keys: core::Keys<'_>, policy: &Policy, needs: &Needs, lengths: &[u32], now: f64, host: u32) {
    with_input(usize::MAX, |input| {
        let mut rest = input;
        let answers = lengths.iter().map(|length| {
            // INVARIANT: the lengths are those of what was written.
            let length = usize::try_from(*length).unwrap_or(0).min(rest.len());
            let (token, after) = rest.split_at(length);
            rest = after;
            judge(token, keys, policy, needs, now, host)
        });
        collect(answers, lengths.len());
    });
}

/// What the host could compute for the token in the input under one key: the place of its algorithm among the six
/// of RSA, from 1, or 0 for nothing. The signature stands in the output as the payload.
#[wasm_bindgen(js_name = questionWithKey)]
#[must_use]
pub fn question_with_key(policy: &Policy, key: &Key, length: usize) -> u32 {
    key.key().map_or(0, |key| question(core::Keys::One(key), policy, length))
}

/// The same under the keys of a set; which of them it is about stands in the output.
#[wasm_bindgen(js_name = questionWithSet)]
#[must_use]
pub fn question_with_set(policy: &Policy, set: &KeySet, length: usize) -> u32 {
    question(core::Keys::Set(&set.set), policy, length)
}

/// In this order JavaScript knows them.
const QUESTIONS: [core::Algorithm; 6] = [
    core::Algorithm::RS256,
    core::Algorithm::RS384,
    core::Algorithm::RS512,
    core::Algorithm::PS256,
    core::Algorithm::PS384,
    core::Algorithm::PS512,
];

/// From 1; 0 for none of them.
fn place(algorithm: core::Algorithm) -> u32 {
    let place = QUESTIONS.iter().position(|known| *known == algorithm);
    place.and_then(|place| u32::try_from(place + 1).ok()).unwrap_or(0)
}

fn question(keys: core::Keys<'_>, policy: &Policy, length: usize) -> u32 {
    with_input(length, |token| {
        let answered = remembering(|memory| {
            core::question(token, keys, &policy.policy, memory, |question| {
                accept("", question.signature, question.key_index);
                place(question.algorithm)
            })
        });
        answered.unwrap_or(0)
    })
}

/// Verifies the signature of the token in the input, whatever its payload.
#[wasm_bindgen(js_name = verifySignature)]
#[must_use]
pub fn verify_signature(policy: &Policy, key: &Key, length: usize) -> bool {
    let Some(key) = key.key() else { return refuse(&core::Refusal::NoMatchingKey, None) };
    let outcome =
        with_input(length, |token| core::verify_signature(token, core::Keys::One(key), &policy.policy));
    match outcome {
        Ok(signed) => accept(signed.header().text(), signed.payload(), signed.key_index()),
        Err(refusal) => refuse(&refusal, None),
    }
}

/// Makes room for a token of `length` code units that will be decoded without being verified; 0 as in `Policy.admit`.
#[wasm_bindgen(js_name = admitUnverified)]
#[must_use]
pub fn admit_unverified(length: usize) -> *const u8 {
    admit(length, MAXIMUM_UNVERIFIED)
}

/// Decodes header and claims of the token in the input, verifying nothing.
#[wasm_bindgen]
#[must_use]
pub fn decode(length: usize) -> bool {
    match with_input(length, |token| unverified::decode(token, MAXIMUM_UNVERIFIED)) {
        Ok(unverified) => decoded(&unverified.header, &unverified.claims),
        Err(refusal) => refuse(&refusal, None),
    }
}

/// Decodes the header of the token in the input, verifying nothing.
#[wasm_bindgen(js_name = decodeHeader)]
#[must_use]
pub fn decode_header(length: usize) -> bool {
    match with_input(length, |token| unverified::decode_header(token, MAXIMUM_UNVERIFIED)) {
        Ok(header) => accept(&header, &[], None),
        Err(refusal) => refuse(&refusal, None),
    }
}
