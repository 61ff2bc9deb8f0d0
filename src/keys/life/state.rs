//! The state of an issuer. Pure: no clock, no I/O, no randomness.

use std::sync::Arc;

use super::ledger_seal::LedgerSeal;
use super::older::Older;
use super::past_key::PastKey;
use super::ring::{Key, Phase, Revoked, Ring};
use super::state_error::StateError;
use crate::{Client, Issuer, KeyPair, Purpose, Settings, SigningAlgorithm, StoreId};

/// Everything that an issuer stores about its keys, settings and clients.
///
/// INVARIANT: the first ring of each purpose has exactly one signing key, and no other ring has one. Only a newly opened ring for ID tokens
/// has none yet. Each purpose has at most one ring per algorithm. Each ring has at least one key and at most one successor. No two keys
/// share a `kid`, and no two clients an identifier. A state has no member of a later format. Every constructor checks this.
#[derive(Clone, Debug)]
pub struct State {
    /// `None` in a store of format 3, which has none.
    store_id: Option<StoreId>,
    issuer: Issuer,
    settings: Settings,
    older: Older,
    rings: Vec<Ring>,
    revoked: Vec<Revoked>,
    clients: Vec<Client>,
    /// The `kid` of the staged key that signs as soon as it may. Needs store format 4.
    pub(super) next_signer: Option<String>,
    /// The part for the ledger of people. A state with it has format 5.
    ledger: Option<LedgerSeal>,
    /// Public keys that still verify old ID tokens. Needs store format 5.
    past_keys: Vec<PastKey>,
}

impl State {
    /// Makes the first state of an issuer: one ring whose only key signs from now on. No older key set exists.
    #[must_use]
    pub fn new(issuer: Issuer, settings: Settings, first: Arc<KeyPair>, now: u64) -> Self {
        let ring = Ring::opened(Purpose::Access, &settings, first, now);
        Self {
            store_id: None,
            issuer,
            settings,
            older: Older::default(),
            rings: vec![ring],
            revoked: vec![],
            clients: vec![],
            next_signer: None,
            ledger: None,
            past_keys: vec![],
        }
    }

    /// Makes the first state with a successor that is published from the start. It may sign at any time, because no key set without it was
    /// ever published.
    ///
    /// # Errors
    /// [`StateError::ForeignKey`], [`StateError::KidTwice`].
    pub fn with_successor(
        issuer: Issuer,
        settings: Settings,
        [first, successor]: [Arc<KeyPair>; 2],
        now: u64,
    ) -> Result<Self, StateError> {
        let mut state = Self::new(issuer, settings, first, now);
        let successor = Key { may_sign_from: now, ..Key::staged(&settings, successor, now) };
        state.rings.iter_mut().for_each(|ring| ring.keys.push(successor.clone()));
        state.hold()?;
        Ok(state)
    }

    /// Makes a state of parts that were read.
    ///
    /// # Errors
    /// The first part of the invariant that is violated.
    pub fn from_parts(
        store_id: Option<StoreId>,
        issuer: Issuer,
        settings: Settings,
        older: Older,
        rings: Vec<Ring>,
        revoked: Vec<Revoked>,
        clients: Vec<Client>,
    ) -> Result<Self, StateError> {
        Self::with_ledger_from_parts(store_id, issuer, settings, older, rings, revoked, clients, None)
    }

    /// Makes a state of parts that were read, including the ledger's part, so that it has format 5.
    ///
    /// # Errors
    /// The first part of the invariant that is violated.
    #[expect(clippy::too_many_arguments, reason = "each is a member of the stored document")]
    pub(crate) fn with_ledger_from_parts(
        store_id: Option<StoreId>,
        issuer: Issuer,
        settings: Settings,
        older: Older,
        rings: Vec<Ring>,
        revoked: Vec<Revoked>,
        clients: Vec<Client>,
        ledger: Option<LedgerSeal>,
    ) -> Result<Self, StateError> {
        let (next_signer, past_keys) = (None, vec![]);
        let state = Self {
            store_id,
            issuer,
            settings,
            older,
            rings,
            revoked,
            clients,
            next_signer,
            ledger,
            past_keys,
        };
        state.hold()?;
        Ok(state)
    }

    /// Returns the identifier of the store, or `None` for a state of format 3.
    #[must_use]
    pub const fn store_id(&self) -> Option<StoreId> {
        self.store_id
    }

    /// Refuses `what` for a state of format 3, with a hint to upgrade the store. Changes that need format 4 call this function first.
    ///
    /// # Errors
    /// [`StateError::NeedsUpgrade`].
    pub const fn require_format_4(&self, what: &'static str) -> Result<(), StateError> {
        match self.store_id {
            Some(_) => Ok(()),
            None => Err(StateError::NeedsUpgrade { what, format: 3 }),
        }
    }

    /// Refuses `what` for a state of an older format than 5, with a hint to upgrade the store.
    ///
    /// # Errors
    /// [`StateError::NeedsUpgrade`].
    pub const fn require_format_5(&self, what: &'static str) -> Result<(), StateError> {
        match (&self.ledger, self.store_id) {
            (Some(_), _) => Ok(()),
            (None, Some(_)) => Err(StateError::NeedsUpgrade { what, format: 4 }),
            (None, None) => Err(StateError::NeedsUpgrade { what, format: 3 }),
        }
    }

    /// Returns the part for the ledger of people, or `None` for a state of an older format than 5.
    #[must_use]
    pub const fn ledger(&self) -> Option<&LedgerSeal> {
        self.ledger.as_ref()
    }

    /// Returns the state with that part for the ledger. A state of format 4 becomes one of format 5.
    ///
    /// # Errors
    /// [`StateError::NeedsUpgrade`] for a state of format 3, which has no identifier.
    pub fn with_ledger(&self, ledger: LedgerSeal) -> Result<Self, StateError> {
        let next = Self { ledger: Some(ledger), ..self.clone() };
        next.hold()?;
        Ok(next)
    }

    /// Returns the public keys that still verify old ID tokens.
    #[must_use]
    pub fn past_keys(&self) -> &[PastKey] {
        &self.past_keys
    }

    /// Returns the state with these public keys, which replace the previous ones.
    ///
    /// # Errors
    /// [`StateError::NeedsUpgrade`] before format 5.
    pub(crate) fn with_past_keys(self, past_keys: Vec<PastKey>) -> Result<Self, StateError> {
        let next = Self { past_keys, ..self };
        next.hold()?;
        Ok(next)
    }

    /// Returns the state in format 4, with that identifier. Returns `None` if it already has format 4.
    #[must_use]
    pub fn upgrade(&self, id: StoreId) -> Option<Self> {
        self.store_id.is_none().then(|| Self { store_id: Some(id), ..self.clone() })
    }

    /// Returns the issuer.
    #[must_use]
    pub const fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Returns the settings, which all processes share.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns the times until which previous settings still apply.
    #[must_use]
    pub const fn older(&self) -> &Older {
        &self.older
    }

    /// Returns the state with other times. Keys that have signed keep their values. Keys that have not signed get the values of the new times,
    /// but may never sign earlier because of that.
    #[must_use]
    pub fn with_settings(&self, settings: Settings, now: u64) -> Self {
        let mut next = self.clone();
        next.older = self.older.and(self.settings.times(), self.dated(now));
        next.settings = settings;
        let times = settings.times();
        let longer = times.pre_publication > self.settings.times().pre_publication;
        let keys = next.rings.iter_mut().flat_map(|ring| &mut ring.keys);
        for key in keys.filter(|key| key.phase == Phase::Staged) {
            key.longest_life = times.longest_life;
            let from = if longer { key.published.saturating_add(times.pre_publication) } else { 0 };
            key.may_sign_from = key.may_sign_from.max(from);
        }
        next
    }

    /// Returns the rings. The first of each purpose signs.
    #[must_use]
    pub fn rings(&self) -> &[Ring] {
        &self.rings
    }

    /// Returns the revoked keys that some verifiers may still trust.
    #[must_use]
    pub fn revoked(&self) -> &[Revoked] {
        &self.revoked
    }

    /// Returns the latest known change of the state in Unix seconds, if `now` is behind it by more than clocks may differ. A clock that is so
    /// far behind must not be used for decisions.
    #[must_use]
    pub fn ahead_of(&self, now: u64) -> Option<u64> {
        let of_key = |key: &Key| {
            let last = match key.phase {
                Phase::Staged => 0,
                Phase::Signing { since } => since,
                Phase::Retiring { until, .. } => until,
            };
            last.max(key.created).max(key.published)
        };
        let revoked = self.revoked.iter().map(|revoked| revoked.at);
        let latest = self.keys().map(of_key).chain(revoked).max()?;
        (latest > now.saturating_add(self.settings.times().clock_difference)).then_some(latest)
    }

    /// Returns the date of a change: `now`, or the latest known change if the clock is behind it. With an earlier date, a new key could sign
    /// before verifiers have it, and an old key could be removed before its tokens expire.
    fn dated(&self, now: u64) -> u64 {
        self.ahead_of(now).unwrap_or(now)
    }

    /// Returns all keys of all rings, in every phase. All of them are published.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.rings.iter().flat_map(Ring::keys)
    }

    /// Returns the key with that identifier.
    #[must_use]
    pub fn find(&self, kid: &str) -> Option<&Key> {
        self.keys().find(|key| key.kid() == kid)
    }

    /// Returns the ring that signs access tokens.
    ///
    /// # Errors
    /// [`StateError::NoRing`], which never happens for a valid state.
    pub fn active(&self) -> Result<&Ring, StateError> {
        self.ring_for(Purpose::Access).ok_or(StateError::NoRing)
    }

    /// Returns the first ring of a purpose, which signs. Returns `None` if there is none, which never happens for access tokens.
    #[must_use]
    pub fn ring_for(&self, purpose: Purpose) -> Option<&Ring> {
        self.rings.iter().find(|ring| ring.purpose == purpose)
    }

    /// Returns the key that signs access tokens.
    ///
    /// # Errors
    /// [`StateError::NotOneSigner`], which never happens for a valid state.
    pub fn signer(&self) -> Result<&Key, StateError> {
        let ring = self.active()?;
        let algorithm = ring.algorithm;
        ring.signer().ok_or(StateError::NotOneSigner { algorithm, signing: 0 })
    }

    /// Returns the key that signs for that purpose.
    ///
    /// # Errors
    /// [`StateError::NoSigner`] if no key signs ID tokens.
    pub fn signer_for(&self, purpose: Purpose) -> Result<&Key, StateError> {
        self.ring_for(purpose).and_then(Ring::signer).ok_or(StateError::NoSigner { purpose })
    }

    /// Returns the successor in the ring of that algorithm for access tokens, if there is one.
    #[must_use]
    pub fn successor(&self, algorithm: SigningAlgorithm) -> Option<&Key> {
        self.successor_for(Purpose::Access, algorithm)
    }

    /// Returns the successor in the ring of that purpose and algorithm, if there is one.
    #[must_use]
    pub fn successor_for(&self, purpose: Purpose, algorithm: SigningAlgorithm) -> Option<&Key> {
        let is = |ring: &&Ring| (ring.purpose, ring.algorithm) == (purpose, algorithm);
        self.rings.iter().find(is)?.staged()
    }

    /// Returns the purpose of the key with that identifier; access tokens for an unknown key.
    #[must_use]
    pub fn purpose_of(&self, kid: &str) -> Purpose {
        let holds = |ring: &&Ring| ring.keys.iter().any(|key| key.kid() == kid);
        self.rings.iter().find(holds).map_or(Purpose::Access, Ring::purpose)
    }
}

mod changes;
mod clients;
mod invariant;
#[cfg(test)]
mod tests;
