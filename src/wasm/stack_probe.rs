//! Checks that the runtime's stack is large enough for a call. A stack overflow inside of the core would leave its memory half written.
//! Here it happens before the call has begun.

use std::arch::wasm32::{i8x16_swizzle, u64x2, u64x2_shl, u64x2_shr, v128, v128_xor};
use std::cell::Cell;

use wasm_bindgen::prelude::wasm_bindgen;

/// The number of frames of [`frame`], 60 KiB together. V8 compiles a function at its first call, and requires 40 KiB of stack for that. The
/// deepest call of the core uses a part of the rest.
const FRAMES: u32 = 15;

/// Overflows the runtime's stack if a call of the core would. The result has no meaning.
#[wasm_bindgen(js_name = probeStack)]
#[must_use]
pub fn probe_stack() -> u32 {
    frame(FRAMES)
}

/// Nests four values of 16 bytes, and twice as many for each `*`. The order keeps each alive until the last one is computed.
macro_rules! values {
    ([] $last:expr) => {
        i8x16_swizzle(
            next_value(),
            i8x16_swizzle(next_value(), i8x16_swizzle(next_value(), i8x16_swizzle(next_value(), $last))),
        )
    };
    ([* $($marks:tt)*] $last:expr) => {
        values!([$($marks)*] values!([$($marks)*] $last))
    };
}

/// Uses a 4 KiB stack frame. Engines reserve a function's whole frame on entry, so the values below never need to be computed;
/// the optimiser does not know that the branch is never taken.
#[inline(never)]
fn frame(frames: u32) -> u32 {
    if frames > FRAMES {
        VALUES.set(values!([* * * * * *] next_value()));
    }
    // The result is computed after the inner call, so that this is not a tail call.
    frames.checked_sub(1).map_or(0, |fewer| frame(fewer).wrapping_mul(3) + 1)
}

thread_local! {
    static VALUES: Cell<v128> = const { Cell::new(u64x2(1, 2)) };
}

/// Returns a different value each time (xorshift64, Marsaglia 2003).
#[inline(never)]
extern "C" fn next_value() -> v128 {
    let value = VALUES.get();
    let value = v128_xor(value, u64x2_shl(value, 13));
    let value = v128_xor(value, u64x2_shr(value, 7));
    let value = v128_xor(value, u64x2_shl(value, 17));
    VALUES.set(value);
    value
}
