//! Checks the two RSA encodings of a message (RFC 8017 §9). All values are public, so comparisons need not be in constant time.

use crate::{Hash, digest};

/// Checks EMSA-PKCS1-v1_5 (RFC 8017 §9.2): 00 01 FF … FF 00 DigestInfo. Nothing is parsed: the only valid encoding, with at least
/// 8 bytes FF and the NULL, is compared byte by byte.
pub(super) fn is_pkcs1(em: &[u8], hash: Hash, message: &[u8]) -> bool {
    // The last number of the hash function's identifier 2.16.840.1.101.3.4.2.x.
    let arc = match hash {
        Hash::Sha256 => 1,
        Hash::Sha384 => 2,
        Hash::Sha512 => 3,
    };
    let digest = digest(hash, &[message]);
    let Some((em, digest_seen)) = em.split_at_checked(em.len().wrapping_sub(digest.len())) else {
        return false;
    };
    // INVARIANT: at most 64 bytes, so all lengths have DER's short form.
    let Ok(length) = u8::try_from(digest.len()) else { return false };
    // SEQUENCE { SEQUENCE { OBJECT IDENTIFIER, NULL }, OCTET STRING }
    #[rustfmt::skip]
    let info = [
        0x30, 17 + length, 0x30, 13,
        0x06, 9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, arc, 0x05, 0,
        0x04, length,
    ];
    let Some(em) = em.strip_suffix(&info) else { return false };
    let [0, 1, padding @ .., 0] = em else { return false };
    digest_seen == digest && padding.len() >= 8 && padding.iter().all(|byte| *byte == 0xff)
}

/// Checks EMSA-PSS (RFC 8017 §9.1.2) with MGF1 (§B.2.1) over the same hash and a salt as long as the hash. `em` is as long as the
/// modulus of `bits` bits, and is overwritten.
pub(super) fn is_pss(em: &mut [u8], bits: usize, hash: Hash, message: &[u8]) -> bool {
    // §8.1.2, 2c: the encoding is one bit shorter than the modulus. If that makes it one byte shorter, the first byte is zero.
    let em_bits = bits.saturating_sub(1);
    let Some((leading, em)) = em.split_at_mut_checked(em.len().wrapping_sub(em_bits.div_ceil(8))) else {
        return false;
    };
    if leading.iter().any(|byte| *byte != 0) {
        return false;
    }
    let hash_bytes = hash.bytes();
    // Step 4: EM = maskedDB || H || 0xbc.
    let Some((&mut 0xbc, em)) = em.split_last_mut() else { return false };
    let Some((db, h)) = em.split_at_mut_checked(em.len().wrapping_sub(hash_bytes)) else { return false };
    // Step 6: the bits of the first byte beyond em_bits are zero.
    let Some(first) = db.first() else { return false };
    let kept = 0xff >> ((8 - em_bits % 8) % 8);
    if first & !kept != 0 {
        return false;
    }
    // Steps 7 and 8.
    for (counter, block) in (0_u32..).zip(db.chunks_mut(hash_bytes)) {
        let mask = digest(hash, &[h, &counter.to_be_bytes()]);
        for (byte, mask) in block.iter_mut().zip(&mask) {
            *byte ^= mask;
        }
    }
    // Step 9.
    if let Some(first) = db.first_mut() {
        *first &= kept;
    }
    // Step 10 (and 3): DB = 00 … 00 01 || salt.
    let Some((padding, salt)) = db.split_at_checked(db.len().wrapping_sub(hash_bytes)) else { return false };
    let Some((1, zeros)) = padding.split_last() else { return false };
    if zeros.iter().any(|byte| *byte != 0) {
        return false;
    }
    // Steps 12 to 14.
    *h == digest(hash, &[&[0; 8], &digest(hash, &[message]), salt])
}

#[cfg(test)]
mod tests;
