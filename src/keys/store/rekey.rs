//! Encrypts a store with another key-encryption key.

use std::sync::Arc;
use std::time::Duration;

use crate::{Clock, Error, Keeper, KekError, KekSource, Keks, RunningServer};

/// The time to wait for other servers to read their keys again, because `systemctl reload` does not wait for that.
const RELOADED_WITHIN: Duration = Duration::from_secs(3);
/// The pause between two checks of them.
const PAUSE: Duration = Duration::from_millis(200);

/// Encrypts the store with a new key. The key is added to the file before, and is the only one in it afterwards. Returns the identifier of
/// the new key. If keys are given instead of a file, or if other machines share the store, no key is made: the first existing key is used,
/// and every server must already have it as its first key.
///
/// A process that is killed at any point leaves a file with every key that the store may need. Servers read the file again automatically.
///
/// # Errors
/// Those of [`Keeper::change`] and of [`KekSource::read`]; [`KekError::NoNewKey`], [`KekError::InUse`],
/// [`KekError::Elsewhere`].
pub fn rekey(keeper: &Keeper, clock: &dyn Clock) -> Result<String, Error> {
    if keeper.store().is_shared() || matches!(keeper.source(), KekSource::Given(_)) {
        keeper.refresh()?;
        let began = clock.steady();
        loop {
            match renew_seal(keeper, clock) {
                Err(Error::Kek(KekError::Elsewhere { .. }))
                    if clock.steady().saturating_sub(began) < RELOADED_WITHIN =>
                {
                    std::thread::sleep(PAUSE);
                }
                done => return done,
            }
        }
    }
    // Without the lock, a concurrent command could remove the key that this one has just used.
    let locked = keeper.source().lock()?;
    let old = keeper.source().read()?;
    let new = Keks::generate()?;
    locked.replace(&old.after(&new)?)?;
    keeper.refresh()?;
    let id = renew_seal(keeper, clock)?;
    locked.replace(&new)?;
    keeper.refresh()?;
    Ok(id)
}

/// Encrypts the store with the first key, and returns its identifier. Also replaces the key that derives refresh tokens, because an attacker
/// with the old key knows it, too.
fn renew_seal(keeper: &Keeper, clock: &dyn Clock) -> Result<String, Error> {
    let choose = |keks: &Arc<Keks>, present: &str| {
        let id = keks.id();
        match keks.ids().as_slice() {
            [first] if first == present => Err(KekError::NoNewKey)?,
            [first, ..] if first == present => Err(KekError::InUse { id: id.to_owned() })?,
            _ => {}
        }
        check_elsewhere(id, &keeper.store().servers()?)?;
        Ok(Arc::clone(keks))
    };
    keeper.change_sealed(choose, |state| match state.ledger() {
        Some(seal) => Ok(Some(state.with_ledger(seal.renew(clock.now())?)?)),
        None => Ok(Some(state.clone())),
    })?;
    keeper.sealed_with()
}

/// Refuses a key that is not the first key of each running server. A server without the key could not read the store any more, and all
/// servers must agree on the new key.
fn check_elsewhere(id: &str, servers: &[RunningServer]) -> Result<(), KekError> {
    for is_missing in [true, false] {
        let disagrees = |server: &&RunningServer| match is_missing {
            true => !server.kek_ids.iter().any(|kek| kek == id),
            false => server.kek_ids.first().is_none_or(|first| first != id),
        };
        let servers: Vec<String> =
            servers.iter().filter(disagrees).map(|server| server.name.clone()).collect();
        if !servers.is_empty() {
            return Err(KekError::Elsewhere { id: id.to_owned(), servers, is_missing });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Document;
    use crate::test_keys::{NOW, TestClock, key, sealed_in_file, state};

    #[test]
    fn the_old_key_opens_nothing_afterwards_and_a_keeper_from_before_goes_on() {
        let (_folder, source, keeper) = sealed_in_file(&state());
        let old = source.read().unwrap();
        let other = Keeper::new(keeper.store(), source.clone()).unwrap();
        let id = rekey(&keeper, &TestClock::at(NOW)).unwrap();
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
                scope.spawn(|| rekey(keeper, &TestClock::at(NOW)).unwrap());
            }
        });
        assert_eq!(source.read().unwrap().to_text().lines().count(), 1);
        assert_eq!(keeper.load().unwrap().0, 5);
    }

    #[test]
    fn a_change_keeps_the_key_that_encrypts_the_store_and_rekey_alone_replaces_it() {
        let [old, new] = [(); 2].map(|()| Keks::generate().unwrap());
        let given = |text: &[&Keks]| {
            let text: String = text.iter().map(|keks| keks.to_text().to_string()).collect();
            KekSource::Given(Arc::new(Keks::parse(&text).unwrap()))
        };
        let (_folder, _, keeper) = sealed_in_file(&state());
        let (version, document) = keeper.store().load().unwrap();
        let first = document.to_state(&keeper.source().read().unwrap(), version).unwrap();
        let sealed = Document::from_state(&first, &old, version + 1).unwrap();
        keeper.store().replace(version, &sealed).unwrap();
        let with = |keks: &[&Keks]| Keeper::new(keeper.store(), given(keks)).unwrap();
        let refused = |keks: &[&Keks]| rekey(&with(keks), &TestClock::at(NOW)).unwrap_err().code();

        with(&[&new, &old]).change(|state| Ok(Some(state.stage(key(), NOW)?))).unwrap();
        assert_eq!(with(&[&old]).sealed_with().unwrap(), old.id());
        assert_eq!([refused(&[&old]), refused(&[&old, &new])], ["kek_no_new_key", "kek_in_use"]);
        assert_eq!(refused(&[&new]), "kek_other");
        assert_eq!(rekey(&with(&[&new, &old]), &TestClock::at(NOW)).unwrap(), new.id());
        with(&[&old, &new]).change(|state| Ok(Some(state.clone()))).unwrap();
        assert_eq!(with(&[&new]).sealed_with().unwrap(), new.id());
        assert_eq!(refused(&[&new, &old]), "kek_in_use");
    }

    #[test]
    fn a_key_that_another_server_lacks_or_has_behind_another_one_is_refused_with_its_name() {
        let server = |name: &str, ids: &[&str]| RunningServer {
            name: name.to_owned(),
            kek_ids: ids.iter().map(|&id| id.to_owned()).collect(),
            ..RunningServer::default()
        };
        let [ready, behind, without] =
            [server("a", &["new", "old"]), server("b", &["old", "new"]), server("c", &["old"])];
        assert_eq!(check_elsewhere("new", &[]), Ok(()));
        assert_eq!(check_elsewhere("new", &[ready.clone(), server("d", &["new"])]), Ok(()));
        let refused = |servers: &[&RunningServer]| {
            let servers: Vec<RunningServer> = servers.iter().copied().cloned().collect();
            let error = check_elsewhere("new", &servers).unwrap_err();
            (error.code(), error.to_string())
        };
        let (code, text) = refused(&[&ready, &behind]);
        assert!(code == "kek_not_first_elsewhere" && text.contains("not the first one on b:"), "{text}");
        let (code, text) = refused(&[&ready, &behind, &without, &without]);
        assert!(code == "kek_missing_elsewhere" && text.contains("missing on c and c:"), "{text}");
    }
}
