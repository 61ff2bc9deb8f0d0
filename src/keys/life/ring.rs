//! The keys of one purpose and algorithm, and the phase of each.
//!
//! ```text
//! staged (published, does not sign) ─▶ signing ─▶ retiring (published, does not sign)
//! ```

use std::sync::Arc;

use crate::{KeyPair, Purpose, Settings, SigningAlgorithm};

/// The keys of one purpose and algorithm, oldest first. The first ring of a purpose signs; the others are published for a
/// migration, towards them or away from them.
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
    /// When it was made.
    pub created: u64,
    /// When it was decided that it is part of the published set. It is written at once, and servers follow, all within the
    /// replica delay.
    pub published: u64,
    /// From when on it may sign: every verifier can have it by then. Counted from its publication, never from the age of
    /// another key, by the settings of that time.
    pub may_sign_from: u64,
    /// The longest life of a token that it may sign, in seconds; it is written here before the first signature.
    pub longest_life: u64,
    /// Its state.
    pub phase: Phase,
}

/// A key that was taken out of the set before its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// Its identifier.
    pub kid: String,
    /// What it signed with.
    pub algorithm: SigningAlgorithm,
    /// When it was taken out, in Unix seconds.
    pub at: u64,
    /// From when on no verifier trusts it, in Unix seconds.
    pub distrusted_from: u64,
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

impl Ring {
    /// A ring whose one key signs at once.
    pub(super) fn opened(purpose: Purpose, settings: &Settings, first: Arc<KeyPair>, now: u64) -> Self {
        let phase = Phase::Signing { since: now };
        let key = Key { may_sign_from: now, phase, ..Key::staged(settings, first, now) };
        Self { purpose, algorithm: key.pair.algorithm(), keys: vec![key] }
    }

    /// A ring as it was read; [`crate::State::from_parts`] checks it.
    pub(crate) const fn from_parts(purpose: Purpose, algorithm: SigningAlgorithm, keys: Vec<Key>) -> Self {
        Self { purpose, algorithm, keys }
    }

    /// What its keys sign.
    #[must_use]
    pub const fn purpose(&self) -> Purpose {
        self.purpose
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

    /// The key that signs; `None` for a ring that does not sign now.
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
    /// A key that is published from now on.
    pub(super) fn staged(settings: &Settings, pair: Arc<KeyPair>, now: u64) -> Self {
        let times = settings.times();
        let (published, longest_life) = (now, times.longest_life);
        let may_sign_from = now.saturating_add(times.pre_publication);
        Self { pair, created: now, published, may_sign_from, longest_life, phase: Phase::Staged }
    }

    /// The key's identifier.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.pair.kid()
    }
}
