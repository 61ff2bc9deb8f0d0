//! RSA's public operation, and verification with both paddings.

use alloc::boxed::Box;

use jotgate_arithmetic::rsa::modulus::Modulus;

use crate::Hash;
use crate::rsa::padding;

/// An RSA public key with a prepared modulus.
pub(crate) struct PublicKey {
    n: Box<[u8]>,
    bits: usize,
    e: u32,
    modulus: Modulus,
}

impl PublicKey {
    /// Prepares a key. `n` is odd, big-endian, and has `bits` bits (2048 to 8192) and no leading zeros. `e` is odd and at least 3.
    pub(crate) fn new(n: &[u8], bits: usize, e: u32) -> Self {
        Self { n: n.into(), bits, e, modulus: Modulus::new(n, bits) }
    }

    /// Verifies RSASSA-PKCS1-v1_5 (RFC 8017 §8.2.2).
    pub(crate) fn verify_pkcs1(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        let mut em = [0; MAXIMUM_BYTES];
        self.recover(signature, &mut em).is_some_and(|em| padding::is_pkcs1(em, hash, message))
    }

    /// Verifies RSASSA-PSS (RFC 8017 §8.1.2), with MGF1 over the same hash and a salt as long as it.
    pub(crate) fn verify_pss(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        let mut em = [0; MAXIMUM_BYTES];
        self.recover(signature, &mut em).is_some_and(|em| padding::is_pss(em, self.bits, hash, message))
    }

    /// Computes RSAVP1 (RFC 8017 §5.2.2): signature^e modulo n, as long as n. Returns `None` if the signature is not as long as n or
    /// not below it.
    fn recover<'a>(&self, signature: &[u8], em: &'a mut [u8; MAXIMUM_BYTES]) -> Option<&'a mut [u8]> {
        // Bytes of the same length compare like numbers.
        if signature.len() != self.n.len() || signature >= &*self.n {
            return None;
        }
        let em = em.get_mut(..self.n.len())?;
        self.modulus.power(signature, self.e, em);
        Some(em)
    }
}

/// The longest modulus.
const MAXIMUM_BYTES: usize = 1024;

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::*;

    /// `number` with its last byte changed.
    fn with_last(number: &[u8], last: u8) -> Vec<u8> {
        [&number[..number.len() - 1], &[last]].concat()
    }

    // Also in WebAssembly, which uses another kernel.
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    fn only_a_signature_of_the_modulus_length_and_below_it_is_opened() {
        for (bits, e) in [(2048, 3), (2049, 65537), (2055, 65537), (4096, 0xffff_ffff), (8192, 65537)] {
            let mut n = vec![0xff; usize::div_ceil(bits, 8)];
            n[0] = 0xff >> ((8 - bits % 8) % 8);
            let n = with_last(&n, 0xf3);
            let key = PublicKey::new(&n, bits, e);
            let open = |signature: &[u8]| {
                let mut em = [0x5a; MAXIMUM_BYTES];
                key.recover(signature, &mut em).map(|em| em.to_vec())
            };
            let zero = vec![0; n.len()];
            // 0, 1 and -1 are their own odd powers.
            for fixed in [zero.clone(), with_last(&zero, 1), with_last(&n, 0xf2)] {
                assert_eq!(open(&fixed), Some(fixed), "{bits} bits");
            }
            for above in [n.clone(), with_last(&n, 0xf4), vec![0xff; n.len()]] {
                assert_eq!(open(&above), None, "{bits} bits");
            }
            for length in [0, 1, n.len() - 1, n.len() + 1, 2 * n.len(), 5000] {
                assert_eq!(open(&vec![0; length]), None, "{bits} bits, {length} bytes");
            }
        }
    }
}
