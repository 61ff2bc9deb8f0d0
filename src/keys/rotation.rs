//! A keeper, a clock and a way to wait enter; a ring with a new signing key leaves, and nothing is lost on the way.
//!
//! A successor is published first and signs once every running server publishes it. Each of the two steps is one change
//! of the store, so that a process killed anywhere leaves exactly one signing key, and the next rotation goes on with
//! the successor that it finds. Of two rotations at once both end with the same successor.

use std::sync::Arc;
use std::time::Duration;

use crate::{Clock, Error, Keeper, KeyPair, Phase, SigningAlgorithm, State, StateError};

/// What a rotation came to.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The key that signs now.
    pub signing: String,
    /// The key that signed before, still published.
    pub retiring: String,
    /// The state as this rotation left it, or found it when another process was faster.
    pub state: State,
}

/// In seconds, more than clocks of one store's processes differ by, and more than a change waits to be committed.
const LONG: u64 = 60;

/// Publishes a successor in the ring of `algorithm`, or takes the one that is published already, calls `wait` with its
/// identifier and the time until it may sign, and lets it sign.
///
/// # Errors
/// [`Error::ClockBehind`], [`Error::KeyPair`], those of [`Keeper::change`], and [`Error::State`] if the successor was
/// taken away meanwhile.
pub fn rotate(
    keeper: &Keeper,
    algorithm: SigningAlgorithm,
    clock: &dyn Clock,
    wait: &mut dyn FnMut(&str, Duration),
) -> Result<Rotation, Error> {
    let mut made = None;
    let mut before = String::new();
    let state = keeper.change(|state| {
        let ring = state.ring(algorithm)?;
        before = ring.signer().map(|key| key.kid().to_owned()).unwrap_or_default();
        if ring.staged().is_some() {
            return Ok(None);
        }
        // Made once, however often the change has to be tried.
        let pair = match &made {
            Some(pair) => pair,
            None => made.insert(Arc::new(KeyPair::generate(algorithm)?)),
        };
        Ok(Some(state.stage(Arc::clone(pair), clock.now())?))
    })?;
    let staged = state.ring(algorithm)?.staged();
    let staged = staged.ok_or_else(|| StateError::NotStaged { kid: String::new() })?;
    let (successor, published) = (staged.kid().to_owned(), staged.published);
    let from = state.may_sign_from(staged).max(seen_long_enough(&state, published, clock.now()));
    loop {
        let now = clock.now();
        if now.saturating_add(LONG) < published {
            return Err(Error::ClockBehind { published, now });
        }
        if now >= from {
            break;
        }
        wait(&successor, Duration::from_secs(from - now));
    }
    let state = keeper.change(|state| match state.find(&successor).map(|key| key.phase) {
        // Another process was faster with the same successor.
        Some(Phase::Signing { .. } | Phase::Retiring { .. }) => Ok(None),
        _ => Ok(Some(state.promote(&successor, clock.now())?)),
    })?;
    Ok(Rotation { signing: successor, retiring: before, state })
}

/// From when on a successor that was first seen in the store at `seen` has been there for the replica delay. The moment
/// written with it is a little early: it was read before the change was committed, and without its fraction of a second.
fn seen_long_enough(state: &State, published: u64, seen: u64) -> u64 {
    match state.settings().replica_delay() {
        // There is no server to wait for.
        0 => 0,
        _ if seen > published.saturating_add(LONG) => 0,
        delay => seen.saturating_add(delay).saturating_add(1),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::test_keys::{NOW, TestClock, key, state};
    use crate::{Document, SqliteStore, Store, StoreError, Version};

    /// A store in memory, with something that happens before each replacement.
    #[derive(Debug)]
    struct Contended<S> {
        store: S,
        before_replace: Mutex<Vec<State>>,
    }

    impl<S: Store> Store for Contended<S> {
        fn version(&self) -> Result<Version, StoreError> {
            self.store.version()
        }

        fn load(&self) -> Result<(Version, Document), StoreError> {
            self.store.load()
        }

        fn replace(&self, expected: Version, document: &Document) -> Result<Version, StoreError> {
            if let Some(state) = self.before_replace.lock().unwrap().pop() {
                self.store.replace(expected, &Document::from_state(&state).unwrap()).unwrap();
            }
            self.store.replace(expected, document)
        }
    }

    const ES256: SigningAlgorithm = SigningAlgorithm::ES256;

    fn keeper(first: &State) -> (tempfile::TempDir, Keeper) {
        contended(first, vec![])
    }

    fn contended(first: &State, before_replace: Vec<State>) -> (tempfile::TempDir, Keeper) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.sqlite");
        let store = SqliteStore::create(&path, &Document::from_state(first).unwrap()).unwrap();
        let store = Contended { store, before_replace: Mutex::new(before_replace) };
        (folder, Keeper::new(Arc::new(store)))
    }

    fn signer(state: &State) -> String {
        state.rings()[0].signer().unwrap().kid().to_owned()
    }

    fn never(_: &str, _: Duration) {
        panic!("nothing to wait for");
    }

    #[test]
    fn the_successor_is_published_for_the_replica_delay_before_it_signs() {
        let first = state();
        let (_folder, keeper) = keeper(&first);
        let clock = TestClock::at(NOW + 100);
        let mut waits = vec![];
        let mut wait = |kid: &str, time: Duration| {
            let (_, meanwhile) = keeper.load().unwrap();
            assert_eq!(meanwhile.find(kid).unwrap().phase, Phase::Staged);
            assert_eq!(signer(&meanwhile), signer(&first), "the old key goes on");
            waits.push(time);
            clock.advance(1);
        };
        let rotation = rotate(&keeper, ES256, &clock, &mut wait).unwrap();
        assert_eq!(waits, [3, 2, 1].map(Duration::from_secs));
        assert_eq!(rotation.retiring, signer(&first));
        assert_eq!(rotation.signing, signer(&keeper.load().unwrap().1));
        let old = rotation.state.find(&rotation.retiring).unwrap();
        assert_eq!(old.phase, Phase::Retiring { since: NOW, until: NOW + 103 });
    }

    #[test]
    fn a_rotation_goes_on_with_the_successor_that_a_killed_one_left() {
        let successor = key();
        let (_folder, keeper) = keeper(&state().stage(Arc::clone(&successor), NOW).unwrap());
        let rotation = rotate(&keeper, ES256, &TestClock::at(NOW + LONG + 1), &mut never).unwrap();
        assert_eq!(rotation.signing, successor.kid());
        assert_eq!(rotation.state.keys().count(), 2);
    }

    #[test]
    fn a_successor_that_may_just_have_been_written_is_waited_for_in_full() {
        let (_folder, keeper) = keeper(&state().stage(key(), NOW).unwrap());
        let clock = TestClock::at(NOW + LONG);
        let mut waits = vec![];
        let mut wait = |_: &str, time: Duration| {
            waits.push(time);
            clock.advance(time.as_secs());
        };
        rotate(&keeper, ES256, &clock, &mut wait).unwrap();
        assert_eq!(waits, [Duration::from_secs(3)]);
    }

    #[test]
    fn a_rotation_that_comes_second_to_the_store_takes_the_successor_of_the_first() {
        let (first, theirs) = (state(), key());
        let staged = first.stage(Arc::clone(&theirs), NOW).unwrap();
        let (_folder, keeper) = contended(&first, vec![staged]);
        let rotation = rotate(&keeper, ES256, &TestClock::at(NOW + LONG + 1), &mut never).unwrap();
        assert_eq!(rotation.signing, theirs.kid());
        assert_eq!(keeper.load().unwrap().1.keys().count(), 2);
    }

    #[test]
    fn a_rotation_whose_successor_another_process_lets_sign_changes_nothing_more() {
        let (first, theirs) = (state(), key());
        let staged = first.stage(Arc::clone(&theirs), NOW).unwrap();
        let promoted = staged.promote(theirs.kid(), NOW + 2).unwrap();
        let (_folder, keeper) = contended(&staged, vec![promoted]);
        let rotation = rotate(&keeper, ES256, &TestClock::at(NOW + LONG + 1), &mut never).unwrap();
        assert_eq!((rotation.signing.as_str(), rotation.retiring), (theirs.kid(), signer(&first)));
        assert_eq!(keeper.version().unwrap(), 2);
    }

    #[test]
    fn a_clock_that_was_set_back_is_reported_and_not_waited_for() {
        let (_folder, keeper) = keeper(&state().stage(key(), NOW).unwrap());
        let clock = TestClock::at(NOW - 61);
        let error = rotate(&keeper, ES256, &clock, &mut never).unwrap_err();
        assert!(matches!(error, Error::ClockBehind { published: NOW, now } if now == NOW - 61), "{error}");
        clock.set(NOW - 60);
        rotate(&keeper, ES256, &clock, &mut |_, time| clock.advance(time.as_secs())).unwrap();
    }

    #[test]
    fn rotations_at_once_lose_no_key_and_leave_one_signer() {
        let first = state();
        let (_folder, keeper) = keeper(&first);
        let clock = TestClock::at(NOW);
        let rotations: Vec<Rotation> = std::thread::scope(|scope| {
            let rotate_now = || {
                let wait = &mut |_: &str, time: Duration| clock.advance(time.as_secs());
                rotate(&keeper, ES256, &clock, wait).unwrap()
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(rotate_now)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let (_, last) = keeper.load().unwrap();
        assert!(last.find(&signer(&first)).is_some());
        for rotation in rotations {
            assert!(last.find(&rotation.signing).is_some() && last.find(&rotation.retiring).is_some());
        }
    }
}
