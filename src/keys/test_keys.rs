//! What several test modules share: nothing enters, keys and a ready state leave.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Clock, KeyPair, Settings, SigningAlgorithm, State};

/// A moment in 2026.
pub(crate) const NOW: u64 = 1_800_000_000;

pub(crate) fn key() -> Arc<KeyPair> {
    Arc::new(KeyPair::generate(SigningAlgorithm::ES256).unwrap())
}

/// A state with one signing key, made at [`NOW`].
pub(crate) fn state() -> State {
    let settings = Settings::new(300, 1800, 2).unwrap();
    State::new("https://issuer.example".parse().unwrap(), settings, key(), NOW)
}

/// jsonwebtoken as the second opinion: told which arithmetic to use, in case another crate of the same build asks for a
/// second one.
pub(crate) fn second_library() {
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
}

/// A clock that tests set.
#[derive(Debug)]
pub(crate) struct TestClock(AtomicU64);

impl TestClock {
    pub(crate) fn at(now: u64) -> Self {
        Self(AtomicU64::new(now))
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn set(&self, now: u64) {
        self.0.store(now, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}
