//! Converts a state to the JSON inside a document, with sealed private keys, and back. Each member is checked by its type.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::document_error::DocumentError;
use super::stored_client::StoredClient;
use crate::{
    Issuer, Keks, Key, KeyPair, LedgerSeal, Older, PastKey, Phase, Purpose, RefreshKey, Revoked, Ring,
    Settings, SigningAlgorithm, State, StoreId, Times, Version,
};

/// The format of a store that was made before stores had an identifier. It is read, and written until the store is upgraded.
const OLD_FORMAT: u32 = super::OLDEST_FORMAT;
/// Format 4 adds the store's identifier, and clients with several secrets, scopes for each audience and their own claims.
const FORMAT_4: u32 = 4;
/// The format of new stores, format 5. It adds the ledger's epoch and keys, clients with which people log in, and keys for ID tokens.
const FORMAT: u32 = super::NEWEST_FORMAT;

// Unknown members are refused throughout: an older program would drop them with its next change.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredState<'a> {
    format: u32,
    /// The identifier of the key-encryption key that opens it.
    sealed_with: &'a str,
    /// Required from format 4 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    store_id: Option<String>,
    issuer: String,
    settings: Times,
    older: Older,
    #[serde(borrow)]
    rings: Vec<StoredRing<'a>>,
    revoked: Vec<StoredRevoked<'a>>,
    clients: Vec<StoredClient>,
    /// From format 4 on: the `kid` of the staged key that signs as soon as it may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_signer: Option<String>,
    /// Required in format 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ledger: Option<StoredLedger>,
    /// Only in format 5: public keys that still verify old ID tokens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    past_keys: Vec<PastKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredLedger {
    epoch: u64,
    refresh_keys: Vec<StoredRefreshKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRefreshKey {
    id: String,
    /// The key, sealed.
    secret: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retired: Option<u64>,
}

#[derive(Deserialize)]
struct StoredFormat {
    format: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRevoked<'a> {
    kid: &'a str,
    algorithm: &'a str,
    at: u64,
    distrusted_from: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRing<'a> {
    /// The purpose of its keys; omitted for access tokens. Format 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    purpose: Option<StoredPurpose>,
    algorithm: &'a str,
    #[serde(borrow)]
    keys: Vec<StoredKey<'a>>,
}

/// Any purpose but access tokens.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StoredPurpose {
    Id,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredKey<'a> {
    kid: &'a str,
    /// The PKCS#8 document, sealed.
    private: String,
    created: u64,
    published: u64,
    may_sign_from: u64,
    longest_life: u64,
    phase: StoredPhase,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum StoredPhase {
    Staged,
    Signing { since: u64 },
    Retiring { since: u64, until: u64 },
}

impl<'a> StoredState<'a> {
    /// Returns the members of a state that is stored with that version.
    pub(super) fn from_state(
        state: &'a State,
        keks: &'a Keks,
        version: Version,
    ) -> Result<Self, DocumentError> {
        let rings = state.rings().iter().map(|ring| StoredRing::from_ring(ring, keks, version));
        Ok(Self {
            format: match (state.ledger(), state.store_id()) {
                (Some(_), _) => FORMAT,
                (None, Some(_)) => FORMAT_4,
                (None, None) => OLD_FORMAT,
            },
            sealed_with: keks.id(),
            store_id: state.store_id().map(|id| id.to_string()),
            issuer: state.issuer().as_str().to_owned(),
            settings: *state.settings().times(),
            older: *state.older(),
            rings: rings.collect::<Result<_, _>>()?,
            revoked: state.revoked().iter().map(StoredRevoked::from_revoked).collect(),
            clients: state
                .clients()
                .iter()
                .map(|client| StoredClient::from_client(client, state.store_id().is_none()))
                .collect(),
            next_signer: state.next_signer().map(|key| key.kid().to_owned()),
            ledger: state.ledger().map(|seal| StoredLedger::from_seal(seal, keks, version)).transpose()?,
            past_keys: state.past_keys().to_vec(),
        })
    }

    /// Reads JSON with a matching digest. The seal, checked later, proves that it is ours.
    pub(super) fn read(json: &'a [u8]) -> Result<Self, DocumentError> {
        let stored: Self = serde_json::from_slice(json).map_err(|_| {
            let format = serde_json::from_slice(json).map(|StoredFormat { format }| format).ok();
            DocumentError::UnknownFormat { format }
        })?;
        // A member of another format is refused like an unknown member.
        let old = match stored.format {
            OLD_FORMAT => true,
            FORMAT_4 | FORMAT => false,
            other => return Err(DocumentError::UnknownFormat { format: Some(other) }),
        };
        let newest = stored.format == FORMAT;
        let new_in_old = old && stored.next_signer.is_some()
            || newest != stored.ledger.is_some()
            || !newest && stored.clients.iter().any(StoredClient::is_new)
            || !newest && stored.rings.iter().any(|ring| ring.purpose.is_some())
            || !newest && !stored.past_keys.is_empty();
        if new_in_old
            || stored.store_id.is_some() == old
            || stored.clients.iter().any(|client| client.is_old() != old)
        {
            return Err(DocumentError::UnknownFormat { format: Some(stored.format) });
        }
        Ok(stored)
    }

    /// Returns the identifier of the key-encryption key that opens it.
    pub(super) const fn sealed_with(&self) -> &'a str {
        self.sealed_with
    }

    /// Converts the document to a state. Every part is checked.
    pub(super) fn into_state(self, keks: &Keks, version: Version) -> Result<State, DocumentError> {
        let store_id = self.store_id.map(|id| id.parse::<StoreId>());
        let store_id = store_id.transpose().map_err(|()| DocumentError::StoreId)?;
        let issuer = Issuer::from_store(&self.issuer).map_err(DocumentError::Issuer)?;
        let settings = Settings::new(self.settings).map_err(DocumentError::Settings)?;
        let rings = self.rings.into_iter().map(|ring| ring.into_ring(keks, self.sealed_with, version));
        let rings = rings.collect::<Result<_, _>>()?;
        let revoked = self.revoked.into_iter().map(StoredRevoked::into_revoked);
        let revoked = revoked.collect::<Result<_, _>>()?;
        let clients = self.clients.into_iter().map(StoredClient::into_client).collect();
        let ledger = self.ledger.map(|ledger| ledger.into_seal(keks, self.sealed_with, version));
        let ledger = ledger.transpose()?;
        let state = State::with_ledger_from_parts(
            store_id, issuer, settings, self.older, rings, revoked, clients, ledger,
        );
        let state = state.and_then(|state| state.with_past_keys(self.past_keys));
        let state = state.and_then(|state| match self.next_signer {
            Some(kid) => state.request_next_signer(&kid),
            None => Ok(state),
        });
        state.map_err(DocumentError::State)
    }
}

impl StoredLedger {
    fn from_seal(seal: &LedgerSeal, keks: &Keks, version: Version) -> Result<Self, DocumentError> {
        let stored = |key: &RefreshKey| {
            let place = refresh_key_place(key.id(), version);
            let secret = keks.seal(&place, key.secret()).map_err(DocumentError::Kek)?;
            Ok(StoredRefreshKey { id: key.id().to_owned(), secret, retired: key.retired() })
        };
        let refresh_keys = seal.keys().iter().map(stored).collect::<Result<_, _>>()?;
        Ok(Self { epoch: seal.epoch, refresh_keys })
    }

    fn into_seal(
        self,
        keks: &Keks,
        sealed_with: &str,
        version: Version,
    ) -> Result<LedgerSeal, DocumentError> {
        let opened = |StoredRefreshKey { id, secret, retired }| {
            let place = refresh_key_place(&id, version);
            let bytes = keks.open(sealed_with, &place, &secret).map_err(DocumentError::Kek)?;
            let mut secret = Zeroizing::new([0; RefreshKey::BYTES]);
            if bytes.len() != secret.len() {
                return Err(DocumentError::Damaged);
            }
            secret.copy_from_slice(&bytes);
            Ok(RefreshKey::from_parts(id, secret, retired))
        };
        let keys = self.refresh_keys.into_iter().map(opened).collect::<Result<_, _>>()?;
        Ok(LedgerSeal::from_parts(self.epoch, keys))
    }
}

impl<'a> StoredRing<'a> {
    fn from_ring(ring: &'a Ring, keks: &Keks, version: Version) -> Result<Self, DocumentError> {
        let keys = ring.keys().iter().map(|key| StoredKey::from_key(key, keks, version));
        let purpose = match ring.purpose() {
            Purpose::Access => None,
            Purpose::Id => Some(StoredPurpose::Id),
        };
        Ok(Self { purpose, algorithm: ring.algorithm().name(), keys: keys.collect::<Result<_, _>>()? })
    }

    fn into_ring(self, keks: &Keks, sealed_with: &str, version: Version) -> Result<Ring, DocumentError> {
        let purpose = match self.purpose {
            None => Purpose::Access,
            Some(StoredPurpose::Id) => Purpose::Id,
        };
        let algorithm = algorithm_of(self.algorithm)?;
        let open = |key: &StoredKey<'_>| {
            let place = key_place(key.kid, algorithm, version);
            keks.open(sealed_with, &place, &key.private).map_err(DocumentError::Kek)
        };
        let keys = self.keys.into_iter().map(|key| open(&key).and_then(|der| key.into_key(algorithm, &der)));
        Ok(Ring::from_parts(purpose, algorithm, keys.collect::<Result<_, _>>()?))
    }
}

impl<'a> StoredRevoked<'a> {
    fn from_revoked(Revoked { kid, algorithm, at, distrusted_from }: &'a Revoked) -> Self {
        Self { kid, algorithm: algorithm.name(), at: *at, distrusted_from: *distrusted_from }
    }

    fn into_revoked(self) -> Result<Revoked, DocumentError> {
        let Self { kid, algorithm, at, distrusted_from } = self;
        Ok(Revoked { kid: kid.to_owned(), algorithm: algorithm_of(algorithm)?, at, distrusted_from })
    }
}

impl<'a> StoredKey<'a> {
    fn from_key(key: &'a Key, keks: &Keks, version: Version) -> Result<Self, DocumentError> {
        let place = key_place(key.kid(), key.pair.algorithm(), version);
        Ok(Self {
            kid: key.kid(),
            private: keks.seal(&place, key.pair.pkcs8()).map_err(DocumentError::Kek)?,
            created: key.created,
            published: key.published,
            may_sign_from: key.may_sign_from,
            longest_life: key.longest_life,
            phase: match key.phase {
                Phase::Staged => StoredPhase::Staged,
                Phase::Signing { since } => StoredPhase::Signing { since },
                Phase::Retiring { since, until } => StoredPhase::Retiring { since, until },
            },
        })
    }

    fn into_key(self, algorithm: SigningAlgorithm, der: &[u8]) -> Result<Key, DocumentError> {
        let pair = KeyPair::from_pkcs8(algorithm, der).map_err(DocumentError::KeyPair)?;
        if pair.kid() != self.kid {
            let (stored, computed) = (self.kid.to_owned(), pair.kid().to_owned());
            return Err(DocumentError::KidMismatch { stored, computed });
        }
        Ok(Key {
            pair: Arc::new(pair),
            created: self.created,
            published: self.published,
            may_sign_from: self.may_sign_from,
            longest_life: self.longest_life,
            phase: match self.phase {
                StoredPhase::Staged => Phase::Staged,
                StoredPhase::Signing { since } => Phase::Signing { since },
                StoredPhase::Retiring { since, until } => Phase::Retiring { since, until },
            },
        })
    }
}

/// Returns the context to which the seal of a key that derives refresh tokens is bound.
fn refresh_key_place(id: &str, version: Version) -> Vec<u8> {
    format!("jotgate-keys refresh key\n{id}\n{version}").into_bytes()
}

/// Returns the context to which the seal of a private key is bound.
fn key_place(kid: &str, algorithm: SigningAlgorithm, version: Version) -> Vec<u8> {
    format!("jotgate-keys private key\n{kid}\n{algorithm}\n{version}").into_bytes()
}

fn algorithm_of(name: &str) -> Result<SigningAlgorithm, DocumentError> {
    SigningAlgorithm::from_name(name).ok_or(DocumentError::UnknownAlgorithm)
}
