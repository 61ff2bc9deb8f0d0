//! Changes of a client in the store: its scopes, its own claims and its secrets.

use serde_json::Value;

use crate::{
    Client, ClientKeys, ClientLogin, ClientSecret, Error, RedirectUri, State, StateError, TokenRefusal,
    check_audiences, check_claims,
};

/// The changes of a client. Everything else stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClientChanges {
    /// The scopes, which replace all previous scopes.
    pub scopes: Option<Vec<String>>,
    /// The audiences, which replace all previous audiences. The own scopes of a removed audience are removed, too.
    pub audiences: Option<Vec<String>>,
    /// The lifetime of its tokens, in seconds.
    pub token_life: Option<u64>,
    /// The redirect URIs of logins, which replace all previous ones.
    pub redirect_uris: Option<Vec<RedirectUri>>,
    /// The URIs for redirects after logout, which replace all previous ones.
    pub logout_uris: Option<Vec<RedirectUri>>,
    /// The switches of its logins that change.
    pub login: LoginChanges,
    /// The keys that authenticate it, which replace its previous keys. Its secrets stay until they are dropped.
    pub keys: Option<ClientKeys>,
    /// Audiences that get their own scopes, with these scopes.
    pub audience_scopes: Vec<(String, Vec<String>)>,
    /// Audiences that lose their own scopes.
    pub no_audience_scopes: Vec<String>,
    /// Claims that are added or replaced.
    pub claims: Vec<(String, Value)>,
    /// Claims that are removed.
    pub no_claims: Vec<String>,
}

/// The switches of a client's logins that change. [`ClientLogin`] explains each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoginChanges {
    /// Whether it gets refresh tokens.
    pub offline_access: Option<bool>,
    /// Whether it belongs to the issuer's own organisation.
    pub first_party: Option<bool>,
    /// Whether it may use the device flow.
    pub device: Option<bool>,
    /// Whether it may send a `nonce` instead of a PKCE challenge. Only for confidential clients.
    pub allow_nonce: Option<bool>,
    /// Whether it may use the password grant. Only for confidential clients.
    pub password: Option<bool>,
    /// Whether it may use the implicit grant.
    pub implicit: Option<bool>,
}

/// The most secrets of a client: the old one and the new one.
const MOST_SECRETS: usize = 2;

impl ClientChanges {
    /// Returns the changed client. `longest_life` is the setting, in seconds.
    ///
    /// # Errors
    /// [`TokenRefusal::Life`]; those of [`check_audiences`] and [`check_claims`]; [`TokenRefusal::Malformed`] without an
    /// audience; [`StateError::UnknownAudience`] and [`StateError::UnknownClaim`]; [`StateError::NoLogin`] and
    /// [`StateError::PublicClient`].
    pub fn apply(&self, client: &Client, longest_life: u64) -> Result<Client, Error> {
        let mut client = client.clone();
        if let Some(scopes) = &self.scopes {
            client.scopes.clone_from(scopes);
        }
        if let Some(audiences) = &self.audiences {
            check_audiences(audiences)?;
            client.audiences.clone_from(audiences);
            client.audience_scopes.retain(|audience, _| audiences.contains(audience));
        }
        if client.audiences.is_empty() {
            return Err(TokenRefusal::Malformed { name: "audience" }.into());
        }
        if let Some(seconds) = self.token_life {
            if seconds == 0 || seconds > longest_life {
                return Err(TokenRefusal::Life { seconds, longest: longest_life }.into());
            }
            client.token_life = seconds;
        }
        if self.redirect_uris.is_some() || self.logout_uris.is_some() || self.login != LoginChanges::default()
        {
            let id = client.id.clone();
            let login = client.login.as_mut().ok_or(StateError::NoLogin { id })?;
            if let Some(uris) = &self.redirect_uris {
                login.redirect_uris.clone_from(uris);
            }
            if let Some(uris) = &self.logout_uris {
                login.logout_uris.clone_from(uris);
            }
            self.login.apply(&client.id, login)?;
        }
        if let Some(keys) = &self.keys {
            if client.is_public() {
                return Err(StateError::PublicClient { id: client.id, what: "keys" }.into());
            }
            client.keys = Some(keys.clone());
        }
        for audience in &self.no_audience_scopes {
            let removed = client.audience_scopes.remove(audience);
            removed.ok_or_else(|| StateError::UnknownAudience { audience: audience.clone() })?;
        }
        for (audience, scopes) in &self.audience_scopes {
            if !client.audiences.contains(audience) {
                return Err(StateError::UnknownAudience { audience: audience.clone() }.into());
            }
            client.audience_scopes.insert(audience.clone(), scopes.clone());
        }
        for name in &self.no_claims {
            let removed = client.claims.remove(name);
            removed.ok_or_else(|| StateError::UnknownClaim { name: name.clone() })?;
        }
        client.claims.extend(self.claims.iter().cloned());
        if !self.claims.is_empty() {
            check_claims(&client.claims)?;
        }
        Ok(client)
    }
}

impl LoginChanges {
    fn apply(&self, id: &str, login: &mut ClientLogin) -> Result<(), StateError> {
        let confidential_only =
            [(self.allow_nonce, "a nonce in place of PKCE"), (self.password, "the password grant")];
        for (switch, what) in confidential_only {
            if login.public && switch == Some(true) {
                return Err(StateError::PublicClient { id: id.to_owned(), what });
            }
        }
        for (switch, old) in [
            (self.offline_access, &mut login.offline_access),
            (self.first_party, &mut login.first_party),
            (self.device, &mut login.device),
            (self.allow_nonce, &mut login.allow_nonce),
            (self.password, &mut login.password),
            (self.implicit, &mut login.implicit),
        ] {
            *old = switch.unwrap_or(*old);
        }
        Ok(())
    }
}

impl State {
    /// Returns the client with that identifier.
    ///
    /// # Errors
    /// [`StateError::UnknownClient`].
    pub fn client(&self, id: &str) -> Result<&Client, StateError> {
        let found = self.clients().iter().find(|client| client.id == id);
        found.ok_or_else(|| StateError::UnknownClient { id: id.to_owned() })
    }

    /// Returns the state in which that client gets tokens again.
    ///
    /// # Errors
    /// [`StateError::UnknownClient`].
    pub fn enable_client(&self, id: &str) -> Result<Self, StateError> {
        self.change_client(id, |client| client.disabled = false)
    }

    /// Returns the state with these changes of that client.
    ///
    /// # Errors
    /// Those of [`ClientChanges::apply`] and [`State::change_client`].
    pub fn set_client(&self, id: &str, changes: &ClientChanges) -> Result<Self, Error> {
        let changed = changes.apply(self.client(id)?, self.settings().times().longest_life)?;
        Ok(self.change_client(id, |client| *client = changed)?)
    }

    /// Returns the state in which that client has one more secret. The others stay valid.
    ///
    /// # Errors
    /// [`StateError::UnknownClient`], [`StateError::TooManySecrets`], [`StateError::NeedsUpgrade`].
    pub fn add_secret(&self, id: &str, secret: ClientSecret) -> Result<Self, StateError> {
        if self.client(id)?.secrets.len() >= MOST_SECRETS {
            return Err(StateError::TooManySecrets { id: id.to_owned() });
        }
        self.change_client(id, |client| client.secrets.push(secret))
    }

    /// Returns the state without that secret of that client. The only secret can be removed only if the client has keys.
    ///
    /// # Errors
    /// [`StateError::UnknownClient`], [`StateError::UnknownSecret`], [`StateError::OnlySecret`].
    pub fn drop_secret(&self, id: &str, secret: &str) -> Result<Self, StateError> {
        let client = self.client(id)?;
        if !client.secrets.iter().any(|known| known.id() == secret) {
            return Err(StateError::UnknownSecret { id: id.to_owned() });
        }
        if client.secrets.len() == 1 && client.keys.is_none() {
            return Err(StateError::OnlySecret { id: id.to_owned() });
        }
        self.change_client(id, |client| client.secrets.retain(|known| known.id() != secret))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::test_keys::NOW;

    fn client() -> Client {
        Client::new("worker", Some("a b"), &["one", "two"].map(str::to_owned), NOW).unwrap().0
    }

    fn code(changes: &ClientChanges) -> &'static str {
        changes.apply(&client(), 1800).unwrap_err().code()
    }

    #[test]
    fn k6_an_audience_that_goes_takes_its_own_scopes_with_it() {
        let two = ("two".to_owned(), vec!["c".to_owned()]);
        let with = ClientChanges { audience_scopes: vec![two], ..ClientChanges::default() };
        let with = with.apply(&client(), 1800).unwrap();
        assert_eq!(with.scopes_for("two"), ["c"]);
        let one = Some(vec!["one".to_owned()]);
        let without =
            ClientChanges { audiences: one, ..ClientChanges::default() }.apply(&with, 1800).unwrap();
        assert!(without.audience_scopes.is_empty());
    }

    #[test]
    fn k6_changes_that_make_no_sense_are_refused_by_their_codes() {
        let none = ClientChanges::default;
        let other = || "other".to_owned();
        for (changes, expected) in [
            (ClientChanges { token_life: Some(1801), ..none() }, "token_life"),
            (ClientChanges { audiences: Some(vec![]), ..none() }, "token_malformed_request"),
            (ClientChanges { audiences: Some(vec!["a#b".to_owned()]), ..none() }, "audience_malformed"),
            (ClientChanges { audience_scopes: vec![(other(), vec![])], ..none() }, "state_unknown_audience"),
            (ClientChanges { no_audience_scopes: vec![other()], ..none() }, "state_unknown_audience"),
            (ClientChanges { no_claims: vec![other()], ..none() }, "state_unknown_claim"),
            (ClientChanges { claims: vec![("sub".to_owned(), json!("x"))], ..none() }, "claim_reserved"),
        ] {
            assert_eq!(code(&changes), expected);
        }
    }
}
