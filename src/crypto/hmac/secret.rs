//! A shared secret: bytes enter, one keyed HMAC state per hash stays, a yes or no leaves.

use alloc::boxed::Box;

use hmac::{EagerHash, Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384, Sha512};
use zeroize::{ZeroizeOnDrop, zeroize_stack};

use crate::{Hash, KeyRefusal, hmac::public_form};

/// A secret, kept only as the states of HMAC after its key was taken in (RFC 2104 §4): the secret itself is not kept.
/// The states are as good as the secret and are overwritten when they go, the copy of each verification too.
pub(crate) struct Secret {
    /// The length of the secret.
    bits: usize,
    states: Box<States>,
}

struct States {
    sha256: Hmac<Sha256>,
    sha384: Hmac<Sha384>,
    sha512: Hmac<Sha512>,
}

impl Secret {
    /// Prepares a secret that is neither empty nor a public key. Its length is for the policy to judge.
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

    /// The length of the secret.
    pub(crate) fn bits(&self) -> usize {
        self.bits
    }

    /// Compares the MAC of `message` to `mac`, in constant time.
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

/// The bytes of the stack that are written over behind HMAC. The library overwrites what it drops, but not what it moves, nor the
/// block that it lays the secret out in.
const STACK: usize = 4096;

// A function of its own: what it leaves on the stack lies where the caller writes over it.
#[inline(never)]
fn keyed_states(secret: &[u8]) -> Result<Box<States>, KeyRefusal> {
    Ok(Box::new(States { sha256: keyed(secret)?, sha384: keyed(secret)?, sha512: keyed(secret)? }))
}

/// HMAC takes keys of any length; should the library ever refuse one, it is not a key.
#[inline(never)]
fn keyed<M: KeyInit>(secret: &[u8]) -> Result<M, KeyRefusal> {
    M::new_from_slice(secret).map_err(|_| KeyRefusal::Malformed)
}

/// An HMAC state is two states and one buffer of its hash. It bears no `ZeroizeOnDrop` itself; the bound on the hash
/// makes it a compile error to lose the zeroize features.
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
