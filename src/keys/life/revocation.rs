//! Revokes a stolen key, or replaces all keys, in one change of the store.

use super::spare::Spare;
use crate::{Clock, Error, Keeper, Purpose, RsaSize, State};

/// Removes a stolen key from the set at once. If it signs, its successor signs from now on, and another successor is published in the same
/// change.
///
/// # Errors
/// [`Error::State`] if there is no such key, or if it signs and its successor may not sign yet. Then
/// only [`replace_all_keys`] helps. [`Error::KeyPair`] and those of [`Keeper::change`].
pub fn revoke_key(keeper: &Keeper, kid: &str, clock: &dyn Clock) -> Result<State, Error> {
    let mut spare = Spare::default();
    keeper.change(|state| {
        let now = clock.now();
        spare.succeed(state.revoke(kid, now)?, now).map(Some)
    })
}

/// Revokes all keys of the store, including successors, because all may be stolen. A new key signs at once. Verifiers refuse good tokens
/// until they fetch the set.
///
/// # Errors
/// [`Error::KeyPair`] and those of [`Keeper::change`].
pub fn replace_all_keys(keeper: &Keeper, clock: &dyn Clock) -> Result<State, Error> {
    let mut spares = [Spare::default(), Spare::default()];
    let access = Purpose::Access;
    keeper.change(|state| {
        let (algorithm, size) = (state.active()?.algorithm(), state.signer()?.pair.rsa_size());
        let [first, successor] = &mut spares;
        let pairs = [first.key(access, algorithm, size)?, successor.key(access, algorithm, size)?];
        let id = match state.ring_for(Purpose::Id) {
            Some(ring) => {
                let size = ring.keys().last().map_or_else(RsaSize::default, |key| key.pair.rsa_size());
                let key = |spare: &mut Spare| spare.key(Purpose::Id, ring.algorithm(), size);
                Some([key(first)?, key(successor)?])
            }
            None => None,
        };
        let now = clock.now();
        let next = state.replace_all(pairs, now)?;
        Ok(Some(match id {
            Some(pairs) => next.with_id_keys(pairs, now)?,
            None => next,
        }))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::test_keys::{GATE, NOW, TestClock, keeper, key, state};

    #[test]
    fn a_stolen_signer_is_replaced_and_the_next_successor_is_published_in_one_change() {
        let (first, two) = (state(), key());
        let stolen = first.signer().unwrap().kid().to_owned();
        let (_folder, keeper) = keeper(&first.stage(Arc::clone(&two), NOW).unwrap());
        let after = revoke_key(&keeper, &stolen, &TestClock::at(NOW + GATE)).unwrap();
        assert_eq!((after.signer().unwrap().kid(), after.keys().count()), (two.kid(), 2));
        assert_eq!(keeper.version().unwrap(), 2);
    }

    #[test]
    fn a_signer_whose_successor_is_too_young_is_left_and_nothing_is_written() {
        let first = state();
        let (_folder, keeper) = keeper(&first.stage(key(), NOW).unwrap());
        let clock = TestClock::at(NOW + GATE - 1);
        let error = revoke_key(&keeper, first.signer().unwrap().kid(), &clock).unwrap_err();
        assert_eq!((error.code(), keeper.version().unwrap()), ("state_too_young", 1));
        let after = replace_all_keys(&keeper, &clock).unwrap();
        assert!(first.keys().all(|key| after.find(key.kid()).is_none()));
        assert_eq!((after.keys().count(), after.revoked().len()), (2, 2));
    }
}
