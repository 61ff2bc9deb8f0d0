//! The table of the servers that share a store in PostgreSQL.

use std::time::Duration;

use crate::RunningServer;
use crate::ledger::{LedgerError, Row, Rows, Value};
use crate::postgres::MILLISECONDS;

/// The table. Lists have one word per line. Times are milliseconds since 1970 by the server's clock.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS jotgate.servers (
       id TEXT PRIMARY KEY,
       name TEXT NOT NULL,
       keks TEXT NOT NULL,
       seen BIGINT NOT NULL
     )";
const IS_THERE: &str = "SELECT to_regclass('jotgate.servers') IS NOT NULL";
/// These rows need not be durable, so their commits do not wait for a disk or a standby.
const AT_ONCE: &str = "SELECT set_config('synchronous_commit', 'off', true)";

/// Whether the table exists. Earlier versions have none.
pub(super) fn is_there(rows: &dyn Rows) -> Result<bool, LedgerError> {
    rows.query(IS_THERE, &[])?.first().map_or(Ok(false), |row| row.get(0))
}

pub(super) fn make(rows: &dyn Rows) -> Result<(), LedgerError> {
    rows.execute(TABLE, &[]).map(drop)
}

/// Writes the row of a server, and removes those of servers that have ended without removing theirs.
pub(super) fn put(rows: &dyn Rows, server: &RunningServer) -> Result<(), LedgerError> {
    rows.query(AT_ONCE, &[])?;
    let sql = format!(
        "INSERT INTO jotgate.servers (id, name, keks, seen) VALUES (?1, ?2, ?3, {MILLISECONDS})
         ON CONFLICT (id) DO UPDATE SET keks = excluded.keks, seen = excluded.seen"
    );
    let values = [server.id.clone(), server.name.clone(), server.kek_ids.join("\n")];
    rows.execute(&sql, &values.map(Value::Text))?;
    let dead = format!("DELETE FROM jotgate.servers WHERE {} > ?1", age());
    rows.execute(&dead, &[counted()]).map(drop)
}

pub(super) fn remove(rows: &dyn Rows, id: &str) -> Result<(), LedgerError> {
    rows.query(AT_ONCE, &[])?;
    rows.execute("DELETE FROM jotgate.servers WHERE id = ?1", &[Value::Text(id.to_owned())]).map(drop)
}

/// Returns the servers that were seen recently, by name.
pub(super) fn list(rows: &dyn Rows) -> Result<Vec<RunningServer>, LedgerError> {
    let age = age();
    let sql =
        format!("SELECT id, name, keks, {age} FROM jotgate.servers WHERE {age} <= ?1 ORDER BY name, id");
    let read = |row: &Row| {
        Ok(RunningServer {
            id: row.get(0)?,
            name: row.get(1)?,
            kek_ids: row.get::<String>(2)?.lines().map(str::to_owned).collect(),
            age: Duration::from_millis(row.get::<i64>(3)?.unsigned_abs()),
        })
    };
    rows.query(&sql, &[counted()])?.iter().map(read).collect()
}

/// Returns the expression for the age of a row. Also correct if the clock was set back.
fn age() -> String {
    format!("abs({MILLISECONDS} - seen)")
}

fn counted() -> Value {
    Value::Int(i64::try_from(RunningServer::COUNTED.as_millis()).unwrap_or(i64::MAX))
}
