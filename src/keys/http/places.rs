//! The places for connections of one listener, and which connection is closed if all are taken.
//!
//! A new connection always gets a place. If its address has used its share, or all places are taken, another connection is closed: the
//! one whose last step was longest ago, because it is idle or slow. So no address can exclude others by keeping connections open.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tracing::warn;

use super::numbers::Refused;
use crate::Published;

/// The period in which refused connections are reported.
const REPORT_PERIOD: Duration = Duration::from_mins(1);

/// The places of one listener.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    /// The most places of one address.
    share: usize,
    /// Limits the descriptors. A connection that is being closed keeps its permit until the end.
    permits: Arc<Semaphore>,
    /// The counters; `None` for a listener that is not public.
    published: Option<Arc<Published>>,
    start: Instant,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    taken: HashMap<u64, Taken>,
    /// The number of connections that were refused since the last report.
    unreported: u64,
    reported: Option<Instant>,
}

#[derive(Debug)]
struct Taken {
    /// The address to whose share it counts; `None` for a trusted proxy.
    owner: Option<IpAddr>,
    /// The time of its last step, in nanoseconds since the start.
    stepped: Arc<AtomicU64>,
    /// Closes it; `None` until it is served.
    abort: Option<AbortHandle>,
}

/// A place that is taken until this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    id: u64,
    stepped: Arc<AtomicU64>,
    places: Arc<Places>,
    _permit: OwnedSemaphorePermit,
}

impl Places {
    /// Makes `most` places. One address may have `share` of them.
    pub(super) fn new(most: usize, share: usize, published: Option<Arc<Published>>) -> Self {
        let permits = Arc::new(Semaphore::new(most));
        Self { most, share, permits, published, start: Instant::now(), table: Mutex::default() }
    }

    /// Returns a place for a connection of that address; `None` for a trusted proxy, which has no share.
    pub(super) async fn take(self: &Arc<Self>, owner: Option<IpAddr>) -> Place {
        self.make_room(owner);
        let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await else {
            // INVARIANT: the semaphore is never closed.
            return std::future::pending().await;
        };
        let stepped = Arc::new(AtomicU64::new(self.elapsed()));
        let mut table = self.table();
        let id = table.next;
        table.next = id.wrapping_add(1);
        table.taken.insert(id, Taken { owner, stepped: Arc::clone(&stepped), abort: None });
        self.note(&table);
        drop(table);
        Place { id, stepped, places: Arc::clone(self), _permit: permit }
    }

    /// Allows that the connection of a place is closed for another one.
    pub(super) fn serve(&self, id: u64, abort: AbortHandle) {
        if let Some(taken) = self.table().taken.get_mut(&id) {
            taken.abort = Some(abort);
        }
    }

    /// Closes the connection that has been idle longest, from any address, because the system has no descriptor for a new one.
    pub(super) fn displace_one(&self) {
        let mut table = self.table();
        self.displace(&mut table, |_| true, Refused::NoDescriptor, None);
        if let Some(published) = &self.published {
            published.numbers().set_full(true);
        }
    }

    fn make_room(&self, owner: Option<IpAddr>) {
        let mut table = self.table();
        let same = |taken: &Taken| taken.owner == owner;
        if owner.is_some() && table.taken.values().filter(|taken| same(taken)).count() >= self.share {
            self.displace(&mut table, same, Refused::AddressShare, owner);
        } else if table.taken.len() >= self.most {
            self.displace(&mut table, |_| true, Refused::NoPlace, None);
        }
    }

    fn displace(
        &self,
        table: &mut Table,
        may_go: impl Fn(&Taken) -> bool,
        reason: Refused,
        owner: Option<IpAddr>,
    ) {
        let longest = table
            .taken
            .iter()
            .filter(|(_, taken)| may_go(taken))
            .min_by_key(|(_, taken)| taken.stepped.load(Ordering::Relaxed));
        let Some(id) = longest.map(|(id, _)| *id) else { return };
        if let Some(abort) = table.taken.remove(&id).and_then(|taken| taken.abort) {
            abort.abort();
        }
        let Some(published) = &self.published else { return };
        published.numbers().count_refused(reason);
        table.unreported = table.unreported.saturating_add(1);
        if table.reported.is_none_or(|reported| reported.elapsed() >= REPORT_PERIOD) {
            let (count, reason) = (table.unreported, reason.code());
            let address = owner.map(|owner| owner.to_string());
            warn!(count, reason, address, "connections were closed for newer ones");
            (table.unreported, table.reported) = (0, Some(Instant::now()));
        }
    }

    fn note(&self, table: &Table) {
        if let Some(published) = &self.published {
            let open = table.taken.len();
            published.numbers().set_connections(open, open >= self.most);
        }
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    pub(super) const fn id(&self) -> u64 {
        self.id
    }

    /// Records that a request has arrived, or that it was answered.
    pub(super) fn step(&self) {
        self.stepped.store(self.places.elapsed(), Ordering::Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.places.table();
        // A connection that was closed for a newer one is no longer in the table.
        if table.taken.remove(&self.id).is_some() {
            self.places.note(&table);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    struct Trial {
        published: Arc<Published>,
        places: Arc<Places>,
    }

    fn trial(most: usize, share: usize) -> Trial {
        let published = Arc::new(Published::default());
        Trial { places: Arc::new(Places::new(most, share, Some(Arc::clone(&published)))), published }
    }

    impl Trial {
        /// A connection that does nothing; its task ends when it is closed.
        async fn open(&self, owner: Option<&str>) -> tokio::task::JoinHandle<()> {
            let place = self.places.take(owner.map(|owner| owner.parse().unwrap())).await;
            let id = place.id();
            let task = tokio::spawn(async move {
                tokio::time::sleep(HOUR).await;
                drop(place);
            });
            self.places.serve(id, task.abort_handle());
            task
        }

        fn metrics(&self) -> String {
            let mut text = String::new();
            self.published.numbers().write(&mut text);
            text
        }
    }

    #[tokio::test]
    async fn k1_an_address_with_its_share_loses_its_own_oldest_connection_and_no_other_address_does() {
        let trial = trial(8, 2);
        let other = trial.open(Some("192.0.2.2")).await;
        let first = trial.open(Some("192.0.2.1")).await;
        let second = trial.open(Some("192.0.2.1")).await;
        let third = trial.open(Some("192.0.2.1")).await;
        assert!(first.await.unwrap_err().is_cancelled());
        assert!(!other.is_finished() && !second.is_finished() && !third.is_finished());
        let metrics = trial.metrics();
        assert!(metrics.contains("connections_refused_total{reason=\"address_share\"} 1\n"), "{metrics}");
        assert!(metrics.contains("connections_refused_total{reason=\"no_place\"} 0\n"), "{metrics}");
        assert!(metrics.contains("\njotgate_connections 3\n"), "{metrics}");
    }

    #[tokio::test]
    async fn k1_a_trusted_proxy_may_have_every_place() {
        let trial = trial(4, 1);
        let mut tasks = vec![];
        for _ in 0..4 {
            tasks.push(trial.open(None).await);
        }
        assert!(tasks.iter().all(|task| !task.is_finished()));
        assert!(trial.metrics().contains("connections_refused_total{reason=\"address_share\"} 0\n"));
    }

    #[tokio::test]
    async fn k1_without_a_free_place_the_connection_goes_that_stepped_longest_ago() {
        let trial = trial(2, 2);
        let place = trial.places.take(Some("192.0.2.1".parse().unwrap())).await;
        let task = tokio::spawn(async move {
            loop {
                place.step();
                tokio::task::yield_now().await;
            }
        });
        let silent = trial.open(Some("192.0.2.2")).await;
        assert!(trial.published.numbers().full_for() > Duration::ZERO);
        tokio::task::yield_now().await;
        let newer = trial.open(Some("192.0.2.3")).await;
        assert!(silent.await.unwrap_err().is_cancelled());
        assert!(!task.is_finished() && !newer.is_finished());
        assert!(trial.metrics().contains("connections_refused_total{reason=\"no_place\"} 1\n"));
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(trial.published.numbers().full_for(), Duration::ZERO, "a place is free again");
    }
}
