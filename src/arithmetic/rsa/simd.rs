//! Four lanes of 32 bits: a `v128` in WebAssembly, an array elsewhere. So the kernel can also be tested natively, where overflows
//! are detected.
//!
//! A WebAssembly module cannot detect `simd128` at run time: it does not load if the runtime lacks it. All supported runtimes have
//! it: Node from 16.4, Deno, Bun, workerd, Chromium from 91, Firefox from 89, Safari from 16.4 (2023).

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use portable::{Lanes, dot_add, lanes, splat, wide_lanes, widen_add};
#[cfg(target_arch = "wasm32")]
pub(crate) use simd::{Lanes, dot_add, lanes, splat, wide_lanes, widen_add};

#[cfg(target_arch = "wasm32")]
mod simd {
    use core::arch::wasm32::{
        i32x4_add, i32x4_dot_i16x8, i64x2_add, i64x2_shl, u32x4, u32x4_splat, u64x2_extract_lane, u64x2_shr,
        u64x2_splat, v128, v128_and,
    };

    /// Four lanes of 32 bits, or two of 64.
    pub(crate) type Lanes = v128;

    #[inline]
    #[target_feature(enable = "simd128")]
    pub(crate) fn lanes([a, b, c, d]: [u32; 4]) -> Lanes {
        u32x4(a, b, c, d)
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    pub(crate) fn splat(word: u32) -> Lanes {
        u32x4_splat(word)
    }

    /// `sum` + the products of the lower and of the upper 16 bits, added, in each lane.
    #[inline]
    #[target_feature(enable = "simd128")]
    pub(crate) fn dot_add(sum: Lanes, x: Lanes, y: Lanes) -> Lanes {
        i32x4_add(sum, i32x4_dot_i16x8(x, y))
    }

    /// Adds lane 0 + 2^`SHIFT` · lane 1, and lane 2 + 2^`SHIFT` · lane 3, to two wide lanes.
    #[inline]
    #[target_feature(enable = "simd128")]
    pub(crate) fn widen_add<const SHIFT: u32>(wide: Lanes, narrow: Lanes) -> Lanes {
        let even = v128_and(narrow, u64x2_splat(0xffff_ffff));
        let odd = i64x2_shl(u64x2_shr(narrow, 32), SHIFT);
        i64x2_add(wide, i64x2_add(even, odd))
    }

    #[inline]
    #[target_feature(enable = "simd128")]
    pub(crate) fn wide_lanes(wide: Lanes) -> [u64; 2] {
        [u64x2_extract_lane::<0>(wide), u64x2_extract_lane::<1>(wide)]
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod portable {
    #![expect(clippy::indexing_slicing, reason = "four lanes, four indices")]

    /// Four lanes of 32 bits, or two of 64, the lower half first.
    pub(crate) type Lanes = [u32; 4];

    pub(crate) fn lanes(words: [u32; 4]) -> Lanes {
        words
    }

    pub(crate) fn splat(word: u32) -> Lanes {
        [word; 4]
    }

    /// `sum` + the products of the lower and of the upper 16 bits, added, in each lane.
    pub(crate) fn dot_add(sum: Lanes, x: Lanes, y: Lanes) -> Lanes {
        core::array::from_fn(|i| {
            let [x, y] = [x[i], y[i]];
            // The instruction takes signed halves.
            debug_assert!((x | y) & 0x8000_8000 == 0);
            sum[i] + (x & 0xffff) * (y & 0xffff) + (x >> 16) * (y >> 16)
        })
    }

    /// Adds lane 0 + 2^`SHIFT` · lane 1, and lane 2 + 2^`SHIFT` · lane 3, to two wide lanes.
    pub(crate) fn widen_add<const SHIFT: u32>(wide: Lanes, narrow: Lanes) -> Lanes {
        let [low, high] = wide_lanes(wide);
        let [a, b, c, d] = narrow.map(u64::from);
        let halves =
            |wide: u64| [wide & 0xffff_ffff, wide >> 32].map(|half| u32::try_from(half).unwrap_or_default());
        let ([a, b], [c, d]) = (halves(low + a + (b << SHIFT)), halves(high + c + (d << SHIFT)));
        [a, b, c, d]
    }

    pub(crate) fn wide_lanes([a, b, c, d]: Lanes) -> [u64; 2] {
        [[a, b], [c, d]].map(|[low, high]| u64::from(high) << 32 | u64::from(low))
    }
}
