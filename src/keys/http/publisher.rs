//! A keeper enters, the published set leaves, and follows what this and other processes write.
//!
//! Readers see a snapshot in memory: no lock, no store. A store that fails changes nothing of what is published.

use std::sync::Arc;
use std::time::Duration;

use tracing::{error, info, warn};

use crate::{Action, Alarm, Clock, Error, Keeper, Published, Snapshot, Version, step, tick};

/// Keeps [`Published`] up to date.
#[derive(Debug)]
pub struct Publisher {
    keeper: Keeper,
    clock: Arc<dyn Clock>,
    published: Arc<Published>,
    /// What was read last.
    read: Option<Version>,
    /// What was last said to be wrong with the signer, and when, in Unix seconds.
    alarm: Option<(Alarm, u64)>,
    /// Since when the store has failed, and when that was last reported, in Unix seconds.
    failing: Option<(u64, u64)>,
}

/// How often the version is asked for. Half the smallest replica delay that is of use, so that a successor is published
/// by every server before its first signature.
pub(crate) const PERIOD: Duration = Duration::from_millis(500);
/// How often a failure that goes on is reported, in seconds.
const REPORT_PERIOD: u64 = 60;

impl Publisher {
    /// Reads the set for the first time.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Document`]: there is nothing to publish.
    pub fn new(keeper: Keeper, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let mut publisher =
            Self { keeper, clock, published: Arc::default(), read: None, alarm: None, failing: None };
        publisher.read()?;
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
        let looked = self.read().and_then(|()| {
            // What can be read is current, even if nothing can be written, as on a full disk.
            self.published.seen(now);
            self.turn()
        });
        self.published.ticked(now, looked.is_ok(), self.alarm.is_some());
        match (looked, self.failing) {
            (Ok(()), Some((since, _))) => {
                info!(seconds = now.saturating_sub(since), "the store answers again");
                self.failing = None;
            }
            (Ok(()), None) => {}
            (Err(error), failing) => {
                let (since, reported) = failing.unwrap_or((now, 0));
                if failing.is_none() || now.saturating_sub(reported) >= REPORT_PERIOD {
                    let seconds = now.saturating_sub(since);
                    warn!(code = error.code(), %error, seconds, "the store fails; the published set stays");
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
        if self.read == Some(version) {
            return Ok(());
        }
        let (version, state) = self.keeper.load()?;
        let snapshot = Snapshot::new(state)?;
        let set = &snapshot.set;
        info!(version, keys = set.kids().len(), newest = set.kids().first(), "published");
        self.published.publish(snapshot);
        self.read = Some(version);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_keys::{NOW, TestClock, given, keks, key, state, written};
    use crate::{Document, SqliteStore, Store};

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

    #[test]
    fn without_a_first_set_there_is_no_publisher() {
        let Trial { store, publisher, folder: _folder } = trial();
        store.replace(1, &Document::from_bytes(vec![])).unwrap();
        let error = Publisher::new(publisher.keeper.clone(), Arc::new(TestClock::at(NOW))).unwrap_err();
        assert_eq!(error.code(), "document_damaged");
    }
}
