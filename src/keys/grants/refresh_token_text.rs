//! The text of a refresh token: the identifier of its grant, and a secret.

use base64ct::{Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

use crate::ledger::SecretHash;

/// A refresh token: 128 bits that identify its grant, and 256 secret bits, in base64url.
pub(super) struct RefreshTokenText {
    text: Zeroizing<String>,
    grant: [u8; 16],
}

/// The length of the identifier in bytes, and of the whole token.
const ID_BYTES: usize = 16;
const BYTES: usize = 48;

impl RefreshTokenText {
    /// Makes a token of a grant.
    pub(super) fn new(grant: [u8; ID_BYTES], secret: &[u8; 32]) -> Self {
        let bytes = Zeroizing::new([grant.as_slice(), secret].concat());
        Self { text: Zeroizing::new(Base64UrlUnpadded::encode_string(&bytes)), grant }
    }

    /// Reads a token of a request. Returns `None` for other text.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; BYTES]);
        let decoded = Base64UrlUnpadded::decode(text, bytes.as_mut_slice()).ok()?;
        let grant = decoded.first_chunk::<ID_BYTES>().filter(|_| decoded.len() == BYTES)?;
        Some(Self { grant: *grant, text: Zeroizing::new(text.to_owned()) })
    }

    pub(super) const fn grant(&self) -> [u8; ID_BYTES] {
        self.grant
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    pub(super) fn hash(&self) -> SecretHash {
        SecretHash::of(self.as_bytes())
    }

    pub(super) fn into_text(self) -> Zeroizing<String> {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_and_other_text_is_none() {
        let token = RefreshTokenText::new([7; 16], &[9; 32]);
        let text = token.into_text();
        assert_eq!((text.len(), RefreshTokenText::read(&text).unwrap().grant()), (64, [7; 16]));
        for other in ["", "a", &text[1..], &format!("{}AAAA", &*text), &format!("{}=", &text[1..]), "a.b.c"] {
            assert!(RefreshTokenText::read(other).is_none(), "{other}");
        }
    }
}
