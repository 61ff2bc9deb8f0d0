//! A prepared RSA modulus, and powers modulo it.

use crate::rsa::montgomery::{self, Montgomery};
#[cfg(all(feature = "both-kernels", target_arch = "wasm32"))]
use crate::rsa::montgomery_native::Modulus as Other;
#[cfg(not(target_arch = "wasm32"))]
use crate::rsa::montgomery_native::Modulus as Prepared;
#[cfg(all(feature = "both-kernels", not(target_arch = "wasm32")))]
use crate::rsa::montgomery_wasm::Modulus as Other;
#[cfg(target_arch = "wasm32")]
use crate::rsa::montgomery_wasm::Modulus as Prepared;

/// An odd modulus with the constants for its products.
pub struct Modulus {
    prepared: Prepared,
    #[cfg(feature = "both-kernels")]
    other: Other,
}

impl Modulus {
    /// Prepares an odd modulus of `bits` bits, 64 < `bits` ≤ 8192, big-endian, first byte not zero.
    #[must_use]
    pub fn new(n: &[u8], bits: usize) -> Self {
        Self {
            prepared: Prepared::new(n, bits),
            #[cfg(feature = "both-kernels")]
            other: Other::new(n, bits),
        }
    }

    /// `base`^`e` modulo n into `out`, which is as long as n. `base` < n, as long as n; `e` is odd and at least 3.
    pub fn power(&self, base: &[u8], e: u32, out: &mut [u8]) {
        montgomery::power(&self.prepared, base, e, out);
        #[cfg(feature = "both-kernels")]
        {
            let mut same = alloc::vec![0; out.len()];
            montgomery::power(&self.other, base, e, &mut same);
            assert!(same == out, "the kernels differ: base {base:02x?}, e {e}: {out:02x?} and {same:02x?}");
        }
    }
}

impl core::fmt::Debug for Modulus {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Modulus")
    }
}
