//! Recognizes public keys in every labelled form, so that none of them is used as a shared secret (RFC 8725 §2.1).
//!
//! Raw points and raw 32-byte keys are not recognized: half of all random secrets decode as a point.

use crate::{
    KeyParts, KeyRefusal,
    encoding::pem::{base64, find},
    encoding::spki,
};

/// Refuses a secret that is a public key, either directly or in Base64.
pub(crate) fn refuse(secret: &[u8]) -> Result<(), KeyRefusal> {
    recognize(secret)?;
    // The decoded bytes are overwritten when they are dropped.
    base64(secret, true).map_or(Ok(()), |bytes| recognize(&bytes))
}

fn recognize(bytes: &[u8]) -> Result<(), KeyRefusal> {
    // Anywhere, not only at the start: a byte order mark, white space or OpenSSL's "Bag Attributes" may come before the block.
    // CVE-2023-48223 bypassed a check that only looked at the start.
    if find(bytes, b"-----BEGIN").is_some() {
        return Err(KeyRefusal::SecretIsPem);
    }
    let found = if spki::is_spki(bytes) || KeyParts::from_pkcs1(bytes).is_ok() {
        "a public key in DER"
    } else if spki::certified(bytes).is_some() {
        "a certificate in DER"
    } else if is_ssh(bytes) {
        "an OpenSSH key"
    } else if is_jwk(bytes) {
        "a JWK or a JWKS"
    } else {
        return Ok(());
    };
    Err(KeyRefusal::SecretIsPublicKey { found })
}

/// Whether the bytes are an OpenSSH line, with any text around the key, a block of RFC 4716, or only the key of either (RFC 4253
/// §6.6).
fn is_ssh(bytes: &[u8]) -> bool {
    find(bytes, b"---- BEGIN SSH2").is_some()
        || is_ssh_key(bytes)
        || bytes
            .split(u8::is_ascii_whitespace)
            // Each key begins with the length of its name, which is below 2^8.
            .filter(|word| word.starts_with(b"AAAA"))
            .any(|word| base64(word, true).is_some_and(|key| is_ssh_key(&key)))
}

/// Whether the bytes begin with the name of a key type, encoded as in RFC 4251 §5.
fn is_ssh_key(bytes: &[u8]) -> bool {
    let Some(([0, 0, 0, length], rest)) = bytes.split_first_chunk::<4>() else { return false };
    let name = rest.get(..usize::from(*length)).unwrap_or_default();
    [&b"ssh-"[..], b"ecdsa-sha2-", b"sk-"].iter().any(|prefix| name.starts_with(prefix))
}

/// Whether the bytes are JSON text with a key of another type than `oct`. The text is only searched: this crate has no JSON parser.
fn is_jwk(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
    let has = |word: &[u8]| find(bytes, word).is_some();
    bytes.starts_with(b"{")
        && bytes.ends_with(b"}")
        && has(b"\"kty\"")
        && [&b"\"RSA\""[..], b"\"EC\"", b"\"OKP\"", b"\"AKP\""].into_iter().any(has)
}

#[cfg(test)]
mod tests;
