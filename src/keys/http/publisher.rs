//! Publishes the set of a keeper, and follows what this and other processes write.
//!
//! Readers see a snapshot in memory: no lock, no store. A store that fails changes nothing of what is published.

use std::sync::Arc;
use std::time::Duration;

use tracing::{error, info, warn};

use crate::{
    Action, Alarm, Clock, ClockState, ClockWatch, Error, Keeper, Published, Snapshot, StoreError, StoreStamp,
    step, tick,
};

/// Keeps [`Published`] up to date.
#[derive(Debug)]
pub struct Publisher {
    keeper: Keeper,
    clock: Arc<dyn Clock>,
    published: Arc<Published>,
    /// What was read last.
    read: Option<StoreStamp>,
    /// Whether the high-water mark lacks it.
    unmarked: bool,
    watch: ClockWatch,
    /// When the key-encryption key was last known to open the store, by the steady clock.
    kek_checked: Option<Duration>,
    /// What was last said to be wrong with the signer, and when, in Unix seconds.
    alarm: Option<(Alarm, u64)>,
    /// Since when the store has failed, and when that was last reported, in Unix seconds.
    failing: Option<(u64, u64)>,
}

/// How often the version is asked for. Half the smallest replica delay that is of use, so that a successor is published
/// by every server before its first signature.
pub(crate) const PERIOD: Duration = Duration::from_millis(500);
/// How often the store is opened with the key-encryption key that a new process would read.
const KEK_PERIOD: Duration = Duration::from_secs(60);
/// How often a failure that goes on is reported, in seconds.
const REPORT_PERIOD: u64 = 60;

impl Publisher {
    /// Reads the set for the first time.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Document`]: there is nothing to publish.
    pub fn new(keeper: Keeper, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let mut publisher = Self {
            keeper,
            clock,
            published: Arc::default(),
            read: None,
            unmarked: true,
            watch: ClockWatch::default(),
            kek_checked: None,
            alarm: None,
            failing: None,
        };
        publisher.read()?;
        publisher.remember()?;
        publisher.look_at_clock();
        publisher.published.ticked(publisher.clock.now(), true, false);
        Ok(publisher)
    }

    /// What the readers see.
    #[must_use]
    pub fn published(&self) -> Arc<Published> {
        Arc::clone(&self.published)
    }

    /// Looks once whether another process has changed the state, and publishes the new set; then makes the step that is
    /// due, if one is. May block on the store. A failure is reported in the log and leaves the published set as it is.
    pub fn look(&mut self) {
        let now = self.clock.now();
        let looked = self.look_once(now);
        self.published.explain(looked.as_ref().err());
        self.published.ticked(now, looked.is_ok(), self.alarm.is_some());
        match (looked, self.failing) {
            (Ok(()), Some((since, _))) => {
                info!(seconds = now.saturating_sub(since), "ready again");
                self.failing = None;
            }
            (Ok(()), None) => {}
            (Err(error), failing) => {
                let (since, reported) = failing.unwrap_or((now, 0));
                if failing.is_none() || now.saturating_sub(reported) >= REPORT_PERIOD {
                    let seconds = now.saturating_sub(since);
                    warn!(code = error.code(), %error, seconds, "not ready; the published set stays");
                    self.failing = Some((since, now));
                }
            }
        }
    }

    /// Looks again and again, until it is dropped.
    ///
    /// # Errors
    /// [`Error::Stopped`] if a look panicked.
    pub async fn follow(mut self) -> Result<(), Error> {
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            // The store blocks, the requests must not.
            let looked = tokio::task::spawn_blocking(move || {
                self.look();
                self
            });
            self = looked.await.map_err(|_| {
                error!("the set can't be followed any more");
                Error::Stopped
            })?;
        }
    }

    fn look_once(&mut self, now: u64) -> Result<(), Error> {
        let clock = self.look_at_clock();
        // INVARIANT: a look that gets no further than here lets the replica delay run out, and then nothing is signed.
        self.read()?;
        if let ClockState::Jumped { by } = clock {
            return Err(Error::ClockJumped { by });
        }
        // What can be read is current, even if nothing can be written, as on a full disk.
        self.published.seen(now);
        self.remember()?;
        if clock == ClockState::Steady {
            self.turn()?;
        }
        self.check_kek()
    }

    fn look_at_clock(&mut self) -> ClockState {
        let Some(snapshot) = self.published.snapshot() else { return ClockState::Steady };
        self.watch.look(self.clock.as_ref(), snapshot.state.settings().times())
    }

    /// Moves the high-water mark on to what was read last.
    fn remember(&mut self) -> Result<(), Error> {
        if let (true, Some(stamp), Some(snapshot)) = (self.unmarked, &self.read, self.published.snapshot()) {
            self.keeper.remember(stamp, &snapshot.state)?;
            self.unmarked = false;
        }
        Ok(())
    }

    /// Finds out once a minute whether the next start would open the store; at each look, once it would not.
    fn check_kek(&mut self) -> Result<(), Error> {
        let now = self.clock.steady();
        if self.kek_checked.is_none_or(|at| now.saturating_sub(at) >= KEK_PERIOD) {
            self.kek_checked = None;
            self.keeper.check_kek()?;
            self.kek_checked = Some(now);
        }
        Ok(())
    }

    /// Makes the step that is due, and publishes what came of it.
    fn turn(&mut self) -> Result<(), Error> {
        let Some(snapshot) = self.published.snapshot() else { return Ok(()) };
        let (now, state) = (self.clock.now(), &snapshot.state);
        let due = step(state, now, state.settings())?;
        let alarm = due.actions.iter().find_map(|action| match action {
            Action::Alarm(alarm) => Some(alarm.clone()),
            _ => None,
        });
        self.raise(alarm, now);
        if !due.changed && !due.actions.iter().any(|action| matches!(action, Action::Stage { .. })) {
            return Ok(());
        }
        tick(&self.keeper, self.clock.as_ref())?;
        self.read()
    }

    /// Says what is wrong with the signer, again after a while, and that it is over.
    fn raise(&mut self, alarm: Option<Alarm>, now: u64) {
        match (&alarm, &self.alarm) {
            (Some(alarm), Some((said, at))) if alarm == said && now.saturating_sub(*at) < REPORT_PERIOD => {
                return;
            }
            (Some(alarm), _) => warn!(%alarm, "the signer is overdue"),
            (None, Some(_)) => info!("the signer is in time again"),
            (None, None) => {}
        }
        self.alarm = alarm.map(|alarm| (alarm, now));
    }

    fn read(&mut self) -> Result<(), Error> {
        let version = self.keeper.version()?;
        if self.read.as_ref().is_some_and(|read| read.version == version) {
            return Ok(());
        }
        let (stamp, state) = self.keeper.load_stamped()?;
        if let Some(seen) = &self.read {
            let (found, seen_version) = (stamp.version, seen.version);
            stamp.follows(seen).map_err(|how| StoreError::RolledBack { how, found, seen: seen_version })?;
        }
        let version = stamp.version;
        let snapshot = Snapshot::new(state)?;
        let set = &snapshot.set;
        info!(version, keys = set.kids().len(), newest = set.kids().first(), "published");
        self.published.publish(snapshot);
        self.published.set_stamp(stamp.clone());
        self.read = Some(stamp);
        self.unmarked = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_keys::{NOW, TestClock, given, keks, key, sealed_in_file, state, written};
    use crate::{Document, Keks, MarkFile, SqliteStore, State, Store, StoreId};

    struct Trial {
        folder: tempfile::TempDir,
        store: SqliteStore,
        publisher: Publisher,
    }

    fn trial() -> Trial {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.sqlite");
        let store = SqliteStore::create(&path, &written(&state(), 1)).unwrap();
        let keeper = Keeper::new(Arc::new(SqliteStore::open(&path).unwrap()), given()).unwrap();
        let publisher = Publisher::new(keeper, Arc::new(TestClock::at(NOW))).unwrap();
        Trial { folder, store, publisher }
    }

    fn kids(publisher: &Publisher) -> Vec<String> {
        publisher.published().snapshot().unwrap().set().kids().to_vec()
    }

    #[test]
    fn what_another_handle_writes_is_published_at_the_next_look() {
        let Trial { store, mut publisher, folder: _folder } = trial();
        let (version, document) = store.load().unwrap();
        let next = document.to_state(&keks(), version).unwrap().stage(key(), NOW).unwrap();
        store.replace(version, &written(&next, version + 1)).unwrap();
        let before = kids(&publisher);
        publisher.look();
        let after = kids(&publisher);
        assert_eq!((before.len(), after.len()), (1, 2));
        assert_eq!(after[1..], before);
    }

    #[test]
    fn a_damaged_document_leaves_the_published_set_and_a_good_one_after_it_is_taken() {
        let Trial { store, mut publisher, folder: _folder } = trial();
        let (_, good) = store.load().unwrap();
        let before = kids(&publisher);
        for (version, bad) in (1..).zip([vec![], b"garbage".to_vec(), good.as_bytes()[..200].to_vec()]) {
            store.replace(version, &Document::from_bytes(bad)).unwrap();
            publisher.look();
            assert_eq!(kids(&publisher), before);
            assert!(publisher.failing.is_some());
        }
        let next = good.to_state(&keks(), 1).unwrap().stage(key(), NOW).unwrap();
        store.replace(4, &written(&next, 5)).unwrap();
        publisher.look();
        assert_eq!(kids(&publisher).len(), 2);
        assert!(publisher.failing.is_none());
    }

    #[test]
    fn a_lost_store_leaves_the_published_set() {
        let Trial { store, mut publisher, folder } = trial();
        let before = kids(&publisher);
        drop(store);
        folder.close().unwrap();
        publisher.look();
        assert_eq!(kids(&publisher), before);
        assert!(publisher.failing.is_some() && publisher.published.failing());
    }

    /// A publisher of a store whose key-encryption key is in a file, with a high-water mark beside it.
    fn marked() -> (tempfile::TempDir, Keeper, Publisher, Arc<TestClock>) {
        let first = state().upgrade(StoreId::generate().unwrap()).unwrap();
        let (folder, _, keeper) = sealed_in_file(&first);
        let keeper = keeper.with_mark(MarkFile::new(folder.path().join("mark")));
        let clock = Arc::new(TestClock::at(NOW));
        let publisher = Publisher::new(keeper.clone(), Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
        (folder, keeper, publisher, clock)
    }

    fn failure(publisher: &Publisher) -> Option<&'static str> {
        publisher.published().failure().map(|failure| failure.code)
    }

    /// Whether a token would be signed now.
    fn signs(publisher: &Publisher) -> bool {
        let published = publisher.published();
        published.is_current(&published.snapshot().unwrap(), publisher.clock.now())
    }

    #[test]
    fn k2_a_restored_store_leaves_the_published_set_signs_nothing_and_is_taken_only_deliberately() {
        let (folder, keeper, mut publisher, clock) = marked();
        let path = folder.path().join("store.sqlite");
        publisher.look();
        let backup = std::fs::read(&path).unwrap();
        keeper.change(|state| Ok(Some(state.replace_all([key(), key()], NOW)?))).unwrap();
        publisher.look();
        let after = kids(&publisher);
        assert_eq!((failure(&publisher), signs(&publisher)), (None, true));

        std::fs::write(&path, &backup).unwrap();
        for _ in 0..4 {
            clock.advance(1);
            publisher.look();
        }
        assert_eq!((failure(&publisher), signs(&publisher)), (Some("store_rolled_back"), false));
        assert_eq!(kids(&publisher), after);
        // A process that starts now, and one that would change the store.
        let again = Publisher::new(keeper.clone(), Arc::clone(&publisher.clock)).unwrap_err();
        let change = keeper.change(|state| Ok(Some(state.stage(key(), NOW)?))).unwrap_err();
        assert_eq!((again.code(), change.code()), ("store_rolled_back", "store_rolled_back"));

        let (version, state) = keeper.accept_restored().unwrap().unwrap();
        assert_eq!((version, state.revoked().len()), (keeper.load().unwrap().0, 0));
        publisher.look();
        assert_eq!((failure(&publisher), signs(&publisher)), (None, true));
        assert!(after.iter().all(|kid| !kids(&publisher).contains(kid)));
        assert!(keeper.accept_restored().unwrap().is_none(), "it is not rolled back any more");
    }

    #[test]
    fn k2_a_copy_that_was_changed_elsewhere_is_found_out_and_two_copies_can_be_told_apart() {
        let (folder, keeper, mut publisher, _clock) = marked();
        let copy = folder.path().join("copy.sqlite");
        std::fs::copy(folder.path().join("store.sqlite"), &copy).unwrap();
        let other = Arc::new(SqliteStore::open(&copy).unwrap());
        let stage = |state: &State| Ok(Some(state.stage(key(), NOW)?));
        // The copy has a mark of its own, as on another machine.
        let apart = Keeper::new(Arc::clone(&other) as Arc<dyn Store>, keeper.source().clone()).unwrap();
        let apart = apart.with_mark(MarkFile::new(folder.path().join("other mark")));
        apart.change(stage).unwrap();
        keeper.change(stage).unwrap();
        publisher.look();
        let theirs = Publisher::new(apart, Arc::clone(&publisher.clock)).unwrap();
        let [ours, theirs] = [&publisher, &theirs].map(|publisher| publisher.published().stamp().unwrap());
        assert_eq!((ours.store_id, ours.version), (theirs.store_id, theirs.version));
        assert_ne!(ours.digest, theirs.digest);
        // With the same mark, the second is refused.
        let same = Keeper::new(other, keeper.source().clone()).unwrap();
        let same = same.with_mark(MarkFile::new(folder.path().join("mark")));
        assert_eq!(same.load().unwrap_err().code(), "store_rolled_back");
    }

    #[test]
    fn k2_a_mark_that_can_not_be_written_is_reported_and_tokens_are_signed_on() {
        let (folder, keeper, mut publisher, _clock) = marked();
        std::fs::remove_file(folder.path().join("mark")).unwrap();
        std::fs::create_dir(folder.path().join("mark.draft")).unwrap();
        keeper.change(|state| Ok(Some(state.stage(key(), NOW)?))).unwrap();
        publisher.look();
        assert_eq!((failure(&publisher), signs(&publisher)), (Some("store_mark"), true));
        std::fs::remove_dir(folder.path().join("mark.draft")).unwrap();
        publisher.look();
        assert_eq!(failure(&publisher), None);
    }

    #[test]
    fn k3_a_clock_that_jumps_changes_no_key_signs_nothing_and_is_reported() {
        for (by, code) in [(315_360_000, "clock_ahead"), (-400 * 86_400, "clock_behind")] {
            let (_folder, keeper, mut publisher, clock) = marked();
            publisher.look();
            let before = (keeper.version().unwrap(), kids(&publisher));
            clock.set(NOW.saturating_add_signed(by));
            assert!(!signs(&publisher), "not even before the next look");
            publisher.look();
            assert_eq!((failure(&publisher), signs(&publisher)), (Some(code), false));
            assert_eq!((keeper.version().unwrap(), kids(&publisher)), before);
            clock.set(NOW);
            publisher.look();
            assert_eq!((failure(&publisher), signs(&publisher)), (None, true));
            assert_eq!((keeper.version().unwrap(), kids(&publisher)), before);
        }
    }

    #[test]
    fn k3_a_start_with_a_clock_behind_the_store_changes_no_key_and_is_reported() {
        let (_folder, keeper, _, _) = marked();
        let before = keeper.version().unwrap();
        let mut publisher =
            Publisher::new(keeper.clone(), Arc::new(TestClock::at(NOW - 400 * 86_400))).unwrap();
        publisher.look();
        assert_eq!((failure(&publisher), keeper.version().unwrap()), (Some("clock_behind"), before));
    }

    #[test]
    fn k10_another_key_encryption_key_under_a_running_server_is_reported_within_a_minute() {
        let (folder, _, mut publisher, clock) = marked();
        publisher.look();
        let path = folder.path().join("kek");
        let good = std::fs::read(&path).unwrap();
        let other = Keks::generate().unwrap().to_text();
        for (text, code) in [(other.as_bytes(), "kek_other"), (b"nonsense", "kek_malformed")] {
            std::fs::write(&path, text).unwrap();
            clock.advance(59);
            publisher.look();
            assert_eq!(failure(&publisher), None);
            clock.advance(1);
            publisher.look();
            assert_eq!((failure(&publisher), signs(&publisher)), (Some(code), true));
            std::fs::write(&path, &good).unwrap();
            publisher.look();
            assert_eq!(failure(&publisher), None, "{code}: it is right again");
        }
    }

    #[test]
    fn without_a_first_set_there_is_no_publisher() {
        let Trial { store, publisher, folder: _folder } = trial();
        store.replace(1, &Document::from_bytes(vec![])).unwrap();
        let error = Publisher::new(publisher.keeper.clone(), Arc::new(TestClock::at(NOW))).unwrap_err();
        assert_eq!(error.code(), "document_damaged");
    }
}
