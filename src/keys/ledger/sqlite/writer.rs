//! The one writer of the ledger: a thread that groups the changes of many callers into one commit.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::file::{Opened, identity};
use super::statements::{Statements, failed};
use crate::StoreError;
use crate::ledger::LedgerError;
use crate::ledger::rows::Rows;
use crate::store::database_error;

/// Sends work to the thread, which ends once this is dropped.
pub(super) struct Writer {
    work: Sender<Job>,
}

/// Works on the rows. Returns a function that answers the caller when it is known whether the commit succeeded. Without a connection,
/// the transaction did not begin.
type Job = Box<dyn FnOnce(Option<&Connection>) -> Reply + Send>;
type Reply = Box<dyn FnOnce(Result<(), LedgerError>) + Send>;

/// The most changes of one commit.
const BATCH: usize = 64;

impl Writer {
    pub(super) fn start(path: &Path, opened: Opened) -> Result<Self, LedgerError> {
        let (work, jobs) = channel();
        let thread = Thread { path: path.to_owned(), opened, jobs };
        let named = std::thread::Builder::new().name("ledger".to_owned());
        let failed = |error: std::io::Error| StoreError::Unavailable { detail: error.to_string() };
        named.spawn(move || thread.run()).map_err(failed)?;
        Ok(Self { work })
    }

    /// Runs `work` in a transaction, and waits until it is committed.
    pub(super) fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Rows) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let (answer, answered) = sync_channel(1);
        let job = move |rows: Option<&Connection>| -> Reply {
            let done = rows.map(|rows| in_savepoint(rows, work));
            Box::new(move |committed: Result<(), LedgerError>| {
                let outcome = committed.and_then(|()| done.ok_or(LedgerError::Stopped));
                // The caller may have gone. Then no answer is needed.
                let _ = answer.send(outcome);
            })
        };
        self.work.send(Box::new(job)).map_err(|_| LedgerError::Stopped)?;
        answered.recv().map_err(|_| LedgerError::Stopped)??
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writer")
    }
}

struct Thread {
    path: PathBuf,
    opened: Opened,
    jobs: Receiver<Job>,
}

impl Thread {
    fn run(mut self) {
        while let Ok(first) = self.jobs.recv() {
            let mut batch = vec![first];
            batch.extend(self.jobs.try_iter().take(BATCH - 1));
            self.commit(batch);
        }
    }

    fn commit(&mut self, batch: Vec<Job>) {
        let (mut waiting, mut replies) = (batch.into_iter(), vec![]);
        let committed = self.is_there().and_then(|()| {
            let mut work = |connection: &mut Connection| {
                let transaction = Transaction::new(connection, TransactionBehavior::Immediate)?;
                let before = transaction.total_changes();
                replies.extend(waiting.by_ref().map(|job| job(Some(&transaction))));
                if transaction.total_changes() != before {
                    transaction.execute("UPDATE meta SET changes = changes + 1", [])?;
                }
                transaction.commit()
            };
            work(&mut self.opened.connection)
                .map_err(|error| LedgerError::File(database_error(&self.path, &error)))
        });
        replies.extend(waiting.map(|job| job(None)));
        for reply in replies {
            reply(committed.clone());
        }
    }

    fn is_there(&self) -> Result<(), LedgerError> {
        let found = fs::metadata(&self.path).map(|metadata| identity(&metadata));
        if found.is_ok_and(|found| found == self.opened.identity) {
            return Ok(());
        }
        Err(StoreError::Lost { path: self.path.clone() }.into())
    }
}

/// Runs one job of a batch. If it fails, its changes are undone, and those of other jobs stay.
fn in_savepoint<T>(
    rows: &Connection,
    work: impl FnOnce(&dyn Rows) -> Result<T, LedgerError>,
) -> Result<T, LedgerError> {
    let run = |sql| rows.execute_batch(sql).map_err(|error| failed(&error));
    run("SAVEPOINT job")?;
    match work(&Statements(rows)) {
        Ok(done) => run("RELEASE job").map(|()| done),
        Err(error) => {
            run("ROLLBACK TO job; RELEASE job")?;
            Err(error)
        }
    }
}
