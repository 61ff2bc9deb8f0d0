//! Rotates the signing key. Valid tokens verify at every moment of a rotation.
//!
//! A successor is published first, and signs when every verifier can have it. Each step is one change of the store, so a process that is
//! killed at any point leaves exactly one signing key. The next rotation continues with the existing successor. Two concurrent rotations
//! end with the same successor.

use std::time::Duration;

use super::spare::Spare;
use crate::{
    Clock, ClockState, ClockWatch, Error, Keeper, Purpose, RsaSize, SigningAlgorithm, State, StateError,
};

/// The result of a rotation.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The key that signs now.
    pub signing: String,
    /// The key that signed before, still published.
    pub retiring: String,
    /// The state after this rotation, or after the rotation of another process that was faster.
    pub state: State,
}

/// Publishes a successor for `purpose` and `algorithm`, unless one is already published. Opens a ring if there is none. Returns the
/// successor's identifier and the state. `size` is for new RSA keys.
///
/// # Errors
/// [`Error::KeyPair`] and those of [`Keeper::change`].
pub fn stage_key(
    keeper: &Keeper,
    purpose: Purpose,
    algorithm: SigningAlgorithm,
    size: RsaSize,
    clock: &dyn Clock,
) -> Result<(String, State), Error> {
    let mut spare = Spare::default();
    let state = keeper.change(|state| match state.successor_for(purpose, algorithm) {
        Some(_) => Ok(None),
        None => Ok(Some(state.stage_for(purpose, spare.key(purpose, algorithm, size)?, clock.now())?)),
    })?;
    let successor = state.successor_for(purpose, algorithm);
    let successor = successor.ok_or(StateError::NoSuccessor { algorithm })?;
    Ok((successor.kid().to_owned(), state))
}

/// Lets the successor of `purpose` and `algorithm` sign, by default of the signing ring. Publishes a successor if there is none. Calls `wait`
/// with its identifier and the time until it may sign. Publishes the next successor in the same change in which this one begins to sign.
///
/// # Errors
/// [`Error::ClockBehind`], [`Error::ClockJumped`], [`Error::KeyPair`], those of [`Keeper::change`], and [`Error::State`] if the successor was
/// removed meanwhile.
pub fn rotate(
    keeper: &Keeper,
    purpose: Purpose,
    algorithm: Option<SigningAlgorithm>,
    clock: &dyn Clock,
    wait: &mut dyn FnMut(&str, Duration),
) -> Result<Rotation, Error> {
    let (_, state) = keeper.load()?;
    let signer = state.signer_for(purpose)?;
    let algorithm = algorithm.unwrap_or(signer.pair.algorithm());
    let (retiring, size) = (signer.kid().to_owned(), signer.pair.rsa_size());
    let (successor, state) = stage_key(keeper, purpose, algorithm, size, clock)?;
    let staged = state.find(&successor);
    let staged = staged.ok_or_else(|| StateError::NotStaged { kid: successor.clone() })?;
    let from = staged.may_sign_from;
    let mut watch = ClockWatch::default();
    loop {
        // Another process has already replaced the signer that this one should replace.
        let (_, state) = keeper.load()?;
        if state.signer_for(purpose)?.kid() != retiring {
            return Ok(Rotation { signing: state.signer_for(purpose)?.kid().to_owned(), retiring, state });
        }
        // A clock that jumps during the wait would end it too early.
        if let ClockState::Jumped { by } = watch.look(clock, state.settings().times()) {
            return Err(Error::ClockJumped { by });
        }
        let now = clock.now();
        if let Some(published) = state.ahead_of(now) {
            return Err(Error::ClockBehind { published, now });
        }
        if now >= from {
            break;
        }
        wait(&successor, Duration::from_secs(from - now));
    }
    let mut spare = Spare::default();
    let state = keeper.change(|state| {
        if state.signer_for(purpose)?.kid() != retiring {
            return Ok(None);
        }
        let now = clock.now();
        spare.succeed(state.promote(&successor, now)?, now).map(Some)
    })?;
    Ok(Rotation { signing: state.signer_for(purpose)?.kid().to_owned(), retiring, state })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::test_keys::{GATE, NOW, TestClock, given, key, key_for, state, written};
    use crate::{Document, Phase, SqliteStore, Store, StoreError, Version};

    /// A store in memory that calls a function before each replacement.
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

        fn replace_as(
            &self,
            expected: Version,
            next: Version,
            document: &Document,
        ) -> Result<(), StoreError> {
            if let Some(state) = self.before_replace.lock().unwrap().pop() {
                self.store.replace(expected, &written(&state, expected + 1)).unwrap();
            }
            self.store.replace_as(expected, next, document)
        }
    }

    fn keeper(first: &State) -> (tempfile::TempDir, Keeper) {
        contended(first, vec![])
    }

    fn contended(first: &State, before_replace: Vec<State>) -> (tempfile::TempDir, Keeper) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.sqlite");
        let store = SqliteStore::create(&path, &written(first, 1)).unwrap();
        let store = Contended { store, before_replace: Mutex::new(before_replace) };
        (folder, Keeper::new(Arc::new(store), given()).unwrap())
    }

    fn signer(state: &State) -> String {
        state.rings()[0].signer().unwrap().kid().to_owned()
    }

    fn never(_: &str, _: Duration) {
        panic!("nothing to wait for");
    }

    #[test]
    fn the_successor_is_published_until_every_verifier_can_have_it_before_it_signs() {
        let first = state();
        let (_folder, keeper) = keeper(&first);
        let clock = TestClock::at(NOW + 100);
        let mut waits = vec![];
        let mut wait = |kid: &str, time: Duration| {
            let (_, meanwhile) = keeper.load().unwrap();
            assert_eq!(meanwhile.find(kid).unwrap().phase, Phase::Staged);
            assert_eq!(signer(&meanwhile), signer(&first), "the old key goes on");
            waits.push(time.as_secs());
            clock.advance(101);
        };
        let rotation = rotate(&keeper, Purpose::Access, None, &clock, &mut wait).unwrap();
        assert_eq!(waits, [GATE, GATE - 101, GATE - 202]);
        assert_eq!(rotation.retiring, signer(&first));
        let (_, last) = keeper.load().unwrap();
        assert_eq!(rotation.signing, signer(&last));
        assert!(last.rings()[0].staged().is_some(), "the next successor is published already");
        let old = rotation.state.find(&rotation.retiring).unwrap();
        assert_eq!(old.phase, Phase::Retiring { since: NOW, until: NOW + 100 + 303 });
    }

    #[test]
    fn a_rotation_goes_on_with_the_successor_that_is_there() {
        let successor = key();
        let (_folder, keeper) = keeper(&state().stage(Arc::clone(&successor), NOW).unwrap());
        let rotation =
            rotate(&keeper, Purpose::Access, None, &TestClock::at(NOW + GATE), &mut never).unwrap();
        assert_eq!(rotation.signing, successor.kid());
        assert_eq!(rotation.state.keys().count(), 3);
        assert_eq!(keeper.version().unwrap(), 2, "one change");
    }

    #[test]
    fn a_rotation_to_another_algorithm_opens_its_ring_and_waits() {
        let (_folder, keeper) = keeper(&state().stage(key(), NOW).unwrap());
        let clock = TestClock::at(NOW + GATE);
        let mut wait = |_: &str, time: Duration| clock.advance(time.as_secs());
        let rotation =
            rotate(&keeper, Purpose::Access, Some(SigningAlgorithm::EdDSA), &clock, &mut wait).unwrap();
        assert_eq!(clock.now(), NOW + GATE + GATE);
        assert_eq!(rotation.state.active().unwrap().algorithm(), SigningAlgorithm::EdDSA);
        assert!(rotation.state.find(&rotation.retiring).is_some());
    }

    #[test]
    fn staging_twice_is_staging_once_and_an_opened_ring_waits_for_its_rotation() {
        let (_folder, keeper) = keeper(&state());
        let clock = TestClock::at(NOW);
        let stage = || {
            stage_key(&keeper, Purpose::Access, SigningAlgorithm::EdDSA, RsaSize::default(), &clock).unwrap()
        };
        let (kid, state) = stage();
        assert_eq!((stage().0, keeper.version().unwrap()), (kid, 2));
        assert_eq!((state.rings().len(), state.active().unwrap().algorithm()), (2, SigningAlgorithm::ES256));
    }

    #[test]
    fn a_rotation_that_comes_second_to_the_store_takes_the_successor_of_the_first() {
        let (first, theirs) = (state(), key());
        let staged = first.stage(Arc::clone(&theirs), NOW).unwrap();
        let (_folder, keeper) = contended(&first, vec![staged]);
        let rotation =
            rotate(&keeper, Purpose::Access, None, &TestClock::at(NOW + GATE), &mut never).unwrap();
        assert_eq!(rotation.signing, theirs.kid());
        assert_eq!(keeper.load().unwrap().1.keys().count(), 3);
    }

    #[test]
    fn a_rotation_whose_successor_another_process_lets_sign_changes_nothing_more() {
        let (first, theirs) = (state(), key());
        let staged = first.stage(Arc::clone(&theirs), NOW).unwrap();
        let promoted = staged.promote(theirs.kid(), NOW + GATE).unwrap();
        let (_folder, keeper) = contended(&staged, vec![promoted]);
        let rotation =
            rotate(&keeper, Purpose::Access, None, &TestClock::at(NOW + GATE), &mut never).unwrap();
        assert_eq!((rotation.signing.as_str(), rotation.retiring), (theirs.kid(), signer(&first)));
        assert_eq!(keeper.version().unwrap(), 2);
    }

    #[test]
    fn a_successor_of_another_algorithm_that_is_revoked_meanwhile_is_not_made_up_for() {
        let other = key_for(SigningAlgorithm::EdDSA);
        let staged = state().stage(Arc::clone(&other), NOW).unwrap();
        let (_folder, keeper) = contended(&staged, vec![staged.revoke(other.kid(), NOW).unwrap()]);
        let eddsa = Some(SigningAlgorithm::EdDSA);
        let error =
            rotate(&keeper, Purpose::Access, eddsa, &TestClock::at(NOW + GATE), &mut never).unwrap_err();
        assert_eq!(error.code(), "state_not_staged");
    }

    #[test]
    fn a_clock_that_was_set_back_is_reported_and_not_waited_for() {
        let (_folder, keeper) = keeper(&state().stage(key(), NOW).unwrap());
        let clock = TestClock::at(NOW - 1);
        let error = rotate(&keeper, Purpose::Access, None, &clock, &mut never).unwrap_err();
        assert!(matches!(error, Error::ClockBehind { published: NOW, now } if now == NOW - 1), "{error}");
        clock.set(NOW);
        rotate(&keeper, Purpose::Access, None, &clock, &mut |_, time| clock.advance(time.as_secs())).unwrap();
    }

    #[test]
    fn k3_a_clock_that_jumps_while_a_rotation_waits_ends_it_and_lets_nothing_sign() {
        let first = state();
        let (_folder, keeper) = keeper(&first.stage(key(), NOW).unwrap());
        let clock = TestClock::at(NOW);
        let jump = &mut |_: &str, _| clock.set(NOW + 10 * 31_536_000);
        let error = rotate(&keeper, Purpose::Access, None, &clock, jump).unwrap_err();
        assert!(matches!(error, Error::ClockJumped { by: 315_360_000 }), "{error}");
        assert_eq!(signer(&keeper.load().unwrap().1), signer(&first));
    }

    #[test]
    fn rotations_at_once_lose_no_key_and_leave_one_signer() {
        let first = state();
        let (_folder, keeper) = keeper(&first);
        let clock = TestClock::at(NOW);
        let rotations: Vec<Rotation> = std::thread::scope(|scope| {
            let rotate_now = || {
                let wait = &mut |_: &str, time: Duration| clock.advance(time.as_secs());
                rotate(&keeper, Purpose::Access, None, &clock, wait).unwrap()
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
