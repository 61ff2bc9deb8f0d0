//! The output buffer, from which JavaScript reads the result of a call.

use std::cell::Cell;

use jotgate_core::{Memory, Refusal, Refused, SignedPayload, Verdict, push_ascii};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{
    buffer::{KEPT_BYTES, with},
    describe,
};

/// The result of a call. JavaScript knows its address and reads its numbers without another call.
#[repr(C)]
struct Output {
    /// The address of `bytes`.
    address: u32,
    numbers: Numbers,
    /// Header, payload and refusal, one after the other.
    bytes: Vec<u8>,
    /// The outline of the payload (`src/core/json/outline.rs`).
    outline: Vec<u32>,
}

/// The numbers of a result, four bytes each.
#[derive(Clone, Copy)]
#[repr(C)]
struct Numbers {
    /// The lengths in bytes. `refusal` is 0 if and only if nothing was refused.
    header: u32,
    payload: u32,
    refusal: u32,
    /// The index of the key in its set; −1 for a single key, and after a refusal.
    key_index: i32,
    /// The header's ID; 0 if it has none.
    header_id: u32,
    /// The outline's address divided by four; 0 if there is none.
    outline: u32,
}

impl Default for Output {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl Output {
    const EMPTY: Self = Self {
        address: 0,
        numbers: Numbers { header: 0, payload: 0, refusal: 0, key_index: 0, header_id: 0, outline: 0 },
        bytes: Vec::new(),
        outline: Vec::new(),
    };
}

thread_local! {
    static OUTPUT: Cell<Output> = const { Cell::new(Output::EMPTY) };
}

/// Returns the address of the result of every call: the address of its texts, then six numbers of four bytes each.
#[wasm_bindgen(js_name = resultPointer)]
#[must_use]
pub fn result_pointer() -> *const u32 {
    OUTPUT.with(|output| output.as_ptr().cast_const().cast())
}

/// Returns the value. Returns `None` if it was refused, with the refusal in the output.
pub(crate) fn checked<T>(outcome: Result<T, Refusal>) -> Option<T> {
    outcome.map_err(|refusal| refuse(&refusal, None)).ok()
}

/// Writes an accepted header and payload. Returns `true`.
pub(crate) fn accept(header: &str, payload: &[u8], key_index: Option<usize>) -> bool {
    write(header, 0, Payload::Bytes(payload), &[], key_index, &[]);
    true
}

/// Writes decoded claims. Returns `true`.
pub(crate) fn accept_claims(header: &str, claims: &str) -> bool {
    write(header, 0, Payload::Claims(claims.as_bytes()), &[], None, &[]);
    true
}

/// Writes a refusal, and the token's content if its signature is valid. Returns `false`.
pub(crate) fn refuse(refusal: &Refusal, signed: Option<&SignedPayload>) -> bool {
    let text = describe::refusal(refusal);
    let header = signed.map(|signed| signed.header().text()).unwrap_or_default();
    let payload = signed.map(SignedPayload::payload).unwrap_or_default();
    write(header, 0, Payload::Bytes(payload), text.as_bytes(), None, &[]);
    false
}

/// Writes a verdict, with the outline of accepted claims in `memory`. Returns whether the token was accepted.
pub(crate) fn write_verdict(outcome: Result<Verdict, Refused>, memory: &mut Memory) -> bool {
    match outcome {
        Ok(verdict) => {
            let header = verdict.header();
            write(
                header.text(),
                header.id(),
                Payload::Claims(verdict.claims_utf8()),
                &[],
                verdict.key_index(),
                memory.outline(),
            );
            memory.take_back(verdict);
            true
        }
        Err(Refused { refusal, signed }) => refuse(&refusal, signed.as_deref()),
    }
}

/// The payload of a token.
enum Payload<'p> {
    /// Any bytes, copied.
    Bytes(&'p [u8]),
    /// Claims in UTF-8, written as ASCII.
    Claims(&'p [u8]),
}

fn write(
    header: &str,
    header_id: u32,
    payload: Payload<'_>,
    refusal: &[u8],
    key_index: Option<usize>,
    outline: &[u32],
) {
    with(&OUTPUT, |output| {
        let bytes = &mut output.bytes;
        bytes.clear();
        if bytes.capacity() > KEPT_BYTES {
            bytes.shrink_to(KEPT_BYTES);
        }
        bytes.extend_from_slice(header.as_bytes());
        let from = bytes.len();
        match payload {
            Payload::Claims(text) => push_ascii(bytes, text),
            Payload::Bytes(payload) => bytes.extend_from_slice(payload),
        }
        let payload = bytes.len() - from;
        bytes.extend_from_slice(refusal);
        output.outline.clear();
        output.outline.extend_from_slice(outline);
        output.address = number(bytes.as_ptr().addr());
        output.numbers = Numbers {
            header: number(header.len()),
            payload: number(payload),
            refusal: number(refusal.len()),
            key_index: key_index.and_then(|index| i32::try_from(index).ok()).unwrap_or(-1),
            header_id,
            outline: if outline.is_empty() { 0 } else { number(output.outline.as_ptr().addr() / 4) },
        };
    });
}

/// Lengths and addresses always fit the 32-bit memory of an instance.
fn number(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_has_its_lengths_and_its_key() {
        let numbers = || with(&OUTPUT, |output| (output.numbers, output.bytes.clone()));
        accept("{}", b"\xff", Some(7));
        let (Numbers { header, payload, refusal, key_index, .. }, bytes) = numbers();
        assert_eq!((header, payload, refusal, key_index), (2, 1, 0, 7));
        assert_eq!(bytes, b"{}\xff");
        accept_claims("{}", "é€");
        assert_eq!((numbers().0.payload, numbers().1), (12, b"{}\\u00e9\\u20ac".to_vec()));
        refuse(&Refusal::NoMatchingKey, None);
        let (Numbers { payload, refusal, key_index, .. }, bytes) = numbers();
        assert_eq!((payload, key_index), (0, -1));
        assert_eq!(refusal, number(bytes.len()));
    }
}
