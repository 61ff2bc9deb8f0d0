//! The rings of keys: a state and a moment enter, the next state leaves. No clock, no I/O, no randomness.
//!
//! ```text
//! staged (published, does not sign) ─▶ signing ─▶ retiring (published, does not sign)
//! ```

use std::fmt;
use std::sync::Arc;

use crate::{Issuer, KeyPair, Settings, SigningAlgorithm};

/// Everything the issuer must not forget.
///
/// INVARIANT: there is at least one ring, each algorithm has one ring at most, each ring has exactly one signing and at
/// most one staged key, and no two keys share a `kid`. Every way to make a state checks it.
#[derive(Clone, Debug)]
pub struct State {
    issuer: Issuer,
    settings: Settings,
    rings: Vec<Ring>,
}

/// The keys of one algorithm, oldest first.
#[derive(Clone, Debug)]
pub struct Ring {
    algorithm: SigningAlgorithm,
    keys: Vec<Key>,
}

/// A key and where it stands in its life. All times are Unix seconds.
#[derive(Clone, Debug)]
pub struct Key {
    /// The key itself.
    pub pair: Arc<KeyPair>,
    /// When it was made.
    pub created: u64,
    /// When it was written to the store as part of the published set. Servers follow within the replica delay.
    pub published: u64,
    /// The longest life of a token that it may sign, in seconds; it stands here before the first signature.
    pub longest_life: u64,
    /// Where it stands.
    pub phase: Phase,
}

/// A key's place in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Published, does not sign yet.
    Staged,
    /// Published, signs.
    Signing {
        /// No signature is older than this.
        since: u64,
    },
    /// Published, does not sign any more.
    Retiring {
        /// No signature is older than this.
        since: u64,
        /// The last signature: a process that had loaded the state before may lag behind this by the replica delay.
        until: u64,
    },
}

/// Why a state is none, or cannot become the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateError {
    /// No ring at all: an empty set would be published.
    NoRing,
    /// Two rings of one algorithm.
    RingTwice {
        /// The algorithm.
        algorithm: SigningAlgorithm,
    },
    /// A key of another algorithm than its ring's.
    ForeignKey {
        /// The key.
        kid: String,
    },
    /// Two keys with one identifier.
    KidTwice {
        /// The identifier.
        kid: String,
    },
    /// A ring that has not exactly one signing key.
    NotOneSigner {
        /// The ring.
        algorithm: SigningAlgorithm,
        /// How many it has.
        signing: usize,
    },
    /// A ring with a second successor.
    StagedTwice {
        /// The ring.
        algorithm: SigningAlgorithm,
    },
    /// No ring of that algorithm.
    UnknownRing {
        /// The algorithm.
        algorithm: SigningAlgorithm,
    },
    /// A key that is not there, or is not staged.
    NotStaged {
        /// The key.
        kid: String,
    },
    /// A successor that not every server publishes yet: a token of it would be refused.
    TooYoung {
        /// The key.
        kid: String,
        /// From when on it may sign, in Unix seconds.
        from: u64,
        /// What the clock says.
        now: u64,
    },
}

impl State {
    /// The first state of an issuer: one ring whose one key signs from now on. Nobody can hold an older set.
    #[must_use]
    pub fn new(issuer: Issuer, settings: Settings, first: Arc<KeyPair>, now: u64) -> Self {
        let algorithm = first.algorithm();
        let phase = Phase::Signing { since: now };
        let longest_life = settings.longest_life();
        let key = Key { pair: first, created: now, published: now, longest_life, phase };
        Self { issuer, settings, rings: vec![Ring { algorithm, keys: vec![key] }] }
    }

    /// Puts a state together from parts that were read.
    ///
    /// # Errors
    /// The first part of the invariant that does not hold.
    pub fn from_parts(issuer: Issuer, settings: Settings, rings: Vec<Ring>) -> Result<Self, StateError> {
        let state = Self { issuer, settings, rings };
        state.hold()?;
        Ok(state)
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

    /// The rings; tokens are signed by the first.
    #[must_use]
    pub fn rings(&self) -> &[Ring] {
        &self.rings
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

    /// The ring of that algorithm.
    ///
    /// # Errors
    /// [`StateError::UnknownRing`].
    pub fn ring(&self, algorithm: SigningAlgorithm) -> Result<&Ring, StateError> {
        self.rings
            .iter()
            .find(|ring| ring.algorithm == algorithm)
            .ok_or(StateError::UnknownRing { algorithm })
    }

    /// The state in which `successor` is published beside the others, and does not sign.
    ///
    /// # Errors
    /// [`StateError::UnknownRing`], [`StateError::StagedTwice`], [`StateError::KidTwice`].
    pub fn stage(&self, successor: Arc<KeyPair>, now: u64) -> Result<Self, StateError> {
        let algorithm = successor.algorithm();
        let longest_life = self.settings.longest_life();
        let key = Key { pair: successor, created: now, published: now, longest_life, phase: Phase::Staged };
        let mut next = self.clone();
        let ring = next
            .rings
            .iter_mut()
            .find(|ring| ring.algorithm == algorithm)
            .ok_or(StateError::UnknownRing { algorithm })?;
        ring.keys.push(key);
        next.hold()?;
        Ok(next)
    }

    /// From when on a staged key may sign, in Unix seconds. Gated on the time of its publication, never on the old key's
    /// age: until every server publishes it, nobody may meet a token of it.
    #[must_use]
    pub const fn may_sign_from(&self, key: &Key) -> u64 {
        key.published.saturating_add(self.settings.replica_delay())
    }

    /// The state in which the staged key signs and the one that signed retires.
    ///
    /// # Errors
    /// [`StateError::NotStaged`], [`StateError::TooYoung`].
    pub fn promote(&self, kid: &str, now: u64) -> Result<Self, StateError> {
        let staged = self.find(kid).filter(|key| key.phase == Phase::Staged);
        let staged = staged.ok_or_else(|| StateError::NotStaged { kid: kid.to_owned() })?;
        let from = self.may_sign_from(staged);
        if now < from {
            return Err(StateError::TooYoung { kid: kid.to_owned(), from, now });
        }
        let algorithm = staged.pair.algorithm();
        let mut next = self.clone();
        for key in
            next.rings.iter_mut().filter(|ring| ring.algorithm == algorithm).flat_map(|ring| &mut ring.keys)
        {
            if key.kid() == kid {
                key.phase = Phase::Signing { since: now };
            } else if let Phase::Signing { since } = key.phase {
                key.phase = Phase::Retiring { since, until: now };
            }
        }
        next.hold()?;
        Ok(next)
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
            if let Some(key) = ring.keys.iter().find(|key| key.pair.algorithm() != algorithm) {
                return Err(StateError::ForeignKey { kid: key.kid().to_owned() });
            }
            let signing = ring.keys.iter().filter(|key| matches!(key.phase, Phase::Signing { .. })).count();
            if signing != 1 {
                return Err(StateError::NotOneSigner { algorithm, signing });
            }
            if ring.keys.iter().filter(|key| key.phase == Phase::Staged).count() > 1 {
                return Err(StateError::StagedTwice { algorithm });
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

impl Ring {
    /// A ring as it was read; [`State::from_parts`] checks it.
    pub(crate) const fn from_parts(algorithm: SigningAlgorithm, keys: Vec<Key>) -> Self {
        Self { algorithm, keys }
    }

    /// What its keys sign with.
    #[must_use]
    pub const fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// Its keys, oldest first.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Its keys, newest first: the order in which they are shown.
    pub fn newest_first(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter().rev()
    }

    /// The key that signs; `None` only for a ring outside of a [`State`].
    #[must_use]
    pub fn signer(&self) -> Option<&Key> {
        self.keys.iter().find(|key| matches!(key.phase, Phase::Signing { .. }))
    }

    /// The successor, if one is published.
    #[must_use]
    pub fn staged(&self) -> Option<&Key> {
        self.keys.iter().find(|key| key.phase == Phase::Staged)
    }
}

impl Key {
    /// The key's identifier.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.pair.kid()
    }
}

impl StateError {
    /// The stable code: what a program compares.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoRing => "state_no_ring",
            Self::RingTwice { .. } => "state_ring_twice",
            Self::ForeignKey { .. } => "state_foreign_key",
            Self::KidTwice { .. } => "state_kid_twice",
            Self::NotOneSigner { .. } => "state_not_one_signer",
            Self::StagedTwice { .. } => "state_staged_twice",
            Self::UnknownRing { .. } => "state_unknown_ring",
            Self::NotStaged { .. } => "state_not_staged",
            Self::TooYoung { .. } => "state_too_young",
        }
    }
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRing => f.write_str("there is no key ring"),
            Self::RingTwice { algorithm } => write!(f, "there are two rings for {algorithm}"),
            Self::ForeignKey { kid } => write!(f, "the key `{kid}` is of another algorithm than its ring"),
            Self::KidTwice { kid } => write!(f, "there are two keys `{kid}`"),
            Self::NotOneSigner { algorithm, signing } => {
                write!(f, "the ring for {algorithm} has {signing} signing keys, not one")
            }
            Self::StagedTwice { algorithm } => write!(f, "the ring for {algorithm} has two staged keys"),
            Self::UnknownRing { algorithm } => write!(f, "there is no ring for {algorithm}"),
            Self::NotStaged { kid } => write!(f, "the key `{kid}` is not staged"),
            Self::TooYoung { kid, from, now } => {
                write!(f, "the key `{kid}` may not sign before {from}, and it is {now}")
            }
        }
    }
}

impl std::error::Error for StateError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_keys::{NOW, key, state};

    #[track_caller]
    fn phases(state: &State) -> Vec<Phase> {
        state.hold().unwrap();
        state.keys().map(|key| key.phase).collect()
    }

    #[test]
    fn a_key_is_staged_then_signs_then_retires_and_none_is_dropped() {
        let (one, two) = (state(), key());
        assert_eq!(phases(&one), [Phase::Signing { since: NOW }]);
        let staged = one.stage(Arc::clone(&two), NOW + 10).unwrap();
        assert_eq!(phases(&staged), [Phase::Signing { since: NOW }, Phase::Staged]);
        let promoted = staged.promote(two.kid(), NOW + 12).unwrap();
        let expected = [Phase::Retiring { since: NOW, until: NOW + 12 }, Phase::Signing { since: NOW + 12 }];
        assert_eq!(phases(&promoted), expected);
    }

    #[test]
    fn five_rotations_in_a_row_keep_all_six_keys() {
        let mut state = state();
        for round in 1..=5 {
            let (successor, now) = (key(), NOW + round * 10);
            state = state.stage(Arc::clone(&successor), now).unwrap();
            state = state.promote(successor.kid(), now + 2).unwrap();
        }
        assert_eq!(state.keys().count(), 6);
        assert_eq!(state.rings()[0].signer().unwrap().kid(), state.keys().last().unwrap().kid());
    }

    #[test]
    fn a_successor_does_not_sign_a_second_before_every_server_publishes_it() {
        let two = key();
        let staged = state().stage(Arc::clone(&two), NOW).unwrap();
        let refusal = staged.promote(two.kid(), NOW + 1).unwrap_err();
        assert_eq!(refusal, StateError::TooYoung { kid: two.kid().to_owned(), from: NOW + 2, now: NOW + 1 });
        assert!(staged.promote(two.kid(), NOW + 2).is_ok());
    }

    #[test]
    fn only_a_staged_key_can_be_promoted() {
        let state = state();
        let signing = state.rings()[0].signer().unwrap().kid().to_owned();
        for kid in [signing.as_str(), "unknown"] {
            let refusal = state.promote(kid, NOW + 100).unwrap_err();
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
    fn parts_that_break_the_invariant_make_no_state() {
        let whole = state();
        let ring = whole.rings()[0].clone();
        let with = |rings| State::from_parts(whole.issuer.clone(), whole.settings, rings).unwrap_err().code();
        let mut asleep = ring.clone();
        asleep.keys[0].phase = Phase::Staged;
        let mut twice = ring.clone();
        twice.keys.push(Key { pair: key(), ..ring.keys[0].clone() });
        assert_eq!(with(vec![]), "state_no_ring");
        assert_eq!(with(vec![asleep]), "state_not_one_signer");
        assert_eq!(with(vec![twice]), "state_not_one_signer");
        assert_eq!(with(vec![ring.clone(), ring]), "state_ring_twice");
    }
}
