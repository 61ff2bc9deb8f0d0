//! A keeper enters, the published set leaves, and follows what other processes write.
//!
//! Readers see a snapshot in memory: no lock, no store. A store that fails changes nothing of what is published.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tracing::{error, info, warn};

use crate::{Clock, Error, Keeper, KeySet, Version};

/// The set as the readers see it; empty until the first was read.
#[derive(Debug, Default)]
pub struct Published {
    set: ArcSwapOption<KeySet>,
}

/// Keeps [`Published`] up to date.
#[derive(Debug)]
pub struct Publisher {
    keeper: Keeper,
    clock: Arc<dyn Clock>,
    published: Arc<Published>,
    version: Option<Version>,
    /// Since when the store has failed, and when that was last reported, in Unix seconds.
    failing: Option<(u64, u64)>,
}

/// How often the version is asked for. Half the smallest replica delay that is of use, so that a successor is published
/// by every server before its first signature.
pub(crate) const PERIOD: Duration = Duration::from_millis(500);
/// How often a failure that goes on is reported, in seconds.
const REPORT_PERIOD: u64 = 60;

impl Published {
    /// The set now; `None` before the first was read.
    #[must_use]
    pub fn set(&self) -> Option<Arc<KeySet>> {
        self.set.load_full()
    }
}

impl Publisher {
    /// Reads the set for the first time.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Document`]: there is nothing to publish.
    pub fn new(keeper: Keeper, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let mut publisher =
            Self { keeper, clock, published: Arc::new(Published::default()), version: None, failing: None };
        publisher.read()?;
        Ok(publisher)
    }

    /// What the readers see.
    #[must_use]
    pub fn published(&self) -> Arc<Published> {
        Arc::clone(&self.published)
    }

    /// Looks once whether another process has changed the state, and publishes the new set. May block on the store. A
    /// failure is reported in the log and leaves the published set as it is.
    pub fn look(&mut self) {
        let now = self.clock.now();
        match (self.read(), self.failing) {
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

    fn read(&mut self) -> Result<(), Error> {
        if self.version == Some(self.keeper.version()?) {
            return Ok(());
        }
        let (version, state) = self.keeper.load()?;
        let set = KeySet::new(&state)?;
        info!(version, keys = set.kids().len(), newest = set.kids().first(), "published");
        self.published.set.store(Some(Arc::new(set)));
        self.version = Some(version);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_keys::{NOW, TestClock, key, state};
    use crate::{Document, SqliteStore, Store};

    struct Trial {
        folder: tempfile::TempDir,
        store: SqliteStore,
        publisher: Publisher,
    }

    fn trial() -> Trial {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.sqlite");
        let store = SqliteStore::create(&path, &Document::from_state(&state()).unwrap()).unwrap();
        let keeper = Keeper::new(Arc::new(SqliteStore::open(&path).unwrap()));
        let publisher = Publisher::new(keeper, Arc::new(TestClock::at(NOW))).unwrap();
        Trial { folder, store, publisher }
    }

    fn kids(publisher: &Publisher) -> Vec<String> {
        publisher.published().set().unwrap().kids().to_vec()
    }

    #[test]
    fn what_another_handle_writes_is_published_at_the_next_look() {
        let Trial { store, mut publisher, folder: _folder } = trial();
        let (version, document) = store.load().unwrap();
        let next = document.to_state().unwrap().stage(key(), NOW).unwrap();
        store.replace(version, &Document::from_state(&next).unwrap()).unwrap();
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
        let next = good.to_state().unwrap().stage(key(), NOW).unwrap();
        store.replace(4, &Document::from_state(&next).unwrap()).unwrap();
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
        assert!(publisher.failing.is_some());
    }

    #[test]
    fn without_a_first_set_there_is_no_publisher() {
        let Trial { store, publisher, folder: _folder } = trial();
        store.replace(1, &Document::from_bytes(vec![])).unwrap();
        let error = Publisher::new(publisher.keeper.clone(), Arc::new(TestClock::at(NOW))).unwrap_err();
        assert_eq!(error.code(), "document_damaged");
    }
}
