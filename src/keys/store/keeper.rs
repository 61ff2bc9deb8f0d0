//! Loads states from a store and saves them. Only this file converts between documents and states.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use tracing::warn;

use super::running_server::{Encryption, Presence};
use crate::ledger::{Ledger, LedgerStamp};
use crate::{
    Document, DocumentError, Error, KekError, KekSource, Keks, MarkFile, State, Store, StoreError,
    StoreStamp, Version,
};

/// Reads and changes the state in a store.
#[derive(Clone, Debug)]
pub struct Keeper {
    store: Arc<dyn Store>,
    source: KekSource,
    keks: Arc<ArcSwap<Keks>>,
    mark: Option<MarkFile>,
    ledger: Option<Arc<dyn Ledger>>,
    presence: Arc<Presence>,
}

/// The content of the store, and how it is encrypted.
struct Loaded {
    stamp: StoreStamp,
    state: State,
    /// The keys that opened it.
    keks: Arc<Keks>,
    /// The identifier of the key that encrypts it.
    sealed_with: String,
}

/// The most attempts of a change. A failed attempt means that another process has changed the store. So many in a row are not a coincidence.
const ATTEMPTS: u32 = 100;
/// The most attempts while the store is locked. Each waits for a second or two.
const BUSY_ATTEMPTS: u32 = 5;

impl Keeper {
    /// Makes a keeper of a store that is encrypted with the keys of that source.
    ///
    /// # Errors
    /// Those of [`KekSource::read`].
    pub fn new(store: Arc<dyn Store>, source: KekSource) -> Result<Self, Error> {
        let keks = Arc::new(ArcSwap::new(source.read()?));
        Ok(Self { store, source, keks, mark: None, ledger: None, presence: Arc::default() })
    }

    /// Returns the keeper with a high-water mark. It records the last seen version of a store of format 4 or later, and refuses older versions.
    #[must_use]
    pub fn with_mark(self, mark: MarkFile) -> Self {
        Self { mark: Some(mark), ..self }
    }

    /// Returns the keeper with the ledger of the people who log in.
    #[must_use]
    pub fn with_ledger(self, ledger: Arc<dyn Ledger>) -> Self {
        Self { ledger: Some(ledger), ..self }
    }

    /// Returns the ledger of the people who log in, if there is one.
    #[must_use]
    pub fn ledger(&self) -> Option<Arc<dyn Ledger>> {
        self.ledger.clone()
    }

    /// Returns the store.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// Returns the source of the key-encryption keys.
    #[must_use]
    pub const fn source(&self) -> &KekSource {
        &self.source
    }

    /// Reads the key-encryption keys again.
    ///
    /// # Errors
    /// Those of [`KekSource::read`].
    pub fn refresh(&self) -> Result<(), Error> {
        self.keks.store(self.source.read()?);
        Ok(())
    }

    /// Describes this process and its key-encryption keys in a store that other machines may share. Does so only if they have changed or some
    /// time has passed. `now` by the steady clock. May block on the store. A failure is logged.
    pub fn announce(&self, now: Duration) {
        self.presence.announce(self.store.as_ref(), self.kek_ids(), now);
    }

    /// Removes the description when this process stops. May block on the store.
    pub fn leave(&self) {
        self.presence.leave(self.store.as_ref());
    }

    /// Returns the current version. This is cheap.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn version(&self) -> Result<Version, Error> {
        Ok(self.store.version()?)
    }

    /// Returns the state and its version. All keys are parsed and checked.
    ///
    /// # Errors
    /// [`Error::Store`], also for [`StoreError::RolledBack`]; [`Error::Document`].
    pub fn load(&self) -> Result<(Version, State), Error> {
        let (stamp, state) = self.load_stamped()?;
        Ok((stamp.version, state))
    }

    /// Does the same as [`Keeper::load`], and returns the stamp that distinguishes the store from copies of it.
    ///
    /// # Errors
    /// Those of [`Keeper::load`].
    pub fn load_stamped(&self) -> Result<(StoreStamp, State), Error> {
        let Loaded { stamp, state, .. } = self.load_marked()?;
        Ok((stamp, state))
    }

    /// Returns the identifiers of the key-encryption keys of this process, in their order.
    #[must_use]
    pub fn kek_ids(&self) -> Vec<String> {
        self.keks.load().ids()
    }

    /// Returns the identifier of the key-encryption key that encrypts the store.
    ///
    /// # Errors
    /// Those of [`Keeper::load`].
    pub fn sealed_with(&self) -> Result<String, Error> {
        Ok(self.load_marked()?.sealed_with)
    }

    /// Returns how the store is encrypted now.
    ///
    /// # Errors
    /// Those of [`Keeper::load`].
    pub fn encryption(&self) -> Result<Encryption, Error> {
        Ok(Encryption { kek_id: self.sealed_with()?, servers: self.store.servers()? })
    }

    /// Loads the store, unless it was rolled back.
    fn load_marked(&self) -> Result<Loaded, Error> {
        // Read before the store, because other processes update the store first.
        let marks = self.mark.as_ref().map(MarkFile::read_all::<StoreStamp>).transpose()?.unwrap_or_default();
        let loaded = self.load_unmarked()?;
        if let Some(seen) = marks.get(loaded.state.issuer().as_str()) {
            let (found, seen_version) = (loaded.stamp.version, seen.version);
            let rolled_back = |how| StoreError::RolledBack { how, found, seen: seen_version };
            loaded.stamp.follows(seen).map_err(rolled_back)?;
        }
        Ok(loaded)
    }

    /// Loads the store without the check for a rollback.
    fn load_unmarked(&self) -> Result<Loaded, Error> {
        let (version, document) = self.store.load()?;
        let keks = self.keks.load_full();
        let (keks, (state, sealed_with)) = match document.to_sealed_state(&keks, version) {
            // Another process may have encrypted the store with another key.
            Err(DocumentError::Kek(KekError::Other { .. })) => {
                self.refresh()?;
                let keks = self.keks.load_full();
                let opened = document.to_sealed_state(&keks, version)?;
                (keks, opened)
            }
            opened => (keks, opened?),
        };
        let stamp = StoreStamp::new(&state, version, &document);
        Ok(Loaded { stamp, state, keks, sealed_with })
    }

    /// Records in the high-water mark that the store was seen with that state. Does nothing for a store of format 3.
    ///
    /// # Errors
    /// [`StoreError::Mark`].
    pub fn remember(&self, stamp: &StoreStamp, state: &State) -> Result<(), Error> {
        match &self.mark {
            Some(mark) if stamp.store_id.is_some() => Ok(mark.advance(state.issuer(), stamp)?),
            _ => Ok(()),
        }
    }

    /// Returns the state number of the ledger when it was last seen.
    ///
    /// # Errors
    /// [`StoreError::Mark`].
    pub(crate) fn ledger_mark(&self) -> Result<Option<LedgerStamp>, Error> {
        let Some(mark) = &self.mark else { return Ok(None) };
        Ok(mark.read_ledger(self.load()?.1.issuer())?)
    }

    /// Records the state number of the ledger.
    ///
    /// # Errors
    /// [`StoreError::Mark`].
    pub(crate) fn set_ledger_mark(&self, stamp: LedgerStamp) -> Result<(), Error> {
        let Some(mark) = &self.mark else { return Ok(()) };
        Ok(mark.set_ledger(self.load()?.1.issuer(), stamp)?)
    }

    /// Checks the seal of the store with the key-encryption keys that a new process would read now.
    ///
    /// # Errors
    /// Those of [`KekSource::read`], [`Error::Store`], [`Error::Document`].
    pub fn check_kek(&self) -> Result<(), Error> {
        let opened = || {
            let keks = self.source.read()?;
            let (version, document) = self.store.load()?;
            Ok(document.check_seal(&keks, version)?)
        };
        // A `rekey` may happen between the two readings.
        opened().or_else(|_: Error| opened())
    }

    /// Whether an older copy of the store would be detected here. Otherwise the machine may be new, and the store from a backup. An older copy
    /// of a store of format 3 is never detected.
    ///
    /// # Errors
    /// Those of [`Keeper::load`], [`StoreError::Mark`].
    pub fn is_remembered(&self) -> Result<bool, Error> {
        let Some(mark) = &self.mark else { return Ok(false) };
        let Loaded { stamp, state, .. } = self.load_unmarked()?;
        Ok(stamp.store_id.is_none() || mark.read(state.issuer())?.is_some())
    }

    /// Accepts a store that was rolled back, or that the high-water mark does not contain. Gives it a version above all seen versions, so that
    /// every server accepts it, and updates the mark. Returns the version and the state. Returns `None` and changes nothing if the store was
    /// not rolled back, or if there is no mark.
    ///
    /// # Errors
    /// Those of [`Keeper::load`], [`StoreError::Mark`], and [`StoreError::Conflict`] if another process changed the store.
    pub fn accept_restored(&self) -> Result<Option<(Version, State)>, Error> {
        let Some(mark) = &self.mark else { return Ok(None) };
        let Loaded { stamp, state, keks, sealed_with } = self.load_unmarked()?;
        let seen = mark.read(state.issuer())?;
        if seen.as_ref().map_or(stamp.store_id.is_none(), |seen| stamp.follows(seen).is_ok()) {
            return Ok(None);
        }
        let (seen_id, seen_version) = seen.map_or((None, 0), |seen| (seen.store_id, seen.version));
        // A copy from before the upgrade gets the identifier that the store had.
        let state = seen_id.and_then(|id| state.upgrade(id)).unwrap_or(state);
        // Codes, sessions and tokens that have ended since the backup must stay invalid.
        let state = match state.ledger() {
            Some(seal) => {
                let mut seal = seal.clone();
                seal.epoch = seal.epoch.saturating_add(1);
                state.with_ledger(seal)?
            }
            None => state,
        };
        let next = stamp.version.max(seen_version).saturating_add(1);
        let document = Document::from_state(&state, &keks.led_by(&sealed_with)?, next)?;
        self.store.replace_as(stamp.version, next, &document)?;
        mark.set(state.issuer(), &StoreStamp::new(&state, next, &document))?;
        Ok(Some((next, state)))
    }

    /// Changes the state by compare-and-swap. `decide` gets the current state. It is called again if another process was first or has locked the
    /// store. So the times in its result are written within seconds, which the replica delay includes, or not at all. If it returns
    /// `Ok(None)`, nothing changes. Returns the final state.
    ///
    /// The store stays encrypted with the same key, even if another key is the first one here, because other servers may not have that key.
    ///
    /// # Errors
    /// Those of `decide`, [`Error::Store`], [`Error::Document`], [`Error::Contended`].
    pub fn change(&self, decide: impl FnMut(&State) -> Result<Option<State>, Error>) -> Result<State, Error> {
        self.change_sealed(|keks, sealed_with| Ok(Arc::new(keks.led_by(sealed_with)?)), decide)
    }

    /// Does the same as [`Keeper::change`], and encrypts the store with the first of the keys that `choose` returns. `choose` gets the keys of this
    /// process and the identifier of the key that encrypts the store.
    pub(super) fn change_sealed(
        &self,
        choose: impl Fn(&Arc<Keks>, &str) -> Result<Arc<Keks>, Error>,
        mut decide: impl FnMut(&State) -> Result<Option<State>, Error>,
    ) -> Result<State, Error> {
        let mut busy = 0;
        for _ in 0..ATTEMPTS {
            let decided = self.store.moment()?;
            let Loaded { stamp, state, keks, sealed_with } = self.load_marked()?;
            let version = stamp.version;
            let Some(next) = decide(&state)? else { return Ok(state) };
            let keks = choose(&keks, &sealed_with)?;
            let document = Document::from_state(&next, &keks, version.saturating_add(1))?;
            match self.store.replace_fresh(version, &document, decided) {
                Ok(version) => {
                    // The change is made. If the mark cannot be updated now, the next look updates it.
                    if let Err(error) = self.remember(&StoreStamp::new(&next, version, &document), &next) {
                        warn!(code = error.code(), %error, "the change is made, but not remembered");
                    }
                    return Ok(next);
                }
                Err(StoreError::Conflict { .. }) => {}
                Err(StoreError::Busy { .. } | StoreError::Late) if busy < BUSY_ATTEMPTS => busy += 1,
                Err(other) => return Err(other.into()),
            }
        }
        Err(Error::Contended { attempts: ATTEMPTS })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::test_keys::{GATE, NOW, TestClock, given, key, state, written};
    use crate::{Clock, SqliteStore};

    /// A store that is busy for this number of changes. Each waits for two seconds.
    #[derive(Debug)]
    struct Busy {
        store: SqliteStore,
        clock: Arc<TestClock>,
        changes: Mutex<u32>,
    }

    impl Store for Busy {
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
            let mut left = self.changes.lock().unwrap();
            if *left == 0 {
                return self.store.replace_as(expected, next, document);
            }
            *left -= 1;
            self.clock.advance(2);
            Err(StoreError::Busy { path: "here".into() })
        }
    }

    fn busy_for(changes: u32) -> (tempfile::TempDir, Arc<TestClock>, Keeper) {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::create(&folder.path().join("store.sqlite"), &written(&state(), 1)).unwrap();
        let clock = Arc::new(TestClock::at(NOW));
        let busy = Busy { store, clock: Arc::clone(&clock), changes: Mutex::new(changes) };
        (folder, clock, Keeper::new(Arc::new(busy), given()).unwrap())
    }

    #[test]
    fn a_change_that_had_to_wait_is_decided_again_and_dated_when_it_is_written() {
        let (_folder, clock, keeper) = busy_for(BUSY_ATTEMPTS);
        let successor = key();
        let stage = |state: &State| Ok(Some(state.stage(Arc::clone(&successor), clock.now())?));
        let state = keeper.change(stage).unwrap();
        let staged = state.find(successor.kid()).unwrap();
        let waited = NOW + 2 * u64::from(BUSY_ATTEMPTS);
        assert_eq!((staged.published, staged.may_sign_from), (waited, waited + GATE));
    }

    #[test]
    fn a_store_that_stays_busy_is_an_error_and_unchanged() {
        let (_folder, clock, keeper) = busy_for(BUSY_ATTEMPTS + 1);
        let stage = |state: &State| Ok(Some(state.stage(key(), clock.now())?));
        assert_eq!(keeper.change(stage).unwrap_err().code(), "store_busy");
        assert_eq!(keeper.version().unwrap(), 1);
    }
}
