//! Stores one versioned document, and replaces it only if it has the expected version.
//!
//! A store knows bytes and versions, not keys. What every store must do is stated by the tests in `store_suite.rs`,
//! which each runs unchanged.

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

/// The formats of documents that are read. The newest is written by `init` and `upgrade`.
const OLDEST_FORMAT: u32 = 3;
const NEWEST_FORMAT: u32 = 5;

/// The count of changes since the store was made; the first document has version 1.
pub type Version = u64;

/// A moment by the clock of one store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub(crate) Duration);

impl Moment {
    /// How long after it was decided a change may be made.
    pub const FRESH: Duration = Duration::from_secs(2);

    /// Whether a change that was decided in this moment is too late at `now`.
    #[must_use]
    pub fn is_over(self, now: Self) -> bool {
        now.0.saturating_sub(self.0) > Self::FRESH
    }
}

/// One versioned document, changed by compare-and-swap. Calls may block: on a disk, or on another process.
pub trait Store: Send + Sync + fmt::Debug {
    /// The version now, cheaply.
    ///
    /// # Errors
    /// Any [`StoreError`] but [`StoreError::Conflict`].
    fn version(&self) -> Result<Version, StoreError>;

    /// The document and its version, from one moment.
    ///
    /// # Errors
    /// Any [`StoreError`] but [`StoreError::Conflict`].
    fn load(&self) -> Result<(Version, Document), StoreError>;

    /// Whether other machines may have the same store.
    fn is_shared(&self) -> bool {
        false
    }

    /// Notes that this server runs and which keys it has, if other machines may have the same store.
    ///
    /// # Errors
    /// Any [`StoreError`] but [`StoreError::Conflict`].
    fn announce(&self, _server: &RunningServer) -> Result<(), StoreError> {
        Ok(())
    }

    /// Forgets the server of that identifier.
    ///
    /// # Errors
    /// Any [`StoreError`] but [`StoreError::Conflict`].
    fn leave(&self, _id: &str) -> Result<(), StoreError> {
        Ok(())
    }

    /// The servers that were announced within [`RunningServer::COUNTED`], by name.
    ///
    /// # Errors
    /// Any [`StoreError`] but [`StoreError::Conflict`].
    fn servers(&self) -> Result<Vec<RunningServer>, StoreError> {
        Ok(vec![])
    }

    /// Puts `document` in the place of the one of version `expected`, durably, and gives the new version, which is one
    /// higher. Either everything has happened or nothing has.
    ///
    /// # Errors
    /// Those of [`Store::replace_as`].
    fn replace(&self, expected: Version, document: &Document) -> Result<Version, StoreError> {
        let next = expected.saturating_add(1);
        self.replace_as(expected, next, document).map(|()| next)
    }

    /// The moment now, by a clock that cannot be set and that runs while this process is stopped.
    ///
    /// # Errors
    /// Any [`StoreError`] but [`StoreError::Conflict`].
    fn moment(&self) -> Result<Moment, StoreError> {
        Ok(Moment(SystemClock.steady()))
    }

    /// [`Store::replace`], if no more than [`Moment::FRESH`] has passed since `decided`. A change is dated when it is decided:
    /// one that was held up must be decided again.
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

    /// Puts `document` in the place of the one of version `expected`, durably, under the version `next`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the store has another version, [`StoreError::Busy`] if others let it not happen within
    /// two seconds or so: load, decide again, come back. Any other [`StoreError`] if the store failed.
    fn replace_as(&self, expected: Version, next: Version, document: &Document) -> Result<(), StoreError>;
}
