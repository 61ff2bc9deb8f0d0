//! Runs the statements of the store and of the ledger in a transaction of PostgreSQL.

use std::cell::Cell;
use std::error::Error as _;
use std::future::Future;
use std::time::Duration;

use deadpool_postgres::Transaction;
use tokio::runtime::Runtime;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::StoreError;
use crate::ledger::{LedgerError, Row, Rows, Value};

/// The time limit of a statement, including the network. The server itself ends it earlier.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// An open transaction.
pub(crate) struct Statements<'a> {
    pub(super) runtime: &'a Runtime,
    pub(super) transaction: &'a Transaction<'a>,
    /// The address, without the password.
    pub(super) shown: &'a str,
    pub(super) changed: Cell<bool>,
    pub(super) trouble: Cell<Option<Trouble>>,
}

/// The consequence of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Another transaction conflicts. The same work may succeed in a new transaction.
    Again,
    /// The connection cannot be used any more.
    Broken,
    /// The server refused a statement.
    Refused,
}

impl Statements<'_> {
    /// Whether a statement has changed a row.
    pub(crate) const fn has_changed(&self) -> bool {
        self.changed.get()
    }

    fn run<T>(
        &self,
        sql: &str,
        parameters: &[Value],
        statement: impl AsyncFnOnce(
            &Transaction<'_>,
            &str,
            &[&(dyn ToSql + Sync)],
        ) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, LedgerError> {
        let parameters: Vec<&(dyn ToSql + Sync)> =
            parameters.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        // PostgreSQL writes parameters as `$1`. Statements have no other question marks.
        let sql = sql.replace('?', "$");
        let done = within(self.runtime, statement(self.transaction, &sql, &parameters));
        done.map_err(|failure| {
            let (trouble, error) = failure.into_error(self.shown);
            self.trouble.set(Some(trouble));
            error.into()
        })
    }
}

impl Rows for Statements<'_> {
    fn execute(&self, sql: &str, parameters: &[Value]) -> Result<usize, LedgerError> {
        let count = self.run(sql, parameters, async |transaction, sql, parameters| {
            let statement = transaction.prepare_cached(sql).await?;
            transaction.execute(&statement, parameters).await
        })?;
        self.changed.set(self.changed.get() || count > 0);
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }

    fn query(&self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, LedgerError> {
        let rows = self.run(sql, parameters, async |transaction, sql, parameters| {
            let statement = transaction.prepare_cached(sql).await?;
            let rows = transaction.query(&statement, parameters).await?;
            let read = |row: tokio_postgres::Row| {
                (0..row.len()).map(|column| row.try_get(column)).collect::<Result<Vec<Value>, _>>()
            };
            rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()
        })?;
        // An `UPDATE … RETURNING` changes rows, too.
        if !rows.is_empty() && !sql.starts_with("SELECT") {
            self.changed.set(true);
        }
        Ok(rows.into_iter().map(Row::new).collect())
    }

    fn for_update(&self) -> &'static str {
        " FOR UPDATE"
    }
}

/// The reason why a call of the database failed.
#[derive(Debug)]
pub(super) enum Failure {
    Late,
    Unconfirmed,
    Failed(tokio_postgres::Error),
}

impl Failure {
    /// Returns the consequence, and the error to report. The error contains neither parameters nor rows.
    pub(super) fn into_error(self, shown: &str) -> (Trouble, StoreError) {
        let path = || shown.into();
        let error = match self {
            Self::Failed(error) => error,
            Self::Unconfirmed => {
                let detail = format!("`{shown}` has not confirmed a change in time; it may be made or not");
                return (Trouble::Broken, StoreError::Unavailable { detail });
            }
            Self::Late => {
                let detail = format!("`{shown}` has not answered within {} s", PATIENCE.as_secs());
                return (Trouble::Broken, StoreError::Unavailable { detail });
            }
        };
        let Some(server) = error.as_db_error() else {
            let cause = error.source().map_or_else(String::new, |cause| format!(": {cause}"));
            let trouble =
                if error.is_closed() || error.source().is_some_and(|cause| cause.is::<std::io::Error>()) {
                    Trouble::Broken
                } else {
                    Trouble::Refused
                };
            return (trouble, StoreError::Unavailable { detail: format!("`{shown}`: {error}{cause}") });
        };
        let code = server.code();
        let detail = || format!("`{shown}`: {} ({})", server.message(), code.code());
        match *code {
            SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED => {
                (Trouble::Again, StoreError::Busy { path: path() })
            }
            SqlState::LOCK_NOT_AVAILABLE => (Trouble::Refused, StoreError::Busy { path: path() }),
            SqlState::UNDEFINED_TABLE | SqlState::INVALID_SCHEMA_NAME | SqlState::INVALID_CATALOG_NAME => {
                (Trouble::Refused, StoreError::Missing { path: path() })
            }
            // 57P01 to 57P03: the server shuts down, or is not ready yet. Class 08: the connection. 25P03: idle for too long.
            _ if code.code().starts_with("57P")
                || code.code().starts_with("08")
                || code.code() == "25P03" =>
            {
                (Trouble::Broken, StoreError::Unavailable { detail: detail() })
            }
            _ => (Trouble::Refused, StoreError::Unavailable { detail: detail() }),
        }
    }
}

/// Waits for a call of the database, in a thread that may block.
pub(super) fn within<T>(
    runtime: &Runtime,
    call: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Failure> {
    let done = runtime.block_on(async { tokio::time::timeout(PATIENCE, call).await });
    done.map_err(|_| Failure::Late)?.map_err(Failure::Failed)
}

type Boxed = Box<dyn std::error::Error + Sync + Send>;

impl ToSql for Value {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Boxed> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Bool(value) => value.to_sql_checked(kind, out),
            Self::Int(value) => value.to_sql_checked(kind, out),
            Self::Text(value) => value.to_sql_checked(kind, out),
            Self::Bytes(value) => value.to_sql_checked(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        // Each value checks the type of its parameter itself.
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Boxed> {
        match *kind {
            Type::BOOL => bool::from_sql(kind, raw).map(Self::Bool),
            Type::INT8 => i64::from_sql(kind, raw).map(Self::Int),
            Type::BYTEA => Vec::from_sql(kind, raw).map(Self::Bytes),
            _ => String::from_sql(kind, raw).map(Self::Text),
        }
    }

    fn from_sql_null(_: &Type) -> Result<Self, Boxed> {
        Ok(Self::Null)
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::BOOL | Type::INT8 | Type::BYTEA | Type::TEXT | Type::VARCHAR | Type::NAME)
    }
}
