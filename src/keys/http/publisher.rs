//! Publishes the set of a keeper, and follows the changes of this and other processes.
//!
//! Readers use a snapshot in memory, without a lock or a store. If the store fails, the published snapshot stays.

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
    /// The identifier and version of the state that was read last.
    read: Option<StoreStamp>,
    /// Whether the high-water mark does not contain it yet.
    unmarked: bool,
    watch: ClockWatch,
    /// The time at which the key-encryption key last opened the store, by the steady clock.
    kek_checked: Option<Duration>,
    /// The last reported alarm about the signer, and its time in Unix seconds.
    alarm: Option<(Alarm, u64)>,
    /// The time since which the store has failed, and the time of the last report, in Unix seconds.
    failing: Option<(u64, u64)>,
}

/// The period in which the version is read. It is much shorter than the shortest replica delay, so that every server publishes a
/// successor before its first signature.
pub(crate) const PERIOD: Duration = Duration::from_millis(500);
/// The period in which the store is opened with the key-encryption key that a new process would read.
const KEK_PERIOD: Duration = Duration::from_secs(60);
/// The period in which a lasting failure is reported, in seconds.
const REPORT_PERIOD: u64 = 60;

impl Publisher {
    /// Reads the set for the first time.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Document`] if there is nothing to publish.
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

    /// Returns the snapshot for the readers.
    #[must_use]
    pub fn published(&self) -> Arc<Published> {
        Arc::clone(&self.published)
    }

    /// Reads the state once, if another process has changed it, and publishes the new set. Then makes the step that is due, if there is one.
    /// May block on the store. A failure is logged and does not change the published set.
    pub fn look(&mut self) {
        let now = self.clock.now();
        let looked = self.look_once(now);
        // Another call to an unavailable store would only wait again.
        if !matches!(looked, Err(Error::Store(StoreError::Unavailable { .. }))) {
            self.keeper.announce(self.clock.steady());
        }
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

    /// Calls [`Self::look`] repeatedly, until it is dropped.
    ///
    /// # Errors
    /// [`Error::Stopped`] if a look panicked.
    pub async fn follow(mut self) -> Result<(), Error> {
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            // The store may block, so it is called in another thread.
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
        // INVARIANT: if this fails or blocks, the replica delay ends, and nothing is signed any more.
        self.read()?;
        if let ClockState::Jumped { by } = clock {
            return Err(Error::ClockJumped { by });
        }
        // The state is current if it can be read, even if nothing can be written, as on a full disk.
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

    /// Updates the high-water mark to the state that was read last.
    fn remember(&mut self) -> Result<(), Error> {
        if let (true, Some(stamp), Some(snapshot)) = (self.unmarked, &self.read, self.published.snapshot()) {
            self.keeper.remember(stamp, &snapshot.state)?;
            self.unmarked = false;
        }
        Ok(())
    }

    /// Checks once a minute whether a new process could open the store. If it could not, checks at each look.
    fn check_kek(&mut self) -> Result<(), Error> {
        let now = self.clock.steady();
        if self.kek_checked.is_none_or(|at| now.saturating_sub(at) >= KEK_PERIOD) {
            self.kek_checked = None;
            self.keeper.check_kek()?;
            self.kek_checked = Some(now);
        }
        Ok(())
    }

    /// Makes the step that is due, and publishes the new state.
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

    /// Logs an alarm about the signer, repeats it after a while, and logs its end.
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
mod tests;
