//! The default ledger: a second SQLite file beside the store, with a write-ahead log and one writer.

mod file;
mod statements;
mod writer;

use std::path::Path;

use self::writer::Writer;
use super::LedgerError;
use super::rows::{Database, Rows};
use crate::StoreId;

/// A ledger in one SQLite file.
#[derive(Debug)]
pub struct SqliteLedger {
    writer: Writer,
}

impl SqliteLedger {
    /// Opens the ledger of that store, and makes it if it is not there: mode 0600.
    ///
    /// # Errors
    /// [`LedgerError::OtherStore`], [`LedgerError::File`].
    pub fn open(path: &Path, store: StoreId) -> Result<Self, LedgerError> {
        let opened = file::open(path, store)?;
        Ok(Self { writer: Writer::start(path, opened)? })
    }
}

impl Database for SqliteLedger {
    fn call<T: Send + 'static>(
        &self,
        work: impl Fn(&dyn Rows) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        self.writer.call(work)
    }

    const CHANGES: &str = "SELECT changes FROM meta";
}
