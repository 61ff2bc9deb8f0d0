//! A client's secret: random, returned once when it is made, and stored as a hash.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64ct::{Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

use crate::TokenRefusal;

/// One secret of a client. A client may have several, so that a new one can be in use before the old one is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientSecret {
    /// The time at which it was made, in Unix seconds.
    pub created: u64,
    /// SHA-256 of the secret. The secret is random, so the hash does not help to guess it.
    hash: [u8; 32],
}

/// Random bytes of a secret.
const SECRET_BYTES: usize = 32;
/// The number of bytes of the hash that identify a secret.
const ID_BYTES: usize = 4;

impl ClientSecret {
    /// Makes a new secret. Returns it with its text.
    ///
    /// # Errors
    /// [`TokenRefusal::NotSigned`] if the system has no randomness.
    pub fn generate(created: u64) -> Result<(Self, Zeroizing<String>), TokenRefusal> {
        let mut random = Zeroizing::new([0; SECRET_BYTES]);
        getrandom::fill(random.as_mut_slice()).map_err(|_| TokenRefusal::NotSigned)?;
        let text = Zeroizing::new(Base64UrlUnpadded::encode_string(random.as_slice()));
        Ok((Self { created, hash: hash(text.as_bytes()) }, text))
    }

    /// Returns a secret that was stored.
    pub(crate) const fn from_parts(created: u64, hash: [u8; 32]) -> Self {
        Self { created, hash }
    }

    /// Returns the hash, to store.
    pub(crate) const fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// Returns its identifier: eight hexadecimal digits of the hash, which do not help to guess the secret.
    #[must_use]
    pub fn id(&self) -> String {
        let name = hash(&[b"jotgate-keys client secret\n".as_slice(), &self.hash].concat());
        name.iter().take(ID_BYTES).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether `text` is this secret. Takes the same time for every wrong text.
    pub(crate) fn matches(&self, text: &[u8]) -> bool {
        verify_slices_are_equal(&hash(text), &self.hash).is_ok()
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSecret").field("id", &self.id()).finish_non_exhaustive()
    }
}

/// Does as much work as a comparison, for an unknown client.
pub(crate) fn compare_for_nothing(secret: &[u8]) {
    let _ = verify_slices_are_equal(&hash(secret), &[0; 32]);
}

fn hash(secret: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, secret).as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_matches_its_own_text_and_its_identifier_shows_nothing_of_it() {
        let (secret, text) = ClientSecret::generate(7).unwrap();
        assert_eq!((secret.created, text.len(), secret.id().len()), (7, 43, 8));
        assert!(secret.matches(text.as_bytes()));
        for wrong in ["", &text[1..], &text.to_uppercase()] {
            assert!(!secret.matches(wrong.as_bytes()));
        }
        assert_eq!(ClientSecret::from_parts(7, secret.hash()), secret);
        assert!(!format!("{secret:?}").contains(text.as_str()));
    }
}
