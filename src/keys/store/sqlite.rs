//! The default store, one SQLite file: a path enters, a [`Store`] leaves that has checked what it opened.
//!
//! The file is made by [`SqliteStore::create`] alone, complete or not at all, and never over something else. It keeps
//! the classic rollback journal: outside of a change the one file is the whole store, and a copy of it a whole copy.

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
    /// The device and inode of the file that was opened: a change to a file that has been removed would be lost.
    identity: (u64, u64),
    connection: Mutex<Connection>,
}

/// `jotg`: distinguishes the file from every other SQLite file (`application_id` of the file's header).
const APPLICATION_ID: i32 = 0x6a6f_7467;
/// The layout of the tables (`user_version` of the file's header); what is in the document has its own number.
const LAYOUT: i32 = 1;
/// `synchronous=EXTRA`: all that FULL does, and the folder is synchronised after the journal was removed. With FULL
/// alone a power cut right after a commit may bring the journal back, and with it the state before.
const EXTRA: i64 = 3;
/// How long a call that reads waits for another process that writes.
const READ_PATIENCE: Duration = Duration::from_secs(5);
/// How long a change waits for others to let it begin, and once more to let it be committed. A change is dated when it is
/// decided, so one that had to wait for longer is better decided again.
const CHANGE_PATIENCE: Duration = Duration::from_secs(1);

impl SqliteStore {
    /// Makes a new store that holds `first`, with mode 0600; folders that are missing are made with mode 0700.
    ///
    /// The file is prepared under another name and linked into place, so that it appears whole; what a process killed
    /// meanwhile leaves behind, the next one takes away.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if anything is at `path`, which then is not touched; [`StoreError::Unavailable`].
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
        // SQLite must not know a file by two names: it is closed under the first before it gets the second.
        connection.close().map_err(|(_, e)| database_error(draft.path(), &e))?;
        // A link fails where a rename would overwrite.
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
    /// [`StoreError::AlreadyExists`] if anything is at `path`, [`StoreError::ExposedFolder`], [`StoreError::Unavailable`].
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

    /// Runs `work` on the connection, once it is known that the file is still the one that was opened.
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

/// Opens a file that is there; SQLite makes none.
fn connect(path: &Path) -> Result<Connection, StoreError> {
    // SQLite would read a relative `file:…` as a URL.
    let absolute = std::path::absolute(path).map_err(|e| io_error(path, &e))?;
    let open = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&absolute, flags)?;
        connection.busy_timeout(READ_PATIENCE)?;
        connection.pragma_update(None, "synchronous", "EXTRA")?;
        // What was overwritten must not stay behind in free pages: it holds private keys.
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

/// Refuses a folder that others may write: who may, can put another file, or a journal, in the place of ours.
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
    StoreError::Unavailable { detail: format!("`{}`: {error}", path.display()) }
}

pub(crate) fn database_error(path: &Path, error: &rusqlite::Error) -> StoreError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => StoreError::NotAStore { path },
        // The file ends before its page does.
        Some(_) if short_read(error) => StoreError::Damaged { path, detail: "it was cut off".to_owned() },
        Some(ErrorCode::DatabaseBusy) => StoreError::Busy { path },
        Some(ErrorCode::DatabaseCorrupt) => StoreError::Damaged { path, detail: error.to_string() },
        // A statement that the database does not understand, or a value of another type: the tables are not ours.
        Some(ErrorCode::Unknown) | None => StoreError::Damaged { path, detail: error.to_string() },
        Some(_) => StoreError::Unavailable { detail: format!("`{}`: {error}", path.display()) },
    }
}

fn short_read(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHORT_READ)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::store_suite::{self, Subject, document};

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn path(&self) -> PathBuf {
            self.0.path().join("of its own").join("store.sqlite")
        }
    }

    impl Subject for Folder {
        fn create(&self, first: &Document) {
            SqliteStore::create(&self.path(), first).unwrap();
        }

        fn open(&self) -> Box<dyn Store> {
            Box::new(SqliteStore::open(&self.path()).unwrap())
        }
    }

    fn made() -> (Folder, PathBuf) {
        let folder = Folder::new();
        folder.create(&document("first"));
        let path = folder.path();
        (folder, path)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn it_does_what_every_store_must_do() {
        store_suite::run(Folder::new);
    }

    #[test]
    fn a_new_store_is_one_file_of_mode_0600_in_a_folder_of_mode_0700() {
        let (_folder, path) = made();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(folder_of(&path)), 0o700);
        assert_eq!(fs::read_dir(folder_of(&path)).unwrap().count(), 1);
        assert_eq!(fs::metadata(&path).unwrap().nlink(), 1);
    }

    #[test]
    fn the_journal_of_a_change_is_as_closed_as_the_store() {
        let (_folder, path) = made();
        let store = SqliteStore::open(&path).unwrap();
        let mut connection = store.connection.lock().unwrap();
        let transaction = Transaction::new(&mut connection, TransactionBehavior::Immediate).unwrap();
        transaction.execute("UPDATE document SET version = 2", []).unwrap();
        assert_eq!(mode(&path.with_file_name("store.sqlite-journal")), 0o600);
    }

    #[test]
    fn every_connection_synchronises_fully() {
        let (_folder, path) = made();
        let store = SqliteStore::open(&path).unwrap();
        let connection = store.connection.lock().unwrap();
        let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
        assert!(synchronous >= 2, "FULL is 2, EXTRA is 3");
    }

    #[test]
    fn a_store_in_wal_mode_is_refused_for_it_is_more_than_one_file() {
        let (_folder, path) = made();
        let other = Connection::open(&path).unwrap();
        other.pragma_update(None, "journal_mode", "wal").unwrap();
        drop(other);
        assert_eq!(SqliteStore::open(&path).unwrap_err().code(), "store_unavailable");
    }

    #[test]
    fn nothing_is_made_where_there_is_no_store() {
        let folder = Folder::new();
        let path = folder.path();
        assert_eq!(SqliteStore::open(&path).unwrap_err(), StoreError::Missing { path: path.clone() });
        assert!(!folder_of(&path).exists());
    }

    #[test]
    fn whatever_is_there_already_is_left_as_it_is() {
        let (_folder, path) = made();
        let before = fs::read(&path).unwrap();
        let refusal = SqliteStore::create(&path, &document("other")).unwrap_err();
        assert_eq!(refusal, StoreError::AlreadyExists { path: path.clone() });
        assert_eq!(fs::read(&path).unwrap(), before);
        let dangling = path.with_file_name("link");
        std::os::unix::fs::symlink("nowhere", &dangling).unwrap();
        assert_eq!(
            SqliteStore::create(&dangling, &document("other")).unwrap_err().code(),
            "store_already_exists"
        );
    }

    #[test]
    fn of_many_that_create_at_once_exactly_one_does() {
        let folder = Folder::new();
        let path = folder.path();
        let made: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|n| {
                    let (path, first) = (&path, document(&n.to_string()));
                    scope.spawn(move || SqliteStore::create(path, &first))
                })
                .collect();
            threads.into_iter().map(|thread| usize::from(thread.join().unwrap().is_ok())).sum()
        });
        assert_eq!(made, 1);
        assert_eq!(SqliteStore::open(&path).unwrap().version(), Ok(1));
        assert_eq!(fs::read_dir(folder_of(&path)).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn what_a_killed_process_left_behind_goes_with_the_next_store_or_with_its_opening() {
        let folder = Folder::new();
        let path = folder.path();
        SqliteStore::prepare(&path).unwrap();
        let left = ["store.sqlite.draft", "store.sqlite.draft-journal"].map(|name| path.with_file_name(name));
        left.iter().for_each(|left| fs::write(left, "half a store").unwrap());
        folder.create(&document("first"));
        assert!(left.iter().all(|left| !left.exists()));
        // Killed when the store had its name, and the draft still had its own.
        fs::hard_link(&path, &left[0]).unwrap();
        assert_eq!(SqliteStore::open(&path).unwrap().load(), Ok((1, document("first"))));
        assert!(!left[0].exists());
        fs::write(&left[0], "another file").unwrap();
        SqliteStore::open(&path).unwrap();
        assert!(left[0].exists(), "that is no name of the store");
    }

    #[test]
    fn a_file_that_others_may_use_is_refused() {
        let (_folder, path) = made();
        for mode in [0o640, 0o604, 0o660, 0o610] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let refusal = SqliteStore::open(&path).unwrap_err();
            assert_eq!(refusal, StoreError::Exposed { path: path.clone(), mode });
        }
    }

    #[test]
    fn k14_a_folder_that_others_may_write_is_refused() {
        let (_folder, path) = made();
        let folder = folder_of(&path);
        for mode in [0o777, 0o1777, 0o770, 0o720, 0o702] {
            fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
            let refusal = StoreError::ExposedFolder { path: folder.to_owned(), mode };
            assert_eq!(SqliteStore::open(&path).unwrap_err(), refusal);
            assert_eq!(SqliteStore::create(&folder.join("other"), &document("other")).unwrap_err(), refusal);
        }
        for mode in [0o700, 0o755] {
            fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
            SqliteStore::open(&path).unwrap();
        }
    }

    #[test]
    fn a_file_cut_anywhere_is_refused_or_lacks_nothing_and_is_not_touched() {
        let (_folder, path) = made();
        let mut state = crate::test_keys::state();
        for round in 1..=20 {
            let (successor, now) = (crate::test_keys::key(), crate::test_keys::NOW + 1000 * round);
            state = state.stage(std::sync::Arc::clone(&successor), now).unwrap();
            state = state.promote(successor.kid(), now + crate::test_keys::GATE).unwrap();
        }
        let written = crate::test_keys::written(&state, 2);
        SqliteStore::open(&path).unwrap().replace(1, &written).unwrap();
        let whole = fs::read(&path).unwrap();
        let mut harmless = 0;
        for length in (0..whole.len()).step_by(61) {
            fs::write(&path, &whole[..length]).unwrap();
            match SqliteStore::open(&path).and_then(|store| store.load()) {
                Err(StoreError::NotAStore { .. } | StoreError::Damaged { .. }) => {}
                Err(other) => panic!("{length} bytes: {other}"),
                // SQLite fills the rest of the last page with zeros: what was cut off there, the digest misses.
                Ok((_, read)) if read != written => {
                    assert_eq!(
                        read.to_state(&crate::test_keys::keks(), 2).unwrap_err().code(),
                        "document_damaged"
                    )
                }
                Ok(_) => harmless += 1,
            }
            assert_eq!(fs::read(&path).unwrap(), whole[..length]);
        }
        assert!(harmless <= 4096 / 61 + 1, "only the unused end of the last page is of no worth");
    }

    #[test]
    fn other_files_are_not_stores() {
        let (_folder, path) = made();
        fs::write(&path, "this is a text file, and a longer one than a header of SQLite would be".repeat(9))
            .unwrap();
        assert_eq!(SqliteStore::open(&path).unwrap_err(), StoreError::NotAStore { path: path.clone() });
        fs::remove_file(&path).unwrap();
        let other = Connection::open(&path).unwrap();
        other.execute_batch("CREATE TABLE document (id, version, bytes)").unwrap();
        drop(other);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(SqliteStore::open(&path).unwrap_err(), StoreError::NotAStore { path: path.clone() });
        let folder = folder_of(&path).to_owned();
        assert_eq!(SqliteStore::open(&folder).unwrap_err(), StoreError::NotAStore { path: folder });
    }

    #[test]
    fn a_store_that_was_emptied_is_damaged() {
        let (_folder, path) = made();
        for (statement, code) in
            [("DELETE FROM document", "store_damaged"), ("DROP TABLE document", "store_damaged")]
        {
            Connection::open(&path).unwrap().execute_batch(statement).unwrap();
            assert_eq!(SqliteStore::open(&path).unwrap_err().code(), code, "{statement}");
        }
    }

    #[test]
    fn a_file_removed_or_replaced_while_open_is_lost_and_takes_no_change() {
        let (_folder, path) = made();
        let store = SqliteStore::open(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let lost = StoreError::Lost { path: path.clone() };
        assert_eq!(store.version().unwrap_err(), lost);
        assert_eq!(store.replace(1, &document("second")).unwrap_err(), lost);
        SqliteStore::create(&path, &document("other")).unwrap();
        assert_eq!(store.load().unwrap_err(), lost);
    }

    #[test]
    fn nothing_of_an_overwritten_document_stays_in_the_file() {
        let (_folder, path) = made();
        let store = SqliteStore::open(&path).unwrap();
        let secret = "a private key that was replaced";
        store.replace(1, &document(&secret.repeat(500))).unwrap();
        store.replace(2, &document("third")).unwrap();
        let file = fs::read(&path).unwrap();
        assert!(!file.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }

    #[test]
    fn a_change_that_others_let_neither_begin_nor_be_committed_is_given_up_in_time_and_leaves_nothing() {
        let (_folder, path) = made();
        let store = SqliteStore::open(&path).unwrap();
        let other = Connection::open(&path).unwrap();
        // One who writes lets it not begin; one who reads lets it not be committed.
        for (hold, holder) in [("BEGIN IMMEDIATE", "writer"), ("BEGIN; SELECT * FROM document", "reader")] {
            other.execute_batch(hold).unwrap();
            let start = std::time::Instant::now();
            let refusal = store.replace(1, &document("second")).unwrap_err();
            assert_eq!(refusal, StoreError::Busy { path: path.clone() }, "{holder}");
            assert!(start.elapsed() < CHANGE_PATIENCE * 3, "{holder}: {:?}", start.elapsed());
            other.execute_batch("ROLLBACK").unwrap();
            assert_eq!(store.load(), Ok((1, document("first"))), "{holder}");
        }
        assert_eq!(store.replace(1, &document("second")), Ok(2));
    }

    #[test]
    fn a_full_disk_is_an_error_and_the_document_stays() {
        let (_folder, path) = made();
        let store = SqliteStore::open(&path).unwrap();
        // The limit of pages fails in the same place and with the same code as a disk that is full.
        store.connection.lock().unwrap().pragma_update(None, "max_page_count", 3).unwrap();
        let refusal = store.replace(1, &Document::from_bytes(vec![7; 100_000])).unwrap_err();
        assert!(refusal.to_string().contains("full"), "{refusal}");
        assert_eq!(refusal.code(), "store_unavailable");
        assert_eq!(store.load(), Ok((1, document("first"))));
        assert_eq!(store.replace(1, &document("second")), Ok(2));
    }
}
