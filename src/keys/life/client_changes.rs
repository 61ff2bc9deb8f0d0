//! Changes of a client that is in the store: what it may ask for, its own claims and its secrets.

use serde_json::Value;

use crate::{
    Client, ClientSecret, Error, RedirectUri, State, StateError, TokenRefusal, check_audiences, check_claims,
};

/// What is to change in a client; everything else stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClientChanges {
    /// What it may ask for, in place of all that it might ask for before.
    pub scopes: Option<Vec<String>>,
    /// Who its tokens may be for, in place of all audiences of before. The own scopes of an audience that goes go too.
    pub audiences: Option<Vec<String>>,
    /// How long its tokens live, in seconds.
    pub token_life: Option<u64>,
    /// Where answers of logins go, in place of all redirect addresses of before.
    pub redirect_uris: Option<Vec<RedirectUri>>,
    /// Whether it gets refresh tokens.
    pub offline_access: Option<bool>,
    /// Audiences that get scopes of their own, each with them.
    pub audience_scopes: Vec<(String, Vec<String>)>,
    /// Audiences that lose their own scopes.
    pub no_audience_scopes: Vec<String>,
    /// Claims that are added or replaced.
    pub claims: Vec<(String, Value)>,
    /// Claims that are removed.
    pub no_claims: Vec<String>,
}

/// How many secrets a client may have at once: the old one and the new one.
const MOST_SECRETS: usize = 2;

impl ClientChanges {
    /// The changed client. `longest_life` is the setting, in seconds.
    ///
    /// # Errors
    /// [`TokenRefusal::Life`]; those of [`check_audiences`] and [`check_claims`]; [`TokenRefusal::Malformed`] without an
    /// audience; [`StateError::UnknownAudience`] and [`StateError::UnknownClaim`].
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
        if self.redirect_uris.is_some() || self.offline_access.is_some() {
            let id = client.id.clone();
            let login = client.login.as_mut().ok_or(StateError::NoLogin { id })?;
            if let Some(uris) = &self.redirect_uris {
                login.redirect_uris.clone_from(uris);
            }
            login.offline_access = self.offline_access.unwrap_or(login.offline_access);
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

impl State {
    /// The client of that identifier.
    ///
    /// # Errors
    /// [`StateError::UnknownClient`].
    pub fn client(&self, id: &str) -> Result<&Client, StateError> {
        let found = self.clients().iter().find(|client| client.id == id);
        found.ok_or_else(|| StateError::UnknownClient { id: id.to_owned() })
    }

    /// The state in which that client gets tokens again.
    ///
    /// # Errors
    /// [`StateError::UnknownClient`].
    pub fn enable_client(&self, id: &str) -> Result<Self, StateError> {
        self.change_client(id, |client| client.disabled = false)
    }

    /// The state with these changes in that client.
    ///
    /// # Errors
    /// Those of [`ClientChanges::apply`] and [`State::change_client`].
    pub fn set_client(&self, id: &str, changes: &ClientChanges) -> Result<Self, Error> {
        let changed = changes.apply(self.client(id)?, self.settings().times().longest_life)?;
        Ok(self.change_client(id, |client| *client = changed)?)
    }

    /// The state in which that client has one more secret. The others stay valid.
    ///
    /// # Errors
    /// [`StateError::UnknownClient`], [`StateError::TooManySecrets`], [`StateError::NeedsUpgrade`].
    pub fn add_secret(&self, id: &str, secret: ClientSecret) -> Result<Self, StateError> {
        if self.client(id)?.secrets.len() >= MOST_SECRETS {
            return Err(StateError::TooManySecrets { id: id.to_owned() });
        }
        self.change_client(id, |client| client.secrets.push(secret))
    }

    /// The state in which that client does not have the secret of that identifier.
    ///
    /// # Errors
    /// [`StateError::UnknownClient`], [`StateError::UnknownSecret`], [`StateError::OnlySecret`].
    pub fn drop_secret(&self, id: &str, secret: &str) -> Result<Self, StateError> {
        let client = self.client(id)?;
        if !client.secrets.iter().any(|known| known.id() == secret) {
            return Err(StateError::UnknownSecret { id: id.to_owned() });
        }
        if client.secrets.len() == 1 {
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
