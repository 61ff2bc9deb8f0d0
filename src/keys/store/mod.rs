//! Stores one versioned document, and replaces it only if it has the expected version.
//!
//! A store contains bytes and versions, and does not know keys. The tests in `store_suite.rs` define the behaviour of every store.

mod document;
mod document_error;
mod draft;
mod keeper;
mod kek;
mod kek_source;
mod mark_file;
mod memory;
mod postgres;
mod rekey;
mod running_server;
mod sqlite;
mod store_error;
mod store_id;
#[cfg(test)]
mod store_suite;
mod stored;
mod stored_client;

use std::fmt;
use std::time::Duration;

use crate::{Clock as _, SystemClock};

pub use document::Document;
pub use document_error::DocumentError;
pub use keeper::Keeper;
pub use kek::{KekError, Keks};
pub use kek_source::KekSource;
pub use mark_file::MarkFile;
pub use memory::MemoryStore;
pub use postgres::PostgresStore;
pub use rekey::rekey;
pub use running_server::{Encryption, RunningServer};
pub use sqlite::SqliteStore;
pub(crate) use sqlite::{check_folder, database_error, io_error};
pub use store_error::{RolledBack, StoreError};
pub use store_id::StoreId;

/// The oldest and the newest format of documents that are read. `init` and `upgrade` write the newest.
const OLDEST_FORMAT: u32 = 3;
const NEWEST_FORMAT: u32 = 5;

/// The count of changes since the store was made; the first document has version 1.
pub type Version = u64;

/// A time by the clock of one store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub(crate) Duration);

impl Moment {
    /// The time after a decision within which a change may be made.
    pub const FRESH: Duration = Duration::from_secs(2);

    /// Whether a change that was decided at this time is too late at `now`.
    #[must_use]
    pub fn is_over(self, now: Self) -> bool {
        now.0.saturating_sub(self.0) > Self::FRESH
    }
}

/// Stores one versioned document, which is changed by compare-and-swap. Calls may block on a disk or on another process.
pub trait Store: Send + Sync + fmt::Debug {
    /// Returns the current version. This is cheap.
    ///
    /// # Errors
    /// Any [`StoreError`] but [`StoreError::Conflict`].
    fn version(&self) -> Result<Version, StoreError>;

    /// Returns the document and its version, read together.
    ///
    /// # Errors
    /// Any [`StoreError`] but [`StoreError::Conflict`].
    fn load(&self) -> Result<(Version, Document), StoreError>;

    /// Whether other machines may use the same store.
    fn is_shared(&self) -> bool {
        false
    }

    /// Records that this server is running, and which keys it has, if other machines may use the same store.
    ///
    /// # Errors
    /// Any [`StoreError`] but [`StoreError::Conflict`].
    fn announce(&self, _server: &RunningServer) -> Result<(), StoreError> {
        Ok(())
    }

    /// Removes the record of the server with that identifier.
    ///
    /// # Errors
    /// Any [`StoreError`] but [`StoreError::Conflict`].
    fn leave(&self, _id: &str) -> Result<(), StoreError> {
        Ok(())
    }

    /// Returns the servers that were announced within [`RunningServer::COUNTED`], by name.
    ///
    /// # Errors
    /// Any [`StoreError`] but [`StoreError::Conflict`].
    fn servers(&self) -> Result<Vec<RunningServer>, StoreError> {
        Ok(vec![])
    }

    /// Replaces the document of version `expected` by `document`, atomically and durably. Returns the new version, which is one higher.
    ///
    /// # Errors
    /// Those of [`Store::replace_as`].
    fn replace(&self, expected: Version, document: &Document) -> Result<Version, StoreError> {
        let next = expected.saturating_add(1);
        self.replace_as(expected, next, document).map(|()| next)
    }

    /// Returns the current time, by a clock that cannot be set and that runs while this process is stopped.
    ///
    /// # Errors
    /// Any [`StoreError`] but [`StoreError::Conflict`].
    fn moment(&self) -> Result<Moment, StoreError> {
        Ok(Moment(SystemClock.steady()))
    }

    /// Does the same as [`Store::replace`], if at most [`Moment::FRESH`] has passed since `decided`. A change has the date of its decision, so a
    /// delayed change must be decided again.
    ///
    /// # Errors
    /// Those of [`Store::replace`], and [`StoreError::Late`].
    fn replace_fresh(
        &self,
        expected: Version,
        document: &Document,
        decided: Moment,
    ) -> Result<Version, StoreError> {
        if decided.is_over(self.moment()?) {
            return Err(StoreError::Late);
        }
        self.replace(expected, document)
    }

    /// Replaces the document of version `expected` by `document` with the version `next`, atomically and durably.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the store has another version, [`StoreError::Busy`] if other processes lock it for more than about two
    /// seconds. Then load again, decide again and retry. Any other [`StoreError`] if the store failed.
    fn replace_as(&self, expected: Version, next: Version, document: &Document) -> Result<(), StoreError>;
}
