//! The input buffer, into which JavaScript writes a token.

use std::cell::Cell;

use jotgate_core::Refusal;

use crate::{
    buffer::{KEPT_BYTES, with},
    output::refuse,
};

thread_local! {
    static INPUT: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Reserves the input buffer for a token of `length` code units. Returns its address, or null and a refusal if the token is too long.
pub(crate) fn admit(length: usize, maximum: usize) -> *const u8 {
    if length > maximum {
        refuse(&Refusal::TokenTooLong { maximum }, None);
        return std::ptr::null();
    }
    reserve(length.saturating_mul(3))
}

/// Makes the buffer at least `length` bytes long. Returns its address.
fn reserve(length: usize) -> *const u8 {
    with(&INPUT, |input| {
        if input.len() < length {
            input.resize(length, 0);
        } else if input.len() > KEPT_BYTES && length <= KEPT_BYTES {
            input.truncate(KEPT_BYTES);
            input.shrink_to_fit();
        }
        input.as_ptr()
    })
}

/// Passes the first `length` bytes of the input buffer to `read`, or all bytes if there are fewer.
pub(crate) fn with_input<T>(length: usize, read: impl FnOnce(&[u8]) -> T) -> T {
    with(&INPUT, |input| read(input.get(..length).unwrap_or(input)))
}
