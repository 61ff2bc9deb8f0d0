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
        // A store that is away would be waited for once more.
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
mod tests;
