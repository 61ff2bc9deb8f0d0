//! The state of an issuer, and the changes of its keys. Pure: no clock, no I/O, no randomness.

use std::sync::Arc;

use super::ledger_seal::LedgerSeal;
use super::older::Older;
use super::past_key::PastKey;
use super::ring::{Key, Phase, Revoked, Ring};
use super::state_error::StateError;
use crate::{Client, Issuer, KeyPair, Purpose, Settings, SigningAlgorithm, StoreId};

/// Everything the issuer must not forget.
///
/// INVARIANT: the first ring of each purpose has exactly one signing key and no other ring has one; only a ring for ID
/// tokens that was opened a moment ago has none yet. Each purpose has one ring per algorithm at most, each ring at least one
/// key and at most one successor; no two keys share a `kid` and no two clients an identifier; a state holds nothing that is
/// new in a later format. Every way to make a state checks it.
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
    /// What is kept for the ledger of people. Makes it a state of format 5.
    ledger: Option<LedgerSeal>,
    /// Public halves that recognise old ID tokens. Needs store format 5.
    past_keys: Vec<PastKey>,
}

impl State {
    /// The first state of an issuer: one ring whose only key signs from now on. No older key set exists.
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

    /// [`State::new`] with a successor that is published from the start. It may sign at any time: no
    /// key set without it has ever been published.
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

    /// Puts a state together from parts that were read.
    ///
    /// # Errors
    /// The first part of the invariant that does not hold.
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

    /// [`State::from_parts`] with the ledger's part, which makes it a state of format 5.
    ///
    /// # Errors
    /// The first part of the invariant that does not hold.
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

    /// Which store it is; `None` for a state of format 3.
    #[must_use]
    pub const fn store_id(&self) -> Option<StoreId> {
        self.store_id
    }

    /// Refuses `what` for a state of format 3, with the hint to upgrade the store. What only format 4 can hold calls it
    /// before it changes anything.
    ///
    /// # Errors
    /// [`StateError::NeedsUpgrade`].
    pub const fn require_format_4(&self, what: &'static str) -> Result<(), StateError> {
        match self.store_id {
            Some(_) => Ok(()),
            None => Err(StateError::NeedsUpgrade { what, format: 3 }),
        }
    }

    /// Refuses `what` for a state of an older format than 5, with the hint to upgrade the store.
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

    /// What is kept for the ledger of people; `None` for a state of an older format than 5.
    #[must_use]
    pub const fn ledger(&self) -> Option<&LedgerSeal> {
        self.ledger.as_ref()
    }

    /// The state with that part for the ledger. A state of format 4 becomes one of format 5.
    ///
    /// # Errors
    /// [`StateError::NeedsUpgrade`] for a state of format 3, which has no identifier.
    pub fn with_ledger(&self, ledger: LedgerSeal) -> Result<Self, StateError> {
        let next = Self { ledger: Some(ledger), ..self.clone() };
        next.hold()?;
        Ok(next)
    }

    /// The public halves that recognise old ID tokens.
    #[must_use]
    pub fn past_keys(&self) -> &[PastKey] {
        &self.past_keys
    }

    /// The state with these, in place of those of before.
    ///
    /// # Errors
    /// [`StateError::NeedsUpgrade`] before format 5.
    pub(crate) fn with_past_keys(self, past_keys: Vec<PastKey>) -> Result<Self, StateError> {
        let next = Self { past_keys, ..self };
        next.hold()?;
        Ok(next)
    }

    /// The state in format 4, under that identifier; `None` if it is of format 4 already.
    #[must_use]
    pub fn upgrade(&self, id: StoreId) -> Option<Self> {
        self.store_id.is_none().then(|| Self { store_id: Some(id), ..self.clone() })
    }

    /// Whose keys they are.
    #[must_use]
    pub const fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The times that every process agrees on.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// For how long settings of before still bind.
    #[must_use]
    pub const fn older(&self) -> &Older {
        &self.older
    }

    /// The state with other times. Keys that have signed keep what was written with them; those that have not are as if
    /// they had been staged with the new times, but never allowed to sign earlier for it.
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

    /// The rings; the first of each purpose signs.
    #[must_use]
    pub fn rings(&self) -> &[Ring] {
        &self.rings
    }

    /// The keys that were revoked and may still be trusted somewhere.
    #[must_use]
    pub fn revoked(&self) -> &[Revoked] {
        &self.revoked
    }

    /// The latest moment at which any process is known to have changed the state, in Unix seconds, if a clock that says `now`
    /// is behind it by more than clocks may differ. Nothing may be decided by such a clock.
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

    /// The moment with which a change is dated: `now`, or what is known to be past if the clock is behind that. Dated too
    /// early, a new key would sign before verifiers have it, and an old one would go before its tokens do.
    fn dated(&self, now: u64) -> u64 {
        self.ahead_of(now).unwrap_or(now)
    }

    /// Every key, of every ring, in every phase: all are published.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.rings.iter().flat_map(Ring::keys)
    }

    /// The key of that identifier.
    #[must_use]
    pub fn find(&self, kid: &str) -> Option<&Key> {
        self.keys().find(|key| key.kid() == kid)
    }

    /// The ring that signs access tokens.
    ///
    /// # Errors
    /// [`StateError::NoRing`], which no state made by this module gives.
    pub fn active(&self) -> Result<&Ring, StateError> {
        self.ring_for(Purpose::Access).ok_or(StateError::NoRing)
    }

    /// The first ring of a purpose: the one that signs. `None` if it has no ring, which never happens for access tokens.
    #[must_use]
    pub fn ring_for(&self, purpose: Purpose) -> Option<&Ring> {
        self.rings.iter().find(|ring| ring.purpose == purpose)
    }

    /// The key that signs access tokens.
    ///
    /// # Errors
    /// [`StateError::NotOneSigner`], which no state made by this module gives.
    pub fn signer(&self) -> Result<&Key, StateError> {
        let ring = self.active()?;
        let algorithm = ring.algorithm;
        ring.signer().ok_or(StateError::NotOneSigner { algorithm, signing: 0 })
    }

    /// The key that signs for that purpose.
    ///
    /// # Errors
    /// [`StateError::NoSigner`] if no key signs ID tokens.
    pub fn signer_for(&self, purpose: Purpose) -> Result<&Key, StateError> {
        self.ring_for(purpose).and_then(Ring::signer).ok_or(StateError::NoSigner { purpose })
    }

    /// The successor in the ring of that algorithm for access tokens, if there is one.
    #[must_use]
    pub fn successor(&self, algorithm: SigningAlgorithm) -> Option<&Key> {
        self.successor_for(Purpose::Access, algorithm)
    }

    /// The successor in the ring of that purpose and algorithm, if there is one.
    #[must_use]
    pub fn successor_for(&self, purpose: Purpose, algorithm: SigningAlgorithm) -> Option<&Key> {
        let is = |ring: &&Ring| (ring.purpose, ring.algorithm) == (purpose, algorithm);
        self.rings.iter().find(is)?.staged()
    }

    /// What the key of that identifier signs; access tokens for an unknown one.
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
