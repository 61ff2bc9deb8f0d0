//! The default ledger: a second SQLite file next to the store, with a write-ahead log and one writer.

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
    /// Opens the ledger of a store. Makes it with mode 0600 if it does not exist.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::ledger_suite::{self, Subject, id};
    use crate::ledger::{Ledger, SecretHash};

    struct Files;

    impl Subject for Files {
        type Place = tempfile::TempDir;

        fn fresh(&self) -> (tempfile::TempDir, Box<dyn Ledger>) {
            let folder = tempfile::tempdir().unwrap();
            let ledger = self.again(&folder, id()).unwrap();
            (folder, ledger)
        }

        fn again(&self, folder: &tempfile::TempDir, store: StoreId) -> Result<Box<dyn Ledger>, LedgerError> {
            Ok(Box::new(SqliteLedger::open(&folder.path().join("ledger"), store)?))
        }
    }

    #[test]
    fn sqlite_does_what_every_ledger_must() {
        ledger_suite::run(&Files);
    }

    #[test]
    fn a_file_that_was_removed_takes_no_change_and_one_of_another_kind_is_refused() {
        let (folder, ledger) = Files.fresh();
        std::fs::remove_file(folder.path().join("ledger")).unwrap();
        let used = ledger.use_once(&SecretHash::of(b"x"), 9, 1);
        assert_eq!(used.unwrap_err().code(), "ledger_lost");
        std::fs::write(folder.path().join("text"), "text".repeat(999)).unwrap();
        assert!(SqliteLedger::open(&folder.path().join("text"), id()).is_err());
    }
}
