//! The two buffers of an instance: where a token is written by the host, and where the host reads the answer.

use core::cell::RefCell;

use jotgate_core::{Refusal, Refused, SignedPayload, Verdict};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::describe;

/// How much of a buffer is kept between calls: what a token of the default limit needs when written as UTF-8.
const KEPT_BYTES: usize = 64 * 1024;

/// The answer to one call: three texts, one after the other.
#[derive(Default)]
struct Output {
    bytes: Vec<u8>,
    header: usize,
    payload: usize,
    key_index: i32,
}

thread_local! {
    static INPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static OUTPUT: RefCell<Output> = const { RefCell::new(Output { bytes: Vec::new(), header: 0, payload: 0, key_index: -1 }) };
}

/// Makes room for `length` bytes of input and says where.
pub(crate) fn reserve(length: usize) -> *const u8 {
    INPUT.with_borrow_mut(|input| {
        if input.len() < length {
            input.resize(length, 0);
        } else if input.len() > KEPT_BYTES && length <= KEPT_BYTES {
            input.truncate(KEPT_BYTES);
            input.shrink_to_fit();
        }
        input.as_ptr()
    })
}

/// Where the input stands in memory.
#[wasm_bindgen(js_name = inputPointer)]
#[must_use]
pub fn input_pointer() -> *const u8 {
    INPUT.with_borrow(|input| input.as_ptr())
}

/// Hands the first `length` bytes of the input to `read`, or as many as there are.
pub(crate) fn with_input<T>(length: usize, read: impl FnOnce(&[u8]) -> T) -> T {
    INPUT.with_borrow(|input| read(input.get(..length).unwrap_or(input)))
}

/// Makes room for several tokens, `length` bytes in all, and says where.
#[wasm_bindgen(js_name = admitBatch)]
#[must_use]
pub fn admit_batch(length: usize) -> *const u8 {
    reserve(length)
}

/// One call for many tokens: each answer is taken out of the output before the next is written, and all of them stand there at
/// the end, behind a table of five numbers of four bytes for each: accepted or not, the lengths of header, payload and
/// refusal, and the key's place.
pub(crate) fn collect(answers: impl Iterator<Item = bool>) {
    let (mut table, mut texts) = (Vec::new(), Vec::new());
    for accepted in answers {
        OUTPUT.with_borrow(|output| {
            let refusal = output.bytes.len() - output.header - output.payload;
            let lengths = [usize::from(accepted), output.header, output.payload, refusal];
            for length in lengths {
                table.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
            }
            table.extend_from_slice(&output.key_index.to_le_bytes());
            texts.extend_from_slice(&output.bytes);
        });
    }
    OUTPUT.with_borrow_mut(|output| {
        output.bytes = table;
        output.bytes.append(&mut texts);
        (output.header, output.payload, output.key_index) = (0, 0, -1);
    });
}

/// Writes what was accepted; always `true`.
pub(crate) fn accept(header: &str, payload: &[u8], key_index: Option<usize>) -> bool {
    write(header.as_bytes(), payload, &[], key_index);
    true
}

/// Writes why something was refused, and what the token says if its signature held; always `false`.
pub(crate) fn refuse(refusal: &Refusal, signed: Option<&SignedPayload>) -> bool {
    let text = describe::refusal(refusal);
    let header = signed.map(|signed| signed.header().text()).unwrap_or_default();
    let payload = signed.map(SignedPayload::payload).unwrap_or_default();
    write(header.as_bytes(), payload, text.as_bytes(), None);
    false
}

/// Writes a verdict.
pub(crate) fn answer(outcome: Result<Verdict, Refused>) -> bool {
    match outcome {
        Ok(verdict) => {
            let index = verdict.key_index();
            accept(verdict.header().text(), verdict.claims().as_bytes(), index)
        }
        Err(Refused { refusal, signed }) => refuse(&refusal, signed.as_deref()),
    }
}

fn write(header: &[u8], payload: &[u8], refusal: &[u8], key_index: Option<usize>) {
    OUTPUT.with_borrow_mut(|output| {
        output.bytes.clear();
        if output.bytes.capacity() > KEPT_BYTES {
            output.bytes.shrink_to(KEPT_BYTES);
        }
        for text in [header, payload, refusal] {
            output.bytes.extend_from_slice(text);
        }
        output.header = header.len();
        output.payload = payload.len();
        output.key_index = key_index.and_then(|index| i32::try_from(index).ok()).unwrap_or(-1);
    });
}

/// Where the answer to the last call stands in memory.
#[wasm_bindgen(js_name = outputPointer)]
#[must_use]
pub fn output_pointer() -> *const u8 {
    OUTPUT.with_borrow(|output| output.bytes.as_ptr())
}

/// The length in bytes of the header in the answer.
#[wasm_bindgen(js_name = headerLength)]
#[must_use]
pub fn header_length() -> usize {
    OUTPUT.with_borrow(|output| output.header)
}

/// The length in bytes of the payload in the answer.
#[wasm_bindgen(js_name = payloadLength)]
#[must_use]
pub fn payload_length() -> usize {
    OUTPUT.with_borrow(|output| output.payload)
}

/// The length in bytes of the refusal in the answer.
#[wasm_bindgen(js_name = refusalLength)]
#[must_use]
pub fn refusal_length() -> usize {
    OUTPUT.with_borrow(|output| output.bytes.len() - output.header - output.payload)
}

/// Which member of the key set signed the accepted token; −1 for a key given directly, and after a refusal.
#[wasm_bindgen(js_name = keyIndex)]
#[must_use]
pub fn key_index() -> i32 {
    OUTPUT.with_borrow(|output| output.key_index)
}
