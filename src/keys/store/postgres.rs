//! The [`Store`] of several servers: one row in a database of PostgreSQL.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::ledger::{LedgerError, Row, Rows, Value};
use crate::postgres::{MILLISECONDS, store_error};
use crate::{Clock as _, Document, Moment, PostgresDatabase, RunningServer, Store, StoreError, Version};

mod servers;

/// A store in a database of PostgreSQL, in the schema `jotgate`.
pub struct PostgresStore {
    database: Arc<PostgresDatabase>,
    /// The time at which blocked commits of other processes were last cancelled, by the steady clock.
    released: Mutex<Duration>,
}

/// The advisory lock for making tables: `jotg`.
const MAKING: &str = "SELECT pg_advisory_xact_lock(1785688167)::text";
/// Ends the wait for a standby of processes that ended themselves meanwhile or are cut off. Such a change must not be seen
/// whenever the standby returns, under the date of its decision.
const RELEASE: &str = "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE usename = current_user
    AND application_name = 'jotgate-keys' AND wait_event = 'SyncRep' AND state_change < clock_timestamp() - interval '5 seconds'";
/// The period of this.
const RELEASE_PERIOD: Duration = Duration::from_secs(3);
const EXISTS: &str = "SELECT to_regclass('jotgate.document') IS NOT NULL";
const LOAD: &str = "SELECT version, bytes FROM jotgate.document WHERE id = 1";
/// The tables contain sealed private keys, so no other role has access to the schema.
const TABLES: [&str; 3] = [
    "CREATE SCHEMA IF NOT EXISTS jotgate",
    "REVOKE ALL ON SCHEMA jotgate FROM PUBLIC",
    "CREATE TABLE jotgate.document (
       id BIGINT PRIMARY KEY CHECK (id = 1),
       version BIGINT NOT NULL CHECK (version > 0),
       bytes BYTEA NOT NULL
     )",
];

impl PostgresStore {
    /// Makes a new store with `first` and its tables, in one transaction.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if the database already has a store, which is not changed; [`StoreError::Unavailable`].
    pub fn create(database: Arc<PostgresDatabase>, first: &Document) -> Result<Self, StoreError> {
        let made = database.call(|rows| {
            rows.query(MAKING, &[])?;
            if exists(rows)? {
                return Ok(false);
            }
            for table in TABLES {
                rows.execute(table, &[])?;
            }
            servers::make(rows)?;
            let bytes = Value::Bytes(first.as_bytes().to_vec());
            rows.execute("INSERT INTO jotgate.document (id, version, bytes) VALUES (1, 1, ?1)", &[bytes])?;
            Ok(true)
        });
        if made.map_err(store_error)? { Ok(Self::of(database)) } else { Err(exists_already(&database)) }
    }

    /// Checks that there is no store yet.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`], [`StoreError::Unavailable`].
    pub fn prepare(database: &PostgresDatabase) -> Result<(), StoreError> {
        match database.call(|rows| exists(rows)).map_err(store_error)? {
            true => Err(exists_already(database)),
            false => Ok(()),
        }
    }

    /// Opens the store of a database. Makes tables that earlier versions did not have.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Damaged`], [`StoreError::Unavailable`].
    pub fn open(database: Arc<PostgresDatabase>) -> Result<Self, StoreError> {
        let store = Self::of(database);
        store.version()?;
        let made = store.database.call(|rows| {
            if servers::is_there(rows)? {
                return Ok(());
            }
            rows.query(MAKING, &[])?;
            servers::make(rows)
        });
        made.map_err(store_error)?;
        Ok(store)
    }

    fn of(database: Arc<PostgresDatabase>) -> Self {
        Self { database, released: Mutex::default() }
    }

    /// Whether it is time to cancel blocked commits of other processes.
    fn may_release(&self) -> bool {
        let (now, mut last) =
            (self.database.steady(), self.released.lock().unwrap_or_else(PoisonError::into_inner));
        let is_due = now.saturating_sub(*last) >= RELEASE_PERIOD;
        if is_due {
            *last = now;
        }
        is_due
    }

    /// Replaces the document of that version, if `is_fresh` allows it at the server's time.
    fn replace_if(
        &self,
        expected: Version,
        next: Version,
        document: &Document,
        is_fresh: impl Fn(Moment) -> bool,
    ) -> Result<(), StoreError> {
        let replaced = self.database.call(|rows| {
            // No other transaction can change the row between this and the end. A process that is stopped after this loses
            // its transaction (`idle_in_transaction_session_timeout`).
            let sql = format!("SELECT version FROM jotgate.document WHERE id = 1{}", rows.for_update());
            let version = rows.query(&sql, &[])?.first().map(|row| row.get::<i64>(0)).transpose()?;
            let found = version.ok_or_else(|| self.no_row())?.unsigned_abs();
            if found != expected {
                return Err(StoreError::Conflict { expected, found }.into());
            }
            // Read after the wait for the row.
            if !is_fresh(now(rows)?) {
                return Err(StoreError::Late.into());
            }
            let row = [Value::Int(next.cast_signed()), Value::Bytes(document.as_bytes().to_vec())];
            rows.execute("UPDATE jotgate.document SET version = ?1, bytes = ?2 WHERE id = 1", &row).map(drop)
        });
        replaced.map_err(store_error)
    }

    fn no_row(&self) -> StoreError {
        StoreError::Damaged {
            path: self.database.shown().into(),
            detail: "the document is not there".to_owned(),
        }
    }
}

impl Store for PostgresStore {
    fn is_shared(&self) -> bool {
        true
    }

    fn version(&self) -> Result<Version, StoreError> {
        let sql = format!("SELECT version, {MILLISECONDS} FROM jotgate.document WHERE id = 1");
        let read = |row: &Row| Ok::<_, LedgerError>((row.get::<i64>(0)?, row.get::<i64>(1)?));
        self.database.follow_address();
        let may_release = self.may_release();
        let found = self.database.call(|rows| {
            if may_release {
                rows.query(RELEASE, &[])?;
            }
            let asked = self.database.steady();
            let found = rows.query(&sql, &[])?.first().map(read).transpose()?;
            Ok(found.map(|(version, milliseconds)| {
                self.database.set_clock(milliseconds, asked);
                version.unsigned_abs()
            }))
        });
        found.map_err(store_error)?.ok_or_else(|| self.no_row())
    }

    fn load(&self) -> Result<(Version, Document), StoreError> {
        let read = |row: &Row| Ok((row.get::<i64>(0)?, row.get::<Vec<u8>>(1)?));
        let found = self.database.call(|rows| rows.query(LOAD, &[])?.first().map(read).transpose());
        let (version, bytes) = found.map_err(store_error)?.ok_or_else(|| self.no_row())?;
        Ok((version.unsigned_abs(), Document::from_bytes(bytes)))
    }

    fn moment(&self) -> Result<Moment, StoreError> {
        self.database.call(|rows| now(rows)).map_err(store_error)
    }

    fn replace_fresh(
        &self,
        expected: Version,
        document: &Document,
        decided: Moment,
    ) -> Result<Version, StoreError> {
        let next = expected.saturating_add(1);
        self.replace_if(expected, next, document, |now| !decided.is_over(now)).map(|()| next)
    }

    fn replace_as(&self, expected: Version, next: Version, document: &Document) -> Result<(), StoreError> {
        self.replace_if(expected, next, document, |_| true)
    }

    fn announce(&self, server: &RunningServer) -> Result<(), StoreError> {
        self.database.call(|rows| servers::put(rows, server)).map_err(store_error)
    }

    fn leave(&self, id: &str) -> Result<(), StoreError> {
        self.database.call(|rows| servers::remove(rows, id)).map_err(store_error)
    }

    fn servers(&self) -> Result<Vec<RunningServer>, StoreError> {
        self.database.call(|rows| servers::list(rows)).map_err(store_error)
    }
}

/// Returns the current time by the server's clock.
fn now(rows: &dyn Rows) -> Result<Moment, LedgerError> {
    let found = rows.query(&format!("SELECT {MILLISECONDS}"), &[])?;
    let milliseconds = found.first().map_or(Ok(0), |row| row.get::<i64>(0))?;
    Ok(Moment(Duration::from_millis(milliseconds.unsigned_abs())))
}

fn exists(rows: &dyn Rows) -> Result<bool, LedgerError> {
    rows.query(EXISTS, &[])?.first().map_or(Ok(false), |row| row.get(0))
}

fn exists_already(database: &PostgresDatabase) -> StoreError {
    StoreError::AlreadyExists { path: database.shown().into() }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresStore({})", self.database.shown())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::store_suite::{self, Subject};
    use crate::test_postgres::{TestDatabase, cluster};

    fn connect(database: &TestDatabase) -> Arc<PostgresDatabase> {
        Arc::new(PostgresDatabase::open(&database.url.parse().unwrap()).unwrap())
    }

    impl Subject for TestDatabase {
        fn create(&self, first: &Document) {
            PostgresStore::create(connect(self), first).unwrap();
        }

        fn open(&self) -> Box<dyn Store> {
            Box::new(PostgresStore::open(connect(self)).unwrap())
        }
    }

    #[test]
    fn a_change_that_was_held_up_after_its_decision_is_not_made() {
        let Some(cluster) = cluster() else { return };
        let database = cluster.database();
        let first = store_suite::document("first");
        let store = PostgresStore::create(connect(&database), &first).unwrap();
        let decided = store.moment().unwrap();
        let before = Moment(decided.0 - Moment::FRESH - Duration::from_secs(1));
        assert_eq!(store.replace_fresh(1, &store_suite::document("late"), before), Err(StoreError::Late));
        assert_eq!(store.load(), Ok((1, first)));
        assert_eq!(store.replace_fresh(1, &store_suite::document("second"), decided), Ok(2));
    }

    #[test]
    fn postgresql_does_what_every_store_must() {
        let Some(cluster) = cluster() else { return };
        store_suite::run(|| cluster.database());
        let fresh = cluster.database();
        assert_eq!(PostgresStore::open(connect(&fresh)).unwrap_err().code(), "store_missing");
        let first = store_suite::document("first");
        PostgresStore::create(connect(&fresh), &first).unwrap();
        let again = PostgresStore::create(connect(&fresh), &first).unwrap_err();
        assert_eq!(again.code(), "store_already_exists");
    }
}
