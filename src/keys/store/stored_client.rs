//! Converts a client to its form in a document, and back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Client, ClientKeys, ClientLogin, ClientSecret};

// Unknown members are refused: an older program would drop them with its next change.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredClient {
    id: String,
    scopes: Vec<String>,
    audiences: Vec<String>,
    disabled: bool,
    created: u64,
    token_life: u64,
    /// Format 3: its one secret, as old as the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret_sha256: Option<[u8; 32]>,
    /// Format 4: its secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secrets: Option<Vec<StoredSecret>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    audience_scopes: BTreeMap<String, Vec<String>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    claims: BTreeMap<String, Value>,
    /// Format 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    login: Option<ClientLogin>,
    /// Format 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keys: Option<ClientKeys>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredSecret {
    created: u64,
    sha256: [u8; 32],
}

impl StoredClient {
    pub(super) fn from_client(client: &Client, old: bool) -> Self {
        let Client { id, scopes, audience_scopes, audiences, claims, .. } = client.clone();
        let Client { disabled, created, token_life, secrets, .. } = client;
        let stored = |secret: &ClientSecret| StoredSecret { created: secret.created, sha256: secret.hash() };
        // INVARIANT: a state of format 3 has clients with one secret alone.
        let only = secrets.first().filter(|_| old).map(ClientSecret::hash);
        let several = (!old).then(|| secrets.iter().map(stored).collect());
        Self {
            id,
            scopes,
            audiences,
            disabled: *disabled,
            created: *created,
            token_life: *token_life,
            secret_sha256: only,
            secrets: several,
            audience_scopes,
            claims,
            login: client.login.clone(),
            keys: client.keys.clone(),
        }
    }

    /// Whether it has only members of format 3.
    pub(super) fn is_old(&self) -> bool {
        self.secret_sha256.is_some()
            && self.secrets.is_none()
            && self.audience_scopes.is_empty()
            && self.claims.is_empty()
    }

    /// Whether it has members that only format 5 has.
    pub(super) const fn is_new(&self) -> bool {
        self.login.is_some() || self.keys.is_some()
    }

    pub(super) fn into_client(self) -> Client {
        let Self {
            id,
            scopes,
            audiences,
            disabled,
            created,
            token_life,
            audience_scopes,
            claims,
            login,
            keys,
            ..
        } = self;
        let only = self.secret_sha256.map(|hash| ClientSecret::from_parts(created, hash));
        let several = self.secrets.unwrap_or_default().into_iter();
        let several = several.map(|secret| ClientSecret::from_parts(secret.created, secret.sha256));
        let secrets = only.into_iter().chain(several).collect();
        Client {
            id,
            scopes,
            audience_scopes,
            audiences,
            claims,
            disabled,
            created,
            token_life,
            secrets,
            keys,
            login,
        }
    }
}
