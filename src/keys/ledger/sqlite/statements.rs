//! Runs the statements of the verbs in SQLite.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};

use crate::StoreError;
use crate::ledger::LedgerError;
use crate::ledger::rows::{Row, Rows, Value};

/// A transaction that is open on this connection.
pub(super) struct Statements<'a>(pub(super) &'a Connection);

impl Rows for Statements<'_> {
    fn execute(&self, sql: &str, parameters: &[Value]) -> Result<usize, LedgerError> {
        let execute = || self.0.prepare_cached(sql)?.execute(params_from_iter(parameters));
        execute().map_err(|error| failed(&error))
    }

    fn query(&self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, LedgerError> {
        let query = || {
            let mut statement = self.0.prepare_cached(sql)?;
            let columns = statement.column_count();
            let read = |row: &rusqlite::Row<'_>| {
                let values = (0..columns).map(|column| row.get_ref(column).map(value));
                values.collect::<Result<_, _>>().map(Row::new)
            };
            statement.query_map(params_from_iter(parameters), read)?.collect::<Result<_, _>>()
        };
        query().map_err(|error| failed(&error))
    }

    fn for_update(&self) -> &'static str {
        ""
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Bool(value) => ValueRef::Integer((*value).into()),
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}

/// A text that is not UTF-8, which none of this program is, is read as bytes; no column takes it for a text then.
fn value(found: ValueRef<'_>) -> Value {
    match found {
        ValueRef::Integer(value) => Value::Int(value),
        ValueRef::Text(bytes) => str::from_utf8(bytes)
            .map_or_else(|_| Value::Bytes(bytes.to_vec()), |text| Value::Text(text.to_owned())),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Null | ValueRef::Real(_) => Value::Null,
    }
}

pub(super) fn failed(error: &rusqlite::Error) -> LedgerError {
    StoreError::Unavailable { detail: error.to_string() }.into()
}
