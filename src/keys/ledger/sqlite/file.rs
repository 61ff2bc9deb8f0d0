//! Makes, opens and checks the file of the ledger.

use std::fs::{self, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::ledger::LedgerError;
use crate::store::{check_folder, database_error, io_error};
use crate::{StoreError, StoreId};

/// An open ledger, and the identity of its file.
pub(super) struct Opened {
    pub(super) connection: Connection,
    /// The device and inode, to detect that the file was removed: changes to it would be lost.
    pub(super) identity: (u64, u64),
}

/// `jotl`: distinguishes the file from every other SQLite file (`application_id` of the file's header).
const APPLICATION_ID: i32 = 0x6a6f_746c;
/// The layout of the tables (`user_version` of the file's header).
const LAYOUT: i32 = 1;
/// The time that a change waits for another process.
const PATIENCE: Duration = Duration::from_secs(5);

const TABLES: &str = include_str!("tables.sql");
const ADDED: &str = include_str!("added.sql");

/// Opens the ledger of a store. Makes it if it does not exist.
pub(super) fn open(path: &Path, store: StoreId) -> Result<Opened, LedgerError> {
    check_folder(path)?;
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    if let Err(error) = made
        && error.kind() != io::ErrorKind::AlreadyExists
    {
        return Err(io_error(path, &error).into());
    }
    let metadata = fs::metadata(path).map_err(|error| io_error(path, &error))?;
    if !metadata.is_file() {
        return Err(StoreError::NotAStore { path: path.to_owned() }.into());
    }
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(StoreError::Exposed { path: path.to_owned(), mode }.into());
    }
    let absolute = std::path::absolute(path).map_err(|error| io_error(path, &error))?;
    let failed = |error: &rusqlite::Error| LedgerError::File(database_error(path, error));
    let mut connection = connect(&absolute).map_err(|error| failed(&error))?;
    let found = prepare(&mut connection, store).map_err(|error| failed(&error))?;
    match found {
        Found::Ours => Ok(Opened { connection, identity: identity(&metadata) }),
        Found::OtherStore => Err(LedgerError::OtherStore { path: path.to_owned() }),
        Found::NotOurs => Err(StoreError::NotAStore { path: path.to_owned() }.into()),
    }
}

enum Found {
    Ours,
    OtherStore,
    NotOurs,
}

fn connect(absolute: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(absolute, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // Each commit is on the disk before the response, so that a redeemed code stays redeemed after a power failure.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Makes the tables of an empty file, in one transaction. Returns the store to which the file belongs.
fn prepare(connection: &mut Connection, store: StoreId) -> Result<Found, rusqlite::Error> {
    let transaction = Transaction::new(connection, TransactionBehavior::Immediate)?;
    let header = |name| transaction.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (header("application_id")?, header("user_version")?, tables) {
        (0, 0, 0) => {
            transaction.execute_batch(TABLES)?;
            transaction.execute_batch(ADDED)?;
            transaction.execute("INSERT INTO meta VALUES (1, ?1, 1, 0)", [store.to_string()])?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", LAYOUT)?;
            transaction.commit()?;
            Ok(Found::Ours)
        }
        (APPLICATION_ID, LAYOUT, _) => {
            let found: String = transaction.query_row("SELECT store_id FROM meta", [], |row| row.get(0))?;
            if found != store.to_string() {
                return Ok(Found::OtherStore);
            }
            transaction.execute_batch(ADDED)?;
            transaction.commit()?;
            Ok(Found::Ours)
        }
        _ => Ok(Found::NotOurs),
    }
}

/// Returns the device and inode of a file.
pub(super) fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}
