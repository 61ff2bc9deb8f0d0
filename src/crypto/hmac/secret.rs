//! A shared secret, kept as one keyed HMAC state per hash function.

use alloc::boxed::Box;

use hmac::{EagerHash, Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384, Sha512};
use zeroize::{ZeroizeOnDrop, zeroize_stack};

use crate::{Hash, KeyRefusal, hmac::public_form};

/// A secret, kept only as HMAC states after processing the key (RFC 2104 §4). The secret itself is not kept. The states are as
/// sensitive as the secret: they are overwritten when they are dropped, and so is the copy that each verification makes.
pub(crate) struct Secret {
    /// The length of the secret in bits.
    bits: usize,
    states: Box<States>,
}

struct States {
    sha256: Hmac<Sha256>,
    sha384: Hmac<Sha384>,
    sha512: Hmac<Sha512>,
}

impl Secret {
    /// Prepares a secret that is neither empty nor a public key. The policy checks its length.
    #[inline(never)]
    pub(crate) fn from_bytes(secret: &[u8]) -> Result<Self, KeyRefusal> {
        if secret.is_empty() {
            return Err(KeyRefusal::SecretEmpty);
        }
        public_form::refuse(secret)?;
        let states = keyed_states(secret);
        zeroize_stack::<STACK>();
        Ok(Self { bits: secret.len() * 8, states: states? })
    }

    /// Returns the length of the secret in bits.
    pub(crate) fn bits(&self) -> usize {
        self.bits
    }

    /// Compares the MAC of `message` with `mac` in constant time.
    pub(crate) fn verify(&self, hash: Hash, message: &[u8], mac: &[u8]) -> bool {
        let holds = match hash {
            Hash::Sha256 => is_mac(&self.states.sha256, message, mac),
            Hash::Sha384 => is_mac(&self.states.sha384, message, mac),
            Hash::Sha512 => is_mac(&self.states.sha512, message, mac),
        };
        zeroize_stack::<STACK>();
        holds
    }
}

/// The number of stack bytes that are overwritten after using HMAC. The library overwrites what it drops, but neither what it moves
/// nor its padded block of the secret.
const STACK: usize = 4096;

// Not inlined, so that its stack frame is within the bytes that the caller overwrites.
#[inline(never)]
fn keyed_states(secret: &[u8]) -> Result<Box<States>, KeyRefusal> {
    Ok(Box::new(States { sha256: keyed(secret)?, sha384: keyed(secret)?, sha512: keyed(secret)? }))
}

/// Makes a keyed state. HMAC accepts keys of any length; if the library ever refuses one, the key is refused.
#[inline(never)]
fn keyed<M: KeyInit>(secret: &[u8]) -> Result<M, KeyRefusal> {
    M::new_from_slice(secret).map_err(|_| KeyRefusal::Malformed)
}

/// Compares a MAC in constant time. An HMAC state consists of two states and one buffer of its hash. It is not `ZeroizeOnDrop`
/// itself; the bound on the hash makes it a compile-time error to lose the zeroize features.
#[inline(never)]
fn is_mac<D: EagerHash + ZeroizeOnDrop>(state: &Hmac<D>, message: &[u8], mac: &[u8]) -> bool {
    state.clone().chain_update(message).verify_slice(mac).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::known_answers::{HS256_SECRET, HS256_TOKEN};
    use crate::known_answers::{base64url, signed};

    #[track_caller]
    fn is_refused(secret: &[u8], refusal: KeyRefusal) {
        assert_eq!(Secret::from_bytes(secret).err(), Some(refusal));
    }

    #[test]
    fn an_empty_secret_is_refused() {
        is_refused(b"", KeyRefusal::SecretEmpty);
    }

    #[test]
    fn pem_text_is_refused_wherever_it_starts() {
        for before in ["", "\n", " \t\r\n\u{b}", "\u{feff}", "Bag Attributes\n"] {
            let text = alloc::format!("{before}-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n");
            is_refused(text.as_bytes(), KeyRefusal::SecretIsPem);
        }
    }

    #[test]
    fn any_other_secret_is_taken_and_its_length_told() {
        for secret in [&b"\0"[..], b"-----BEGI", b"----- BEGIN", &[0xff; 1000]] {
            assert_eq!(Secret::from_bytes(secret).ok().map(|secret| secret.bits), Some(secret.len() * 8));
        }
    }

    #[test]
    fn a_prepared_secret_gives_the_same_answer_again() {
        let secret = Secret::from_bytes(&base64url(HS256_SECRET)).ok().unwrap();
        let (message, mac) = signed(HS256_TOKEN);
        for _ in 0..3 {
            assert!(secret.verify(Hash::Sha256, message, &mac));
            assert!(!secret.verify(Hash::Sha256, &message[1..], &mac));
            assert!(!secret.verify(Hash::Sha384, message, &mac));
        }
    }
}
