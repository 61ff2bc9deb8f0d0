//! A client that may request tokens, and its secret. The secret is shown once and stored as a hash.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use zeroize::Zeroizing;

use super::client_keys::ClientKeys;
use super::client_login::ClientLogin;
use super::client_secret::ClientSecret;
use super::names::{check_audiences, check_client_id};
use crate::{TokenRefusal, TokenRequest};

/// A program that requests tokens, for itself (RFC 6749 §4.4) or for people who log in.
#[derive(Clone, PartialEq, Eq)]
pub struct Client {
    /// Its identifier: `client_id`, and `sub` of its tokens.
    pub id: String,
    /// The scopes that it may request, each a scope-token of RFC 6749 §3.3.
    pub scopes: Vec<String>,
    /// The scopes that it may request for one audience, instead of `scopes`. Needs store format 4.
    pub audience_scopes: BTreeMap<String, Vec<String>>,
    /// The audiences of its tokens: `resource` of RFC 8707 §2. The first is the default.
    pub audiences: Vec<String>,
    /// Additional claims of its tokens. Needs store format 4.
    pub claims: BTreeMap<String, Value>,
    /// Whether it gets no tokens at present.
    pub disabled: bool,
    /// The time at which it was added, in Unix seconds.
    pub created: u64,
    /// The lifetime of its tokens, in seconds; never longer than the key may sign.
    pub token_life: u64,
    /// Its secrets, oldest first. More than one needs store format 4. A public client has none.
    pub secrets: Vec<ClientSecret>,
    /// The keys that authenticate it instead of a secret (`private_key_jwt`). Needs store format 5.
    pub keys: Option<ClientKeys>,
    /// Its login settings; `None` if people do not log in with it. Needs store format 5.
    pub login: Option<ClientLogin>,
}

impl Client {
    /// Makes a client with a new secret. The lifetime of its tokens is [`TokenRequest::USUAL_LIFE`].
    ///
    /// # Errors
    /// [`TokenRefusal::ClientId`] or one of [`check_audiences`] for names that no new client may have;
    /// [`TokenRefusal::Malformed`] or [`TokenRefusal::Scope`] for names that no token can carry, or without an audience;
    /// [`TokenRefusal::NotSigned`] if the system has no randomness.
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
        let (secret, text) = ClientSecret::generate(created)?;
        let scopes =
            checked.scope().map_or_else(Vec::new, |scope| scope.split(' ').map(str::to_owned).collect());
        let client = Self {
            id: id.to_owned(),
            scopes,
            audience_scopes: BTreeMap::new(),
            audiences: audiences.to_vec(),
            claims: BTreeMap::new(),
            disabled: false,
            created,
            token_life: TokenRequest::USUAL_LIFE,
            secrets: vec![secret],
            keys: None,
            login: None,
        };
        Ok((client, text))
    }

    /// Whether the text is one of its secrets. Takes the same time for every wrong text.
    #[must_use]
    pub fn has_secret(&self, secret: &[u8]) -> bool {
        self.secrets.iter().fold(false, |found, known| known.matches(secret) | found)
    }

    /// Returns the scopes that it may request for that audience.
    #[must_use]
    pub fn scopes_for(&self, audience: &str) -> &[String] {
        self.audience_scopes.get(audience).unwrap_or(&self.scopes)
    }

    /// Whether it is public: it has no secret and cannot authenticate itself (RFC 6749 §2.1).
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.login.as_ref().is_some_and(|login| login.public)
    }

    /// Returns the member that a store of format 4 cannot contain, if there is one.
    pub(crate) fn beyond_format_4(&self) -> Option<&'static str> {
        if self.keys.is_some() {
            return Some("a client with keys");
        }
        self.login.is_some().then_some("a client for logins")
    }

    /// Returns the member that a store of format 3 cannot contain, if there is one.
    pub(crate) fn beyond_format_3(&self) -> Option<&'static str> {
        if !self.claims.is_empty() {
            return Some("a client's own claims");
        }
        if !self.audience_scopes.is_empty() {
            return Some("a client's scopes per audience");
        }
        if self.is_public() {
            return Some("a public client");
        }
        let alone = matches!(self.secrets.as_slice(), [only] if only.created == self.created);
        if alone { None } else { Some("another secret of a client") }
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
    fn each_of_its_secrets_is_taken_and_a_store_of_format_3_holds_one_alone() {
        let (mut client, old) = Client::new("worker", None, &["api".to_owned()], NOW).unwrap();
        assert_eq!(client.beyond_format_3(), None);
        let (secret, new) = ClientSecret::generate(NOW + 1).unwrap();
        client.secrets.push(secret);
        assert!(client.has_secret(old.as_bytes()) && client.has_secret(new.as_bytes()));
        assert_eq!(client.beyond_format_3(), Some("another secret of a client"));
        client.secrets.remove(0);
        assert!(!client.has_secret(old.as_bytes()) && client.has_secret(new.as_bytes()));
        assert!(client.beyond_format_3().is_some(), "when it was made would be lost");
    }

    #[test]
    fn scopes_of_an_audience_take_the_place_of_the_others() {
        let (mut client, _) = Client::new("worker", Some("a b"), &["api".to_owned()], NOW).unwrap();
        client.audience_scopes.insert("api".to_owned(), vec!["c".to_owned()]);
        assert_eq!(
            (client.scopes_for("api"), client.scopes_for("other")),
            (&["c".to_owned()][..], &client.scopes[..])
        );
        assert_eq!(client.beyond_format_3(), Some("a client's scopes per audience"));
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
