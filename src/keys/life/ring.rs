//! The keys of one purpose and algorithm, and the phase of each.
//!
//! ```text
//! staged (published, does not sign) ─▶ signing ─▶ retiring (published, does not sign)
//! ```

use std::sync::Arc;

use crate::{KeyPair, Purpose, Settings, SigningAlgorithm};

/// The keys of one purpose and algorithm, oldest first. The first ring of a purpose signs. The others are published for a migration to or
/// from their algorithm.
#[derive(Clone, Debug)]
pub struct Ring {
    pub(super) purpose: Purpose,
    pub(super) algorithm: SigningAlgorithm,
    pub(super) keys: Vec<Key>,
}

/// A key and its state. All times are Unix seconds.
#[derive(Clone, Debug)]
pub struct Key {
    /// The key itself.
    pub pair: Arc<KeyPair>,
    /// The time at which it was made.
    pub created: u64,
    /// The time of the decision to publish it. It is written at once, and all servers publish it within the replica delay.
    pub published: u64,
    /// The time from which it may sign, because every verifier can have it. It counts from its publication, by the settings of that time, and
    /// never from the age of another key.
    pub may_sign_from: u64,
    /// The longest lifetime of tokens that it signs, in seconds. It is written before the first signature.
    pub longest_life: u64,
    /// Its state.
    pub phase: Phase,
}

/// A key that was removed from the set before its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// Its identifier.
    pub kid: String,
    /// Its algorithm.
    pub algorithm: SigningAlgorithm,
    /// The time at which it was removed, in Unix seconds.
    pub at: u64,
    /// The time from which no verifier trusts it, in Unix seconds.
    pub distrusted_from: u64,
}

/// The phase in a key's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Published, does not sign yet.
    Staged,
    /// Published, signs.
    Signing {
        /// The time of its first signature or earlier.
        since: u64,
    },
    /// Published, does not sign any more.
    Retiring {
        /// The time of its first signature or earlier.
        since: u64,
        /// The time of the last signature. A process with an older state may sign until the replica delay after it.
        until: u64,
    },
}

impl Ring {
    /// Makes a ring whose only key signs at once.
    pub(super) fn opened(purpose: Purpose, settings: &Settings, first: Arc<KeyPair>, now: u64) -> Self {
        let phase = Phase::Signing { since: now };
        let key = Key { may_sign_from: now, phase, ..Key::staged(settings, first, now) };
        Self { purpose, algorithm: key.pair.algorithm(), keys: vec![key] }
    }

    /// Makes a ring that was read. [`crate::State::from_parts`] checks it.
    pub(crate) const fn from_parts(purpose: Purpose, algorithm: SigningAlgorithm, keys: Vec<Key>) -> Self {
        Self { purpose, algorithm, keys }
    }

    /// Returns the purpose of its keys.
    #[must_use]
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Returns the algorithm of its keys.
    #[must_use]
    pub const fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// Returns its keys, oldest first.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Returns its keys, newest first: the order in listings.
    pub fn newest_first(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter().rev()
    }

    /// Returns the key that signs, or `None` for a ring that does not sign now.
    #[must_use]
    pub fn signer(&self) -> Option<&Key> {
        self.keys.iter().find(|key| matches!(key.phase, Phase::Signing { .. }))
    }

    /// Returns the successor, if one is published.
    #[must_use]
    pub fn staged(&self) -> Option<&Key> {
        self.keys.iter().find(|key| key.phase == Phase::Staged)
    }
}

impl Key {
    /// Makes a key that is published from now on.
    pub(super) fn staged(settings: &Settings, pair: Arc<KeyPair>, now: u64) -> Self {
        let times = settings.times();
        let (published, longest_life) = (now, times.longest_life);
        let may_sign_from = now.saturating_add(times.pre_publication);
        Self { pair, created: now, published, may_sign_from, longest_life, phase: Phase::Staged }
    }

    /// Returns the key's identifier.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.pair.kid()
    }
}
