//! A rotation that was requested and waits for its successor: `keys rotate --no-wait` requests it, and a server finishes it.

use super::ring::{Key, Phase};
use crate::{Clock, Error, Keeper, Purpose, RsaSize, SigningAlgorithm, State, StateError, stage_key};

impl State {
    /// Returns the staged key that signs as soon as it may, if a rotation was requested.
    #[must_use]
    pub fn next_signer(&self) -> Option<&Key> {
        let kid = self.next_signer.as_deref()?;
        self.find(kid).filter(|key| key.phase == Phase::Staged)
    }

    /// Returns the state in which that staged key signs as soon as it may.
    ///
    /// # Errors
    /// [`StateError::NotStaged`]; [`StateError::NeedsUpgrade`], because format 3 cannot hold the request.
    pub fn request_next_signer(&self, kid: &str) -> Result<Self, StateError> {
        self.require_format_4("a rotation that `serve` finishes (--no-wait)")?;
        let mut next = self.clone();
        next.next_signer = Some(kid.to_owned());
        match next.next_signer() {
            Some(_) => Ok(next),
            None => Err(StateError::NotStaged { kid: kid.to_owned() }),
        }
    }

    /// Removes a request whose key is no longer staged, because it signs or was removed.
    pub(super) fn forget_done_request(&mut self) {
        if self.next_signer().is_none() {
            self.next_signer = None;
        }
    }
}

/// Requests that the successor of `algorithm`, by default of the signing ring, signs as soon as every verifier can have it. Publishes a
/// successor if there is none. Returns the successor's identifier, the time from which it may sign in Unix seconds, and the state.
/// Requests nothing if it may already sign, because [`crate::rotate`] then does not wait.
///
/// # Errors
/// [`StateError::NeedsUpgrade`], [`Error::KeyPair`] and those of [`Keeper::change`].
pub fn request_rotation(
    keeper: &Keeper,
    algorithm: Option<SigningAlgorithm>,
    clock: &dyn Clock,
) -> Result<(String, u64, State), Error> {
    let (_, state) = keeper.load()?;
    let algorithm = algorithm.map_or_else(|| state.active().map(crate::Ring::algorithm), Ok)?;
    let size: RsaSize = state.signer()?.pair.rsa_size();
    let may_sign_from = |state: &State| state.successor(algorithm).map(|key| key.may_sign_from);
    // Checked before a key is published in vain.
    if may_sign_from(&state).is_none_or(|from| clock.now() < from) {
        state.require_format_4("a rotation that `serve` finishes (--no-wait)")?;
    }
    let (kid, _) = stage_key(keeper, Purpose::Access, algorithm, size, clock)?;
    let state = keeper.change(|state| {
        let key = state.find(&kid).ok_or_else(|| StateError::NotStaged { kid: kid.clone() })?;
        let requested = state.next_signer().is_some_and(|next| next.kid() == kid);
        if requested || clock.now() >= key.may_sign_from {
            return Ok(None);
        }
        Ok(Some(state.request_next_signer(&kid)?))
    })?;
    let from = state.find(&kid).map_or(0, |key| key.may_sign_from);
    Ok((kid, from, state))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::test_keys::{GATE, NOW, TestClock, keeper, key, key_for, settings, state};
    use crate::{Action, StoreId, next_step, step, tick};

    fn upgraded(state: &State) -> State {
        state.upgrade(StoreId::generate().unwrap()).unwrap()
    }

    #[test]
    fn k13_a_requested_successor_signs_in_the_second_in_which_it_may_and_not_before() {
        let two = key();
        let staged = upgraded(&state()).stage(Arc::clone(&two), NOW).unwrap();
        let requested = staged.request_next_signer(two.kid()).unwrap();
        assert_eq!(next_step(&requested, &settings()).unwrap(), NOW + GATE);
        assert!(step(&requested, NOW + GATE - 1, &settings()).unwrap().actions.is_empty());
        let after = step(&requested, NOW + GATE, &settings()).unwrap();
        let retiring = state_signer(&staged);
        assert_eq!(after.actions[0], Action::Promoted { kid: two.kid().to_owned(), retiring });
        assert!(matches!(after.actions[1..], [Action::Stage { .. }]));
        assert!(after.state.next_signer().is_none(), "the request is done");
        let without = step(&staged, NOW + GATE, &settings()).unwrap();
        assert_eq!(
            state_signer(&without.state),
            state_signer(&staged),
            "without a request it waits for the period"
        );
    }

    fn state_signer(state: &State) -> String {
        state.signer().unwrap().kid().to_owned()
    }

    #[test]
    fn k13_a_requested_migration_is_finished_by_a_tick_and_the_new_ring_gets_a_successor() {
        let (_folder, keeper) = keeper(&upgraded(&state()));
        let clock = TestClock::at(NOW);
        let (kid, from, _) = request_rotation(&keeper, Some(SigningAlgorithm::EdDSA), &clock).unwrap();
        assert_eq!(from, NOW + GATE);
        let again = request_rotation(&keeper, Some(SigningAlgorithm::EdDSA), &clock).unwrap();
        assert_eq!(
            (again.0, keeper.version().unwrap()),
            (kid.clone(), 3),
            "a repeated request changes nothing"
        );
        clock.advance(GATE - 1);
        assert_ne!(state_signer(&tick(&keeper, &clock).unwrap()), kid);
        clock.advance(1);
        let after = tick(&keeper, &clock).unwrap();
        assert_eq!(state_signer(&after), kid);
        assert!(after.successor(SigningAlgorithm::EdDSA).is_some());
        assert_eq!(state_signer(&keeper.load().unwrap().1), kid);
    }

    #[test]
    fn k13_a_request_ends_with_its_key_and_survives_other_changes() {
        let (two, other) = (key(), key_for(SigningAlgorithm::EdDSA));
        let staged = upgraded(&state()).stage(Arc::clone(&two), NOW).unwrap();
        let staged = staged.stage(Arc::clone(&other), NOW).unwrap();
        let requested = staged.request_next_signer(other.kid()).unwrap();
        let rotated = requested.promote(two.kid(), NOW + GATE).unwrap();
        assert_eq!(rotated.next_signer().unwrap().kid(), other.kid());
        assert!(requested.revoke(other.kid(), NOW).unwrap().next_signer().is_none());
        assert!(requested.replace_all([key(), key()], NOW).unwrap().next_signer().is_none());
        assert_eq!(requested.request_next_signer("unknown").unwrap_err().code(), "state_not_staged");
    }

    #[test]
    fn k13_a_store_of_format_3_cannot_hold_a_request_and_publishes_nothing_for_it() {
        let (_folder, keeper) = keeper(&state());
        let error = request_rotation(&keeper, None, &TestClock::at(NOW)).unwrap_err();
        assert_eq!((error.code(), keeper.version().unwrap()), ("store_needs_upgrade", 1));
    }
}
