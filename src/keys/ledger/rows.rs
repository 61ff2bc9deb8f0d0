//! The interface to a database for the operations of the ledger: statements, parameters and rows.

use super::LedgerError;

/// A value in a row, or a parameter of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A row that a statement returned.
pub(crate) struct Row(Vec<Value>);

/// A transaction in which statements run. Parameters in statements are `?1`, `?2` and so on.
pub(crate) trait Rows {
    /// Runs a statement that returns no rows. Returns the number of changed rows.
    fn execute(&self, sql: &str, parameters: &[Value]) -> Result<usize, LedgerError>;

    /// Runs a statement that returns rows.
    fn query(&self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, LedgerError>;

    /// Returns the suffix of a SELECT whose rows no other transaction may change until this one ends. It is empty if the database runs
    /// transactions one after the other.
    fn for_update(&self) -> &'static str;
}

/// A database with the tables of the ledger.
pub(crate) trait Database: Send + Sync {
    /// Runs `work` in its own transaction, and waits until the transaction is durable. `work` may run more than once; the changes of earlier
    /// runs are undone.
    fn call<T: Send + 'static>(
        &self,
        work: impl Fn(&dyn Rows) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError>;

    /// The statement that reads the count of changes.
    const CHANGES: &str;

    /// See [`Ledger::may_have_lost`](super::Ledger::may_have_lost).
    fn may_have_lost(&self) -> Result<bool, LedgerError> {
        Ok(false)
    }

    /// See [`Ledger::is_waiting`](super::Ledger::is_waiting).
    fn is_waiting(&self) -> bool {
        false
    }

    /// Does the same as [`Database::call`] for the upkeep, also while the ledger is waiting. Afterwards, changes that may have been lost before
    /// this transaction no longer matter.
    fn settle(
        &self,
        work: impl Fn(&dyn Rows) -> Result<(), LedgerError> + Send + 'static,
    ) -> Result<(), LedgerError> {
        self.call(work)
    }

    /// Does the same as [`Database::call`] for reads of the upkeep, also while the ledger is waiting.
    fn look<T: Send + 'static>(
        &self,
        work: impl Fn(&dyn Rows) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        self.call(work)
    }
}

/// Values that one row or one statement has.
pub(crate) trait IntoValues {
    fn into_values(self) -> Vec<Value>;
}

/// A type that a column can be read as.
pub(crate) trait FromValue: Sized {
    fn from_value(value: &Value) -> Option<Self>;
}

impl Row {
    pub(crate) const fn new(values: Vec<Value>) -> Self {
        Self(values)
    }

    /// Returns the value of a column, counted from 0.
    pub(crate) fn get<T: FromValue>(&self, column: usize) -> Result<T, LedgerError> {
        self.0.get(column).and_then(T::from_value).ok_or(LedgerError::Column { column })
    }
}

/// Runs a statement that returns at most one row.
pub(crate) fn one<T>(
    rows: &dyn Rows,
    sql: &str,
    parameters: impl IntoValues,
    read: impl FnOnce(&Row) -> Result<T, LedgerError>,
) -> Result<Option<T>, LedgerError> {
    rows.query(sql, &parameters.into_values())?.first().map(read).transpose()
}

/// Does the same as [`one`], and locks the row until the transaction ends.
pub(crate) fn one_locked<T>(
    rows: &dyn Rows,
    sql: &str,
    parameters: impl IntoValues,
    read: impl FnOnce(&Row) -> Result<T, LedgerError>,
) -> Result<Option<T>, LedgerError> {
    one(rows, &format!("{sql}{}", rows.for_update()), parameters, read)
}

/// Runs a statement. Returns the number of changed rows.
pub(crate) fn run(rows: &dyn Rows, sql: &str, parameters: impl IntoValues) -> Result<usize, LedgerError> {
    rows.execute(sql, &parameters.into_values())
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&bool> for Value {
    fn from(value: &bool) -> Self {
        Self::Bool(*value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(value: [u8; N]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

impl<const N: usize> From<&[u8; N]> for Value {
    fn from(value: &[u8; N]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<&Option<String>> for Value {
    fn from(value: &Option<String>) -> Self {
        value.as_ref().into()
    }
}

impl<T: Into<Value>, const N: usize> IntoValues for [T; N] {
    fn into_values(self) -> Vec<Value> {
        self.into_iter().map(Into::into).collect()
    }
}

macro_rules! tuples {
    ($($name:ident)+) => {
        impl<$($name: Into<Value>),+> IntoValues for ($($name,)+) {
            fn into_values(self) -> Vec<Value> {
                #[expect(non_snake_case, reason = "a value has the name of its type")]
                let ($($name,)+) = self;
                vec![$($name.into()),+]
            }
        }
    };
}

tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);
tuples!(A B C D E F G H I);
tuples!(A B C D E F G H I J);
tuples!(A B C D E F G H I J K);
tuples!(A B C D E F G H I J K L);
tuples!(A B C D E F G H I J K L M);
tuples!(A B C D E F G H I J K L M N);
tuples!(A B C D E F G H I J K L M N O);
tuples!(A B C D E F G H I J K L M N O P);

impl FromValue for bool {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(*value),
            // SQLite has no type of its own for it.
            Value::Int(0) => Some(false),
            Value::Int(1) => Some(true),
            _ => None,
        }
    }
}

impl FromValue for i64 {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Int(value) = value { Some(*value) } else { None }
    }
}

impl FromValue for String {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Text(value) = value { Some(value.clone()) } else { None }
    }
}

impl<const N: usize> FromValue for [u8; N] {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Bytes(value) = value { value.as_slice().try_into().ok() } else { None }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Bytes(value) = value { Some(value.clone()) } else { None }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Option<Self> {
        if *value == Value::Null { Some(None) } else { T::from_value(value).map(Some) }
    }
}
