//! Keys and a ready state that several test modules share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::{
    Clock, Document, Keeper, KekSource, Keks, KeyPair, RsaSize, Settings, SigningAlgorithm, SqliteStore,
    State, Times, Version,
};

/// A moment in 2026.
pub(crate) const NOW: u64 = 1_800_000_000;

/// How long a successor of [`state`] is published before it signs.
pub(crate) const GATE: u64 = 303;

pub(crate) fn key() -> Arc<KeyPair> {
    key_for(SigningAlgorithm::ES256)
}

pub(crate) fn key_for(algorithm: SigningAlgorithm) -> Arc<KeyPair> {
    Arc::new(KeyPair::generate(algorithm, RsaSize::default()).unwrap())
}

pub(crate) fn settings() -> Settings {
    let times = Times { replica_delay: 2, clock_difference: 0, fetch_time: 1, ..Times::default() };
    Settings::new(times.shortest()).unwrap()
}

/// A state with one signing key, made at [`NOW`].
pub(crate) fn state() -> State {
    State::new("https://issuer.example".parse().unwrap(), settings(), key(), NOW)
}

/// The key-encryption key of all tests.
pub(crate) fn keks() -> Arc<Keks> {
    static KEKS: OnceLock<Arc<Keks>> = OnceLock::new();
    Arc::clone(KEKS.get_or_init(|| Arc::new(Keks::generate().unwrap())))
}

pub(crate) fn given() -> KekSource {
    KekSource::Given(keks())
}

/// That state as a document of that version.
pub(crate) fn written(state: &State, version: Version) -> Document {
    Document::from_state(state, &keks(), version).unwrap()
}

/// A store whose key-encryption key is in a file.
pub(crate) fn sealed_in_file(first: &State) -> (tempfile::TempDir, KekSource, Keeper) {
    let folder = tempfile::tempdir().unwrap();
    let source = KekSource::File(folder.path().join("kek"));
    let document = Document::from_state(first, &source.read_or_make().unwrap(), 1).unwrap();
    let store = SqliteStore::create(&folder.path().join("store.sqlite"), &document).unwrap();
    let keeper = Keeper::new(Arc::new(store), source.clone()).unwrap();
    (folder, source, keeper)
}

/// A store in a folder that goes with it, holding that state, and its keeper.
pub(crate) fn keeper(first: &State) -> (tempfile::TempDir, Keeper) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.sqlite");
    let store = SqliteStore::create(&path, &written(first, 1)).unwrap();
    (folder, Keeper::new(Arc::new(store), given()).unwrap())
}

/// jsonwebtoken as the second opinion, with the arithmetic selected, in case another crate of the same build asks for a
/// second one.
pub(crate) fn second_library() {
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
}

/// A clock that tests set.
#[derive(Debug)]
pub(crate) struct TestClock {
    now: AtomicU64,
    steady: AtomicU64,
}

impl TestClock {
    pub(crate) fn at(now: u64) -> Self {
        Self { now: AtomicU64::new(now), steady: AtomicU64::new(0) }
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.now.fetch_add(seconds, Ordering::SeqCst);
        self.steady.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Sets the wall clock, as a person or a time server does.
    pub(crate) fn set(&self, now: u64) {
        self.now.store(now, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> u64 {
        self.now.load(Ordering::SeqCst)
    }

    fn steady(&self) -> Duration {
        Duration::from_secs(self.steady.load(Ordering::SeqCst))
    }
}
