//! The default [`Store`]: one SQLite file, which is checked when it is opened.
//!
//! Only [`SqliteStore::create`] makes the file, atomically, and never overwrites anything. The file uses the classic rollback journal: except
//! during a change, this one file is the whole store, so a copy of it is a complete copy.

use std::fs::{self, DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};

use super::draft::{LockedFolder, folder_of, forget_second_name};
use crate::{Document, Store, StoreError, Version};

/// A store in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    /// The device and inode of the opened file, to detect that the file was removed: changes to it would be lost.
    identity: (u64, u64),
    connection: Mutex<Connection>,
}

/// `jotg`: distinguishes the file from every other SQLite file (`application_id` of the file's header).
const APPLICATION_ID: i32 = 0x6a6f_7467;
/// The layout of the tables (`user_version` of the file's header). The format of the document has its own number.
const LAYOUT: i32 = 1;
/// `synchronous=EXTRA`: like FULL, and the folder is synchronised after the journal was removed. With FULL, a power failure right after a
/// commit may restore the journal, and with it the previous state.
const EXTRA: i64 = 3;
/// The time that a read waits for another process that writes.
const READ_PATIENCE: Duration = Duration::from_secs(5);
/// The time that a change waits for other processes before it begins, and again before it is committed. A change has the date of its
/// decision, so after a longer wait it must be decided again.
const CHANGE_PATIENCE: Duration = Duration::from_secs(1);

impl SqliteStore {
    /// Makes a new store with `first`, with mode 0600. Makes missing folders with mode 0700.
    ///
    /// The file is prepared with another name and then linked to its final name, so that it appears completely or not at all. If the process is
    /// killed, the next one removes the rest.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if anything exists at `path`, which is not changed; [`StoreError::Unavailable`].
    pub fn create(path: &Path, first: &Document) -> Result<Self, StoreError> {
        let exists = || StoreError::AlreadyExists { path: path.to_owned() };
        Self::prepare(path)?;
        let failed = |e: io::Error| io_error(path, &e);
        let folder = LockedFolder::of(path).map_err(failed)?;
        let draft = folder.draft(path).map_err(failed)?;
        let mut connection = connect(draft.path())?;
        let fill = |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            transaction.execute_batch(
                "CREATE TABLE document (
                   id INTEGER PRIMARY KEY CHECK (id = 1),
                   version INTEGER NOT NULL CHECK (version > 0),
                   bytes BLOB NOT NULL
                 ) STRICT;",
            )?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", LAYOUT)?;
            transaction.execute("INSERT INTO document VALUES (1, 1, ?1)", [first.as_bytes()])?;
            transaction.commit()
        };
        fill(&mut connection).map_err(|e| database_error(draft.path(), &e))?;
        // SQLite must not open a file that has two names. It is closed before it gets the second name.
        connection.close().map_err(|(_, e)| database_error(draft.path(), &e))?;
        // Unlike a rename, a link never overwrites a file.
        fs::hard_link(draft.path(), path).map_err(|e| match e.kind() {
            io::ErrorKind::AlreadyExists => exists(),
            _ => io_error(path, &e),
        })?;
        drop(draft);
        folder.sync().map_err(failed)?;
        drop(folder);
        Self::open(path)
    }

    /// Makes the folder for a new store.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if anything exists at `path`, [`StoreError::ExposedFolder`], [`StoreError::Unavailable`].
    pub fn prepare(path: &Path) -> Result<(), StoreError> {
        if fs::symlink_metadata(path).is_ok() {
            return Err(StoreError::AlreadyExists { path: path.to_owned() });
        }
        let folder = folder_of(path);
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|e| io_error(folder, &e))?;
        check_folder(path)
    }

    /// Opens a store that was made by [`SqliteStore::create`], and checks the whole file.
    ///
    /// # Errors
    /// Any [`StoreError`] but [`StoreError::Conflict`] and [`StoreError::AlreadyExists`]. Nothing is changed.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let metadata = match fs::metadata(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::Missing { path: path.to_owned() });
            }
            other => other.map_err(|e| io_error(path, &e))?,
        };
        if !metadata.is_file() {
            return Err(StoreError::NotAStore { path: path.to_owned() });
        }
        forget_second_name(path);
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(StoreError::Exposed { path: path.to_owned(), mode });
        }
        check_folder(path)?;
        let connection = connect(path)?;
        let header = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
        let error = |e: &_| database_error(path, e);
        let ours = header("application_id").map_err(|e| error(&e))? == APPLICATION_ID
            && header("user_version").map_err(|e| error(&e))? == LAYOUT;
        if !ours {
            return Err(StoreError::NotAStore { path: path.to_owned() });
        }
        let check: String = connection
            .pragma_query_value(None, "integrity_check", |row| row.get(0))
            .map_err(|e| error(&e))?;
        if check != "ok" {
            return Err(StoreError::Damaged { path: path.to_owned(), detail: check });
        }
        let store =
            Self { path: path.to_owned(), identity: identity(&metadata), connection: Mutex::new(connection) };
        store.version()?;
        Ok(store)
    }

    /// Runs `work` on the connection, after a check that the file is still the one that was opened.
    fn with<T>(
        &self,
        patience: Duration,
        work: impl FnOnce(&mut Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, StoreError> {
        let lost = || StoreError::Lost { path: self.path.clone() };
        let metadata = fs::metadata(&self.path).map_err(|_| lost())?;
        if identity(&metadata) != self.identity {
            return Err(lost());
        }
        // A panic elsewhere cannot leave the connection half changed: transactions roll back when they are dropped.
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let worked = connection.busy_timeout(patience).and_then(|()| work(&mut connection));
        worked.map_err(|e| database_error(&self.path, &e))
    }

    fn no_row(&self) -> StoreError {
        StoreError::Damaged { path: self.path.clone(), detail: "the document is not there".to_owned() }
    }
}

impl Store for SqliteStore {
    fn version(&self) -> Result<Version, StoreError> {
        self.with(READ_PATIENCE, |connection| select_version(connection))?.ok_or_else(|| self.no_row())
    }

    fn load(&self) -> Result<(Version, Document), StoreError> {
        let row = self.with(READ_PATIENCE, |connection| {
            let select = "SELECT version, bytes FROM document WHERE id = 1";
            connection.query_row(select, [], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?))).optional()
        })?;
        let (version, bytes) = row.ok_or_else(|| self.no_row())?;
        Ok((version.unsigned_abs(), Document::from_bytes(bytes)))
    }

    fn replace_as(&self, expected: Version, next: Version, document: &Document) -> Result<(), StoreError> {
        let found = self.with(CHANGE_PATIENCE, |connection| {
            // The write lock is taken before the version is read, so no other process can come in between.
            let transaction = Transaction::new(connection, TransactionBehavior::Immediate)?;
            let found = select_version(&transaction)?;
            if found == Some(expected) {
                let update = "UPDATE document SET version = ?1, bytes = ?2 WHERE id = 1";
                // A version that the column can't hold would be negative, which the table refuses.
                transaction.execute(update, (next.cast_signed(), document.as_bytes()))?;
                transaction.commit()?;
            }
            Ok(found)
        })?;
        let found = found.ok_or_else(|| self.no_row())?;
        if found == expected { Ok(()) } else { Err(StoreError::Conflict { expected, found }) }
    }
}

/// Opens an existing file. Does not make one.
fn connect(path: &Path) -> Result<Connection, StoreError> {
    // SQLite would read a relative `file:…` as a URL.
    let absolute = std::path::absolute(path).map_err(|e| io_error(path, &e))?;
    let open = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&absolute, flags)?;
        connection.busy_timeout(READ_PATIENCE)?;
        connection.pragma_update(None, "synchronous", "EXTRA")?;
        // Free pages must not contain old data, because the data contains private keys.
        connection.pragma_update(None, "secure_delete", true)?;
        let synchronous = connection.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0))?;
        let journal = connection.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0))?;
        Ok((connection, synchronous, journal))
    };
    let (connection, synchronous, journal) = open().map_err(|e| database_error(path, &e))?;
    if synchronous != EXTRA || journal != "delete" {
        let detail = format!("it runs with synchronous={synchronous} and the journal `{journal}`");
        return Err(StoreError::Unavailable { detail });
    }
    Ok(connection)
}

fn select_version(connection: &Connection) -> Result<Option<Version>, rusqlite::Error> {
    let version =
        connection.query_row("SELECT version FROM document WHERE id = 1", [], |row| row.get::<_, i64>(0));
    Ok(version.optional()?.map(i64::unsigned_abs))
}

/// Refuses a folder that other users may write. They could replace the file, or add a journal.
pub(crate) fn check_folder(path: &Path) -> Result<(), StoreError> {
    let folder = folder_of(path);
    let mode = fs::metadata(folder).map_err(|e| io_error(folder, &e))?.permissions().mode() & 0o7777;
    if mode & 0o022 != 0 {
        return Err(StoreError::ExposedFolder { path: folder.to_owned(), mode });
    }
    Ok(())
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

pub(crate) fn io_error(path: &Path, error: &io::Error) -> StoreError {
    let detail = match error.kind() {
        io::ErrorKind::PermissionDenied => format!("`{}`: {error}; {OWNER}", path.display()),
        _ => format!("`{}`: {error}", path.display()),
    };
    StoreError::Unavailable { detail }
}

/// What to do if the system forbids the use of a file.
const OWNER: &str = "it and its folder must belong to the user of this program";

pub(crate) fn database_error(path: &Path, error: &rusqlite::Error) -> StoreError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => StoreError::NotAStore { path },
        // The file ends within a page.
        Some(_) if short_read(error) => StoreError::Damaged { path, detail: "it was cut off".to_owned() },
        Some(ErrorCode::DatabaseBusy) => StoreError::Busy { path },
        Some(ErrorCode::DatabaseCorrupt) => StoreError::Damaged { path, detail: error.to_string() },
        // A statement that the database does not understand, or a value of another type: the tables are not ours.
        Some(ErrorCode::Unknown) | None => StoreError::Damaged { path, detail: error.to_string() },
        // SQLite's words have the path again.
        Some(ErrorCode::CannotOpen) => {
            StoreError::Unavailable { detail: format!("`{}` can't be opened; {OWNER}", path.display()) }
        }
        Some(ErrorCode::ReadOnly) => StoreError::Unavailable {
            detail: format!("`{}`: {error}; {OWNER}, and be writable", path.display()),
        },
        Some(_) => StoreError::Unavailable { detail: format!("`{}`: {error}", path.display()) },
    }
}

fn short_read(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHORT_READ)
}

#[cfg(test)]
mod tests;
