//! Changes of a state's keys.

use std::sync::Arc;

use super::State;
use crate::life::past_key::PastKey;
use crate::life::ring::{Key, Phase, Revoked, Ring};
use crate::life::state_error::StateError;
use crate::{KeyPair, Purpose, Settings, SigningAlgorithm};

impl State {
    /// Publishes a successor for access tokens: see [`State::stage_for`].
    ///
    /// # Errors
    /// Those of [`State::stage_for`].
    pub fn stage(&self, successor: Arc<KeyPair>, now: u64) -> Result<Self, StateError> {
        self.stage_for(Purpose::Access, successor, now)
    }

    /// Returns the state in which `successor` is published with the other keys and does not sign. The first key of a purpose or an algorithm
    /// opens a ring.
    ///
    /// # Errors
    /// [`StateError::StagedTwice`], [`StateError::KidTwice`]; [`StateError::NeedsUpgrade`] and
    /// [`StateError::PurposeAlgorithm`] for a ring that cannot be opened.
    pub fn stage_for(&self, purpose: Purpose, successor: Arc<KeyPair>, now: u64) -> Result<Self, StateError> {
        let algorithm = successor.algorithm();
        let key = self.staged(successor, now);
        let mut next = self.clone();
        match next.rings.iter_mut().find(|ring| (ring.purpose, ring.algorithm) == (purpose, algorithm)) {
            Some(ring) => ring.keys.push(key),
            None => next.rings.push(Ring { purpose, algorithm, keys: vec![key] }),
        }
        next.hold()?;
        Ok(next)
    }

    /// Returns the state with a ring for ID tokens, whose first key signs at once and has a successor. Only for a new store, or after an
    /// emergency: no cache may have a key set without these keys.
    ///
    /// # Errors
    /// [`StateError::NeedsUpgrade`] before format 5, [`StateError::RingTwice`], [`StateError::KidTwice`],
    /// [`StateError::PurposeAlgorithm`].
    pub fn with_id_keys(&self, [first, successor]: [Arc<KeyPair>; 2], now: u64) -> Result<Self, StateError> {
        let mut next = self.clone();
        let mut ring = Ring::opened(Purpose::Id, &self.settings, first, self.dated(now));
        ring.keys.push(self.staged(successor, now));
        next.rings.push(ring);
        next.hold()?;
        Ok(next)
    }

    /// Returns the state in which the staged key signs, and the previous signer retires. If the previous signer has another algorithm, its
    /// successor is removed, because it has never signed.
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
        let purpose = self.purpose_of(kid);
        let now = self.dated(now);
        let mut next = self.clone();
        let of_purpose = |ring: &&mut Ring| ring.purpose == purpose;
        let first = next.rings.iter_mut().filter(of_purpose).take(1);
        for ring in first.filter(|ring| ring.algorithm != algorithm) {
            ring.keys.retain(|key| key.phase != Phase::Staged);
        }
        for key in next.rings.iter_mut().filter(of_purpose).flat_map(|ring| &mut ring.keys) {
            if key.kid() == kid {
                key.phase = Phase::Signing { since: now };
            } else if let Phase::Signing { since } = key.phase {
                key.phase = Phase::Retiring { since, until: now };
            }
        }
        // The stable sort moves the new signer's ring to the front of its purpose, and keeps the order of the others.
        next.rings.sort_by_key(|ring| {
            (ring.purpose == Purpose::Id, ring.purpose == purpose && ring.algorithm != algorithm)
        });
        next.forget_done_request();
        next.hold()?;
        Ok(next)
    }

    /// Returns the state without this key, which may have leaked. If it signs, its successor signs from now on.
    ///
    /// # Errors
    /// [`StateError::UnknownKey`]; [`StateError::NoSuccessor`] or [`StateError::TooYoung`] if the key signs and nothing
    /// can take its place.
    pub fn revoke(&self, kid: &str, now: u64) -> Result<Self, StateError> {
        let key = self.find(kid).ok_or_else(|| StateError::UnknownKey { kid: kid.to_owned() })?;
        let (purpose, algorithm) = (self.purpose_of(kid), key.pair.algorithm());
        let mut next = match key.phase {
            Phase::Staged | Phase::Retiring { .. } => self.clone(),
            Phase::Signing { .. } => {
                let successor = self.successor_for(purpose, algorithm);
                let successor = successor.ok_or(StateError::NoSuccessor { algorithm })?;
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

    /// Returns the state in which all previous keys are revoked, because all may be stolen. The first of the new keys signs access tokens at
    /// once, and the second is its successor. Verifiers refuse good tokens until they fetch the set.
    /// [`State::with_id_keys`] adds new keys for ID tokens.
    ///
    /// # Errors
    /// [`StateError::ForeignKey`], [`StateError::KidTwice`].
    pub fn replace_all(&self, [first, successor]: [Arc<KeyPair>; 2], now: u64) -> Result<Self, StateError> {
        let mut next = self.clone();
        next.revoked.extend(self.keys().map(|key| self.revocation(key.kid(), key.pair.algorithm(), now)));
        let mut ring = Ring::opened(Purpose::Access, &self.settings, first, self.dated(now));
        ring.keys.push(self.staged(successor, now));
        next.rings = vec![ring];
        next.past_keys.clear();
        next.forget_done_request();
        next.hold()?;
        Ok(next)
    }

    /// Returns the time from which all tokens of this key have expired, in Unix seconds. Returns `None` if the key is not retiring.
    #[must_use]
    pub fn gone_from(&self, key: &Key, settings: &Settings) -> Option<u64> {
        let Phase::Retiring { until, .. } = key.phase else { return None };
        let dead_from = until.saturating_add(settings.times().beyond_life()).max(self.older.retired_until);
        Some(dead_from.saturating_add(key.longest_life))
    }

    /// Returns the state without unneeded keys and finished revocations, and the identifiers of the removed keys.
    pub(crate) fn without_the_past(&self, now: u64, settings: &Settings) -> (Self, Vec<String>) {
        let past = |key: &Key| self.gone_from(key, settings).is_some_and(|from| now >= from);
        let gone = self.keys().filter(|key| past(key)).map(|key| key.kid().to_owned()).collect();
        let mut next = self.clone();
        let of_id = self.rings.iter().filter(|ring| ring.purpose == Purpose::Id);
        let leaving = of_id.flat_map(|ring| &ring.keys).filter(|key| past(key));
        next.past_keys.extend(leaving.filter_map(|key| PastKey::of(key, now)));
        next.past_keys.retain(|key| now < key.until);
        next.rings.iter_mut().for_each(|ring| ring.keys.retain(|key| !past(key)));
        next.rings.retain(|ring| !ring.keys.is_empty());
        next.revoked.retain(|revoked| now < revoked.distrusted_from);
        (next, gone)
    }

    /// Makes a key that is published from now on.
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
