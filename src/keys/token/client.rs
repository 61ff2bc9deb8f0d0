//! Who may ask for tokens: names enter, a client and its secret leave; the secret is shown once and stored as a hash.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64ct::{Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

use super::names::{check_audiences, check_client_id};
use crate::{TokenRefusal, TokenRequest};

/// A program that asks for tokens for itself (RFC 6749 §4.4).
#[derive(Clone, PartialEq, Eq)]
pub struct Client {
    /// Its identifier: `client_id`, and `sub` of its tokens.
    pub id: String,
    /// What it may ask for; each a scope-token of RFC 6749 §3.3.
    pub scopes: Vec<String>,
    /// Whom its tokens may be for: `resource` of RFC 8707 §2. The first is taken where none is asked for.
    pub audiences: Vec<String>,
    /// Whether it gets none at present.
    pub disabled: bool,
    /// When it was added, in Unix seconds.
    pub created: u64,
    /// How long its tokens live, in seconds; never longer than the key may sign.
    pub token_life: u64,
    /// SHA-256 of the secret, which is random: nobody can guess it from that.
    pub(crate) secret_hash: [u8; 32],
}

/// Random bytes of a secret.
const SECRET_BYTES: usize = 32;

impl Client {
    /// A new client with a new secret, whose tokens live for [`TokenRequest::USUAL_LIFE`].
    ///
    /// # Errors
    /// [`TokenRefusal::ClientId`] or one of [`check_audiences`] for names that no new client may have;
    /// [`TokenRefusal::Malformed`] or [`TokenRefusal::Scope`] for names that no token can carry, or without an audience;
    /// [`TokenRefusal::NotSigned`] if the system gave no randomness.
    pub fn new(
        id: &str,
        scope: Option<&str>,
        audiences: &[String],
        created: u64,
    ) -> Result<(Self, Zeroizing<String>), TokenRefusal> {
        check_client_id(id)?;
        check_audiences(audiences)?;
        let checked = TokenRequest::new(id, None, audiences, scope, 1)?;
        if audiences.is_empty() {
            return Err(TokenRefusal::Malformed { name: "audience" });
        }
        let mut random = Zeroizing::new([0; SECRET_BYTES]);
        getrandom::fill(random.as_mut_slice()).map_err(|_| TokenRefusal::NotSigned)?;
        let secret = Zeroizing::new(Base64UrlUnpadded::encode_string(random.as_slice()));
        let scopes =
            checked.scope().map_or_else(Vec::new, |scope| scope.split(' ').map(str::to_owned).collect());
        let (id, audiences, secret_hash) = (id.to_owned(), audiences.to_vec(), hash(secret.as_bytes()));
        let token_life = TokenRequest::USUAL_LIFE;
        Ok((Self { id, scopes, audiences, disabled: false, created, token_life, secret_hash }, secret))
    }

    /// Whether that is its secret; takes as long for every wrong one.
    #[must_use]
    pub fn has_secret(&self, secret: &[u8]) -> bool {
        verify_slices_are_equal(&hash(secret), &self.secret_hash).is_ok()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("id", &self.id)
            .field("disabled", &self.disabled)
            .finish_non_exhaustive()
    }
}

/// As much work as a comparison, for a client that is not there.
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
    use crate::test_keys::NOW;

    #[test]
    fn a_client_has_its_own_secret_and_no_other() {
        let (client, secret) = Client::new("worker", Some("a b"), &["api".to_owned()], NOW).unwrap();
        assert_eq!((secret.len(), client.scopes.len()), (43, 2));
        assert!(client.has_secret(secret.as_bytes()));
        for wrong in ["", &secret[1..], &secret.to_uppercase()] {
            assert!(!client.has_secret(wrong.as_bytes()));
        }
        assert!(!format!("{client:?}").contains(secret.as_str()));
    }

    #[test]
    fn names_that_no_token_can_carry_make_no_client() {
        let api = ["api".to_owned()];
        for (id, scope, audiences, code) in [
            ("", None, &api[..], "client_id"),
            ("we:ird né", None, &api[..], "client_id"),
            ("a", Some("a  b"), &api[..], "token_invalid_scope"),
            ("a", None, &[], "token_malformed_request"),
            ("a", None, &[String::new()], "audience_malformed"),
            ("a", None, &["https://api.example/#x".to_owned()], "audience_malformed"),
        ] {
            assert_eq!(Client::new(id, scope, audiences, NOW).unwrap_err().code(), code);
        }
    }
}
