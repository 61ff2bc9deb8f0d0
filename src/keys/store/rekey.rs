//! A keeper enters; the store is encrypted with another key-encryption key.

use crate::{Clock, Error, Keeper, KekError, KekSource, Keks, SystemClock};

/// Encrypts the store with a new key. The key is added to the file before, and is the only one in it afterwards. Returns the
/// identifier of the key that encrypts from now on. If keys are given instead of a file, or other machines have the file, too,
/// the first of the keys that are there is used: every server needs it before.
///
/// A process killed anywhere leaves a file with every key that the store may need. Servers read the file again by
/// themselves.
///
/// # Errors
/// Those of [`Keeper::change`] and of [`KekSource::read`]; [`KekError::NoNewKey`].
pub fn rekey(keeper: &Keeper) -> Result<String, Error> {
    if keeper.store().is_shared() || matches!(keeper.source(), KekSource::Given(_)) {
        let keks = keeper.source().read()?;
        if keks.count() < 2 {
            return Err(KekError::NoNewKey.into());
        }
        keeper.refresh()?;
        renew_seal(keeper)?;
        return Ok(keks.id().to_owned());
    }
    // Of two at once, one could take away the key with which the other has just encrypted the store.
    let locked = keeper.source().lock()?;
    let old = keeper.source().read()?;
    let new = Keks::generate()?;
    locked.replace(&old.after(&new)?)?;
    keeper.refresh()?;
    renew_seal(keeper)?;
    locked.replace(&new)?;
    keeper.refresh()?;
    Ok(new.id().to_owned())
}

/// Nothing changes but the seal, and the key that derives refresh tokens: an attacker with the old key knows that one, too.
fn renew_seal(keeper: &Keeper) -> Result<(), Error> {
    let changed = keeper.change(|state| match state.ledger() {
        Some(seal) => Ok(Some(state.with_ledger(seal.renew(SystemClock.now())?)?)),
        None => Ok(Some(state.clone())),
    });
    changed.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_keys::{NOW, key, sealed_in_file, state};

    #[test]
    fn the_old_key_opens_nothing_afterwards_and_a_keeper_from_before_goes_on() {
        let (_folder, source, keeper) = sealed_in_file(&state());
        let old = source.read().unwrap();
        let other = Keeper::new(keeper.store(), source.clone()).unwrap();
        let id = rekey(&keeper).unwrap();
        assert_ne!(id, old.id());
        let stale = Keeper::new(keeper.store(), KekSource::Given(old)).unwrap();
        assert_eq!(stale.load().unwrap_err().code(), "kek_other");
        assert_eq!(stale.change(|state| Ok(Some(state.clone()))).unwrap_err().code(), "kek_other");
        assert_eq!(keeper.version().unwrap(), 2, "nothing was overwritten");
        other.change(|state| Ok(Some(state.stage(key(), NOW)?))).unwrap();
        assert_eq!(keeper.load().unwrap().1.keys().count(), 2);
    }

    #[test]
    fn many_at_once_leave_one_key_that_opens_the_store() {
        let (_folder, source, keeper) = sealed_in_file(&state());
        let keepers = [(); 4].map(|()| Keeper::new(keeper.store(), source.clone()).unwrap());
        std::thread::scope(|scope| {
            for keeper in &keepers {
                scope.spawn(|| rekey(keeper).unwrap());
            }
        });
        assert_eq!(source.read().unwrap().to_text().lines().count(), 1);
        assert_eq!(keeper.load().unwrap().0, 5);
    }
}
