//! The places for connections of one listener, and which connection is closed if all are taken.
//!
//! A new connection always gets a place. If its address has its share already, or all places are taken, the connection
//! that has made its peer's last step longest ago is closed for it: an idle one, or one that sends or takes slowly. So
//! no address can keep others out by holding connections open.

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

/// How often it is reported that connections were refused.
const REPORT_PERIOD: Duration = Duration::from_mins(1);

/// The places of one listener.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    /// How many of them one address may have.
    share: usize,
    /// Bounds the descriptors: a connection that has to go keeps its permit until it is closed.
    permits: Arc<Semaphore>,
    /// Where to count; `None` for a listener that is not public.
    published: Option<Arc<Published>>,
    start: Instant,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    taken: HashMap<u64, Taken>,
    /// How many connections were refused since the last report.
    unreported: u64,
    reported: Option<Instant>,
}

#[derive(Debug)]
struct Taken {
    /// Whose share it counts to; `None` for a trusted proxy.
    owner: Option<IpAddr>,
    /// When its last step was, in nanoseconds from the start.
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
    /// So many places; one address may have `share` of them.
    pub(super) fn new(most: usize, share: usize, published: Option<Arc<Published>>) -> Self {
        let permits = Arc::new(Semaphore::new(most));
        Self { most, share, permits, published, start: Instant::now(), table: Mutex::default() }
    }

    /// A place for a connection of that owner; `None` is a trusted proxy, which has no share.
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

    /// Lets the connection of that place be closed for another one.
    pub(super) fn serve(&self, id: u64, abort: AbortHandle) {
        if let Some(taken) = self.table().taken.get_mut(&id) {
            taken.abort = Some(abort);
        }
    }

    /// Closes the connection that has waited longest, from any address: the system has no descriptor for a new one.
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

    /// Notes that a request has come, or that it was answered.
    pub(super) fn step(&self) {
        self.stepped.store(self.places.elapsed(), Ordering::Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.places.table();
        // One that had to go is out of the table already, and a newer one has its place.
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
