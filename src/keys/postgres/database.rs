//! A pool of connections to one database, and transactions in it for callers that may block.

use std::cell::Cell;
use std::fmt;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Transaction};
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tokio_postgres::CancelToken;
use tokio_postgres_rustls::MakeRustlsConnect;
use tracing::warn;

use super::statements::{Failure, PATIENCE, Statements, Trouble, within};
use super::{DatabaseRefusal, PostgresAddress};
use crate::ledger::LedgerError;
use crate::{Clock, StoreError, SystemClock};

/// A database. Connections are made when they are needed.
pub struct PostgresDatabase {
    pool: Pool,
    tls: MakeRustlsConnect,
    config: tokio_postgres::Config,
    /// The time at which the address was last resolved to a server, by the steady clock.
    followed: Mutex<Duration>,
    /// The runtime of the connections. `None` while this is dropped.
    runtime: Option<Runtime>,
    shown: String,
    server: Mutex<Server>,
    reading: Mutex<Option<Reading>>,
}

/// The facts about the server that the newest connection found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Server {
    /// The number of its timeline, which increases when a standby becomes the primary.
    pub(crate) timeline: i64,
    /// Whether a commit waits for a standby.
    pub(crate) is_synchronous: bool,
}

/// A reading of the server's clock, in milliseconds since 1970, and of this machine's steady clock at the same time.
#[derive(Clone, Copy, Debug)]
struct Reading {
    server: u64,
    steady: Duration,
}

/// The most connections of one process. Each operation uses one for some milliseconds.
const CONNECTIONS: usize = 8;
/// The period in which the address is resolved again.
const FOLLOW_PERIOD: Duration = Duration::from_secs(15);
/// The time limit for that.
const FOLLOWED_WITHIN: Duration = Duration::from_secs(1);
/// The longest accepted round trip for a reading of the server's clock.
const LONGEST_WAY: Duration = Duration::from_millis(200);
/// The time that a commit may wait for its confirmation. `statement_timeout` does not end this wait.
const CONFIRMED_WITHIN: Duration = Duration::from_millis(2500);
/// The time limit for cancelling that wait.
const CANCELLED_WITHIN: Duration = Duration::from_secs(1);
/// The most attempts of a transaction that conflicts with others.
const ATTEMPTS: u32 = 20;
/// The first version whose sessions have every limit that is used here.
const OLDEST_VERSION: i64 = 130_000;

const LOOK: &str = "SELECT current_setting('synchronous_commit'), current_setting('fsync'), current_setting('full_page_writes'),
    current_setting('synchronous_standby_names') <> '', pg_is_in_recovery(), current_setting('server_version_num')::bigint,
    current_setting('server_version')";
/// The statement for the timeline: the first eight digits of a segment's name are its number in hexadecimal.
pub(crate) const TIMELINE: &str =
    "('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint";
/// The statement for the server's clock, in milliseconds since 1970.
pub(crate) const MILLISECONDS: &str = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

impl PostgresDatabase {
    /// Connects for the first time, and checks the server.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Unavailable`].
    pub fn open(address: &PostgresAddress) -> Result<Self, StoreError> {
        let failed = |detail: String| StoreError::Unavailable { detail };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("postgres")
            .enable_all()
            .build()
            .map_err(|error| failed(error.to_string()))?;
        let tls = MakeRustlsConnect::new(address.tls().map_err(StoreError::Database)?);
        let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_config(address.config(), tls.clone(), config))
            .max_size(CONNECTIONS)
            .runtime(deadpool_postgres::Runtime::Tokio1)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .recycle_timeout(Some(PATIENCE))
            .build()
            .map_err(|error| failed(error.to_string()))?;
        let server = Mutex::default();
        let (shown, reading) = (address.to_string(), Mutex::default());
        let (config, followed) = (address.config(), Mutex::new(SystemClock.steady()));
        let database = Self { pool, tls, config, followed, runtime: Some(runtime), shown, server, reading };
        database.call(|_| Ok(())).map_err(store_error)?;
        Ok(database)
    }

    /// Returns the address without the password.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Whether a commit waits until a standby has it, so that a failover loses none.
    #[must_use]
    pub fn waits_for_standby(&self) -> bool {
        self.server().is_synchronous
    }

    /// The facts about the server that the newest connection found.
    pub(crate) fn server(&self) -> Server {
        *self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` in a transaction, and waits until it is durable. If another transaction conflicts, `work` runs again in a new one. Must be
    /// called in a thread that may block.
    ///
    /// # Errors
    /// Those of `work`, [`StoreError::Busy`], [`StoreError::Unavailable`], [`StoreError::Database`].
    pub(crate) fn call<T>(
        &self,
        work: impl Fn(&Statements<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let runtime = self.runtime.as_ref().ok_or(LedgerError::Stopped)?;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let mut client = self.client(runtime)?;
            let (outcome, trouble) = self.transact(runtime, &mut client, &work);
            if trouble == Some(Trouble::Broken) {
                // The connection is not returned to the pool.
                drop(Object::take(client));
            }
            if trouble != Some(Trouble::Again) || attempt == ATTEMPTS {
                return outcome;
            }
            std::thread::sleep(Duration::from_millis(u64::from(attempt)));
        }
    }

    fn transact<T>(
        &self,
        runtime: &Runtime,
        client: &mut Object,
        work: impl Fn(&Statements<'_>) -> Result<T, LedgerError>,
    ) -> (Result<T, LedgerError>, Option<Trouble>) {
        let failed = |failure: Failure| {
            let (trouble, error) = failure.into_error(&self.shown);
            (Err(error.into()), Some(trouble))
        };
        let cancel = client.cancel_token();
        let transaction = match within(runtime, client.transaction()) {
            Ok(transaction) => transaction,
            Err(failure) => return failed(failure),
        };
        let statements = Statements {
            runtime,
            transaction: &transaction,
            shown: &self.shown,
            changed: Cell::new(false),
            trouble: Cell::new(None),
        };
        let outcome = work(&statements);
        let trouble = statements.trouble.get();
        match outcome {
            // A transaction that is not committed is rolled back.
            Err(error) => (Err(error), trouble),
            Ok(done) => match self.commit(runtime, transaction, cancel) {
                Ok(()) => (Ok(done), None),
                Err(failure) => failed(failure),
            },
        }
    }

    /// Commits, and waits for the confirmation by the disk, and by a standby if the server waits for one.
    fn commit(
        &self,
        runtime: &Runtime,
        transaction: Transaction<'_>,
        cancel: CancelToken,
    ) -> Result<(), Failure> {
        runtime.block_on(async {
            let mut commit = pin!(transaction.commit());
            if let Ok(done) = timeout(CONFIRMED_WITHIN, &mut commit).await {
                return done.map_err(Failure::Failed);
            }
            // The server's wait for a standby ends, and the change is made where it is. Left alone, the change would be seen
            // whenever the standby returns, under the date of its decision.
            let cancelled = timeout(CANCELLED_WITHIN, cancel.cancel_query(self.tls.clone())).await;
            if !matches!(cancelled, Ok(Ok(()))) {
                warn!("the wait of the database for its standby could not be ended");
            }
            let _ = timeout(CANCELLED_WITHIN, commit).await;
            Err(Failure::Unconfirmed)
        })
    }

    /// Returns a connection of the pool. Checks new ones.
    fn client(&self, runtime: &Runtime) -> Result<Object, LedgerError> {
        let client = runtime.block_on(self.pool.get()).map_err(|error| match error {
            PoolError::Backend(error) => Failure::Failed(error).into_error(&self.shown).1,
            PoolError::Timeout(_) => Failure::Late.into_error(&self.shown).1,
            other => StoreError::Unavailable { detail: format!("`{}`: {other}", self.shown) },
        })?;
        if Object::metrics(&client).recycle_count == 0 {
            match self.check(runtime, &client) {
                Ok(server) => self.set_server(server),
                Err(error) => {
                    drop(Object::take(client));
                    return Err(error.into());
                }
            }
        }
        Ok(client)
    }

    fn set_server(&self, server: Server) {
        let mut known = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        if known.timeline != server.timeline {
            // They are connections to the previous server.
            self.pool.retain(|_, _| false);
        }
        *known = server;
    }

    /// Checks with a new connection whether the address now leads to another server although the previous one is still running. If so, stops
    /// using the connections to the previous server. Does nothing most of the time. Must be called in a thread that may block.
    pub(crate) fn follow_address(&self) {
        let Some(runtime) = &self.runtime else { return };
        let now = self.steady();
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_sub(*followed) < FOLLOW_PERIOD {
            return;
        }
        *followed = now;
        drop(followed);
        let connected = runtime.block_on(timeout(FOLLOWED_WITHIN, self.config.connect(self.tls.clone())));
        // Without a new connection, the open ones stay in use.
        let Ok(Ok((client, connection))) = connected else { return };
        // The task ends with the client.
        runtime.spawn(connection);
        if let Ok(server) = self.check(runtime, &client) {
            self.set_server(server);
        }
    }

    fn check(&self, runtime: &Runtime, client: &tokio_postgres::Client) -> Result<Server, StoreError> {
        let failed = |failure: Failure| failure.into_error(&self.shown).1;
        let row = within(runtime, client.query_one(LOOK, &[])).map_err(failed)?;
        let text = |column: usize| row.try_get::<_, String>(column).unwrap_or_default();
        let is = |column: usize| row.try_get::<_, bool>(column).unwrap_or_default();
        let refused = |refusal| Err(StoreError::Database(refusal));
        if row.try_get::<_, i64>(5).unwrap_or_default() < OLDEST_VERSION {
            return refused(DatabaseRefusal::TooOld { version: text(6) });
        }
        if is(4) {
            return refused(DatabaseRefusal::Standby);
        }
        for (column, setting, durable) in [
            (0, "synchronous_commit", &["on", "remote_apply"][..]),
            (1, "fsync", &["on"]),
            (2, "full_page_writes", &["on"]),
        ] {
            let value = text(column);
            if !durable.contains(&value.as_str()) {
                return refused(DatabaseRefusal::NotDurable { setting, value });
            }
        }
        // A standby refuses the first expression.
        let sql = format!("SELECT {TIMELINE}, {MILLISECONDS}");
        let asked = SystemClock.steady();
        let found = within(runtime, client.query_one(&sql, &[])).map_err(failed)?;
        let number = |column: usize| found.try_get::<_, i64>(column).unwrap_or_default();
        self.set_clock(number(1), asked);
        Ok(Server { timeline: number(0), is_synchronous: is(3) })
    }

    /// Stores a reading of the server's clock that was requested at that time.
    pub(crate) fn set_clock(&self, milliseconds: i64, asked: Duration) {
        let now = SystemClock.steady();
        let way = now.saturating_sub(asked) / 2;
        let reading = Reading { server: milliseconds.unsigned_abs(), steady: now.saturating_sub(way) };
        let mut last = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        // A slow reading is inexact, but better than this machine's clock.
        if way <= LONGEST_WAY || last.is_none() {
            *last = Some(reading);
        }
    }
}

/// The server's clock, which all processes with this database share. It continues while the server is unreachable.
impl Clock for PostgresDatabase {
    fn now(&self) -> u64 {
        let reading = *self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Reading { server, steady }) = reading else { return SystemClock.now() };
        let since = self.steady().saturating_sub(steady);
        Duration::from_millis(server).saturating_add(since).as_secs()
    }

    fn steady(&self) -> Duration {
        SystemClock.steady()
    }
}

/// Converts an error of the ledger to one of a store.
pub(crate) fn store_error(error: LedgerError) -> StoreError {
    match error {
        LedgerError::File(error) => error,
        other => StoreError::Unavailable { detail: other.to_string() },
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        // Waiting for its threads is not allowed in asynchronous code.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for PostgresDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresDatabase({})", self.shown)
    }
}
