//! The ledger of several servers: tables in the schema `jotgate` of a database of PostgreSQL.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::LedgerError;
use super::rows::{Database, Rows, Value, one, run};
use crate::postgres::TIMELINE;
use crate::{PostgresDatabase, StoreId};

/// A ledger in a database of PostgreSQL.
pub struct PostgresLedger {
    database: Arc<PostgresDatabase>,
    /// The timeline of the server up to which lost changes are accounted for.
    settled: AtomicI64,
}

const TABLES: &str = include_str!("postgres/tables.sql");
/// The advisory lock for making tables: `jotl`.
const MAKING: &str = "SELECT pg_advisory_xact_lock(1785688172)::text";
/// Whether a commit waits for a standby.
const SYNCHRONOUS: &str = "(current_setting('synchronous_standby_names') <> '')";
/// The number of counters for changes. Their sum is the count.
const SHARDS: u32 = 16;

impl PostgresLedger {
    /// Opens the ledger of a store. Makes its tables if they do not exist.
    ///
    /// # Errors
    /// [`LedgerError::OtherStore`], [`LedgerError::File`].
    pub fn open(database: Arc<PostgresDatabase>, store: StoreId) -> Result<Self, LedgerError> {
        let found = database.call(|rows| {
            if !is_complete(rows)? {
                rows.query(MAKING, &[])?;
                if !is_complete(rows)? {
                    make(rows, store)?;
                }
            }
            one(rows, "SELECT store_id FROM meta", NOTHING, |row| row.get::<String>(0))
        })?;
        match found {
            Some(found) if found == store.to_string() => Ok(Self { database, settled: AtomicI64::new(0) }),
            _ => Err(LedgerError::OtherStore { path: database.shown().into() }),
        }
    }
}

/// Whether every table exists: a later version has more.
fn is_complete(rows: &dyn Rows) -> Result<bool, LedgerError> {
    let names = TABLES.lines().filter_map(|line| line.strip_prefix("CREATE TABLE IF NOT EXISTS "));
    let there: Vec<String> =
        names.map(|line| format!("to_regclass('{}') IS NOT NULL", line.trim_end_matches(" ("))).collect();
    let sql = format!("SELECT {}", there.join(" AND "));
    Ok(one(rows, &sql, NOTHING, |row| row.get(0))? == Some(true))
}

fn make(rows: &dyn Rows, store: StoreId) -> Result<(), LedgerError> {
    // No statement has a semicolon inside.
    for table in TABLES.split(";\n").filter(|table| !table.trim().is_empty()) {
        rows.execute(table, &[])?;
    }
    let sql = format!(
        "INSERT INTO meta (id, store_id, epoch, timeline, synchronous) VALUES (1, ?1, 1, {TIMELINE}, {SYNCHRONOUS})
         ON CONFLICT DO NOTHING"
    );
    run(rows, &sql, [store.to_string()])?;
    for shard in 0..SHARDS {
        run(rows, "INSERT INTO changes (shard, count) VALUES (?1, 0) ON CONFLICT DO NOTHING", [shard])?;
    }
    Ok(())
}

/// No parameters.
const NOTHING: [Value; 0] = [];

/// Whether another server has taken over that may lack commits: none waited for a standby before.
fn is_unsettled(rows: &dyn Rows) -> Result<bool, LedgerError> {
    let sql = format!("SELECT timeline <> {TIMELINE} AND NOT synchronous FROM meta");
    Ok(one(rows, &sql, NOTHING, |row| row.get(0))? == Some(true))
}

impl PostgresLedger {
    /// Runs `work` in a transaction, and counts it if it changed something.
    fn transact<T>(&self, work: impl Fn(&dyn Rows) -> Result<T, LedgerError>) -> Result<T, LedgerError> {
        self.database.call(|rows| {
            let done = work(rows)?;
            if rows.has_changed() {
                // This row is locked last, so that no transaction that waits for it has locked another row.
                let sql = "UPDATE changes SET count = count + 1 WHERE shard = pg_backend_pid()::bigint % ?1";
                run(rows, sql, [SHARDS])?;
            }
            Ok(done)
        })
    }
}

impl Database for PostgresLedger {
    fn call<T: Send + 'static>(
        &self,
        work: impl Fn(&dyn Rows) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        self.transact(|rows| {
            // INVARIANT: no code, session or refresh token of before a lossy failover is used after it.
            let timeline = self.database.server().timeline;
            if self.settled.load(Ordering::Relaxed) != timeline {
                if is_unsettled(rows)? {
                    return Err(LedgerError::Waiting);
                }
                self.settled.store(timeline, Ordering::Relaxed);
            }
            work(rows)
        })
    }

    fn settle(
        &self,
        work: impl Fn(&dyn Rows) -> Result<(), LedgerError> + Send + 'static,
    ) -> Result<(), LedgerError> {
        self.transact(|rows| {
            work(rows)?;
            let sql = format!(
                "UPDATE meta SET timeline = {TIMELINE}, synchronous = {SYNCHRONOUS}
                 WHERE timeline <> {TIMELINE} OR synchronous <> {SYNCHRONOUS}"
            );
            run(rows, &sql, NOTHING).map(drop)
        })
    }

    fn look<T: Send + 'static>(
        &self,
        work: impl Fn(&dyn Rows) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        self.transact(work)
    }

    fn may_have_lost(&self) -> Result<bool, LedgerError> {
        self.transact(|rows| is_unsettled(rows))
    }

    fn is_waiting(&self) -> bool {
        let settled = self.settled.load(Ordering::Relaxed);
        settled != self.database.server().timeline && Database::may_have_lost(self).unwrap_or_default()
    }

    const CHANGES: &str = "SELECT sum(count)::bigint FROM changes";
}

impl fmt::Debug for PostgresLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresLedger({})", self.database.shown())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::ledger::Ledger;
    use crate::ledger::ledger_suite::{self, Subject, id};
    use crate::test_postgres::{Cluster, TestDatabase, cluster};
    use crate::{Document, PostgresStore};

    fn connect(database: &TestDatabase) -> Arc<PostgresDatabase> {
        Arc::new(PostgresDatabase::open(&database.url.parse().unwrap()).unwrap())
    }

    impl Subject for Cluster {
        type Place = TestDatabase;

        fn fresh(&self) -> (TestDatabase, Box<dyn Ledger>) {
            let place = self.database();
            PostgresStore::create(connect(&place), &Document::from_bytes(vec![])).unwrap();
            let ledger = self.again(&place, id()).unwrap();
            (place, ledger)
        }

        fn again(&self, place: &TestDatabase, store: StoreId) -> Result<Box<dyn Ledger>, LedgerError> {
            Ok(Box::new(PostgresLedger::open(connect(place), store)?))
        }
    }

    /// The columns of each table in these statements.
    fn columns(sql: &str) -> BTreeMap<String, BTreeSet<String>> {
        let tables = sql.split("CREATE TABLE ").skip(1).map(|rest| {
            let (name, rest) = rest.split_once(" (\n").unwrap();
            let lines = rest.lines().take_while(|line| line.starts_with("  "));
            let names = lines.map(|line| line.trim().split(' ').next().unwrap().to_owned());
            let name = name.trim_start_matches("IF NOT EXISTS ").trim_start_matches("jotgate.");
            (name.to_owned(), names.filter(|name| name != "PRIMARY").collect())
        });
        tables.collect()
    }

    #[test]
    fn both_databases_have_the_same_tables_and_columns() {
        let sqlite = [include_str!("sqlite/tables.sql"), include_str!("sqlite/added.sql")].concat();
        let (mut sqlite, mut postgres) = (columns(&sqlite), columns(TABLES));
        // How changes are counted, and what a failover needs, is each database's own.
        assert!(postgres.remove("changes").is_some());
        assert!(sqlite.remove("meta").is_some() && postgres.remove("meta").is_some());
        assert!(sqlite.len() > 8 && sqlite.values().all(|columns| columns.len() > 1));
        assert_eq!(sqlite, postgres);
    }

    #[test]
    fn a_ledger_of_an_earlier_version_gets_the_tables_that_it_lacks() {
        let Some(cluster) = cluster() else { return };
        let (place, ledger) = cluster.fresh();
        ledger.use_once(&crate::ledger::SecretHash::of(b"x"), 9, 1).unwrap();
        drop(ledger);
        let name = place.url.rsplit('/').next().unwrap();
        cluster.sql(name, "DROP TABLE jotgate.openid_grants, jotgate.devices");
        let ledger = cluster.again(&place, id()).unwrap();
        assert_eq!(ledger.device("BCDFGHJK", 1), Ok(None));
        assert_eq!(ledger.use_once(&crate::ledger::SecretHash::of(b"x"), 9, 1), Ok(false), "nothing is lost");
    }

    #[test]
    fn postgresql_does_what_every_ledger_must() {
        let Some(cluster) = cluster() else { return };
        ledger_suite::run(cluster);
    }
}
