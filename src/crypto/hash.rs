//! The SHA-2 hash functions.

use alloc::vec::Vec;

use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::Hash;

/// Computes the digest of the concatenated parts (FIPS 180-4). Its length is [`Hash::bytes`].
#[must_use]
pub fn digest(hash: Hash, parts: &[&[u8]]) -> Vec<u8> {
    match hash {
        Hash::Sha256 => of::<Sha256>(parts),
        Hash::Sha384 => of::<Sha384>(parts),
        Hash::Sha512 => of::<Sha512>(parts),
    }
}

// Not inlined, so that each hash function is compiled only once.
#[inline(never)]
fn of<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
    let mut state = D::new();
    for part in parts {
        state.update(part);
    }
    state.finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::known_answers::hex;

    #[test]
    fn each_hash_gives_the_digest_of_fips_180_4() {
        let abc = [
            (Hash::Sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                Hash::Sha384,
                "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
            ),
            (
                Hash::Sha512,
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd\
                 454d4423643ce80e2a9ac94fa54ca49f",
            ),
        ];
        for (hash, expected) in abc {
            assert_eq!(digest(hash, &[b"abc"]), hex(expected));
            assert_eq!(digest(hash, &[b"a", b"", b"bc"]), hex(expected));
            assert_eq!(digest(hash, &[]).len(), hash.bytes());
        }
    }
}
