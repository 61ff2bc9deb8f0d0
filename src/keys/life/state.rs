//! The state of an issuer, and the changes of its keys. Pure: no clock, no I/O, no randomness.

use std::sync::Arc;

use super::ledger_seal::LedgerSeal;
use super::older::Older;
use super::ring::{Key, Phase, Revoked, Ring};
use super::state_error::StateError;
use crate::{Client, Issuer, KeyPair, Settings, SigningAlgorithm, StoreId};

/// Everything the issuer must not forget.
///
/// INVARIANT: the first ring has exactly one signing key and no other ring has one; each algorithm has one ring at most,
/// each ring at least one key and at most one successor; no two keys share a `kid` and no two clients an identifier; a state
/// of format 3 holds nothing that is new in format 4. Every way to make a state checks it.
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
}

impl State {
    /// The first state of an issuer: one ring whose only key signs from now on. No older key set exists.
    #[must_use]
    pub fn new(issuer: Issuer, settings: Settings, first: Arc<KeyPair>, now: u64) -> Self {
        let ring = Ring::opened(&settings, first, now);
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
        let next_signer = None;
        let state = Self { store_id, issuer, settings, older, rings, revoked, clients, next_signer, ledger };
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

    /// The rings; tokens are signed by the first.
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

    /// The ring that signs.
    ///
    /// # Errors
    /// [`StateError::NoRing`], which no state made by this module gives.
    pub fn active(&self) -> Result<&Ring, StateError> {
        self.rings.first().ok_or(StateError::NoRing)
    }

    /// The key that signs.
    ///
    /// # Errors
    /// [`StateError::NotOneSigner`], which no state made by this module gives.
    pub fn signer(&self) -> Result<&Key, StateError> {
        let ring = self.active()?;
        let algorithm = ring.algorithm;
        ring.signer().ok_or(StateError::NotOneSigner { algorithm, signing: 0 })
    }

    /// The successor in the ring of that algorithm, if there is one.
    #[must_use]
    pub fn successor(&self, algorithm: SigningAlgorithm) -> Option<&Key> {
        self.rings.iter().find(|ring| ring.algorithm == algorithm)?.staged()
    }

    /// The state in which `successor` is published beside the others, and does not sign. The first key of an algorithm
    /// opens a ring.
    ///
    /// # Errors
    /// [`StateError::StagedTwice`], [`StateError::KidTwice`].
    pub fn stage(&self, successor: Arc<KeyPair>, now: u64) -> Result<Self, StateError> {
        let algorithm = successor.algorithm();
        let key = self.staged(successor, now);
        let mut next = self.clone();
        match next.rings.iter_mut().find(|ring| ring.algorithm == algorithm) {
            Some(ring) => ring.keys.push(key),
            None => next.rings.push(Ring { algorithm, keys: vec![key] }),
        }
        next.hold()?;
        Ok(next)
    }

    /// The state in which the staged key signs and the one that signed retires. If that was of another algorithm, its
    /// successor goes too: it has never signed.
    ///
    /// # Errors
    /// [`StateError::NotStaged`], [`StateError::TooYoung`].
    pub fn promote(&self, kid: &str, now: u64) -> Result<Self, StateError> {
        let staged = self.find(kid).filter(|key| key.phase == Phase::Staged);
        let staged = staged.ok_or_else(|| StateError::NotStaged { kid: kid.to_owned() })?;
        let from = staged.may_sign_from;
        if now < from {
            return Err(StateError::TooYoung { kid: kid.to_owned(), from, now });
        }
        let algorithm = staged.pair.algorithm();
        let now = self.dated(now);
        let mut next = self.clone();
        for ring in next.rings.iter_mut().take(1).filter(|ring| ring.algorithm != algorithm) {
            ring.keys.retain(|key| key.phase != Phase::Staged);
        }
        for key in next.rings.iter_mut().flat_map(|ring| &mut ring.keys) {
            if key.kid() == kid {
                key.phase = Phase::Signing { since: now };
            } else if let Phase::Signing { since } = key.phase {
                key.phase = Phase::Retiring { since, until: now };
            }
        }
        // Stable: the new signer's ring first, the others as they stood.
        next.rings.sort_by_key(|ring| ring.algorithm != algorithm);
        next.forget_done_request();
        next.hold()?;
        Ok(next)
    }

    /// The state without this key, which may have leaked. If it signs, its successor signs from now on.
    ///
    /// # Errors
    /// [`StateError::UnknownKey`]; [`StateError::NoSuccessor`] or [`StateError::TooYoung`] if the key signs and nothing
    /// can take its place.
    pub fn revoke(&self, kid: &str, now: u64) -> Result<Self, StateError> {
        let key = self.find(kid).ok_or_else(|| StateError::UnknownKey { kid: kid.to_owned() })?;
        let algorithm = key.pair.algorithm();
        let mut next = match key.phase {
            Phase::Staged | Phase::Retiring { .. } => self.clone(),
            Phase::Signing { .. } => {
                let successor = self.successor(algorithm).ok_or(StateError::NoSuccessor { algorithm })?;
                self.promote(successor.kid(), now)?
            }
        };
        next.rings.iter_mut().for_each(|ring| ring.keys.retain(|key| key.kid() != kid));
        next.rings.retain(|ring| !ring.keys.is_empty());
        next.revoked.push(self.revocation(kid, algorithm, now));
        next.forget_done_request();
        next.hold()?;
        Ok(next)
    }

    /// The state in which every key of before is revoked, for all may be in other hands: the first of the new keys signs
    /// at once, the second is its successor. Until verifiers fetch the set, good tokens are refused.
    ///
    /// # Errors
    /// [`StateError::ForeignKey`], [`StateError::KidTwice`].
    pub fn replace_all(&self, [first, successor]: [Arc<KeyPair>; 2], now: u64) -> Result<Self, StateError> {
        let mut next = self.clone();
        next.revoked.extend(self.keys().map(|key| self.revocation(key.kid(), key.pair.algorithm(), now)));
        let mut ring = Ring::opened(&self.settings, first, self.dated(now));
        ring.keys.push(self.staged(successor, now));
        next.rings = vec![ring];
        next.forget_done_request();
        next.hold()?;
        Ok(next)
    }

    /// The time from which all tokens of this key have expired, in Unix seconds; `None` if the key is not retiring.
    #[must_use]
    pub fn gone_from(&self, key: &Key, settings: &Settings) -> Option<u64> {
        let Phase::Retiring { until, .. } = key.phase else { return None };
        let dead_from = until.saturating_add(settings.times().beyond_life()).max(self.older.retired_until);
        Some(dead_from.saturating_add(key.longest_life))
    }

    /// The state without unneeded keys and finished revocations, and the identifiers that were removed.
    pub(crate) fn without_the_past(&self, now: u64, settings: &Settings) -> (Self, Vec<String>) {
        let past = |key: &Key| self.gone_from(key, settings).is_some_and(|from| now >= from);
        let gone = self.keys().filter(|key| past(key)).map(|key| key.kid().to_owned()).collect();
        let mut next = self.clone();
        next.rings.iter_mut().for_each(|ring| ring.keys.retain(|key| !past(key)));
        next.rings.retain(|ring| !ring.keys.is_empty());
        next.revoked.retain(|revoked| now < revoked.distrusted_from);
        (next, gone)
    }

    /// A key that is published from now on.
    fn staged(&self, pair: Arc<KeyPair>, now: u64) -> Key {
        let key = Key::staged(&self.settings, pair, self.dated(now));
        Key { may_sign_from: key.may_sign_from.max(self.older.may_sign_from), ..key }
    }

    fn revocation(&self, kid: &str, algorithm: SigningAlgorithm, at: u64) -> Revoked {
        let at = self.dated(at);
        let distrusted_from =
            at.saturating_add(self.settings.times().revocation).max(self.older.distrusted_from);
        Revoked { kid: kid.to_owned(), algorithm, at, distrusted_from }
    }
}

mod clients;
mod invariant;
#[cfg(test)]
mod tests;
