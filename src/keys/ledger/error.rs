//! The errors of a ledger, each with one code.

use std::fmt;
use std::path::PathBuf;

use crate::StoreError;

/// The reason why an operation of a ledger failed. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LedgerError {
    /// Its file cannot be used. The reasons are those of a store.
    File(StoreError),
    /// It belongs to another store.
    OtherStore {
        /// Its path.
        path: PathBuf,
    },
    /// Another server has taken over the database, and confirmed changes may be lost. A new epoch begins soon.
    Waiting,
    /// The thread that writes has ended.
    Stopped,
    /// A row has a value that no version of this program writes.
    Row {
        /// The table.
        table: &'static str,
    },
    /// A column has a value that no version of this program writes.
    Column {
        /// Its number in the statement, counted from 0.
        column: usize,
    },
}

impl LedgerError {
    /// Returns the stable code, for programs to compare.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File(StoreError::Busy { .. }) => "ledger_busy",
            Self::File(StoreError::Lost { .. }) => "ledger_lost",
            Self::File(StoreError::Exposed { .. } | StoreError::ExposedFolder { .. }) => "ledger_exposed",
            Self::File(StoreError::NotAStore { .. }) => "ledger_not_a_ledger",
            Self::File(StoreError::Damaged { .. }) => "ledger_damaged",
            Self::File(_) => "ledger_unavailable",
            Self::OtherStore { .. } => "ledger_other_store",
            Self::Waiting => "ledger_waiting",
            Self::Stopped => "ledger_stopped",
            Self::Row { .. } | Self::Column { .. } => "ledger_row",
        }
    }
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(StoreError::NotAStore { path }) => {
                write!(
                    f,
                    "`{}` is not a ledger of this program: put the ledger back from its backup, or name another by --ledger-file",
                    path.display()
                )
            }
            Self::File(StoreError::Damaged { path, detail }) => write!(
                f,
                "the ledger `{}` is damaged ({}); put it back from its backup",
                path.display(),
                detail.replace('\n', ", ")
            ),
            Self::File(error) => write!(f, "the ledger: {error}"),
            Self::OtherStore { path } => {
                write!(
                    f,
                    "the ledger `{}` belongs to another store; move it away to begin anew",
                    path.display()
                )
            }
            Self::Waiting => f.write_str(
                "another server has taken over the database, and changes may be lost: once a running `serve` has noticed it, \
                 everybody has to log in again",
            ),
            Self::Stopped => f.write_str("the ledger's writer has ended; restart the program"),
            Self::Row { table } => write!(f, "a row of the ledger's table `{table}` can't be read"),
            Self::Column { column } => write!(f, "column {column} of a row of the ledger can't be read"),
        }
    }
}

impl std::error::Error for LedgerError {}

impl From<StoreError> for LedgerError {
    fn from(error: StoreError) -> Self {
        Self::File(error)
    }
}
