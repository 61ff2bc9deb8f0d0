//! The rings of keys: a state and a moment enter, the next state leaves. No clock, no I/O, no randomness.

use std::sync::Arc;

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
}

impl State {
    /// The first state of an issuer: one ring whose one key signs from now on. Nobody can hold an older set.
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
        }
    }

    /// [`State::new`] with a successor that is published from the start. It may sign at any time: there has never been a
    /// set without it that somebody could hold.
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
        let next_signer = None;
        let state = Self { store_id, issuer, settings, older, rings, revoked, clients, next_signer };
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
            None => Err(StateError::NeedsUpgrade { what }),
        }
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

    /// Those who may ask for tokens, in the order in which they came.
    #[must_use]
    pub fn clients(&self) -> &[Client] {
        &self.clients
    }

    /// The state with one more client.
    ///
    /// # Errors
    /// [`StateError::ClientTwice`]; [`StateError::NeedsUpgrade`] if format 3 can't hold it.
    pub fn add_client(&self, client: Client) -> Result<Self, StateError> {
        let mut next = self.clone();
        next.clients.push(client);
        next.hold()?;
        Ok(next)
    }

    /// The state with that client changed.
    ///
    /// # Errors
    /// [`StateError::UnknownClient`]; [`StateError::NeedsUpgrade`] if format 3 can't hold what it has become;
    /// [`StateError::ClientTwice`] if it has got another client's identifier.
    pub fn change_client(&self, id: &str, change: impl FnOnce(&mut Client)) -> Result<Self, StateError> {
        let mut next = self.clone();
        let client = next.clients.iter_mut().find(|client| client.id == id);
        change(client.ok_or_else(|| StateError::UnknownClient { id: id.to_owned() })?);
        next.hold()?;
        Ok(next)
    }

    /// The state in which that client gets no tokens.
    ///
    /// # Errors
    /// [`StateError::UnknownClient`].
    pub fn disable_client(&self, id: &str) -> Result<Self, StateError> {
        self.change_client(id, |client| client.disabled = true)
    }

    /// The state without that client.
    ///
    /// # Errors
    /// [`StateError::UnknownClient`].
    pub fn remove_client(&self, id: &str) -> Result<Self, StateError> {
        let mut next = self.clone();
        next.clients.retain(|client| client.id != id);
        if next.clients.len() == self.clients.len() {
            return Err(StateError::UnknownClient { id: id.to_owned() });
        }
        Ok(next)
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

    /// The state without that key, which somebody else may have. If it signs, its successor signs from now on.
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

    /// From when on nobody can meet a live token of that key, in Unix seconds; `None` while it is no retiring key.
    #[must_use]
    pub fn gone_from(&self, key: &Key, settings: &Settings) -> Option<u64> {
        let Phase::Retiring { until, .. } = key.phase else { return None };
        let dead_from = until.saturating_add(settings.times().beyond_life()).max(self.older.retired_until);
        Some(dead_from.saturating_add(key.longest_life))
    }

    /// The state without the keys that nobody needs and the revocations that are over; and the identifiers that went.
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

    /// The invariant of the type.
    fn hold(&self) -> Result<(), StateError> {
        if self.rings.is_empty() {
            return Err(StateError::NoRing);
        }
        for (place, ring) in self.rings.iter().enumerate() {
            let algorithm = ring.algorithm;
            if self.rings.iter().take(place).any(|earlier| earlier.algorithm == algorithm) {
                return Err(StateError::RingTwice { algorithm });
            }
            if ring.keys.is_empty() {
                return Err(StateError::EmptyRing { algorithm });
            }
            if let Some(key) = ring.keys.iter().find(|key| key.pair.algorithm() != algorithm) {
                return Err(StateError::ForeignKey { kid: key.kid().to_owned() });
            }
            let signing = ring.keys.iter().filter(|key| matches!(key.phase, Phase::Signing { .. })).count();
            if signing != usize::from(place == 0) {
                return Err(StateError::NotOneSigner { algorithm, signing });
            }
            if ring.keys.iter().filter(|key| key.phase == Phase::Staged).count() > 1 {
                return Err(StateError::StagedTwice { algorithm });
            }
        }
        for (place, client) in self.clients.iter().enumerate() {
            if self.clients.iter().take(place).any(|earlier| earlier.id == client.id) {
                return Err(StateError::ClientTwice { id: client.id.clone() });
            }
            if let Some(what) = client.beyond_format_3() {
                self.require_format_4(what)?;
            }
        }
        for (place, key) in self.keys().enumerate() {
            if self.keys().take(place).any(|earlier| earlier.kid() == key.kid()) {
                return Err(StateError::KidTwice { kid: key.kid().to_owned() });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_keys::{GATE, NOW, key, key_for, state};

    #[track_caller]
    fn phases(state: &State) -> Vec<Phase> {
        state.hold().unwrap();
        state.keys().map(|key| key.phase).collect()
    }

    fn signer(state: &State) -> String {
        state.signer().unwrap().kid().to_owned()
    }

    #[test]
    fn a_key_is_staged_then_signs_then_retires_and_none_is_dropped() {
        let (one, two) = (state(), key());
        assert_eq!(phases(&one), [Phase::Signing { since: NOW }]);
        let staged = one.stage(Arc::clone(&two), NOW + 10).unwrap();
        assert_eq!(phases(&staged), [Phase::Signing { since: NOW }, Phase::Staged]);
        let then = NOW + 10 + GATE;
        let promoted = staged.promote(two.kid(), then).unwrap();
        let expected = [Phase::Retiring { since: NOW, until: then }, Phase::Signing { since: then }];
        assert_eq!(phases(&promoted), expected);
    }

    #[test]
    fn five_rotations_in_a_row_keep_all_six_keys() {
        let mut state = state();
        for round in 1..=5 {
            let (successor, now) = (key(), NOW + round * 1000);
            state = state.stage(Arc::clone(&successor), now).unwrap();
            state = state.promote(successor.kid(), now + GATE).unwrap();
        }
        assert_eq!(state.keys().count(), 6);
        assert_eq!(signer(&state), state.keys().last().unwrap().kid());
    }

    #[test]
    fn a_successor_does_not_sign_a_second_before_every_verifier_can_have_it() {
        let two = key();
        let staged = state().stage(Arc::clone(&two), NOW).unwrap();
        let refusal = staged.promote(two.kid(), NOW + GATE - 1).unwrap_err();
        let (from, now) = (NOW + GATE, NOW + GATE - 1);
        assert_eq!(refusal, StateError::TooYoung { kid: two.kid().to_owned(), from, now });
        assert!(staged.promote(two.kid(), NOW + GATE).is_ok());
    }

    #[test]
    fn a_successor_that_was_there_from_the_start_may_sign_at_once() {
        let (one, two) = (state(), key());
        let first = Arc::clone(&one.signer().unwrap().pair);
        let issuer = one.issuer.clone();
        let both = State::with_successor(issuer, one.settings, [first, Arc::clone(&two)], NOW).unwrap();
        assert_eq!(signer(&both.promote(two.kid(), NOW).unwrap()), two.kid());
    }

    #[test]
    fn only_a_staged_key_can_be_promoted() {
        let state = state();
        for kid in [signer(&state).as_str(), "unknown"] {
            let refusal = state.promote(kid, NOW + 1000).unwrap_err();
            assert_eq!(refusal, StateError::NotStaged { kid: kid.to_owned() });
        }
    }

    #[test]
    fn a_second_successor_and_a_known_key_are_refused() {
        let one = state();
        let staged = one.stage(key(), NOW).unwrap();
        assert_eq!(staged.stage(key(), NOW).unwrap_err().code(), "state_staged_twice");
        let known = Arc::clone(&one.rings()[0].keys()[0].pair);
        assert_eq!(one.stage(known, NOW).unwrap_err().code(), "state_kid_twice");
    }

    #[test]
    fn another_algorithm_is_published_beside_the_first_and_takes_over_when_it_is_old_enough() {
        let (one, spare, other) = (state(), key(), key_for(SigningAlgorithm::EdDSA));
        let old = signer(&one);
        let both = one.stage(Arc::clone(&spare), NOW).unwrap().stage(Arc::clone(&other), NOW + 1).unwrap();
        assert_eq!((both.rings().len(), signer(&both)), (2, old.clone()));
        assert_eq!(both.promote(other.kid(), NOW + GATE).unwrap_err().code(), "state_too_young");
        let turned = both.promote(other.kid(), NOW + 1 + GATE).unwrap();
        assert_eq!(turned.active().unwrap().algorithm(), SigningAlgorithm::EdDSA);
        assert_eq!(signer(&turned), other.kid());
        assert!(turned.find(&old).is_some(), "its tokens live on");
        assert!(turned.find(spare.kid()).is_none(), "it never signed");
    }

    #[test]
    fn a_stolen_signer_is_out_of_the_set_at_once_and_its_aged_successor_signs() {
        let (one, two) = (state(), key());
        let stolen = signer(&one);
        assert_eq!(one.revoke(&stolen, NOW).unwrap_err().code(), "state_no_successor");
        let staged = one.stage(Arc::clone(&two), NOW).unwrap();
        assert_eq!(staged.revoke(&stolen, NOW + GATE - 1).unwrap_err().code(), "state_too_young");
        let after = staged.revoke(&stolen, NOW + GATE).unwrap();
        assert_eq!((signer(&after).as_str(), after.keys().count()), (two.kid(), 1));
        let revocation = after.settings().times().revocation;
        let at = NOW + GATE;
        let expected =
            Revoked { kid: stolen, algorithm: SigningAlgorithm::ES256, at, distrusted_from: at + revocation };
        assert_eq!(after.revoked(), [expected]);
    }

    #[test]
    fn a_revoked_key_that_does_not_sign_just_goes() {
        let (one, two) = (state(), key());
        let staged = one.stage(Arc::clone(&two), NOW).unwrap();
        let without = staged.revoke(two.kid(), NOW + 1).unwrap();
        assert_eq!((signer(&without), without.keys().count()), (signer(&one), 1));
        let refusal = without.revoke(two.kid(), NOW + 2).unwrap_err();
        assert_eq!(refusal, StateError::UnknownKey { kid: two.kid().to_owned() });
    }

    #[test]
    fn an_emergency_leaves_no_key_of_before() {
        let before = state().stage(key(), NOW).unwrap().stage(key_for(SigningAlgorithm::EdDSA), NOW).unwrap();
        let (first, second) = (key(), key());
        let after = before.replace_all([Arc::clone(&first), second], NOW + 5).unwrap();
        assert_eq!((signer(&after).as_str(), after.keys().count()), (first.kid(), 2));
        let revoked: Vec<&str> = after.revoked().iter().map(|revoked| revoked.kid.as_str()).collect();
        assert_eq!(revoked, before.keys().map(Key::kid).collect::<Vec<_>>());
    }

    #[test]
    fn a_shorter_max_age_lets_no_new_key_sign_before_the_sets_of_the_longer_one_are_gone() {
        let (one, two) = (state(), key());
        let mut times = *one.settings().times();
        times.max_age = 10;
        let shorter = Settings::new(times.shortest()).unwrap();
        let later = one.with_settings(shorter, NOW + 100);
        let from =
            |now: u64| later.stage(Arc::clone(&two), now).unwrap().find(two.kid()).unwrap().may_sign_from;
        assert_eq!(from(NOW + 101), NOW + 100 + GATE, "such a set may have left just before");
        let pre = shorter.times().pre_publication;
        assert_eq!(from(NOW + 100 + GATE), NOW + 100 + GATE + pre, "none is left");
        let back = later.with_settings(*one.settings(), NOW + 101).with_settings(shorter, NOW + 102);
        assert_eq!(back.older().may_sign_from, NOW + 102 + GATE, "the latest counts");
    }

    #[test]
    fn shorter_times_end_no_retirement_and_no_distrust_that_was_promised() {
        let (one, two) = (state(), key());
        let old = signer(&one);
        let mut times = *one.settings().times();
        (times.replica_delay, times.leeway, times.max_stale) = (0, 0, 0);
        let shorter = Settings::new(times.shortest()).unwrap();
        let turned = one.stage(Arc::clone(&two), NOW).unwrap().promote(two.kid(), NOW + GATE).unwrap();
        let promised = turned.gone_from(turned.find(&old).unwrap(), one.settings()).unwrap();
        let later = turned.with_settings(shorter, NOW + GATE);
        assert_eq!(later.gone_from(later.find(&old).unwrap(), &shorter), Some(promised));
        let thief = later.revoke(&old, NOW + GATE).unwrap();
        assert_eq!(thief.revoked()[0].distrusted_from, NOW + GATE + one.settings().times().revocation);
    }

    #[test]
    fn longer_times_hold_for_keys_that_have_not_signed_and_for_no_other() {
        let (one, two) = (state(), key());
        let staged = one.stage(Arc::clone(&two), NOW).unwrap();
        let mut times = *one.settings().times();
        (times.max_age, times.longest_life) = (600, 3600);
        let later = staged.with_settings(Settings::new(times.shortest()).unwrap(), NOW + 1);
        let (old, new) = (later.signer().unwrap(), later.find(two.kid()).unwrap());
        assert_eq!((old.longest_life, new.longest_life), (1800, 3600));
        assert_eq!(new.may_sign_from, NOW + GATE + 300);
    }

    #[test]
    fn a_store_of_format_3_takes_nothing_new_until_it_is_upgraded_once() {
        let (mut client, _) = Client::new("worker", None, &["api".to_owned()], NOW).unwrap();
        let old = state().add_client(client.clone()).unwrap();
        client.claims.insert("tenant".to_owned(), 7.into());
        let with_claims = |state: &State| state.change_client("worker", |found| found.clone_from(&client));
        let refusal = with_claims(&old).unwrap_err();
        assert_eq!(refusal, StateError::NeedsUpgrade { what: "a client's own claims" });
        assert!(refusal.to_string().contains("`jotgate-keys upgrade`"), "{refusal}");
        assert_eq!(old.require_format_4("x").unwrap_err().code(), "store_needs_upgrade");
        let id = StoreId::generate().unwrap();
        let new = old.upgrade(id).unwrap();
        assert!(new.require_format_4("x").is_ok() && new.upgrade(StoreId::generate().unwrap()).is_none());
        assert_eq!((new.store_id(), with_claims(&new).unwrap().clients()), (Some(id), &[client][..]));
    }

    #[test]
    fn k3_a_change_by_a_clock_that_is_far_behind_is_dated_with_what_is_known_to_be_past() {
        let (one, two, three) = (state(), key(), key());
        assert_eq!((one.ahead_of(NOW), one.ahead_of(NOW - 1)), (None, Some(NOW)));
        let staged = one.stage(Arc::clone(&two), NOW - 400 * 86_400).unwrap();
        let successor = staged.find(two.kid()).unwrap();
        assert_eq!((successor.published, successor.may_sign_from), (NOW, NOW + GATE));
        let turned = staged.promote(two.kid(), NOW + GATE).unwrap();
        let after = turned.revoke(&signer(&one), NOW - 1).unwrap().stage(three, 0).unwrap();
        assert_eq!(after.revoked()[0].at, NOW + GATE);
        assert_eq!(after.ahead_of(NOW + GATE), None);
    }

    #[test]
    fn parts_that_break_the_invariant_make_no_state() {
        let whole = state();
        let ring = whole.rings()[0].clone();
        let with = |rings| {
            State::from_parts(
                None,
                whole.issuer.clone(),
                whole.settings,
                Older::default(),
                rings,
                vec![],
                vec![],
            )
            .unwrap_err()
            .code()
        };
        let mut asleep = ring.clone();
        asleep.keys[0].phase = Phase::Staged;
        let mut twice = ring.clone();
        twice.keys.push(Key { pair: key(), ..ring.keys[0].clone() });
        let other = Ring::opened(&whole.settings, key_for(SigningAlgorithm::EdDSA), NOW);
        let empty = Ring { algorithm: SigningAlgorithm::EdDSA, keys: vec![] };
        assert_eq!(with(vec![]), "state_no_ring");
        assert_eq!(with(vec![asleep]), "state_not_one_signer");
        assert_eq!(with(vec![twice]), "state_not_one_signer");
        assert_eq!(with(vec![ring.clone(), other]), "state_not_one_signer");
        assert_eq!(with(vec![ring.clone(), empty]), "state_empty_ring");
        assert_eq!(with(vec![ring.clone(), ring]), "state_ring_twice");
    }
}
