//! Checks a request to sign a token according to RFC 9068.

use std::collections::BTreeMap;

use serde_json::Value;

use super::own_claims::is_reserved_claim;
use super::token_refusal::{LONGEST_TEXT, TokenRefusal};
use crate::ledger::{Grant, User};

/// The content of a token, without issuer, times and identifier, which the signer adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    subject: String,
    client: String,
    audience: Vec<String>,
    scope: Option<String>,
    life: u64,
    claims: BTreeMap<String, Value>,
}

impl TokenRequest {
    /// The default lifetime of a token, in seconds.
    pub const USUAL_LIFE: u64 = 1800;

    /// Checks a request. Without a client, the subject is the client, which acts for itself (RFC 9068 §2.2). Without an audience, the signer sets
    /// the issuer as the default resource (RFC 9068 §3).
    ///
    /// # Errors
    /// [`TokenRefusal::Malformed`], [`TokenRefusal::Scope`]. The signer checks the lifetime against the key.
    pub fn new(
        subject: &str,
        client: Option<&str>,
        audience: &[String],
        scope: Option<&str>,
        life: u64,
    ) -> Result<Self, TokenRefusal> {
        let client = client.unwrap_or(subject);
        let members = [("subject", subject), ("client", client)];
        let audiences = audience.iter().map(|audience| ("audience", audience.as_str()));
        for (name, text) in members.into_iter().chain(audiences) {
            if text.is_empty() || text.len() > LONGEST_TEXT || text.contains(char::is_control) {
                return Err(TokenRefusal::Malformed { name });
            }
        }
        Ok(Self {
            subject: subject.to_owned(),
            client: client.to_owned(),
            audience: audience.to_vec(),
            scope: scope.map(parse_scope).transpose()?,
            life,
            claims: BTreeMap::new(),
        })
    }

    /// Adds claims. A claim with a reserved name is ignored, so that it never replaces a claim of the issuer.
    #[must_use]
    pub fn with_claims(mut self, claims: &BTreeMap<String, Value>) -> Self {
        let own = claims.iter().filter(|(name, _)| !is_reserved_claim(name));
        self.claims.extend(own.map(|(name, value)| (name.clone(), value.clone())));
        self
    }

    /// Adds the time and the method of the login (RFC 9068 §2.2.1), and the roles and permissions of the person. They replace claims of the
    /// client.
    #[must_use]
    pub(crate) fn with_login(mut self, grant: &Grant, user: &User) -> Self {
        let lists = [("amr", &grant.methods), ("roles", &user.roles), ("permissions", &user.permissions)];
        let lists = lists.into_iter().filter(|(_, words)| !words.is_empty());
        self.claims.extend(lists.map(|(name, words)| (name.to_owned(), Value::from(words.clone()))));
        self.claims.insert("auth_time".to_owned(), grant.authenticated.into());
        self.claims.insert("acr".to_owned(), grant.acr.clone().into());
        if let Some(jkt) = &grant.jkt {
            self.claims.insert("cnf".to_owned(), serde_json::json!({ "jkt": jkt }));
        }
        self
    }

    /// Binds the token to the key of a DPoP proof (RFC 9449 §6.1).
    #[must_use]
    pub(crate) fn with_proof_key(mut self, jkt: &str) -> Self {
        self.claims.insert("cnf".to_owned(), serde_json::json!({ "jkt": jkt }));
        self
    }

    /// Whether the token is bound to a key, so that its bearer must prove possession of the key.
    pub(crate) fn is_bound(&self) -> bool {
        self.claims.contains_key("cnf")
    }

    pub(crate) const fn claims(&self) -> &BTreeMap<String, Value> {
        &self.claims
    }

    pub(crate) fn subject(&self) -> &str {
        &self.subject
    }

    pub(crate) fn client(&self) -> &str {
        &self.client
    }

    pub(crate) fn audience(&self) -> &[String] {
        &self.audience
    }

    pub(crate) fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    pub(crate) const fn life(&self) -> u64 {
        self.life
    }
}

/// RFC 6749 §3.3: `scope-token *( SP scope-token )`, a token being of `%x21 / %x23-5B / %x5D-7E`.
pub(super) fn parse_scope(text: &str) -> Result<String, TokenRefusal> {
    let words: Vec<&str> = text.split(' ').collect();
    let allowed = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    let well_formed = |word: &str| !word.is_empty() && word.bytes().all(allowed);
    let twice =
        words.iter().enumerate().any(|(place, word)| words.iter().take(place).any(|seen| seen == word));
    if text.len() > LONGEST_TEXT || twice || !words.iter().all(|word| well_formed(word)) {
        return Err(TokenRefusal::Scope);
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_scope(scope: &str) -> Result<TokenRequest, TokenRefusal> {
        TokenRequest::new("s", None, &[], Some(scope), 60)
    }

    #[test]
    fn scopes_are_lists_of_different_words() {
        for scope in ["a", "items:read items:write", "https://a.example/x ~!#"] {
            assert_eq!(with_scope(scope).unwrap().scope(), Some(scope));
        }
        for scope in ["", " ", "a  b", " a", "a ", "a a", "a\tb", "\"a\"", "a\\b", "ä", "a\n"] {
            assert_eq!(with_scope(scope), Err(TokenRefusal::Scope), "`{scope}`");
        }
    }

    #[test]
    fn empty_overlong_and_control_characters_are_refused_with_the_members_name() {
        let long = "x".repeat(LONGEST_TEXT + 1);
        for bad in ["", long.as_str(), "a\nb", "a\u{0}"] {
            let audience = [bad.to_owned()];
            for (name, request) in [
                ("subject", TokenRequest::new(bad, Some("c"), &[], None, 60)),
                ("client", TokenRequest::new("s", Some(bad), &[], None, 60)),
                ("audience", TokenRequest::new("s", None, &audience, None, 60)),
            ] {
                assert_eq!(request, Err(TokenRefusal::Malformed { name }));
            }
        }
    }

    #[test]
    fn without_a_client_the_subject_is_the_client() {
        assert_eq!(TokenRequest::new("s", None, &[], None, 60).unwrap().client(), "s");
    }
}
