//! Whether the host's stack has room for a call. One that is broken off in the middle of the core for want of it would leave the core's
//! memory as it was just then.

use std::arch::wasm32::{i8x16_swizzle, u64x2, u64x2_shl, u64x2_shr, v128, v128_xor};
use std::cell::Cell;

use wasm_bindgen::prelude::wasm_bindgen;

/// How many frames of [`frame`] are asked for, 60 KiB together: V8 compiles a function when it is first called, and takes 40 KiB to be the
/// least that it needs for that; the deepest call takes a few of the others.
const FRAMES: u32 = 15;

/// Ends as every function does that finds no room on the host's stack, where there may be none for a call: before anything was begun.
/// The answer means nothing.
#[wasm_bindgen(js_name = findRoom)]
#[must_use]
pub fn find_room() -> u32 {
    frame(FRAMES)
}

/// Four values of 16 bytes at once, twice as many for each mark: in this order each stands until the last one is there.
macro_rules! values {
    ([] $last:expr) => {
        i8x16_swizzle(draw(), i8x16_swizzle(draw(), i8x16_swizzle(draw(), i8x16_swizzle(draw(), $last))))
    };
    ([* $($marks:tt)*] $last:expr) => {
        values!([$($marks)*] values!([$($marks)*] $last))
    };
}

/// A frame of 4 KiB: a host takes the room for all that a function ever has at once when it enters it. That this one never has anything it
/// can't know.
#[inline(never)]
fn frame(frames: u32) -> u32 {
    if frames > FRAMES {
        VALUES.set(values!([* * * * * *] draw()));
    }
    // The sum is not there before the next frame is gone.
    frames.checked_sub(1).map_or(0, |fewer| frame(fewer).wrapping_mul(3) + 1)
}

thread_local! {
    static VALUES: Cell<v128> = const { Cell::new(u64x2(1, 2)) };
}

/// Another one each time (xorshift64, Marsaglia 2003).
#[inline(never)]
extern "C" fn draw() -> v128 {
    let value = VALUES.get();
    let value = v128_xor(value, u64x2_shl(value, 13));
    let value = v128_xor(value, u64x2_shr(value, 7));
    let value = v128_xor(value, u64x2_shl(value, 17));
    VALUES.set(value);
    value
}
